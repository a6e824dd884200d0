// Updates this window's memory with what other windows store.
import { SECOND, type Clock, type Disposable } from '../core/clock.ts';
import { toFailure } from '../core/failure.ts';
import type { Log } from '../core/log.ts';
import { isNewer, type SessionRecord } from '../core/session.ts';
import type { LiveSessions } from './liveSessions.ts';
import { describeExpiry, describeSession } from './recordDescription.ts';
import type { SecretSessionStorage } from './secretSessionStorage.ts';
import { isBeingCompleted, longestWait, toSharedFailure, type RefreshFailure } from './sessionFile.ts';
import type { SessionStore } from './sessionStore.ts';

/** The dependencies of the cross-window sync. */
export interface CrossWindowSyncDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly sessionStore: SessionStore;
  readonly secretStorage: SecretSessionStorage;
  readonly liveSessions: LiveSessions;
}

/** The shortest interval, in ms, between two routine syncs of all sessions. */
const SYNC_INTERVAL = 15 * SECOND;

/**
 * The interval, in ms, and the number of rechecks of a session in memory whose file can't be read: the key of another
 * window's tombstone may not be visible yet.
 */
const RECHECK_INTERVAL = 2 * SECOND;
const MAX_RECHECKS = 5;

/** The cross-window sync of one window. */
export class CrossWindowSync {
  readonly #dependencies: CrossWindowSyncDependencies;
  readonly #syncing = new Map<string, Promise<void>>();
  /** The sessions that changed while they were being synced. */
  readonly #changed = new Set<string>();
  /** How often each session was rechecked. */
  readonly #rechecks = new Map<string, number>();
  #syncedAt = -Infinity;

  constructor(dependencies: CrossWindowSyncDependencies) {
    this.#dependencies = dependencies;
  }

  /** Syncs each session when the platform reports a change, until the result is disposed of. */
  start(): Disposable {
    const { sessionStore } = this.#dependencies;
    const listening = [
      sessionStore.onDidChangeFile((id) => void this.sync(id)),
      sessionStore.onDidChangeSecret((id) => void this.syncSecret(id)),
    ];
    return { dispose: () => listening.forEach((one) => one.dispose()) };
  }

  /** Syncs all sessions, including those that only other windows know. */
  async syncAll(): Promise<void> {
    const { clock, liveSessions, sessionStore } = this.#dependencies;
    this.#syncedAt = clock.now();
    await sessionStore.retryPendingRemovals();
    const { present, signedOut } = await sessionStore.listFiles();
    const mine = liveSessions.all().map(({ record }) => record.id);
    const ids = [...present.map(({ id }) => id), ...mine.filter((id) => signedOut.includes(id))];
    await Promise.all(ids.map((id) => this.sync(id)));
  }

  /** Syncs all sessions unless that was done recently. */
  async syncIfStale(): Promise<void> {
    // A clock that was set back must not prevent the sync.
    if (Math.abs(this.#dependencies.clock.now() - this.#syncedAt) >= SYNC_INTERVAL) {
      await this.syncAll();
    }
  }

  /** Applies the changes of other windows to a session. Concurrent calls share one sync. */
  async sync(id: string): Promise<void> {
    const running = this.#syncing.get(id);
    if (running !== undefined) {
      // The running sync may have read the session before the change.
      this.#changed.add(id);
      return running;
    }
    const syncing = this.#syncUntilUnchanged(id).finally(() => this.#syncing.delete(id));
    this.#syncing.set(id, syncing);
    return syncing;
  }

  async #syncUntilUnchanged(id: string): Promise<void> {
    do {
      await this.#syncOnce(id);
    } while (this.#changed.delete(id));
  }

  async #syncOnce(id: string): Promise<void> {
    const { liveSessions, sessionStore } = this.#dependencies;
    const mine = liveSessions.get(id)?.record;
    if (mine === undefined) {
      const record = await sessionStore.get(id);
      if (record !== undefined && liveSessions.get(id) === undefined && !sessionStore.isRemoved(id)) {
        this.#adopt(record);
      }
      return;
    }
    const state = await sessionStore.compare(mine, 'file');
    const header = await sessionStore.header(id);
    const isSame = liveSessions.get(id)?.record === mine;
    if (isSame && state.kind === 'signed-out') {
      this.#drop(mine);
    } else if (isSame && state.kind === 'superseded' && (state.record.isComplete || !isBeingCompleted(header))) {
      this.#adopt(state.record);
    }
    await this.#applyFailure(id, header?.lastFailure);
    this.#recheckLater(id, header === undefined);
  }

  #recheckLater(id: string, isUnreadable: boolean): void {
    const count = this.#rechecks.get(id) ?? 0;
    if (!isUnreadable || this.#dependencies.liveSessions.get(id) === undefined) {
      this.#rechecks.delete(id);
    } else if (count < MAX_RECHECKS) {
      this.#rechecks.set(id, count + 1);
      this.#dependencies.clock.after(RECHECK_INTERVAL, () => void this.sync(id));
    }
  }

  /** Syncs a session whose secret was changed or deleted. */
  async syncSecret(id: string): Promise<void> {
    const { liveSessions, log, secretStorage, sessionStore } = this.#dependencies;
    const isSignedOut = await sessionStore.purgeSignedOut(id);
    const before = liveSessions.get(id)?.record;
    if (before === undefined || isSignedOut) {
      return this.sync(id);
    }
    let stored: SessionRecord | undefined;
    try {
      stored = await secretStorage.read(id);
    } catch (error) {
      log.warn(`Couldn't read session ${id.slice(0, 8)} after a change (${toFailure(error).code}).`);
      return;
    }
    return stored === undefined ? this.#onSecretDeleted(before) : this.#onSecretStored(stored);
  }

  /** Adopts a newer record. An older one means that this window's record was overwritten. */
  async #onSecretStored(stored: SessionRecord): Promise<void> {
    const { liveSessions } = this.#dependencies;
    const isFinal = stored.isComplete || (await this.#isFinal(stored));
    const mine = liveSessions.get(stored.id);
    if (mine === undefined || mine.refreshing) {
      return;
    }
    if (isFinal && isNewer(stored, mine.record)) {
      this.#adopt(stored);
    } else if (isNewer(mine.record, stored)) {
      liveSessions.patch(stored.id, { unsaved: true });
    }
  }

  /**
   * Returns whether an incomplete record stays as it is. Without the file, another window may still be completing it.
   */
  async #isFinal({ generation, id }: SessionRecord): Promise<boolean> {
    const header = await this.#dependencies.sessionStore.header(id);
    return header !== undefined && header.generation >= generation && !isBeingCompleted(header);
  }

  /** A sign-out leaves a tombstone. Without one, SecretStorage has lost the session. */
  async #onSecretDeleted(record: SessionRecord): Promise<void> {
    const { liveSessions, log, secretStorage, sessionStore } = this.#dependencies;
    if (await sessionStore.isSignedOutAnywhere(record.id)) {
      this.#drop(record);
    } else if (!(await secretStorage.holdsLaterVersion(record.id).catch(() => true))) {
      liveSessions.patch(record.id, { unsaved: true });
      log.warn(`${describeSession(record)}: missing from SecretStorage; storing it again.`);
    }
  }

  #adopt(record: SessionRecord): void {
    this.#dependencies.liveSessions.set(record);
    this.#dependencies.log.info(`${describeSession(record)}: adopted from another window; ${describeExpiry(record)}.`);
  }

  #drop(record: SessionRecord): void {
    if (this.#dependencies.liveSessions.remove(record.id) !== undefined) {
      this.#dependencies.log.info(`${describeSession(record)}: signed out in another window.`);
    }
  }

  /** Applies the failure of another window here, too: for the status bar and the time of the next attempt. */
  async #applyFailure(id: string, failed: RefreshFailure | undefined): Promise<void> {
    const { clock, liveSessions, sessionStore } = this.#dependencies;
    const session = liveSessions.get(id);
    const now = clock.now();
    if (failed === undefined || session === undefined || session.refreshing || session.record.ended !== undefined) {
      return;
    }
    // A failure in the future dates from before the clock was set back.
    if (failed.generation !== session.record.generation || failed.at > now) {
      return;
    }
    const { failures, at, nextAttemptAt, rejectedAt } = failed;
    const waitUntil = longestWait([failed.waitUntil, session.waitUntil], now);
    if (waitUntil !== undefined && waitUntil !== failed.waitUntil) {
      // The server asked this window to wait longer.
      await sessionStore.recordFailure(session.record, { ...failed, waitUntil });
    }
    if (at <= (session.failedAt ?? 0)) {
      return;
    }
    liveSessions.patch(id, {
      failure: toSharedFailure({ ...failed, waitUntil }, now),
      failures,
      failedAt: at,
      nextAttemptAt: nextAttemptAt === undefined ? undefined : Math.max(nextAttemptAt, waitUntil ?? 0),
      waitUntil,
      rejectedAt,
    });
  }
}
