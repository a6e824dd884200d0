// Determines the effect of a failed refresh on its session.
import type { Clock } from '../core/clock.ts';
import type { Failure } from '../core/failure.ts';
import { endsSession, marksNotRefreshable } from '../core/failurePolicies.ts';
import { formatFailure, type Log } from '../core/log.ts';
import type { Provider } from '../core/provider.ts';
import { ENDED_GRACE, tokenLifetimes, type SessionRecord } from '../core/session.ts';
import type { LiveSession } from '../core/status.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';
import { withEnd } from '../storage/record.ts';
import { describeRefreshability, describeSession } from '../storage/recordDescription.ts';
import type { SessionStore } from '../storage/sessionStore.ts';
import { describeToken } from './decisionLog.ts';
import type { RefreshAttempt } from './refreshAttempt.ts';
import type { RefreshBackoff } from './refreshBackoff.ts';
import type { SentRefresh } from './refreshRequest.ts';
import { hasEndedByExpiry, reasonOfEnd } from './sessionEnd.ts';

/** The dependencies of {@link RefreshFailures}. */
export interface RefreshFailuresDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly liveSessions: LiveSessions;
  readonly sessionStore: SessionStore;
  /** Returns how long, in ms, to keep returning the access token of a session that the server has ended. */
  gracePeriod(): number;
}

/** Records failed refreshes. */
export class RefreshFailures {
  readonly #dependencies: RefreshFailuresDependencies;
  readonly #backoff: RefreshBackoff;

  constructor(dependencies: RefreshFailuresDependencies, backoff: RefreshBackoff) {
    this.#dependencies = dependencies;
    this.#backoff = backoff;
  }

  /** Returns the failure of a response without usable tokens, in view of the session's history. */
  async judge(
    record: SessionRecord,
    failure: Failure,
    { previousAttemptUnknown, response }: SentRefresh,
    provider: Provider,
  ): Promise<Failure> {
    const { accessToken, refreshToken, status } = response;
    const hasTokens = accessToken !== undefined || refreshToken !== undefined;
    const judged = hasTokens ? failure : await this.#backoff.judgeRejection(record, failure, status, provider);
    return reasonOfEnd(record, judged, previousAttemptUnknown, this.#dependencies.clock.now());
  }

  /**
   * Records a failed refresh with the session and for other windows, and ends the session if the verdict is definite.
   */
  async record(attempt: RefreshAttempt, failure: Failure): Promise<void> {
    const { clock, liveSessions, sessionStore } = this.#dependencies;
    const session = liveSessions.get(attempt.id);
    const isOfSession = session !== undefined && attempt.isCurrent() && session.record.ended === undefined;
    if (attempt.isFailureRecorded || !isOfSession) {
      return;
    }
    attempt.isFailureRecorded = true;
    if (attempt.sharedFailure !== undefined) {
      this.#backoff.applySharedFailure(session, attempt.sharedFailure);
    } else if (endsSession(failure.category) || hasEndedByExpiry(session, failure.category, clock.now())) {
      await this.#end(session, failure);
    } else {
      await this.#backoff.recordFailure(session, failure);
      if (marksNotRefreshable(failure.category) && tokenLifetimes(session.record).isRefreshable) {
        // This concerns the server rather than this attempt. The session lasts as long as its access token.
        const { record } = liveSessions.set({ ...session.record, isNotRefreshable: true });
        await sessionStore.put(record);
      }
    }
  }

  async #end(session: LiveSession, failure: Failure): Promise<void> {
    const { clock, liveSessions, log, sessionStore } = this.#dependencies;
    const at = clock.now();
    const record = withGracePeriod(withEnd(failure, session.record, at), this.#dependencies.gracePeriod());
    const token = describeToken({ ...session, record }, at);
    log.warn(
      `${describeSession(record)} has ended: ${formatFailure(failure)}; ${describeRefreshability(record)}, ${token}. Sign-in required.`,
    );
    liveSessions.patch(record.id, {
      record,
      failure,
      failures: session.failures + 1,
      failedAt: at,
      nextAttemptAt: undefined,
    });
    await sessionStore.put(record);
  }
}

/** The record contains it, so that all windows use the same time. */
function withGracePeriod(record: SessionRecord, gracePeriod: number): SessionRecord {
  return record.ended === undefined || gracePeriod === ENDED_GRACE
    ? record
    : { ...record, ended: { ...record.ended, gracePeriod } };
}
