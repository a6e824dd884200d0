import type { Clock, Disposable } from '../../src/core/clock.ts';

interface Timer {
  at: number;
  readonly run: () => void;
}

/** A clock that stands still until a test advances it. */
export class FakeClock implements Clock {
  #now: number;
  readonly #timers = new Set<Timer>();

  /** Starts at a time in ms since the Unix epoch; no test depends on the exact time. */
  constructor(now = Date.UTC(2030, 0, 1)) {
    this.#now = now;
  }

  /** The current time, in ms since the Unix epoch. */
  now(): number {
    return this.#now;
  }

  /** Runs a function after the clock has advanced by this number of ms. */
  after(delay: number, run: () => void): Disposable {
    const timer = { at: this.#now + Math.max(0, delay), run };
    this.#timers.add(timer);
    return { dispose: () => void this.#timers.delete(timer) };
  }

  /** Advances by this number of ms, runs the timers that are due in order, and lets promises settle after each. */
  async advance(by: number): Promise<void> {
    const until = this.#now + by;
    for (;;) {
      await settle();
      const [next] = [...this.#timers].filter(({ at }) => at <= until).sort((one, other) => one.at - other.at);
      if (next === undefined) {
        break;
      }
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
    }
    this.#now = until;
    await settle();
  }

  /** Sets the clock to another time without letting time pass, as NTP, a user or sleep does. Timers keep their remaining time. */
  jump(by: number): void {
    this.#now += by;
    for (const timer of this.#timers) {
      timer.at += by;
    }
  }

  /** The number of pending timers. */
  get pending(): number {
    return this.#timers.size;
  }
}

/** Runs everything that waits only for promises, for several iterations of the event loop. */
export async function settle(): Promise<void> {
  for (let iteration = 0; iteration < 5; iteration += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
