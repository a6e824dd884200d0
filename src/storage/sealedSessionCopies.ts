// The newest record of each session, sealed, in the folder that all windows share: what a window takes over when the
// secret storage shows it an older one, which between browser windows is always. The key is in the secret storage.
import * as v from 'valibot';
import { toFailure } from '../core/failure.ts';
import { parseJson } from '../core/json.ts';
import type { Log } from '../core/log.ts';
import { formatRecord, parseRecord, type SessionRecord } from '../core/session.ts';
import type { Cipher } from './cipher.ts';
import type { Folder } from '../locking/sharedFolder.ts';
import type { SecretStore } from './secretSessionStorage.ts';

const KEY_PREFIX = 'hand-over-key:';
const SUFFIX = '.sealed';

/**
 * The names of the keys that this editor has had. They are no secrets, and are kept apart from these: a browser that
 * shares the folder with another one has keys of its own, and must not take the other's sessions for lost.
 */
export interface KeyNames {
  has(name: string): boolean;
  add(name: string): void;
}

const envelopeSchema = v.object({ version: v.picklist([1]), key: v.string(), sealed: v.string() });

/** The sealed copies. They are an aid: where the folder or the store fails, that is logged and there is no copy. */
export class SealedSessionCopies {
  readonly #folder: Folder;
  readonly #store: SecretStore;
  readonly #cipher: Cipher;
  readonly #log: Log;
  readonly #names: KeyNames;
  readonly #keys = new Map<string, string>();
  /** Whether the latest sealing failed, which is tried again and again and told of once. */
  #isFailing = false;

  constructor(folder: Folder, store: SecretStore, cipher: Cipher, log: Log, names: KeyNames) {
    this.#names = names;
    this.#folder = folder;
    this.#store = store;
    this.#cipher = cipher;
    this.#log = log;
  }

  /** Seals a record for the other windows; false where that did not work. */
  async write(record: SessionRecord): Promise<boolean> {
    try {
      const name = await this.#getOrCreateKey();
      const sealed = await this.#cipher.seal(this.#keys.get(name) ?? '', formatRecord(record), record.id);
      await this.#folder.write(record.id + SUFFIX, JSON.stringify({ version: 1, key: name, sealed }));
      this.#isFailing = false;
      return true;
    } catch (error) {
      if (!this.#isFailing) {
        this.#log.warn(
          `Session ${record.id.slice(0, 8)} could not be sealed for other windows: ${toFailure(error).message}; it is tried again.`,
        );
      }
      this.#isFailing = true;
      return false;
    }
  }

  /** The sealed record of a session; undefined where there is none, or none that this window can open. */
  async read(id: string): Promise<SessionRecord | undefined> {
    try {
      const envelope = v.safeParse(envelopeSchema, JSON.parse((await this.#folder.read(id + SUFFIX)) ?? 'null'));
      const key = envelope.success ? await this.#readKey(envelope.output.key) : undefined;
      if (!envelope.success || key === undefined) {
        return undefined;
      }
      const opened = await this.#cipher.open(key, envelope.output.sealed, id);
      const parsed = opened === undefined ? undefined : parseRecord(opened);
      return parsed?.kind === 'record' && parsed.record.id === id ? parsed.record : undefined;
    } catch (error) {
      this.#log.warn(`The sealed copy of session ${id.slice(0, 8)} could not be read: ${toFailure(error).message}.`);
      return undefined;
    }
  }

  /** Whether a session is sealed with a key that this editor never had, so that it belongs to another one that shares the folder. */
  async isOfAnotherEditor(id: string): Promise<boolean> {
    const envelope = v.safeParse(
      envelopeSchema,
      parseJson((await this.#folder.read(id + SUFFIX).catch(() => undefined)) ?? ''),
    );
    return (
      envelope.success &&
      !this.#names.has(envelope.output.key) &&
      (await this.#readKey(envelope.output.key).catch(() => undefined)) === undefined
    );
  }

  /** Deletes the sealed copy of a session. */
  async delete(id: string): Promise<void> {
    await this.#folder.delete(id + SUFFIX).catch(() => {});
  }

  /** Windows that start at once may each make a key. Keys are never replaced, and all take the first by name. */
  async #getOrCreateKey(): Promise<string> {
    const [known] = [...this.#keys].sort(([one], [other]) => (one < other ? -1 : 1));
    if (known !== undefined) {
      const [name, key] = known;
      // Nobody waits for it: what the keyring does not take now is sealed all the more.
      this.#restoreKey(name, key).catch(() => {});
      return name;
    }
    const [stored] = (await this.#store.keys()).filter((key) => key.startsWith(KEY_PREFIX)).sort();
    if (stored !== undefined && (await this.#readKey(stored.slice(KEY_PREFIX.length))) !== undefined) {
      return stored.slice(KEY_PREFIX.length);
    }
    const { name, key } = this.#cipher.newKey();
    await this.#store.store(KEY_PREFIX + name, key);
    this.#remember(name, key);
    return name;
  }

  /** A keyring that was reset has lost the key, and whoever starts later could open nothing. */
  async #restoreKey(name: string, key: string): Promise<void> {
    if ((await this.#store.get(KEY_PREFIX + name)) === undefined) {
      await this.#store.store(KEY_PREFIX + name, key);
    }
  }

  async #readKey(name: string): Promise<string | undefined> {
    const key = this.#keys.get(name) ?? (await this.#store.get(KEY_PREFIX + name));
    if (key !== undefined) {
      this.#remember(name, key);
    }
    return key;
  }

  #remember(name: string, key: string): void {
    this.#keys.set(name, key);
    if (!this.#names.has(name)) {
      this.#names.add(name);
    }
  }
}
