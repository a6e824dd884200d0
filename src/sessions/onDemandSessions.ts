// The on-demand parts of one window's sessions, which store new ones, refresh them, and sign out idle ones.
import type { Disposable } from '../core/clock.ts';
import type { Provider } from '../core/provider.ts';
import type { SessionRecord } from '../core/session.ts';
import { IdleMonitor } from '../idle/idleMonitor.ts';
import { Mutex } from '../locking/mutex.ts';
import type { ProcessLiveness } from '../locking/processLiveness.ts';
import { RenewalLock } from '../locking/renewalLock.ts';
import type { Discovery } from '../protocol/discovery.ts';
import { endpointOriginsOf } from '../protocol/destinations.ts';
import type { Transport } from '../protocol/transport.ts';
import { PendingRevocations } from '../storage/pendingRevocations.ts';
import { StorageProbe } from '../storage/storageProbe.ts';
import { AbandonedLocks } from './abandonedLocks.ts';
import { Revocations } from './revocations.ts';
import { History } from './history.ts';
import { Leftovers } from './leftovers.ts';
import { endSessionAtServer, type ServerSignOut } from './serverSignOut.ts';
import type { SessionsModule } from './sessionsModule.ts';
import { SignInStorage } from './signInStorage.ts';
import { StoredSessionIssues } from './storedSessionIssues.ts';
import { TokenRefresher } from './tokenRefresher.ts';

/** The dependencies of these parts. */
export interface OnDemandSessionsDependencies {
  /** The parts that are loaded at start. */
  readonly started: SessionsModule;
  readonly discovery: Discovery;
  readonly transport: Transport;
  readonly liveness: ProcessLiveness;
  /** Returns the machine's uptime, in ms, including sleep. */
  uptime(): number;
  /** Returns a number in [0, 1). */
  random(): number;
  /** Returns how long, in ms, to keep returning the access token of a session that the server has ended. */
  gracePeriod(): number;
  /** Returns a new ID. */
  newId(): string;
  /**
   * Called with the failure code when the folder begins to fail and this window is no longer coordinated with others.
   */
  onDidDegrade(code: string): void;
}

/** The on-demand parts of one window's sessions. Nothing happens before {@link start}. */
export class OnDemandSessions implements Disposable {
  readonly renewalLock: RenewalLock;
  readonly tokenRefresher: TokenRefresher;
  readonly idleMonitor: IdleMonitor;
  readonly abandonedLocks: AbandonedLocks;
  readonly signInStorage: SignInStorage;
  readonly health: StorageProbe;
  readonly revocations: Revocations;
  readonly storedSessionIssues: StoredSessionIssues;
  readonly history: History;
  readonly #leftovers: Leftovers;
  readonly #dependencies: OnDemandSessionsDependencies;

  constructor(dependencies: OnDemandSessionsDependencies) {
    const { discovery, liveness, started, transport } = dependencies;
    const { clock, crossWindowSync, folder, liveSessions, log, notificationClaims, secrets, sessionManager } = started;
    const { sessionStore } = started;
    const providerOf = (record: SessionRecord): Provider | undefined => sessionManager.providerOf(record);
    this.#dependencies = dependencies;
    this.history = new History(clock, liveSessions);
    this.storedSessionIssues = new StoredSessionIssues({
      clock,
      log,
      sessionStore,
      crossWindowSync,
      liveSessions,
      notificationClaims,
      provider: (id) => started.provider(id),
    });
    this.health = new StorageProbe({ clock, secrets, folder, newId: () => dependencies.newId() });
    this.renewalLock = new RenewalLock({
      clock,
      log,
      folder,
      liveness,
      mutex: new Mutex(),
      onDidDegrade: (code) => dependencies.onDidDegrade(code),
    });
    this.revocations = new Revocations({
      clock,
      log,
      discovery,
      transport,
      liveSessions,
      pendingRevocations: new PendingRevocations({
        clock,
        log,
        folder,
        secrets,
        cipher: started.cipher,
        keys: started.keys,
      }),
      random: () => dependencies.random(),
      newId: () => dependencies.newId(),
    });
    this.tokenRefresher = new TokenRefresher({
      revocations: this.revocations,
      clock,
      log,
      sessionStore,
      renewalLock: this.renewalLock,
      liveSessions,
      discovery,
      transport,
      random: () => dependencies.random(),
      gracePeriod: () => dependencies.gracePeriod(),
      providerOf,
    });
    this.idleMonitor = new IdleMonitor({
      clock,
      log,
      folder,
      liveSessions,
      providerOf,
      notificationClaims,
      crossWindowSync,
      uptime: () => dependencies.uptime(),
      timeouts: () => started.idleTimeouts(),
      signOut: (id) => sessionManager.signOut(id),
      outcomeOf: (record) => this.revocations.outcomeOf(record, providerOf(record)),
    });
    this.abandonedLocks = new AbandonedLocks({
      clock,
      log,
      renewalLock: this.renewalLock,
      liveSessions,
      sessionStore,
      isOwned: (record) => started.isOwned(record),
      tokenRefresher: this.tokenRefresher,
    });
    this.#leftovers = new Leftovers({
      clock,
      log,
      liveSessions,
      notificationClaims,
      renewalLock: this.renewalLock,
      files: started.files,
      folder,
      secretStorage: started.secretStorage,
      sessionStore,
      isProvider: (id) => started.provider(id) !== undefined,
    });
    this.signInStorage = new SignInStorage({
      clock,
      log,
      sessionStore,
      crossWindowSync,
      liveSessions,
      renewalLock: this.renewalLock,
      sessionGate: this.idleMonitor,
      providerOf,
      getAll: (providerId) => sessionManager.getAll(providerId),
      remove: (id) => sessionManager.removeLocally(id),
      revocations: this.revocations,
      newId: () => dependencies.newId(),
    });
  }

  /**
   * Stores a marker that shows after the next start of VS Code whether secrets persist. Never rejects.
   * @param editorSession the ID of the current run of VS Code.
   */
  async checkPersistence(editorSession: string): Promise<void> {
    try {
      await this.#dependencies.started.sessionManager.ready();
      await this.health.checkPersistence(editorSession);
    } catch {
      // The secrets can't be read, which is reported elsewhere.
    }
  }

  /** Starts watching for idle sessions, and for unfinished refreshes of other windows. */
  start(): void {
    this.#dependencies.started.sessionManager.ready().then(
      () => {
        void this.reportLoaded();
        void this.idleMonitor.start();
        // A window may have ended during a refresh before this one was opened.
        void this.abandonedLocks.check();
        void this.revocations.retry();
      },
      () => {},
    );
  }

  /** Reports issues with the sessions read at start, once. */
  async reportLoaded(): Promise<void> {
    const snapshot = this.#dependencies.started.takeSnapshot();
    if (snapshot !== undefined) {
      await this.storedSessionIssues.reportLoaded(snapshot);
    }
  }

  /** Called when a file in the shared folder has changed. */
  onFileChanged(name: string): void {
    this.idleMonitor.onFileChanged(name);
    this.abandonedLocks.onFileChanged(name);
    this.revocations.onFileChanged(name);
  }

  /** Called after each tick of the scheduler. */
  onTick(): void {
    void this.abandonedLocks.check();
    void this.idleMonitor.evaluate();
    void this.revocations.retry();
    this.#dependencies.started.sessionManager.ready().then(
      () => this.#leftovers.onTick(),
      () => {},
    );
  }

  /** Ends a session at its server; `provider` is undefined if it's no longer configured. */
  endSessionAtServer(record: SessionRecord, provider: Provider | undefined): ServerSignOut {
    const { revocations } = this;
    const {
      discovery,
      started: { log },
      transport: { clock },
    } = this.#dependencies;
    return endSessionAtServer(record, provider, { clock, discovery, log, revocations });
  }

  /**
   * Trusts the endpoints that a session's server currently specifies. The next refresh sends the refresh token there.
   * @throws Failure if the server's metadata can't be read.
   */
  async trustEndpoints(id: string): Promise<void> {
    const { discovery, started } = this.#dependencies;
    const session = started.liveSessions.get(id);
    const provider = session && started.sessionManager.providerOf(session.record);
    if (session !== undefined && provider !== undefined) {
      const endpointOrigins = endpointOriginsOf(await discovery.find(provider));
      started.liveSessions.patch(id, { record: { ...session.record, endpointOrigins } });
    }
  }

  dispose(): void {
    this.history.dispose();
    this.storedSessionIssues.dispose();
    this.abandonedLocks.dispose();
    this.idleMonitor.dispose();
  }
}
