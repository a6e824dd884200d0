// Sends a refresh token, and waits for the response as long as one can come. At the deadline only the callers are
// released: a server that rotates has used the token up, and its response has the only one that counts.
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

/** What a request works with. */
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
  /** Whether the same refresh token was sent before, and nobody knows what became of it. */
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
   * Sends the refresh token. If the connection breaks, the same token is sent once more, at once: a server with a grace
   * period repeats its response. Only with the lock, while no other window can have a newer token.
   * @throws Failure what the request ends with; `lock-timeout` if another window has overtaken this one before that.
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
      // The response may have been waited for for minutes: a token that is of no use any more isn't sent again.
      await this.#sync.assertStillCurrent(attempt, server);
      log.warn(
        `${describeSession(record)}: the response was lost (${failure.code}); the same token is sent once more.`,
      );
    }
    await this.#markInFlight(record, lock);
    return { response: await this.#sendOnce(attempt, record, server), previousAttemptUnknown: true };
  }

  /** Records that a refresh token is about to be sent; gives whether it was sent before, with an unknown outcome. */
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
    // An object, because the compiler doesn't see what happens in the callback.
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
        log.info(`Session ${attempt.id.slice(0, 8)}: the server answered after ${seconds} s. The response is used.`);
      }
      return response;
    } finally {
      timer.dispose();
      // What is left to do takes no time worth mentioning.
      attempt.holdCallers();
    }
  }
}
