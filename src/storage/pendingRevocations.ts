// Revocations that a server hasn't confirmed yet, in one encrypted file each, which survives a restart. Unneeded tokens
// must not stay valid only because the network was down at sign-out.
import * as v from 'valibot';
import { DAY, type Clock } from '../core/clock.ts';
import { toFailure } from '../core/failure.ts';
import { parseJson } from '../core/json.ts';
import type { Log } from '../core/log.ts';
import type { Provider } from '../core/provider.ts';
import { formatRecord, parseRecord, type SessionRecord } from '../core/session.ts';
import type { SharedFolder } from '../locking/sharedFolder.ts';
import type { Cipher } from './cipher.ts';
import type { EncryptionKeys } from './encryptionKeys.ts';
import type { SecretStore } from './secretSessionStorage.ts';

/** An unconfirmed revocation. */
export interface PendingRevocation {
  readonly id: string;
  /** The session whose tokens are revoked. */
  readonly record: SessionRecord;
  /** The provider as configured at that time. */
  readonly provider: Provider;
  /** Whether only the refresh token is revoked. */
  readonly keepsAccessToken: boolean;
  /** Whether it's given up if a session may be of the same grant. */
  readonly sparesSessions: boolean;
  /** When it was requested, in ms since the Unix epoch. */
  readonly queuedAt: number;
  readonly attempts: number;
  /** When the next attempt is due, in ms since the Unix epoch. */
  readonly nextAttemptAt: number;
}

/** The dependencies of the list. */
export interface PendingRevocationsDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly folder: SharedFolder;
  readonly secrets: SecretStore;
  readonly cipher: Cipher;
  readonly keys: EncryptionKeys;
}

const SUFFIX = '.revocation';
const SECRET_PREFIX = 'revocation:';
/** How long, in ms, to assume that a refresh token is valid if its expiry is unknown. */
const MAX_AGE = 180 * DAY;
/** The longest interval, in ms, between two attempts: a later one was written with a wrong clock. */
const MAX_DELAY = DAY;

const headerSchema = v.object({
  version: v.picklist([1]),
  queuedAt: v.number(),
  attempts: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(10_000)),
  nextAttemptAt: v.number(),
});
const fileSchema = v.object({ ...headerSchema.entries, key: v.string(), sealed: v.string() });
const bodySchema = v.object({
  record: v.string(),
  keepsAccessToken: v.boolean(),
  sparesSessions: v.boolean(),
  // The encrypted part was written by this extension, so its fields are those of a provider.
  provider: v.custom<Provider>(
    (value) => v.is(v.object({ id: v.string(), issuer: v.string(), clientId: v.string() }), value),
    'not a provider',
  ),
});
const secretSchema = v.object({ ...headerSchema.entries, body: bodySchema });

/** Returns whether a file contains a pending revocation. */
export function isRevocationFile(name: string): boolean {
  return name.endsWith(SUFFIX);
}

/** The pending revocations of all windows. */
export class PendingRevocations {
  readonly #dependencies: PendingRevocationsDependencies;

  constructor(dependencies: PendingRevocationsDependencies) {
    this.#dependencies = dependencies;
  }

  /** Returns all that this window can read. Deletes those whose tokens have certainly expired. Never rejects. */
  async list(): Promise<PendingRevocation[]> {
    const { folder, secrets } = this.#dependencies;
    const names = (await this.#attempt('list', () => folder.list())) ?? [];
    const keys = (await this.#attempt('list', () => secrets.keys())) ?? [];
    const ids = new Set([
      ...names.filter(isRevocationFile).map((name) => name.slice(0, -SUFFIX.length)),
      ...keys.filter((key) => key.startsWith(SECRET_PREFIX)).map((key) => key.slice(SECRET_PREFIX.length)),
    ]);
    const found = await Promise.all([...ids].map((id) => this.get(id)));
    return found.filter((one) => one !== undefined);
  }

  /** Returns a revocation; undefined if it's confirmed, expired or unreadable. Never rejects. */
  async get(id: string): Promise<PendingRevocation | undefined> {
    const { clock, folder, secrets } = this.#dependencies;
    const text = await this.#attempt('read', () => folder.read(id + SUFFIX));
    const pending =
      text === undefined
        ? parseSecret(id, await this.#attempt('read', () => secrets.get(SECRET_PREFIX + id)))
        : await this.#open(id, text);
    if (pending !== undefined && hasExpired(pending, clock.now())) {
      await this.delete(id);
      return undefined;
    }
    const latest = clock.now() + MAX_DELAY;
    return pending === undefined ? undefined : { ...pending, nextAttemptAt: Math.min(pending.nextAttemptAt, latest) };
  }

  /**
   * Stores a new or changed revocation: in the folder, which all windows see at once, or in SecretStorage if the folder
   * fails. Never rejects.
   */
  async put({ id, record, provider, keepsAccessToken, sparesSessions, ...header }: PendingRevocation): Promise<void> {
    const { cipher, folder, keys, secrets } = this.#dependencies;
    const body = { record: formatRecord(record), keepsAccessToken, sparesSessions, provider };
    const isInFolder = await this.#attempt('write', async () => {
      const { key, name } = await keys.current();
      const sealed = await cipher.seal(key, JSON.stringify(body), id);
      await folder.write(id + SUFFIX, JSON.stringify({ version: 1, ...header, key: name, sealed }));
      return true;
    });
    if (isInFolder === undefined) {
      await this.#attempt('write', () =>
        secrets.store(SECRET_PREFIX + id, JSON.stringify({ version: 1, ...header, body })),
      );
    }
  }

  /** Deletes a revocation. Never rejects. */
  async delete(id: string): Promise<void> {
    const { folder, secrets } = this.#dependencies;
    await this.#attempt('delete', () => folder.delete(id + SUFFIX));
    await this.#attempt('delete', async () => {
      if ((await secrets.get(SECRET_PREFIX + id)) !== undefined) {
        await secrets.delete(SECRET_PREFIX + id);
      }
    });
  }

  async #open(id: string, text: string): Promise<PendingRevocation | undefined> {
    const { cipher, clock, keys } = this.#dependencies;
    const file = v.safeParse(fileSchema, parseJson(text));
    if (!file.success) {
      return undefined;
    }
    const { key: keyName, sealed, ...header } = file.output;
    const opened = await this.#attempt('read', async () => {
      const key = await keys.get(keyName);
      return key === undefined ? undefined : cipher.open(key, sealed, id);
    });
    const body = v.safeParse(bodySchema, opened === undefined ? undefined : parseJson(opened));
    if (!body.success) {
      // It belongs to another editor that shares the folder, or its key is lost and it can never be read again.
      if (clock.now() - header.queuedAt > MAX_AGE) {
        await this.delete(id);
      }
      return undefined;
    }
    return toPending(id, { ...header, body: body.output });
  }

  async #attempt<T>(operation: string, run: () => Promise<T>): Promise<T | undefined> {
    try {
      return await run();
    } catch (error) {
      this.#dependencies.log.debug(`Pending revocations: ${operation} failed (${toFailure(error).code}).`);
      return undefined;
    }
  }
}

function parseSecret(id: string, text: string | undefined): PendingRevocation | undefined {
  const parsed = v.safeParse(secretSchema, text === undefined ? undefined : parseJson(text));
  return parsed.success ? toPending(id, parsed.output) : undefined;
}

function toPending(id: string, stored: v.InferOutput<typeof secretSchema>): PendingRevocation | undefined {
  const {
    attempts,
    body: { record, ...body },
    nextAttemptAt,
    queuedAt,
  } = stored;
  const parsed = parseRecord(record);
  return parsed.kind === 'record'
    ? { id, record: parsed.record, ...body, queuedAt, attempts, nextAttemptAt }
    : undefined;
}

/** Returns whether all tokens have expired. */
function hasExpired({ queuedAt, record }: PendingRevocation, now: number): boolean {
  const { accessExpiresAt, refreshToken, sessionEndSource, sessionEndsAt } = record;
  const isEndKnown = sessionEndsAt !== undefined && sessionEndSource !== 'setting';
  const end = refreshToken === undefined ? accessExpiresAt : isEndKnown ? sessionEndsAt : undefined;
  return now > (end ?? queuedAt + MAX_AGE) || now > queuedAt + MAX_AGE;
}
