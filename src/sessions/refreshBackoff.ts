// Renewals that have failed: noted with the session and for the other windows, so that twenty windows ask a broken
// server once, and leave one alone that asks for it.
import { SECOND, type Clock } from '../core/clock.ts';
import { Failure, sanitizeServerText } from '../core/failure.ts';
import { isUnexpired } from '../core/lifetime.ts';
import { formatTimestamp, formatFailure, type Log } from '../core/log.ts';
import type { Provider } from '../core/provider.ts';
import { refreshSettingsOf } from '../core/refreshSettings.ts';
import {
  endsWithAccessToken,
  isJudgedRejection,
  isUnexplainedRejection,
  isWindowLocal,
} from '../core/failurePolicies.ts';
import { retryDelay } from '../core/retry.ts';
import { tokenLifetimes, type SessionRecord } from '../core/session.ts';
import type { LiveSession } from '../core/status.ts';
import { describeToken } from './decisionLog.ts';
import { failureOf, isWait, longestWait, type RefreshFailure, type SessionIndex } from '../storage/sessionIndex.ts';
import { Mutex } from '../locking/mutex.ts';
import { describeSession, describeRefreshability } from '../storage/record.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';

/** What the tries are noted in. */
export interface RefreshBackoffDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly sessionIndex: SessionIndex;
  readonly liveSessions: LiveSessions;
  /** A number in [0, 1). */
  random(): number;
}

/** A try that is to be made, or has been. */
export interface AttemptOptions {
  readonly startedAt: number;
  /** Whether somebody waits: then it is made although another window has failed and plans to try later. */
  readonly isUrgent: boolean;
}

/** How long, in ms, the failure of one window stands for that of another that tries at the same time. */
const SAME_MOMENT = 3 * SECOND;
/** The least time, in ms, between two rejections that count as two: one that is repeated at once says nothing new. */
const REJECTION_SPACING = 30 * SECOND;
/** How long after the expiry of the access token, in ms, a session that can't be renewed is tried for the last time. */
const LAST_TRY_DELAY = SECOND;
/** The failed tries of this window and of the others. */
export class RefreshBackoff {
  readonly #dependencies: RefreshBackoffDependencies;
  /** When this window's own latest try of each session failed. */
  readonly #own = new Map<string, number>();
  /** The notes of one session are written one after another: one of waiting must not come after that of the failure. */
  readonly #writing = new Mutex();

  constructor(ports: RefreshBackoffDependencies) {
    this.#dependencies = ports;
  }

  /**
   * The failed try that stands for one of this window, because the server asks to wait or another window has just tried.
   * @param isLocked whether another window holds the lock at this moment: then one that still listens for its answer counts, too.
   */
  async findSharedFailure(
    record: SessionRecord,
    { startedAt, isUrgent }: AttemptOptions,
    isLocked: boolean,
  ): Promise<RefreshFailure | undefined> {
    const { clock, sessionIndex } = this.#dependencies;
    const failed = await sessionIndex.getLastFailure(record.id);
    const now = clock.now();
    // One that lies in the future is from before the clock was set back.
    if (failed?.generation !== record.generation || failed.at > now) {
      return undefined;
    }
    if (failed.listensUntil !== undefined) {
      // Without the lock, its window has ended: what it has begun is finished by this one.
      return isLocked && failed.listensUntil > now ? failed : undefined;
    }
    const asksToWait = isWait(failed.waitUntil, now);
    const isOwn = this.#own.get(record.id) === failed.at;
    const isOfThisMoment = failed.at >= startedAt || now - failed.at < SAME_MOMENT;
    const isPlanned = !isUrgent && (failed.nextTryAt ?? 0) > now;
    return asksToWait || (!isOwn && (isOfThisMoment || isPlanned)) ? failed : undefined;
  }

  /**
   * Judges a rejection that the server doesn't explain, of a refresh that has worked before: the first one can be chance;
   * after a second one, later, the refresh token counts as dead; and after a change of the settings, these come first.
   * @returns the failure that it is then; the same one if it's none of these.
   */
  async judgeRejection(record: SessionRecord, failure: Failure, status: number, provider: Provider): Promise<Failure> {
    if (!isUnexplainedRejection(failure.category, failure.code, status)) {
      return failure;
    }
    // What the library says of an answer is no word of the server.
    const detail = failure.code.startsWith('OAUTH_') ? undefined : (failure.detail ?? sanitizeServerText(failure.code));
    const details = { cause: failure, detail, status };
    if (record.refreshSettings !== undefined && record.refreshSettings !== refreshSettingsOf(provider)) {
      return new Failure('refresh-rejected-settings', 'rejected-settings', details);
    }
    const rejectedAt = this.#rejectedAt(record, await this.#dependencies.sessionIndex.getLastFailure(record.id));
    const isRepeated = rejectedAt !== undefined && this.#dependencies.clock.now() - rejectedAt >= REJECTION_SPACING;
    return isRepeated
      ? new Failure('refresh-rejected-again', 'rejected-again', details)
      : new Failure('refresh-rejected', 'rejected-once', details);
  }

  /**
   * When the server first rejected a refresh of this generation, in whichever window; not what lies in the future since the clock was set back.
   * @param failed the latest failed try of any window.
   */
  #rejectedAt({ id, generation }: SessionRecord, failed: RefreshFailure | undefined): number | undefined {
    const { clock, liveSessions } = this.#dependencies;
    const times = [failed?.generation === generation ? failed.rejectedAt : undefined, liveSessions.get(id)?.rejectedAt];
    return times
      .filter((time) => time !== undefined)
      .filter((time) => time <= clock.now())
      .sort((one, other) => one - other)[0];
  }

  /** Notes, for this window and the others, that a request has been under way for long, and until when its answer is awaited. */
  async recordPendingAnswer({ record, failures }: LiveSession, failure: Failure, until: number): Promise<void> {
    const { clock, sessionIndex, log, liveSessions } = this.#dependencies;
    const { generation, id } = record;
    const at = clock.now();
    liveSessions.update(id, { failure, failedAt: at, nextTryAt: until });
    log.warn(
      `${describeSession(record)}: the server hasn't answered yet; waiting for its answer until ${formatTimestamp(until)} at the latest. Callers don't wait longer.`,
    );
    this.#own.set(id, at);
    const { category, code } = failure;
    await this.#writing.hold(id, async () => {
      const rejectedAt = this.#rejectedAt(record, await sessionIndex.getLastFailure(id));
      await sessionIndex.recordFailure(id, {
        generation,
        at,
        category,
        code,
        failures,
        nextTryAt: until,
        listensUntil: until,
        rejectedAt,
      });
    });
  }

  /** Takes the word away that an answer is awaited, where another one is about to be: no caller is refused for a request that is past. */
  async endListening(id: string): Promise<void> {
    const { sessionIndex } = this.#dependencies;
    await this.#writing.hold(id, async () => {
      const failed = await sessionIndex.getLastFailure(id);
      if (failed?.listensUntil !== undefined) {
        await sessionIndex.recordFailure(id, { ...failed, listensUntil: undefined });
      }
    });
  }

  /** Notes with a session that another window has tried in vain. */
  share(session: LiveSession, failed: RefreshFailure): void {
    const { log, liveSessions } = this.#dependencies;
    const { record } = session;
    const failure = failureOf(failed, this.#dependencies.clock.now());
    // A little later than the window that has failed, so that it finds the outcome rather than the queue.
    const next = failed.nextTryAt === undefined ? undefined : failed.nextTryAt + this.#dependencies.random() * SECOND;
    const { nextTryAt, waitUntil } = this.#later(session, next, failed.waitUntil);
    liveSessions.update(record.id, {
      failure,
      failures: failed.failures,
      failedAt: failed.at,
      nextTryAt,
      waitUntil,
      rejectedAt: failed.rejectedAt,
    });
    log.info(
      `${describeSession(record)}: another window has tried in vain: ${formatFailure(failure)}; ${this.#describeNextTry(session, nextTryAt)}.`,
    );
  }

  /** Notes with a session, and for the other windows, that this window has tried in vain. */
  async note(session: LiveSession, failure: Failure): Promise<void> {
    const { record, failures: before } = session;
    const { clock, sessionIndex, log, liveSessions } = this.#dependencies;
    const { id, generation } = record;
    const failures = before + 1;
    const at = clock.now();
    const delay = retryDelay(failure, failures, this.#dependencies.random());
    const failed = await sessionIndex.getLastFailure(id);
    // A wait that the server has asked another window for isn't shortened by a failure of this one.
    const asked = failed?.generation === generation && isWait(failed.waitUntil, at) ? failed.waitUntil : undefined;
    const rejectedAt = this.#rejectedAt(record, failed) ?? (isJudgedRejection(failure.category) ? at : undefined);
    const current = liveSessions.get(id);
    if (current?.record !== record) {
      return;
    }
    const told = failure.retryAfter === undefined || delay === undefined ? undefined : at + delay;
    const { nextTryAt, waitUntil } = this.#later(
      current,
      this.#tryAfter(session, failure, delay),
      Math.max(asked ?? 0, told ?? 0),
    );
    liveSessions.update(id, { failure, failures, failedAt: at, nextTryAt, waitUntil, rejectedAt });
    log.warn(
      `${describeSession(record)}: renewal failed ${failures}×: ${formatFailure(failure)}; ${this.#describeNextTry(session, nextTryAt)}.`,
    );
    if (!isWindowLocal(failure.category)) {
      this.#own.set(id, at);
      const { category, code, detail } = failure;
      await this.#writing.hold(id, () =>
        sessionIndex.recordFailure(id, {
          generation,
          at,
          category,
          code,
          detail,
          failures,
          nextTryAt,
          waitUntil,
          rejectedAt,
        }),
      );
    }
  }

  /** When to try again after a delay in ms; what ends with its access token is tried once more as soon as that has expired. */
  #tryAfter(
    { record, clockSetBackMs = 0 }: LiveSession,
    { category }: Failure,
    delay: number | undefined,
  ): number | undefined {
    if (delay === undefined) {
      return undefined;
    }
    const at = this.#dependencies.clock.now();
    const lifetimes = tokenLifetimes(record);
    const expiry = (lifetimes.accessExpiresAt ?? Infinity) - clockSetBackMs;
    const endsWithToken = endsWithAccessToken(category) && isUnexpired(lifetimes, at + clockSetBackMs);
    return endsWithToken ? Math.min(at + delay, expiry + LAST_TRY_DELAY) : at + delay;
  }

  /** A time for the next try, no sooner than the latest that any window has been asked to wait for. */
  #later(
    session: LiveSession,
    nextTryAt: number | undefined,
    asked: number | undefined,
  ): Pick<LiveSession, 'nextTryAt' | 'waitUntil'> {
    const now = this.#dependencies.clock.now();
    const waitUntil = longestWait([session.waitUntil, asked], now);
    return { nextTryAt: nextTryAt === undefined ? undefined : Math.max(nextTryAt, waitUntil ?? 0), waitUntil };
  }

  /** What is left of a session whose renewal has failed, and what is done next and when. */
  #describeNextTry(session: LiveSession, nextTryAt: number | undefined): string {
    const now = this.#dependencies.clock.now();
    const next =
      nextTryAt === undefined
        ? 'not tried again by itself'
        : `next try in ${Math.round((nextTryAt - now) / SECOND)} s, at ${formatTimestamp(nextTryAt)}`;
    return `${describeToken(session, now)}, ${describeRefreshability(session.record)}; ${next}`;
  }
}
