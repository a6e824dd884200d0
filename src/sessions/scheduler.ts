// The wall-clock tick: compares due times with the clock, instead of trusting one long timer to sleep through a night.
import { MINUTE, SECOND, type Clock, type Disposable } from '../core/clock.ts';
import { Emitter } from '../core/emitter.ts';
import { isRenewalDue, renewalDueAt, warnAt, type LifetimeSettings } from '../core/lifetime.ts';
import { lifetimesOf, type SessionRecord } from '../core/session.ts';
import { isUsable, type LiveSession } from '../core/status.ts';
import type { Refresher } from './refresher.ts';
import type { Registry } from './registry.ts';
import type { Log } from '../core/log.ts';

/** The longest time between two ticks, in ms: what a jump of the clock or a sleep costs at the most. */
const LONGEST_TICK = MINUTE;
/** The least time, in ms, between a failure and a try that does not wait its turn. */
const SHORTEST_WAIT = 5 * SECOND;
/** The shortest, in ms. */
const SHORTEST_TICK = SECOND;

/** What the scheduler works with. */
export interface SchedulerPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly registry: Registry;
  readonly refresher: Refresher;
  settings(): LifetimeSettings;
  /** Whether a session belongs to a provider as it is configured; others are kept, and left alone. */
  isOwned(record: SessionRecord): boolean;
}

/** Starts renewals when they are due, whether or not anybody asks for the session. */
export class Scheduler implements Disposable {
  readonly #ports: SchedulerPorts;
  readonly #ticked = new Emitter<void>();
  #timer: Disposable | undefined;
  #plannedFor = 0;
  readonly #listening: Disposable;

  constructor(ports: SchedulerPorts) {
    this.#ports = ports;
    // A change can bring the next due time forward; it is planned for in the next turn, when the change is complete.
    this.#listening = ports.registry.onDidChange(() => this.#plan());
  }

  /** Fires after each tick: some session may have run out by the passing of time alone. */
  get onDidTick(): Emitter<void>['event'] {
    return this.#ticked.event;
  }

  /**
   * Looks at every session now, as {@link tick} does, and does not make those wait that have failed: something has
   * changed that may mend it. A wait that the server has asked for is kept.
   */
  hurry(): void {
    const { clock, registry } = this.#ports;
    for (const { record, failure, failedAt, nextTryAt } of this.#owned()) {
      const isRecent = clock.now() - (failedAt ?? 0) < SHORTEST_WAIT;
      if (failure !== undefined && failure.retryAfter === undefined && nextTryAt !== undefined && !isRecent) {
        registry.update(record.id, { nextTryAt: clock.now() });
      }
    }
    this.tick();
  }

  /** Looks at every session now, and again when something is due: at start, when the window is looked at, when settings change. */
  tick(): void {
    const { clock, log, refresher } = this.#ports;
    const now = clock.now();
    if (this.#plannedFor !== 0 && now - this.#plannedFor > LONGEST_TICK) {
      log.info(`The clock is ${Math.round((now - this.#plannedFor) / SECOND)} s further than planned; what is due is done now.`);
      this.#plannedFor = 0;
      this.hurry();
      return;
    }
    this.#stop();
    for (const session of this.#owned()) {
      if (session.unsaved) {
        void refresher.save(session.record);
      }
      if (this.#isDue(session, now)) {
        // What comes of it is noted with the session.
        refresher.renew(session.record.id, 'due').catch(() => {});
      }
    }
    this.#ticked.fire();
    this.#plan();
  }

  /** Ends the ticking. */
  dispose(): void {
    this.#listening.dispose();
    this.#stop();
    this.#ticked.dispose();
    this.#plan = () => {};
  }

  #owned(): LiveSession[] {
    return this.#ports.registry.all().filter(({ record }) => this.#ports.isOwned(record));
  }

  #isDue(session: LiveSession, now: number): boolean {
    if (session.renewing) {
      return false;
    }
    if (session.failure !== undefined) {
      return session.nextTryAt !== undefined && session.nextTryAt <= now;
    }
    return isRenewalDue(lifetimesOf(session.record), this.#ports.settings(), now);
  }

  #plan = (): void => {
    const { clock } = this.#ports;
    const now = clock.now();
    const next = Math.min(...this.#owned().map((session) => this.#nextEvent(session, now)), now + LONGEST_TICK);
    const delay = Math.max(SHORTEST_TICK, next - now);
    if (this.#timer === undefined || now + delay < this.#plannedFor) {
      this.#stop();
      this.#plannedFor = now + delay;
      this.#timer = clock.after(delay, () => this.tick());
    }
  };

  /** When the next thing happens to a session: a renewal, a retry, the running out of its token, or the warning before its end. */
  #nextEvent(session: LiveSession, now: number): number {
    const { record } = session;
    const lifetimes = lifetimesOf(record);
    const renewal = session.failure === undefined ? renewalDueAt(lifetimes, this.#ports.settings()) : session.nextTryAt;
    const expiry = isUsable(record, now) ? lifetimes.accessExpiresAt : undefined;
    const times = [session.renewing ? undefined : renewal, expiry, warnAt(lifetimes, this.#ports.settings())];
    return Math.min(...times.filter((time) => time !== undefined && (time > now || time === renewal)).map((time) => time ?? Infinity), Infinity);
  }

  #stop(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
    this.#plannedFor = 0;
  }
}
