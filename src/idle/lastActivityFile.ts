// The latest activity of all windows, in a file of the folder that they share: for the others, and for the next start.
import { SECOND, type Clock } from '../core/clock.ts';
import { toFailure } from '../core/failure.ts';
import { formatMoment, parseMoment, elapsedSince, elapsedAcrossRestart, type ActivityTimestamp } from './activity.ts';
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
const LATEST_NOTE = 30 * SECOND;

/** The file. A folder that fails, or a text that makes no sense, leaves a window with what it knows itself; nothing here rejects. */
export class LastActivityFile {
  readonly #dependencies: LastActivityFileDependencies;
  /** The text as this window has read or written it, and when. */
  #text: string | undefined;
  #readAt = -Infinity;
  #moment = -Infinity;
  #hasComplained = false;

  constructor(ports: LastActivityFileDependencies) {
    this.#dependencies = ports;
  }

  /** For how long, in ms, nobody had been active when this window started; undefined where nothing is known. */
  async readAtStart(): Promise<number | undefined> {
    this.#text = await this.#read();
    const now = this.#now();
    const noted = this.#text === undefined ? undefined : this.#parse(this.#text);
    const time = noted === undefined ? undefined : elapsedAcrossRestart(noted, now);
    this.#readAt = now.uptime;
    this.#moment = time === undefined ? -Infinity : now.uptime - time;
    return time;
  }

  /** The latest activity in the file, by the time since the machine started, in ms. */
  async look(): Promise<number> {
    const text = await this.#read();
    if (text === undefined) {
      return this.#moment;
    }
    const now = this.#now();
    const noted = text === this.#text ? undefined : this.#parse(text);
    if (noted !== undefined) {
      // What was not there at the last look has come since, even from a machine that was started at another time.
      const longest = now.uptime - this.#readAt + LATEST_NOTE;
      this.#moment = now.uptime - Math.min(elapsedSince(noted, now), longest);
    }
    this.#text = text;
    this.#readAt = now.uptime;
    return this.#moment;
  }

  /** Notes activity, by the time since the machine started. */
  async note(formatTime: number): Promise<void> {
    const { at, uptime } = this.#now();
    const text = formatMoment({ at: at - (uptime - formatTime), uptime: formatTime });
    this.#text = text;
    this.#moment = formatTime;
    await this.#attempt('write', () => this.#dependencies.folder.write(ACTIVITY_FILE, text));
  }

  /** Takes the file away, which would tell of nothing any more. */
  async delete(): Promise<void> {
    this.#moment = -Infinity;
    await this.#attempt('delete', () => this.#dependencies.folder.delete(ACTIVITY_FILE));
  }

  async #read(): Promise<string | undefined> {
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
    const formatTime = parseMoment(text);
    if (formatTime === undefined) {
      this.#warnOnce('The file of the last activity makes no sense.');
    }
    return formatTime;
  }

  /** The file is looked at all the time; once is enough. */
  #warnOnce(words: string): void {
    if (!this.#hasComplained) {
      this.#hasComplained = true;
      this.#dependencies.log.warn(words);
    }
  }

  #now(): ActivityTimestamp {
    return { at: this.#dependencies.clock.now(), uptime: this.#dependencies.uptime() };
  }
}
