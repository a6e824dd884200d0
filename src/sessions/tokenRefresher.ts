// One renewal at a time for each session, in one window of all, and nothing lost on the way.
import { MINUTE, type Clock } from '../core/clock.ts';
import { Failure, toFailure } from '../core/failure.ts';
import { isFresh } from '../core/lifetime.ts';
import { formatFailure, type Log } from '../core/log.ts';
import type { Provider } from '../core/provider.ts';
import {
  endsSession,
  lacksReason,
  marksNotRefreshable,
  mayHaveReachedServer,
  needsSignIn,
} from '../core/failurePolicies.ts';
import { tokenLifetimes, endedFailure, type SessionRecord } from '../core/session.ts';
import { withSessionDpopKey, type Discovery, type ServerContext } from '../protocol/discovery.ts';
import { requestRefresh, type RefreshResponse } from '../protocol/refresh.ts';
import { revokeTokens } from '../protocol/revoke.ts';
import type { Tokens } from '../protocol/tokens.ts';
import type { Transport } from '../protocol/transport.ts';
import type { SessionStore } from '../storage/sessionStore.ts';
import { awaitAnswer } from './awaitAnswer.ts';
import { describeToken } from './decisionLog.ts';
import { hasRunOut, reasonOfEnd } from './sessionEnd.ts';
import { failureOf, type SessionIndex } from '../storage/sessionIndex.ts';
import {
  describeExpiry,
  assertSameIssuer,
  describeSession,
  describeRefreshability,
  withRefreshedTokens,
  withEnd,
  withRotatedToken,
} from '../storage/record.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';
import { RunningRefresh, type RefreshAttempt } from './runningRefresh.ts';
import { RefreshBackoff } from './refreshBackoff.ts';
import type { LockHandle, RenewalLock } from '../locking/renewalLock.ts';

/** What the refresher works with. */
export interface TokenRefresherDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly renewalLock: RenewalLock;
  readonly sessionStore: SessionStore;
  readonly sessionIndex: SessionIndex;
  readonly liveSessions: LiveSessions;
  readonly discovery: Discovery;
  readonly transport: Transport;
  /** A number in [0, 1). */
  random(): number;
  /** The provider of a session as it is configured now; undefined where it is not, or not for this session. */
  providerOf(record: SessionRecord): Provider | undefined;
}

/** How long, in ms, tokens that another window has brought must still work to be as good as a renewal. */
const FRESH_ENOUGH = MINUTE;

/** Renews sessions. */
export class TokenRefresher {
  readonly #dependencies: TokenRefresherDependencies;
  readonly #running = new Map<string, RunningRefresh>();
  readonly #tries: RefreshBackoff;

  constructor(ports: TokenRefresherDependencies) {
    this.#dependencies = ports;
    this.#tries = new RefreshBackoff(ports);
  }

  /**
   * Renews a session, or joins the renewal that is on its way here or in another window, and gives the record with the
   * new tokens.
   * @param reason why, for the log.
   * @param isUrgent whether somebody waits: then it is tried although another window has failed and plans to try later.
   * @param isAfterRefusal whether a resource server has refused the token in hand, which the record then says in all windows.
   * @throws Failure. The session stays, unless the category is a definite verdict that ends it. A server that doesn't answer
   * in time releases the callers with `network`, while its answer is still waited for.
   */
  async renew(id: string, reason: string, isUrgent = true, isAfterRefusal = false): Promise<SessionRecord> {
    const running =
      this.#running.get(id) ??
      new RunningRefresh((refresh) =>
        this.#renewOnce({ id, reason, isUrgent, isAfterRefusal, refresh }).finally(() => this.#running.delete(id)),
      );
    this.#running.set(id, running);
    return running.join();
  }

  /** Waits until no renewal is on its way: one that is cut off may have cost the session its only refresh token. */
  async idle(): Promise<void> {
    await Promise.allSettled([...this.#running.values()].map(({ done }) => done));
  }

  /**
   * Stores the newest tokens of a session, or keeps them in memory where that fails: marked as unsaved where the store
   * does, as unshared where the folder does that other windows look into.
   */
  async save(record: SessionRecord, isComplete = true): Promise<void> {
    const { sessionStore, log, liveSessions } = this.#dependencies;
    const outcome = await sessionStore.save(record, isComplete).then(
      (isShared) => ({ unsaved: false, unshared: !isShared }),
      (error: unknown) => {
        log.error(
          `${describeSession(record)} could not be stored (${toFailure(error).code}); kept in memory, to be stored later.`,
        );
        return { unsaved: true };
      },
    );
    if (liveSessions.get(record.id)?.record === record) {
      liveSessions.update(record.id, outcome);
    }
    if (liveSessions.get(record.id) === undefined && (await sessionStore.isSignedOut(record.id))) {
      // The person has signed out while the store was busy.
      await sessionStore.forget(record.id).catch(() => {});
    }
  }

  /** Lets the other windows know of a record that the store has already. */
  async share(record: SessionRecord): Promise<void> {
    if (
      (await this.#dependencies.sessionStore.share(record)) &&
      this.#dependencies.liveSessions.get(record.id)?.record === record
    ) {
      this.#dependencies.liveSessions.update(record.id, { unshared: false });
    }
  }

  async #renewOnce({
    id,
    ...asked
  }: Pick<RefreshAttempt, 'id' | 'reason' | 'isUrgent' | 'isAfterRefusal' | 'refresh'>): Promise<SessionRecord> {
    const { clock, liveSessions } = this.#dependencies;
    liveSessions.update(id, { renewing: true });
    const renewal: RefreshAttempt = {
      ...asked,
      id,
      startedAt: clock.now(),
      initialRecord: liveSessions.get(id)?.record,
      of: undefined,
      isNoted: false,
    };
    try {
      return await this.#renew(renewal);
    } catch (error) {
      const failure = toFailure(error);
      await this.#note(renewal, failure);
      throw failure;
    } finally {
      liveSessions.update(id, { renewing: false });
    }
  }

  async #renew(renewal: RefreshAttempt): Promise<SessionRecord> {
    const { discovery, renewalLock } = this.#dependencies;
    const brought = await this.#adoptFromOtherWindow(renewal, 'look');
    if (brought !== undefined) {
      return brought;
    }
    const record = this.#current(renewal);
    if (record.refreshToken === undefined) {
      // Nothing was asked of the server, so this is no verdict: the token in hand goes on working.
      renewal.of = undefined;
      throw new Failure('not-renewable', 'no-refresh-token');
    }
    const provider = this.#dependencies.providerOf(record);
    if (provider === undefined) {
      throw new Failure('not-configured', 'provider-removed');
    }
    // Before the turn, because others would wait for it in vain.
    const server = await discovery.find(provider);
    return renewalLock.take(
      renewal.id,
      record.generation,
      async (turn) => {
        try {
          return await this.#renewInTurn(renewal, server, turn);
        } catch (error) {
          // Before the turn is over, so that the next window finds the failure rather than repeats it.
          await this.#note(renewal, toFailure(error));
          throw error;
        }
      },
      () => this.#adoptFromOtherWindow(renewal, 'glance'),
    );
  }

  async #renewInTurn(renewal: RefreshAttempt, server: ServerContext, turn: LockHandle): Promise<SessionRecord> {
    const { clock, log, liveSessions } = this.#dependencies;
    const brought = await this.#adoptFromOtherWindow(renewal, 'wait');
    if (brought !== undefined) {
      return brought;
    }
    const before = this.#current(renewal);
    if (before.ended !== undefined) {
      // Another window has heard the verdict while this one waited.
      throw endedFailure(before.ended);
    }
    log.info(`${describeSession(before)}: renewal ${before.generation + 1} starts (${renewal.reason}).`);
    const { answer, previousAttemptUnknown } = await this.#send(
      renewal,
      before,
      await withSessionDpopKey(server, before),
      turn,
    );
    await this.#assertStillCurrent(renewal, server, answer);
    const rotated = await this.#persistRotatedToken(renewal, before, answer);
    let tokens: Tokens;
    try {
      tokens = assertSameIssuer(before, await answer.check());
    } catch (error) {
      return await this.#onInvalidResponse(
        renewal,
        await this.#judge(before, toFailure(error), answer, server.provider),
        turn,
        previousAttemptUnknown,
      );
    }
    liveSessions.update(renewal.id, { skew: tokens.skew });
    await this.#assertStillCurrent(renewal, server, answer);
    const record = {
      ...withRefreshedTokens(rotated, tokens, server.provider),
      ...(renewal.isAfterRefusal ? { isAfterRefusal: true } : {}),
    };
    // Callers in this window get the new token before the store is done.
    liveSessions.put(record);
    renewal.of = record;
    await this.save(record);
    log.info(`${describeSession(record)}: renewed in ${clock.now() - tokens.sentAt} ms; ${describeExpiry(record)}.`);
    if (tokens.expirySource === 'never-said' && before.expirySource !== 'never-said') {
      log.warn(`${server.provider.id} does not say how long its access token lives; set "assumedLifetime".`);
    }
    return record;
  }

  /** The record that a renewal is about, which is the one in memory until the request is sent. */
  #current(renewal: RefreshAttempt): SessionRecord {
    renewal.of = this.#dependencies.liveSessions.get(renewal.id)?.record;
    if (renewal.of === undefined) {
      throw new Failure('signed-out', 'signed-out');
    }
    return renewal.of;
  }

  /**
   * What other windows have done: takes newer tokens over, and gives their record where it is as good as a renewal.
   * @param how `glance`: at the session index only, while another has the turn; `look`: at everything; `wait`: in a turn, also
   * for newer tokens that cannot be read yet.
   * @throws Failure where the session is over, where the newer tokens cannot be read, and where another window has just
   * failed, so that this one must not try as well.
   */
  async #adoptFromOtherWindow(
    renewal: RefreshAttempt,
    how: 'glance' | 'look' | 'wait',
  ): Promise<SessionRecord | undefined> {
    const { sessionStore } = this.#dependencies;
    const mine = this.#current(renewal);
    if (mine !== renewal.initialRecord && this.#isFresh(mine)) {
      // It has been taken over since this renewal began.
      return mine;
    }
    if (how === 'glance' && !(await sessionStore.isStale(mine))) {
      await this.#throwSharedFailure(renewal, mine, true);
      return undefined;
    }
    const standing = await (how === 'wait' ? sessionStore.waitAndCompare(mine) : sessionStore.compareWithStored(mine));
    if (this.#current(renewal) !== mine) {
      return this.#adoptFromOtherWindow(renewal, how);
    }
    switch (standing.kind) {
      case 'signed-out':
        this.#dropSignedOut(mine);
        throw new Failure('signed-out', 'signed-out');
      case 'behind':
        if (how === 'wait') {
          // An older refresh token is never sent: a server that rotates takes it as stolen, and ends the session.
          throw new Failure('token-in-other-window', 'token-in-other-window');
        }
        return undefined;
      case 'newer':
        return this.#adoptNewer(renewal, standing.record, how);
      case 'newest':
        await this.#throwSharedFailure(renewal, mine, how === 'glance');
        return undefined;
    }
  }

  async #adoptNewer(
    renewal: RefreshAttempt,
    record: SessionRecord,
    how: 'glance' | 'look' | 'wait',
  ): Promise<SessionRecord | undefined> {
    if (!record.isComplete && how !== 'wait') {
      // Outside a turn, half a renewal is one that another window is still busy with.
      return undefined;
    }
    this.#adopt(renewal, record);
    if (record.ended !== undefined) {
      throw endedFailure(record.ended);
    }
    // Where it is to be renewed again already, another window may have tried that in vain.
    return this.#isFresh(record) ? record : this.#adoptFromOtherWindow(renewal, how);
  }

  /** Whether a record is as good as a renewal. */
  #isFresh(record: SessionRecord): boolean {
    return (
      record.isComplete &&
      record.ended === undefined &&
      isFresh(tokenLifetimes(record), this.#dependencies.clock.now(), FRESH_ENOUGH)
    );
  }

  #adopt(renewal: RefreshAttempt, record: SessionRecord): void {
    this.#dependencies.log.info(
      `${describeSession(record)}: another window has renewed it; taken over, ${describeExpiry(record)}.`,
    );
    this.#dependencies.liveSessions.put(record);
    renewal.of = record;
  }

  #dropSignedOut(record: SessionRecord): void {
    this.#dependencies.liveSessions.remove(record.id);
    this.#dependencies.log.info(`${describeSession(record)} was signed out in another window.`);
  }

  /** Lets a failure of another window stand for one of this. */
  async #throwSharedFailure(renewal: RefreshAttempt, mine: SessionRecord, isLocked: boolean): Promise<void> {
    renewal.shared = await this.#tries.findSharedFailure(mine, renewal, isLocked);
    if (renewal.shared !== undefined) {
      throw failureOf(renewal.shared, this.#dependencies.clock.now());
    }
  }

  /**
   * Sends the refresh token. Where the answer is lost on the way, the same token is sent once more, at once: a server
   * with a grace period gives the answer again. Only in a turn of its own, in which no other window can hold a newer one.
   */
  async #send(
    renewal: RefreshAttempt,
    record: SessionRecord,
    server: ServerContext,
    turn: LockHandle,
  ): Promise<{ readonly answer: RefreshResponse; readonly previousAttemptUnknown: boolean }> {
    const { log, transport } = this.#dependencies;
    const wasLostBefore = turn.previousAttemptUnknown && turn.generation === record.generation;
    const request = (): Promise<RefreshResponse> =>
      awaitAnswer(this.#dependencies, this.#tries, { ...renewal, isCurrent: () => this.#isCurrent(renewal) }, () =>
        requestRefresh(server, record.refreshToken ?? '', record, transport),
      );
    try {
      const answer = await request();
      turn.markOutcomeUnknown(false);
      return { answer, previousAttemptUnknown: wasLostBefore };
    } catch (error) {
      const failure = toFailure(error);
      if (!mayHaveReachedServer(failure)) {
        throw failure;
      }
      turn.markOutcomeUnknown(true);
      if (!turn.isCrossWindow || wasLostBefore || this.#dependencies.providerOf(record) === undefined) {
        throw failure;
      }
      // It may have been awaited for minutes: a token that nobody wants any more is not shown to the server again.
      await this.#assertStillCurrent(renewal, server);
      log.warn(`${describeSession(record)}: the answer was lost (${failure.code}); the same token is sent once more.`);
    }
    const answer = await request();
    turn.markOutcomeUnknown(false);
    return { answer, previousAttemptUnknown: true };
  }

  /** What a failed check means for the session; a rejection that the server doesn't explain is judged by what happened before. */
  async #judge(
    record: SessionRecord,
    failure: Failure,
    { accessToken, refreshToken, status }: RefreshResponse,
    provider: Provider,
  ): Promise<Failure> {
    const hasTokens = accessToken !== undefined || refreshToken !== undefined;
    return hasTokens ? failure : this.#tries.judgeRejection(record, failure, status, provider);
  }

  /** Stores the refresh token that now counts before anything else of the answer is looked at, so that no later fault can lose it. */
  async #persistRotatedToken(
    renewal: RefreshAttempt,
    before: SessionRecord,
    answer: RefreshResponse,
  ): Promise<SessionRecord> {
    if (answer.accessToken === undefined && answer.refreshToken === undefined) {
      return before;
    }
    const record = withRotatedToken(before, answer.refreshToken);
    if (record.refreshToken !== before.refreshToken) {
      // Nobody has rejected the new one yet.
      this.#dependencies.liveSessions.update(before.id, { record, rejectedAt: undefined });
      renewal.of = record;
      await this.save(record, false);
    }
    return record;
  }

  /** What follows where an answer has not passed: another window's tokens, or the failure. */
  async #onInvalidResponse(
    renewal: RefreshAttempt,
    failure: Failure,
    turn: LockHandle,
    previousAttemptUnknown: boolean,
  ): Promise<SessionRecord> {
    const { sessionStore } = this.#dependencies;
    const { of } = renewal;
    if (of?.isComplete === false) {
      // The refresh token of this answer is the one that counts, for the other windows too.
      await sessionStore.enter(of);
    }
    if (!needsSignIn(failure.category) || of === undefined || !this.#isCurrent(renewal)) {
      throw failure;
    }
    // Where windows cannot take turns, another may have used the token, and its new one takes a moment to show.
    const newer = await sessionStore.findNewer(of, turn.isCrossWindow);
    if (newer !== undefined && this.#isCurrent(renewal)) {
      this.#adopt(renewal, newer);
      return newer;
    }
    throw lacksReason(failure.category)
      ? reasonOfEnd(of, failure, previousAttemptUnknown, this.#dependencies.clock.now())
      : failure;
  }

  /**
   * Goes on only while the session is the one that the renewal began with. Where the person has signed in again on the
   * way, in whichever window, the tokens that have arrived are dropped; where they have signed out, they are revoked.
   */
  async #assertStillCurrent(renewal: RefreshAttempt, server: ServerContext, answer?: RefreshResponse): Promise<void> {
    const { sessionStore, liveSessions, transport } = this.#dependencies;
    const { of } = renewal;
    if (of !== undefined && this.#isCurrent(renewal)) {
      // The store is asked only where there is news: what has arrived must not wait for a keyring.
      const standing = (await sessionStore.isStale(of)) ? await sessionStore.compareWithStored(of) : undefined;
      if (this.#isCurrent(renewal)) {
        if (standing?.kind === 'signed-out') {
          this.#dropSignedOut(of);
        } else if (standing?.kind === 'newer') {
          this.#adopt(renewal, standing.record);
          renewal.of = undefined;
        } else {
          return;
        }
      }
    }
    if (liveSessions.get(renewal.id) !== undefined) {
      throw new Failure('replaced', 'replaced');
    }
    if (answer?.accessToken !== undefined || answer?.refreshToken !== undefined) {
      await revokeTokens(server, answer, transport).catch(() => {});
    }
    throw new Failure('signed-out', 'signed-out');
  }

  /** Whether a renewal still speaks of the session as it now is. */
  #isCurrent({ id, of }: RefreshAttempt): boolean {
    return of !== undefined && this.#dependencies.liveSessions.get(id)?.record === of;
  }

  /** Notes a failed renewal with the session, and for the other windows; ends it where the verdict is definite. */
  async #note(renewal: RefreshAttempt, failure: Failure): Promise<void> {
    const { clock, log, liveSessions } = this.#dependencies;
    const { id, shared } = renewal;
    const session = liveSessions.get(id);
    if (renewal.isNoted || session === undefined || !this.#isCurrent(renewal) || session.record.ended !== undefined) {
      return;
    }
    renewal.isNoted = true;
    if (shared !== undefined) {
      this.#tries.share(session, shared);
    } else if (endsSession(failure.category) || hasRunOut(session, failure.category, clock.now())) {
      const at = clock.now();
      const ended = withEnd(failure, session.record, at);
      log.warn(
        `${describeSession(ended)} has ended: ${formatFailure(failure)}; ${describeRefreshability(ended)}, ${describeToken({ ...session, record: ended }, at)}; it takes a new sign-in.`,
      );
      liveSessions.update(id, {
        record: ended,
        failure,
        failures: session.failures + 1,
        failedAt: at,
        nextTryAt: undefined,
      });
      await this.save(ended);
    } else {
      await this.#tries.note(session, failure);
      if (marksNotRefreshable(failure.category) && tokenLifetimes(session.record).renewable) {
        // A word about the server, not about this try: the session goes on for as long as its access token.
        const { record } = liveSessions.put({ ...session.record, isNotRefreshable: true });
        await this.save(record);
      }
    }
  }
}
