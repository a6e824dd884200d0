// Redirects, followed as the Fetch standard does (section 4.4, HTTP-redirect fetch), because the token must not leave the
// origin, and a DPoP proof is only valid for one URL.

/** The number of redirects that are followed, as in browsers. */
export const MAX_REDIRECTS = 20;

/** A request without its URL. */
export interface Exchange {
  readonly method: string;
  readonly headers: Headers;
  /** Absent after a redirect that changes the method to GET. */
  readonly hasBody: boolean;
  /** Whether the token is sent. */
  readonly isAuthorized: boolean;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Returns the URL to which a response redirects; undefined if it doesn't. */
export function redirectOf({ headers, status }: Response, url: URL): URL | undefined {
  const location = REDIRECTS.has(status) ? headers.get('location') : null;
  if (location === null) {
    return undefined;
  }
  const target = new URL(location, url);
  if (target.protocol !== 'https:' && target.protocol !== 'http:') {
    throw new TypeError('The server redirects to a URL that is not HTTP.');
  }
  if (target.hash === '') {
    target.hash = url.hash;
  }
  return target;
}

/** Returns the request that follows a redirect. */
export function afterRedirect(exchange: Exchange, status: number, from: URL, to: URL): Exchange {
  const headers = new Headers(exchange.headers);
  const isSameOrigin = from.origin === to.origin;
  if (!isSameOrigin) {
    ['authorization', 'dpop', 'cookie', 'proxy-authorization'].forEach((name) => headers.delete(name));
  }
  const { method } = exchange;
  const becomesGet = status === 303 ? method !== 'GET' && method !== 'HEAD' : status <= 302 && method === 'POST';
  if (becomesGet) {
    ['content-encoding', 'content-language', 'content-location', 'content-type', 'content-length'].forEach((name) =>
      headers.delete(name),
    );
  }
  return {
    method: becomesGet ? 'GET' : method,
    headers,
    hasBody: exchange.hasBody && !becomesGet,
    isAuthorized: exchange.isAuthorized && isSameOrigin,
  };
}
