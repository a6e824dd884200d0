// The files of the renewal lock: `<session id>.<number>.locked`, created by the holder, and `….released`.
import * as v from 'valibot';
import { toFailure } from '../core/failure.ts';
import { parseJson } from '../core/json.ts';
import type { Log } from '../core/log.ts';
import { MAX_FILE_NUMBER, parseFileNumber, type SharedFolder } from './sharedFolder.ts';

/** The holder of a lock. */
export interface LockHolder {
  /** The id of the session. */
  readonly id: string;
  /** The number of the lock, unique within the session. */
  readonly number: number;
  /** The process token to check for liveness; undefined if the file isn't valid. */
  readonly token: string | undefined;
  /** A name by which a user can find the process. */
  readonly name: string | undefined;
  /** When the lock was acquired, in ms since the Unix epoch. */
  readonly since: number | undefined;
}

/** The newest lock of a session; its number is 0 if there is none yet. */
export interface LatestLock {
  readonly number: number;
  /** The name of its file. */
  readonly file: string;
  /** The content of the file; undefined if the lock is released. */
  readonly content: string | undefined;
  /** The holder; undefined if the lock is free. */
  readonly holder?: LockHolder;
  /** Whether the file was deleted while it was read, so that a newer lock exists. */
  readonly isPast: boolean;
}

interface LockFile {
  readonly name: string;
  readonly number: number;
  readonly isReleased: boolean;
}

const NAME = /^([A-Za-z0-9-]+)\.(\d+)\.(locked|released)$/;
/** How many past locks keep their files, so that a list made during changes never misses all of them. */
const RETAINED = 3;

const holderSchema = v.object({ token: v.string(), name: v.optional(v.string()), since: v.optional(v.number()) });

/** Returns whether a file of the folder is an acquired lock. */
export function isLockFile(name: string): boolean {
  return name.endsWith('.locked');
}

/** The lock files of all sessions. Unless stated otherwise, the methods reject with the error of the folder. */
export class LockFiles {
  readonly #folder: SharedFolder;
  readonly #log: Log;

  constructor(folder: SharedFolder, log: Log) {
    this.#folder = folder;
    this.#log = log;
  }

  /** Returns the newest lock of a session. */
  async latest(id: string): Promise<LatestLock> {
    return this.#latestOf(id, await this.#list(id));
  }

  /** Returns the current lock holders of all sessions. */
  async listHolders(): Promise<LockHolder[]> {
    const latest = await Promise.all((await this.listIds()).map((id) => this.latest(id)));
    return latest.map(({ holder }) => holder).filter((holder) => holder !== undefined);
  }

  /** Returns the IDs of the sessions that have lock files. */
  async listIds(): Promise<string[]> {
    const names = await this.#folder.list();
    return [...new Set(names.map((name) => NAME.exec(name)?.[1]))].filter((id) => id !== undefined);
  }

  /** Creates a lock, and deletes outdated ones. Returns false if another window has this lock or a later one. */
  async create(id: string, number: number, content: string): Promise<boolean> {
    if (number > MAX_FILE_NUMBER) {
      // No session is refreshed that often, so these files aren't ours. The next attempt finds none.
      this.#log.warn(`The lock files of session ${id.slice(0, 8)} have an impossibly high number.`);
      await this.delete(id);
      return false;
    }
    const name = nameOf(id, number);
    if (!(await this.#folder.create(name, content))) {
      return false;
    }
    let isLatest = false;
    try {
      // A window with an outdated list can create a lock that was already deleted. The later locks reveal that.
      const files = await this.#list(id);
      isLatest = files.every((file) => file.number < number || file.name === name);
      const past = isLatest ? files.filter((file) => file.number <= number - RETAINED) : [];
      await Promise.all(past.map((file) => this.#folder.delete(file.name).catch(() => {})));
      return isLatest;
    } finally {
      if (!isLatest) {
        await this.#folder.delete(name);
      }
    }
  }

  /** Releases a lock. Never rejects: on failure, other windows detect that its process no longer holds it. */
  async release(id: string, number: number): Promise<void> {
    try {
      if ((await this.#folder.read(nameOf(id, number))) !== undefined) {
        await this.#folder.create(`${id}.${number}.released`, '');
      }
    } catch (error) {
      this.#log.warn(`Couldn't write a lock file: ${toFailure(error).message}.`);
    }
  }

  /** Deletes all files of a session. Never rejects. */
  async delete(id: string): Promise<void> {
    const names = await this.#folder.list().catch(() => []);
    const own = names.filter((name) => NAME.exec(name)?.[1] === id);
    await Promise.all(own.map((name) => this.#folder.delete(name).catch(() => {})));
  }

  async #latestOf(id: string, files: readonly LockFile[]): Promise<LatestLock> {
    const number = Math.max(0, ...files.map((file) => file.number));
    const file = nameOf(id, number);
    if (number === 0 || files.some((one) => one.number === number && one.isReleased)) {
      return { number, file, content: undefined, isPast: false };
    }
    const content = await this.#folder.read(file);
    if (content === undefined) {
      return { number, file, content, isPast: true };
    }
    const parsed = v.safeParse(holderSchema, parseJson(content));
    const { name, since, token } = parsed.success ? parsed.output : {};
    return { number, file, content, holder: { id, number, name, since, token }, isPast: false };
  }

  async #list(id: string): Promise<LockFile[]> {
    const matches = (await this.#folder.list()).map((name) => NAME.exec(name));
    return matches.flatMap((match) => {
      const number = match?.[1] === id ? parseFileNumber(match[2]) : undefined;
      return match === null || number === undefined
        ? []
        : [{ name: match[0], number, isReleased: match[3] === 'released' }];
    });
  }
}

function nameOf(id: string, number: number): string {
  return `${id}.${number}.locked`;
}
