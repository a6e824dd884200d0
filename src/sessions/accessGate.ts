// Decides what a caller of `getSession` gets: the token in hand, a refreshed one, or the failure.
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

/** What the gate works with. */
export interface AccessGateDependencies {
  readonly clock: Clock;
  readonly liveSessions: LiveSessions;
  readonly tokenRefresher: SessionRefresher;
  readonly decisions: DecisionLog;
  /** For how long, in ms, a token that is handed out keeps working, at least. */
  minimumValidity(): number;
}

/** How long after a failed refresh, in ms, callers get its failure instead of causing another attempt. */
const FAILURE_HOLD_TIME = 5 * SECOND;

/** The gate that callers pass. */
export class AccessGate {
  readonly #dependencies: AccessGateDependencies;

  constructor(dependencies: AccessGateDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * A session with a token that is fresh enough; undefined if the session ends meanwhile.
   * @throws Failure if the token doesn't work any more, and can't be refreshed for a reason that passes.
   */
  async ensureFresh(session: LiveSession): Promise<LiveSession | undefined> {
    const { clock, tokenRefresher, liveSessions } = this.#dependencies;
    const { id } = session.record;
    const lifetimes = tokenLifetimes(session.record);
    const now = sessionTime(session, clock.now());
    if (!lifetimes.isRefreshable || isFresh(lifetimes, now, this.#dependencies.minimumValidity())) {
      this.#log(session, 'gets the token in hand');
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
        // The token in hand has expired while the refresh was waited for.
        await refresh;
      }
    } catch (error) {
      const present = liveSessions.get(id);
      const isOver = present === undefined || !isUsable(present.record, clock.now());
      return isOver ? undefined : this.#orThrow(present, toFailure(error));
    }
    return liveSessions.get(id);
  }

  /** What a caller gets that must not cause another attempt yet. */
  #withoutRefresh(session: LiveSession, failure: Failure): LiveSession {
    const { nextAttemptAt } = session;
    const next = nextAttemptAt === undefined ? 'no next attempt' : `next attempt at ${formatTimestamp(nextAttemptAt)}`;
    const outcome = this.#isWorking(session) ? 'gets the token in hand' : 'is refused';
    this.#log(session, `${outcome} after ${formatFailure(failure)}, ${next}`);
    return this.#orThrow(session, failure);
  }

  /** The session if its token still works; otherwise its caller is refused, and that is recorded. */
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

  /** Whether a caller must not cause another attempt yet: the token still works, one has just failed, or the server said when. */
  #isInBackoff({ failure, nextAttemptAt, failedAt }: LiveSession, isWorking: boolean): boolean {
    const now = this.#dependencies.clock.now();
    const isBeforeNext = nextAttemptAt === undefined || now < nextAttemptAt;
    // A failure that lies in the future is from before the clock was set back.
    const hasJustFailed = failedAt !== undefined && failedAt <= now && now - failedAt < FAILURE_HOLD_TIME;
    return isBeforeNext && (isWorking || failure?.retryAfter !== undefined || hasJustFailed);
  }

  /** Logs what a caller gets, and why. */
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
          : `, ${Math.ceil(leewayFor(accessExpiresAt - tokensRequestedAt, minimum) / SECOND)} s are needed`;
      const token = describeToken(session, clock.now());
      return `${describeSession(record)}: a caller ${decision}: ${token}${wanted}, ${describeRefreshability(record)}.`;
    });
  }
}
