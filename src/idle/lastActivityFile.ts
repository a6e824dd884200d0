// The last activity in any window, in a file of the shared folder: for the other windows, and for the next start.
import { SECOND, type Clock } from '../core/clock.ts';
import { toFailure } from '../core/failure.ts';
import {
  elapsed,
  elapsedAcrossRestart,
  formatActivityTimestamp,
  parseActivityTimestamp,
  type ActivityTimestamp,
} from './activity.ts';
import type { Log } from '../core/log.ts';
import type { SharedFolder } from '../locking/sharedFolder.ts';

/** The dependencies of the file. */
export interface LastActivityFileDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly folder: SharedFolder;
  /** Returns the machine's uptime, in ms, including sleep. */
  uptime(): number;
}

/** The name of the file. */
export const ACTIVITY_FILE = 'activity';

/** How long, in ms, it may take until activity is in the file. */
const MAX_REPORT_DELAY = 30 * SECOND;

/**
 * The activity file. If the folder fails or the text isn't valid, a window uses its own information. No method rejects.
 */
export class LastActivityFile {
  readonly #dependencies: LastActivityFileDependencies;
  /** The text that this window last read or wrote, and the uptime at which it last read. */
  #text: string | undefined;
  #readAt = -Infinity;
  #lastActivity = -Infinity;
  #hasWarned = false;

  constructor(dependencies: LastActivityFileDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Returns for how long, in ms, the user had been inactive when this window started; `undefined` if that isn't known.
   */
  async readAtStart(): Promise<number | undefined> {
    this.#text = await this.#readText();
    const now = this.#now();
    const last = this.#text === undefined ? undefined : this.#parse(this.#text);
    const time = last === undefined ? undefined : elapsedAcrossRestart(last, now);
    this.#readAt = now.uptime;
    this.#lastActivity = time === undefined ? -Infinity : now.uptime - time;
    return time;
  }

  /** Returns the last activity in the file, as an uptime in ms. */
  async read(): Promise<number> {
    const text = await this.#readText();
    if (text === undefined) {
      return this.#lastActivity;
    }
    const now = this.#now();
    const last = text === this.#text ? undefined : this.#parse(text);
    if (last !== undefined) {
      // A text that is new since the last read was written after it, even if by a machine with another uptime.
      const longest = now.uptime - this.#readAt + MAX_REPORT_DELAY;
      this.#lastActivity = now.uptime - Math.min(elapsed(last, now), longest);
    }
    this.#text = text;
    this.#readAt = now.uptime;
    return this.#lastActivity;
  }

  /** Writes the last activity, given as an uptime in ms. */
  async write(lastActivity: number): Promise<void> {
    const { at, uptime } = this.#now();
    const text = formatActivityTimestamp({ at: at - (uptime - lastActivity), uptime: lastActivity });
    this.#text = text;
    this.#lastActivity = lastActivity;
    await this.#attempt('write', () => this.#dependencies.folder.write(ACTIVITY_FILE, text));
  }

  /** Deletes the file. */
  async delete(): Promise<void> {
    this.#lastActivity = -Infinity;
    await this.#attempt('delete', () => this.#dependencies.folder.delete(ACTIVITY_FILE));
  }

  async #readText(): Promise<string | undefined> {
    return this.#attempt('read', () => this.#dependencies.folder.read(ACTIVITY_FILE));
  }

  async #attempt<T>(operation: string, run: () => Promise<T>): Promise<T | undefined> {
    try {
      return await run();
    } catch (error) {
      this.#warnOnce(`Couldn't share activity between windows (${operation}: ${toFailure(error).code}).`);
      return undefined;
    }
  }

  #parse(text: string): ActivityTimestamp | undefined {
    const timestamp = parseActivityTimestamp(text);
    if (timestamp === undefined) {
      this.#warnOnce('The activity file is invalid.');
    }
    return timestamp;
  }

  /** Logs a warning, once: the file is read repeatedly. */
  #warnOnce(message: string): void {
    if (!this.#hasWarned) {
      this.#hasWarned = true;
      this.#dependencies.log.warn(message);
    }
  }

  #now(): ActivityTimestamp {
    return { at: this.#dependencies.clock.now(), uptime: this.#dependencies.uptime() };
  }
}
