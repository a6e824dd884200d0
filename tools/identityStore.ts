import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Adapter, AdapterPayload, JWK } from 'oidc-provider';

/** A stored object: a grant, a token, a browser session… */
interface Entry {
  payload: AdapterPayload;
  /** When it expires, in milliseconds since 1970; absent if never. */
  expiresAt?: number;
}

/** The content of a state file. */
interface State {
  readonly keys: readonly JWK[];
  readonly cookieKey: string;
  readonly entries: readonly (readonly [string, Entry])[];
}

const saveDelayMilliseconds = 100;

/** The models whose entries belong to a grant and are deleted with it. */
const ofGrant = ['AccessToken', 'AuthorizationCode', 'RefreshToken', 'DeviceCode', 'Grant'];

/**
 * The data of an identity server: its keys, grants, tokens and browser sessions. It's in memory, and in a file if one is
 * given, so that users stay signed in after a restart.
 */
export class IdentityStore {
  /** The signing keys, including their private parts. */
  readonly keys: readonly JWK[];
  /** The key that signs cookies. */
  readonly cookieKey: string;
  readonly #entries: Map<string, Entry>;
  readonly #file: string | undefined;
  #saving: NodeJS.Timeout | undefined;

  /**
   * Opens the store.
   *
   * @param file the file for everything between runs; if absent, it's only in memory
   */
  constructor(file?: string) {
    this.#file = file;
    const kept = file === undefined ? undefined : readState(file);
    this.keys = kept?.keys ?? [newKey('RS256'), newKey('ES256')];
    this.cookieKey = kept?.cookieKey ?? randomBytes(32).toString('base64url');
    this.#entries = new Map(kept?.entries ?? []);
  }

  /**
   * The store of one model, with the interface that the provider requires.
   *
   * @param model the model's name, for example `RefreshToken`
   * @returns the store of that model
   */
  adapter(model: string): Adapter {
    const key = (id: string): string => `${model}:${id}`;
    const findBy = (matches: (payload: AdapterPayload) => boolean): AdapterPayload | undefined => {
      for (const name of this.#entries.keys()) {
        const payload = name.startsWith(`${model}:`) ? this.#find(name) : undefined;
        if (payload !== undefined && matches(payload)) {
          return payload;
        }
      }
      return undefined;
    };
    return {
      upsert: async (id, payload, expiresIn) => {
        const expiresAt = expiresIn === undefined ? {} : { expiresAt: Date.now() + expiresIn * 1000 };
        this.#entries.set(key(id), { payload, ...expiresAt });
        this.#changed();
        await Promise.resolve();
      },
      find: async (id) => await Promise.resolve(this.#find(key(id))),
      findByUid: async (uid) => await Promise.resolve(findBy((payload) => payload.uid === uid)),
      findByUserCode: async (code) => await Promise.resolve(findBy((payload) => payload.userCode === code)),
      consume: async (id) => {
        const entry = this.#entries.get(key(id));
        if (entry !== undefined) {
          entry.payload = { ...entry.payload, consumed: Math.floor(Date.now() / 1000) };
          this.#changed();
        }
        await Promise.resolve();
      },
      destroy: async (id) => {
        this.#entries.delete(key(id));
        this.#changed();
        await Promise.resolve();
      },
      revokeByGrantId: async (grantId) => {
        this.#deleteWhere((name, entry) => name.startsWith(`${model}:`) && entry.payload.grantId === grantId);
        await Promise.resolve();
      },
    };
  }

  /** Removes every grant and every token, as an administrator could; browser sessions stay. */
  revokeEverything(): void {
    this.#deleteWhere((name) => ofGrant.some((model) => name.startsWith(`${model}:`)));
  }

  /** Writes the file, if there is one, without delay. */
  save(): void {
    clearTimeout(this.#saving);
    this.#saving = undefined;
    if (this.#file === undefined) {
      return;
    }
    const now = Date.now();
    const entries = [...this.#entries].filter(([, entry]) => (entry.expiresAt ?? Infinity) > now);
    const state: State = { keys: this.keys, cookieKey: this.cookieKey, entries };
    mkdirSync(dirname(this.#file), { recursive: true });
    writeFileSync(this.#file, JSON.stringify(state), { mode: 0o600 });
  }

  #find(name: string): AdapterPayload | undefined {
    const entry = this.#entries.get(name);
    if (entry !== undefined && (entry.expiresAt ?? Infinity) <= Date.now()) {
      this.#entries.delete(name);
      return undefined;
    }
    return entry?.payload;
  }

  #deleteWhere(matches: (name: string, entry: Entry) => boolean): void {
    for (const [name, entry] of this.#entries) {
      if (matches(name, entry)) {
        this.#entries.delete(name);
      }
    }
    this.#changed();
  }

  #changed(): void {
    if (this.#file !== undefined) {
      this.#saving ??= setTimeout(() => {
        this.save();
      }, saveDelayMilliseconds).unref();
    }
  }
}

function newKey(algorithm: 'RS256' | 'ES256'): JWK {
  const { privateKey } =
    algorithm === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    ...privateKey.export({ format: 'jwk' }),
    alg: algorithm,
    use: 'sig',
    kid: randomBytes(8).toString('base64url'),
  };
}

function readState(file: string): State | undefined {
  try {
    const state: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return isState(state) ? state : undefined;
  } catch {
    return undefined;
  }
}

/** The file was written here, so checking its structure is enough. */
function isState(value: unknown): value is State {
  return (
    typeof value === 'object' &&
    value !== null &&
    'keys' in value &&
    Array.isArray(value.keys) &&
    'cookieKey' in value &&
    typeof value.cookieKey === 'string' &&
    'entries' in value &&
    Array.isArray(value.entries)
  );
}
