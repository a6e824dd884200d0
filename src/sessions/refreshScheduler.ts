// The wall-clock tick compares due times with the clock, because a single long timer doesn't survive sleep.
import { MINUTE, SECOND, type Clock, type Disposable } from '../core/clock.ts';
import { Emitter } from '../core/emitter.ts';
import { isRefreshDue, plannedRefresh, refreshDueAt, warnAt, type LifetimeSettings } from '../core/lifetime.ts';
import { formatTimestamp, type Log } from '../core/log.ts';
import { tokenLifetimes, type SessionRecord } from '../core/session.ts';
import { isUsable, sessionTime, type LiveSession } from '../core/status.ts';
import { DecisionLog, describeToken } from './decisionLog.ts';
import { describeSession, describeRefreshability } from '../storage/recordDescription.ts';
import type { SessionRefresher } from './onDemandRefresher.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';
import type { SessionGate } from './sessionGate.ts';
import { isWait } from '../storage/sessionFile.ts';
import type { SessionStore } from '../storage/sessionStore.ts';

/** The longest time between two ticks, in ms, within which a clock change or sleep is detected. */
const MAX_TICK = MINUTE;
/** The interval, in ms, at which failed writes are retried. */
const WRITE_RETRY_INTERVAL = 10 * SECOND;
/** The shortest time, in ms, between a failure and an attempt that ignores the backoff. */
const MIN_RETRY_INTERVAL = 5 * SECOND;
/** The shortest time between two ticks, in ms. */
const MIN_TICK = SECOND;
/** How far, in ms, a regular adjustment may set a clock back. */
const CLOCK_ADJUSTMENT = 2 * SECOND;

/** The dependencies of the scheduler. */
export interface RefreshSchedulerDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly liveSessions: LiveSessions;
  readonly sessionStore: SessionStore;
  readonly tokenRefresher: SessionRefresher;
  readonly sessionGate: SessionGate;
  settings(): LifetimeSettings;
  /** Returns whether this window may refresh a session. Others are kept unchanged. */
  isOwned(record: SessionRecord): boolean;
}

/** Starts refreshes when they are due, with or without callers. Starts with the first {@link tick}. */
export class RefreshScheduler implements Disposable {
  readonly #dependencies: RefreshSchedulerDependencies;
  readonly #decisions: DecisionLog;
  readonly #ticked = new Emitter<void>();
  /** A tick every minute, which changes don't postpone, so that it reveals clock changes. */
  #heartbeat: Disposable | undefined;
  /** The tick for an earlier due time. */
  #timer: Disposable | undefined;
  #plannedFor = 0;
  /** The time of the last tick, in ms since the Unix epoch. */
  #tickedAt = Infinity;
  #isOver = false;
  readonly #listening: Disposable;
  /** The time of the last clock check, and each session's generation and clock change then. */
  #seen = { at: -Infinity, known: new Map<string, { readonly generation: number; readonly clockSetBackMs: number }>() };

  constructor(dependencies: RefreshSchedulerDependencies) {
    this.#dependencies = dependencies;
    this.#decisions = new DecisionLog(dependencies.log);
    // A change can move the next due time forward.
    this.#listening = dependencies.liveSessions.onDidChange(() => this.#plan());
  }

  /** Fires after each tick, because a session may have expired without any other change. */
  get onDidTick(): Emitter<void>['event'] {
    return this.#ticked.event;
  }

  /**
   * Checks every session now, as {@link tick} does, and retries failed refreshes immediately, because a change may have
   * fixed them. Waits that the server requested are kept.
   */
  checkNow(): void {
    this.#resetBackoff();
    this.#tick(true);
  }

  #resetBackoff(): void {
    const { clock, log, liveSessions } = this.#dependencies;
    for (const { record, failure, failedAt, nextAttemptAt, waitUntil } of this.#owned()) {
      const isRecent = clock.now() - (failedAt ?? 0) < MIN_RETRY_INTERVAL;
      const hasToWait = failure?.retryAfter !== undefined || isWait(waitUntil, clock.now());
      if (failure !== undefined && !hasToWait && nextAttemptAt !== undefined && !isRecent) {
        log.debug(`${describeSession(record)}: trying again now instead of at ${formatTimestamp(nextAttemptAt)}.`);
        liveSessions.patch(record.id, { nextAttemptAt: clock.now() });
      }
    }
  }

  /**
   * Checks every session now and when the next one is due. Called at start, on window focus and after settings changes.
   */
  tick(): void {
    this.#tick(false);
  }

  /**
   * Implements {@link tick}.
   * @param planned the time this tick was scheduled for, in ms since the Unix epoch; undefined if it wasn't scheduled.
   */
  #tick(isImmediate: boolean, planned?: number): void {
    const evaluation = this.#dependencies.sessionGate.evaluateBeforeUse();
    if (evaluation === undefined) {
      this.#run(isImmediate, planned);
    } else {
      void evaluation.then(() => this.#run(isImmediate, planned));
    }
  }

  #run(isImmediate: boolean, planned: number | undefined): void {
    if (this.#isOver) {
      return;
    }
    const { clock, log, sessionStore, tokenRefresher } = this.#dependencies;
    const now = clock.now();
    const isLate = planned !== undefined && now - planned > MAX_TICK;
    if (isLate) {
      log.info(
        `The clock is ${Math.round((now - planned) / SECOND)} s ahead of schedule, after sleep or a clock change. Checking all sessions.`,
      );
      this.#resetBackoff();
    }
    const isUrgent = isImmediate || isLate;
    this.#stop();
    const suspects = this.#findClockSuspects(now, planned ?? this.#seen.at);
    if (this.#heartbeat === undefined) {
      this.#startHeartbeat();
    }
    sessionStore.retryPendingWrites();
    for (const session of this.#owned()) {
      const { id } = session.record;
      const isSuspect = suspects.has(id) && !session.refreshing;
      if (isSuspect || this.#isDue(session, now)) {
        // The failure is recorded with the session.
        tokenRefresher
          .refresh(id, {
            reason: isSuspect ? 'the clock was set' : this.#reasonFor(session),
            isUrgent: isUrgent || isSuspect,
          })
          .catch(() => {});
      }
    }
    this.#tickedAt = now;
    this.#ticked.fire();
    this.#plan();
  }

  #reasonFor({ record, failure }: LiveSession): string {
    const cause = plannedRefresh(tokenLifetimes(record), this.#dependencies.settings())?.reason ?? 'nothing';
    return failure === undefined ? `due for its ${cause}` : `retry after ${failure.code}`;
  }

  #startHeartbeat(): void {
    const { clock } = this.#dependencies;
    const planned = clock.now() + MAX_TICK;
    this.#heartbeat?.dispose();
    this.#heartbeat = clock.after(MAX_TICK, () => {
      this.#startHeartbeat();
      this.#tick(false, planned);
    });
  }

  /** Stops all ticks. */
  dispose(): void {
    this.#listening.dispose();
    this.#heartbeat?.dispose();
    this.#stop();
    this.#ticked.dispose();
    this.#isOver = true;
  }

  /**
   * Returns the sessions whose times can't be trusted until they're refreshed: after the clock was set back, those from
   * before; after it was set forward, which looks like sleep, those with a known session end.
   */
  #findClockSuspects(now: number, expected: number): ReadonlySet<string> {
    const { log, liveSessions } = this.#dependencies;
    const before = this.#seen;
    liveSessions.checkClock();
    const sessions = this.#owned();
    this.#seen = {
      at: now,
      known: new Map(
        sessions.map(({ record: { id, generation }, clockSetBackMs = 0 }) => [id, { generation, clockSetBackMs }]),
      ),
    };
    const wasSetForward = before.at !== -Infinity && now > expected + MAX_TICK;
    if (now < expected - CLOCK_ADJUSTMENT) {
      // The heartbeat scheduled by the old clock would report the same change again.
      this.#startHeartbeat();
      log.info(`The clock was set back by ${Math.round((expected - now) / SECOND)} s.`);
    }
    const isSuspect = ({ record: { id, generation, sessionEndsAt }, clockSetBackMs = 0 }: LiveSession): boolean => {
      const known = before.known.get(id);
      const isSame = known?.generation === generation;
      return (
        clockSetBackMs - (isSame ? known.clockSetBackMs : 0) > CLOCK_ADJUSTMENT ||
        (wasSetForward && isSame && sessionEndsAt !== undefined)
      );
    };
    const suspects = sessions.filter(isSuspect);
    for (const { record } of suspects) {
      log.debug(`${describeSession(record)}: its times are ignored until it's refreshed.`);
    }
    return new Set(
      suspects.filter(({ record }) => tokenLifetimes(record).isRefreshable).map(({ record }) => record.id),
    );
  }

  #owned(): LiveSession[] {
    return this.#dependencies.liveSessions.all().filter(({ record }) => this.#dependencies.isOwned(record));
  }

  #isDue(session: LiveSession, now: number): boolean {
    if (session.refreshing) {
      return false;
    }
    if (session.failure !== undefined) {
      return session.nextAttemptAt !== undefined && session.nextAttemptAt <= now;
    }
    return isRefreshDue(tokenLifetimes(session.record), this.#dependencies.settings(), sessionTime(session, now));
  }

  #plan(): void {
    const { clock } = this.#dependencies;
    const now = clock.now();
    if (this.#isOver || this.#heartbeat === undefined) {
      return;
    }
    const sessions = this.#owned();
    sessions.forEach((session) => this.#logPlan(session, now));
    const next = Math.min(...sessions.map((session) => this.#nextEvent(session, now)), Infinity);
    if (next >= now + MAX_TICK) {
      return;
    }
    const delay = Math.max(MIN_TICK, next - now);
    if (this.#timer === undefined || now + delay < this.#plannedFor) {
      this.#stop();
      const planned = now + delay;
      this.#plannedFor = planned;
      this.#timer = clock.after(delay, () => this.#tick(false, planned));
    }
  }

  /** Logs the plan for a session and its reason, unless it was logged with a failure. */
  #logPlan(session: LiveSession, now: number): void {
    const { record, clockSetBackMs = 0 } = session;
    if (session.refreshing || (session.failure !== undefined && record.ended === undefined)) {
      return;
    }
    const planned = plannedRefresh(tokenLifetimes(record), this.#dependencies.settings());
    const isOver = !isUsable(record, sessionTime(session, now));
    const key = `${record.generation} ${planned === undefined ? '' : planned.at - clockSetBackMs} ${isOver}`;
    this.#decisions.logOnce(
      record.id,
      key,
      () => {
        const plan = isOver
          ? 'is over'
          : planned !== undefined
            ? `next refresh at ${formatTimestamp(planned.at - clockSetBackMs)}, for its ${planned.reason}`
            : 'no refresh scheduled';
        return `${describeSession(record)}: ${plan}; ${describeToken(session, now)}, ${describeRefreshability(record)}.`;
      },
      'info',
    );
  }

  /**
   * Returns the time of a session's next event: a refresh, a retry, the expiry of its token, or the warning before its
   * end.
   */
  #nextEvent(session: LiveSession, now: number): number {
    const { record, clockSetBackMs = 0 } = session;
    const lifetimes = tokenLifetimes(record);
    const due = refreshDueAt(lifetimes, this.#dependencies.settings());
    const renewal =
      session.failure !== undefined ? session.nextAttemptAt : due === undefined ? undefined : due - clockSetBackMs;
    // A timer may fire slightly early, so a time may have passed now that hadn't at the tick.
    const since = Math.min(this.#tickedAt, now);
    const ends = [
      isUsable(record, sessionTime(session, since)) ? lifetimes.accessExpiresAt : undefined,
      warnAt(lifetimes, this.#dependencies.settings()),
    ];
    const storing = session.unsaved ? now + WRITE_RETRY_INTERVAL : undefined;
    const times = [
      session.refreshing ? undefined : renewal,
      storing,
      ...ends.map((end) => (end === undefined ? undefined : end - clockSetBackMs)),
    ];
    return Math.min(
      ...times.filter((time) => time !== undefined).filter((time) => time > since || time === renewal),
      Infinity,
    );
  }

  #stop(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
    this.#plannedFor = 0;
  }
}
