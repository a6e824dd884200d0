import { Emitter } from '../../src/core/emitter.ts';
import type { Disposable } from '../../src/core/clock.ts';
import type { Folder } from '../../src/locking/sharedFolder.ts';
import type { ProcessLiveness, ProcessRegistration } from '../../src/locking/processLiveness.ts';
import type { SecretStore } from '../../src/storage/secretSessionStorage.ts';

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
  /** Whether every call rejects; `writing`: those that would change something. */
  failing: boolean | 'writing' = false;
  readonly #changed = new Emitter<string>();

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
    await this.#pass(true);
    this.files.set(name, text);
    this.#changed.fire(name);
  }

  /** Makes a file; false where there is one. */
  async create(name: string, text: string): Promise<boolean> {
    await this.#pass(true);
    if (this.files.has(name)) {
      return false;
    }
    this.files.set(name, text);
    this.#changed.fire(name);
    return true;
  }

  /** Deletes a file. */
  async delete(name: string): Promise<void> {
    await this.#pass(true);
    if (this.files.delete(name)) {
      this.#changed.fire(name);
    }
  }

  /** Tells the names of files that change. */
  watch(listener: (name: string) => void): Disposable {
    return this.#changed.event(listener);
  }

  async #pass(isWriting = false): Promise<void> {
    await Promise.resolve();
    if (this.failing === true || (isWriting && this.failing !== false)) {
      throw new Error('EROFS: read-only file system');
    }
  }
}

/** The processes of one machine, as far as each knows whether the others are alive. */
export class FakeProcessLiveness implements ProcessLiveness {
  readonly #alive = new Set<string>();
  readonly #stopped = new Set<string>();
  #count = 0;

  /** Registers one more process, which is alive until it's disposed of, or {@link kill}ed. */
  register(): Promise<ProcessRegistration> {
    const token = `window-${(this.#count += 1)}`;
    this.#alive.add(token);
    return Promise.resolve({ token, name: `process ${this.#count}`, dispose: () => void this.#alive.delete(token) });
  }

  /** Whether a process is alive; undefined for one of another machine. */
  isAlive(token: string): Promise<boolean | undefined> {
    return Promise.resolve(token.startsWith('elsewhere') ? undefined : this.#alive.has(token));
  }

  /** Whether a process answers. */
  isResponding(token: string): Promise<boolean> {
    return Promise.resolve(this.#alive.has(token) && !this.#stopped.has(token));
  }

  /** Ends a process. */
  kill(token: string): void {
    this.#alive.delete(token);
  }

  /** Stops a process, which stays alive. */
  stop(token: string): void {
    this.#stopped.add(token);
  }

  /** Lets a stopped process go on. */
  resume(token: string): void {
    this.#stopped.delete(token);
  }
}
