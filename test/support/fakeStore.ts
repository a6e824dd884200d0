// The ports that the windows of one machine share, in memory. Each can be created with the state of another one, so that
// every window has its own view; a view overrides `perform` to decide when, and whether, a call takes effect.
import { Emitter } from '../../src/core/emitter.ts';
import type { Disposable } from '../../src/core/clock.ts';
import type { SharedFolder } from '../../src/locking/sharedFolder.ts';
import type { ProcessLiveness, ProcessRegistration } from '../../src/locking/processLiveness.ts';
import type { SecretStore } from '../../src/storage/secretSessionStorage.ts';
import { SharedSecrets, type SecretsView } from './simulation/sharedSecrets.ts';

/** A call to the secret store. */
export type StoreCall = 'get' | 'store' | 'delete' | 'keys';

/** A secret store in memory that fails, or waits, on request. Windows with the same state share it. */
export class FakeStore implements SecretStore {
  /** The secrets as this store sees them. */
  readonly view: SecretsView;
  /** The calls that reject. */
  readonly failing = new Set<StoreCall>();
  /** Every text that was stored, or passed to `store`, oldest first. */
  readonly history: { readonly key: string; readonly value: string }[] = [];
  /** What each `store` waits for before it takes effect. */
  beforeStore: () => Promise<void> = () => Promise.resolve();

  constructor(view = new SharedSecrets('immediate').open()) {
    this.view = view;
  }

  /** The secrets, by key. */
  get secrets(): Map<string, string> {
    return this.view.secrets;
  }

  /** Fires with the key of each changed secret. */
  get onDidChange(): Emitter<string>['event'] {
    return (listener) => this.view.onDidChange(listener);
  }

  /** Returns a secret. */
  get(key: string): Promise<string | undefined> {
    return this.perform(() => this.view.get(key), 'get', key);
  }

  /** Stores a secret. */
  store(key: string, value: string): Promise<void> {
    return this.perform(() => this.view.set(key, value), 'store', key, value);
  }

  /** Deletes a secret. */
  delete(key: string): Promise<void> {
    return this.perform(() => this.view.set(key, undefined), 'delete', key);
  }

  /** Returns all keys. */
  keys(): Promise<string[]> {
    return this.perform(() => [...this.secrets.keys()], 'keys');
  }

  /** Lets a call take effect. */
  async perform<T>(effect: () => T, call: StoreCall, key = '', value = ''): Promise<T> {
    if (call === 'store') {
      this.history.push({ key, value });
      await this.beforeStore();
    }
    await Promise.resolve();
    if (this.failing.has(call)) {
      throw new Error('The keyring is locked.');
    }
    return effect();
  }
}

/** A folder in memory that fails on request. */
export class FakeFolder implements SharedFolder {
  /** The files, by name. */
  readonly files: Map<string, string>;
  /** Whether every call rejects; `writing`: only those that change something. */
  failing: boolean | 'writing' = false;
  readonly #changed: Emitter<string>;

  constructor(shared?: FakeFolder) {
    this.files = shared?.files ?? new Map<string, string>();
    this.#changed = shared === undefined ? new Emitter() : shared.#changed;
  }

  /** Returns the names of the files. */
  list(): Promise<string[]> {
    return this.perform(() => [...this.files.keys()]);
  }

  /** Returns the text of a file. */
  read(name: string): Promise<string | undefined> {
    return this.perform(() => this.files.get(name));
  }

  /** Writes a file. */
  write(name: string, text: string): Promise<void> {
    return this.perform(() => void this.#put(name, text), true);
  }

  /** Creates a file; false if it exists. */
  create(name: string, text: string): Promise<boolean> {
    return this.perform(() => !this.files.has(name) && this.#put(name, text), true);
  }

  /** Deletes a file. */
  delete(name: string): Promise<void> {
    return this.perform(() => {
      if (this.files.delete(name)) {
        this.notify(name);
      }
    }, true);
  }

  /** Calls a function with the name of each file that changes. */
  watch(listener: (name: string) => void): Disposable {
    return this.#changed.event(listener);
  }

  /**
   * Lets a call take effect.
   * @param isChange whether it changes a file.
   */
  protected async perform<T>(effect: () => T, isChange = false): Promise<T> {
    await Promise.resolve();
    return this.attempt(effect, isChange);
  }

  /** Runs a call. Throws if the folder fails. */
  attempt<T>(effect: () => T, isChange: boolean): T {
    if (this.failing === true || (isChange && this.failing !== false)) {
      throw new Error('EROFS: read-only file system');
    }
    return effect();
  }

  /** Notifies the windows of a changed file. */
  protected notify(name: string, _text?: string): void {
    this.#changed.fire(name);
  }

  #put(name: string, text: string): true {
    this.files.set(name, text);
    this.notify(name, text);
    return true;
  }
}

/** Returns a folder with some of its calls replaced. */
export function folderWith(folder: SharedFolder, replaced: Partial<SharedFolder>): SharedFolder {
  return {
    list: () => folder.list(),
    read: (name) => folder.read(name),
    write: (name, text) => folder.write(name, text),
    create: (name, text) => folder.create(name, text),
    delete: (name) => folder.delete(name),
    watch: (listener) => folder.watch(listener),
    ...replaced,
  };
}

/** The processes of one machine: which are alive, and which are stopped. */
class Processes {
  readonly alive = new Set<string>();
  readonly stopped = new Set<string>();
  count = 0;
}

/** The processes of one machine, as far as each knows whether the others are alive. */
export class FakeProcessLiveness implements ProcessLiveness {
  readonly #processes: Processes;
  readonly #own = new Set<string>();

  constructor(shared?: FakeProcessLiveness) {
    this.#processes = shared === undefined ? new Processes() : shared.#processes;
  }

  /** Registers one more process, which is alive until it's disposed of, or {@link kill}ed. */
  register(): Promise<ProcessRegistration> {
    return this.perform(() => {
      const { alive } = this.#processes;
      const number = (this.#processes.count += 1);
      const token = `window-${number}`;
      alive.add(token);
      this.#own.add(token);
      return { token, name: `process ${number}`, dispose: () => void alive.delete(token) };
    });
  }

  /** Whether a process is alive; undefined for one of another machine. */
  isAlive(token: string): Promise<boolean | undefined> {
    return this.perform(() => (token.startsWith('elsewhere') ? undefined : this.#processes.alive.has(token)));
  }

  /** Whether a process responds. */
  isResponding(token: string): Promise<boolean> {
    return this.perform(() => this.#processes.alive.has(token) && !this.#processes.stopped.has(token));
  }

  /** Kills a process. */
  kill(token: string): void {
    this.#processes.alive.delete(token);
  }

  /** Stops a process, which stays alive. */
  stop(token: string): void {
    this.#processes.stopped.add(token);
  }

  /** Resumes a stopped process. */
  resume(token: string): void {
    this.#processes.stopped.delete(token);
  }

  /** Kills the processes that were registered here. */
  end(): void {
    this.#own.forEach((token) => this.kill(token));
  }

  /** Lets a call take effect. */
  protected perform<T>(effect: () => T): Promise<T> {
    return Promise.resolve(effect());
  }
}
