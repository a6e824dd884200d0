// Where sessions are kept: one secret a session, parsed on the way in and on the way out.
import type { Disposable } from '../core/clock.ts';
import type { Event } from '../core/emitter.ts';
import { Failure } from '../core/failure.ts';
import { formatRecord, isNewer, parseRecord, type SessionRecord } from '../core/session.ts';

/** The store beneath, in the shape of VS Code's `SecretStorage`. Its calls may reject. */
export interface SecretStore {
  get(key: string): Promise<string | undefined>;
  store(key: string, value: string): Promise<void>;
  delete(key: string): Promise<void>;
  keys(): Promise<string[]>;
  /** The keys whose secrets have changed, in this window or another. */
  readonly onDidChange: Event<string>;
}

/** A stored text that is no session of this version. */
export interface StorageIssue {
  readonly id: string;
  /** `set-aside`: unreadable, moved out of the way unchanged. `newer`: left alone for a later version. */
  readonly kind: 'set-aside' | 'newer';
  readonly reason: string;
}

/** What the secret storage holds. */
export interface StoredSessions {
  readonly records: readonly SessionRecord[];
  readonly findings: readonly StorageIssue[];
  /** The sessions that were signed out while the session index could not be written. */
  readonly gone: readonly string[];
}

const PREFIX = 'session:';
const ASIDE_PREFIX = 'set-aside:';
const GONE_PREFIX = 'gone:';

/** The stored sessions. Every method rejects with a Failure `storage` where the store beneath does. */
export class SecretSessionStorage {
  readonly #store: SecretStore;

  constructor(store: SecretStore) {
    this.#store = store;
  }

  /** Reads everything. What cannot be read is set aside under another key, never overwritten and never deleted. */
  async load(): Promise<StoredSessions> {
    const records: SessionRecord[] = [];
    const findings: StorageIssue[] = [];
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
        findings.push(found);
      }
    }
    const gone = keys.filter((one) => one.startsWith(GONE_PREFIX)).map((one) => one.slice(GONE_PREFIX.length));
    return { records, findings, gone };
  }

  /** Reads one session; undefined where there is none, or none of this version. */
  async read(id: string): Promise<SessionRecord | undefined> {
    const found = await this.#readOne(id);
    return found !== undefined && 'record' in found ? found.record : undefined;
  }

  /** Whether there is a session of a later version, which this one cannot read and must leave alone. */
  async holdsLaterVersion(id: string): Promise<boolean> {
    const stored = await withStorageErrors('get', () => this.#store.get(PREFIX + id));
    return stored !== undefined && parseRecord(stored).kind === 'newer';
  }

  /**
   * Writes one session, and reads it back: some stores accept everything and keep nothing. What is there already and
   * newer, or of a later version, stays.
   */
  async write(record: SessionRecord): Promise<void> {
    const present = await withStorageErrors('get', () => this.#store.get(PREFIX + record.id));
    const parsed = present === undefined ? undefined : parseRecord(present);
    if (parsed?.kind === 'newer' || (parsed?.kind === 'record' && isNewer(parsed.record, record))) {
      return;
    }
    if (present !== undefined && parsed?.kind === 'unreadable') {
      await this.#setAside(record.id, present);
    }
    const text = await withStorageErrors('store', async () => {
      const formatted = formatRecord(record);
      await this.#store.store(PREFIX + record.id, formatted);
      return formatted;
    });
    if ((await withStorageErrors('get', () => this.#store.get(PREFIX + record.id))) !== text) {
      throw new Failure('storage', 'secret-forgotten');
    }
  }

  /** Notes in the store itself that a session is signed out, for where the session index cannot be written. */
  async writeTombstone(id: string): Promise<void> {
    await withStorageErrors('store', () => this.#store.store(GONE_PREFIX + id, 'signed out'));
  }

  /** Takes that note away, once the session index has it. */
  async deleteTombstone(id: string): Promise<void> {
    await withStorageErrors('delete', () => this.#store.delete(GONE_PREFIX + id));
  }

  /** Whether that was noted. */
  async hasTombstone(id: string): Promise<boolean> {
    return (await withStorageErrors('get', () => this.#store.get(GONE_PREFIX + id))) !== undefined;
  }

  /** Deletes one session. */
  async delete(id: string): Promise<void> {
    await withStorageErrors('delete', () => this.#store.delete(PREFIX + id));
  }

  /** How many texts lie set aside, because they could not be read. */
  async leftovers(): Promise<number> {
    return (await this.#asideKeys()).length;
  }

  /** Deletes what lies set aside, which a person has asked for. */
  async deleteQuarantined(): Promise<void> {
    for (const key of await this.#asideKeys()) {
      await withStorageErrors('delete', () => this.#store.delete(key));
    }
  }

  /** Tells the id of each session whose secret changes. */
  onDidChange(listener: (id: string) => void): Disposable {
    return this.#store.onDidChange((key) => {
      if (key.startsWith(PREFIX)) {
        listener(key.slice(PREFIX.length));
      }
    });
  }

  async #asideKeys(): Promise<string[]> {
    return (await withStorageErrors('keys', () => this.#store.keys())).filter((key) => key.startsWith(ASIDE_PREFIX));
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
        await this.#setAside(id, stored);
        return { id, kind: 'set-aside', reason: 'another session under this key' };
      case 'newer':
        return { id, kind: 'newer', reason: `version ${parsed.version}` };
      case 'unreadable':
        await this.#setAside(id, stored);
        return { id, kind: 'set-aside', reason: parsed.reason };
    }
  }

  /** Moves a text under a key of its own. The original goes only after the copy has been read back. */
  async #setAside(id: string, stored: string): Promise<void> {
    for (let number = 1; ; number += 1) {
      const key = `${ASIDE_PREFIX}${id}:${number}`;
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
 * Runs an operation of the secret store.
 * @throws Failure `storage` with the operation in its code where the store rejects.
 */
export async function withStorageErrors<T>(operation: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw cause instanceof Failure ? cause : new Failure('storage', `secret-${operation}`, { cause });
  }
}
