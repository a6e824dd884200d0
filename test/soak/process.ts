import { MAX_DELAY, type Clock } from '../../src/core/clock.ts';
import type { Random } from '../support/simulation/random.ts';
import type { Time } from './time.ts';

/** What befalls a process at one of its next calls. */
export interface Fate {
  /** How many calls it still makes, this one included. */
  calls: number;
  readonly what: 'kill' | 'stop';
  /** Whether the call has its effect. */
  readonly isAfter: boolean;
}

/** The process of one window: nothing gets in or out but through here, so that it can stop, or end, at any call. */
export class Process {
  readonly name: string;
  readonly #time: Time;
  readonly #random: Random;
  readonly #meet: (what: Fate['what']) => void;
  #state: 'runs' | 'stopped' | 'dead' = 'runs';
  #held: { readonly isTimer: boolean; readonly run: () => void }[] = [];
  #fate: Fate | undefined;
  /** Since when, in the machine's own time, it has run without a break. */
  runsSince: number;

  constructor(name: string, time: Time, random: Random, meet: (what: Fate['what']) => void) {
    this.name = name;
    this.#time = time;
    this.#random = random;
    this.#meet = meet;
    this.runsSince = time.awake;
  }

  get isDead(): boolean {
    return this.#state === 'dead';
  }

  get runs(): boolean {
    return this.#state === 'runs';
  }

  /** Says what befalls it soon. */
  doom(fate: Fate): void {
    this.#fate ??= fate;
  }

  /** Ends it: nothing that it has begun has an effect any more, or returns. */
  kill(): void {
    this.#state = 'dead';
    this.#held = [];
  }

  /** Stops it, as `SIGSTOP` does. */
  stop(): void {
    if (this.runs) {
      this.#state = 'stopped';
    }
  }

  /** Lets it go on: whatever came in meanwhile comes now, sometimes the timers first. */
  continue(): void {
    if (this.#state !== 'stopped') {
      return;
    }
    this.#state = 'runs';
    this.runsSince = this.#time.awake;
    const held = this.#held;
    this.#held = [];
    const isTimersFirst = this.#random.chance(0.5);
    const ordered = isTimersFirst
      ? [...held.filter(({ isTimer }) => isTimer), ...held.filter(({ isTimer }) => !isTimer)]
      : held;
    for (const { run } of ordered) {
      this.#time.afterAwake(0, () => this.deliver(run));
    }
  }

  /** Runs something in it: at once, when it goes on, or never. */
  deliver(run: () => void, isTimer = false): void {
    if (this.#state === 'runs') {
      run();
    } else if (this.#state === 'stopped') {
      this.#held.push({ isTimer, run });
    }
  }

  /** The clock as it sees it. */
  readonly clock: Clock = {
    now: () => this.#time.wall,
    uptime: () => ({ boot: 'machine', ms: this.#time.uptime }),
    after: (delay, run) => {
      let isOver = false;
      const once = (): void => {
        if (!isOver) {
          isOver = true;
          run();
        }
      };
      // Like the platform's own timers, a delay that is too long fires at once.
      const timer = this.#time.afterAwake(delay > MAX_DELAY ? 0 : delay, () => this.deliver(once, true));
      return {
        dispose: () => {
          isOver = true;
          timer.dispose();
        },
      };
    },
  };

  /**
   * A call out of it.
   * @param effect what the call does, in one moment.
   * @param slowness how likely it is that the call takes time.
   */
  call<T>(effect: () => T, slowness: number): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.isDead) {
        return;
      }
      const fate = this.#nextFate();
      if (fate?.isAfter === false) {
        this.#meet(fate.what);
      }
      const perform = (): void => {
        const answer = attempt(effect, resolve, reject);
        if (fate?.isAfter === true) {
          this.#meet(fate.what);
        }
        this.#soon(slowness, answer);
      };
      this.#soon(slowness, perform);
    });
  }

  #soon(slowness: number, run: () => void): void {
    if (this.#random.chance(slowness / 2)) {
      const delay = this.#random.chance(0.03) ? this.#random.wide(100, 4000) : this.#random.wide(1, 60);
      this.#time.afterAwake(delay, () => this.deliver(run));
    } else {
      queueMicrotask(() => this.deliver(run));
    }
  }

  #nextFate(): Fate | undefined {
    const fate = this.#fate;
    if (fate === undefined || (fate.calls -= 1) > 0) {
      return undefined;
    }
    this.#fate = undefined;
    return fate;
  }
}

function attempt<T>(effect: () => T, resolve: (value: T) => void, reject: (error: unknown) => void): () => void {
  try {
    const value = effect();
    return () => resolve(value);
  } catch (error) {
    return () => reject(error);
  }
}
