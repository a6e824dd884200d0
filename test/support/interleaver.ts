// Windows whose steps are ordered by a seed: what one does between two steps of another, and at which step each is killed.
import type { Clock } from '../../src/core/clock.ts';
import type { SharedFolder } from '../../src/locking/sharedFolder.ts';
import type { ProcessLiveness } from '../../src/locking/processLiveness.ts';
import { randomFrom } from './simulation/random.ts';

interface Step {
  readonly window: number;
  readonly go: () => void;
}

/** How many files may be created while a folder is listed. */
const LARGEST_LAG = 2;

/** Runs the steps of windows one by one, in an order that depends on a seed. A window can be stopped, or killed. */
export class Interleaver {
  readonly #random: () => number;
  readonly #dead = new Set<number>();
  readonly #frozen = new Map<number, number>();
  /** The tokens of the registered processes, with the window of each. */
  readonly #registered = new Map<string, number>();
  #waiting: readonly Step[] = [];
  /** Objects, because a window goes on writing to a file that another one has deleted. */
  readonly #files = new Map<string, { text: string }>();
  #created = 0;

  constructor(seed: number) {
    this.#random = randomFrom(seed);
  }

  /** Returns true with this probability. */
  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  /** An integer below another. */
  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  /** Awaited by each window before each step: resolves when its step is chosen, or never. */
  step(window: number): Promise<void> {
    return new Promise((go) => {
      if (!this.#dead.has(window)) {
        this.#waiting = [...this.#waiting, { window, go }];
      }
    });
  }

  /** Runs windows until none has a step to run, or the number of steps is reached. Before each step, other windows may be stopped for a while. */
  async run(most: number, beforeEach: () => void): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    for (let count = 0; count < most && this.#waiting.length > 0; count += 1) {
      beforeEach();
      const step = this.#choose();
      if (step !== undefined) {
        this.#waiting = this.#waiting.filter((one) => one !== step);
        step.go();
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Stops a window for a number of steps of the others; it stays alive. */
  freeze(window: number, steps: number): void {
    this.#frozen.set(window, steps);
  }

  /** Kills a window in the middle of any step. */
  kill(window: number): void {
    this.#dead.add(window);
    this.#waiting = this.#waiting.filter((step) => step.window !== window);
    for (const [token, owner] of this.#registered) {
      if (owner === window) {
        this.#registered.delete(token);
      }
    }
  }

  /** Whether a window is currently stopped. */
  isFrozen(window: number): boolean {
    return this.#frozen.has(window);
  }

  /** What the folder contains, by file name. */
  get files(): ReadonlyMap<string, string> {
    return new Map([...this.#files].map(([name, { text }]) => [name, text]));
  }

  /**
   * The folder as a window sees it. All share one folder. A listing isn't a snapshot, but contains every file that exists throughout.
   * @param hasHardLinks if not, a created file is empty until its window's next step.
   */
  folderOf(window: number, hasHardLinks = true): SharedFolder {
    const files = this.#files;
    return {
      list: async () => {
        await this.step(window);
        const before = new Set(files.keys());
        const created = this.#created;
        while (this.chance(0.3) && this.#created - created < LARGEST_LAG) {
          await this.step(window);
        }
        const changed = [...before, ...files.keys()].filter((name) => !before.has(name) || !files.has(name));
        const throughout = [...before].filter((name) => files.has(name));
        return [...throughout, ...changed.filter(() => this.chance(0.5))];
      },
      read: async (name) => {
        await this.step(window);
        return files.get(name)?.text;
      },
      write: async (name, text) => {
        await this.step(window);
        files.set(name, { text });
      },
      create: async (name, text) => {
        await this.step(window);
        if (files.has(name)) {
          return false;
        }
        const file = { text: hasHardLinks ? text : '' };
        this.#created += 1;
        files.set(name, file);
        if (!hasHardLinks) {
          await this.step(window);
          file.text = text;
        }
        return true;
      },
      delete: async (name) => {
        await this.step(window);
        files.delete(name);
      },
      watch: () => ({ dispose() {} }),
    };
  }

  /** The process liveness as a window sees it: a stopped window is alive, and doesn't respond. */
  livenessOf(window: number): ProcessLiveness {
    return {
      register: async () => {
        await this.step(window);
        const token = `${window}-${this.#registered.size}-${this.below(1e9)}`;
        this.#registered.set(token, window);
        return { token, name: `window ${window}`, dispose: () => void this.#registered.delete(token) };
      },
      isAlive: async (token) => {
        await this.step(window);
        return this.#registered.has(token);
      },
      isResponding: async (token) => {
        await this.step(window);
        const owner = this.#registered.get(token);
        return owner !== undefined && !this.isFrozen(owner);
      },
    };
  }

  /** The clock of a window: its time has no meaning, and each delay is a step. */
  clockOf(window: number): Clock {
    return {
      now: () => 0,
      after: (_delay, run) => {
        void this.step(window).then(run);
        return { dispose() {} };
      },
    };
  }

  #choose(): Step | undefined {
    for (const [window, steps] of this.#frozen) {
      this.#frozen.set(window, steps - 1);
      if (steps <= 0) {
        this.#frozen.delete(window);
      }
    }
    const awake = this.#waiting.filter(({ window }) => !this.#frozen.has(window));
    return awake[this.below(awake.length)];
  }
}
