// Decides what a caller of `getSession` gets: the current token, a refreshed one, or the failure.
import { SECOND, type Clock } from '../core/clock.ts';
import { toFailure, type Failure } from '../core/failure.ts';
import { isFresh, isUnexpired, leewayFor } from '../core/lifetime.ts';
import { formatFailure, formatTimestamp } from '../core/log.ts';
import { tokenLifetimes } from '../core/session.ts';
import { isUsable, sessionTime, type LiveSession } from '../core/status.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';
import { describeRefreshability, describeSession } from '../storage/recordDescription.ts';
import { waitBriefly } from '../storage/timeouts.ts';
import { describeToken, type DecisionLog } from './decisionLog.ts';
import type { SessionRefresher } from './onDemandRefresher.ts';

/** The dependencies of the gate. */
export interface AccessGateDependencies {
  readonly clock: Clock;
  readonly liveSessions: LiveSessions;
  readonly tokenRefresher: SessionRefresher;
  readonly decisions: DecisionLog;
  /** Returns how long, in ms, a returned token must stay valid at least. */
  minimumValidity(): number;
}

/** How long after a failed refresh, in ms, callers get its failure instead of causing another attempt. */
const FAILURE_HOLD_TIME = 5 * SECOND;

/** The gate that all callers pass. */
export class AccessGate {
  readonly #dependencies: AccessGateDependencies;

  constructor(dependencies: AccessGateDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Returns a session with a token that is fresh enough; undefined if the session ends in the meantime.
   * @throws Failure if the token no longer works, and can't be refreshed for a temporary reason.
   */
  async ensureFresh(session: LiveSession): Promise<LiveSession | undefined> {
    const { clock, tokenRefresher, liveSessions } = this.#dependencies;
    const { id } = session.record;
    const lifetimes = tokenLifetimes(session.record);
    const now = sessionTime(session, clock.now());
    if (!lifetimes.isRefreshable || isFresh(lifetimes, now, this.#dependencies.minimumValidity())) {
      this.#log(session, 'gets the current token');
      return session;
    }
    const isWorking = this.#isWorking(session);
    if (session.failure !== undefined && !session.refreshing && this.#isInBackoff(session, isWorking)) {
      return this.#withoutRefresh(session, session.failure);
    }
    this.#log(session, 'needs a refresh');
    const refresh = tokenRefresher.refresh(id, { reason: 'a caller needs it', isPaced: true });
    try {
      await (isWorking ? waitBriefly(clock, refresh) : refresh);
      const meanwhile = liveSessions.get(id);
      if (meanwhile !== undefined && isUsable(meanwhile.record, clock.now()) && !this.#isWorking(meanwhile)) {
        // The current token expired while waiting for the refresh.
        await refresh;
      }
    } catch (error) {
      const present = liveSessions.get(id);
      const isOver = present === undefined || !isUsable(present.record, clock.now());
      return isOver ? undefined : this.#orThrow(present, toFailure(error));
    }
    return liveSessions.get(id);
  }

  /** Returns what a caller gets that must not cause another attempt yet. */
  #withoutRefresh(session: LiveSession, failure: Failure): LiveSession {
    const { nextAttemptAt } = session;
    const next = nextAttemptAt === undefined ? 'no next attempt' : `next attempt at ${formatTimestamp(nextAttemptAt)}`;
    const outcome = this.#isWorking(session) ? 'gets the current token' : 'is refused';
    this.#log(session, `${outcome} after ${formatFailure(failure)}, ${next}`);
    return this.#orThrow(session, failure);
  }

  /** Returns the session if its token still works. Otherwise throws the failure, and records that. */
  #orThrow(session: LiveSession, failure: Failure): LiveSession {
    if (this.#isWorking(session)) {
      return session;
    }
    if (session.refused !== true) {
      this.#dependencies.liveSessions.patch(session.record.id, { refused: true });
    }
    throw failure;
  }

  #isWorking(session: LiveSession): boolean {
    return isUnexpired(tokenLifetimes(session.record), sessionTime(session, this.#dependencies.clock.now()));
  }

  /**
   * Returns whether a caller must not cause another attempt yet: the token still works, an attempt has just failed, or
   * the server requested a wait.
   */
  #isInBackoff({ failure, nextAttemptAt, failedAt }: LiveSession, isWorking: boolean): boolean {
    const now = this.#dependencies.clock.now();
    const isBeforeNext = nextAttemptAt === undefined || now < nextAttemptAt;
    // A failure in the future dates from before the clock was set back.
    const hasJustFailed = failedAt !== undefined && failedAt <= now && now - failedAt < FAILURE_HOLD_TIME;
    return isBeforeNext && (isWorking || failure?.retryAfter !== undefined || hasJustFailed);
  }

  /** Logs what a caller gets and why. */
  #log(session: LiveSession, decision: string): void {
    const { clock, decisions } = this.#dependencies;
    const { record } = session;
    const { accessExpiresAt, tokensRequestedAt } = record;
    const key = `${decision} ${record.generation} ${record.ended?.at ?? ''}`;
    decisions.logOnce(record.id, key, () => {
      const minimum = this.#dependencies.minimumValidity();
      const wanted =
        accessExpiresAt === undefined
          ? ''
          : `, ${Math.ceil(leewayFor(accessExpiresAt - tokensRequestedAt, minimum) / SECOND)} s required`;
      const token = describeToken(session, clock.now());
      return `${describeSession(record)}: a caller ${decision}: ${token}${wanted}, ${describeRefreshability(record)}.`;
    });
  }
}
