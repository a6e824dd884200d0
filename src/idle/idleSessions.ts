// The sessions that have an idle timeout, and how long each of them has left. All lengths of time are in ms.
import type { Clock } from '../core/clock.ts';
import type { Provider } from '../core/provider.ts';
import type { SessionRecord } from '../core/session.ts';
import { isUsable } from '../core/status.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';
import { warningLeadTime } from './activity.ts';
import type { ActivityTracker } from './activityTracker.ts';
import type { IdleSignOut } from './idleSignOut.ts';

/** The dependencies of {@link IdleSessions}. */
export interface IdleSessionsDependencies {
  readonly clock: Clock;
  readonly liveSessions: LiveSessions;
  /** Returns the configured idle timeouts, in ms, by provider ID; without the providers whose timeout is off. */
  timeouts(): ReadonlyMap<string, number>;
  /** Returns the provider of a session as configured now; `undefined` if there is none. */
  providerOf(record: SessionRecord): Provider | undefined;
}

/** Answers for the current time, from memory: by the settings and the activity that this window knows. */
export class IdleSessions {
  readonly #dependencies: IdleSessionsDependencies;
  readonly #activity: ActivityTracker;
  readonly #signOuts: IdleSignOut;
  #knownTimeouts: string;

  constructor(dependencies: IdleSessionsDependencies, activity: ActivityTracker, signOuts: IdleSignOut) {
    this.#dependencies = dependencies;
    this.#activity = activity;
    this.#signOuts = signOuts;
    this.#knownTimeouts = this.#serializeTimeouts();
  }

  /** Returns whether the configured timeouts have changed since the last call. */
  updateTimeouts(): boolean {
    const before = this.#knownTimeouts;
    this.#knownTimeouts = this.#serializeTimeouts();
    return this.#knownTimeouts !== before;
  }

  /** The shortest configured timeout; `undefined` if no provider has one. */
  get shortestTimeout(): number | undefined {
    const timeouts = [...this.#dependencies.timeouts().values()];
    return timeouts.length === 0 ? undefined : Math.min(...timeouts);
  }

  /** Returns the sessions that have an idle timeout and aren't being signed out of. */
  listWatched(): SessionRecord[] {
    const records = this.#dependencies.liveSessions.all().map(({ record }) => record);
    return records.filter((record) => this.timeout(record) > 0 && !this.#signOuts.isRunning(record));
  }

  /** Returns those of them whose timeout has passed. */
  listOverdue(): SessionRecord[] {
    return this.listWatched().filter((record) => this.isOverdue(record));
  }

  /** Returns the idle timeout of a session; 0 if it has none. */
  timeout(record: SessionRecord): number {
    const dependencies = this.#dependencies;
    // There is nothing to sign out of if the session has ended.
    const isActive = dependencies.providerOf(record) !== undefined && isUsable(record, dependencies.clock.now());
    return isActive ? (dependencies.timeouts().get(record.providerId) ?? 0) : 0;
  }

  /** Returns how long a session has been idle. */
  idleTime(record: SessionRecord): number {
    return this.#activity.idleTime(record, this.timeout(record));
  }

  /** Returns whether a session has an idle timeout that has passed. */
  isOverdue(record: SessionRecord): boolean {
    return this.timeout(record) > 0 && this.untilSignOut(record) <= 0;
  }

  /** Returns the time until a session with an idle timeout is to be signed out; not positive if that is due. */
  untilSignOut(record: SessionRecord): number {
    return this.timeout(record) - this.idleTime(record);
  }

  /** Returns the time until the warning about a session with an idle timeout; not positive if that is due. */
  untilWarning(record: SessionRecord): number {
    return this.untilSignOut(record) - warningLeadTime(this.timeout(record));
  }

  /** Returns the time until the warning about a session; if that is due, until it is to be signed out. */
  untilNextEvent(record: SessionRecord): number {
    const untilWarning = this.untilWarning(record);
    return untilWarning > 0 ? untilWarning : this.untilSignOut(record);
  }

  #serializeTimeouts(): string {
    return JSON.stringify([...this.#dependencies.timeouts()]);
  }
}
