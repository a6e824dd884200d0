// Records failed refreshes with the session and for other windows, so that a failing server gets one request rather
// than one per window, and none while it's rate-limiting requests.
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

/** The dependencies of the backoff. */
export interface RefreshBackoffDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly sessionStore: SessionStore;
  readonly liveSessions: LiveSessions;
  /** Returns a number in [0, 1). */
  random(): number;
}

/** How long, in ms, the failure of one window also applies to others that try at the same time. */
const SAME_MOMENT = 3 * SECOND;
/** How long after the access token expires, in ms, to make the last attempt for a session that can't be refreshed. */
const LAST_TRY_DELAY = SECOND;

/** The failed refreshes of this window and others. */
export class RefreshBackoff {
  readonly #dependencies: RefreshBackoffDependencies;
  /** When this window's last attempt for each session failed. */
  readonly #own = new Map<string, number>();

  constructor(dependencies: RefreshBackoffDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Returns a failure that also applies to this window, because the server requested a wait or another window has just
   * failed.
   * @param isLocked whether another window has the lock now: if so, one that still waits for its response counts, too.
   */
  async findSharedFailure(
    record: SessionRecord,
    { startedAt, isUrgent }: Pick<RefreshAttempt, 'startedAt' | 'isUrgent'>,
    isLocked: boolean,
  ): Promise<RefreshFailure | undefined> {
    const { clock, sessionStore } = this.#dependencies;
    const failed = (await sessionStore.header(record.id))?.lastFailure;
    const now = clock.now();
    // A failure in the future dates from before the clock was set back.
    if (failed?.generation !== record.generation || failed.at > now) {
      return undefined;
    }
    if (failed.listensUntil !== undefined) {
      // Without the lock, its window has ended, and this one finishes what it began.
      return isLocked && failed.listensUntil > now ? failed : undefined;
    }
    const requestsWait = isWait(failed.waitUntil, now);
    const isOwn = this.#own.get(record.id) === failed.at;
    const isSimultaneous = failed.at >= startedAt || now - failed.at < SAME_MOMENT;
    const isPlanned = !isUrgent && (failed.nextAttemptAt ?? 0) > now;
    return requestsWait || (!isOwn && (isSimultaneous || isPlanned)) ? failed : undefined;
  }

  /**
   * Evaluates an unexplained rejection of a refresh that has worked before. The first one may be accidental. After a
   * second
   * one, later, the refresh token counts as invalid. After a settings change, the settings are the likely cause.
   * @returns the resulting failure; the same one if none of these applies.
   */
  async judgeRejection(record: SessionRecord, failure: Failure, status: number, provider: Provider): Promise<Failure> {
    if (!isUnexplainedRejection(failure.category, failure.code, status)) {
      return failure;
    }
    // What the library says about a response doesn't come from the server.
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
   * Returns when the server first rejected a refresh of this generation in any window, ignoring times that are in the
   * future because the clock was set back.
   * @param failed the last failed attempt of any window.
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
   * Records, for this window and others, that a response is late.
   * @param until how long to wait for it, as a time in ms since the Unix epoch.
   */
  async recordPendingResponse({ record, failures }: LiveSession, failure: Failure, until: number): Promise<void> {
    const { clock, log, liveSessions, sessionStore } = this.#dependencies;
    const { generation, id } = record;
    const at = clock.now();
    liveSessions.patch(id, { failure, failedAt: at, nextAttemptAt: until });
    log.warn(
      `${describeSession(record)}: the server hasn't responded yet. Waiting until ${formatTimestamp(until)}; callers are released.`,
    );
    this.#own.set(id, at);
    const { category, code } = failure;
    const rejectedAt = liveSessions.get(id)?.rejectedAt;
    const shared = { generation, at, category, code, failures, nextAttemptAt: until, listensUntil: until, rejectedAt };
    await sessionStore.recordFailure(record, shared);
  }

  /** Applies another window's failed refresh to a session of this one. */
  applySharedFailure(session: LiveSession, failed: RefreshFailure): void {
    const { clock, log, liveSessions } = this.#dependencies;
    const { record } = session;
    const failure = toSharedFailure(failed, clock.now());
    // A little later than the window that failed, so that this one finds the outcome rather than the lock.
    const next =
      failed.nextAttemptAt === undefined ? undefined : failed.nextAttemptAt + this.#dependencies.random() * SECOND;
    const { nextAttemptAt, waitUntil } = this.#later(session, next, failed.waitUntil);
    const { failures, at: failedAt, rejectedAt } = failed;
    liveSessions.patch(record.id, { failure, failures, failedAt, nextAttemptAt, waitUntil, rejectedAt });
    log.info(
      `${describeSession(record)}: refresh failed in another window: ${formatFailure(failure)}; ${this.#describeNextTry(session, nextAttemptAt)}.`,
    );
  }

  /** Records a failed refresh with its session and for other windows. */
  async recordFailure(session: LiveSession, failure: Failure): Promise<void> {
    const { record, failures: before } = session;
    const { clock, log, liveSessions, sessionStore } = this.#dependencies;
    const { id, generation } = record;
    const failures = before + 1;
    const at = clock.now();
    const timeLeft = Math.max(0, (record.accessExpiresAt ?? 0) - sessionTime(session, at));
    const delay = retryDelay(failure, failures, this.#dependencies.random(), timeLeft);
    const failed = (await sessionStore.header(id))?.lastFailure;
    // A wait that the server requested from another window isn't shortened by a failure of this one.
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
      const { category, code, detail, host } = failure;
      const shared = { generation, at, category, code, detail, host, failures, nextAttemptAt, waitUntil, rejectedAt };
      await sessionStore.recordFailure(record, shared);
    }
  }

  /**
   * Returns when to try again after a delay in ms. A session that ends with its access token is tried once more when
   * that expires.
   */
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

  /** Returns the time of the next attempt, no earlier than any wait that the server requested from a window. */
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

  /** Describes the state of a session whose refresh has failed, and the next attempt. */
  #describeNextTry(session: LiveSession, nextAttemptAt: number | undefined): string {
    const now = this.#dependencies.clock.now();
    const next =
      nextAttemptAt === undefined
        ? 'no automatic retry'
        : `next attempt in ${Math.round((nextAttemptAt - now) / SECOND)} s, at ${formatTimestamp(nextAttemptAt)}`;
    return `${describeToken(session, now)}, ${describeRefreshability(session.record)}; ${next}`;
  }
}
