import type { Disposable } from '../../src/core/clock.ts';
import { ManualAsyncClock } from '../support/manualAsyncClock.ts';

interface Timer {
  at: number;
  readonly run: () => void;
}

/**
 * A manual clock for many windows: everything that is due at one time runs at that time, before any of the resulting
 * work completes.
 */
export class MultiWindowClock extends ManualAsyncClock {
  readonly #timers = new Set<Timer>();
  #now = super.now();

  override now(): number {
    return this.#now;
  }

  override after(delay: number, run: () => void): Disposable {
    const timer = { at: this.#now + Math.max(0, delay), run };
    this.#timers.add(timer);
    return { dispose: () => void this.#timers.delete(timer) };
  }

  override async pass(by: number): Promise<void> {
    const until = this.#now + by;
    for (;;) {
      await this.rest();
      const next = Math.min(...[...this.#timers].map(({ at }) => at));
      if (next > until) {
        break;
      }
      this.#now = Math.max(this.#now, next);
      for (const timer of [...this.#timers].filter(({ at }) => at <= next)) {
        // One of them may have canceled another.
        if (this.#timers.delete(timer)) {
          this.fired += 1;
          timer.run();
        }
      }
    }
    this.#now = until;
  }

  /** Simulates sleep: the clock continues, and timers keep their remaining time. */
  override sleep(time: number): void {
    this.#now += time;
    for (const timer of this.#timers) {
      timer.at += time;
    }
  }
}
