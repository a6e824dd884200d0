// Refreshes sessions: one request at a time for each session, in one window of all, and nothing lost on the way.
//
// The steps, in order: join a refresh under way → adopt what another window has stored → take the lock → adopt again →
// mark the refresh token as in flight → send it → store the refresh token that now counts → verify the response →
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

/** What the refresher works with. */
export interface TokenRefresherDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly renewalLock: RenewalLock;
  readonly sessionStore: SessionStore;
  readonly liveSessions: LiveSessions;
  readonly discovery: Discovery;
  readonly transport: Transport;
  readonly revocations: Pick<Revocations, 'start' | 'revokeReplaced'>;
  /** A number in [0, 1). */
  random(): number;
  /** How long, in ms, the access token of a session that the server ends is still returned. */
  gracePeriod(): number;
  /** The provider of a session as it's configured now; undefined if it isn't, or not for this session. */
  providerOf(record: SessionRecord): Provider | undefined;
}

/** For how long, in ms, an access token must have expired before a window that doesn't respond loses the lock. */
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
   * Refreshes a session, or joins the refresh that is under way here or in another window.
   * @returns the record with the new tokens; for a paced one, the record in hand, if a refresh has just brought that.
   * @throws Failure; for a paced one, also that of a refresh that has just failed. The session stays, unless the category
   * is a definite verdict that ends it. A server that doesn't answer in time releases the callers with `network`, while
   * its response is still waited for.
   */
  async refresh(id: string, options: RefreshOptions): Promise<SessionRecord> {
    const session = this.#dependencies.liveSessions.get(id);
    if (!this.#running.has(id) && session !== undefined && options.isPaced === true && options.isByUser !== true) {
      this.#pace.assertNotJustFailed(session);
    }
    const running = this.#running.get(id) ?? this.#start(id, options);
    return running.attempt.join(running.outcome);
  }

  /** Waits until no refresh is under way: one that is cut off may cost the session its only refresh token. */
  async whenIdle(): Promise<void> {
    await Promise.allSettled([...this.#running.values()].map(({ outcome }) => outcome));
  }

  #start(id: string, options: RefreshOptions): { attempt: RefreshAttempt; outcome: Promise<SessionRecord> } {
    const { clock, liveSessions } = this.#dependencies;
    const attempt = new RefreshAttempt(id, options, liveSessions, clock.now());
    const outcome = this.#refreshOnce(attempt).finally(() => this.#running.delete(id));
    // Every caller gets the failure by itself; without one, nobody has to.
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
      // Nothing was sent, so this is no verdict: the access token in hand goes on working.
      attempt.record = undefined;
      throw new Failure('not-renewable', 'no-refresh-token');
    }
    if (provider === undefined) {
      throw new Failure('not-configured', 'provider-removed');
    }
    // Before the lock, because other windows would wait for it in vain.
    const server = await discovery.find(provider);
    assertKnownTokenEndpoint(record, server);
    return renewalLock.runExclusive(attempt.id, (lock) => this.#refreshLocked(attempt, server, lock), {
      whileWaiting: (lockHolder) => {
        // It's called many times a second, and each change redraws the status bar.
        if (liveSessions.get(attempt.id)?.lockHolder?.number !== lockHolder?.number) {
          liveSessions.patch(attempt.id, { lockHolder });
        }
        return this.#sync.adopt(attempt, 'file');
      },
      mayOvertake: () => clock.now() >= ((attempt.record ?? record).accessExpiresAt ?? Infinity) + OVERTAKE_AFTER,
    });
  }

  /** Adopts what another window has stored; for a paced refresh, also what the latest one, here or there, has just brought. */
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
      // A window that was overtaken may find the tokens of the one that has overtaken it.
      const adopted = lacksLock(failure.category) ? await this.#sync.adopt(attempt, 'all') : undefined;
      if (adopted !== undefined) {
        return adopted;
      }
      // Before the lock is released, so that the next window finds the failure rather than repeats it.
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
      // Another window has received the verdict while this one waited.
      throw endedFailure(before.ended);
    }
    log.info(`${describeSession(before)}: refresh ${before.generation + 1} starts (${attempt.reason}).`);
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
      log.warn(`${server.provider.id} doesn't say how long its access token lives; set "assumedLifetime".`);
    }
    return record;
  }

  /** Stores the refresh token that now counts before anything else in the response is looked at, so that no later error can lose it. */
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
      // Nobody has rejected the new one yet.
      this.#dependencies.liveSessions.patch(before.id, { record, rejectedAt: undefined });
      attempt.record = record;
      await this.#dependencies.sessionStore.put(record);
    }
    return record;
  }
}
