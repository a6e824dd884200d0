// Tracks the last activity and how long sessions have been idle. All times are uptimes of the machine, in ms, which
// can't be set and include sleep.
import type { Clock } from '../core/clock.ts';
import type { SessionRecord } from '../core/session.ts';

/** The dependencies of the tracker. */
export interface ActivityTrackerDependencies {
  readonly clock: Clock;
  /** Returns the machine's uptime, in ms, including sleep. */
  uptime(): number;
}

const NO_GAP = { from: 0, until: -Infinity };

/** Keeps the last activity, in memory. Nothing is known before {@link start}. */
export class ActivityTracker {
  readonly #dependencies: ActivityTrackerDependencies;
  #last = -Infinity;
  /** The time without activity that ended when this window was opened. */
  #offlineGap = NO_GAP;
  /** The first and the last activity in this window before {@link start}. */
  #early: { readonly first: number; last: number } | undefined;
  /** When each session was signed in, which limits its idle time. */
  readonly #signIns = new Map<string, { readonly signedInAt: number; readonly uptime: number }>();

  constructor(dependencies: ActivityTrackerDependencies) {
    this.#dependencies = dependencies;
  }

  /** Whether {@link start} was called. */
  get isStarted(): boolean {
    return this.#last !== -Infinity;
  }

  /** When the user was last active. */
  get last(): number {
    return this.#last;
  }

  /**
   * Records activity now, before {@link start}: a locked keyring can delay that for a long time. Activity later than the
   * timeout after the one before doesn't count, because it comes too late.
   * @param timeout the shortest idle timeout, in ms.
   */
  recordEarly(timeout: number): void {
    const now = this.#dependencies.uptime();
    this.#early ??= { first: now, last: now };
    if (now - this.#early.last < timeout) {
      this.#early.last = now;
    }
  }

  /**
   * Starts tracking.
   * @param offlineTime for how long, in ms, the user had been inactive in all windows, ignoring early activity here.
   */
  start(offlineTime: number): void {
    const now = this.#dependencies.uptime();
    const from = now - offlineTime;
    this.#last = Math.max(from, this.#early?.last ?? from);
    this.#offlineGap = { from, until: Math.max(from, this.#early?.first ?? now) };
  }

  /** Records activity at an uptime. */
  record(at: number): void {
    this.#last = Math.max(this.#last, at);
  }

  /** Ignores the time before this window was opened. */
  ignoreOfflineTime(): void {
    this.#offlineGap = NO_GAP;
  }

  /**
   * Returns for how long, in ms, a session has been idle. If it was idle for the timeout before this window was opened,
   * that time counts in spite of later activity.
   */
  idleTime(record: SessionRecord, timeout: number): number {
    const signedIn = this.#signInOf(record);
    const idle = this.#dependencies.uptime() - Math.max(this.#last, signedIn);
    const offline = this.#offlineGap.until - Math.max(this.#offlineGap.from, signedIn);
    return offline >= timeout ? Math.max(idle, offline) : idle;
  }

  /** Drops what is kept for a session that was removed. */
  delete(id: string): void {
    this.#signIns.delete(id);
  }

  #signInOf({ id, signedInAt }: SessionRecord): number {
    const known = this.#signIns.get(id);
    if (known?.signedInAt === signedInAt) {
      return known.uptime;
    }
    const time = this.#dependencies.clock.now() - signedInAt;
    // A sign-in in the future only means that the clock was set back.
    const uptime = time < 0 ? -Infinity : this.#dependencies.uptime() - time;
    this.#signIns.set(id, { signedInAt, uptime });
    return uptime;
  }
}
