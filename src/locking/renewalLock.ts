// Allows one refresh at a time per session across all windows. Each session has numbered locks, one file each. A window
// acquires the lock by creating the file of the next number, which it may do only once the current lock is released or
// its process has ended. Numbers only grow, and the file with the highest number is never deleted. Therefore each lock
// has exactly one holder, and a window that resumes after hours finds that its lock is outdated.
import { delay, MINUTE, SECOND, type Clock } from '../core/clock.ts';
import { Failure, sanitizeDisplayName, toFailure } from '../core/failure.ts';
import { formatTimestamp, type Log } from '../core/log.ts';
import { LockFiles, type LatestLock, type LockHolder } from './lockFiles.ts';
import type { Mutex } from './mutex.ts';
import type { ProcessLiveness } from './processLiveness.ts';
import type { SharedFolder } from './sharedFolder.ts';

/** An acquired lock, as its holder sees it. */
export interface LockHandle {
  /** Whether the lock excludes other windows; false if the folder fails and only this window is covered. */
  readonly isCrossWindow: boolean;
  /** Whether the lock was taken from another holder at the timeout; see {@link LockOptions}. */
  readonly hasOvertaken: boolean;
  /** Returns whether no other window has overtaken this one; true if the folder fails. Never rejects. */
  isHeld(): Promise<boolean>;
}

/** The dependencies of the lock. */
export interface RenewalLockDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly folder: SharedFolder;
  readonly liveness: ProcessLiveness;
  /** Serializes the tasks of this window. */
  readonly mutex: Mutex;
  /** Called with the failure code when the folder begins to fail and locks cover only this window. */
  onDidDegrade(code: string): void;
}

/** How to wait for a lock. */
export interface LockOptions<T> {
  /** Called while another window has the lock. If it returns a value, that is the result and the task isn't run. */
  readonly whileWaiting: (holder: LockHolder | undefined) => Promise<T | undefined>;
  /** How long to wait, in ms. */
  readonly timeout?: number;
  /** Whether an unresponsive holder may be overtaken now. See {@link UNRESPONSIVE_TIMEOUT}. */
  readonly mayOvertake?: () => boolean;
  /**
   * Whether to take the lock from any holder at the timeout. Only for tasks that don't use the session's refresh token:
   * the holder may be using it.
   */
  readonly overtakesAtTimeout?: boolean;
}

/** A lock that was acquired. */
interface AcquiredLock {
  /** Undefined if the lock covers only this window. */
  readonly number: number | undefined;
  readonly hasOvertaken: boolean;
}

/** The interval, in ms, at which a lock of another window is checked. */
const POLL_INTERVAL = 100;
/**
 * How many folder errors are tolerated before this window stops coordinating: virus scanners and busy disks cause some.
 */
const MAX_FOLDER_ERRORS = 15;
/** How long, in ms of polling, to wait for a lock. */
const ACQUIRE_TIMEOUT = 45 * SECOND;
/** How long, in ms of polling, to respect a lock whose process can't be checked for liveness. */
const UNREACHABLE_HOLDER_TIMEOUT = 120 * SECOND;
/**
 * How long, in ms of polling, a holder must be unresponsive before it's overtaken, once the access token has expired. A
 * stopped process (a debugger, a suspended machine) may still be about to receive the response, and a server that
 * rotates refresh tokens ends the session if a token is used twice. Until the access token has been expired for a
 * while, waiting costs less than overtaking.
 */
const UNRESPONSIVE_TIMEOUT = 10 * SECOND;
/** The interval, in ms of polling, between two probes of a holder: probing a stopped process takes time. */
const PROBE_INTERVAL = SECOND;
/** How often to try to take a lock from its holder while other windows acquire it, too. */
const MAX_OVERTAKE_ATTEMPTS = 5;
/** The interval, in ms, between two log lines about the same holder. */
const LOG_INTERVAL = MINUTE;

/** The renewal lock of each session. */
export class RenewalLock {
  readonly #dependencies: RenewalLockDependencies;
  readonly #files: LockFiles;
  /** For how long, in ms of polling, the holder of each lock hasn't proven to be alive and responsive, by file. */
  readonly #silentFor = new Map<string, number>();
  /** The holder of each session's lock that was logged last, and when, in ms since the Unix epoch. */
  readonly #logged = new Map<string, { readonly number: number; readonly at: number }>();
  #isDegraded = false;

  constructor(dependencies: RenewalLockDependencies) {
    this.#dependencies = dependencies;
    this.#files = new LockFiles(dependencies.folder, dependencies.log);
  }

  /**
   * Runs a task for a session while no other window does.
   * @throws Failure `lock-timeout` if another window doesn't release the lock; errors of the task or of `whileWaiting`.
   */
  async runExclusive<T>(id: string, task: (lock: LockHandle) => Promise<T>, options: LockOptions<T>): Promise<T> {
    const { clock, liveness, mutex } = this.#dependencies;
    return mutex.runExclusive(id, async () => {
      const registration = await liveness.register();
      try {
        const { name, token } = registration;
        const acquired = await this.#acquire(id, JSON.stringify({ token, name, since: clock.now() }), options);
        if ('result' in acquired) {
          return acquired.result;
        }
        const { hasOvertaken, number } = acquired;
        const isHeld = (): Promise<boolean> => this.#isHeld(id, number);
        try {
          return await task({ isCrossWindow: number !== undefined, hasOvertaken, isHeld });
        } finally {
          if (number !== undefined) {
            await this.#files.release(id, number);
          }
        }
      } finally {
        registration.dispose();
      }
    });
  }

  /** Whether the folder failed at the last acquisition, so that this window isn't coordinated with others. */
  get isDegraded(): boolean {
    return this.#isDegraded;
  }

  /**
   * Returns the locks that are held now, and whether their processes are alive.
   * @throws the error of the folder.
   */
  async listHolders(): Promise<(LockHolder & { readonly isAlive: boolean | undefined })[]> {
    const holders = await this.#files.listHolders();
    return Promise.all(holders.map(async (holder) => ({ ...holder, isAlive: await this.#isAlive(holder) })));
  }

  /** Deletes all lock files of a removed session. */
  async delete(id: string): Promise<void> {
    await this.#files.delete(id);
  }

  /**
   * Deletes the lock files of sessions that don't exist, unless a process that may be alive holds the lock.
   * @throws the error of the folder.
   */
  async deleteUnused(exists: (id: string) => boolean): Promise<void> {
    for (const id of (await this.#files.listIds()).filter((one) => !exists(one))) {
      const { holder, isPast } = await this.#files.latest(id);
      const isFree = holder === undefined ? !isPast : (await this.#isAlive(holder)) === false;
      if (isFree) {
        await this.#files.delete(id);
      }
    }
  }

  /** Acquires the lock, unless `whileWaiting` returns a result first. */
  async #acquire<T>(
    id: string,
    content: string,
    { mayOvertake, overtakesAtTimeout, timeout = ACQUIRE_TIMEOUT, whileWaiting }: LockOptions<T>,
  ): Promise<AcquiredLock | { readonly result: T }> {
    let errors = 0;
    for (let waited = 0; waited <= timeout; waited += POLL_INTERVAL) {
      let holder: LockHolder | undefined;
      try {
        const latest = await this.#files.latest(id);
        if (latest.content === content) {
          // This window created it, although the call took so long that it seemed to have failed.
          return { number: latest.number, hasOvertaken: false };
        }
        holder = latest.holder;
        const isReleased = latest.content === undefined && !latest.isPast;
        const isFree = isReleased || (await this.#isAbandoned(latest, waited, mayOvertake));
        if (isFree && (await this.#files.create(id, latest.number + 1, content))) {
          this.#onAcquired(latest);
          return { number: latest.number + 1, hasOvertaken: false };
        }
      } catch (error) {
        errors += 1;
        if (this.#isDegraded || errors > MAX_FOLDER_ERRORS) {
          this.#reportDegraded(error);
          return { number: undefined, hasOvertaken: false };
        }
      }
      const result = await whileWaiting(holder);
      if (result !== undefined) {
        return { result };
      }
      this.#logHolder(holder);
      await delay(this.#dependencies.clock, POLL_INTERVAL);
    }
    const number = overtakesAtTimeout === true ? await this.#overtake(id, content) : undefined;
    if (number === undefined) {
      throw new Failure('lock-timeout', 'lock-timeout');
    }
    return { number, hasOvertaken: true };
  }

  /** Takes a lock from its holder, and returns its number; undefined if other windows are changing it. */
  async #overtake(id: string, content: string): Promise<number | undefined> {
    for (let attempt = 1; attempt <= MAX_OVERTAKE_ATTEMPTS; attempt += 1) {
      const latest = await this.#files.latest(id);
      if (await this.#files.create(id, latest.number + 1, content)) {
        this.#dependencies.log.warn(`Sign-in: taking the lock of session ${id.slice(0, 8)} from its holder.`);
        this.#silentFor.delete(latest.file);
        return latest.number + 1;
      }
    }
    return undefined;
  }

  /** Returns whether the holder isn't expected to release the lock. */
  async #isAbandoned(
    { file, holder }: LatestLock,
    waited: number,
    mayOvertake: (() => boolean) | undefined,
  ): Promise<boolean> {
    if (holder === undefined) {
      // A newer lock exists, which the next check finds.
      return false;
    }
    const isAlive = await this.#isAlive(holder);
    if (isAlive === undefined) {
      return this.#addSilence(file, POLL_INTERVAL) >= UNREACHABLE_HOLDER_TIMEOUT;
    }
    if (!isAlive || waited % PROBE_INTERVAL !== 0) {
      return !isAlive;
    }
    if (mayOvertake?.() !== true || (await this.#dependencies.liveness.isResponding(holder.token ?? ''))) {
      this.#silentFor.delete(file);
      return false;
    }
    return this.#addSilence(file, PROBE_INTERVAL) >= UNRESPONSIVE_TIMEOUT;
  }

  /** Adds the time since the last check, and returns the sum; the first check starts at zero. */
  #addSilence(file: string, time: number): number {
    const silentFor = (this.#silentFor.get(file) ?? -time) + time;
    this.#silentFor.set(file, silentFor);
    return silentFor;
  }

  #onAcquired({ file, holder }: LatestLock): void {
    this.#isDegraded = false;
    const silentFor = this.#silentFor.get(file) ?? 0;
    if (holder !== undefined && silentFor >= UNRESPONSIVE_TIMEOUT) {
      this.#dependencies.log.warn(`Taking over from a window that isn't responding: ${describeHolder(holder)}.`);
    }
    this.#silentFor.delete(file);
  }

  async #isAlive({ token }: LockHolder): Promise<boolean | undefined> {
    return token === undefined ? undefined : this.#dependencies.liveness.isAlive(token);
  }

  async #isHeld(id: string, number: number | undefined): Promise<boolean> {
    if (number === undefined) {
      return true;
    }
    return this.#files.latest(id).then(
      (latest) => latest.number <= number,
      () => true,
    );
  }

  /** Logs the holder that this window waits for, at once and then every minute. */
  #logHolder(holder: LockHolder | undefined): void {
    const { clock, log } = this.#dependencies;
    const now = clock.now();
    const logged = this.#logged.get(holder?.id ?? '');
    // A clock that was set back must not suppress it.
    const isLogged = logged?.number === holder?.number && Math.abs(now - (logged?.at ?? -Infinity)) < LOG_INTERVAL;
    if (holder !== undefined && !isLogged) {
      this.#logged.set(holder.id, { number: holder.number, at: now });
      log.info(`Waiting for another window to renew a session: ${describeHolder(holder)}.`);
    }
  }

  #reportDegraded(error: unknown): void {
    if (!this.#isDegraded) {
      this.#isDegraded = true;
      this.#dependencies.log.warn(
        `The shared folder isn't usable (${toFailure(error).message}). This window continues without coordinating with other windows.`,
      );
      this.#dependencies.onDidDegrade(toFailure(error).code);
    }
  }
}

/** Describes a lock holder for the log. */
function describeHolder({ id, name = 'another process', since }: LockHolder): string {
  const time = since === undefined ? '' : ` since ${formatTimestamp(since)}`;
  return `the lock of session ${id.slice(0, 8)} is held by ${sanitizeDisplayName(name)}${time}`;
}
