// `fetch` with the token of a session: it's attached, renewed when the server rejects it, and never leaves the origin.
import { Authorization } from './authorization.ts';
import { problemOf } from './challenge.ts';
import { afterRedirect, MAX_REDIRECTS, redirectOf, type Exchange } from './redirects.ts';
import { Sessions, type Session, type SessionOptions } from './sessions.ts';

/** How {@link createFetch} gets its token. */
export type FetchOptions = SessionOptions;

type Fetch = typeof globalThis.fetch;

/** What the requests of one `fetch` share. */
interface Shared {
  readonly sessions: Sessions;
  readonly authorization: Authorization;
}

/** The remaining lifetime of a token, in ms, below which it's renewed before a body that can be sent only once. */
const SHORT_LIFETIME = 60_000;
/** Makes a provider renew a token (RFC 6750 section 3.1). */
const EXPIRED_CHALLENGE = 'Bearer error="invalid_token"';

/**
 * Returns a `fetch` that sends the access token of a session with each request.
 *
 * It requests the session without asking the user and, if there is none and `interactive` is set, lets the user sign in.
 * If the server rejects the token (401), it passes on the challenge (`WWW-Authenticate`), and sends the request once more
 * if it gets a different token. If the server requires more scopes or another authentication (`insufficient_scope`,
 * RFC 9470), it asks the user only if `interactive` is set. If there is no other token, it returns the response of the server.
 *
 * A body that is a stream is sent once. The token is only sent to `https:` and loopback URLs, and not to the target of a
 * redirect to another origin.
 *
 * @returns a function with the parameters and the result of the global `fetch`. It rejects with SignInRequiredError if no
 * user is signed in, with the error of the authentication provider if there is no valid token, with a TypeError as `fetch`
 * does, and with the reason of an aborted signal.
 */
export function createFetch(options: FetchOptions): Fetch {
  const sessions = new Sessions(options);
  const authorization = new Authorization();
  return async (input, init) => new AuthorizedRequest({ sessions, authorization }, input, init).send();
}

/** One call of `fetch`. */
class AuthorizedRequest {
  readonly #shared: Shared;
  readonly #input: Parameters<Fetch>[0];
  readonly #init: NonNullable<Parameters<Fetch>[1]>;
  readonly #url: URL;
  readonly #method: string;
  readonly #headers: Headers;
  readonly #signal: AbortSignal | undefined;
  readonly #isSentOnce: boolean;

  constructor(shared: Shared, input: Parameters<Fetch>[0], init: Parameters<Fetch>[1] = {}) {
    const request = input instanceof Request ? input : undefined;
    this.#shared = shared;
    this.#input = input;
    this.#init = init;
    this.#url = new URL(input instanceof Request ? input.url : input);
    this.#method = (init.method ?? request?.method ?? 'GET').toUpperCase();
    this.#headers = new Headers(init.headers ?? request?.headers);
    this.#signal = init.signal ?? request?.signal;
    const body = init.body ?? request?.body;
    this.#isSentOnce = isStream(body);
    if (!isSecure(this.#url)) {
      throw new TypeError(`The token can't be sent to ${this.#url.origin}, because the URL isn't HTTPS.`);
    }
  }

  async send(): Promise<Response> {
    const { sessions } = this.#shared;
    let session = await this.#unlessAborted(sessions.get());
    const { expiresAfter = Infinity } = session;
    if (this.#isSentOnce && expiresAfter < SHORT_LIFETIME) {
      session = (await this.#replace(session, EXPIRED_CHALLENGE, false)) ?? session;
    }
    let response = await this.#follow(session);
    if (problemOf(response) === 'nonce' && !this.#isSentOnce) {
      response = await this.#again(response, session);
    }
    const problem = problemOf(response);
    if (problem === 'token' || problem === 'permissions') {
      const replaced = await this.#replace(session, challengeOf(response), problem === 'permissions');
      if (replaced !== undefined && !this.#isSentOnce) {
        response = await this.#again(response, replaced);
        // A server may require a nonce of each key, or at any time (RFC 9449 section 8.2).
        return problemOf(response) === 'nonce' ? this.#again(response, replaced) : response;
      }
    }
    return response;
  }

  /** Returns a session with another token; undefined if there is none, in which case the response is the result. */
  async #replace(session: Session, challenge: string, requiresMore: boolean): Promise<Session | undefined> {
    const replacing = this.#shared.sessions.replace(session.accessToken, challenge, requiresMore);
    return this.#unlessAborted(replacing.catch(() => undefined));
  }

  async #again(response: Response, session: Session): Promise<Response> {
    await response.body?.cancel();
    return this.#follow(session);
  }

  /** Sends the request, and follows redirects if the caller wants that. */
  async #follow(session: Session): Promise<Response> {
    const mode = this.#init.redirect ?? (this.#input instanceof Request ? this.#input.redirect : 'follow');
    let url = this.#url;
    let exchange: Exchange = { method: this.#method, headers: this.#headers, hasBody: true, isAuthorized: true };
    for (let redirects = 0; ; redirects++) {
      const response = await this.#sendOne(session, url, exchange);
      if (response.type === 'opaqueredirect' && mode !== 'manual') {
        throw new TypeError("A redirect can't be followed here without sending the token to its target.");
      }
      const target = redirectOf(response, url);
      if (target === undefined || mode === 'manual') {
        return response;
      }
      await response.body?.cancel();
      if (mode === 'error' || redirects === MAX_REDIRECTS) {
        throw new TypeError(mode === 'error' ? 'The server redirects.' : 'Too many redirects.');
      }
      const next = afterRedirect(exchange, response.status, url, target);
      if (next.hasBody && this.#isSentOnce) {
        throw new TypeError('The server redirects a request whose body can only be sent once.');
      }
      [url, exchange] = [target, next];
    }
  }

  async #sendOne({ accessToken }: Session, url: URL, exchange: Exchange): Promise<Response> {
    const { authorization } = this.#shared;
    const headers = new Headers(exchange.headers);
    if (exchange.isAuthorized) {
      await this.#unlessAborted(authorization.apply(headers, accessToken, exchange.method, url));
    }
    const { body: _body, ...init } = this.#init;
    const body = exchange.hasBody ? this.#init.body : undefined;
    const source = this.#input instanceof Request && exchange.hasBody ? this.#input : undefined;
    const response = await fetch(source !== undefined && url === this.#url ? source : url, {
      ...init,
      ...(body === undefined ? {} : { body }),
      ...(this.#isSentOnce ? { duplex: 'half' } : {}),
      ...(this.#signal === undefined ? {} : { signal: this.#signal }),
      method: exchange.method,
      headers,
      redirect: 'manual',
    });
    if (exchange.isAuthorized) {
      authorization.onResponse(response, url);
    }
    return response;
  }

  /** Waits for a promise until the caller aborts the request. */
  async #unlessAborted<T>(promise: Promise<T>): Promise<T> {
    const signal = this.#signal;
    if (signal === undefined) {
      return promise;
    }
    // It may reject after the abort.
    promise.catch(() => {});
    signal.throwIfAborted();
    let onAbort = (): void => {};
    const aborted = new Promise<never>((_resolve, reject) => {
      onAbort = () => reject(signal.reason as Error);
    });
    signal.addEventListener('abort', onAbort);
    try {
      return await Promise.race([promise, aborted]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}

/** Returns the challenge of a response that doesn't accept the token; many servers send none, or one without an error. */
function challengeOf({ headers }: Response): string {
  const challenge = headers.get('www-authenticate') ?? '';
  return /[ ,](?:error|acr_values|max_age|claims)=/iu.test(challenge) ? challenge : EXPIRED_CHALLENGE;
}

/** Whether a body can be read only once. */
function isStream(body: unknown): boolean {
  return (
    body instanceof ReadableStream ||
    (typeof body === 'object' && body !== null && Symbol.asyncIterator in body && !(body instanceof Blob))
  );
}

/** Whether a token may be sent to a URL: `https:`, or `http:` on this computer. */
function isSecure({ hostname, protocol }: URL): boolean {
  return (
    protocol === 'https:' ||
    (protocol === 'http:' && (/^127(?:\.\d+){3}$/u.test(hostname) || hostname === '[::1]' || hostname === 'localhost'))
  );
}
