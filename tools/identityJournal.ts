import { createHash } from 'node:crypto';

/** One request that reached an identity server. Nothing in it is secret. */
export interface JournalEntry {
  /** When it arrived, in milliseconds since 1970. */
  readonly at: number;
  /** The HTTP method. */
  readonly method: string;
  /** The path, without the query. */
  readonly path: string;
  /** The parameters of the query and of a form, without those that are secret. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The names of those that are. */
  readonly withheld: readonly string[];
  /** The scheme of the Authorization header, as it was sent: `Basic`, `Bearer`, `DPoP`. */
  readonly scheme?: string;
  /** What the proof of possession says (RFC 9449 section 4.2), where there was one. Its signature is the server's to check. */
  readonly proof?: ProofClaims;
  /** The grant type of a token request. */
  readonly grantType?: string;
  /** What {@link hashOf} makes of the refresh token that was sent. */
  readonly refreshTokenHash?: string;
  /** The status of the answer; `dropped` if the connection was dropped; absent while it is under way. */
  status?: number | 'dropped';
  /** The `error` code of the answer. */
  error?: string;
  /** What {@link hashOf} makes of the refresh token that was answered. */
  newRefreshTokenHash?: string;
}

/** What a proof of possession is for, and what it is bound to. */
export interface ProofClaims {
  /** The method. */
  readonly htm: string;
  /** The address. */
  readonly htu: string;
  /** What the server has given, and wants to see again. */
  readonly nonce?: string;
  /** The hash of the access token that goes with it. */
  readonly ath?: string;
}

/** What a secret is for. */
export type SecretKind =
  | 'access token'
  | 'refresh token'
  | 'ID token'
  | 'code'
  | 'code verifier'
  | 'device code'
  | 'nonce'
  | 'state'
  | 'client secret'
  | 'client assertion';

/** A request to the letter, secrets and all: for tests that look where they travel, and for nothing that prints. */
export interface RawRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** Names and values, as they came. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** What to tell the journal about a request. */
export interface ArrivedRequest {
  readonly method: string;
  readonly path: string;
  readonly parameters: URLSearchParams;
  /** The Authorization header. */
  readonly authorization?: string | undefined;
  /** The DPoP header. */
  readonly dpop?: string | string[] | undefined;
}

/** The parameters whose values nobody may print, and what they are; those that this server alone knows are none. */
const secretParameters: Readonly<Record<string, SecretKind | undefined>> = {
  assertion: 'client assertion',
  client_assertion: 'client assertion',
  client_secret: 'client secret',
  code: 'code',
  code_verifier: 'code verifier',
  device_code: 'device code',
  id_token_hint: 'ID token',
  nonce: 'nonce',
  password: undefined,
  refresh_token: 'refresh token',
  state: 'state',
  token: 'access token',
  xsrf: undefined,
};

/** The secret values of an answer. */
const secretMembers: Readonly<Record<string, SecretKind>> = {
  access_token: 'access token',
  refresh_token: 'refresh token',
  id_token: 'ID token',
  device_code: 'device code',
};

const defaultLimitMilliseconds = 10_000;

/** How long a secret is, in characters, at the least: a shorter one is found by chance. */
export const shortestSecret = 16;

/**
 * A short name for a token, which tells two tokens apart and reveals neither.
 *
 * @param token the token
 * @returns 12 characters
 */
export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url').slice(0, 12);
}

function proofIn(header: string | string[] | undefined): { readonly proof?: ProofClaims } {
  const [, payload] = typeof header === 'string' ? header.split('.') : [];
  return payload === undefined
    ? {}
    : { proof: JSON.parse(Buffer.from(payload, 'base64url').toString()) as ProofClaims };
}

/** Everything that reached an identity server, in order, and the secrets that went by. */
export class Journal {
  /** The requests, oldest first. */
  readonly entries: JournalEntry[] = [];
  /** The requests to the letter, oldest first, those included that were dropped. */
  readonly traffic: RawRequest[] = [];
  /** Where answers have led, to the letter. */
  readonly redirects: string[] = [];
  /** Every token, code, verifier, nonce, state and client secret that was sent or answered, and which of these it is. */
  readonly secrets = new Map<string, SecretKind>();
  readonly #waiting = new Set<() => void>();

  /**
   * Notes a request on its arrival.
   *
   * @param request the request
   * @returns the new entry, still without a status
   */
  arrived(request: ArrivedRequest): JournalEntry {
    const { parameters } = request;
    const open: Record<string, string> = {};
    const withheld: string[] = [];
    for (const [name, value] of parameters) {
      if (!Object.hasOwn(secretParameters, name)) {
        open[name] = value;
      } else {
        withheld.push(name);
        this.keepSecret(value, secretParameters[name]);
      }
    }
    const grantType = parameters.get('grant_type');
    const refreshToken = parameters.get('refresh_token');
    const scheme = request.authorization?.split(' ')[0];
    const entry: JournalEntry = {
      at: Date.now(),
      method: request.method,
      path: request.path,
      parameters: open,
      withheld,
      ...(scheme === undefined ? {} : { scheme }),
      ...proofIn(request.dpop),
      ...(grantType === null ? {} : { grantType }),
      ...(refreshToken === null ? {} : { refreshTokenHash: hashOf(refreshToken) }),
    };
    this.entries.push(entry);
    this.#tell();
    return entry;
  }

  /**
   * Notes a secret. What it was taken for at first it stays; very short values are the invention of a test and would be
   * found everywhere.
   *
   * @param value the secret
   * @param kind what it is; undefined is none of those that are looked for
   */
  keepSecret(value: string, kind: SecretKind | undefined): void {
    if (kind !== undefined && value.length >= shortestSecret && !this.secrets.has(value)) {
      this.secrets.set(value, kind);
    }
  }

  /**
   * Notes the end of a request.
   *
   * @param entry the request's entry
   * @param status the status of the answer, or that there was none
   */
  finished(entry: JournalEntry, status: number | 'dropped'): void {
    entry.status = status;
    this.#tell();
  }

  /**
   * Notes what an answer holds: its secrets, its error code.
   *
   * @param entry the request's entry
   * @param body the answer's JSON, or anything else
   * @param location where a redirect leads
   */
  answering(entry: JournalEntry, body: unknown, location = ''): void {
    if (location !== '') {
      this.redirects.push(location);
    }
    const code = URL.canParse(location) ? new URL(location).searchParams.get('code') : null;
    if (code !== null) {
      this.keepSecret(code, 'code');
    }
    if (typeof body !== 'object' || body === null || Buffer.isBuffer(body)) {
      return;
    }
    for (const [name, value] of Object.entries(body)) {
      if (typeof value === 'string' && Object.hasOwn(secretMembers, name)) {
        this.keepSecret(value, secretMembers[name]);
      }
    }
    if ('error' in body && typeof body.error === 'string') {
      entry.error = body.error;
    }
    if ('refresh_token' in body && typeof body.refresh_token === 'string') {
      entry.newRefreshTokenHash = hashOf(body.refresh_token);
    }
  }

  /** The token requests that traded a refresh token, oldest first. */
  refreshRequests(): JournalEntry[] {
    return this.entries.filter((entry) => entry.grantType === 'refresh_token');
  }

  /**
   * Waits for a request; one that has come already counts.
   *
   * @param wanted tells the request from others
   * @param options whether it must have been answered (true by default), and the time limit (ten seconds by default)
   * @returns the request
   * @throws Error if none has come within the limit
   */
  async waitForRequest(
    wanted: (entry: JournalEntry) => boolean,
    options: { readonly answered?: boolean; readonly limitMilliseconds?: number } = {},
  ): Promise<JournalEntry> {
    const { answered = true, limitMilliseconds = defaultLimitMilliseconds } = options;
    const find = (): JournalEntry | undefined =>
      this.entries.find((entry) => (!answered || entry.status !== undefined) && wanted(entry));
    return await new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(limit);
        this.#waiting.delete(look);
      };
      const look = (): void => {
        const found = find();
        if (found !== undefined) {
          stop();
          resolve(found);
        }
      };
      const limit = setTimeout(() => {
        stop();
        const seen = this.entries.map((entry) => `${entry.method} ${entry.path} ${String(entry.status)}`);
        reject(
          new Error(`The request has not come within ${String(limitMilliseconds)} ms. These have: ${seen.join(', ')}`),
        );
      }, limitMilliseconds);
      this.#waiting.add(look);
      look();
    });
  }

  /** Forgets the entries so far; the secrets are kept, and the traffic in which they are looked for. */
  clear(): void {
    this.entries.length = 0;
  }

  #tell(): void {
    for (const look of [...this.#waiting]) {
      look();
    }
  }
}
