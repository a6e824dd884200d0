// One renewal at a time for each session, in one window of all, and nothing lost on the way.
import { MINUTE, type Clock } from '../core/clock.ts';
import { Failure, asFailure } from '../core/failure.ts';
import { isFresh } from '../core/lifetime.ts';
import { toldOf, type Log } from '../core/log.ts';
import type { Provider } from '../core/provider.ts';
import { endsSession, needsSignIn } from '../core/remedy.ts';
import { lifetimesOf, verdictOf, type SessionRecord } from '../core/session.ts';
import { withKeyOf, type Discovery, type Server } from '../protocol/discovery.ts';
import { requestRefresh, type RefreshAnswer } from '../protocol/refresh.ts';
import { revokeTokens } from '../protocol/revoke.ts';
import type { Tokens } from '../protocol/tokens.ts';
import type { Transport } from '../protocol/transport.ts';
import type { Archive } from './archive.ts';
import { awaitAnswer } from './awaitAnswer.ts';
import { standingOf } from './decisions.ts';
import { hasRunOut, reasonOfEnd } from './sessionEnd.ts';
import type { Ledger } from './ledger.ts';
import { expiryOf, fromSameIssuer, nameOf, refreshTokenOf, recordAfterRefresh, recordEndedBy, recordWithRefreshToken } from './record.ts';
import type { Registry } from './registry.ts';
import { RunningRefresh, type Renewal } from './runningRefresh.ts';
import { Tries, failureOf } from './tries.ts';
import type { Turn, Turns } from './turns.ts';

/** What the refresher works with. */
export interface RefresherPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly turns: Turns;
  readonly archive: Archive;
  readonly ledger: Ledger;
  readonly registry: Registry;
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
export class Refresher {
  readonly #ports: RefresherPorts;
  readonly #running = new Map<string, RunningRefresh>();
  readonly #tries: Tries;

  constructor(ports: RefresherPorts) {
    this.#ports = ports;
    this.#tries = new Tries(ports);
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
      new RunningRefresh((refresh) => this.#renewOnce({ id, reason, isUrgent, isAfterRefusal, refresh }).finally(() => this.#running.delete(id)));
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
  async save(record: SessionRecord, isFinal = true): Promise<void> {
    const { archive, log, registry } = this.#ports;
    const outcome = await archive.save(record, isFinal).then(
      (isShared) => ({ unsaved: false, unshared: !isShared }),
      (error: unknown) => {
        log.error(`${nameOf(record)} could not be stored (${asFailure(error).code}); kept in memory, to be stored later.`);
        return { unsaved: true };
      },
    );
    if (registry.get(record.id)?.record === record) {
      registry.update(record.id, outcome);
    }
    if (registry.get(record.id) === undefined && (await archive.isSignedOut(record.id))) {
      // The person has signed out while the store was busy.
      await archive.forget(record.id).catch(() => {});
    }
  }

  /** Lets the other windows know of a record that the store has already. */
  async share(record: SessionRecord): Promise<void> {
    if ((await this.#ports.archive.share(record)) && this.#ports.registry.get(record.id)?.record === record) {
      this.#ports.registry.update(record.id, { unshared: false });
    }
  }

  async #renewOnce({ id, ...asked }: Pick<Renewal, 'id' | 'reason' | 'isUrgent' | 'isAfterRefusal' | 'refresh'>): Promise<SessionRecord> {
    const { clock, registry } = this.#ports;
    registry.update(id, { renewing: true });
    const renewal: Renewal = { ...asked, id, startedAt: clock.now(), began: registry.get(id)?.record, of: undefined, isNoted: false };
    try {
      return await this.#renew(renewal);
    } catch (error) {
      const failure = asFailure(error);
      await this.#note(renewal, failure);
      throw failure;
    } finally {
      registry.update(id, { renewing: false });
    }
  }

  async #renew(renewal: Renewal): Promise<SessionRecord> {
    const { discovery, turns } = this.#ports;
    const brought = await this.#fromElsewhere(renewal, 'look');
    if (brought !== undefined) {
      return brought;
    }
    const record = this.#current(renewal);
    if (record.refreshToken === undefined) {
      // Nothing was asked of the server, so this is no verdict: the token in hand goes on working.
      renewal.of = undefined;
      throw new Failure('not-renewable', 'no-refresh-token');
    }
    const provider = this.#ports.providerOf(record);
    if (provider === undefined) {
      throw new Failure('not-set-up', 'provider-removed');
    }
    // Before the turn, because others would wait for it in vain.
    const server = await discovery.find(provider);
    return turns.take(
      renewal.id,
      record.generation,
      async (turn) => {
        try {
          return await this.#renewInTurn(renewal, server, turn);
        } catch (error) {
          // Before the turn is over, so that the next window finds the failure rather than repeats it.
          await this.#note(renewal, asFailure(error));
          throw error;
        }
      },
      () => this.#fromElsewhere(renewal, 'glance'),
    );
  }

  async #renewInTurn(renewal: Renewal, server: Server, turn: Turn): Promise<SessionRecord> {
    const { clock, log, registry } = this.#ports;
    const brought = await this.#fromElsewhere(renewal, 'wait');
    if (brought !== undefined) {
      return brought;
    }
    const before = this.#current(renewal);
    if (before.ended !== undefined) {
      // Another window has heard the verdict while this one waited.
      throw verdictOf(before.ended);
    }
    log.info(`${nameOf(before)}: renewal ${before.generation + 1} starts (${renewal.reason}).`);
    const { answer, isAfterLoss } = await this.#send(renewal, before, await withKeyOf(server, before), turn);
    await this.#mustBeWanted(renewal, server, answer);
    const rotated = await this.#keepRefreshToken(renewal, before, answer);
    let tokens: Tokens;
    try {
      tokens = fromSameIssuer(before, await answer.check());
    } catch (error) {
      return await this.#afterRefusal(renewal, await this.#judge(before, asFailure(error), answer, server.provider), turn, isAfterLoss);
    }
    registry.update(renewal.id, { skew: tokens.skew });
    await this.#mustBeWanted(renewal, server, answer);
    const record = { ...recordAfterRefresh(rotated, tokens, server.provider), ...(renewal.isAfterRefusal ? { isAfterRefusal: true } : {}) };
    // Callers in this window get the new token before the store is done.
    registry.put(record);
    renewal.of = record;
    await this.save(record);
    log.info(`${nameOf(record)}: renewed in ${clock.now() - tokens.sentAt} ms; ${expiryOf(record)}.`);
    if (tokens.expirySource === 'never-said' && before.expirySource !== 'never-said') {
      log.warn(`${server.provider.id} does not say how long its access token lives; set "assumedLifetime".`);
    }
    return record;
  }

  /** The record that a renewal is about, which is the one in memory until the request is sent. */
  #current(renewal: Renewal): SessionRecord {
    renewal.of = this.#ports.registry.get(renewal.id)?.record;
    if (renewal.of === undefined) {
      throw new Failure('signed-out', 'signed-out');
    }
    return renewal.of;
  }

  /**
   * What other windows have done: takes newer tokens over, and gives their record where it is as good as a renewal.
   * @param how `glance`: at the ledger only, while another has the turn; `look`: at everything; `wait`: in a turn, also
   * for newer tokens that cannot be read yet.
   * @throws Failure where the session is over, where the newer tokens cannot be read, and where another window has just
   * failed, so that this one must not try as well.
   */
  async #fromElsewhere(renewal: Renewal, how: 'glance' | 'look' | 'wait'): Promise<SessionRecord | undefined> {
    const { archive } = this.#ports;
    const mine = this.#current(renewal);
    if (mine !== renewal.began && this.#isFresh(mine)) {
      // It has been taken over since this renewal began.
      return mine;
    }
    if (how === 'glance' && !(await archive.hasNewsOf(mine))) {
      await this.#heedFailure(renewal, mine, true);
      return undefined;
    }
    const standing = await (how === 'wait' ? archive.settledStandingOf(mine) : archive.standingOf(mine));
    if (this.#current(renewal) !== mine) {
      return this.#fromElsewhere(renewal, how);
    }
    switch (standing.kind) {
      case 'signed-out':
        this.#leave(mine);
        throw new Failure('signed-out', 'signed-out');
      case 'behind':
        if (how === 'wait') {
          // An older refresh token is never sent: a server that rotates takes it as stolen, and ends the session.
          throw new Failure('newer-elsewhere', 'newer-elsewhere');
        }
        return undefined;
      case 'newer':
        return this.#fromNewer(renewal, standing.record, how);
      case 'newest':
        await this.#heedFailure(renewal, mine, how === 'glance');
        return undefined;
    }
  }

  async #fromNewer(renewal: Renewal, record: SessionRecord, how: 'glance' | 'look' | 'wait'): Promise<SessionRecord | undefined> {
    if (!record.isWhole && how !== 'wait') {
      // Outside a turn, half a renewal is one that another window is still busy with.
      return undefined;
    }
    this.#adopt(renewal, record);
    if (record.ended !== undefined) {
      throw verdictOf(record.ended);
    }
    // Where it is to be renewed again already, another window may have tried that in vain.
    return this.#isFresh(record) ? record : this.#fromElsewhere(renewal, how);
  }

  /** Whether a record is as good as a renewal. */
  #isFresh(record: SessionRecord): boolean {
    return record.isWhole && record.ended === undefined && isFresh(lifetimesOf(record), this.#ports.clock.now(), FRESH_ENOUGH);
  }

  #adopt(renewal: Renewal, record: SessionRecord): void {
    this.#ports.log.info(`${nameOf(record)}: another window has renewed it; taken over, ${expiryOf(record)}.`);
    this.#ports.registry.put(record);
    renewal.of = record;
  }

  #leave(record: SessionRecord): void {
    this.#ports.registry.remove(record.id);
    this.#ports.log.info(`${nameOf(record)} was signed out in another window.`);
  }

  /** Lets a failure of another window stand for one of this. */
  async #heedFailure(renewal: Renewal, mine: SessionRecord, isLocked: boolean): Promise<void> {
    renewal.shared = await this.#tries.insteadOf(mine, renewal, isLocked);
    if (renewal.shared !== undefined) {
      throw failureOf(renewal.shared, this.#ports.clock.now());
    }
  }

  /**
   * Sends the refresh token. Where the answer is lost on the way, the same token is sent once more, at once: a server
   * with a grace period gives the answer again. Only in a turn of its own, in which no other window can hold a newer one.
   */
  async #send(renewal: Renewal, record: SessionRecord, server: Server, turn: Turn): Promise<{ readonly answer: RefreshAnswer; readonly isAfterLoss: boolean }> {
    const { log, transport } = this.#ports;
    const wasLostBefore = turn.isAfterLoss && turn.generation === record.generation;
    const request = (): Promise<RefreshAnswer> =>
      awaitAnswer(this.#ports, this.#tries, { ...renewal, isCurrent: () => this.#isAbout(renewal) }, () =>
        requestRefresh(server, record.refreshToken ?? '', record, transport),
      );
    try {
      const answer = await request();
      turn.noteLost(false);
      return { answer, isAfterLoss: wasLostBefore };
    } catch (error) {
      const failure = asFailure(error);
      if ((failure.category !== 'network' || failure.wasNotSent) && failure.code !== 'cut-off') {
        throw failure;
      }
      turn.noteLost(true);
      if (!turn.isExclusive || wasLostBefore || this.#ports.providerOf(record) === undefined) {
        throw failure;
      }
      // It may have been awaited for minutes: a token that nobody wants any more is not shown to the server again.
      await this.#mustBeWanted(renewal, server);
      log.warn(`${nameOf(record)}: the answer was lost (${failure.code}); the same token is sent once more.`);
    }
    const answer = await request();
    turn.noteLost(false);
    return { answer, isAfterLoss: true };
  }

  /** What a failed check means for the session; a rejection that the server doesn't explain is judged by what happened before. */
  async #judge(record: SessionRecord, failure: Failure, { accessToken, refreshToken, status }: RefreshAnswer, provider: Provider): Promise<Failure> {
    const hasTokens = accessToken !== undefined || refreshToken !== undefined;
    return hasTokens ? failure : this.#tries.judgeRejection(record, failure, status, provider);
  }

  /** Stores the refresh token that now counts before anything else of the answer is looked at, so that no later fault can lose it. */
  async #keepRefreshToken(renewal: Renewal, before: SessionRecord, answer: RefreshAnswer): Promise<SessionRecord> {
    if (answer.accessToken === undefined && answer.refreshToken === undefined) {
      return before;
    }
    const record = recordWithRefreshToken(before, answer.refreshToken);
    if (record.refreshToken !== before.refreshToken) {
      // Nobody has rejected the new one yet.
      this.#ports.registry.update(before.id, { record, rejectedAt: undefined });
      renewal.of = record;
      await this.save(record, false);
    }
    return record;
  }

  /** What follows where an answer has not passed: another window's tokens, or the failure. */
  async #afterRefusal(renewal: Renewal, failure: Failure, turn: Turn, isAfterLoss: boolean): Promise<SessionRecord> {
    const { archive } = this.#ports;
    const { of } = renewal;
    if (of?.isWhole === false) {
      // The refresh token of this answer is the one that counts, for the other windows too.
      await archive.enter(of);
    }
    if (!needsSignIn(failure.category) || of === undefined || !this.#isAbout(renewal)) {
      throw failure;
    }
    // Where windows cannot take turns, another may have used the token, and its new one takes a moment to show.
    const newer = await archive.newerThan(of, turn.isExclusive);
    if (newer !== undefined && this.#isAbout(renewal)) {
      this.#adopt(renewal, newer);
      return newer;
    }
    throw failure.category === 'session-ended' ? reasonOfEnd(of, failure, isAfterLoss, this.#ports.clock.now()) : failure;
  }

  /**
   * Goes on only while the session is the one that the renewal began with. Where the person has signed in again on the
   * way, in whichever window, the tokens that have arrived are dropped; where they have signed out, they are revoked.
   */
  async #mustBeWanted(renewal: Renewal, server: Server, answer?: RefreshAnswer): Promise<void> {
    const { archive, registry, transport } = this.#ports;
    const { of } = renewal;
    if (of !== undefined && this.#isAbout(renewal)) {
      // The store is asked only where there is news: what has arrived must not wait for a keyring.
      const standing = (await archive.hasNewsOf(of)) ? await archive.standingOf(of) : undefined;
      if (this.#isAbout(renewal)) {
        if (standing?.kind === 'signed-out') {
          this.#leave(of);
        } else if (standing?.kind === 'newer') {
          this.#adopt(renewal, standing.record);
          renewal.of = undefined;
        } else {
          return;
        }
      }
    }
    if (registry.get(renewal.id) !== undefined) {
      throw new Failure('replaced', 'replaced');
    }
    if (answer?.accessToken !== undefined || answer?.refreshToken !== undefined) {
      await revokeTokens(server, answer, transport).catch(() => {});
    }
    throw new Failure('signed-out', 'signed-out');
  }

  /** Whether a renewal still speaks of the session as it now is. */
  #isAbout({ id, of }: Renewal): boolean {
    return of !== undefined && this.#ports.registry.get(id)?.record === of;
  }

  /** Notes a failed renewal with the session, and for the other windows; ends it where the verdict is definite. */
  async #note(renewal: Renewal, failure: Failure): Promise<void> {
    const { clock, log, registry } = this.#ports;
    const { id, shared } = renewal;
    const session = registry.get(id);
    if (renewal.isNoted || session === undefined || !this.#isAbout(renewal) || session.record.ended !== undefined) {
      return;
    }
    renewal.isNoted = true;
    if (shared !== undefined) {
      this.#tries.share(session, shared);
    } else if (endsSession(failure.category) || hasRunOut(session, failure.category, clock.now())) {
      const at = clock.now();
      const ended = recordEndedBy(failure, session.record, at);
      log.warn(`${nameOf(ended)} has ended: ${toldOf(failure)}; ${refreshTokenOf(ended)}, ${standingOf({ ...session, record: ended }, at)}; it takes a new sign-in.`);
      registry.update(id, { record: ended, failure, failures: session.failures + 1, failedAt: at, nextTryAt: undefined });
      await this.save(ended);
    } else {
      await this.#tries.note(session, failure);
      if (failure.category === 'not-renewable' && lifetimesOf(session.record).renewable) {
        // A word about the server, not about this try: the session goes on for as long as its access token.
        const { record } = registry.put({ ...session.record, isUnrenewable: true });
        await this.save(record);
      }
    }
  }
}
