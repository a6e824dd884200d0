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
  isRefreshRejection,
  isUnexplainedRejection,
  isWindowLocal,
} from '../core/failurePolicies.ts';
import { MIN_REJECTED_DELAY, retryDelay } from '../core/retry.ts';
import { tokenLifetimes, type SessionRecord } from '../core/session.ts';
import { sessionTime, type LiveSession } from '../core/status.ts';
import { describeToken } from './decisionLog.ts';
import { isWait, longestWait, toSharedFailure, type RefreshFailure } from '../storage/sessionFile.ts';
import type { SessionStore } from '../storage/sessionStore.ts';
import { describeSession, describeRefreshability } from '../storage/recordDescription.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';
import type { RefreshAttempt } from './refreshAttempt.ts';

/** What the backoff works with. */
export interface RefreshBackoffDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly sessionStore: SessionStore;
  readonly liveSessions: LiveSessions;
  /** A number in [0, 1). */
  random(): number;
}

/** How long, in ms, the failure of one window stands for that of another that tries at the same time. */
const SAME_MOMENT = 3 * SECOND;
/** How long after the expiry of the access token, in ms, a session that can't be renewed is tried for the last time. */
const LAST_TRY_DELAY = SECOND;

/** The failed refreshes of this window and of the others. */
export class RefreshBackoff {
  readonly #dependencies: RefreshBackoffDependencies;
  /** When this window's own latest attempt for each session failed. */
  readonly #own = new Map<string, number>();

  constructor(dependencies: RefreshBackoffDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * The failure that stands for one of this window, because the server asks to wait or another window has just failed.
   * @param isLocked whether another window has the lock at this moment: then one that still waits for its response counts, too.
   */
  async findSharedFailure(
    record: SessionRecord,
    { startedAt, isUrgent }: Pick<RefreshAttempt, 'startedAt' | 'isUrgent'>,
    isLocked: boolean,
  ): Promise<RefreshFailure | undefined> {
    const { clock, sessionStore } = this.#dependencies;
    const failed = (await sessionStore.header(record.id))?.lastFailure;
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
    const isPlanned = !isUrgent && (failed.nextAttemptAt ?? 0) > now;
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
    const rejectedAt = this.#rejectedAt(record, (await this.#dependencies.sessionStore.header(record.id))?.lastFailure);
    const isRepeated = rejectedAt !== undefined && this.#dependencies.clock.now() - rejectedAt >= MIN_REJECTED_DELAY;
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

  /**
   * Records, for this window and the others, that the response to a request is late.
   * @param until how long it's waited for, as a time in ms since the Unix epoch.
   */
  async recordPendingResponse({ record, failures }: LiveSession, failure: Failure, until: number): Promise<void> {
    const { clock, log, liveSessions, sessionStore } = this.#dependencies;
    const { generation, id } = record;
    const at = clock.now();
    liveSessions.patch(id, { failure, failedAt: at, nextAttemptAt: until });
    log.warn(
      `${describeSession(record)}: the server hasn't answered yet; waiting for its response until ${formatTimestamp(until)} at the latest. Callers don't wait longer.`,
    );
    this.#own.set(id, at);
    const { category, code } = failure;
    const rejectedAt = liveSessions.get(id)?.rejectedAt;
    const shared = { generation, at, category, code, failures, nextAttemptAt: until, listensUntil: until, rejectedAt };
    await sessionStore.recordFailure(record, shared);
  }

  /** Applies the failed refresh of another window to a session of this one. */
  applySharedFailure(session: LiveSession, failed: RefreshFailure): void {
    const { clock, log, liveSessions } = this.#dependencies;
    const { record } = session;
    const failure = toSharedFailure(failed, clock.now());
    // A little later than the window that has failed, so that it finds the outcome rather than the lock.
    const next =
      failed.nextAttemptAt === undefined ? undefined : failed.nextAttemptAt + this.#dependencies.random() * SECOND;
    const { nextAttemptAt, waitUntil } = this.#later(session, next, failed.waitUntil);
    const { failures, at: failedAt, rejectedAt } = failed;
    liveSessions.patch(record.id, { failure, failures, failedAt, nextAttemptAt, waitUntil, rejectedAt });
    log.info(
      `${describeSession(record)}: another window couldn't refresh it: ${formatFailure(failure)}; ${this.#describeNextTry(session, nextAttemptAt)}.`,
    );
  }

  /** Records a failed refresh with its session, and for the other windows. */
  async recordFailure(session: LiveSession, failure: Failure): Promise<void> {
    const { record, failures: before } = session;
    const { clock, log, liveSessions, sessionStore } = this.#dependencies;
    const { id, generation } = record;
    const failures = before + 1;
    const at = clock.now();
    const timeLeft = Math.max(0, (record.accessExpiresAt ?? 0) - sessionTime(session, at));
    const delay = retryDelay(failure, failures, this.#dependencies.random(), timeLeft);
    const failed = (await sessionStore.header(id))?.lastFailure;
    // A wait that the server has asked another window for isn't shortened by a failure of this one.
    const asked = failed?.generation === generation && isWait(failed.waitUntil, at) ? failed.waitUntil : undefined;
    const rejectedAt = this.#rejectedAt(record, failed) ?? (isRefreshRejection(failure.category) ? at : undefined);
    const current = liveSessions.get(id);
    if (current?.record !== record) {
      return;
    }
    const ownWait = failure.retryAfter === undefined || delay === undefined ? undefined : at + delay;
    const { nextAttemptAt, waitUntil } = this.#later(
      current,
      this.#tryAfter(session, failure, delay),
      Math.max(asked ?? 0, ownWait ?? 0),
    );
    liveSessions.patch(id, { failure, failures, failedAt: at, nextAttemptAt, waitUntil, rejectedAt });
    log.warn(
      `${describeSession(record)}: refresh failed ${failures}×: ${formatFailure(failure)}; ${this.#describeNextTry(session, nextAttemptAt)}.`,
    );
    if (!isWindowLocal(failure.category)) {
      this.#own.set(id, at);
      const { category, code, detail } = failure;
      const shared = { generation, at, category, code, detail, failures, nextAttemptAt, waitUntil, rejectedAt };
      await sessionStore.recordFailure(record, shared);
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
    nextAttemptAt: number | undefined,
    asked: number | undefined,
  ): Pick<LiveSession, 'nextAttemptAt' | 'waitUntil'> {
    const now = this.#dependencies.clock.now();
    const waitUntil = longestWait([session.waitUntil, asked], now);
    return {
      nextAttemptAt: nextAttemptAt === undefined ? undefined : Math.max(nextAttemptAt, waitUntil ?? 0),
      waitUntil,
    };
  }

  /** What is left of a session whose renewal has failed, and what is done next and when. */
  #describeNextTry(session: LiveSession, nextAttemptAt: number | undefined): string {
    const now = this.#dependencies.clock.now();
    const next =
      nextAttemptAt === undefined
        ? 'not tried again by itself'
        : `next try in ${Math.round((nextAttemptAt - now) / SECOND)} s, at ${formatTimestamp(nextAttemptAt)}`;
    return `${describeToken(session, now)}, ${describeRefreshability(session.record)}; ${next}`;
  }
}
