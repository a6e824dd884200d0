// Where sessions are kept: SecretStorage, and for the other windows one encrypted file per session. Reads take the newer
// of the two, and writes go to both.
import type { Event } from '../core/emitter.ts';
import { SECOND, type Clock } from '../core/clock.ts';
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

/** What the session store consists of. */
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
  /** The person has signed out. */
  | { readonly kind: 'signed-out' };

/**
 * How much is read to compare: `file` reads SecretStorage only if the file is newer; `all` always reads both; `wait` also
 * waits for newer tokens that can't be read yet.
 */
export type CompareDepth = 'file' | 'all' | 'wait';

/** How long, in ms, a newer record that exists but can't be read is waited for: SecretStorage lags, but not longer. */
const LAG = 2 * SECOND;
const POLL_INTERVAL = 200;

/** The session store of one window. */
export class SessionStore {
  readonly #dependencies: SessionStoreDependencies;
  readonly #mutex = new Mutex();
  /** The sessions that were removed in this window, and whether the other windows can know. */
  readonly #removed = new Map<string, boolean>();
  /** The sessions whose tokens are being purged, or that SecretStorage keeps all the same: each attempt fires a change. */
  readonly #purging = new Set<string>();

  constructor(dependencies: SessionStoreDependencies) {
    this.#dependencies = dependencies;
  }

  /** Fires with the id of a session whose file may have changed, in this window or another. */
  get onDidChangeFile(): Event<string> {
    return this.#dependencies.files.onDidChange;
  }

  /** Fires with the id of a session whose secret has changed, in this window or another. */
  get onDidChangeSecret(): Event<string> {
    return this.#dependencies.secretStorage.onDidChange;
  }

  /** The newest record of a session that this window can read; undefined if there is none, or the person has signed out. */
  async get(id: string): Promise<SessionRecord | undefined> {
    return (await this.isSignedOutAnywhere(id)) ? undefined : this.#newest(id);
  }

  /**
   * Everything that is stored, to be read once at start. What only one of the two places has is put into the other.
   * @throws Failure `storage` if SecretStorage can't be read.
   */
  async list(): Promise<StoreSnapshot> {
    return loadStoredSessions(this.#dependencies);
  }

  /** The sessions that have a file, and the ids of those that are signed out. */
  async listFiles(): Promise<SharedFiles> {
    const files = [...(await this.#dependencies.files.list())];
    const present = files.flatMap(([id, file]) => (isTombstone(file) ? [] : [{ id, providerId: file.providerId }]));
    return { present, signedOut: files.filter(([, file]) => isTombstone(file)).map(([id]) => id) };
  }

  /**
   * Stores a record, in the order that survives a crash at any point: first the file, then SecretStorage. A record that
   * isn't the newest one, or is signed out, isn't stored, and that is no failure. Never rejects: what couldn't be stored
   * is marked in memory, as `unsaved` or `unshared`, and stored by {@link retryPendingWrites}.
   */
  async put(record: SessionRecord): Promise<void> {
    const { liveSessions, log } = this.#dependencies;
    const { id } = record;
    const state = await this.#mutex.runExclusive(id, () => this.#write(record));
    if (state.failure !== undefined) {
      log.error(`${describeSession(record)} couldn't be stored (${state.failure.code}); it's stored later.`);
    }
    if (liveSessions.get(id)?.record === record) {
      liveSessions.patch(id, { unsaved: state.failure !== undefined, unshared: !state.isShared });
    }
    // The person may have signed out while it was being stored, here or in another window.
    await this.purgeSignedOut(id);
  }

  /** Stores the sessions again that couldn't be stored before. */
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
   * Deletes a session for good, because the person has signed out. Its file says so from then on, so that no window
   * brings it back, and no SecretStorage that another window overwrites.
   * @throws Failure `storage` if SecretStorage doesn't delete it, after everything else was done.
   */
  async remove(id: string): Promise<void> {
    await this.removeAfter(id, () => Promise.resolve());
  }

  /**
   * The same, after a task that can read the newest record that is stored. This window doesn't store the session
   * meanwhile.
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
   * Deletes the tokens of a session that a window has stored after the person had signed out. Never rejects.
   * @returns whether the person has signed out.
   */
  async purgeSignedOut(id: string): Promise<boolean> {
    const { log, secretStorage } = this.#dependencies;
    const isStored = async (): Promise<boolean> => (await secretStorage.read(id).catch(() => undefined)) !== undefined;
    const isSignedOut = await this.isSignedOut(id);
    if (isSignedOut && !this.#purging.has(id) && (await isStored())) {
      log.info(`Session ${id.slice(0, 8)} was stored again after it had been signed out; it's deleted.`);
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

  /** Removes the sessions again whose removal the other windows can't know yet, because the folder failed. */
  async retryPendingRemovals(): Promise<void> {
    for (const [id] of [...this.#removed].filter(([, isWritten]) => !isWritten)) {
      await this.remove(id).catch(() => {});
    }
  }

  /** Whether a session was removed in this window. */
  isRemoved(id: string): boolean {
    return this.#removed.has(id);
  }

  /** Whether the person has signed out of a session, in whichever window. */
  async isSignedOut(id: string): Promise<boolean> {
    return this.isRemoved(id) || isTombstone(await this.#dependencies.files.read(id));
  }

  /** The same, and if the folder failed at the sign-out, SecretStorage knows. */
  async isSignedOutAnywhere(id: string): Promise<boolean> {
    return (await this.isSignedOut(id)) || this.#dependencies.secretStorage.hasTombstone(id).catch(() => false);
  }

  /** How a record compares with what is stored now. Never rejects: what can't be read has nothing newer. */
  async compare(mine: SessionRecord, depth: CompareDepth): Promise<StoredState> {
    for (let waited = 0; ; waited += POLL_INTERVAL) {
      const state = await this.#compareNow(mine, depth === 'file');
      if (depth !== 'wait' || state.kind !== 'unreadable-newer' || waited >= LAG) {
        return state;
      }
      await pause(this.#dependencies.clock);
    }
  }

  /**
   * A record that is newer than this one; undefined if there is none.
   * @param waits whether one that can't be seen yet is waited for, as long as SecretStorage lags.
   */
  async findNewer(mine: SessionRecord, waits: boolean): Promise<SessionRecord | undefined> {
    for (let waited = 0; ; waited += POLL_INTERVAL) {
      const state = await this.compare(mine, 'all');
      if (state.kind === 'superseded' || !waits || waited >= LAG) {
        return state.kind === 'superseded' ? state.record : undefined;
      }
      await pause(this.#dependencies.clock);
    }
  }

  /** What other windows can read of a session without its secrets; undefined if there is nothing. */
  async header(id: string): Promise<SessionHeader | undefined> {
    return headerOf(await this.#dependencies.files.read(id));
  }

  /** Whether a session that this window can't find belongs to another editor that shares the folder. */
  async isOfAnotherEditor(id: string): Promise<boolean> {
    return this.#dependencies.files.isOfAnotherEditor(id);
  }

  /** Records a failed refresh for the other windows. */
  async recordFailure(record: SessionRecord, failure: RefreshFailure): Promise<void> {
    await this.#dependencies.files.update(record.id, (file) => withFailure(file, record, failure));
  }

  /**
   * Records that a session's refresh token is about to be sent.
   * @returns whether the same token was sent before, and nobody knows what became of it.
   */
  async markRefreshInFlight(record: SessionRecord): Promise<boolean> {
    let before: SessionHeader | undefined;
    await this.#dependencies.files.update(record.id, (file) => {
      // If the change is repeated, the file can already have what this window has just written.
      before ??= headerOf(file);
      return withRefreshInFlight(file, record);
    });
    return before?.inFlight === record.generation;
  }

  /** Records that it's known what became of the refresh token that was sent. */
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
      log.warn(`Session ${id.slice(0, 8)} couldn't be read from SecretStorage (${toFailure(error).code}).`);
      return undefined;
    });
    return shared !== undefined && (stored === undefined || isNewer(shared, stored)) ? shared : stored;
  }
}

function pause(clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.after(POLL_INTERVAL, resolve));
}
