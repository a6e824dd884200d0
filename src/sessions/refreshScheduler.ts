// The wall-clock tick: compares due times with the clock, instead of trusting one long timer to sleep through a night.
import { MINUTE, SECOND, type Clock, type Disposable } from '../core/clock.ts';
import { Emitter } from '../core/emitter.ts';
import { isRefreshDue, plannedRefresh, refreshDueAt, warnAt, type LifetimeSettings } from '../core/lifetime.ts';
import { formatTimestamp, type Log } from '../core/log.ts';
import { tokenLifetimes, type SessionRecord } from '../core/session.ts';
import { isUsable, sessionTime, type LiveSession } from '../core/status.ts';
import { DecisionLog, describeToken } from './decisionLog.ts';
import { describeSession, describeRefreshability } from '../storage/record.ts';
import type { SessionRefresher } from './onDemandRefresher.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';
import type { SessionGate } from './sessionGate.ts';
import { isWait } from '../storage/sessionFile.ts';
import type { SessionStore } from '../storage/sessionStore.ts';

/** The longest time between two ticks, in ms: what a jump of the clock or a sleep costs at the most. */
const LONGEST_TICK = MINUTE;
/** The pace, in ms, at which tokens are stored again that the store did not take. */
const STORING_PACE = 10 * SECOND;
/** The least time, in ms, between a failure and a try that does not wait its turn. */
const SHORTEST_WAIT = 5 * SECOND;
/** The shortest, in ms. */
const SHORTEST_TICK = SECOND;
/** How far, in ms, a clock may go back that is merely being adjusted. */
const TOLERANCE = 2 * SECOND;

/** What the scheduler works with. */
export interface RefreshSchedulerDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly liveSessions: LiveSessions;
  readonly sessionStore: SessionStore;
  readonly tokenRefresher: SessionRefresher;
  readonly sessionGate: SessionGate;
  settings(): LifetimeSettings;
  /** Whether this window may refresh a session; others are kept, and left alone. */
  isOwned(record: SessionRecord): boolean;
}

/** Starts renewals when they are due, whether or not anybody asks for the session; from the first {@link tick} on. */
export class RefreshScheduler implements Disposable {
  readonly #dependencies: RefreshSchedulerDependencies;
  readonly #decisions: DecisionLog;
  readonly #ticked = new Emitter<void>();
  /** The tick of each minute, which nothing puts off: by what it finds, it tells whether the clock was set. */
  #minute: Disposable | undefined;
  /** The tick for what is due before. */
  #timer: Disposable | undefined;
  #plannedFor = 0;
  /** When the latest tick was: what runs out after it is for a later one to tell. */
  #tickedAt = Infinity;
  #isOver = false;
  readonly #listening: Disposable;
  /** The latest time that the clock has shown here, with the generation of each session at that time, and how far the clock was set back since. */
  #seen = { at: -Infinity, known: new Map<string, { readonly generation: number; readonly clockSetBackMs: number }>() };

  constructor(ports: RefreshSchedulerDependencies) {
    this.#dependencies = ports;
    this.#decisions = new DecisionLog(ports.log);
    // A change can bring the next due time forward; it is planned for in the next turn, when the change is complete.
    this.#listening = ports.liveSessions.onDidChange(() => this.#plan());
  }

  /** Fires after each tick: some session may have run out by the passing of time alone. */
  get onDidTick(): Emitter<void>['event'] {
    return this.#ticked.event;
  }

  /**
   * Looks at every session now, as {@link tick} does, and does not make those wait that have failed: something has
   * changed that may mend it. A wait that the server has asked for is kept.
   */
  checkNow(): void {
    this.#resetBackoff();
    this.#tick(true);
  }

  #resetBackoff(): void {
    const { clock, log, liveSessions } = this.#dependencies;
    for (const { record, failure, failedAt, nextAttemptAt, waitUntil } of this.#owned()) {
      const isRecent = clock.now() - (failedAt ?? 0) < SHORTEST_WAIT;
      const hasToWait = failure?.retryAfter !== undefined || isWait(waitUntil, clock.now());
      if (failure !== undefined && !hasToWait && nextAttemptAt !== undefined && !isRecent) {
        log.debug(`${describeSession(record)} does not wait for its next try at ${formatTimestamp(nextAttemptAt)}.`);
        liveSessions.update(record.id, { nextAttemptAt: clock.now() });
      }
    }
  }

  /** Looks at every session now, and again when something is due: at start, when the window is looked at, when settings change. */
  tick(): void {
    this.#tick(false);
  }

  /**
   * Does what {@link tick} says.
   * @param planned what the clock has to show, at a tick that was planned.
   */
  #tick(wasHurried: boolean, planned?: number): void {
    const evaluation = this.#dependencies.sessionGate.evaluateBeforeUse();
    if (evaluation === undefined) {
      this.#look(wasHurried, planned);
    } else {
      void evaluation.then(() => this.#look(wasHurried, planned));
    }
  }

  #look(wasHurried: boolean, planned: number | undefined): void {
    if (this.#isOver) {
      return;
    }
    const { clock, log, sessionStore, tokenRefresher } = this.#dependencies;
    const now = clock.now();
    const isLate = planned !== undefined && now - planned > LONGEST_TICK;
    if (isLate) {
      log.info(`The clock is ${Math.round((now - planned) / SECOND)} s further than planned; what is due is done now.`);
      this.#resetBackoff();
    }
    const isUrgent = wasHurried || isLate;
    this.#stop();
    const suspects = this.#findClockSuspects(now, planned ?? this.#seen.at);
    if (this.#minute === undefined) {
      this.#watch();
    }
    sessionStore.retryPendingWrites();
    for (const session of this.#owned()) {
      const { id } = session.record;
      const isSuspect = suspects.has(id) && !session.refreshing;
      if (isSuspect || this.#isDue(session, now)) {
        // What comes of it is noted with the session.
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
    const because = plannedRefresh(tokenLifetimes(record), this.#dependencies.settings())?.reason ?? 'nothing';
    return failure === undefined ? `due for its ${because}` : `tried again after ${failure.code}`;
  }

  #watch(): void {
    const { clock } = this.#dependencies;
    const planned = clock.now() + LONGEST_TICK;
    this.#minute?.dispose();
    this.#minute = clock.after(LONGEST_TICK, () => {
      this.#watch();
      this.#tick(false, planned);
    });
  }

  /** Ends the ticking. */
  dispose(): void {
    this.#listening.dispose();
    this.#minute?.dispose();
    this.#stop();
    this.#ticked.dispose();
    this.#isOver = true;
  }

  /**
   * The sessions whose times cannot be trusted any more and that have not been renewed since: those that are older than
   * the clock shows, because it was set back; where it has leapt ahead, which a sleep looks like too, those whose end is
   * counted down to. A renewal brings their times in order.
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
    const hasLeapt = before.at !== -Infinity && now > expected + LONGEST_TICK;
    if (now < expected - TOLERANCE) {
      // What was planned by the old clock would find the same once more.
      this.#watch();
      log.info(`The clock was set back by ${Math.round((expected - now) / SECOND)} s.`);
    }
    const isSuspect = ({ record: { id, generation, sessionEndsAt }, clockSetBackMs = 0 }: LiveSession): boolean => {
      const known = before.known.get(id);
      const isSame = known?.generation === generation;
      return (
        clockSetBackMs - (isSame ? known.clockSetBackMs : 0) > TOLERANCE ||
        (hasLeapt && isSame && sessionEndsAt !== undefined)
      );
    };
    const suspects = sessions.filter(isSuspect);
    for (const { record } of suspects) {
      log.debug(`${describeSession(record)}: its times are not trusted until it is renewed.`);
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
    if (this.#isOver || this.#minute === undefined) {
      return;
    }
    const sessions = this.#owned();
    sessions.forEach((session) => this.#tell(session, now));
    const next = Math.min(...sessions.map((session) => this.#nextEvent(session, now)), Infinity);
    if (next >= now + LONGEST_TICK) {
      return;
    }
    const delay = Math.max(SHORTEST_TICK, next - now);
    if (this.#timer === undefined || now + delay < this.#plannedFor) {
      this.#stop();
      const planned = now + delay;
      this.#plannedFor = planned;
      this.#timer = clock.after(delay, () => this.#tick(false, planned));
    }
  }

  /** Tells what is planned for a session and why; after a failure that has been told with it. */
  #tell(session: LiveSession, now: number): void {
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
            : 'no refresh is planned';
        return `${describeSession(record)}: ${plan}; ${describeToken(session, now)}, ${describeRefreshability(record)}.`;
      },
      'info',
    );
  }

  /** When the next thing happens to a session: a renewal, a retry, the running out of its token, or the warning before its end. */
  #nextEvent(session: LiveSession, now: number): number {
    const { record, clockSetBackMs = 0 } = session;
    const lifetimes = tokenLifetimes(record);
    const due = refreshDueAt(lifetimes, this.#dependencies.settings());
    const renewal =
      session.failure !== undefined ? session.nextAttemptAt : due === undefined ? undefined : due - clockSetBackMs;
    // A timer may fire a moment early, so that a time has passed by now that had not yet at the tick.
    const since = Math.min(this.#tickedAt, now);
    const ends = [
      isUsable(record, sessionTime(session, since)) ? lifetimes.accessExpiresAt : undefined,
      warnAt(lifetimes, this.#dependencies.settings()),
    ];
    const storing = session.unsaved ? now + STORING_PACE : undefined;
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
