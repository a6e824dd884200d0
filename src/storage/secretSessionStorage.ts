// Sessions in VS Code's SecretStorage: one secret per session, parsed on the way in and on the way out.
import type { Event } from '../core/emitter.ts';
import { Failure } from '../core/failure.ts';
import { formatRecord, isNewer, parseRecord, type SessionRecord } from '../core/session.ts';

/** VS Code's `SecretStorage`, as far as it's used here. Its calls may reject. */
export interface SecretStore {
  get(key: string): Promise<string | undefined>;
  store(key: string, value: string): Promise<void>;
  delete(key: string): Promise<void>;
  keys(): Promise<string[]>;
  /** The keys whose secrets have changed, in this window or another. */
  readonly onDidChange: Event<string>;
}

/** A secret that isn't a session of this version. */
export interface StorageIssue {
  readonly id: string;
  /** `quarantined`: unreadable, moved to another key unchanged. `newer`: left alone for a later version. */
  readonly kind: 'quarantined' | 'newer';
  readonly reason: string;
}

/** What SecretStorage has. */
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

  /** Reads everything. What can't be read is quarantined under another key, never overwritten and never deleted. */
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

  /** Reads one session; undefined if there is none, or none of this version. */
  async read(id: string): Promise<SessionRecord | undefined> {
    const found = await this.#readOne(id);
    return found !== undefined && 'record' in found ? found.record : undefined;
  }

  /** Whether there is a session of a later version, which this one can't read and must leave alone. */
  async holdsLaterVersion(id: string): Promise<boolean> {
    const stored = await withStorageErrors('get', () => this.#store.get(PREFIX + id));
    return stored !== undefined && parseRecord(stored).kind === 'newer';
  }

  /**
   * Writes one session, and reads it back: some keyrings accept everything and keep nothing. What is there already and
   * newer, or of a later version, stays.
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

  /** Records in SecretStorage that a session is signed out, for when its file can't be written. */
  async writeTombstone(id: string): Promise<void> {
    await withStorageErrors('store', () => this.#store.store(TOMBSTONE_PREFIX + id, 'signed out'));
  }

  /** Deletes that record, once the file has it. */
  async deleteTombstone(id: string): Promise<void> {
    await withStorageErrors('delete', () => this.#store.delete(TOMBSTONE_PREFIX + id));
  }

  /** Whether there is such a record. */
  async hasTombstone(id: string): Promise<boolean> {
    return (await withStorageErrors('get', () => this.#store.get(TOMBSTONE_PREFIX + id))) !== undefined;
  }

  /** Deletes one session. */
  async delete(id: string): Promise<void> {
    await withStorageErrors('delete', () => this.#store.delete(PREFIX + id));
  }

  /** The keys of the secrets that are quarantined, because they couldn't be read. */
  async listQuarantined(): Promise<string[]> {
    return (await withStorageErrors('keys', () => this.#store.keys())).filter((key) =>
      key.startsWith(QUARANTINE_PREFIX),
    );
  }

  /** Deletes what is quarantined under a key; everything without one, which the person has asked for. */
  async deleteQuarantined(only?: string): Promise<void> {
    for (const key of await this.listQuarantined()) {
      if (only === undefined || key === only) {
        await withStorageErrors('delete', () => this.#store.delete(key));
      }
    }
  }

  /** Fires with the id of each session whose secret changes. */
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
        return { id, kind: 'quarantined', reason: 'another session under this key' };
      case 'newer':
        return { id, kind: 'newer', reason: `version ${parsed.version}` };
      case 'unreadable':
        await this.#quarantine(id, stored);
        return { id, kind: 'quarantined', reason: parsed.reason };
    }
  }

  /** Moves a secret under a key of its own. The original is deleted only after the copy has been read back. */
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
 * @throws Failure `storage` with the operation in its code if it rejects.
 */
export async function withStorageErrors<T>(operation: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw cause instanceof Failure ? cause : new Failure('storage', `secret-${operation}`, { cause });
  }
}
