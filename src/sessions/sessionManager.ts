// What callers ask of the sessions: list them, find one that works, take one in, sign out.
import { SECOND, type Clock } from '../core/clock.ts';
import { Emitter } from '../core/emitter.ts';
import { Failure, toFailure, sanitizeDisplayName } from '../core/failure.ts';
import { isUnexpired, isFresh, leewayFor } from '../core/lifetime.ts';
import { formatTimestamp, formatFailure, type Log } from '../core/log.ts';
import type { Provider } from '../core/provider.ts';
import { letsSignInProceed, needsSignIn } from '../core/failurePolicies.ts';
import { canJoin, isPermission, sameScopes } from '../core/scopes.ts';
import {
  isOfClient,
  isSameSignIn,
  tokenLifetimes,
  configuredProviderOf,
  servesScopes,
  type SessionRecord,
} from '../core/session.ts';
import { isUsable, sessionTime, type LiveSession } from '../core/status.ts';
import type { Discovery } from '../protocol/discovery.ts';
import type { SignInGrant } from '../protocol/identity.ts';
import type { Transport } from '../protocol/transport.ts';
import type { SessionStore } from '../storage/sessionStore.ts';
import { DecisionLog, describeToken } from './decisionLog.ts';
import { endSessionAtServer, type ServerSignOut } from './serverSignOut.ts';
import type { CrossWindowSync } from '../storage/crossWindowSync.ts';
import type { IdleMonitor } from '../idle/idleMonitor.ts';
import type { SessionIndex, SessionIndexEntry } from '../storage/sessionIndex.ts';
import type { NotificationClaims } from '../locking/notificationClaims.ts';
import { waitBriefly } from '../storage/timeouts.ts';
import { describeExpiry, describeSession, createRecord, describeRefreshability } from '../storage/record.ts';
import type { TokenRefresher } from './tokenRefresher.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';
import type { RenewalLock } from '../locking/renewalLock.ts';
import type { StorageIssue } from '../storage/secretSessionStorage.ts';

/** What the session manager works with. */
export interface SessionManagerDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly sessionStore: SessionStore;
  readonly sessionIndex: SessionIndex;
  readonly notificationClaims: NotificationClaims;
  readonly crossWindowSync: CrossWindowSync;
  readonly liveSessions: LiveSessions;
  readonly tokenRefresher: TokenRefresher;
  readonly idleMonitor: IdleMonitor;
  readonly renewalLock: RenewalLock;
  readonly discovery: Discovery;
  readonly transport: Transport;
  /** The provider with an id as it is configured now. */
  provider(id: string): Provider | undefined;
  /** For how long, in ms, a token that is handed out keeps working, at the least. */
  minimumValidity(): number;
  /** A new session id. */
  newId(): string;
}

/** Whether a session is one for a caller, beside its scopes. */
export type SessionFilter = (record: SessionRecord) => boolean;

/** What is known of a sign-in beside what it has brought. */
export interface SignInResult {
  /** The id of the session that it goes on from, whose scopes it has asked for, too. */
  readonly resumeSessionId?: string | undefined;
  /** The scopes without those of that session; where there is none, all that it has asked for. */
  readonly wanted?: readonly string[] | undefined;
}

/** Something found at load that a person should know of. */
export type LoadIssue =
  | StorageIssue
  /** The session index knows of a session that the store no longer has: the keyring lost it; it did not expire. */
  | { readonly id: string; readonly kind: 'lost'; readonly providerId: string }
  /**
   * The session's issuer or client is not the one configured now, or the entry leads its credentials elsewhere by now: it
   * is kept, and neither used nor sent anywhere.
   */
  | {
      readonly id: string;
      readonly kind: 'foreign';
      readonly providerId: string;
      readonly issuer: string;
      readonly clientId: string;
      readonly isMoved?: true;
    };

/** How long after a failed renewal, in ms, callers get its failure instead of causing another try. */
const CALLER_PATIENCE = 5000;
/** How long, in ms, a new sign-in waits for another window that is just renewing the same session. */
const ADMISSION_PATIENCE = 3000;
/** How long, in ms, a session that cannot be found at start may take to show: the store of a window that starts lags. */
const LOSS_PATIENCE = 3000;

/** The sessions as callers see them. */
export class SessionManager {
  readonly #dependencies: SessionManagerDependencies;
  readonly #findings = new Emitter<readonly LoadIssue[]>();
  readonly #decisions: DecisionLog;
  #loading: Promise<void> | undefined;

  constructor(ports: SessionManagerDependencies) {
    this.#dependencies = ports;
    this.#decisions = new DecisionLog(ports.log);
  }

  /** Fires with what a load has found wrong. */
  get onDidFindIssues(): Emitter<readonly LoadIssue[]>['event'] {
    return this.#findings.event;
  }

  /**
   * Reads the stored sessions into memory, once; after a failure the next call tries again. Those are not among them in
   * which nobody has been active for too long. Never goes to the network.
   * @throws Failure `storage` where the store cannot be read.
   */
  async ready(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined;
      this.#dependencies.log.error(`The stored sessions could not be read: ${toFailure(error).message}`);
      throw error;
    });
    await this.#loading;
    await this.#dependencies.idleMonitor.evaluateBeforeUse();
  }

  async #load(): Promise<void> {
    const { sessionStore, clock, idleMonitor, log, liveSessions } = this.#dependencies;
    const { records, findings, missing } = await sessionStore.load();
    await idleMonitor.start();
    for (const record of records) {
      if (liveSessions.get(record.id) === undefined) {
        liveSessions.put(record);
        log.info(`${describeSession(record)} was read: ${describeExpiry(record)}.`);
      }
    }
    await this.#report([...findings, ...records.flatMap((record) => this.#findMismatched(record))]);
    const absent = missing.filter(({ id }) => liveSessions.get(id) === undefined);
    if (absent.length > 0) {
      clock.after(LOSS_PATIENCE, () => void this.#reportLosses(absent));
    }
  }

  async #reportLosses(absent: readonly SessionIndexEntry[]): Promise<void> {
    const { sessionStore, crossWindowSync, sessionIndex, liveSessions } = this.#dependencies;
    await Promise.all(absent.map(({ id }) => crossWindowSync.sync(id)));
    const [{ gone }, areOthers] = await Promise.all([
      sessionIndex.ids(),
      Promise.all(absent.map(({ id }) => sessionStore.isOfAnotherEditor(id))),
    ]);
    const lost = absent.filter(
      ({ id }, index) => liveSessions.get(id) === undefined && !gone.includes(id) && areOthers[index] === false,
    );
    await this.#report(lost.map(({ id, providerId }) => ({ id, kind: 'lost', providerId }) as const));
  }

  /** Tells of findings: what was set aside is gone by the next time anyway; of the others each is told once, in one window. */
  async #report(findings: readonly LoadIssue[]): Promise<void> {
    const { clock, log, notificationClaims } = this.#dependencies;
    const news: LoadIssue[] = [];
    for (const finding of findings) {
      const where = 'providerId' in finding ? `at ${finding.providerId}` : `(${finding.reason})`;
      log.warn(`Session ${finding.id.slice(0, 8)} ${where}: ${finding.kind}.`);
      if (
        finding.kind === 'set-aside' ||
        (await notificationClaims.claim({ kind: finding.kind, id: finding.id, since: 0 }, clock.now()))
      ) {
        news.push(finding);
      }
    }
    if (news.length > 0) {
      this.#findings.fire(news);
    }
  }

  /** All sessions of a provider that are ones now, from memory and at once. */
  list(providerId: string): LiveSession[] {
    const now = this.#dependencies.clock.now();
    return this.all(providerId).filter((session) => isUsable(session.record, sessionTime(session, now)));
  }

  /**
   * All sessions that belong to a provider as it is configured, those that have ended included; without those that are
   * held because nobody has been active.
   */
  all(providerId?: string): LiveSession[] {
    const { idleMonitor, liveSessions } = this.#dependencies;
    return liveSessions
      .all()
      .filter(
        ({ record }) =>
          (providerId === undefined || record.providerId === providerId) &&
          this.providerOf(record) !== undefined &&
          !idleMonitor.isHeld(record),
      );
  }

  /** The provider that a session belongs to; undefined where none is configured, or another issuer or client. */
  providerOf(record: SessionRecord): Provider | undefined {
    return configuredProviderOf(record, (id) => this.#dependencies.provider(id));
  }

  /**
   * The sessions that serve these scopes, each with a token that keeps working for the freshness margin: renewed on
   * the way if need be. One session an account; the one with exactly these scopes first.
   * @returns an empty list only where there really is no session, because the editor then asks the person to sign in.
   * @throws Failure where a session exists, its token does not work any more, and a renewal failed for a reason that passes.
   */
  async find(
    providerId: string,
    scopes: readonly string[],
    accountId?: string,
    suits?: SessionFilter,
  ): Promise<LiveSession[]> {
    await this.ready();
    this.#dependencies.liveSessions.checkClock();
    const serving = this.serving(providerId, scopes, accountId, suits);
    if (serving.length === 0) {
      const wanted = sanitizeDisplayName(scopes.join(' '));
      this.#decisions.tell(
        providerId,
        wanted,
        () =>
          `No session at ${providerId} serves a caller that wants "${wanted}"; it has ${this.all(providerId).length}.`,
      );
    }
    const found = await Promise.all(serving.map((session) => this.#ensureFresh(session)));
    return found.filter((session) => session !== undefined);
  }

  /** The sessions that {@link find} would give, as they are: from memory and at once. */
  serving(
    providerId: string,
    scopes: readonly string[],
    accountId: string | undefined,
    suits: SessionFilter = () => true,
  ): LiveSession[] {
    const serving = this.list(providerId).filter(
      ({ record }) =>
        servesScopes(record, scopes) && (accountId === undefined || record.account.id === accountId) && suits(record),
    );
    const best = new Map<string, LiveSession>();
    for (const session of serving) {
      const known = best.get(session.record.account.id);
      if (known === undefined || rank(session, scopes) > rank(known, scopes)) {
        best.set(session.record.account.id, session);
      }
    }
    return [...best.values()];
  }

  /**
   * The session that a sign-in for these scopes is expected to go on from, ended ones included: its account is the one
   * that is named, or the only one there is. Undefined where none is known, and where somebody is served already and
   * names no account, because then it is another one that they want.
   */
  expected(
    providerId: string,
    scopes: readonly string[],
    accountId: string | undefined,
    suits: SessionFilter = () => true,
  ): SessionRecord | undefined {
    const known = this.all(providerId).filter(
      ({ record }) => accountId === undefined || record.account.id === accountId,
    );
    const isOfOne = new Set(known.map(({ record }) => record.account.id)).size === 1;
    if (!isOfOne || (accountId === undefined && this.serving(providerId, scopes, undefined, suits).length > 0)) {
      return undefined;
    }
    const fit = (session: LiveSession): number =>
      servesScopes(session.record, scopes) ? 2 : canJoin(session.record.scopes, scopes) ? 1 : 0;
    return known.sort((one, other) => fit(other) - fit(one) || rank(other, scopes) - rank(one, scopes))[0]?.record;
  }

  /**
   * Makes a session of a sign-in. The same account with the same scopes stays the same session, and so does the one that
   * it goes on from, with more scopes than before: one refresh token, one renewal and one sign-in when it ends, rather
   * than one for each caller. Where the server takes scopes of it away, it stays as it is, and the new one stands beside it.
   * @throws Failure where the provider's entry has changed or gone while the person signed in.
   */
  async addSession(
    grant: SignInGrant,
    { resumeSessionId, wanted = grant.scopes }: SignInResult = {},
  ): Promise<SessionRecord> {
    const { sessionStore, crossWindowSync, sessionIndex, liveSessions, renewalLock } = this.#dependencies;
    const { skew } = grant.tokens;
    // A store that cannot be read now must not keep anybody from signing in; one that can may know this sign-in.
    await this.ready().catch(() => {});
    // The same person may just have signed in in another window: one session serves both.
    await crossWindowSync.syncAll().catch(() => {});
    const label = this.#makeUniqueAccountLabel(grant);
    const joined =
      resumeSessionId === undefined
        ? undefined
        : this.all(grant.provider.id).find(({ record }) => record.id === resumeSessionId)?.record;
    const isOfAccount = joined?.account.id === grant.account.id;
    const isJoined = isOfAccount && keepsScopes(joined, grant.tokens.scopes);
    const scopes = isOfAccount && !isJoined ? wanted : grant.scopes;
    const fresh = {
      ...createRecord({ ...grant, scopes, account: { ...grant.account, label } }, this.#dependencies.newId()),
      ...(label === grant.account.label ? {} : { loginHint: grant.account.label }),
    };
    const known = liveSessions
      .all()
      .find(({ record }) => (isJoined ? record.id === resumeSessionId : isSameSignIn(record, fresh)));
    if (known === undefined || (await sessionStore.isSignedOutAnywhere(known.record.id))) {
      return this.#persistSignIn(fresh, skew);
    }
    const { id, generation } = known.record;
    // Without the turn, a renewal may be on its way that brings the next number: a sign-in counts for more.
    const admitKnown = async (more: number): Promise<SessionRecord> => {
      const others = [liveSessions.get(id)?.record, await sessionIndex.read(id), await sessionStore.read(id)];
      const latest = Math.max(generation, ...others.map((other) => other?.generation ?? 0));
      return this.#persistSignIn({ ...fresh, id, generation: latest + more }, skew);
    };
    if (known.renewing) {
      // The renewal of this window finds out by itself that it is not wanted any more.
      return admitKnown(2);
    }
    return renewalLock
      .take(
        id,
        generation,
        () => admitKnown(1),
        () => Promise.resolve(undefined),
        ADMISSION_PATIENCE,
      )
      .catch((error: unknown) => {
        if (letsSignInProceed(toFailure(error).category)) {
          return admitKnown(2);
        }
        throw error;
      });
  }

  async #persistSignIn(record: SessionRecord, skew: number | undefined): Promise<SessionRecord> {
    const { idleMonitor, log, tokenRefresher, liveSessions } = this.#dependencies;
    if (this.providerOf(record) === undefined) {
      throw new Failure('not-configured', 'provider-removed');
    }
    liveSessions.put(record);
    idleMonitor.noteActivity();
    liveSessions.update(record.id, { skew });
    await tokenRefresher.save(record);
    await this.#removeSuperseded(record);
    log.info(`${describeSession(record)}: signed in; ${describeExpiry(record)}.`);
    // What never runs out, as the tokens of GitHub's OAuth Apps, needs no renewal.
    if (record.refreshToken === undefined && record.accessExpiresAt !== undefined) {
      log.warn(
        `${record.providerId} sent no refresh token; the session ends with its access token. "offline_access" may be missing.`,
      );
    }
    return record;
  }

  /**
   * Signs a session out here, at once and whatever happens, and tells the server in the background.
   * @throws Failure `storage` where it is over, but the stored session could not be deleted.
   */
  async signOut(id: string): Promise<ServerSignOut> {
    const { log, liveSessions } = this.#dependencies;
    const session = liveSessions.get(id);
    if (session === undefined) {
      return { atServer: Promise.resolve('not-offered'), page: Promise.resolve(undefined) };
    }
    const { record } = session;
    liveSessions.remove(id);
    log.info(`${describeSession(record)}: signed out here.`);
    const elsewhere = endSessionAtServer(record, this.providerOf(record), this.#dependencies);
    await this.#forget(id);
    return elsewhere;
  }

  /**
   * Deletes a session here, and tells no server: its tokens may be those of another one.
   * @throws Failure `storage` where it is over, but the stored session could not be deleted.
   */
  async removeLocally(id: string): Promise<void> {
    const { log, liveSessions } = this.#dependencies;
    const session = liveSessions.remove(id);
    if (session !== undefined) {
      log.info(`${describeSession(session.record)}: deleted here; no server was told.`);
      await this.#forget(id);
    }
  }

  async #forget(id: string): Promise<void> {
    const { sessionStore, crossWindowSync, renewalLock } = this.#dependencies;
    await crossWindowSync.without(id, async () => {
      await sessionStore.forget(id).finally(() => renewalLock.forget(id));
    });
  }

  /**
   * After a new sign-in, the sessions of the same account that it stands in for, and that have ended or can't be renewed any
   * more, have nothing left to say.
   */
  async #removeSuperseded(by: SessionRecord): Promise<void> {
    const { clock, liveSessions } = this.#dependencies;
    for (const { failure, record } of this.all(by.providerId)) {
      const isReplaced =
        record.id !== by.id &&
        record.account.id === by.account.id &&
        servesScopes(by, record.scopes.filter(isPermission));
      const isDead =
        record.ended !== undefined ||
        (failure !== undefined && needsSignIn(failure.category)) ||
        !isUsable(record, clock.now());
      if (isReplaced && isDead) {
        liveSessions.remove(record.id);
        await this.#forget(record.id).catch(() => {});
      }
    }
  }

  /** The session with a token fresh enough; undefined where it has definitely ended on the way. */
  async #ensureFresh(session: LiveSession): Promise<LiveSession | undefined> {
    const { clock, tokenRefresher, liveSessions } = this.#dependencies;
    const { id } = session.record;
    const lifetimes = tokenLifetimes(session.record);
    if (
      !lifetimes.renewable ||
      isFresh(lifetimes, sessionTime(session, clock.now()), this.#dependencies.minimumValidity())
    ) {
      this.#decide(session, 'gets the token in hand');
      return session;
    }
    const isWorking = (one: LiveSession): boolean =>
      isUnexpired(tokenLifetimes(one.record), sessionTime(one, clock.now()));
    if (session.failure !== undefined && !session.renewing && this.#isInBackoff(session, isWorking(session))) {
      return this.#withoutRefresh(session, isWorking(session), session.failure);
    }
    this.#decide(session, 'needs a renewal');
    const renewal = tokenRefresher.renew(id, 'a caller needs it');
    try {
      await (isWorking(session) ? waitBriefly(clock, renewal) : renewal);
      const whileWaiting = liveSessions.get(id);
      if (whileWaiting !== undefined && isUsable(whileWaiting.record, clock.now()) && !isWorking(whileWaiting)) {
        // The token in hand has run out while it was waited.
        await renewal;
      }
    } catch (error) {
      const now = liveSessions.get(id);
      if (now === undefined || !isUsable(now.record, clock.now())) {
        return undefined;
      }
      return this.#orThrow(now, isWorking(now), toFailure(error));
    }
    return liveSessions.get(id);
  }

  /** What a caller gets that must not cause another try yet. */
  #withoutRefresh(session: LiveSession, working: boolean, failure: Failure): LiveSession {
    const next =
      session.nextTryAt === undefined
        ? 'not tried again by itself'
        : `tried again at ${formatTimestamp(session.nextTryAt)}`;
    this.#decide(
      session,
      `${working ? 'gets the token in hand' : 'is refused'} after ${formatFailure(failure)}, ${next}`,
    );
    return this.#orThrow(session, working, failure);
  }

  /** Tells what a caller gets, and why. */
  #decide(session: LiveSession, decision: string): void {
    const { record } = session;
    const { accessExpiresAt } = record;
    const key = `${decision} ${record.generation} ${record.ended?.at ?? ''}`;
    this.#decisions.tell(record.id, key, () => {
      const wanted =
        accessExpiresAt === undefined
          ? ''
          : `, ${Math.ceil(leewayFor(accessExpiresAt - record.renewedAt, this.#dependencies.minimumValidity()) / SECOND)} s are wanted`;
      return `${describeSession(record)}: a caller ${decision}: ${describeToken(session, this.#dependencies.clock.now())}${wanted}, ${describeRefreshability(record)}.`;
    });
  }

  /** The session whose token still works; else its caller is refused, and that is noted. */
  #orThrow(session: LiveSession, working: boolean, failure: Failure): LiveSession {
    if (!working) {
      if (session.refused !== true) {
        this.#dependencies.liveSessions.update(session.record.id, { refused: true });
      }
      throw failure;
    }
    return session;
  }

  /** Whether a caller must not cause another try yet: the token still works, a try has just failed, or the server said when. */
  #isInBackoff(session: LiveSession, working: boolean): boolean {
    const now = this.#dependencies.clock.now();
    const { failure, nextTryAt, failedAt } = session;
    const isBeforeNext = nextTryAt === undefined || now < nextTryAt;
    // A failure that lies in the future is from before the clock was set back.
    const hasJustFailed = failedAt !== undefined && failedAt <= now && now - failedAt < CALLER_PATIENCE;
    return isBeforeNext && (working || failure?.retryAfter !== undefined || hasJustFailed);
  }

  #findMismatched(record: SessionRecord): LoadIssue[] {
    const { clientId, id, issuer, providerId } = record;
    const provider = this.#dependencies.provider(providerId);
    if (provider === undefined || this.providerOf(record) !== undefined) {
      return [];
    }
    return [
      { id, kind: 'foreign', providerId, issuer, clientId, ...(isOfClient(record, provider) ? { isMoved: true } : {}) },
    ];
  }

  /** VS Code keeps trust and preferences by label: two accounts of a provider must never share one. */
  #makeUniqueAccountLabel({ account, provider }: SignInGrant): string {
    const others = this.#dependencies.liveSessions.all().filter(({ record }) => record.providerId === provider.id);
    const known = others.find(({ record }) => record.account.id === account.id);
    if (known !== undefined) {
      return known.record.account.label;
    }
    const isTaken = (label: string): boolean => others.some(({ record }) => record.account.label === label);
    // The end of an id tells accounts apart more often than its beginning, which many share; the whole id always does.
    const candidates = [
      account.label,
      `${account.label} (${account.id.slice(-6)})`,
      `${account.label} (${account.id})`,
    ];
    return candidates.find((label) => !isTaken(label)) ?? account.id;
  }
}

/** Whether a token with the scopes that a server says that it granted is as good as that of a session. */
function keepsScopes({ granted: before, scopes }: SessionRecord, granted: readonly string[] | undefined): boolean {
  return granted === undefined || (before ?? scopes).filter(isPermission).every((scope) => granted.includes(scope));
}

/** Exactly the scopes that are wanted are better than more; of equals, the later sign-in. */
function rank({ record }: LiveSession, scopes: readonly string[]): number {
  return (sameScopes(record.scopes, scopes) ? Number.MAX_SAFE_INTEGER / 2 : 0) + record.signedInAt / 1000;
}
