import { MAX_DELAY, type Clock, type Disposable, type Uptime } from '../../src/core/clock.ts';
import { settle } from './fakeClock.ts';

interface Timer {
  at: number;
  readonly run: () => void;
}

/** How long, in real ms, work may go on before a test is stopped rather than left hanging. */
const PATIENCE = 5000;

/**
 * A clock that a test moves, and that does not move while there is work under way: real requests can be made
 * within fake hours. Like the platform's own timers, a delay that is too long fires at once.
 */
export class ManualAsyncClock implements Clock {
  #now: number;
  #uptime = 3 * 86_400_000;
  #timers: readonly Timer[] = [];
  /** Whether something is under way that time must wait for. */
  busy: () => boolean = () => false;
  /** The longest delay that anybody has asked for, in ms. */
  longestDelay = 0;
  /** How many timers have fired. */
  fired = 0;

  /** Starts at a time in ms since the Unix epoch; which one must not matter to anybody. */
  constructor(now = Date.UTC(2031, 4, 6, 7, 8, 9)) {
    this.#now = now;
  }

  /** The time that it shows, in ms since the Unix epoch. */
  now(): number {
    return this.#now;
  }

  /** Runs a function when so many ms have passed. */
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

  /** Lets so many ms pass, running what falls due in order; waits for the work that each timer starts. */
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

  /** The machine's uptime: it goes on with the time that passes, and in a sleep. */
  uptime(): Uptime {
    return { boot: 'machine', ms: this.#uptime };
  }

  #moveTo(time: number): void {
    this.#uptime += Math.max(0, time - this.#now);
    this.#now = time;
  }

  /** Waits until no work is under way; no time passes. */
  async rest(): Promise<void> {
    const giveUpAt = performance.now() + PATIENCE;
    do {
      await settle();
      if (performance.now() > giveUpAt) {
        throw new Error('The work under way does not end.');
      }
    } while (this.busy());
  }

  /** What a sleep of the machine does: the wall clock goes on, the timers do not. They keep their rest. */
  sleep(time: number): void {
    this.#uptime += Math.max(0, time);
    this.set(time);
  }

  /** Sets the clock by so many ms. No time passes: timers keep their rest. */
  set(time: number): void {
    this.#now += time;
    for (const timer of this.#timers) {
      timer.at += time;
    }
  }
}
