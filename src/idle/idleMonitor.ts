// Signs out where nobody has been active for long, in any window. What each window knows of activity it notes in a file
// for the others, and for the next start. Times without a date are in ms since the machine started, which nobody can set.
import { HOUR, SECOND, type Clock, type Disposable } from '../core/clock.ts';
import { Emitter } from '../core/emitter.ts';
import { toFailure } from '../core/failure.ts';
import { reportInterval, warningLeadTime } from './activity.ts';
import type { Log } from '../core/log.ts';
import type { Provider } from '../core/provider.ts';
import type { SessionRecord } from '../core/session.ts';
import { isUsable } from '../core/status.ts';
import { ACTIVITY_FILE, LastActivityFile } from './lastActivityFile.ts';
import type { Folder } from '../locking/sharedFolder.ts';
import type { CrossWindowSync } from '../storage/crossWindowSync.ts';
import type { NotificationClaims } from '../locking/notificationClaims.ts';
import { describeSession } from '../storage/record.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';

/** What idleness works with. */
export interface IdleMonitorDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly folder: Folder;
  readonly notificationClaims: NotificationClaims;
  readonly crossWindowSync: CrossWindowSync;
  readonly liveSessions: LiveSessions;
  /** How long, in ms, the machine has been running, sleeps included. */
  uptime(): number;
  /** After how long without activity, in ms, sessions are signed out: by provider id, of those where it is on at all. */
  timeouts(): ReadonlyMap<string, number>;
  /** The provider of a session as it is configured now; undefined where it is not, or not for this session. */
  providerOf(record: SessionRecord): Provider | undefined;
  /** Signs a session out. */
  signOut(id: string): Promise<unknown>;
}

/** How long, in ms, the window that signs a session out may take before another one does. */
const SIGN_OUT_TIMEOUT = 5 * SECOND;
const NO_GAP = { from: 0, until: -Infinity };

/** Watches whether anybody is active. Reads and writes nothing while no provider has a limit. */
export class IdleMonitor implements Disposable {
  readonly #dependencies: IdleMonitorDependencies;
  readonly #file: LastActivityFile;
  readonly #warningDue = new Emitter<{ readonly record: SessionRecord; readonly endsAt: number }>();
  readonly #warningCanceled = new Emitter<string>();
  readonly #signedOut = new Emitter<{ readonly record: SessionRecord; readonly after: number }>();
  readonly #subscription: Disposable;
  #starting: Promise<void> | undefined;
  #isOver = false;
  /** When somebody was last active, as far as is known; until the start has found out, nothing is. */
  #last = -Infinity;
  /** The time without activity that this window has found at its start. */
  #offlineGap = NO_GAP;
  /** When each session was signed in: nobody has been idle in it for longer. */
  readonly #signIns = new Map<string, { readonly signedInAt: number; readonly since: number }>();
  /** The sessions that are being signed out, with their sign-in; no activity brings them back. */
  readonly #signingOut = new Map<string, { readonly signedInAt: number; readonly done: Promise<void> }>();
  readonly #warned = new Set<string>();
  #evaluating: Promise<void> | undefined;
  /** When somebody was last active while it was not decided yet whether that came in time. */
  #pendingAt: number | undefined;
  /** The first and the last activity in this window before it was known for how long nobody had been active before. */
  #early: { readonly first: number; last: number } | undefined;
  #reportedAt = -Infinity;
  #reportTimer: Disposable | undefined;
  #timer: Disposable | undefined;
  #plannedFor = Infinity;
  #timeouts: string;

  constructor(dependencies: IdleMonitorDependencies) {
    this.#dependencies = dependencies;
    this.#file = new LastActivityFile(dependencies);
    this.#timeouts = this.#describeTimeouts();
    this.#subscription = dependencies.liveSessions.onDidChange(({ before, after }) => {
      if (after === undefined) {
        this.#onRemoved(before?.record);
      } else if (before === undefined) {
        void this.evaluate();
      }
    });
  }

  /** Fires in each window when a session is going to be signed out unless somebody is active until `endsAt` (wall clock). */
  get onDidWarn(): Emitter<{ readonly record: SessionRecord; readonly endsAt: number }>['event'] {
    return this.#warningDue.event;
  }

  /** Fires with the id of a session whose warning is void: somebody is active again, or the session is over. */
  get onDidCancelWarning(): Emitter<string>['event'] {
    return this.#warningCanceled.event;
  }

  /** Fires in each window that has found a session to be over by its limit, once it is signed out; `after` is the limit in ms. */
  get onDidSignOut(): Emitter<{ readonly record: SessionRecord; readonly after: number }>['event'] {
    return this.#signedOut.event;
  }

  /** How often, in ms, it is of use to tell of activity that goes on; undefined while there is no limit. */
  get reportInterval(): number | undefined {
    const timeouts = [...this.#dependencies.timeouts().values()];
    return timeouts.length === 0 ? undefined : reportInterval(Math.min(...timeouts));
  }

  /** Finds out, once, for how long nobody was active before this window; called as soon as the stored sessions are known. */
  async start(): Promise<void> {
    this.#starting ??= this.#readAtStart();
    return this.#starting;
  }

  /**
   * Notes that somebody is active. Where the limit has passed by then, which a machine finds when it wakes up, it comes
   * too late for the sessions whose limit that is.
   */
  recordActivity(): void {
    if (this.#isOver || this.reportInterval === undefined) {
      return;
    }
    if (this.#last === -Infinity || this.#overdue().length > 0) {
      this.#pendingAt = this.#dependencies.uptime();
      this.#recordEarly();
      void this.evaluate();
      return;
    }
    this.#applyActivity(this.#dependencies.uptime());
    this.#reportSoon();
    this.#plan();
  }

  /** Records activity, which a sign-in is. */
  onSignIn(): void {
    this.recordActivity();
  }

  /** Notes activity before the stored sessions could be read, which a locked keyring can delay for long. */
  #recordEarly(): void {
    const now = this.#dependencies.uptime();
    this.#early ??= { first: now, last: now };
    if (now - this.#early.last < Math.min(...this.#dependencies.timeouts().values())) {
      this.#early.last = now;
    }
  }

  /** Takes other limits: the time without activity counts from their change. */
  configure(): void {
    const timeouts = this.#describeTimeouts();
    if (timeouts === this.#timeouts) {
      return;
    }
    this.#timeouts = timeouts;
    this.#offlineGap = NO_GAP;
    this.#warned.forEach((id) => this.#cancelWarning(id));
    if (this.#last === -Infinity) {
      return;
    }
    this.#applyActivity(this.#dependencies.uptime());
    if (this.reportInterval === undefined) {
      this.#reportTimer?.dispose();
      this.#reportTimer = undefined;
      void this.#file.delete();
    } else {
      this.#dependencies.log.info('The limits of the time without activity have changed; it counts from now.');
      this.#reportedAt = -Infinity;
      this.#reportSoon();
    }
    void this.evaluate();
  }

  /** Looks into the file after it has changed, where it can make a warning void. */
  onFileChanged(name: string): void {
    if (name === ACTIVITY_FILE && this.#warned.size > 0) {
      void this.evaluate();
    }
  }

  /**
   * Whether a session must be neither served nor renewed: its limit has passed, or it is not known yet whether it has.
   * From memory, and at once.
   */
  isBlocked(record: SessionRecord): boolean {
    const timeout = this.#timeoutOf(record);
    return this.#isSigningOut(record) || (timeout > 0 && this.#idleTimeOf(record) >= timeout);
  }

  /** Decides first, before anything is renewed, where a limit seems to have passed; undefined where none has. */
  evaluateBeforeUse(): Promise<void> | undefined {
    return this.#overdue().length > 0 ? this.evaluate() : undefined;
  }

  /** Decides what is due: warnings and sign-outs, by what all windows know. Gives undefined where nothing is. */
  evaluate(): Promise<void> | undefined {
    if (this.#isOver || this.#last === -Infinity) {
      return undefined;
    }
    if (this.#evaluating === undefined && this.#watched().some((record) => this.#untilWarning(record) <= 0)) {
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

  /** Ends the watch. What is not in the file yet gets there. */
  dispose(): void {
    this.#subscription.dispose();
    this.#timer?.dispose();
    if (this.#reportTimer !== undefined) {
      this.#reportTimer.dispose();
      void this.#report();
    }
    this.#isOver = true;
    for (const emitter of [this.#warningDue, this.#warningCanceled, this.#signedOut]) {
      emitter.dispose();
    }
  }

  async #readAtStart(): Promise<void> {
    const { log } = this.#dependencies;
    let length = 0;
    if (this.reportInterval !== undefined) {
      const known = await this.#file.readAtStart();
      length = known ?? 0;
      this.#pendingAt ??= known === undefined ? this.#dependencies.uptime() : undefined;
      log.info(
        known === undefined
          ? 'Nothing is known of activity before; it counts from now.'
          : `The last activity was ${seconds(length)} ago.`,
      );
    }
    const now = this.#dependencies.uptime();
    const from = now - length;
    this.#last = Math.max(from, this.#early?.last ?? from);
    this.#offlineGap = { from, until: Math.max(from, this.#early?.first ?? now) };
    this.#notifyChanged(this.#watched());
    await this.evaluate();
    this.#flushPending();
  }

  async #evaluateAll(): Promise<void> {
    const { clock, log } = this.#dependencies;
    const overdue = this.#overdue();
    this.#applyActivity(await this.#file.read());
    for (const record of this.#watched()) {
      const timeout = this.#timeoutOf(record);
      const idle = this.#idleTimeOf(record);
      if (idle >= timeout) {
        log.info(
          `${describeSession(record)}: nobody has been active for ${seconds(idle)}, the limit is ${seconds(timeout)}.`,
        );
        this.#signingOut.set(record.id, { signedInAt: record.signedInAt, done: this.#signOutOnce(record, timeout) });
      }
    }
    this.#flushPending();
    this.#notifyChanged(overdue);
    for (const record of this.#watched()) {
      if (this.#untilWarning(record) <= 0 && !this.#warned.has(record.id)) {
        const left = this.#timeoutOf(record) - this.#idleTimeOf(record);
        this.#warned.add(record.id);
        log.info(`${describeSession(record)}: nobody is active; it is signed out in ${seconds(left)}.`);
        this.#warningDue.fire({ record, endsAt: clock.now() + left });
      }
    }
  }

  /** Signs a session out. Of all windows that find the same, one does it; where that one does not finish, another. */
  async #signOutOnce(record: SessionRecord, timeout: number): Promise<void> {
    const { clock, crossWindowSync, log, notificationClaims, liveSessions } = this.#dependencies;
    const { id } = record;
    if (!(await notificationClaims.claim({ kind: 'idle-sign-out', id, since: record.signedInAt }, clock.now()))) {
      await new Promise<void>((resolve) => clock.after(SIGN_OUT_TIMEOUT, resolve));
    }
    await crossWindowSync.sync(id).catch(() => {});
    const isToDo = liveSessions.get(id)?.record.signedInAt === record.signedInAt && !this.#isOver;
    const signingOut = isToDo ? this.#dependencies.signOut(id) : undefined;
    if (liveSessions.get(id) === undefined) {
      this.#signedOut.fire({ record, after: timeout });
    }
    await signingOut?.catch((error: unknown) =>
      log.warn(`${describeSession(record)} is over, but still stored (${toFailure(error).code}).`),
    );
    await notificationClaims.forget(id);
    this.#signingOut.delete(id);
  }

  /** A session is gone: where its limit has passed, another window was faster, and the person may be looking at this one. */
  #onRemoved(record: SessionRecord | undefined): void {
    if (record === undefined) {
      return;
    }
    const after = this.#timeoutOf(record);
    if (after > 0 && this.#idleTimeOf(record) >= after && !this.#isSigningOut(record)) {
      this.#signedOut.fire({ record, after });
    }
    this.#signIns.delete(record.id);
    this.#cancelWarning(record.id);
  }

  /** Lets those look again who have passed over sessions while they were held. */
  #notifyChanged(records: readonly SessionRecord[]): void {
    for (const { id } of records) {
      this.#dependencies.liveSessions.update(id, {});
    }
  }

  #flushPending(): void {
    const active = this.#pendingAt;
    if (active !== undefined && this.#last !== -Infinity) {
      this.#pendingAt = undefined;
      this.#applyActivity(active);
      this.#reportSoon();
    }
  }

  #applyActivity(active: number): void {
    this.#last = Math.max(this.#last, active);
    for (const record of this.#watched()) {
      if (this.#untilWarning(record) > 0) {
        this.#cancelWarning(record.id);
      }
    }
  }

  #cancelWarning(id: string): void {
    if (this.#warned.delete(id)) {
      this.#warningCanceled.fire(id);
    }
  }

  /** Notes activity for the others, at once where that was not done a moment ago. */
  #reportSoon(): void {
    if (this.#reportTimer === undefined && this.reportInterval !== undefined) {
      const wait = this.#reportedAt + this.reportInterval - this.#dependencies.uptime();
      this.#reportTimer = this.#dependencies.clock.after(Math.max(0, wait), () => void this.#report());
    }
  }

  async #report(): Promise<void> {
    this.#reportTimer = undefined;
    this.#reportedAt = this.#dependencies.uptime();
    // A window that starts now must find a session signed out rather than somebody active.
    await Promise.all([...this.#signingOut.values()].map(({ done }) => done));
    const noted = await this.#file.read();
    this.#applyActivity(noted);
    if (this.reportInterval !== undefined && this.#last > noted) {
      await this.#file.write(this.#last);
    }
  }

  #plan(): void {
    const now = this.#dependencies.uptime();
    const waits = this.#watched().map((record) => {
      const wait = this.#untilWarning(record);
      return wait > 0 ? wait : wait + warningLeadTime(this.#timeoutOf(record));
    });
    // Some systems count their running time in whole seconds.
    const wait = Math.min(Math.max(Math.min(...waits), SECOND), HOUR);
    const isPlanned = this.#plannedFor > now && this.#plannedFor <= now + wait;
    if (waits.length === 0 || this.#isOver || isPlanned) {
      return;
    }
    this.#timer?.dispose();
    this.#plannedFor = now + wait;
    this.#timer = this.#dependencies.clock.after(wait, () => {
      this.#plannedFor = Infinity;
      void this.evaluate();
    });
  }

  /** The sessions with a limit that are not being signed out already. */
  #watched(): SessionRecord[] {
    const records = this.#dependencies.liveSessions.all().map(({ record }) => record);
    return records.filter((record) => this.#timeoutOf(record) > 0 && !this.#isSigningOut(record));
  }

  #overdue(): SessionRecord[] {
    return this.#watched().filter((record) => this.isBlocked(record));
  }

  #isSigningOut({ id, signedInAt }: SessionRecord): boolean {
    return this.#signingOut.get(id)?.signedInAt === signedInAt;
  }

  #untilWarning(record: SessionRecord): number {
    const timeout = this.#timeoutOf(record);
    return timeout - warningLeadTime(timeout) - this.#idleTimeOf(record);
  }

  /** For how long nobody has been active; a time before this window counts, though somebody is active again. */
  #idleTimeOf(record: SessionRecord): number {
    const signedIn = this.#signInOf(record);
    const idle = this.#dependencies.uptime() - Math.max(this.#last, signedIn);
    const before = this.#offlineGap.until - Math.max(this.#offlineGap.from, signedIn);
    return before >= this.#timeoutOf(record) ? Math.max(idle, before) : idle;
  }

  #signInOf({ id, signedInAt }: SessionRecord): number {
    const known = this.#signIns.get(id);
    if (known?.signedInAt === signedInAt) {
      return known.since;
    }
    const time = this.#dependencies.clock.now() - signedInAt;
    // A sign-in that is still to come says that the clock was set back, and no more.
    const since = time < 0 ? -Infinity : this.#dependencies.uptime() - time;
    this.#signIns.set(id, { signedInAt, since });
    return since;
  }

  /** The limit of a session, in ms; 0 where it has none. */
  #timeoutOf(record: SessionRecord): number {
    // What has ended by itself has nothing left to be signed out of.
    const isConcerned =
      this.#dependencies.providerOf(record) !== undefined && isUsable(record, this.#dependencies.clock.now());
    return isConcerned ? (this.#dependencies.timeouts().get(record.providerId) ?? 0) : 0;
  }

  #describeTimeouts(): string {
    return JSON.stringify([...this.#dependencies.timeouts()]);
  }
}

function seconds(time: number): string {
  return `${Math.round(time / SECOND)} s`;
}
