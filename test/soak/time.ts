// Simulated time. The server uses the true time. The machine's own time stops while it sleeps. Its wall clock is the
// true time plus an offset.
import type { Disposable } from '../../src/core/clock.ts';

interface Entry {
  readonly at: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** Timers, the earliest first. */
class Agenda {
  readonly #heap: Entry[] = [];
  #count = 0;

  add(at: number, run: () => void): Disposable {
    const entry: Entry = { at, order: (this.#count += 1), run };
    this.#heap.push(entry);
    this.#rise(this.#heap.length - 1);
    return { dispose: () => (entry.run = undefined) };
  }

  /** When the next timer fires. */
  get next(): number {
    while (this.#heap[0] !== undefined && this.#heap[0].run === undefined) {
      this.#take();
    }
    return this.#heap[0]?.at ?? Infinity;
  }

  runNext(): void {
    this.#take()?.run?.();
  }

  #take(): Entry | undefined {
    const [first] = this.#heap;
    const last = this.#heap.pop();
    if (last !== undefined && this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#sink();
    }
    return first;
  }

  #isBefore(one: number, other: number): boolean {
    const [a, b] = [this.#heap[one], this.#heap[other]];
    return a !== undefined && (b === undefined || a.at < b.at || (a.at === b.at && a.order < b.order));
  }

  #swap(one: number, other: number): void {
    const [a, b] = [this.#heap[one], this.#heap[other]];
    if (a !== undefined && b !== undefined) {
      this.#heap[one] = b;
      this.#heap[other] = a;
    }
  }

  #rise(from: number): void {
    for (let index = from; index > 0;) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(index, parent)) {
        return;
      }
      this.#swap(index, parent);
      index = parent;
    }
  }

  #sink(): void {
    for (let index = 0; ;) {
      const [left, right] = [2 * index + 1, 2 * index + 2];
      const least = this.#isBefore(right, left) ? right : left;
      if (!this.#isBefore(least, index)) {
        return;
      }
      this.#swap(index, least);
      index = least;
    }
  }
}

/** A wall clock that was set back. */
export interface SetBack {
  /** When, in the machine's own time. */
  readonly at: number;
  /** When, in true time. */
  readonly trueAt: number;
  /** Whether a window has run long enough since then to detect it. */
  isNoticed: boolean;
}

/** When the machine was started. */
const STARTED_AT = Date.UTC(2031, 4, 5, 8, 0, 0);

/** The time of one simulation: of the server, and of the machine. */
export class Time {
  readonly #trueTime = new Agenda();
  readonly #machine = new Agenda();
  #now = STARTED_AT;
  #offset = 0;
  #slept = 0;
  #asleepSince: number | undefined;
  /** How often the wall clock was set, in either direction. */
  jumps = 0;
  /** Each time that it was set back. */
  readonly setBacks: SetBack[] = [];

  /** The true time, in ms since the Unix epoch. */
  get now(): number {
    return this.#now;
  }

  /** The time on the machine's wall clock. */
  get wall(): number {
    return this.#now + this.#offset;
  }

  /** The offset of the wall clock. */
  get offset(): number {
    return this.#offset;
  }

  /** How long the machine has been running, in ms, including sleep. */
  get uptime(): number {
    return this.#now - STARTED_AT;
  }

  /** The machine's own time, without sleep and clock changes. */
  get awake(): number {
    return (this.#asleepSince ?? this.#now) - this.#slept;
  }

  get isAsleep(): boolean {
    return this.#asleepSince !== undefined;
  }

  /** Runs a function after a delay in ms of true time. */
  after(delay: number, run: () => void): Disposable {
    return this.#trueTime.add(this.#now + Math.max(0, Math.ceil(delay)), run);
  }

  /** Runs a function on the machine after a delay in ms during which it is awake. */
  afterAwake(delay: number, run: () => void): Disposable {
    return this.#machine.add(this.awake + Math.max(0, Math.ceil(delay)), run);
  }

  /** Puts the machine to sleep. */
  sleep(): void {
    this.#asleepSince ??= this.#now;
  }

  /**
   * Wakes the machine.
   * @param isTimeLost whether timers don't count sleep; on some platforms they do.
   */
  wake(isTimeLost: boolean): void {
    if (this.#asleepSince !== undefined) {
      this.#slept += isTimeLost ? this.#now - this.#asleepSince : 0;
      this.#asleepSince = undefined;
    }
  }

  /** Sets the wall clock forward by a number of ms, or back if that is negative. */
  jump(by: number): void {
    this.#offset += by;
    this.jumps += 1;
    if (by < 0) {
      this.setBacks.push({ at: this.awake, trueAt: this.#now, isNoticed: false });
    }
  }

  /** Lets time pass until the next timer and runs it; false if none fires before the end. */
  async step(until: number): Promise<boolean> {
    await rest();
    const trueTime = this.#trueTime.next;
    const machine = this.isAsleep ? Infinity : Math.max(this.#now, this.#machine.next + this.#slept);
    if (Math.min(trueTime, machine) > until) {
      this.#now = until;
      return false;
    }
    this.#now = Math.min(trueTime, machine);
    (trueTime <= machine ? this.#trueTime : this.#machine).runNext();
    return true;
  }
}

/** Lets everything continue that waits only for promises. */
function rest(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
