// The keys that encrypt session files. They are in SecretStorage, so that only windows of this editor can read the
// files.
import type { RememberedNames } from '../core/rememberedNames.ts';
import type { SecretStore } from './secretSessionStorage.ts';

const PREFIX = 'encryption-key:';

/**
 * The names of all keys that this editor has had. They aren't secret, and are kept separately: a browser that shares
 * the folder with another one has its own keys, and must not report the other's sessions as lost.
 */
export type KeyNames = RememberedNames;

/** An encryption key and its name. */
export interface EncryptionKey {
  readonly name: string;
  readonly key: string;
}

/** The encryption keys. Every method rejects if SecretStorage does. */
export class EncryptionKeys {
  readonly #store: SecretStore;
  readonly #names: KeyNames;
  readonly #create: () => EncryptionKey;
  readonly #keys = new Map<string, string>();

  constructor(store: SecretStore, names: KeyNames, create: () => EncryptionKey) {
    this.#store = store;
    this.#names = names;
    this.#create = create;
  }

  /**
   * Returns the key to encrypt with. Windows that start at the same time may each create one. Keys are never replaced,
   * and all windows use the first by name.
   */
  async current(): Promise<EncryptionKey> {
    const known = this.known();
    if (known !== undefined) {
      // Not awaited: the file must be written even if the keyring fails.
      this.restore(known).catch(() => {});
      return known;
    }
    const [stored] = (await this.#store.keys()).filter((key) => key.startsWith(PREFIX)).sort();
    const name = stored?.slice(PREFIX.length);
    const key = name === undefined ? undefined : await this.get(name);
    if (name !== undefined && key !== undefined) {
      return { name, key };
    }
    const created = this.#create();
    await this.#store.store(PREFIX + created.name, created.key);
    this.#remember(created.name, created.key);
    return created;
  }

  /** Returns the first key by name that earlier calls have loaded into memory. Never waits for SecretStorage. */
  known(): EncryptionKey | undefined {
    const [found] = [...this.#keys].sort(([one], [other]) => (one < other ? -1 : 1));
    return found === undefined ? undefined : { name: found[0], key: found[1] };
  }

  /** Returns the key with a name; undefined if this window can't read it. */
  async get(name: string): Promise<string | undefined> {
    const key = this.#keys.get(name) ?? (await this.#store.get(PREFIX + name));
    if (key !== undefined) {
      this.#remember(name, key);
    }
    return key;
  }

  /** Returns whether this editor has ever had a key with that name. */
  async isOwn(name: string): Promise<boolean> {
    return this.#names.has(name) || (await this.get(name).catch(() => undefined)) !== undefined;
  }

  /** Stores a key again after the keyring was reset. Otherwise windows that start later couldn't read anything. */
  async restore({ key, name }: EncryptionKey): Promise<void> {
    if ((await this.#store.get(PREFIX + name)) === undefined) {
      await this.#store.store(PREFIX + name, key);
    }
  }

  #remember(name: string, key: string): void {
    this.#keys.set(name, key);
    if (!this.#names.has(name)) {
      this.#names.add(name);
    }
  }
}
