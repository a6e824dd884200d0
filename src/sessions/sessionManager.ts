// Lists sessions, returns usable ones, adds sign-ins, and signs out.
import { isSameAccount } from '../core/accounts.ts';
import type { Clock } from '../core/clock.ts';
import { sanitizeDisplayName } from '../core/failure.ts';
import type { Log } from '../core/log.ts';
import type { Provider } from '../core/provider.ts';
import { configuredProviderOf } from '../core/serverIdentity.ts';
import { isNewer, type SessionRecord } from '../core/session.ts';
import { rankFor, servesScopes } from '../core/sessionScopes.ts';
import { isUsable, sessionTime, type LiveSession } from '../core/status.ts';
import type { SignInGrant } from '../protocol/identity.ts';
import type { NotificationClaims } from '../locking/notificationClaims.ts';
import type { RenewalLock } from '../locking/renewalLock.ts';
import type { CrossWindowSync } from '../storage/crossWindowSync.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';
import { describeSession } from '../storage/recordDescription.ts';
import type { SessionStore } from '../storage/sessionStore.ts';
import { AccessGate } from './accessGate.ts';
import { DecisionLog } from './decisionLog.ts';
import type { ServerSignOut } from './serverSignOut.ts';
import type { SessionGate } from './sessionGate.ts';
import { SessionLoader, type SessionLoaderDependencies } from './sessionLoader.ts';
import type { SignInResult, SignInStorage } from './signInStorage.ts';
import type { SessionRefresher } from './onDemandRefresher.ts';

/** The dependencies of the session manager. */
export interface SessionManagerDependencies extends Pick<SessionLoaderDependencies, 'onDidLoad'> {
  readonly clock: Clock;
  readonly log: Log;
  readonly sessionStore: SessionStore;
  readonly notificationClaims: NotificationClaims;
  readonly crossWindowSync: CrossWindowSync;
  readonly liveSessions: LiveSessions;
  readonly tokenRefresher: SessionRefresher;
  readonly sessionGate: SessionGate;
  readonly renewalLock: Pick<RenewalLock, 'delete'>;
  readonly signInStorage: Pick<SignInStorage, 'add'>;
  /** Signs a session out at its server; `provider` is undefined if it's no longer configured. */
  endSessionAtServer(record: SessionRecord, provider: Provider | undefined): ServerSignOut;
  /** Returns the provider with an ID as configured now. */
  provider(id: string): Provider | undefined;
  /** Returns how long, in ms, a returned token must stay valid at least. */
  minimumValidity(): number;
}

/** Returns whether a session is suitable for a caller, in addition to its scopes. */
export type SessionFilter = (record: SessionRecord) => boolean;

/** The sessions as callers see them. */
export class SessionManager {
  readonly #dependencies: SessionManagerDependencies;
  readonly #decisions: DecisionLog;
  readonly #loader: SessionLoader;
  readonly #accessGate: AccessGate;

  constructor(dependencies: SessionManagerDependencies) {
    this.#dependencies = dependencies;
    this.#decisions = new DecisionLog(dependencies.log);
    this.#loader = new SessionLoader(dependencies);
    this.#accessGate = new AccessGate({ ...dependencies, decisions: this.#decisions });
  }

  /**
   * Reads the stored sessions into memory, once; after a failure, the next call tries again. Resolves when it's known
   * which
   * of them may be used. Never uses the network.
   * @throws Failure `storage` if SecretStorage can't be read.
   */
  async ready(): Promise<void> {
    await this.#loader.load();
    await this.#dependencies.sessionGate.evaluateBeforeUse();
  }

  /**
   * Returns the sessions that haven't ended, from memory.
   * @param providerId a provider; all of them if undefined.
   */
  getActive(providerId?: string): LiveSession[] {
    const now = this.#dependencies.clock.now();
    return this.getAll(providerId).filter((session) => isUsable(session.record, sessionTime(session, now)));
  }

  /**
   * Returns the sessions of the providers as configured, including ended ones, without those that must not be used.
   * @param providerId a provider; all of them if undefined.
   */
  getAll(providerId?: string): LiveSession[] {
    const { liveSessions, sessionGate } = this.#dependencies;
    return liveSessions.all().filter(({ record }) => {
      const isOfProvider = providerId === undefined || record.providerId === providerId;
      return isOfProvider && this.providerOf(record) !== undefined && !sessionGate.isBlocked(record);
    });
  }

  /**
   * Returns the sessions that aren't used, because their provider isn't configured, or has another issuer or client. Their
   * tokens may still be valid until the user signs out.
   */
  getUnused(): LiveSession[] {
    return this.#dependencies.liveSessions.all().filter(({ record }) => this.providerOf(record) === undefined);
  }

  /** Returns the provider of a session; undefined if it isn't configured, or has another issuer or client. */
  providerOf(record: SessionRecord): Provider | undefined {
    return configuredProviderOf(record, (id) => this.#dependencies.provider(id));
  }

  /**
   * Returns the sessions for a caller with these scopes ({@link servesScopes}), each with a token that stays valid for
   * the
   * minimum validity, refreshed if needed. One session per account: the one with exactly these permissions, or else the
   * latest sign-in.
   * @returns an empty list only if there is no session, because VS Code then asks the user to sign in.
   * @throws Failure if a session exists, its token no longer works, and a refresh failed for a temporary reason.
   */
  async getUsableSessions(
    providerId: string,
    scopes: readonly string[],
    accountId?: string,
    filter?: SessionFilter,
  ): Promise<LiveSession[]> {
    await this.ready();
    this.#dependencies.liveSessions.checkClock();
    const matching = this.findMatching(providerId, scopes, accountId, filter);
    if (matching.length === 0) {
      const wanted = sanitizeDisplayName(scopes.join(' '));
      const count = this.getAll(providerId).length;
      const message = `No session at ${providerId} has the requested scopes "${wanted}"; sessions: ${count}.`;
      this.#decisions.logOnce(providerId, wanted, () => message);
    }
    const fresh = await Promise.all(matching.map((session) => this.#accessGate.ensureFresh(session)));
    return fresh.filter((session) => session !== undefined);
  }

  /** Returns the sessions that {@link getUsableSessions} would return, unchanged and from memory. */
  findMatching(
    providerId: string,
    scopes: readonly string[],
    accountId: string | undefined,
    filter: SessionFilter = () => true,
  ): LiveSession[] {
    const rank = ({ record }: LiveSession): number => rankFor(record, scopes, this.providerOf(record));
    const matching = this.getActive(providerId).filter(({ record }) => {
      const isOfAccount = accountId === undefined || record.account.id === accountId;
      const provider = this.providerOf(record);
      return isOfAccount && provider !== undefined && servesScopes(record, scopes, provider) && filter(record);
    });
    const best = new Map<string, LiveSession>();
    for (const session of matching) {
      const known = best.get(session.record.account.id);
      if (known === undefined || rank(session) > rank(known)) {
        best.set(session.record.account.id, session);
      }
    }
    return [...best.values()];
  }

  /**
   * Stores a sign-in as a session; see {@link SignInStorage.add}.
   * @throws Failure if the provider's entry was changed or removed during the sign-in.
   */
  async addSession(grant: SignInGrant, result: SignInResult = {}): Promise<SessionRecord> {
    // An unreadable SecretStorage must not prevent a sign-in. A readable one may already contain this session.
    await this.ready().catch(() => {});
    return this.#dependencies.signInStorage.add(grant, result);
  }

  /**
   * Signs out of a session here, immediately and unconditionally, and at the server in the background.
   * @throws Failure `storage` if the session has ended, but couldn't be deleted from storage.
   */
  async signOut(id: string): Promise<ServerSignOut> {
    const { log, liveSessions } = this.#dependencies;
    const session = liveSessions.remove(id);
    if (session === undefined) {
      return {
        queued: Promise.resolve(),
        atServer: Promise.resolve('not-supported'),
        page: Promise.resolve(undefined),
      };
    }
    const { record } = session;
    log.info(`${describeSession(record)}: signed out here.`);
    return this.#remove(id, async (readNewest) => {
      const stored = await readNewest();
      // Another window may have refreshed the session without this one knowing. The older tokens are then useless.
      const newest = stored !== undefined && isNewer(stored, record) ? stored : record;
      const signOut = this.#dependencies.endSessionAtServer(newest, this.providerOf(newest));
      await signOut.queued;
      return signOut;
    });
  }

  /**
   * Signs out of the account of a session: of all its sessions, as {@link signOut} does.
   * @returns the sign-outs at the server; none if there is no such session, for example because the account was signed
   * out
   * with another one.
   * @throws Failure `storage` if they have ended, but a session couldn't be deleted from storage.
   */
  async signOutOfAccount(id: string): Promise<ServerSignOut[]> {
    const session = this.#dependencies.liveSessions.get(id);
    if (session === undefined) {
      return [];
    }
    const isUsed = this.providerOf(session.record) !== undefined;
    const others = (isUsed ? this.getAll() : this.getUnused()).filter(
      ({ record }) => record.id !== id && isSameAccount(record, session.record),
    );
    return Promise.all([session, ...others].map(({ record }) => this.signOut(record.id)));
  }

  /**
   * Deletes a session here without notifying the server, because its tokens may be those of another session.
   * @throws Failure `storage` if the session has ended, but couldn't be deleted from storage.
   */
  async removeLocally(id: string): Promise<void> {
    const { log, liveSessions } = this.#dependencies;
    const session = liveSessions.remove(id);
    if (session !== undefined) {
      log.info(`${describeSession(session.record)}: deleted here without notifying the server.`);
      await this.#remove(id, () => Promise.resolve());
    }
  }

  async #remove<T>(id: string, task: (readNewest: () => Promise<SessionRecord | undefined>) => Promise<T>): Promise<T> {
    const { liveSessions, sessionStore, renewalLock } = this.#dependencies;
    liveSessions.remove(id);
    return sessionStore.removeAfter(id, task).finally(() => renewalLock.delete(id));
  }
}
