// Sends a refresh token and waits for the response as long as one can arrive. The deadline releases only the callers: a
// server that rotates refresh tokens has invalidated this one, and only its response has the next.
import { SECOND, setDeadline, type Clock } from '../core/clock.ts';
import { Failure, toFailure } from '../core/failure.ts';
import { mayHaveReachedServer } from '../core/failurePolicies.ts';
import type { Log } from '../core/log.ts';
import type { Provider } from '../core/provider.ts';
import type { SessionRecord } from '../core/session.ts';
import type { ServerContext } from '../protocol/discovery.ts';
import { REFRESH_TIMEOUT, requestRefresh, type RefreshResponse } from '../protocol/refresh.ts';
import type { Transport } from '../protocol/transport.ts';
import type { LockHandle } from '../locking/renewalLock.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';
import { describeSession } from '../storage/recordDescription.ts';
import type { SessionStore } from '../storage/sessionStore.ts';
import type { RefreshAttempt } from './refreshAttempt.ts';
import type { RefreshBackoff } from './refreshBackoff.ts';
import type { RefreshSync } from './refreshSync.ts';

/** The dependencies of {@link RefreshRequest}. */
export interface RefreshRequestDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly liveSessions: LiveSessions;
  readonly sessionStore: SessionStore;
  readonly transport: Transport;
  providerOf(record: SessionRecord): Provider | undefined;
}

/** A response. */
export interface SentRefresh {
  readonly response: RefreshResponse;
  /** Whether the same refresh token was sent before with an unknown outcome. */
  readonly previousAttemptUnknown: boolean;
}

/** Sends refresh tokens. */
export class RefreshRequest {
  readonly #dependencies: RefreshRequestDependencies;
  readonly #backoff: RefreshBackoff;
  readonly #sync: RefreshSync;

  constructor(dependencies: RefreshRequestDependencies, backoff: RefreshBackoff, sync: RefreshSync) {
    this.#dependencies = dependencies;
    this.#backoff = backoff;
    this.#sync = sync;
  }

  /**
   * Sends the refresh token. If the connection breaks, sends it once more immediately, because servers with a grace
   * period
   * repeat their response. Only with the lock, while no other window can have a newer token.
   * @throws Failure that of the request; `lock-timeout` if another window overtook this one first.
   */
  async send(
    attempt: RefreshAttempt,
    record: SessionRecord,
    server: ServerContext,
    lock: LockHandle,
  ): Promise<SentRefresh> {
    const { log } = this.#dependencies;
    const previousAttemptUnknown = await this.#markInFlight(record, lock);
    attempt.isOutcomeUnknown = previousAttemptUnknown;
    try {
      return { response: await this.#sendOnce(attempt, record, server), previousAttemptUnknown };
    } catch (error) {
      const failure = toFailure(error);
      const isLost = mayHaveReachedServer(failure);
      attempt.isOutcomeUnknown = previousAttemptUnknown || isLost;
      const isConfigured = this.#dependencies.providerOf(record) !== undefined;
      if (!isLost || previousAttemptUnknown || !lock.isCrossWindow || !isConfigured) {
        throw failure;
      }
      // Waiting may have taken minutes. A token that is no longer needed isn't sent again.
      await this.#sync.assertStillCurrent(attempt, server);
      log.warn(
        `${describeSession(record)}: the response was lost (${failure.code}). Sending the same token once more.`,
      );
    }
    await this.#markInFlight(record, lock);
    return { response: await this.#sendOnce(attempt, record, server), previousAttemptUnknown: true };
  }

  /** Records that a refresh token is about to be sent. Returns whether it was sent before with an unknown outcome. */
  async #markInFlight(record: SessionRecord, lock: LockHandle): Promise<boolean> {
    const wasInFlight = await this.#dependencies.sessionStore.markRefreshInFlight(record);
    // A window that was stopped until now would send the token a second time.
    if (!(await lock.isHeld())) {
      throw new Failure('lock-timeout', 'lock-timeout');
    }
    return wasInFlight;
  }

  async #sendOnce(attempt: RefreshAttempt, record: SessionRecord, server: ServerContext): Promise<RefreshResponse> {
    const { clock, liveSessions, log, transport } = this.#dependencies;
    const sentAt = clock.now();
    // An object, because the compiler doesn't track assignments in the callback.
    const state = { isLate: false };
    const timer = setDeadline(clock, transport.timeout, () => {
      state.isLate = true;
      const failure = new Failure('network', 'deadline');
      attempt.releaseCallers(failure);
      const session = liveSessions.get(attempt.id);
      if (session !== undefined && attempt.isCurrent()) {
        void this.#backoff.recordPendingResponse(session, failure, sentAt + REFRESH_TIMEOUT);
      }
    });
    try {
      const response = await requestRefresh(server, record.refreshToken ?? '', record, transport);
      attempt.isOutcomeUnknown = false;
      if (state.isLate) {
        const seconds = Math.round((clock.now() - sentAt) / SECOND);
        log.info(`Session ${attempt.id.slice(0, 8)}: the server responded after ${seconds} s. Using the response.`);
      }
      return response;
    } finally {
      timer.dispose();
      // The remaining steps take no significant time.
      attempt.holdCallers();
    }
  }
}
