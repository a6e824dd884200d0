// A window that is killed at any point; what it shares with others stays unchanged.
import type { Disposable, Uptime } from '../../src/core/clock.ts';
import type { Emitter } from '../../src/core/emitter.ts';
import { FakeFolder, FakeStore, type StoreCall } from './fakeStore.ts';
import { ManualAsyncClock } from './manualAsyncClock.ts';

/** Whether one window is alive. It counts the window's changes, and can be killed after a number of them. */
export class Crashable {
  /** The window's changes, such as `write s1.json`, oldest first. */
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

  /** Kills the window after this number of further changes; immediately without a number. */
  end(after = 0): void {
    this.#left = after;
    this.#endIfOver();
  }

  /** Lets the window continue, or never resolves. */
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
    // A change may take effect although its window no longer exists when it's done.
    return this.isOver ? never : outcome;
  }

  #endIfOver(): void {
    if (this.isOver) {
      this.#onEnd();
    }
  }
}

/** The shared folder as seen by a window that may be killed. */
export class CrashableFolder extends FakeFolder {
  readonly #shared: FakeFolder;
  readonly #life: Crashable;

  constructor(shared: FakeFolder, life: Crashable) {
    super(shared);
    this.#shared = shared;
    this.#life = life;
  }

  /** Returns the names of the files. */
  override list(): Promise<string[]> {
    return this.#life.pass(() => this.#shared.list());
  }

  /** Returns the text of a file. */
  override read(name: string): Promise<string | undefined> {
    return this.#life.pass(() => this.#shared.read(name));
  }

  /** Writes a file. */
  override write(name: string, text: string): Promise<void> {
    return this.#life.pass(() => this.#shared.write(name, text), `write ${name}`);
  }

  /** Creates a file; false if it exists. */
  override create(name: string, text: string): Promise<boolean> {
    return this.#life.pass(() => this.#shared.create(name, text), `create ${name}`);
  }

  /** Deletes a file. */
  override delete(name: string): Promise<void> {
    return this.#life.pass(() => this.#shared.delete(name), `delete ${name}`);
  }

  /** Calls a function with the name of each file that changes while the window is alive. */
  override watch(listener: (name: string) => void): Disposable {
    return super.watch((name) => {
      if (!this.#life.isOver) {
        listener(name);
      }
    });
  }
}

/** The same, on a platform that doesn't report changes. */
export class FolderWithoutWatch extends CrashableFolder {
  /** Reports nothing. */
  override watch(): Disposable {
    return { dispose() {} };
  }
}

/** The secret store as seen by a window that may be killed. */
export class CrashableStore extends FakeStore {
  readonly #shared: FakeStore;
  readonly #life: Crashable;

  constructor(shared: FakeStore, life: Crashable) {
    super(shared.view);
    this.#shared = shared;
    this.#life = life;
  }

  /** Fires with the key of each changed secret while the window is alive. */
  override get onDidChange(): Emitter<string>['event'] {
    return (listener) =>
      this.view.onDidChange((key) => {
        if (!this.#life.isOver) {
          listener(key);
        }
      });
  }

  /** Lets a call take effect while the window is alive. */
  override perform<T>(effect: () => T, call: StoreCall, key = '', value = ''): Promise<T> {
    const change = call === 'store' || call === 'delete' ? `${call} ${key}` : undefined;
    return this.#life.pass(() => this.#shared.perform(effect, call, key, value), change);
  }
}

/** The same, without events. */
export class StoreWithoutEvents extends CrashableStore {
  /** Never fires. */
  override get onDidChange(): Emitter<string>['event'] {
    return () => ({ dispose() {} });
  }
}

/** The shared clock as one window sees it: no timer fires in a window that has ended. Only the shared clock can be advanced. */
export class CrashableClock extends ManualAsyncClock {
  readonly #shared: ManualAsyncClock;
  readonly #life: Crashable;

  constructor(shared: ManualAsyncClock, life: Crashable) {
    super();
    this.#shared = shared;
    this.#life = life;
  }

  /** The current time, in ms since the Unix epoch. */
  override now(): number {
    return this.#shared.now();
  }

  /** The machine's uptime. */
  override uptime(): Uptime {
    return this.#shared.uptime();
  }

  /** Runs a function after this number of ms, if the window is still alive. */
  override after(delay: number, run: () => void): Disposable {
    return this.#shared.after(delay, () => {
      if (!this.#life.isOver) {
        run();
      }
    });
  }
}
