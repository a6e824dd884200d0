import { MAX_DELAY, type Clock } from '../../src/core/clock.ts';
import type { Random } from '../support/simulation/random.ts';
import type { Time } from './time.ts';

/** A fault of a process at one of its next calls. */
export interface ProcessFault {
  /** The number of calls until then, including this one. */
  calls: number;
  readonly what: 'kill' | 'stop';
  /** Whether the call takes effect. */
  readonly isAfter: boolean;
}

/** The process of one window. All calls and events pass through it, so that it can be stopped or killed at any call. */
export class Process {
  readonly name: string;
  readonly #time: Time;
  readonly #random: Random;
  readonly #onFault: (what: ProcessFault['what']) => void;
  #state: 'runs' | 'stopped' | 'dead' = 'runs';
  #held: { readonly isTimer: boolean; readonly run: () => void }[] = [];
  #fault: ProcessFault | undefined;
  /** Since when, in the machine's own time, it has run without being stopped. */
  runsSince: number;

  constructor(name: string, time: Time, random: Random, onFault: (what: ProcessFault['what']) => void) {
    this.name = name;
    this.#time = time;
    this.#random = random;
    this.#onFault = onFault;
    this.runsSince = time.awake;
  }

  get isDead(): boolean {
    return this.#state === 'dead';
  }

  get runs(): boolean {
    return this.#state === 'runs';
  }

  /** Schedules a fault, unless one is scheduled. */
  scheduleFault(fault: ProcessFault): void {
    this.#fault ??= fault;
  }

  /** Kills it: its pending calls have no effect and don't return. */
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

  /** Resumes it: pending events are delivered now, sometimes the timers first. */
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

  /** Runs a function in it: immediately, when it's resumed, or never. */
  deliver(run: () => void, isTimer = false): void {
    if (this.#state === 'runs') {
      run();
    } else if (this.#state === 'stopped') {
      this.#held.push({ isTimer, run });
    }
  }

  /** Its clock. */
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
      // Like with the platform's timers, a delay that is too long fires immediately.
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
   * Makes a call.
   * @param effect the effect of the call, at one point in time.
   * @param slowness the probability that the call takes time.
   */
  call<T>(effect: () => T, slowness: number): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.isDead) {
        return;
      }
      const fault = this.#nextFault();
      if (fault?.isAfter === false) {
        this.#onFault(fault.what);
      }
      const perform = (): void => {
        const answer = attempt(effect, resolve, reject);
        if (fault?.isAfter === true) {
          this.#onFault(fault.what);
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

  #nextFault(): ProcessFault | undefined {
    const fault = this.#fault;
    if (fault === undefined || (fault.calls -= 1) > 0) {
      return undefined;
    }
    this.#fault = undefined;
    return fault;
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
