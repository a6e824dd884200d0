// The latest activity of all windows, in a file of the folder that they share: for the others, and for the next start.
import { SECOND, type Clock } from '../core/clock.ts';
import { toFailure } from '../core/failure.ts';
import {
  formatActivityTimestamp,
  parseActivityTimestamp,
  elapsed,
  elapsedAcrossRestart,
  type ActivityTimestamp,
} from './activity.ts';
import type { Log } from '../core/log.ts';
import type { Folder } from '../locking/sharedFolder.ts';

/** What the file stands on. */
export interface LastActivityFileDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly folder: Folder;
  /** How long, in ms, the machine has been running, sleeps included. */
  uptime(): number;
}

/** The name of the file. */
export const ACTIVITY_FILE = 'activity';

/** How long, in ms, it may take from activity until it is in the file. */
const MAX_REPORT_DELAY = 30 * SECOND;

/** The file. A folder that fails, or a text that makes no sense, leaves a window with what it knows itself; nothing here rejects. */
export class LastActivityFile {
  readonly #dependencies: LastActivityFileDependencies;
  /** The text as this window has read or written it, and when. */
  #text: string | undefined;
  #readAt = -Infinity;
  #lastActivity = -Infinity;
  #hasWarned = false;

  constructor(dependencies: LastActivityFileDependencies) {
    this.#dependencies = dependencies;
  }

  /** For how long, in ms, nobody had been active when this window started; undefined where nothing is known. */
  async readAtStart(): Promise<number | undefined> {
    this.#text = await this.#readText();
    const now = this.#now();
    const noted = this.#text === undefined ? undefined : this.#parse(this.#text);
    const time = noted === undefined ? undefined : elapsedAcrossRestart(noted, now);
    this.#readAt = now.uptime;
    this.#lastActivity = time === undefined ? -Infinity : now.uptime - time;
    return time;
  }

  /** The latest activity in the file, by the time since the machine started, in ms. */
  async read(): Promise<number> {
    const text = await this.#readText();
    if (text === undefined) {
      return this.#lastActivity;
    }
    const now = this.#now();
    const noted = text === this.#text ? undefined : this.#parse(text);
    if (noted !== undefined) {
      // What was not there at the last look has come since, even from a machine that was started at another time.
      const longest = now.uptime - this.#readAt + MAX_REPORT_DELAY;
      this.#lastActivity = now.uptime - Math.min(elapsed(noted, now), longest);
    }
    this.#text = text;
    this.#readAt = now.uptime;
    return this.#lastActivity;
  }

  /** Notes activity, by the time since the machine started. */
  async write(active: number): Promise<void> {
    const { at, uptime } = this.#now();
    const text = formatActivityTimestamp({ at: at - (uptime - active), uptime: active });
    this.#text = text;
    this.#lastActivity = active;
    await this.#attempt('write', () => this.#dependencies.folder.write(ACTIVITY_FILE, text));
  }

  /** Takes the file away, which would tell of nothing any more. */
  async delete(): Promise<void> {
    this.#lastActivity = -Infinity;
    await this.#attempt('delete', () => this.#dependencies.folder.delete(ACTIVITY_FILE));
  }

  async #readText(): Promise<string | undefined> {
    return this.#attempt('read', () => this.#dependencies.folder.read(ACTIVITY_FILE));
  }

  async #attempt<T>(what: string, run: () => Promise<T>): Promise<T | undefined> {
    try {
      return await run();
    } catch (error) {
      this.#warnOnce(`The windows cannot tell each other of activity (${what}: ${toFailure(error).code}).`);
      return undefined;
    }
  }

  #parse(text: string): ActivityTimestamp | undefined {
    const timestamp = parseActivityTimestamp(text);
    if (timestamp === undefined) {
      this.#warnOnce('The file of the last activity makes no sense.');
    }
    return timestamp;
  }

  /** The file is looked at all the time; once is enough. */
  #warnOnce(words: string): void {
    if (!this.#hasWarned) {
      this.#hasWarned = true;
      this.#dependencies.log.warn(words);
    }
  }

  #now(): ActivityTimestamp {
    return { at: this.#dependencies.clock.now(), uptime: this.#dependencies.uptime() };
  }
}
