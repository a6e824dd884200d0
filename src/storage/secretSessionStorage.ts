// Sessions in VS Code's SecretStorage: one secret per session, parsed when read and when written.
import type { Event } from '../core/emitter.ts';
import { Failure } from '../core/failure.ts';
import { formatRecord, isNewer, parseRecord, type SessionRecord } from '../core/session.ts';

/** The part of VS Code's `SecretStorage` that is used. Its calls may reject. */
export interface SecretStore {
  get(key: string): Promise<string | undefined>;
  store(key: string, value: string): Promise<void>;
  delete(key: string): Promise<void>;
  keys(): Promise<string[]>;
  /** Fires with the key of a secret that was changed in this window or another. */
  readonly onDidChange: Event<string>;
}

/** A secret that isn't a session of this version. */
export interface StorageIssue {
  readonly id: string;
  /** `quarantined`: unreadable, moved unchanged to another key. `newer`: left for a later version. */
  readonly kind: 'quarantined' | 'newer';
  readonly reason: string;
}

/** The content of SecretStorage. */
export interface StoredSessions {
  readonly records: readonly SessionRecord[];
  readonly issues: readonly StorageIssue[];
  /** The sessions that were signed out while their files couldn't be written. */
  readonly signedOutIds: readonly string[];
}

const PREFIX = 'session:';
const QUARANTINE_PREFIX = 'quarantined:';
const TOMBSTONE_PREFIX = 'signed-out:';

/** The stored sessions. Every method rejects with a Failure `storage` if SecretStorage does. */
export class SecretSessionStorage {
  readonly #store: SecretStore;

  constructor(store: SecretStore) {
    this.#store = store;
  }

  /** Reads all sessions. Unreadable ones are quarantined under another key, never overwritten or deleted. */
  async load(): Promise<StoredSessions> {
    const records: SessionRecord[] = [];
    const issues: StorageIssue[] = [];
    const keys = await withStorageErrors('keys', () => this.#store.keys());
    for (const key of keys.filter((one) => one.startsWith(PREFIX))) {
      const id = key.slice(PREFIX.length);
      const found = await this.#readOne(id);
      if (found === undefined) {
        continue;
      }
      if ('record' in found) {
        records.push(found.record);
      } else {
        issues.push(found);
      }
    }
    const tombstones = keys.filter((one) => one.startsWith(TOMBSTONE_PREFIX));
    return { records, issues, signedOutIds: tombstones.map((one) => one.slice(TOMBSTONE_PREFIX.length)) };
  }

  /** Reads a session; undefined if there is none of this version. */
  async read(id: string): Promise<SessionRecord | undefined> {
    const found = await this.#readOne(id);
    return found !== undefined && 'record' in found ? found.record : undefined;
  }

  /** Returns whether a session of a later version exists, which this version can't read and must not change. */
  async holdsLaterVersion(id: string): Promise<boolean> {
    const stored = await withStorageErrors('get', () => this.#store.get(PREFIX + id));
    return stored !== undefined && parseRecord(stored).kind === 'newer';
  }

  /**
   * Writes a session and reads it back: some keyrings accept everything and keep nothing. An existing record that is
   * newer or of a later version is kept.
   */
  async write(record: SessionRecord): Promise<void> {
    const present = await withStorageErrors('get', () => this.#store.get(PREFIX + record.id));
    const parsed = present === undefined ? undefined : parseRecord(present);
    if (parsed?.kind === 'newer' || (parsed?.kind === 'record' && isNewer(parsed.record, record))) {
      return;
    }
    if (present !== undefined && parsed?.kind === 'unreadable') {
      await this.#quarantine(record.id, present);
    }
    const text = await withStorageErrors('store', () => Promise.resolve(formatRecord(record)));
    if (present === text) {
      return;
    }
    await withStorageErrors('store', () => this.#store.store(PREFIX + record.id, text));
    if ((await withStorageErrors('get', () => this.#store.get(PREFIX + record.id))) !== text) {
      throw new Failure('storage', 'secret-not-persistent');
    }
  }

  /** Records a sign-out in SecretStorage, for use if the file can't be written. */
  async writeTombstone(id: string): Promise<void> {
    await withStorageErrors('store', () => this.#store.store(TOMBSTONE_PREFIX + id, 'signed out'));
  }

  /** Deletes that record once the file has it. */
  async deleteTombstone(id: string): Promise<void> {
    await withStorageErrors('delete', () => this.#store.delete(TOMBSTONE_PREFIX + id));
  }

  /** Returns whether there is such a record. */
  async hasTombstone(id: string): Promise<boolean> {
    return (await withStorageErrors('get', () => this.#store.get(TOMBSTONE_PREFIX + id))) !== undefined;
  }

  /** Deletes a session. */
  async delete(id: string): Promise<void> {
    await withStorageErrors('delete', () => this.#store.delete(PREFIX + id));
  }

  /** Returns the keys of quarantined secrets, which couldn't be read. */
  async listQuarantined(): Promise<string[]> {
    return (await withStorageErrors('keys', () => this.#store.keys())).filter((key) =>
      key.startsWith(QUARANTINE_PREFIX),
    );
  }

  /** Deletes the secret quarantined under a key; without a key, all of them, at the user's request. */
  async deleteQuarantined(only?: string): Promise<void> {
    for (const key of await this.listQuarantined()) {
      if (only === undefined || key === only) {
        await withStorageErrors('delete', () => this.#store.delete(key));
      }
    }
  }

  /** Fires with the ID of each session whose secret changes. */
  get onDidChange(): Event<string> {
    return (listener) =>
      this.#store.onDidChange((key) => {
        if (key.startsWith(PREFIX)) {
          listener(key.slice(PREFIX.length));
        }
      });
  }

  async #readOne(id: string): Promise<{ readonly record: SessionRecord } | StorageIssue | undefined> {
    const stored = await withStorageErrors('get', () => this.#store.get(PREFIX + id));
    if (stored === undefined) {
      return undefined;
    }
    const parsed = parseRecord(stored);
    switch (parsed.kind) {
      case 'record':
        if (parsed.record.id === id) {
          return { record: parsed.record };
        }
        await this.#quarantine(id, stored);
        return { id, kind: 'quarantined', reason: 'a different session under this key' };
      case 'newer':
        return { id, kind: 'newer', reason: `version ${parsed.version}` };
      case 'unreadable':
        await this.#quarantine(id, stored);
        return { id, kind: 'quarantined', reason: parsed.reason };
    }
  }

  /** Moves a secret to a key of its own. The original is deleted only after the copy was read back. */
  async #quarantine(id: string, stored: string): Promise<void> {
    for (let number = 1; ; number += 1) {
      const key = `${QUARANTINE_PREFIX}${id}:${number}`;
      const present = await withStorageErrors('get', () => this.#store.get(key));
      if (present !== undefined && present !== stored) {
        continue;
      }
      if (present === undefined) {
        await withStorageErrors('store', () => this.#store.store(key, stored));
      }
      if ((await withStorageErrors('get', () => this.#store.get(key))) === stored) {
        await this.delete(id);
      }
      return;
    }
  }
}

/**
 * Runs an operation of SecretStorage.
 * @throws Failure `storage` with the operation in its code if that rejects.
 */
export async function withStorageErrors<T>(operation: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw cause instanceof Failure ? cause : new Failure('storage', `secret-${operation}`, { cause });
  }
}
