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
import type { SharedFolder } from './sharedFolder.ts';

/** A lock as its holder has it. */
export interface LockHandle {
  /** Whether no other window can have it, too; false if the folder fails and this window is on its own. */
  readonly isCrossWindow: boolean;
  /** Whether another window, or something that only looks like one, had it until the timeout; see {@link LockOptions}. */
  readonly hasOvertaken: boolean;
  /** Whether no other window has overtaken this one; true if the folder fails. Never rejects. */
  isHeld(): Promise<boolean>;
}

/** What the lock works with. */
export interface RenewalLockDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly folder: SharedFolder;
  readonly liveness: ProcessLiveness;
  /** Keeps the tasks of this window apart. */
  readonly mutex: Mutex;
  /** Called with the code of the failure when the folder begins to fail, and locks count in this window only. */
  onDidDegrade(code: string): void;
}

/** How a lock is waited for. */
export interface LockOptions<T> {
  /** Called while another window has the lock; a value that it gives is the result, and the task isn't run. */
  readonly whileWaiting: (holder: LockHolder | undefined) => Promise<T | undefined>;
  /** How long to wait, in ms. */
  readonly timeout?: number;
  /** Whether a holder that doesn't respond may be overtaken now. See {@link UNRESPONSIVE_TIMEOUT}. */
  readonly mayOvertake?: () => boolean;
  /**
   * Whether the lock is taken from its holder at the timeout, whoever that is. Only for a task that doesn't use the
   * session's refresh token: the holder may be using it.
   */
  readonly overtakesAtTimeout?: boolean;
}

/** A lock that was acquired. */
interface AcquiredLock {
  /** Undefined where this window is on its own. */
  readonly number: number | undefined;
  readonly hasOvertaken: boolean;
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
/** The time, in ms of looking, between two questions to a holder: one that is stopped takes a while not to answer. */
const PROBE_INTERVAL = SECOND;
/** How often a lock is tried to be taken from its holder while other windows acquire it, too. */
const MAX_OVERTAKE_ATTEMPTS = 5;
/** The time, in ms, between two log lines about the same holder. */
const LOG_INTERVAL = MINUTE;

/** The renewal lock of each session. */
export class RenewalLock {
  readonly #dependencies: RenewalLockDependencies;
  readonly #files: LockFiles;
  /** For how long, in ms of looking, each lock's holder hasn't shown that it's alive and responds, by file. */
  readonly #silentFor = new Map<string, number>();
  /** The holder of each session's lock that was last logged, and when, in ms since the Unix epoch. */
  readonly #logged = new Map<string, { readonly number: number; readonly at: number }>();
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

  /**
   * Deletes the lock files of sessions that don't exist, unless a process that may be alive has the lock.
   * @throws what the folder throws.
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

  /** Acquires the lock, unless `whileWaiting` gives a result before. */
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
          // Created by this window, though the folder took so long that it seemed to have failed.
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
      await new Promise<void>((resolve) => this.#dependencies.clock.after(POLL_INTERVAL, resolve));
    }
    const number = overtakesAtTimeout === true ? await this.#overtake(id, content) : undefined;
    if (number === undefined) {
      throw new Failure('lock-timeout', 'lock-timeout');
    }
    return { number, hasOvertaken: true };
  }

  /** Takes a lock from its holder, and gives its number; undefined if other windows are just changing it. */
  async #overtake(id: string, content: string): Promise<number | undefined> {
    for (let attempt = 1; attempt <= MAX_OVERTAKE_ATTEMPTS; attempt += 1) {
      const latest = await this.#files.latest(id);
      if (await this.#files.create(id, latest.number + 1, content)) {
        this.#dependencies.log.warn(`A sign-in takes the lock of session ${id.slice(0, 8)} from its holder.`);
        this.#silentFor.delete(latest.file);
        return latest.number + 1;
      }
    }
    return undefined;
  }

  /** Whether the holder of a lock won't release it any more, as far as anybody can tell. */
  async #isAbandoned(
    { file, holder }: LatestLock,
    waited: number,
    mayOvertake: (() => boolean) | undefined,
  ): Promise<boolean> {
    if (holder === undefined) {
      // A newer lock exists, which the next look shows.
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

  /** Adds the time since the look before, and gives the sum; the first look only begins it. */
  #addSilence(file: string, time: number): number {
    const silentFor = (this.#silentFor.get(file) ?? -time) + time;
    this.#silentFor.set(file, silentFor);
    return silentFor;
  }

  #onAcquired({ file, holder }: LatestLock): void {
    this.#isDegraded = false;
    const silentFor = this.#silentFor.get(file) ?? 0;
    if (holder !== undefined && silentFor >= UNRESPONSIVE_TIMEOUT) {
      this.#dependencies.log.warn(`This window takes over from one that doesn't respond: ${describeHolder(holder)}.`);
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

  /** Logs who has a lock that this window waits for: at once, and then every minute. */
  #logHolder(holder: LockHolder | undefined): void {
    const { clock, log } = this.#dependencies;
    const now = clock.now();
    const logged = this.#logged.get(holder?.id ?? '');
    // A clock that is set back must not keep it from being logged.
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
        `The shared folder fails (${toFailure(error).message}). This window goes on without knowing of the others.`,
      );
      this.#dependencies.onDidDegrade(toFailure(error).code);
    }
  }
}

/** Who has a lock, for the log. */
function describeHolder({ id, name = 'another process', since }: LockHolder): string {
  const time = since === undefined ? '' : ` since ${formatTimestamp(since)}`;
  return `the lock of session ${id.slice(0, 8)} is held by ${sanitizeDisplayName(name)}${time}`;
}
