// A window that ends in the middle of what it does: what it shares with others stays as it has left it.
import type { Disposable, Uptime } from '../../src/core/clock.ts';
import type { Emitter } from '../../src/core/emitter.ts';
import type { ProcessRegistration } from '../../src/locking/processLiveness.ts';
import { FakeFolder, FakeProcessLiveness, FakeStore } from './fakeStore.ts';
import { ManualAsyncClock } from './manualAsyncClock.ts';

/** The life of one window: it counts what the window changes, and can be cut off after so many changes. */
export class Crashable {
  /** What the window has changed, in words such as `write s1.json`, oldest first. */
  readonly changes: string[] = [];
  readonly #onEnd: () => void;
  #left = Infinity;

  constructor(onEnd: () => void = () => {}) {
    this.#onEnd = onEnd;
  }

  /** Whether the window has ended. */
  get isOver(): boolean {
    return this.#left <= 0;
  }

  /** Ends the window after so many more changes; at once without a number. */
  end(after = 0): void {
    this.#left = after;
    this.#endIfOver();
  }

  /** Lets the window do something, or never go on. */
  async pass<T>(run: () => Promise<T>, change?: string): Promise<T> {
    const never = new Promise<never>(() => {});
    if (this.#left <= 0) {
      return never;
    }
    if (change !== undefined) {
      this.changes.push(change);
      this.#left -= 1;
    }
    const outcome = run();
    await outcome.catch(() => {});
    this.#endIfOver();
    // A change may be done whose window is not there any more to hear of it.
    return this.isOver ? never : outcome;
  }

  #endIfOver(): void {
    if (this.isOver) {
      this.#onEnd();
    }
  }
}

/** A folder of several windows, as one of them has it. */
export class CrashableFolder extends FakeFolder {
  readonly #shared: FakeFolder;
  readonly #life: Crashable;
  override readonly files: Map<string, string>;

  constructor(shared: FakeFolder, life: Crashable) {
    super();
    this.#shared = shared;
    this.#life = life;
    this.files = shared.files;
  }

  /** The names of the files. */
  override list(): Promise<string[]> {
    return this.#life.pass(() => this.#shared.list());
  }

  /** The text of a file. */
  override read(name: string): Promise<string | undefined> {
    return this.#life.pass(() => this.#shared.read(name));
  }

  /** Writes a file. */
  override write(name: string, text: string): Promise<void> {
    return this.#life.pass(() => this.#shared.write(name, text), `write ${name}`);
  }

  /** Makes a file; false where there is one. */
  override create(name: string, text: string): Promise<boolean> {
    return this.#life.pass(() => this.#shared.create(name, text), `create ${name}`);
  }

  /** Deletes a file. */
  override delete(name: string): Promise<void> {
    return this.#life.pass(() => this.#shared.delete(name), `delete ${name}`);
  }

  /** Tells the names of files that change, for as long as the window lives. */
  override watch(listener: (name: string) => void): Disposable {
    return this.#shared.watch((name) => {
      if (!this.#life.isOver) {
        listener(name);
      }
    });
  }
}

/** The same, where the platform does not tell of changes. */
export class FolderWithoutWatch extends CrashableFolder {
  /** Tells nothing. */
  override watch(): Disposable {
    return { dispose() {} };
  }
}

/** A secret store of several windows, as one of them has it. */
export class CrashableStore extends FakeStore {
  readonly #shared: FakeStore;
  readonly #life: Crashable;
  override readonly secrets: Map<string, string>;

  constructor(shared: FakeStore, life: Crashable) {
    super();
    this.#shared = shared;
    this.#life = life;
    this.secrets = shared.secrets;
  }

  /** Fires with the key of what has changed, for as long as the window lives. */
  override get onDidChange(): Emitter<string>['event'] {
    return (listener) =>
      this.#shared.onDidChange((key) => {
        if (!this.#life.isOver) {
          listener(key);
        }
      });
  }

  /** One secret. */
  override get(key: string): Promise<string | undefined> {
    return this.#life.pass(() => this.#shared.get(key));
  }

  /** Keeps a secret. */
  override store(key: string, value: string): Promise<void> {
    return this.#life.pass(() => this.#shared.store(key, value), `store ${key}`);
  }

  /** Forgets a secret. */
  override delete(key: string): Promise<void> {
    return this.#life.pass(() => this.#shared.delete(key), `forget ${key}`);
  }

  /** The keys of everything it holds. */
  override keys(): Promise<string[]> {
    return this.#life.pass(() => this.#shared.keys());
  }
}

/** The same, where changes of other windows are never told. */
export class StoreWithoutEvents extends CrashableStore {
  /** Never fires. */
  override get onDidChange(): Emitter<string>['event'] {
    return () => ({ dispose() {} });
  }
}

/** The process liveness of several windows, as one of them has it. */
export class CrashableLiveness extends FakeProcessLiveness {
  readonly #shared: FakeProcessLiveness;
  readonly #tokens = new Set<string>();

  constructor(shared: FakeProcessLiveness) {
    super();
    this.#shared = shared;
  }

  /** Registers this window's process. */
  override async register(): Promise<ProcessRegistration> {
    const registration = await this.#shared.register();
    this.#tokens.add(registration.token);
    return registration;
  }

  /** Whether a process is alive. */
  override isAlive(token: string): Promise<boolean | undefined> {
    return this.#shared.isAlive(token);
  }

  /** Whether a process answers. */
  override isResponding(token: string): Promise<boolean> {
    return this.#shared.isResponding(token);
  }

  /** Ends this window's process. */
  end(): void {
    this.#tokens.forEach((token) => this.#shared.kill(token));
  }
}

/** The clock of several windows, as one of them has it: nothing falls due any more in one that has ended. Only the shared one can be moved. */
export class CrashableClock extends ManualAsyncClock {
  readonly #shared: ManualAsyncClock;
  readonly #life: Crashable;

  constructor(shared: ManualAsyncClock, life: Crashable) {
    super();
    this.#shared = shared;
    this.#life = life;
  }

  /** The time that it shows, in ms since the Unix epoch. */
  override now(): number {
    return this.#shared.now();
  }

  /** The machine's uptime. */
  override uptime(): Uptime {
    return this.#shared.uptime();
  }

  /** Runs a function when so many ms have passed, if the window still lives. */
  override after(delay: number, run: () => void): Disposable {
    return this.#shared.after(delay, () => {
      if (!this.#life.isOver) {
        run();
      }
    });
  }
}
