// Decides which window shows a notification. Each is shown once, and again only if the user asked to be reminded. The
// window that creates the file of a notification shows it.
import * as v from 'valibot';
import { toFailure } from '../core/failure.ts';
import { parseJson } from '../core/json.ts';
import type { Log } from '../core/log.ts';
import { encodeFileName, MAX_FILE_NUMBER, type SharedFolder } from './sharedFolder.ts';

const CLAIMED = '.claimed';
const SNOOZED = '.snoozed';

const snoozeSchema = v.object({
  round: v.pipe(
    v.number(),
    v.check((round) => round >= 0 && round < MAX_FILE_NUMBER && round % 1 === 0),
  ),
  until: v.number(),
});

/** Identifies a notification. */
export interface ClaimKey {
  /** The kind of notification, as a single word. */
  readonly kind: string;
  /** The session or the provider that it's about. */
  readonly id: string;
  /** When the condition began (a sign-in, the last successful refresh), in ms since the Unix epoch; 0 if unknown. */
  readonly since: number;
  /** Distinguishes several notifications since then; each is shown once. */
  readonly variant?: string | undefined;
}

/** The notifications of all windows. If the folder fails, each window shows its own rather than none. */
export class NotificationClaims {
  readonly #folder: SharedFolder;
  readonly #log: Log;

  constructor(folder: SharedFolder, log: Log) {
    this.#folder = folder;
    this.#log = log;
  }

  /**
   * Returns whether this window shows a notification: no window has shown it yet, or its snooze time is over.
   * @param now the time in ms since the Unix epoch.
   */
  async tryClaim(key: ClaimKey, now: number): Promise<boolean> {
    const snooze = await this.#readSnooze(key);
    if (snooze !== undefined && snooze.until > now) {
      return false;
    }
    const name = `${claimFileName(key)}.${snooze?.round ?? 0}${CLAIMED}`;
    // This is called repeatedly, and reading costs less than creating.
    const isMine = await this.#attempt(
      async () => (await this.#folder.read(name)) === undefined && this.#folder.create(name, String(now)),
      true,
    );
    if (isMine) {
      // Earlier claims of the same kind are no longer needed.
      await this.#delete((other) => isOf(other, key.id, key.kind) && sinceOf(other) < key.since);
    }
    return isMine;
  }

  /** Snoozes a notification in all windows, including those opened later, until a time in ms since the Unix epoch. */
  async snooze(key: ClaimKey, until: number): Promise<void> {
    const round = ((await this.#readSnooze(key))?.round ?? 0) + 1;
    const name = claimFileName(key) + SNOOZED;
    await this.#attempt(() => this.#folder.write(name, JSON.stringify({ round, until })), undefined);
  }

  /**
   * Deletes the claims for a session or a provider, of one kind or all, so that its notifications can be shown again.
   */
  async forget(id: string, kind?: string): Promise<void> {
    await this.#delete((name) => isOf(name, id, kind));
  }

  async #delete(isPast: (name: string) => boolean): Promise<void> {
    const names = await this.#attempt(() => this.#folder.list(), []);
    const past = names.filter((name) => (name.endsWith(CLAIMED) || name.endsWith(SNOOZED)) && isPast(name));
    await Promise.all(past.map((name) => this.#attempt(() => this.#folder.delete(name), undefined)));
  }

  async #readSnooze(key: ClaimKey): Promise<v.InferOutput<typeof snoozeSchema> | undefined> {
    const text = await this.#attempt(() => this.#folder.read(claimFileName(key) + SNOOZED), undefined);
    const parsed = v.safeParse(snoozeSchema, text === undefined ? undefined : parseJson(text));
    return parsed.success ? parsed.output : undefined;
  }

  async #attempt<T>(run: () => Promise<T>, fallback: T): Promise<T> {
    try {
      return await run();
    } catch (error) {
      this.#log.debug(`Couldn't record a notification for other windows: ${toFailure(error).message}.`);
      return fallback;
    }
  }
}

/**
 * Returns the file name of a claim without its extension, unique for each key: `kind_id_since_variant`, each part
 * encoded.
 */
export function claimFileName({ kind, id, since, variant = '' }: ClaimKey): string {
  return [kind, id, String(since), variant].map(encodeFileName).join('_');
}

function sinceOf(name: string): number {
  return Number(name.split('_')[2]);
}

function isOf(name: string, id: string, kind: string | undefined): boolean {
  const [ofKind, ofId] = name.split('_');
  return ofId === encodeFileName(id) && (kind === undefined || ofKind === encodeFileName(kind));
}
