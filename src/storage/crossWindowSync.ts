// Keeps this window's memory in step with what the other windows store.
import { SECOND, type Clock, type Disposable } from '../core/clock.ts';
import { toFailure } from '../core/failure.ts';
import type { Log } from '../core/log.ts';
import { isNewer, type SessionRecord } from '../core/session.ts';
import type { LiveSessions } from './liveSessions.ts';
import { describeExpiry, describeSession } from './recordDescription.ts';
import type { SecretSessionStorage } from './secretSessionStorage.ts';
import { isBeingCompleted, longestWait, toSharedFailure, type RefreshFailure } from './sessionFile.ts';
import type { SessionStore } from './sessionStore.ts';

/** What the cross-window sync works with. */
export interface CrossWindowSyncDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly sessionStore: SessionStore;
  readonly secretStorage: SecretSessionStorage;
  readonly liveSessions: LiveSessions;
}

/** The least time, in ms, between two looks at all sessions that nothing special calls for. */
const SYNC_INTERVAL = 15 * SECOND;

/**
 * The time, in ms, between two looks at a session in memory whose file can't be read, and their number: the key that
 * another window has written a tombstone with may not be visible yet.
 */
const RECHECK_INTERVAL = 2 * SECOND;
const MAX_RECHECKS = 5;

/** The sync of one window. */
export class CrossWindowSync {
  readonly #dependencies: CrossWindowSyncDependencies;
  readonly #syncing = new Map<string, Promise<void>>();
  /** The sessions that changed while they were being synced. */
  readonly #changed = new Set<string>();
  /** How often each session was looked at again. */
  readonly #rechecks = new Map<string, number>();
  #syncedAt = -Infinity;

  constructor(dependencies: CrossWindowSyncDependencies) {
    this.#dependencies = dependencies;
  }

  /** Syncs each session as soon as the platform reports a change, until the result is disposed of. */
  start(): Disposable {
    const { sessionStore } = this.#dependencies;
    const listening = [
      sessionStore.onDidChangeFile((id) => void this.sync(id)),
      sessionStore.onDidChangeSecret((id) => void this.syncSecret(id)),
    ];
    return { dispose: () => listening.forEach((one) => one.dispose()) };
  }

  /** Syncs all sessions, also those that only other windows know. */
  async syncAll(): Promise<void> {
    const { clock, liveSessions, sessionStore } = this.#dependencies;
    this.#syncedAt = clock.now();
    await sessionStore.retryPendingRemovals();
    const { present, signedOut } = await sessionStore.listFiles();
    const mine = liveSessions.all().map(({ record }) => record.id);
    const ids = [...present.map(({ id }) => id), ...mine.filter((id) => signedOut.includes(id))];
    await Promise.all(ids.map((id) => this.sync(id)));
  }

  /** The same, unless that was done a moment ago. */
  async syncIfStale(): Promise<void> {
    // A clock that was set back must not keep it from looking.
    if (Math.abs(this.#dependencies.clock.now() - this.#syncedAt) >= SYNC_INTERVAL) {
      await this.syncAll();
    }
  }

  /** Takes into memory what other windows have done to a session. Calls that come together are served together. */
  async sync(id: string): Promise<void> {
    const running = this.#syncing.get(id);
    if (running !== undefined) {
      // It may already have read what has changed since.
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

  /** Syncs a session whose secret has changed, or is gone. */
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
      log.warn(`Session ${id.slice(0, 8)} couldn't be read after a change (${toFailure(error).code}).`);
      return;
    }
    return stored === undefined ? this.#onSecretDeleted(before) : this.#onSecretStored(stored);
  }

  /** Adopts a newer record; if it's an older one, something has overwritten this window's. */
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

  /** Whether an incomplete record stays as it is; without the file, nobody knows whether another window is busy with it. */
  async #isFinal({ generation, id }: SessionRecord): Promise<boolean> {
    const header = await this.#dependencies.sessionStore.header(id);
    return header !== undefined && header.generation >= generation && !isBeingCompleted(header);
  }

  /** A sign-out leaves a tombstone; without one, SecretStorage has lost the session. */
  async #onSecretDeleted(record: SessionRecord): Promise<void> {
    const { liveSessions, log, secretStorage, sessionStore } = this.#dependencies;
    if (await sessionStore.isSignedOutAnywhere(record.id)) {
      this.#drop(record);
    } else if (!(await secretStorage.holdsLaterVersion(record.id).catch(() => true))) {
      liveSessions.patch(record.id, { unsaved: true });
      log.warn(`${describeSession(record)} is gone from SecretStorage; it's stored again.`);
    }
  }

  #adopt(record: SessionRecord): void {
    this.#dependencies.liveSessions.set(record);
    this.#dependencies.log.info(`${describeSession(record)}: adopted from another window; ${describeExpiry(record)}.`);
  }

  #drop(record: SessionRecord): void {
    if (this.#dependencies.liveSessions.remove(record.id) !== undefined) {
      this.#dependencies.log.info(`${describeSession(record)} was signed out in another window.`);
    }
  }

  /** What another window has failed at counts here, too: for the status bar, and for the time of the next attempt. */
  async #applyFailure(id: string, failed: RefreshFailure | undefined): Promise<void> {
    const { clock, liveSessions, sessionStore } = this.#dependencies;
    const session = liveSessions.get(id);
    const now = clock.now();
    if (failed === undefined || session === undefined || session.refreshing || session.record.ended !== undefined) {
      return;
    }
    // One that lies in the future is from before the clock was set back.
    if (failed.generation !== session.record.generation || failed.at > now) {
      return;
    }
    const { failures, at, nextAttemptAt, rejectedAt } = failed;
    const waitUntil = longestWait([failed.waitUntil, session.waitUntil], now);
    if (waitUntil !== undefined && waitUntil !== failed.waitUntil) {
      // This window was asked to wait longer than the others know.
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
