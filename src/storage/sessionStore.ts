// Keeps sessions in SecretStorage and, for other windows, in one encrypted file each. Reads use the newer of the two.
// Writes go to both.
import type { Event } from '../core/emitter.ts';
import { delay, SECOND, type Clock } from '../core/clock.ts';
import { toFailure } from '../core/failure.ts';
import type { Log } from '../core/log.ts';
import { isNewer, type SessionRecord } from '../core/session.ts';
import { Mutex } from '../locking/mutex.ts';
import type { LiveSessions } from './liveSessions.ts';
import { loadStoredSessions, type StoreSnapshot } from './loadStoredSessions.ts';
import { describeSession } from './recordDescription.ts';
import type { SecretSessionStorage } from './secretSessionStorage.ts';
import {
  headerOf,
  isAhead,
  isTombstone,
  withFailure,
  withRefreshInFlight,
  withoutRefreshInFlight,
  type RefreshFailure,
  type SessionHeader,
} from './sessionFile.ts';
import type { SessionFiles } from './sessionFiles.ts';

/** The dependencies of the session store. */
export interface SessionStoreDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly secretStorage: SecretSessionStorage;
  readonly files: SessionFiles;
  /** The sessions in this window's memory. */
  readonly liveSessions: LiveSessions;
}

/** The files in the folder that all windows share. */
export interface SharedFiles {
  readonly present: readonly { readonly id: string; readonly providerId: string }[];
  readonly signedOut: readonly string[];
}

/** How a record in memory compares with what is stored. */
export type StoredState =
  /** Nothing newer is stored. */
  | { readonly kind: 'current' }
  /** Another window has refreshed the session, or signed in again. */
  | { readonly kind: 'superseded'; readonly record: SessionRecord }
  /** Another window has refreshed the session, and this one can't read the new tokens. */
  | { readonly kind: 'unreadable-newer' }
  /** The user has signed out. */
  | { readonly kind: 'signed-out' };

/**
 * How much to read for a comparison. `file`: SecretStorage only if the file is newer. `all`: both. `wait`: both, and
 * waits for newer tokens that can't be read yet.
 */
export type CompareDepth = 'file' | 'all' | 'wait';

/** How long, in ms, to wait for a newer record that can't be read yet: SecretStorage lags, but no longer than this. */
const LAG = 2 * SECOND;
const POLL_INTERVAL = 200;

/** The session store of one window. */
export class SessionStore {
  readonly #dependencies: SessionStoreDependencies;
  readonly #mutex = new Mutex();
  /** The sessions that were removed in this window, and whether other windows can know. */
  readonly #removed = new Map<string, boolean>();
  /**
   * The sessions whose tokens are being purged, or that SecretStorage keeps nevertheless: each attempt fires a change.
   */
  readonly #purging = new Set<string>();

  constructor(dependencies: SessionStoreDependencies) {
    this.#dependencies = dependencies;
  }

  /** Fires with the ID of a session whose file may have changed, in this window or another. */
  get onDidChangeFile(): Event<string> {
    return this.#dependencies.files.onDidChange;
  }

  /** Fires with the ID of a session whose secret has changed, in this window or another. */
  get onDidChangeSecret(): Event<string> {
    return this.#dependencies.secretStorage.onDidChange;
  }

  /**
   * Returns the newest record of a session that this window can read; undefined if there is none or the user has signed
   * out.
   */
  async get(id: string): Promise<SessionRecord | undefined> {
    return (await this.isSignedOutAnywhere(id)) ? undefined : this.#newest(id);
  }

  /**
   * Returns everything that is stored, to be read once at start. A record that is missing from one of the two stores is
   * copied to it.
   * @throws Failure `storage` if SecretStorage can't be read.
   */
  async list(): Promise<StoreSnapshot> {
    return loadStoredSessions(this.#dependencies);
  }

  /** Returns the sessions that have a file, and the IDs of those that are signed out. */
  async listFiles(): Promise<SharedFiles> {
    const files = [...(await this.#dependencies.files.list())];
    const present = files.flatMap(([id, file]) => (isTombstone(file) ? [] : [{ id, providerId: file.providerId }]));
    return { present, signedOut: files.filter(([, file]) => isTombstone(file)).map(([id]) => id) };
  }

  /**
   * Stores a record so that it survives a crash at any point: first in the file, then in SecretStorage. A record that
   * is outdated or signed out isn't stored, which isn't a failure. Never rejects: if storing fails, the session in
   * memory is marked `unsaved` or `unshared`, and {@link retryPendingWrites} stores it later.
   */
  async put(record: SessionRecord): Promise<void> {
    const { liveSessions, log } = this.#dependencies;
    const { id } = record;
    const state = await this.#mutex.runExclusive(id, () => this.#write(record));
    if (state.failure !== undefined) {
      log.error(`${describeSession(record)} couldn't be stored (${state.failure.code}). Retrying later.`);
    }
    if (liveSessions.get(id)?.record === record) {
      liveSessions.patch(id, { unsaved: state.failure !== undefined, unshared: !state.isShared });
    }
    // The user may have signed out while it was being stored, here or in another window.
    await this.purgeSignedOut(id);
  }

  /** Stores the sessions that couldn't be stored before. */
  retryPendingWrites(): void {
    for (const { record, unsaved, unshared } of this.#dependencies.liveSessions.all()) {
      if (unsaved || unshared === true) {
        void this.put(record);
      }
    }
  }

  async #write(record: SessionRecord): Promise<{ failure?: ReturnType<typeof toFailure>; isShared: boolean }> {
    const { files, secretStorage } = this.#dependencies;
    const state = await this.compare(record, 'file');
    if (state.kind !== 'current') {
      return { isShared: true };
    }
    const isShared = await files.write(record);
    const failure = await secretStorage.write(record).then(() => undefined, toFailure);
    return failure === undefined ? { isShared } : { isShared, failure };
  }

  /**
   * Deletes a session permanently because the user has signed out. Its file records that from then on, so that no
   * window
   * restores the session, not even from a SecretStorage that another window overwrites.
   * @throws Failure `storage` if SecretStorage doesn't delete it, after everything else is done.
   */
  async remove(id: string): Promise<void> {
    await this.removeAfter(id, () => Promise.resolve());
  }

  /**
   * Removes a session after a task that can read the newest stored record. This window doesn't store the session in the
   * meantime.
   * @param task must not reject.
   * @returns its result.
   */
  async removeAfter<T>(
    id: string,
    task: (readNewest: () => Promise<SessionRecord | undefined>) => Promise<T>,
  ): Promise<T> {
    const { clock, files, secretStorage } = this.#dependencies;
    this.#removed.set(id, false);
    const result = await task(() => this.#newest(id));
    const signedOutAt = clock.now();
    const isWritten = await files.writeTombstone(id, signedOutAt);
    this.#removed.set(id, isWritten);
    if (!isWritten) {
      await secretStorage.writeTombstone(id).catch(() => {});
    }
    await secretStorage.delete(id);
    return result;
  }

  /**
   * Deletes the tokens of a session that a window stored after the user had signed out. Never rejects.
   * @returns whether the user has signed out.
   */
  async purgeSignedOut(id: string): Promise<boolean> {
    const { log, secretStorage } = this.#dependencies;
    const isStored = async (): Promise<boolean> => (await secretStorage.read(id).catch(() => undefined)) !== undefined;
    const isSignedOut = await this.isSignedOut(id);
    if (isSignedOut && !this.#purging.has(id) && (await isStored())) {
      log.info(`Session ${id.slice(0, 8)} was stored again after sign-out; deleting it.`);
      this.#purging.add(id);
      const hasFailed = await secretStorage.delete(id).then(
        () => false,
        () => true,
      );
      if (hasFailed || !(await isStored())) {
        this.#purging.delete(id);
      }
    }
    return isSignedOut;
  }

  /** Retries removals that other windows can't know of yet because the folder failed. */
  async retryPendingRemovals(): Promise<void> {
    for (const [id] of [...this.#removed].filter(([, isWritten]) => !isWritten)) {
      await this.remove(id).catch(() => {});
    }
  }

  /** Returns whether a session was removed in this window. */
  isRemoved(id: string): boolean {
    return this.#removed.has(id);
  }

  /** Returns whether the user has signed out of a session in any window. */
  async isSignedOut(id: string): Promise<boolean> {
    return this.isRemoved(id) || isTombstone(await this.#dependencies.files.read(id));
  }

  /** Returns the same; if the folder failed at the sign-out, SecretStorage has the record. */
  async isSignedOutAnywhere(id: string): Promise<boolean> {
    return (await this.isSignedOut(id)) || this.#dependencies.secretStorage.hasTombstone(id).catch(() => false);
  }

  /** Compares a record with what is stored now. Never rejects: unreadable content counts as nothing newer. */
  async compare(mine: SessionRecord, depth: CompareDepth): Promise<StoredState> {
    for (let waited = 0; ; waited += POLL_INTERVAL) {
      const state = await this.#compareNow(mine, depth === 'file');
      if (depth !== 'wait' || state.kind !== 'unreadable-newer' || waited >= LAG) {
        return state;
      }
      await delay(this.#dependencies.clock, POLL_INTERVAL);
    }
  }

  /**
   * Returns a record that is newer than this one; undefined if there is none.
   * @param waits whether to wait for one that isn't visible yet, up to the lag of SecretStorage.
   */
  async findNewer(mine: SessionRecord, waits: boolean): Promise<SessionRecord | undefined> {
    for (let waited = 0; ; waited += POLL_INTERVAL) {
      const state = await this.compare(mine, 'all');
      if (state.kind === 'superseded' || !waits || waited >= LAG) {
        return state.kind === 'superseded' ? state.record : undefined;
      }
      await delay(this.#dependencies.clock, POLL_INTERVAL);
    }
  }

  /** Returns what other windows can read of a session without its secrets; undefined if there is nothing. */
  async header(id: string): Promise<SessionHeader | undefined> {
    return headerOf(await this.#dependencies.files.read(id));
  }

  /** Returns whether a session that this window can't find belongs to another editor that shares the folder. */
  async isOfAnotherEditor(id: string): Promise<boolean> {
    return this.#dependencies.files.isOfAnotherEditor(id);
  }

  /** Records a failed refresh for the other windows. */
  async recordFailure(record: SessionRecord, failure: RefreshFailure): Promise<void> {
    await this.#dependencies.files.update(record.id, (file) => withFailure(file, record, failure));
  }

  /**
   * Records that a session's refresh token is about to be sent.
   * @returns whether the same token was sent before with an unknown outcome.
   */
  async markRefreshInFlight(record: SessionRecord): Promise<boolean> {
    let before: SessionHeader | undefined;
    await this.#dependencies.files.update(record.id, (file) => {
      // On a retry, the file can already have what this window has just written.
      before ??= headerOf(file);
      return withRefreshInFlight(file, record);
    });
    return before?.inFlight === record.generation;
  }

  /** Records that the outcome of the sent refresh token is known. */
  async clearRefreshInFlight(id: string): Promise<void> {
    await this.#dependencies.files.update(id, withoutRefreshInFlight);
  }

  async #compareNow(mine: SessionRecord, isFileEnough: boolean): Promise<StoredState> {
    const file = await this.#dependencies.files.read(mine.id);
    if (this.isRemoved(mine.id) || isTombstone(file)) {
      return { kind: 'signed-out' };
    }
    const header = headerOf(file);
    const isBehind = isAhead(header, mine);
    if (isFileEnough && !isBehind) {
      return { kind: 'current' };
    }
    const newest = await this.#newest(mine.id);
    if (newest !== undefined && isNewer(newest, mine)) {
      return { kind: 'superseded', record: newest };
    }
    return { kind: isBehind ? 'unreadable-newer' : 'current' };
  }

  async #newest(id: string): Promise<SessionRecord | undefined> {
    const { files, log, secretStorage } = this.#dependencies;
    const shared = await files.open(id, await files.read(id));
    const stored = await secretStorage.read(id).catch((error: unknown) => {
      log.warn(`Couldn't read session ${id.slice(0, 8)} from SecretStorage (${toFailure(error).code}).`);
      return undefined;
    });
    return shared !== undefined && (stored === undefined || isNewer(shared, stored)) ? shared : stored;
  }
}
