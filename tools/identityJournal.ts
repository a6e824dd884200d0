import { createHash } from 'node:crypto';

/** A request that reached an identity server, without secrets. */
export interface JournalEntry {
  /** When it arrived, in milliseconds since 1970. */
  readonly at: number;
  /** The HTTP method. */
  readonly method: string;
  /** The path, without the query. */
  readonly path: string;
  /** The parameters of the query and of a form, without secret ones. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The names of the secret ones. */
  readonly withheld: readonly string[];
  /** The scheme of the Authorization header, as sent: `Basic`, `Bearer`, `DPoP`. */
  readonly scheme?: string;
  /** The content of the proof of possession (RFC 9449 section 4.2), if there was one. The server verifies its signature. */
  readonly proof?: ProofClaims;
  /** The grant type of a token request. */
  readonly grantType?: string;
  /** The {@link hashOf} of the refresh token that was sent. */
  readonly refreshTokenHash?: string;
  /** The status of the response; `dropped` if the connection was dropped; absent while the request is pending. */
  status?: number | 'dropped';
  /** The `error` code of the response. */
  error?: string;
  /** The {@link hashOf} of the refresh token in the response. */
  newRefreshTokenHash?: string;
}

/** The claims of a proof of possession. */
export interface ProofClaims {
  /** The method. */
  readonly htm: string;
  /** The URL. */
  readonly htu: string;
  /** The server's nonce. */
  readonly nonce?: string;
  /** The hash of the access token that the proof is sent with. */
  readonly ath?: string;
}

/** The purpose of a secret. */
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

/** A request exactly as received, including secrets: for tests that check where secrets are sent. Never printed. */
export interface RawRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** Names and values, as received. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** What the journal needs to know about a request. */
export interface ArrivedRequest {
  readonly method: string;
  readonly path: string;
  readonly parameters: URLSearchParams;
  /** The Authorization header. */
  readonly authorization?: string | undefined;
  /** The DPoP header. */
  readonly dpop?: string | string[] | undefined;
}

/** The parameters whose values must not be printed, with their kinds; those that only this server uses have none. */
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

/** The secret values in a response. */
const secretMembers: Readonly<Record<string, SecretKind>> = {
  access_token: 'access token',
  refresh_token: 'refresh token',
  id_token: 'ID token',
  device_code: 'device code',
};

const defaultLimitMilliseconds = 10_000;

/** The minimum length of a secret, in characters: shorter ones are found by chance. */
export const shortestSecret = 16;

/**
 * A short name for a token that distinguishes it from others without revealing it.
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

/** Everything that reached an identity server, in order, and all secrets that were sent. */
export class Journal {
  /** The requests, oldest first. */
  readonly entries: JournalEntry[] = [];
  /** The requests exactly as received, oldest first, including dropped ones. */
  readonly traffic: RawRequest[] = [];
  /** The exact targets of redirects. */
  readonly redirects: string[] = [];
  /** Every token, code, verifier, nonce, state and client secret that was sent in either direction, with its kind. */
  readonly secrets = new Map<string, SecretKind>();
  readonly #waiting = new Set<() => void>();

  /**
   * Records a request on arrival.
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
   * Records a secret. It keeps the first kind that was recorded. Very short values are made up by tests, and would be found
   * everywhere.
   *
   * @param value the secret
   * @param kind its kind; undefined for a secret that isn't searched for
   */
  keepSecret(value: string, kind: SecretKind | undefined): void {
    if (kind !== undefined && value.length >= shortestSecret && !this.secrets.has(value)) {
      this.secrets.set(value, kind);
    }
  }

  /**
   * Records the end of a request.
   *
   * @param entry the request's entry
   * @param status the status of the response, or that there was none
   */
  finished(entry: JournalEntry, status: number | 'dropped'): void {
    entry.status = status;
    this.#tell();
  }

  /**
   * Records the content of a response: its secrets, its error code.
   *
   * @param entry the request's entry
   * @param body the JSON of the response, or anything else
   * @param location the target of a redirect
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

  /** The token requests with a refresh token, oldest first. */
  refreshRequests(): JournalEntry[] {
    return this.entries.filter((entry) => entry.grantType === 'refresh_token');
  }

  /**
   * Waits for a request; earlier ones count.
   *
   * @param wanted whether a request is the right one
   * @param options whether it must have been answered (true by default), and the timeout (ten seconds by default)
   * @returns the request
   * @throws Error if none has arrived within the timeout
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
          new Error(`The request didn't arrive within ${String(limitMilliseconds)} ms. Received: ${seen.join(', ')}`),
        );
      }, limitMilliseconds);
      this.#waiting.add(look);
      look();
    });
  }

  /** Removes the entries so far. The secrets, and the requests that are searched for them, are kept. */
  clear(): void {
    this.entries.length = 0;
  }

  #tell(): void {
    for (const look of [...this.#waiting]) {
      look();
    }
  }
}
