// What is known of each session without its secrets, in plain files beside the secret storage: it tells "never signed in" from
// "the keyring lost it" and from "signed out", and carries generations and failures between windows. Each kind of
// entry is a file of its own, so that no window undoes what another has entered.
import * as v from 'valibot';
import { Failure, sanitizeServerText, toFailure } from '../core/failure.ts';
import { parseJson } from '../core/json.ts';
import type { Log } from '../core/log.ts';
import { CATEGORIES } from '../core/failurePolicies.ts';
import { LONGEST_WAIT } from '../core/retry.ts';
import type { SessionRecord } from '../core/session.ts';
import type { Folder } from '../locking/sharedFolder.ts';

const entrySchema = v.object({
  version: v.picklist([1]),
  id: v.string(),
  providerId: v.string(),
  generation: v.number(),
  renewedAt: v.number(),
  accessExpiresAt: v.optional(v.number()),
  /** When the server's definite verdict ended the session. */
  endedAt: v.optional(v.number()),
});

/** What the session index knows of one session. No secret is in it. Times are in ms since the Unix epoch. */
export type SessionIndexEntry = Readonly<v.InferOutput<typeof entrySchema>>;

const trySchema = v.object({
  version: v.picklist([1]),
  /** The generation whose renewal has failed. */
  generation: v.number(),
  at: v.number(),
  category: v.picklist(CATEGORIES),
  code: v.string(),
  failures: v.number(),
  /** When the next automatic try is. */
  nextTryAt: v.optional(v.number()),
  /** Until when the server has asked to be left alone. */
  waitUntil: v.optional(v.number()),
  /** The words of the server, sanitized. */
  detail: v.optional(v.string()),
  /** Until when the window that has sent the request still listens for the answer; absent once the refresh has failed. */
  listensUntil: v.optional(v.number()),
  /** When the server first rejected this generation without a known reason. */
  rejectedAt: v.optional(v.number()),
});

/** A wait that the server asked for, in a file of its own: a failure of another window doesn't overwrite it. */
const waitSchema = v.object({ version: v.picklist([1]), generation: v.number(), until: v.number() });

/** The latest failed renewal of a session, in whichever window. Times are in ms since the Unix epoch. */
export type RefreshFailure = Readonly<Omit<v.InferOutput<typeof trySchema>, 'version'>>;

const goneSchema = v.object({ version: v.picklist([1]), signedOutAt: v.number() });

const SUFFIX = '.json';
const GONE_SUFFIX = '.gone';
const TRY_SUFFIX = '.try';
const WAIT_SUFFIX = '.wait';

/** The session index. It is an aid; where its folder fails, that is logged and the sessions go on. */
export class SessionIndex {
  readonly #folder: Folder;
  readonly #log: Log;
  readonly #complaints = new Set<string>();

  constructor(folder: Folder, log: Log) {
    this.#folder = folder;
    this.#log = log;
  }

  /** The ids of all sessions that have an entry, and of those that are signed out. */
  async ids(): Promise<{ readonly present: readonly string[]; readonly gone: readonly string[] }> {
    const names = (await this.#attempt('list', () => this.#folder.list())) ?? [];
    const endingWith = (suffix: string): string[] =>
      names.filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, -suffix.length));
    const gone = endingWith(GONE_SUFFIX);
    return { present: endingWith(SUFFIX).filter((id) => !gone.includes(id)), gone };
  }

  /** The id of the session that a file of the session index is about; undefined for other files. */
  idOf(name: string): string | undefined {
    const suffix = [SUFFIX, GONE_SUFFIX, TRY_SUFFIX, WAIT_SUFFIX].find((one) => name.endsWith(one));
    return suffix === undefined ? undefined : name.slice(0, -suffix.length);
  }

  /** All entries that can be read. */
  async load(): Promise<SessionIndexEntry[]> {
    const entries = await Promise.all((await this.ids()).present.map((id) => this.read(id)));
    return entries.filter((entry) => entry !== undefined);
  }

  /** One session's entry; undefined where there is none that can be read. */
  async read(id: string): Promise<SessionIndexEntry | undefined> {
    return this.#get(id + SUFFIX, entrySchema);
  }

  /** Enters a session as it now is; false where that could not be done. */
  async write({ id, providerId, generation, renewedAt, accessExpiresAt, ended }: SessionRecord): Promise<boolean> {
    const entry: SessionIndexEntry = {
      version: 1,
      id,
      providerId,
      generation,
      renewedAt,
      accessExpiresAt,
      endedAt: ended?.at,
    };
    const isEntered = await this.#put(id + SUFFIX, entry);
    if (((await this.getLastFailure(id))?.generation ?? generation) < generation) {
      await this.#dropTry(id);
    }
    return isEntered;
  }

  /** When the person signed out of a session, in whichever window; undefined where they have not. */
  async signedOutAt(id: string): Promise<number | undefined> {
    return (await this.#get(id + GONE_SUFFIX, goneSchema))?.signedOutAt;
  }

  /**
   * Enters that the person has signed out. That entry stays, so that no window brings the session back.
   * @returns whether it could be entered.
   */
  async markSignedOut(id: string, at: number): Promise<boolean> {
    const isEntered = await this.#put(id + GONE_SUFFIX, { version: 1, signedOutAt: at });
    await this.#drop(id + SUFFIX);
    await this.#dropTry(id);
    return isEntered;
  }

  /** Strikes a session out for good. */
  async delete(id: string): Promise<void> {
    await this.#drop(id + GONE_SUFFIX);
    await this.#drop(id + SUFFIX);
    await this.#dropTry(id);
  }

  /**
   * The latest failed renewal of a session, with the longest wait that the server has asked any window for; undefined
   * after one that worked.
   */
  async getLastFailure(id: string): Promise<RefreshFailure | undefined> {
    const failed = await this.#get(id + TRY_SUFFIX, trySchema);
    const wait = failed === undefined ? undefined : await this.#get(id + WAIT_SUFFIX, waitSchema);
    // One that ends later than any wait after the failure is from before the clock was set back.
    if (failed === undefined || wait?.generation !== failed.generation || wait.until - failed.at > 2 * LONGEST_WAIT) {
      return failed;
    }
    const waitUntil = Math.max(wait.until, failed.waitUntil ?? 0);
    return {
      ...failed,
      waitUntil,
      nextTryAt: failed.nextTryAt === undefined ? undefined : Math.max(failed.nextTryAt, waitUntil),
    };
  }

  /** Notes a failed renewal for the other windows. */
  async recordFailure(id: string, failed: RefreshFailure): Promise<void> {
    if (failed.waitUntil !== undefined) {
      // First, so that nobody sees the failure without the wait.
      await this.recordWait(id, failed.generation, failed.waitUntil);
    }
    await this.#put(id + TRY_SUFFIX, { version: 1, ...failed });
  }

  /** Notes how long the server has asked to wait; does nothing if a longer wait is noted. */
  async recordWait(id: string, generation: number, until: number): Promise<void> {
    const known = await this.#get(id + WAIT_SUFFIX, waitSchema);
    if (known?.generation !== generation || known.until < until) {
      await this.#put(id + WAIT_SUFFIX, { version: 1, generation, until });
    }
  }

  async #dropTry(id: string): Promise<void> {
    await this.#drop(id + TRY_SUFFIX);
    await this.#drop(id + WAIT_SUFFIX);
  }

  async #get<S extends v.GenericSchema>(name: string, schema: S): Promise<v.InferOutput<S> | undefined> {
    const text = await this.#attempt('read', () => this.#folder.read(name));
    if (text === undefined) {
      return undefined;
    }
    const parsed = v.safeParse(schema, parseJson(text));
    this.#warnOnce(`file ${name}`, parsed.success ? undefined : `The session index's file ${name} makes no sense.`);
    return parsed.success ? parsed.output : undefined;
  }

  async #put(name: string, content: object): Promise<boolean> {
    const isWritten = await this.#attempt('write', async () => {
      await this.#folder.write(name, JSON.stringify(content));
      return true;
    });
    return isWritten === true;
  }

  async #drop(name: string): Promise<void> {
    await this.#attempt('delete', () => this.#folder.delete(name));
  }

  async #attempt<T>(what: string, run: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await run();
      this.#warnOnce(what, undefined);
      return result;
    } catch (error) {
      this.#warnOnce(what, `The session index could not ${what}: ${toFailure(error).message}.`);
      return undefined;
    }
  }

  /** The session index is looked at all the time; a log that says the same each time says nothing. */
  #warnOnce(about: string, words: string | undefined): void {
    if (words === undefined) {
      this.#complaints.delete(about);
    } else if (!this.#complaints.has(about)) {
      this.#complaints.add(about);
      this.#log.warn(words);
    }
  }
}

/** Whether a wait is still on; one that is longer than any that is obeyed is from before the clock was set back. */
export function isWait(until: number | undefined, now: number): until is number {
  return until !== undefined && until > now && until - now <= LONGEST_WAIT;
}

/** The longest of several waits that are still on; undefined if none is. */
export function longestWait(waits: readonly (number | undefined)[], now: number): number | undefined {
  const on = waits.filter((until) => isWait(until, now));
  return on.length === 0 ? undefined : Math.max(...on);
}

/** The failure that a refresh of another window ended with. */
export function failureOf({ category, code, detail, waitUntil }: RefreshFailure, now: number): Failure {
  return new Failure(category, code, {
    detail: detail === undefined ? undefined : sanitizeServerText(detail),
    retryAfter: isWait(waitUntil, now) ? waitUntil - now : undefined,
  });
}
