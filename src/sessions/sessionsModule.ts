// Puts the sessions of one window together: what is kept, what keeps it alive, and what follows the other windows.
import type { Clock, Disposable } from '../core/clock.ts';
import type { LifetimeSettings } from '../core/lifetime.ts';
import type { Log } from '../core/log.ts';
import type { Provider } from '../core/provider.ts';
import { configuredProviderOf, type SessionRecord } from '../core/session.ts';
import type { Discovery } from '../protocol/discovery.ts';
import type { Transport } from '../protocol/transport.ts';
import { AbandonedLocks } from './abandonedLocks.ts';
import { SessionStore } from '../storage/sessionStore.ts';
import type { Cipher } from '../storage/cipher.ts';
import type { Folder } from '../locking/sharedFolder.ts';
import { CrossWindowSync } from '../storage/crossWindowSync.ts';
import { EncryptionKeys, type KeyNames } from '../storage/encryptionKeys.ts';
import { SessionFiles } from '../storage/sessionFiles.ts';
import { StorageProbe } from '../storage/storageProbe.ts';
import { History } from './history.ts';
import { IdleMonitor } from '../idle/idleMonitor.ts';
import { SessionManager } from './sessionManager.ts';
import type { ProcessLiveness } from '../locking/processLiveness.ts';
import { Mutex } from '../locking/mutex.ts';
import { NotificationClaims } from '../locking/notificationClaims.ts';
import { folderWithTimeout, storeWithTimeout } from '../storage/timeouts.ts';
import { TokenRefresher } from './tokenRefresher.ts';
import { LiveSessions } from '../storage/liveSessions.ts';
import { RefreshScheduler } from './refreshScheduler.ts';
import { RenewalLock } from '../locking/renewalLock.ts';
import { SecretSessionStorage, type SecretStore } from '../storage/secretSessionStorage.ts';

/** What the sessions of a window stand on. */
export interface SessionsDependencies {
  readonly clock: Clock;
  readonly log: Log;
  /** The secrets, which reach other windows late or never. */
  readonly secrets: SecretStore;
  /** The folder that other windows see at once. */
  readonly folder: Folder;
  readonly liveness: ProcessLiveness;
  readonly cipher: Cipher;
  readonly keyNames: KeyNames;
  readonly discovery: Discovery;
  readonly transport: Transport;
  /** The provider with an id as it is configured now. */
  provider(id: string): Provider | undefined;
  /** What decides when renewals are due. */
  lifetimes(): LifetimeSettings;
  /** For how long, in ms, a token that is handed out keeps working, at the least. */
  minimumValidity(): number;
  /** How long, in ms, the machine has been running, sleeps included. */
  uptime(): number;
  /** Returns the configured idle timeouts, in ms, by provider id; without the providers whose timeout is off. */
  idleTimeouts(): ReadonlyMap<string, number>;
  /** A number in [0, 1). */
  random(): number;
  /** A new session id. */
  newId(): string;
  /** Told when the folder begins to fail, so that this window no longer knows of the others. */
  onDidDegrade(): void;
}

/** The sessions of one window. Nothing happens before {@link start}. */
export class SessionsModule implements Disposable {
  readonly liveSessions: LiveSessions;
  readonly secretStorage: SecretSessionStorage;
  readonly notificationClaims: NotificationClaims;
  readonly sessionStore: SessionStore;
  readonly renewalLock: RenewalLock;
  readonly crossWindowSync: CrossWindowSync;
  readonly tokenRefresher: TokenRefresher;
  readonly idleMonitor: IdleMonitor;
  readonly sessionManager: SessionManager;
  readonly scheduler: RefreshScheduler;
  readonly history: History;
  readonly health: StorageProbe;
  readonly abandonedLocks: AbandonedLocks;
  readonly #folder: Folder;
  #listening: readonly Disposable[] = [];

  constructor(ports: SessionsDependencies) {
    const { clock, log, cipher, liveness, discovery, transport } = ports;
    const folder = folderWithTimeout(ports.folder, clock);
    const secrets = storeWithTimeout(ports.secrets, clock);
    const providerOf = (record: SessionRecord): Provider | undefined =>
      configuredProviderOf(record, (id) => ports.provider(id));
    this.#folder = folder;
    this.secretStorage = new SecretSessionStorage(secrets);
    this.notificationClaims = new NotificationClaims(folder, log);
    this.renewalLock = new RenewalLock({
      clock,
      log,
      folder,
      liveness,
      mutex: new Mutex(),
      onDidDegrade: () => ports.onDidDegrade(),
    });
    this.liveSessions = new LiveSessions(log, clock);
    this.history = new History(clock, this.liveSessions);
    this.health = new StorageProbe({ clock, secrets, folder, newId: () => ports.newId() });
    const { liveSessions, renewalLock, secretStorage } = this;
    const keys = new EncryptionKeys(secrets, ports.keyNames, () => cipher.newKey());
    const files = new SessionFiles({ clock, log, folder, cipher, keys });
    const sessionStore = new SessionStore({ clock, log, secretStorage, files, liveSessions });
    this.sessionStore = sessionStore;
    this.crossWindowSync = new CrossWindowSync({ clock, log, sessionStore, liveSessions, secretStorage });
    const shared = { clock, log, sessionStore, renewalLock, liveSessions, discovery, transport };
    this.tokenRefresher = new TokenRefresher({ ...shared, random: () => ports.random(), providerOf });
    this.idleMonitor = new IdleMonitor({
      clock,
      log,
      folder,
      liveSessions,
      providerOf,
      notificationClaims: this.notificationClaims,
      crossWindowSync: this.crossWindowSync,
      uptime: () => ports.uptime(),
      timeouts: () => ports.idleTimeouts(),
      signOut: (id) => this.sessionManager.signOut(id),
    });
    this.sessionManager = new SessionManager({
      ...shared,
      sessionGate: this.idleMonitor,
      notificationClaims: this.notificationClaims,
      crossWindowSync: this.crossWindowSync,
      tokenRefresher: this.tokenRefresher,
      provider: (id) => ports.provider(id),
      minimumValidity: () => ports.minimumValidity(),
      newId: () => ports.newId(),
    });
    const isOwned = (record: SessionRecord): boolean =>
      providerOf(record) !== undefined && !this.idleMonitor.isBlocked(record);
    this.abandonedLocks = new AbandonedLocks({
      clock,
      log,
      renewalLock,
      liveSessions,
      sessionStore,
      isOwned,
      tokenRefresher: this.tokenRefresher,
    });
    this.scheduler = new RefreshScheduler({
      clock,
      log,
      liveSessions,
      sessionStore,
      isOwned,
      tokenRefresher: this.tokenRefresher,
      settings: () => ports.lifetimes(),
      sessionGate: this.idleMonitor,
    });
  }

  /** Begins to follow the other windows, to read the store as soon as that can be read, and to renew what is due. */
  start(): void {
    const { abandonedLocks, crossWindowSync, idleMonitor, sessionManager, scheduler } = this;
    this.#listening = [
      crossWindowSync.start(),
      this.#folder.watch((name) => {
        idleMonitor.onFileChanged(name);
        abandonedLocks.onFileChanged(name);
      }),
      scheduler.onDidTick(() => {
        // A store that was locked at start is read as soon as it opens.
        sessionManager.ready().catch(() => {});
        void crossWindowSync.syncIfStale();
        void abandonedLocks.check();
        void idleMonitor.evaluate();
      }),
    ];
    scheduler.tick();
    // A window may have ended in the middle of a renewal before this one was opened.
    sessionManager.ready().then(
      () => abandonedLocks.check(),
      () => {},
    );
  }

  /** Catches up with whatever has happened while nobody looked: after a sleep, or when the window is looked at again. */
  wake(): void {
    void this.crossWindowSync.syncAll();
    this.scheduler.checkNow();
  }

  dispose(): void {
    this.scheduler.dispose();
    this.abandonedLocks.dispose();
    this.history.dispose();
    this.idleMonitor.dispose();
    for (const one of this.#listening) {
      one.dispose();
    }
  }
}
