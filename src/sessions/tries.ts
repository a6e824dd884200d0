// Renewals that have failed: noted with the session and for the other windows, so that twenty windows ask a broken
// server once, and leave one alone that asks for it.
import { SECOND, type Clock } from '../core/clock.ts';
import { Failure } from '../core/failure.ts';
import { timeOf, toldOf, type Log } from '../core/log.ts';
import type { Category } from '../core/remedy.ts';
import { retryDelay } from '../core/retry.ts';
import type { SessionRecord } from '../core/session.ts';
import type { LiveSession } from '../core/status.ts';
import { standingOf } from './decisions.ts';
import type { FailedTry, Ledger } from './ledger.ts';
import { nameOf, refreshTokenOf } from './record.ts';
import type { Registry } from './registry.ts';

/** What the tries are noted in. */
export interface TryPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly ledger: Ledger;
  readonly registry: Registry;
  /** A number in [0, 1). */
  random(): number;
}

/** A try that is to be made, or has been. */
export interface Try {
  readonly startedAt: number;
  /** Whether somebody waits: then it is made although another window has failed and plans to try later. */
  readonly isUrgent: boolean;
}

/** How long, in ms, the failure of one window stands for that of another that tries at the same time. */
const SAME_MOMENT = 3 * SECOND;
/** What fails in this window and says nothing about the next one. */
const OWN_AFFAIRS: ReadonlySet<Category> = new Set<Category>([
  'storage', 'newer-elsewhere', 'other-window', 'not-set-up', 'cancelled', 'replaced', 'signed-out', 'unexpected',
]);

/** The failed tries of this window and of the others. */
export class Tries {
  readonly #ports: TryPorts;
  /** When this window's own latest try of each session failed. */
  readonly #own = new Map<string, number>();

  constructor(ports: TryPorts) {
    this.#ports = ports;
  }

  /** The failed try that stands for one of this window, because the server asks to wait or another window has just tried. */
  async insteadOf(record: SessionRecord, { startedAt, isUrgent }: Try): Promise<FailedTry | undefined> {
    const { clock, ledger } = this.#ports;
    const failed = await ledger.failedTry(record.id);
    const now = clock.now();
    // One that lies in the future is from before the clock was set back.
    if (failed?.generation !== record.generation || failed.at > now) {
      return undefined;
    }
    const asksToWait = (failed.waitUntil ?? 0) > now;
    const isOwn = this.#own.get(record.id) === failed.at;
    const isOfThisMoment = failed.at >= startedAt || now - failed.at < SAME_MOMENT;
    const isPlanned = !isUrgent && (failed.nextTryAt ?? 0) > now;
    return asksToWait || (!isOwn && (isOfThisMoment || isPlanned)) ? failed : undefined;
  }

  /** The failure that a try of another window ended with. */
  failureOf({ category, code, waitUntil = 0 }: FailedTry): Failure {
    const wait = waitUntil - this.#ports.clock.now();
    return new Failure(category, code, { retryAfter: wait > 0 ? wait : undefined });
  }

  /** Notes with a session that another window has tried in vain. */
  share(session: LiveSession, failed: FailedTry): void {
    const { log, registry } = this.#ports;
    const { record } = session;
    const failure = this.failureOf(failed);
    // A little later than the window that has failed, so that it finds the outcome rather than the queue.
    const nextTryAt = failed.nextTryAt === undefined ? undefined : failed.nextTryAt + this.#ports.random() * SECOND;
    registry.update(record.id, { failure, failures: failed.failures, failedAt: failed.at, nextTryAt });
    log.info(`${nameOf(record)}: another window has tried in vain: ${toldOf(failure)}; ${this.#outlook(session, nextTryAt)}.`);
  }

  /** Notes with a session, and for the other windows, that this window has tried in vain. */
  async note(session: LiveSession, failure: Failure): Promise<void> {
    const { record, failures: before } = session;
    const { clock, ledger, log, registry } = this.#ports;
    const { id, generation } = record;
    const failures = before + 1;
    const at = clock.now();
    const delay = retryDelay(failure, failures, this.#ports.random());
    const asked = await this.#askedToWaitUntil(record, at);
    if (registry.get(id)?.record !== record) {
      return;
    }
    const nextTryAt = delay === undefined ? undefined : Math.max(at + delay, asked ?? 0);
    registry.update(id, { failure, failures, failedAt: at, nextTryAt });
    log.warn(`${nameOf(record)}: renewal failed ${failures}×: ${toldOf(failure)}; ${this.#outlook(session, nextTryAt)}.`);
    if (!OWN_AFFAIRS.has(failure.category)) {
      this.#own.set(id, at);
      const waitUntil = failure.retryAfter === undefined ? asked : nextTryAt;
      await ledger.noteTry(id, { generation, at, category: failure.category, code: failure.code, failures, nextTryAt, waitUntil });
    }
  }

  /** What is left of a session whose renewal has failed, and what is done next and when. */
  #outlook(session: LiveSession, nextTryAt: number | undefined): string {
    const now = this.#ports.clock.now();
    const next = nextTryAt === undefined ? 'not tried again by itself' : `next try in ${Math.round((nextTryAt - now) / SECOND)} s, at ${timeOf(nextTryAt)}`;
    return `${standingOf(session, now)}, ${refreshTokenOf(session.record)}; ${next}`;
  }

  /** Until when the server has asked another window to wait, which a failure of this one does not shorten. */
  async #askedToWaitUntil({ id, generation }: SessionRecord, now: number): Promise<number | undefined> {
    const failed = await this.#ports.ledger.failedTry(id);
    const isValid = failed?.generation === generation && failed.at <= now && (failed.waitUntil ?? 0) > now;
    return isValid ? failed.waitUntil : undefined;
  }
}
