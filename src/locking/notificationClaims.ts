// Who tells the person what, of all windows: each thing once, and again only where the person has asked to be reminded.
// One small file for each thing that was told. The folder makes a file for one window only, which is the one that tells.
import * as v from 'valibot';
import { toFailure } from '../core/failure.ts';
import { parseJson } from '../core/json.ts';
import type { Log } from '../core/log.ts';
import { encodeFileName, type Folder } from './sharedFolder.ts';

const TOLD = '.told';
const LATER = '.later';

const laterSchema = v.object({ round: v.number(), at: v.number() });

/** What a notice is about. */
export interface ClaimKey {
  /** What kind of thing it is: a word. */
  readonly kind: string;
  /** The session, or the provider, that it concerns. */
  readonly id: string;
  /** When what it is about began, in ms since the Unix epoch: a sign-in, the latest good renewal. 0 where it has no beginning. */
  readonly since: number;
  /** Which of several things since then; each is told once. */
  readonly what?: string | undefined;
}

/** The notices of all windows. Where the folder fails, each window tells for itself rather than nobody. */
export class NotificationClaims {
  readonly #folder: Folder;
  readonly #log: Log;

  constructor(folder: Folder, log: Log) {
    this.#folder = folder;
    this.#log = log;
  }

  /** Whether this window is the one to tell: nobody has told it yet, or the time has come that it was put off to. */
  async claim(notice: ClaimKey, now: number): Promise<boolean> {
    const later = await this.#later(notice);
    if (later !== undefined && later.at > now) {
      return false;
    }
    const name = `${nameOfNotice(notice)}.${later?.round ?? 0}${TOLD}`;
    // This is asked again and again, and a look costs less than a try.
    const isMine = await this.#attempt(
      async () => (await this.#folder.read(name)) === undefined && this.#folder.create(name, ''),
      true,
    );
    if (isMine) {
      // What was told of the same kind since an earlier time is of no interest any more.
      await this.#clear((other) => isOf(other, notice.id, notice.kind) && sinceOf(other) < notice.since);
    }
    return isMine;
  }

  /** Puts a notice off for all windows, those that open later included, until a point in time in ms since the Unix epoch. */
  async snooze(notice: ClaimKey, until: number): Promise<void> {
    const round = ((await this.#later(notice))?.round ?? 0) + 1;
    await this.#attempt(
      () => this.#folder.write(nameOfNotice(notice) + LATER, JSON.stringify({ round, at: until })),
      undefined,
    );
  }

  /** Forgets what was told of a session or a provider: of one kind, or all. Should it come again, it is told again. */
  async forget(id: string, kind?: string): Promise<void> {
    await this.#clear((name) => isOf(name, id, kind));
  }

  async #clear(isPast: (name: string) => boolean): Promise<void> {
    const names = await this.#attempt(() => this.#folder.list(), []);
    const past = names.filter((name) => (name.endsWith(TOLD) || name.endsWith(LATER)) && isPast(name));
    await Promise.all(past.map((name) => this.#attempt(() => this.#folder.delete(name), undefined)));
  }

  async #later(notice: ClaimKey): Promise<v.InferOutput<typeof laterSchema> | undefined> {
    const text = await this.#attempt(() => this.#folder.read(nameOfNotice(notice) + LATER), undefined);
    const parsed = v.safeParse(laterSchema, text === undefined ? undefined : parseJson(text));
    return parsed.success ? parsed.output : undefined;
  }

  async #attempt<T>(run: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await run();
    } catch (error) {
      this.#log.debug(`What was told could not be noted: ${toFailure(error).message}.`);
      return otherwise;
    }
  }
}

/** The name of a notice, which no other has: `kind_id_since_what`, each fit for a file name and without the sign that parts them. */
export function nameOfNotice({ kind, id, since, what = '' }: ClaimKey): string {
  return [kind, id, String(since), what].map(encodeFileName).join('_');
}

function sinceOf(name: string): number {
  return Number(name.split('_')[2]);
}

function isOf(name: string, id: string, kind: string | undefined): boolean {
  const [ofKind, ofId] = name.split('_');
  return ofId === encodeFileName(id) && (kind === undefined || ofKind === encodeFileName(kind));
}
