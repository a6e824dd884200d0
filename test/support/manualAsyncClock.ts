import { MAX_DELAY, type Clock, type Disposable, type Uptime } from '../../src/core/clock.ts';
import { settle } from './fakeClock.ts';

interface Timer {
  at: number;
  readonly run: () => void;
}

/** How long, in real ms, work may take before a test is failed instead of hanging. */
const PATIENCE = 5000;

/**
 * A clock that a test advances, and that stands still while work is in progress, so that real requests can be sent within
 * simulated hours. Like the platform's timers, a delay that is too long fires immediately.
 */
export class ManualAsyncClock implements Clock {
  #now: number;
  #uptime = 3 * 86_400_000;
  #timers: readonly Timer[] = [];
  /** Whether work is in progress that time must wait for. */
  busy: () => boolean = () => false;
  /** The longest delay that was requested, in ms. */
  longestDelay = 0;
  /** The number of timers that have fired. */
  fired = 0;

  /** Starts at a time in ms since the Unix epoch; no test depends on the exact time. */
  constructor(now = Date.UTC(2031, 4, 6, 7, 8, 9)) {
    this.#now = now;
  }

  /** The current time, in ms since the Unix epoch. */
  now(): number {
    return this.#now;
  }

  /** Runs a function after this number of ms. */
  after(delay: number, run: () => void): Disposable {
    this.longestDelay = Math.max(this.longestDelay, delay);
    const timer = { at: this.#now + (delay > MAX_DELAY ? 0 : Math.max(0, delay)), run };
    this.#timers = [...this.#timers, timer];
    return {
      dispose: () => {
        this.#timers = this.#timers.filter((one) => one !== timer);
      },
    };
  }

  /** Advances by this number of ms and runs the timers that are due in order; waits for the work that each starts. */
  async pass(by: number): Promise<void> {
    const until = this.#now + by;
    for (;;) {
      await this.rest();
      const [next] = this.#timers.filter(({ at }) => at <= until).sort((one, other) => one.at - other.at);
      if (next === undefined) {
        break;
      }
      this.#timers = this.#timers.filter((one) => one !== next);
      this.#moveTo(Math.max(this.#now, next.at));
      this.fired += 1;
      next.run();
    }
    this.#moveTo(until);
  }

  /** The machine's uptime, which includes sleep. */
  uptime(): Uptime {
    return { boot: 'machine', ms: this.#uptime };
  }

  #moveTo(time: number): void {
    this.#uptime += Math.max(0, time - this.#now);
    this.#now = time;
  }

  /** Waits until no work is in progress; no time passes. */
  async rest(): Promise<void> {
    const giveUpAt = performance.now() + PATIENCE;
    do {
      await settle();
      if (performance.now() > giveUpAt) {
        throw new Error("The work in progress doesn't end.");
      }
    } while (this.busy());
  }

  /** Simulates sleep of the machine: the wall clock advances, and timers keep their remaining time. */
  sleep(time: number): void {
    this.#uptime += Math.max(0, time);
    this.set(time);
  }

  /** Changes the clock by this number of ms. No time passes: timers keep their remaining time. */
  set(time: number): void {
    this.#now += time;
    for (const timer of this.#timers) {
      timer.at += time;
    }
  }
}
