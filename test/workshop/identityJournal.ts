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

/** What to tell the journal about a request. */
export interface ArrivedRequest {
  readonly method: string;
  readonly path: string;
  readonly parameters: URLSearchParams;
}

/** The parameters whose values nobody may print. */
const secretParameters = new Set([
  'assertion',
  'client_assertion',
  'client_secret',
  'code',
  'code_verifier',
  'device_code',
  'id_token_hint',
  'password',
  'refresh_token',
  'token',
  'xsrf',
]);

/** The secret values of an answer. */
const secretMembers = ['access_token', 'refresh_token', 'id_token', 'device_code'];

const defaultLimitMilliseconds = 10_000;

/**
 * A short name for a token, which tells two tokens apart and reveals neither.
 *
 * @param token the token
 * @returns 12 characters
 */
export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url').slice(0, 12);
}

/** Everything that reached an identity server, in order, and the secrets that went by. */
export class Journal {
  /** The requests, oldest first. */
  readonly entries: JournalEntry[] = [];
  /** Every token, code and verifier that was sent or answered; for tests that search logs for them. */
  readonly secrets = new Set<string>();
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
    for (const [name, value] of parameters) {
      if (!secretParameters.has(name)) {
        open[name] = value;
      } else if (name !== 'password' && name !== 'xsrf') {
        this.#keepSecret(value);
      }
    }
    const grantType = parameters.get('grant_type');
    const refreshToken = parameters.get('refresh_token');
    const entry: JournalEntry = {
      at: Date.now(),
      method: request.method,
      path: request.path,
      parameters: open,
      ...(grantType === null ? {} : { grantType }),
      ...(refreshToken === null ? {} : { refreshTokenHash: hashOf(refreshToken) }),
    };
    this.entries.push(entry);
    this.#tell();
    return entry;
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
    const code = URL.canParse(location) ? new URL(location).searchParams.get('code') : null;
    if (code !== null) {
      this.#keepSecret(code);
    }
    if (typeof body !== 'object' || body === null || Buffer.isBuffer(body)) {
      return;
    }
    for (const [name, value] of Object.entries(body)) {
      if (typeof value === 'string' && secretMembers.includes(name)) {
        this.#keepSecret(value);
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
        reject(new Error(`The request has not come within ${String(limitMilliseconds)} ms. These have: ${seen.join(', ')}`));
      }, limitMilliseconds);
      this.#waiting.add(look);
      look();
    });
  }

  /** Forgets the requests so far; the secrets are kept. */
  clear(): void {
    this.entries.length = 0;
  }

  /** Very short values are the invention of a test and would be found everywhere. */
  #keepSecret(value: string): void {
    if (value.length >= 16) {
      this.secrets.add(value);
    }
  }

  #tell(): void {
    for (const look of [...this.#waiting]) {
      look();
    }
  }
}
