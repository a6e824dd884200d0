// One refresh at a time for each session, across all windows. Each session has a row of numbered locks, one file each.
// Whoever creates the file of the next number has the lock; nobody may create it before the present one is released, or
// its process has ended. Numbers only grow, and the file of the highest number is never deleted, so that each lock has
// exactly one holder, and a window that wakes up after hours finds that its lock is long past.
import { MINUTE, SECOND, type Clock } from '../core/clock.ts';
import { Failure, sanitizeDisplayName, toFailure } from '../core/failure.ts';
import { formatTimestamp, type Log } from '../core/log.ts';
import { LockFiles, type LatestLock, type LockHolder } from './lockFiles.ts';
import type { Mutex } from './mutex.ts';
import type { ProcessLiveness } from './processLiveness.ts';
import type { Folder } from './sharedFolder.ts';

/** A lock as its holder has it. */
export interface LockHandle {
  /** Whether no other window can have it, too; false if the folder fails and this window is on its own. */
  readonly isCrossWindow: boolean;
}

/** What the lock works with. */
export interface RenewalLockDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly folder: Folder;
  readonly liveness: ProcessLiveness;
  /** Keeps the tasks of this window apart. */
  readonly mutex: Mutex;
  /** Called when the folder begins to fail, and locks count in this window only. */
  onDidDegrade(): void;
}

/** How a lock is waited for. */
export interface LockOptions<T> {
  /** Called while another window has the lock; a value that it gives is the result, and the task isn't run. */
  whileWaiting(holder: LockHolder | undefined): Promise<T | undefined>;
  /** How long to wait, in ms. */
  readonly timeout?: number;
  /** Whether a holder that doesn't respond may be overtaken now. See {@link UNRESPONSIVE_TIMEOUT}. */
  mayOvertake?(): boolean;
}

/** The time, in ms, between two looks at a lock that another window has. */
const POLL_INTERVAL = 100;
/** How many calls of the folder may fail before this window goes on alone: a virus scanner or a busy disk is no reason. */
const MAX_FOLDER_ERRORS = 15;
/** How long, in ms of looking, a lock is waited for. */
const ACQUIRE_TIMEOUT = 45 * SECOND;
/** How long, in ms of looking, a lock is respected whose process runs where nobody can see whether it's alive. */
const UNREACHABLE_HOLDER_TIMEOUT = 120 * SECOND;
/**
 * How long, in ms of looking, a holder must not respond before it's overtaken, once its session's callers have nothing
 * left to lose. A stopped process (a debugger, a suspended machine) may still be about to receive the response, and a
 * server that rotates refresh tokens ends a session whose token comes twice: until the access token has been dead for a
 * while, waiting costs less than overtaking.
 */
const UNRESPONSIVE_TIMEOUT = 10 * SECOND;
/** The time, in ms, between two log lines about who has the lock. */
const LOG_INTERVAL = MINUTE;

/** The renewal lock of each session. */
export class RenewalLock {
  readonly #dependencies: RenewalLockDependencies;
  readonly #files: LockFiles;
  /** For how long, in ms, each holder has been watched without a sign of life. */
  readonly #silentFor = new Map<string, number>();
  #isDegraded = false;

  constructor(dependencies: RenewalLockDependencies) {
    this.#dependencies = dependencies;
    this.#files = new LockFiles(dependencies.folder, dependencies.log);
  }

  /**
   * Runs a task as the only one, of all windows, for a session.
   * @throws Failure `lock-timeout` if another window doesn't release the lock; what the task or `whileWaiting` throws.
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
        const { number } = acquired;
        try {
          return await task({ isCrossWindow: number !== undefined });
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

  /** Whether the folder failed when a lock was last acquired, so that this window knows nothing of the others. */
  get isDegraded(): boolean {
    return this.#isDegraded;
  }

  /**
   * The locks that are held at this moment, with whether their processes are alive.
   * @throws what the folder throws.
   */
  async listHolders(): Promise<(LockHolder & { readonly isAlive: boolean | undefined })[]> {
    const holders = await this.#files.listHolders();
    return Promise.all(holders.map(async (holder) => ({ ...holder, isAlive: await this.#isAlive(holder) })));
  }

  /** Deletes all lock files of a session that is over. */
  async delete(id: string): Promise<void> {
    await this.#files.delete(id);
  }

  /** Acquires the lock, and gives its number; undefined where this window is on its own. */
  async #acquire<T>(
    id: string,
    content: string,
    options: LockOptions<T>,
  ): Promise<{ readonly number: number | undefined } | { readonly result: T }> {
    const { timeout = ACQUIRE_TIMEOUT } = options;
    let errors = 0;
    for (let waited = 0; waited <= timeout; waited += POLL_INTERVAL) {
      let holder: LockHolder | undefined;
      try {
        const latest = await this.#files.latest(id);
        if (latest.content === content) {
          // Created by this window, though the folder took so long that it seemed to have failed.
          return { number: latest.number };
        }
        holder = latest.holder;
        const isReleased = latest.content === undefined && !latest.isPast;
        const isFree = isReleased || (await this.#isAbandoned(latest, options.mayOvertake?.() === true));
        if (isFree && (await this.#files.create(id, latest.number + 1, content))) {
          this.#isDegraded = false;
          return { number: latest.number + 1 };
        }
      } catch (error) {
        errors += 1;
        if (this.#isDegraded || errors > MAX_FOLDER_ERRORS) {
          this.#reportDegraded(error);
          return { number: undefined };
        }
      }
      const result = await options.whileWaiting(holder);
      if (result !== undefined) {
        return { result };
      }
      if (holder !== undefined && waited % LOG_INTERVAL === 0) {
        this.#logHolder(holder);
      }
      await new Promise<void>((resolve) => this.#dependencies.clock.after(POLL_INTERVAL, resolve));
    }
    throw new Failure('lock-timeout', 'lock-timeout');
  }

  /** Whether the holder of a lock won't release it any more, as far as anybody can tell. */
  async #isAbandoned({ file, holder, isPast }: LatestLock, mayOvertake: boolean): Promise<boolean> {
    if (isPast) {
      return false;
    }
    const isAlive = holder === undefined ? undefined : await this.#isAlive(holder);
    if (isAlive === false) {
      return true;
    }
    const isSilent =
      isAlive === undefined || (mayOvertake && !(await this.#dependencies.liveness.isResponding(holder?.token ?? '')));
    if (!isSilent) {
      this.#silentFor.delete(file);
      return false;
    }
    const silentFor = (this.#silentFor.get(file) ?? 0) + POLL_INTERVAL;
    this.#silentFor.set(file, silentFor);
    const isOverdue = silentFor >= (isAlive === undefined ? UNREACHABLE_HOLDER_TIMEOUT : UNRESPONSIVE_TIMEOUT);
    if (isOverdue && isAlive === true) {
      this.#dependencies.log.warn(`${describeHolder(holder)} doesn't respond. This window takes over the lock.`);
    }
    return isOverdue;
  }

  async #isAlive({ token }: LockHolder): Promise<boolean | undefined> {
    return token === undefined ? undefined : this.#dependencies.liveness.isAlive(token);
  }

  #logHolder(holder: LockHolder): void {
    this.#dependencies.log.info(`Waiting for another window to renew a session: ${describeHolder(holder)}.`);
  }

  #reportDegraded(error: unknown): void {
    if (!this.#isDegraded) {
      this.#isDegraded = true;
      this.#dependencies.log.warn(
        `The shared folder fails (${toFailure(error).message}). This window goes on without knowing of the others.`,
      );
      this.#dependencies.onDidDegrade();
    }
  }
}

/** Who has a lock, for the log. */
function describeHolder(holder: LockHolder | undefined): string {
  const since = holder?.since === undefined ? '' : ` since ${formatTimestamp(holder.since)}`;
  const name = sanitizeDisplayName(holder?.name ?? 'another process');
  return `the lock of session ${holder?.id.slice(0, 8) ?? ''} is held by ${name}${since}`;
}
