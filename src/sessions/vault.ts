// Where sessions are kept: one secret a session, parsed on the way in and on the way out.
import type { Disposable } from '../core/clock.ts';
import type { Event } from '../core/emitter.ts';
import { Failure } from '../core/failure.ts';
import { formatRecord, parseRecord, type SessionRecord } from '../core/session.ts';

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
export interface VaultFinding {
  readonly id: string;
  /** `set-aside`: unreadable, moved out of the way unchanged. `newer`: left alone for a later version. */
  readonly kind: 'set-aside' | 'newer';
  readonly reason: string;
}

/** What the vault holds. */
export interface VaultContents {
  readonly records: readonly SessionRecord[];
  readonly findings: readonly VaultFinding[];
}

const PREFIX = 'session:';
const ASIDE_PREFIX = 'set-aside:';

/** The keeper of stored sessions. Every method rejects with a Failure `storage` where the store beneath does. */
export class Vault {
  readonly #store: SecretStore;

  constructor(store: SecretStore) {
    this.#store = store;
  }

  /** Reads everything. What cannot be read is set aside under another key, never overwritten and never deleted. */
  async load(): Promise<VaultContents> {
    const records: SessionRecord[] = [];
    const findings: VaultFinding[] = [];
    const keys = await guarded('keys', () => this.#store.keys());
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
    return { records, findings };
  }

  /** Reads one session; undefined where there is none, or none of this version. */
  async read(id: string): Promise<SessionRecord | undefined> {
    const found = await this.#readOne(id);
    return found !== undefined && 'record' in found ? found.record : undefined;
  }

  /** Writes one session; it can be read back afterwards. */
  async write(record: SessionRecord): Promise<void> {
    await guarded('store', async () => this.#store.store(PREFIX + record.id, formatRecord(record)));
  }

  /** Deletes one session. */
  async delete(id: string): Promise<void> {
    await guarded('delete', () => this.#store.delete(PREFIX + id));
  }

  /** Tells the id of each session whose secret changes. */
  onDidChange(listener: (id: string) => void): Disposable {
    return this.#store.onDidChange((key) => {
      if (key.startsWith(PREFIX)) {
        listener(key.slice(PREFIX.length));
      }
    });
  }

  async #readOne(id: string): Promise<{ readonly record: SessionRecord } | VaultFinding | undefined> {
    const stored = await guarded('get', () => this.#store.get(PREFIX + id));
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
      const present = await guarded('get', () => this.#store.get(key));
      if (present !== undefined && present !== stored) {
        continue;
      }
      if (present === undefined) {
        await guarded('store', () => this.#store.store(key, stored));
      }
      if ((await guarded('get', () => this.#store.get(key))) === stored) {
        await this.delete(id);
      }
      return;
    }
  }
}

async function guarded<T>(operation: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw cause instanceof Failure ? cause : new Failure('storage', `secret-${operation}`, { cause });
  }
}
