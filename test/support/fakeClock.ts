import type { Clock, Disposable } from '../../src/core/clock.ts';

interface Timer {
  at: number;
  readonly run: () => void;
}

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  #now: number;
  readonly #timers = new Set<Timer>();

  /** Starts at a time in ms since the Unix epoch; which one must not matter to anybody. */
  constructor(now = Date.UTC(2030, 0, 1)) {
    this.#now = now;
  }

  /** The time that it shows, in ms since the Unix epoch. */
  now(): number {
    return this.#now;
  }

  /** Runs a function when the clock has been moved on by so many ms. */
  after(delay: number, run: () => void): Disposable {
    const timer = { at: this.#now + Math.max(0, delay), run };
    this.#timers.add(timer);
    return { dispose: () => void this.#timers.delete(timer) };
  }

  /** Moves on by so many ms, running what falls due on the way in order, and lets promises settle after each. */
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

  /** Sets the clock to another time without letting time pass: what NTP, a person or a sleep does. Timers keep their rest. */
  jump(by: number): void {
    this.#now += by;
    for (const timer of this.#timers) {
      timer.at += by;
    }
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size;
  }
}

/** Lets everything that waits for promises only go on, for several iterations of the event loop. */
export async function settle(): Promise<void> {
  for (let iteration = 0; iteration < 5; iteration += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
