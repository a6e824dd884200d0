// Signs out of sessions after a configured time without activity in any window, with a warning before.
import { HOUR, SECOND, type Disposable } from '../core/clock.ts';
import type { SessionRecord } from '../core/session.ts';
import { describeSession } from '../storage/recordDescription.ts';
import { reportInterval } from './activity.ts';
import { ActivityReporter } from './activityReporter.ts';
import { ActivityTracker } from './activityTracker.ts';
import { IdleSessions, type IdleSessionsDependencies } from './idleSessions.ts';
import { IdleSignOut, type IdleSignOutDependencies } from './idleSignOut.ts';
import { IdleWarnings } from './idleWarnings.ts';
import { ACTIVITY_FILE, LastActivityFile, type LastActivityFileDependencies } from './lastActivityFile.ts';

/** The dependencies of the monitor. */
export interface IdleMonitorDependencies
  extends IdleSessionsDependencies, IdleSignOutDependencies, LastActivityFileDependencies {}

/** The gate of the idle sign-out. It reads and writes nothing while no provider has an idle timeout. */
export class IdleMonitor implements Disposable {
  readonly #dependencies: IdleMonitorDependencies;
  readonly #activity: ActivityTracker;
  readonly #file: LastActivityFile;
  readonly #reporter: ActivityReporter;
  readonly #signOuts: IdleSignOut;
  readonly #sessions: IdleSessions;
  readonly #warnings: IdleWarnings;
  readonly #subscription: Disposable;
  #starting: Promise<void> | undefined;
  #evaluating: Promise<void> | undefined;
  /** The uptime of the last activity received before it was known whether it was in time. */
  #pendingActivity: number | undefined;
  #timer: Disposable | undefined;
  #plannedFor = Infinity;
  #isDisposed = false;

  constructor(dependencies: IdleMonitorDependencies) {
    this.#dependencies = dependencies;
    this.#activity = new ActivityTracker(dependencies);
    this.#file = new LastActivityFile(dependencies);
    this.#warnings = new IdleWarnings(dependencies.clock);
    this.#signOuts = new IdleSignOut(dependencies);
    this.#sessions = new IdleSessions(dependencies, this.#activity, this.#signOuts);
    this.#reporter = new ActivityReporter({
      clock: dependencies.clock,
      file: this.#file,
      uptime: () => dependencies.uptime(),
      interval: () => this.reportInterval,
      lastActivity: () => this.#activity.last,
      // A window that starts now must find an idle session signed out, rather than an active user.
      whenReady: () => this.#signOuts.whenDone(),
      onRead: (lastActivity) => this.#applyActivity(lastActivity),
    });
    this.#subscription = dependencies.liveSessions.onDidChange(({ before, after }) => {
      if (after === undefined) {
        this.#onRemoved(before?.record);
      } else if (before === undefined) {
        void this.evaluate();
      }
    });
  }

  /** Fires in each window when a session is about to be signed out. */
  get onDidWarn(): IdleWarnings['onDidWarn'] {
    return this.#warnings.onDidWarn;
  }

  /**
   * Fires with the ID of a session whose warning no longer applies: the user is active again, or the session is gone.
   */
  get onDidCancelWarning(): IdleWarnings['onDidCancel'] {
    return this.#warnings.onDidCancel;
  }

  /** Fires when an idle session was signed out, in each window that finds its timeout passed. */
  get onDidSignOut(): IdleSignOut['onDidSignOut'] {
    return this.#signOuts.onDidSignOut;
  }

  /** How often, in ms, continuous activity should be recorded; `undefined` while no provider has an idle timeout. */
  get reportInterval(): number | undefined {
    const { shortestTimeout } = this.#sessions;
    return shortestTimeout === undefined ? undefined : reportInterval(shortestTimeout);
  }

  /**
   * Reads how long the user was inactive before this window was opened. Called after the stored sessions were read.
   * @returns a promise that resolves when that was read and evaluated; the same one each time. It never rejects.
   */
  async start(): Promise<void> {
    this.#starting ??= this.#readAtStart();
    return this.#starting;
  }

  /**
   * Records activity. If a timeout has passed by then, for example during sleep, the activity comes too late for the
   * sessions with that timeout.
   */
  recordActivity(): void {
    const { shortestTimeout } = this.#sessions;
    if (this.#isDisposed || shortestTimeout === undefined) {
      return;
    }
    if (!this.#activity.isStarted) {
      this.#activity.recordEarly(shortestTimeout);
    }
    const now = this.#dependencies.uptime();
    if (!this.#activity.isStarted || this.#sessions.listOverdue().length > 0) {
      this.#pendingActivity = now;
      void this.evaluate();
      return;
    }
    this.#applyActivity(now);
    this.#reporter.reportSoon();
    this.#plan();
  }

  /** Records a sign-in as activity. */
  onSignIn(): void {
    this.recordActivity();
  }

  /** Applies changed timeouts. The idle time counts from the change. */
  configure(): void {
    if (!this.#sessions.updateTimeouts()) {
      return;
    }
    this.#activity.ignoreOfflineTime();
    this.#warnings.cancelAll();
    if (!this.#activity.isStarted) {
      return;
    }
    this.#applyActivity(this.#dependencies.uptime());
    if (this.reportInterval === undefined) {
      this.#reporter.stop();
    } else {
      this.#dependencies.log.info('The idle timeouts have changed. Idle time counts from now.');
      this.#reporter.reset();
      this.#reporter.reportSoon();
    }
    void this.evaluate();
  }

  /** Evaluates the activity of other windows after a file has changed, if that may cancel a warning. */
  onFileChanged(name: string): void {
    if (name === ACTIVITY_FILE && this.#warnings.isAnyShown) {
      void this.evaluate();
    }
  }

  /**
   * Returns whether a session must be neither returned to callers nor refreshed, because its idle timeout has passed or
   * that isn't known yet. Answers from memory.
   */
  isBlocked(record: SessionRecord): boolean {
    return this.#signOuts.isRunning(record) || this.#sessions.isOverdue(record);
  }

  /** Evaluates if an idle timeout seems to have passed; `undefined` if none has. The promise never rejects. */
  evaluateBeforeUse(): Promise<void> | undefined {
    return this.#sessions.listOverdue().length > 0 ? this.evaluate() : undefined;
  }

  /**
   * Warns and signs out if it is time, by the activity in all windows.
   * @returns a promise that resolves when the sign-outs have started; `undefined` if nothing is due. It never rejects.
   */
  evaluate(): Promise<void> | undefined {
    if (this.#isDisposed || !this.#activity.isStarted) {
      return undefined;
    }
    if (
      this.#evaluating === undefined &&
      this.#sessions.listWatched().some((record) => this.#sessions.untilWarning(record) <= 0)
    ) {
      this.#evaluating = this.#evaluateAll().finally(() => {
        this.#evaluating = undefined;
        this.#flushPending();
        this.#plan();
      });
    } else {
      this.#plan();
    }
    return this.#evaluating;
  }

  /** Stops. Activity that isn't in the file yet is written. */
  dispose(): void {
    this.#subscription.dispose();
    this.#timer?.dispose();
    this.#reporter.dispose();
    this.#signOuts.dispose();
    this.#warnings.dispose();
    this.#isDisposed = true;
  }

  async #readAtStart(): Promise<void> {
    const { log } = this.#dependencies;
    let offlineTime = 0;
    if (this.reportInterval !== undefined) {
      const known = await this.#file.readAtStart();
      offlineTime = known ?? 0;
      this.#pendingActivity ??= known === undefined ? this.#dependencies.uptime() : undefined;
      log.info(
        known === undefined
          ? 'No earlier activity is known. Idle time counts from now.'
          : `The last activity was ${seconds(offlineTime)} ago.`,
      );
    }
    this.#activity.start(offlineTime);
    this.#notifyChanged(this.#sessions.listWatched());
    await this.evaluate();
    this.#flushPending();
  }

  async #evaluateAll(): Promise<void> {
    const { log } = this.#dependencies;
    const overdue = this.#sessions.listOverdue();
    this.#applyActivity(await this.#file.read());
    for (const record of this.#sessions.listWatched()) {
      if (this.#sessions.isOverdue(record)) {
        const timeout = this.#sessions.timeout(record);
        const idle = seconds(this.#sessions.idleTime(record));
        log.info(`${describeSession(record)}: idle for ${idle}; idle timeout: ${seconds(timeout)}.`);
        this.#signOuts.start(record, timeout);
      }
    }
    this.#flushPending();
    this.#notifyChanged(overdue);
    for (const record of this.#sessions.listWatched()) {
      if (this.#sessions.untilWarning(record) <= 0 && !this.#warnings.has(record.id)) {
        const left = this.#sessions.untilSignOut(record);
        log.info(`${describeSession(record)}: idle; signing out in ${seconds(left)}.`);
        this.#warnings.warn(record, left);
      }
    }
  }

  /** A session whose timeout has passed was signed out by another window. The user may be looking at this one. */
  #onRemoved(record: SessionRecord | undefined): void {
    if (record === undefined) {
      return;
    }
    if (this.#sessions.isOverdue(record)) {
      this.#signOuts.reportSignedOut(record, this.#sessions.timeout(record));
    }
    this.#activity.delete(record.id);
    this.#warnings.cancel(record.id);
  }

  /** Fires a change for sessions that may no longer be blocked, for callers that skipped them. */
  #notifyChanged(records: readonly SessionRecord[]): void {
    for (const { id } of records) {
      this.#dependencies.liveSessions.patch(id, {});
    }
  }

  #flushPending(): void {
    const active = this.#pendingActivity;
    if (active !== undefined && this.#activity.isStarted) {
      this.#pendingActivity = undefined;
      this.#applyActivity(active);
      this.#reporter.reportSoon();
    }
  }

  #applyActivity(active: number): void {
    this.#activity.record(active);
    for (const record of this.#sessions.listWatched()) {
      if (this.#sessions.untilWarning(record) > 0) {
        this.#warnings.cancel(record.id);
      }
    }
  }

  /** Evaluates again when the next warning or sign-out is due. */
  #plan(): void {
    const now = this.#dependencies.uptime();
    const waits = this.#sessions.listWatched().map((record) => this.#sessions.untilNextEvent(record));
    // Some systems count the uptime in whole seconds.
    const wait = Math.min(Math.max(Math.min(...waits), SECOND), HOUR);
    const isPlanned = this.#plannedFor > now && this.#plannedFor <= now + wait;
    if (waits.length === 0 || this.#isDisposed || isPlanned) {
      return;
    }
    this.#timer?.dispose();
    this.#plannedFor = now + wait;
    this.#timer = this.#dependencies.clock.after(wait, () => {
      this.#plannedFor = Infinity;
      void this.evaluate();
    });
  }
}

function seconds(time: number): string {
  return `${Math.round(time / SECOND)} s`;
}
