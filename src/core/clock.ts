// The clock as a dependency, so that a test can simulate a month within a second.

/** A resource that can be released, as in VS Code's API. */
export interface Disposable {
  dispose(): void;
}

/** The source of time and timers. */
export interface Clock {
  /** The wall-clock time, in ms since the Unix epoch. It can jump: sleep, NTP, manual changes. */
  now(): number;
  /**
   * Runs a function once, after a delay in ms. The delay is clamped to 0 through {@link MAX_DELAY}, because a longer
   * one overflows the platform's timer, which then fires immediately.
   */
  after(delay: number, run: () => void): Disposable;
  /** The machine's uptime, which can't be set; absent if it isn't known. */
  uptime?(): Uptime;
}

/** A reading of the machine's uptime. */
export interface Uptime {
  /** Identifies the start of the machine that `ms` counts from. */
  readonly boot: string;
  /** How long the machine has been running, in ms, including sleep. */
  readonly ms: number;
}

/**
 * The real time between two readings, in ms, including sleep and excluding clock changes; undefined if the readings
 * can't be compared, because one is missing or the machine was restarted in between.
 */
export function elapsedUptime(from: Uptime | undefined, to: Uptime | undefined): number | undefined {
  const isComparable = from !== undefined && from.boot === to?.boot && to.ms >= from.ms;
  return isComparable ? to.ms - from.ms : undefined;
}

/** The longest delay of a platform timer, in ms: 2^31 − 1, about 24.8 days. */
export const MAX_DELAY = 2 ** 31 - 1;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delay, run) {
    const timer = setTimeout(run, Math.min(Math.max(0, delay), MAX_DELAY));
    return { dispose: () => clearTimeout(timer) };
  },
};

/** The last part of a deadline, in ms, which is timed separately. */
const WAKE_GRACE = 1000;

/**
 * Runs a function once a deadline has passed, in ms from now. After the process was suspended or the machine slept,
 * timers are late and fire before pending I/O is processed. That's why the last second starts only after the rest has
 * passed.
 */
export function setDeadline(clock: Clock, deadline: number, run: () => void): Disposable {
  let timer = clock.after(deadline - WAKE_GRACE, () => {
    timer = clock.after(WAKE_GRACE, run);
  });
  return { dispose: () => timer.dispose() };
}

/** Resolves after a delay, in ms. */
export function delay(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(ms, resolve));
}

/** The clock skew, in ms, from which the user is warned. */
export const CLOCK_SKEW_WARNING = 5 * 60_000;

/** One second, in ms. */
export const SECOND = 1000;
/** One minute, in ms. */
export const MINUTE = 60 * SECOND;
/** One hour, in ms. */
export const HOUR = 60 * MINUTE;
/** One day, in ms. */
export const DAY = 24 * HOUR;
