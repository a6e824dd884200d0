// Composes the sessions of one window: storage, access, and cross-window sync. Refreshing is loaded on demand.
import { SECOND, type Clock, type Disposable } from '../core/clock.ts';
import type { Lazy } from '../core/lazy.ts';
import type { LifetimeSettings } from '../core/lifetime.ts';
import type { Log } from '../core/log.ts';
import type { Provider } from '../core/provider.ts';
import type { SessionRecord } from '../core/session.ts';
import { NotificationClaims } from '../locking/notificationClaims.ts';
import type { SharedFolder } from '../locking/sharedFolder.ts';
import type { Cipher } from '../storage/cipher.ts';
import { CrossWindowSync } from '../storage/crossWindowSync.ts';
import { LiveSessions } from '../storage/liveSessions.ts';
import type { StoreSnapshot } from '../storage/loadStoredSessions.ts';
import { EncryptionKeys, type KeyNames } from '../storage/encryptionKeys.ts';
import { SecretSessionStorage, type SecretStore } from '../storage/secretSessionStorage.ts';
import { SessionFiles } from '../storage/sessionFiles.ts';
import { SessionStore } from '../storage/sessionStore.ts';
import { folderWithTimeout, storeWithTimeout } from '../storage/timeouts.ts';
import { OnDemandGate } from './onDemandGate.ts';
import { OnDemandRefresher } from './onDemandRefresher.ts';
import type { OnDemandSessions } from './onDemandSessions.ts';
import { RefreshScheduler } from './refreshScheduler.ts';
import type { ServerSignOut } from './serverSignOut.ts';
import { SessionManager } from './sessionManager.ts';

/** The dependencies of a window's sessions. */
export interface SessionsDependencies {
  readonly clock: Clock;
  readonly log: Log;
  /** The secrets, which reach other windows late or never. */
  readonly secrets: SecretStore;
  /** The folder that other windows see immediately. */
  readonly folder: SharedFolder;
  readonly cipher: Cipher;
  readonly keyNames: KeyNames;
  /** Loads the on-demand parts. */
  readonly onDemand: Lazy<{ readonly sessions: OnDemandSessions }>;
  /** Returns the provider with an ID as configured now. */
  provider(id: string): Provider | undefined;
  /** Returns the settings that determine when refreshes are due. */
  lifetimes(): LifetimeSettings;
  /** Returns how long, in ms, a returned token must stay valid at least. */
  minimumValidity(): number;
  /** Returns the idle timeouts, in ms, of the providers that have one, by provider ID. */
  idleTimeouts(): ReadonlyMap<string, number>;
}

/**
 * How long after the start, in ms, to load all on-demand parts even if they aren't needed: an update can replace the
 * files of the extension while its windows are open.
 */
export const PRELOAD_DELAY = 3 * SECOND;

/** The sessions of one window. Nothing happens before {@link start}. */
export class SessionsModule implements Disposable {
  readonly clock: Clock;
  readonly log: Log;
  /** The secrets, with a timeout for each call. */
  readonly secrets: SecretStore;
  /** The folder that all windows share, with a timeout for each call. */
  readonly folder: SharedFolder;
  readonly liveSessions: LiveSessions;
  readonly secretStorage: SecretSessionStorage;
  readonly cipher: Cipher;
  readonly keys: EncryptionKeys;
  readonly files: SessionFiles;
  readonly notificationClaims: NotificationClaims;
  readonly sessionStore: SessionStore;
  readonly crossWindowSync: CrossWindowSync;
  readonly sessionManager: SessionManager;
  readonly scheduler: RefreshScheduler;
  readonly #dependencies: SessionsDependencies;
  readonly #gate: OnDemandGate;
  /** What was read before the on-demand parts were loaded. */
  #snapshot: StoreSnapshot | undefined;
  #listening: readonly Disposable[] = [];

  constructor(dependencies: SessionsDependencies) {
    const { clock, log, onDemand } = dependencies;
    const folder = folderWithTimeout(dependencies.folder, clock);
    const secrets = storeWithTimeout(dependencies.secrets, clock);
    const secretStorage = new SecretSessionStorage(secrets);
    const notificationClaims = new NotificationClaims(folder, log);
    const keys = new EncryptionKeys(secrets, dependencies.keyNames, () => dependencies.cipher.newKey());
    const files = new SessionFiles({ clock, log, folder, cipher: dependencies.cipher, keys });
    const liveSessions = new LiveSessions(log, clock);
    const sessionStore = new SessionStore({ clock, log, secretStorage, files, liveSessions });
    const crossWindowSync = new CrossWindowSync({ clock, log, sessionStore, secretStorage, liveSessions });
    const tokenRefresher = new OnDemandRefresher({ clock, liveSessions, onDemand });
    const sessionGate = new OnDemandGate(dependencies);
    this.#dependencies = dependencies;
    this.#gate = sessionGate;
    this.clock = clock;
    this.log = log;
    this.secrets = secrets;
    this.folder = folder;
    this.secretStorage = secretStorage;
    this.cipher = dependencies.cipher;
    this.keys = keys;
    this.files = files;
    this.notificationClaims = notificationClaims;
    this.sessionStore = sessionStore;
    this.liveSessions = liveSessions;
    this.crossWindowSync = crossWindowSync;
    this.sessionManager = new SessionManager({
      clock,
      log,
      sessionStore,
      notificationClaims,
      crossWindowSync,
      liveSessions,
      tokenRefresher,
      sessionGate,
      signInStorage: {
        add: async (...signIn) => (onDemand.value ?? (await onDemand.load())).sessions.signInStorage.add(...signIn),
      },
      renewalLock: {
        // Without it, only an empty file or two remain of the session.
        delete: async (id) =>
          void (await onDemand.load().then(
            ({ sessions }) => sessions.renewalLock.delete(id),
            () => {},
          )),
      },
      endSessionAtServer: (...session) => this.#endSessionAtServer(...session),
      onDidLoad: async (snapshot) => {
        this.#snapshot = snapshot;
        await onDemand.value?.sessions.reportLoaded();
      },
      provider: (id) => dependencies.provider(id),
      minimumValidity: () => dependencies.minimumValidity(),
    });
    this.scheduler = new RefreshScheduler({
      clock,
      log,
      liveSessions,
      sessionStore,
      tokenRefresher,
      sessionGate,
      isOwned: (record) => this.isOwned(record),
      settings: () => dependencies.lifetimes(),
    });
  }

  /** Returns whether this window may refresh a session. */
  isOwned(record: SessionRecord): boolean {
    return this.sessionManager.providerOf(record) !== undefined && !this.#gate.isBlocked(record);
  }

  /** Returns the provider with an ID as configured now; undefined if it isn't configured. */
  provider(id: string): Provider | undefined {
    return this.#dependencies.provider(id);
  }

  /** Returns what was read at start, once; undefined if nothing was read yet or it was already taken. */
  takeSnapshot(): StoreSnapshot | undefined {
    const snapshot = this.#snapshot;
    this.#snapshot = undefined;
    return snapshot;
  }

  /** Returns the idle timeouts, in ms, of the providers that have one, by provider ID. */
  idleTimeouts(): ReadonlyMap<string, number> {
    return this.#dependencies.idleTimeouts();
  }

  /** Starts to sync with other windows, to read the store as soon as possible, and to refresh what is due. */
  start(): void {
    const { crossWindowSync, sessionManager, scheduler } = this;
    const { clock, onDemand } = this.#dependencies;
    this.#listening = [
      crossWindowSync.start(),
      this.folder.watch((name) => onDemand.value?.sessions.onFileChanged(name)),
      scheduler.onDidTick(() => {
        // A store that was locked at start is read as soon as it's unlocked.
        sessionManager.ready().catch(() => {});
        void crossWindowSync.syncIfStale();
        onDemand.value?.sessions.onTick();
      }),
      ...(onDemand.value === undefined ? [clock.after(PRELOAD_DELAY, () => void onDemand.load().catch(() => {}))] : []),
    ];
    scheduler.tick();
    onDemand.value?.sessions.start();
  }

  /** Catches up after sleep, or when the window gets the focus. */
  wake(): void {
    void this.crossWindowSync.syncAll();
    this.scheduler.checkNow();
  }

  dispose(): void {
    this.scheduler.dispose();
    this.#dependencies.onDemand.value?.sessions.dispose();
    for (const one of this.#listening) {
      one.dispose();
    }
  }

  #endSessionAtServer(record: SessionRecord, provider: Provider | undefined): ServerSignOut {
    const { onDemand } = this.#dependencies;
    if (onDemand.value !== undefined) {
      return onDemand.value.sessions.endSessionAtServer(record, provider);
    }
    const signOut = onDemand.load().then(({ sessions }) => sessions.endSessionAtServer(record, provider));
    const atServer = signOut.then((started) => started.atServer);
    atServer.catch(() => {});
    return {
      queued: signOut.then(
        ({ queued }) => queued,
        () => {},
      ),
      atServer,
      page: signOut.then(
        ({ page }) => page,
        () => undefined,
      ),
    };
  }
}
