// Time as a port, so that a month can pass in a test within a second.

/** Something that can be undone or ended once. */
export interface Disposable {
  dispose(): void;
}

/** Where the time comes from. */
export interface Clock {
  /** The wall-clock time, in ms since the Unix epoch. It may jump: sleep, NTP, a person. */
  now(): number;
  /**
   * Runs a function once, after a delay in ms. A delay is held within 0 and {@link MAX_DELAY},
   * because a longer one overflows the platform's timer and fires at once.
   */
  after(delay: number, run: () => void): Disposable;
  /** The machine's uptime, which nobody can set; absent if it isn't known. */
  uptime?(): Uptime;
}

/** A reading of the machine's uptime. */
export interface Uptime {
  /** Identifies the start of the machine that `ms` counts from. */
  readonly boot: string;
  /** How long the machine has been running, in ms, sleeps included. */
  readonly ms: number;
}

/**
 * The real time that passed between two readings, in ms, sleeps included and clock changes left out; undefined if the
 * readings can't be compared, because one is missing or the machine was restarted in between.
 */
export function elapsedUptime(from: Uptime | undefined, to: Uptime | undefined): number | undefined {
  const isComparable = from !== undefined && from.boot === to?.boot && to.ms >= from.ms;
  return isComparable ? to.ms - from.ms : undefined;
}

/** The longest delay in ms that a platform timer takes: 2^31 − 1, about 24.8 days. */
export const MAX_DELAY = 2 ** 31 - 1;

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delay, run) {
    const timer = setTimeout(run, Math.min(Math.max(0, delay), MAX_DELAY));
    return { dispose: () => clearTimeout(timer) };
  },
};

/** How long, in ms, before its end a deadline looks whether it is really over. */
const WAKE_GRACE = 1000;

/**
 * Runs a function once a deadline has passed. After a stop of the process or a sleep of the machine, timers are late
 * and come before what has been waiting all the while; so the last second begins only when the rest is over.
 */
export function setDeadline(clock: Clock, deadline: number, run: () => void): Disposable {
  let timer = clock.after(deadline - WAKE_GRACE, () => {
    timer = clock.after(WAKE_GRACE, run);
  });
  return { dispose: () => timer.dispose() };
}

/** How far, in ms, two clocks may be apart before it is spoken of. */
export const CLOCK_SKEW_WARNING = 5 * 60_000;

/** One second, in ms. */
export const SECOND = 1000;
/** One minute, in ms. */
export const MINUTE = 60 * SECOND;
/** One hour, in ms. */
export const HOUR = 60 * MINUTE;
/** One day, in ms. */
export const DAY = 24 * HOUR;
