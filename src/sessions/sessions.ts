// Puts the sessions of one window together: what is kept, what keeps it alive, and what follows the other windows.
import type { Clock, Disposable } from '../core/clock.ts';
import type { LifetimeSettings } from '../core/lifetime.ts';
import type { Log } from '../core/log.ts';
import type { Provider } from '../core/provider.ts';
import { ownerOf, type SessionRecord } from '../core/session.ts';
import type { Discovery } from '../protocol/discovery.ts';
import type { Transport } from '../protocol/transport.ts';
import { AbandonedLocks } from './abandonedLocks.ts';
import { Archive } from './archive.ts';
import type { Cipher } from './cipher.ts';
import type { Folder } from './folder.ts';
import { Follower } from './follower.ts';
import { HandOver, type KeyNames } from './handOver.ts';
import { PlaceHealth } from './health.ts';
import { History } from './history.ts';
import { Idleness } from './idleness.ts';
import { Keeper } from './keeper.ts';
import { Ledger } from './ledger.ts';
import type { Life } from './life.ts';
import { WindowLock } from './lock.ts';
import { Notices } from './notices.ts';
import { patientFolder, patientStore } from './patience.ts';
import { Refresher } from './refresher.ts';
import { Registry } from './registry.ts';
import { Scheduler } from './scheduler.ts';
import { Turns } from './turns.ts';
import { Vault, type SecretStore } from './vault.ts';

/** What the sessions of a window stand on. */
export interface SessionsPorts {
  readonly clock: Clock;
  readonly log: Log;
  /** The secrets, which reach other windows late or never. */
  readonly secrets: SecretStore;
  /** The folder that other windows see at once. */
  readonly folder: Folder;
  readonly life: Life;
  readonly cipher: Cipher;
  readonly keyNames: KeyNames;
  readonly discovery: Discovery;
  readonly transport: Transport;
  /** The provider with an id as it is configured now. */
  provider(id: string): Provider | undefined;
  /** What decides when renewals are due. */
  lifetimes(): LifetimeSettings;
  /** For how long, in ms, a token that is handed out keeps working, at the least. */
  freshness(): number;
  /** How long, in ms, the machine has been running, sleeps included. */
  uptime(): number;
  /** After how long without activity, in ms, sessions are signed out: by provider id, of those where it is on at all. */
  idleTimeouts(): ReadonlyMap<string, number>;
  /** A number in [0, 1). */
  random(): number;
  /** A new session id. */
  newId(): string;
  /** Told when the folder begins to fail, so that this window no longer knows of the others. */
  onAlone(): void;
}

/** The sessions of one window. Nothing happens before {@link start}. */
export class Sessions implements Disposable {
  readonly registry: Registry;
  readonly vault: Vault;
  readonly ledger: Ledger;
  readonly notices: Notices;
  readonly archive: Archive;
  readonly turns: Turns;
  readonly follower: Follower;
  readonly refresher: Refresher;
  readonly idleness: Idleness;
  readonly keeper: Keeper;
  readonly scheduler: Scheduler;
  readonly history: History;
  readonly health: PlaceHealth;
  readonly abandonedLocks: AbandonedLocks;
  readonly #folder: Folder;
  #listening: readonly Disposable[] = [];

  constructor(ports: SessionsPorts) {
    const { clock, log, life, discovery, transport } = ports;
    const folder = patientFolder(ports.folder, clock);
    const secrets = patientStore(ports.secrets, clock);
    const providerOf = (record: SessionRecord): Provider | undefined => ownerOf(record, (id) => ports.provider(id));
    this.#folder = folder;
    this.vault = new Vault(secrets);
    this.ledger = new Ledger(folder, log);
    this.notices = new Notices(folder, log);
    const handOver = new HandOver(folder, secrets, ports.cipher, log, ports.keyNames);
    this.archive = new Archive({ clock, log, vault: this.vault, handOver, ledger: this.ledger });
    this.turns = new Turns({ clock, log, folder, life, lock: new WindowLock(), onAlone: () => ports.onAlone() });
    this.registry = new Registry(log, clock);
    this.history = new History(clock, this.registry);
    this.health = new PlaceHealth({ clock, secrets, folder, newId: () => ports.newId() });
    const { archive, ledger, registry, turns, vault } = this;
    this.follower = new Follower({ clock, log, archive, ledger, registry, vault });
    const shared = { clock, log, archive, ledger, turns, registry, discovery, transport };
    this.refresher = new Refresher({ ...shared, random: () => ports.random(), providerOf });
    this.idleness = new Idleness({
      clock, log, folder, registry, providerOf,
      notices: this.notices,
      follower: this.follower,
      uptime: () => ports.uptime(),
      timeouts: () => ports.idleTimeouts(),
      signOut: (id) => this.keeper.signOut(id),
    });
    this.keeper = new Keeper({
      ...shared,
      idleness: this.idleness,
      notices: this.notices,
      follower: this.follower,
      refresher: this.refresher,
      provider: (id) => ports.provider(id),
      freshness: () => ports.freshness(),
      newId: () => ports.newId(),
    });
    const isOwned = (record: SessionRecord): boolean => providerOf(record) !== undefined && !this.idleness.isHeld(record);
    this.abandonedLocks = new AbandonedLocks({ clock, log, turns, registry, isOwned, refresher: this.refresher });
    this.scheduler = new Scheduler({
      clock, log, registry, isOwned,
      refresher: this.refresher,
      settings: () => ports.lifetimes(),
      settleFirst: () => this.idleness.settleFirst(),
    });
  }

  /** Begins to follow the other windows, to read the store as soon as that can be read, and to renew what is due. */
  start(): void {
    const { abandonedLocks, follower, idleness, keeper, ledger, scheduler, vault } = this;
    this.#listening = [
      vault.onDidChange((id) => void follower.onSecretChanged(id)),
      this.#folder.watch((name) => {
        const id = ledger.idOf(name);
        if (id !== undefined) {
          void follower.follow(id);
        }
        idleness.onFileChanged(name);
        abandonedLocks.onFileChanged(name);
      }),
      scheduler.onDidTick(() => {
        // A store that was locked at start is read as soon as it opens.
        keeper.ready().catch(() => {});
        void follower.followNowAndThen();
        void abandonedLocks.check();
        void idleness.settle();
      }),
    ];
    scheduler.tick();
    // A window may have ended in the middle of a renewal before this one was opened.
    keeper.ready().then(() => abandonedLocks.check(), () => {});
  }

  /** Catches up with whatever has happened while nobody looked: after a sleep, or when the window is looked at again. */
  wake(): void {
    void this.follower.followAll();
    this.scheduler.hurry();
  }

  dispose(): void {
    this.scheduler.dispose();
    this.abandonedLocks.dispose();
    this.history.dispose();
    this.idleness.dispose();
    for (const one of this.#listening) {
      one.dispose();
    }
  }
}
