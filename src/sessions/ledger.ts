// What is known of each session without its secrets, in plain files beside the vault: it tells "never signed in" from
// "the keyring lost it", and carries the generation between windows.
import * as v from 'valibot';
import { asFailure } from '../core/failure.ts';
import type { Log } from '../core/log.ts';
import type { SessionRecord } from '../core/session.ts';

/** A folder of small files. Its calls may reject. */
export interface Folder {
  /** The names of the files in it; none where it does not exist yet. */
  list(): Promise<string[]>;
  /** The text of a file; undefined where it does not exist. */
  read(name: string): Promise<string | undefined>;
  /** Writes a file so that a reader sees the old text or the new one, never a part. */
  write(name: string, text: string): Promise<void>;
  /** Deletes a file; one that does not exist is no error. */
  delete(name: string): Promise<void>;
}

const entrySchema = v.object({
  version: v.picklist([1]),
  id: v.string(),
  providerId: v.string(),
  generation: v.number(),
  renewedAt: v.number(),
  accessExpiresAt: v.optional(v.number()),
  /** When a person was told that the store has lost this session, so that they are told once. */
  lossReportedAt: v.optional(v.number()),
});

/** What the ledger knows of one session. No secret is in it. Times are in ms since the Unix epoch. */
export type LedgerEntry = Readonly<v.InferOutput<typeof entrySchema>>;

const SUFFIX = '.json';

/**
 * The ledger: one file a session, so that windows that write at once do not overwrite each other's entries. It is an
 * aid; where its folder fails, that is logged and the sessions go on.
 */
export class Ledger {
  readonly #folder: Folder;
  readonly #log: Log;

  constructor(folder: Folder, log: Log) {
    this.#folder = folder;
    this.#log = log;
  }

  /** All entries that can be read. */
  async load(): Promise<LedgerEntry[]> {
    const names = await this.#attempt('list', () => this.#folder.list());
    const entries = await Promise.all(
      (names ?? []).filter((name) => name.endsWith(SUFFIX)).map((name) => this.read(name.slice(0, -SUFFIX.length))),
    );
    return entries.filter((entry) => entry !== undefined);
  }

  /** One session's entry; undefined where there is none that can be read. */
  async read(id: string): Promise<LedgerEntry | undefined> {
    const text = await this.#attempt('read', () => this.#folder.read(id + SUFFIX));
    if (text === undefined) {
      return undefined;
    }
    const entry = parseEntry(text);
    if (entry === undefined) {
      this.#log.warn(`The ledger's entry of session ${id} cannot be read.`);
    }
    return entry;
  }

  /** Enters a session as it now is. */
  async write({ id, providerId, generation, renewedAt, accessExpiresAt }: SessionRecord): Promise<void> {
    await this.#put({ version: 1, id, providerId, generation, renewedAt, accessExpiresAt });
  }

  /** Notes that a person has been told of a loss. */
  async noteLossReported(entry: LedgerEntry, at: number): Promise<void> {
    await this.#put({ ...entry, lossReportedAt: at });
  }

  /** Strikes a session out. */
  async delete(id: string): Promise<void> {
    await this.#attempt('delete', () => this.#folder.delete(id + SUFFIX));
  }

  async #put(entry: LedgerEntry): Promise<void> {
    await this.#attempt('write', () => this.#folder.write(entry.id + SUFFIX, JSON.stringify(entry)));
  }

  async #attempt<T>(what: string, run: () => Promise<T>): Promise<T | undefined> {
    try {
      return await run();
    } catch (error) {
      this.#log.warn(`The ledger could not ${what}: ${asFailure(error).message}.`);
      return undefined;
    }
  }
}

function parseEntry(text: string): LedgerEntry | undefined {
  try {
    const parsed = v.safeParse(entrySchema, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
