// Refreshes sessions: one request at a time per session, in one window, without losing a response.
//
// The steps, in order: join a running refresh → adopt what another window has stored → take the lock → adopt again →
// mark the refresh token as in flight → send it → store the new refresh token → verify the response →
// store the record → release the lock. A failure at any step is recorded before the lock is released.
import { MINUTE, type Clock } from '../core/clock.ts';
import { Failure, toFailure } from '../core/failure.ts';
import { lacksLock } from '../core/failurePolicies.ts';
import type { Log } from '../core/log.ts';
import type { Provider } from '../core/provider.ts';
import { endedFailure, type SessionRecord } from '../core/session.ts';
import { withSessionDpopKey, type Discovery, type ServerContext } from '../protocol/discovery.ts';
import { assertKnownTokenEndpoint } from '../protocol/destinations.ts';
import type { RefreshResponse } from '../protocol/refresh.ts';
import type { Tokens } from '../protocol/tokens.ts';
import type { Transport } from '../protocol/transport.ts';
import type { LockHandle, RenewalLock } from '../locking/renewalLock.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';
import { assertSameIssuer, withRefreshedTokens, withRotatedToken } from '../storage/record.ts';
import { describeExpiry, describeSession } from '../storage/recordDescription.ts';
import type { CompareDepth, SessionStore } from '../storage/sessionStore.ts';
import { RefreshAttempt, type RefreshOptions } from './refreshAttempt.ts';
import { RefreshBackoff } from './refreshBackoff.ts';
import { RefreshFailures } from './refreshFailures.ts';
import { RefreshPace } from './refreshPace.ts';
import { RefreshRequest } from './refreshRequest.ts';
import { RefreshSync } from './refreshSync.ts';
import type { Revocations } from './revocations.ts';

/** The dependencies of the refresher. */
export interface TokenRefresherDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly renewalLock: RenewalLock;
  readonly sessionStore: SessionStore;
  readonly liveSessions: LiveSessions;
  readonly discovery: Discovery;
  readonly transport: Transport;
  readonly revocations: Pick<Revocations, 'start' | 'revokeReplaced'>;
  /** Returns a number in [0, 1). */
  random(): number;
  /** Returns how long, in ms, to keep returning the access token of a session that the server has ended. */
  gracePeriod(): number;
  /** Returns the provider of a session as configured now; undefined if it isn't configured, or not for this session. */
  providerOf(record: SessionRecord): Provider | undefined;
}

/** For how long, in ms, an access token must have expired before an unresponsive window loses the lock. */
const OVERTAKE_AFTER = 5 * MINUTE;

/** The token refresher of one window. */
export class TokenRefresher {
  readonly #dependencies: TokenRefresherDependencies;
  readonly #running = new Map<string, { readonly attempt: RefreshAttempt; readonly outcome: Promise<SessionRecord> }>();
  readonly #sync: RefreshSync;
  readonly #request: RefreshRequest;
  readonly #failures: RefreshFailures;
  readonly #pace: RefreshPace;

  constructor(dependencies: TokenRefresherDependencies) {
    const backoff = new RefreshBackoff(dependencies);
    this.#dependencies = dependencies;
    this.#sync = new RefreshSync(dependencies, backoff);
    this.#request = new RefreshRequest(dependencies, backoff, this.#sync);
    this.#failures = new RefreshFailures(dependencies, backoff);
    this.#pace = new RefreshPace(dependencies.clock);
  }

  /**
   * Refreshes a session, or joins a refresh that is running here or in another window.
   * @returns the record with the new tokens; with `isPaced`, the current record if it was just refreshed.
   * @throws Failure; with `isPaced`, also that of a refresh that has just failed. The session stays, unless the
   * category is
   * a definite verdict. If a server doesn't respond in time, callers are released with `network`, while its response is
   * still awaited.
   */
  async refresh(id: string, options: RefreshOptions): Promise<SessionRecord> {
    const session = this.#dependencies.liveSessions.get(id);
    if (!this.#running.has(id) && session !== undefined && options.isPaced === true && options.isByUser !== true) {
      this.#pace.assertNotJustFailed(session);
    }
    const running = this.#running.get(id) ?? this.#start(id, options);
    return running.attempt.join(running.outcome);
  }

  /** Waits until no refresh is running: interrupting one may cost the session its only refresh token. */
  async whenIdle(): Promise<void> {
    await Promise.allSettled([...this.#running.values()].map(({ outcome }) => outcome));
  }

  #start(id: string, options: RefreshOptions): { attempt: RefreshAttempt; outcome: Promise<SessionRecord> } {
    const { clock, liveSessions } = this.#dependencies;
    const attempt = new RefreshAttempt(id, options, liveSessions, clock.now());
    const outcome = this.#refreshOnce(attempt).finally(() => this.#running.delete(id));
    // Each caller gets the failure separately. Without callers, it needs no handler.
    outcome.catch(() => {});
    const running = { attempt, outcome };
    this.#running.set(id, running);
    return running;
  }

  async #refreshOnce(attempt: RefreshAttempt): Promise<SessionRecord> {
    const { liveSessions } = this.#dependencies;
    liveSessions.patch(attempt.id, { refreshing: true });
    try {
      return await this.#refresh(attempt);
    } catch (error) {
      await this.#failures.record(attempt, toFailure(error));
      throw toFailure(error);
    } finally {
      liveSessions.patch(attempt.id, { refreshing: false, lockHolder: undefined });
    }
  }

  async #refresh(attempt: RefreshAttempt): Promise<SessionRecord> {
    const { clock, discovery, liveSessions, renewalLock } = this.#dependencies;
    const adopted = await this.#adopt(attempt, 'all');
    if (adopted !== undefined) {
      return adopted;
    }
    const record = attempt.useCurrentRecord();
    const provider = this.#dependencies.providerOf(record);
    if (record.refreshToken === undefined) {
      // Nothing was sent, so this isn't a verdict. The current access token remains valid.
      attempt.record = undefined;
      throw new Failure('not-renewable', 'no-refresh-token');
    }
    if (provider === undefined) {
      throw new Failure('not-configured', 'provider-removed');
    }
    // Before the lock, because other windows would wait for it unnecessarily.
    const server = await discovery.find(provider);
    assertKnownTokenEndpoint(record, server);
    return renewalLock.runExclusive(attempt.id, (lock) => this.#refreshLocked(attempt, server, lock), {
      whileWaiting: (lockHolder) => {
        // This is called many times a second, and each change redraws the status bar.
        if (liveSessions.get(attempt.id)?.lockHolder?.number !== lockHolder?.number) {
          liveSessions.patch(attempt.id, { lockHolder });
        }
        return this.#sync.adopt(attempt, 'file');
      },
      mayOvertake: () => clock.now() >= ((attempt.record ?? record).accessExpiresAt ?? Infinity) + OVERTAKE_AFTER,
    });
  }

  /**
   * Adopts what another window has stored; for a paced refresh, also the result of one that has just run, here or
   * there.
   */
  async #adopt(attempt: RefreshAttempt, depth: CompareDepth): Promise<SessionRecord | undefined> {
    const adopted = await this.#sync.adopt(attempt, depth);
    const session = this.#dependencies.liveSessions.get(attempt.id);
    const isPaced = attempt.isPaced && !attempt.isAfterRejection;
    return adopted ?? (isPaced && session !== undefined ? this.#pace.findRecentRecord(session) : undefined);
  }

  async #refreshLocked(attempt: RefreshAttempt, server: ServerContext, lock: LockHandle): Promise<SessionRecord> {
    const { liveSessions, sessionStore } = this.#dependencies;
    liveSessions.patch(attempt.id, { lockHolder: undefined });
    try {
      return (await this.#adopt(attempt, 'wait')) ?? (await this.#exchange(attempt, server, lock));
    } catch (error) {
      const failure = toFailure(error);
      // A window that was overtaken may find the tokens of the window that overtook it.
      const adopted = lacksLock(failure.category) ? await this.#sync.adopt(attempt, 'all') : undefined;
      if (adopted !== undefined) {
        return adopted;
      }
      // Before the lock is released, so that the next window finds the failure instead of repeating it.
      await this.#failures.record(attempt, failure);
      throw failure;
    } finally {
      if (attempt.isOutcomeUnknown === false && (await lock.isHeld())) {
        await sessionStore.clearRefreshInFlight(attempt.id);
      }
    }
  }

  async #exchange(attempt: RefreshAttempt, server: ServerContext, lock: LockHandle): Promise<SessionRecord> {
    const { clock, log, liveSessions, sessionStore } = this.#dependencies;
    const before = attempt.useCurrentRecord();
    if (before.ended !== undefined) {
      // Another window received the verdict while this one waited.
      throw endedFailure(before.ended);
    }
    log.info(`${describeSession(before)}: refreshing to generation ${before.generation + 1} (${attempt.reason}).`);
    const sent = await this.#request.send(attempt, before, await withSessionDpopKey(server, before), lock);
    await this.#sync.assertStillCurrent(attempt, server, sent.response);
    const rotated = await this.#storeRefreshToken(attempt, before, sent.response);
    let tokens: Tokens;
    try {
      tokens = assertSameIssuer(before, await sent.response.verify());
    } catch (error) {
      const failure = await this.#failures.judge(before, toFailure(error), sent, server.provider);
      return await this.#sync.adoptInsteadOf(failure, attempt, lock);
    }
    liveSessions.patch(attempt.id, { skew: tokens.skew });
    await this.#sync.assertStillCurrent(attempt, server, sent.response);
    const record = {
      ...withRefreshedTokens(rotated, tokens, server.provider),
      ...(attempt.isAfterRejection ? { isAfterRejection: true } : {}),
    };
    // Callers in this window get the new token before it's stored.
    attempt.adopt(record);
    this.#pace.recordRefresh(record);
    await sessionStore.put(record);
    log.info(`${describeSession(record)}: refreshed in ${clock.now() - tokens.sentAt} ms; ${describeExpiry(record)}.`);
    if (tokens.expirySource === 'unknown' && before.expirySource !== 'unknown') {
      log.warn(`${server.provider.id} doesn't specify the lifetime of its access tokens; set "assumedLifetime".`);
    }
    return record;
  }

  /** Stores the new refresh token before the rest of the response is processed, so that no later error can lose it. */
  async #storeRefreshToken(
    attempt: RefreshAttempt,
    before: SessionRecord,
    { accessToken, refreshToken }: RefreshResponse,
  ): Promise<SessionRecord> {
    if (accessToken === undefined && refreshToken === undefined) {
      return before;
    }
    const record = withRotatedToken(before, refreshToken);
    if (record.refreshToken !== before.refreshToken) {
      // The new token hasn't been rejected yet.
      this.#dependencies.liveSessions.patch(before.id, { record, rejectedAt: undefined });
      attempt.record = record;
      await this.#dependencies.sessionStore.put(record);
    }
    return record;
  }
}
