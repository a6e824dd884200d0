import { Emitter } from '../../src/core/emitter.ts';
import type { Folder } from '../../src/sessions/ledger.ts';
import type { SecretStore } from '../../src/sessions/vault.ts';

/** A call of the secret store. */
export type StoreCall = 'get' | 'store' | 'delete' | 'keys';

/** A secret store in memory that fails, or waits, when it is told to. Windows that are given the same one share it. */
export class FakeStore implements SecretStore {
  /** What it holds. */
  readonly secrets = new Map<string, string>();
  /** The calls that reject. */
  readonly failing = new Set<StoreCall>();
  /** Every text that was ever stored or tried to be stored, oldest first. */
  readonly history: { readonly key: string; readonly value: string }[] = [];
  /** What each `store` waits for before it takes effect. */
  beforeStore: () => Promise<void> = () => Promise.resolve();
  readonly #changed = new Emitter<string>();

  /** Fires with the key of what has changed. */
  get onDidChange(): Emitter<string>['event'] {
    return this.#changed.event;
  }

  /** One secret. */
  async get(key: string): Promise<string | undefined> {
    await this.#pass('get');
    return this.secrets.get(key);
  }

  /** Keeps a secret. */
  async store(key: string, value: string): Promise<void> {
    this.history.push({ key, value });
    await this.beforeStore();
    await this.#pass('store');
    this.secrets.set(key, value);
    this.#changed.fire(key);
  }

  /** Forgets a secret. */
  async delete(key: string): Promise<void> {
    await this.#pass('delete');
    this.secrets.delete(key);
    this.#changed.fire(key);
  }

  /** The keys of everything it holds. */
  async keys(): Promise<string[]> {
    await this.#pass('keys');
    return [...this.secrets.keys()];
  }

  async #pass(call: StoreCall): Promise<void> {
    await Promise.resolve();
    if (this.failing.has(call)) {
      throw new Error('The keyring is locked.');
    }
  }
}

/** A folder in memory that fails when it is told to. */
export class FakeFolder implements Folder {
  /** The files, by name. */
  readonly files = new Map<string, string>();
  /** Whether every call rejects. */
  failing = false;

  /** The names of the files. */
  async list(): Promise<string[]> {
    await this.#pass();
    return [...this.files.keys()];
  }

  /** The text of a file. */
  async read(name: string): Promise<string | undefined> {
    await this.#pass();
    return this.files.get(name);
  }

  /** Writes a file. */
  async write(name: string, text: string): Promise<void> {
    await this.#pass();
    this.files.set(name, text);
  }

  /** Deletes a file. */
  async delete(name: string): Promise<void> {
    await this.#pass();
    this.files.delete(name);
  }

  async #pass(): Promise<void> {
    await Promise.resolve();
    if (this.failing) {
      throw new Error('EROFS: read-only file system');
    }
  }
}
