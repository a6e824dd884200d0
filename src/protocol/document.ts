// Fetches public documents: metadata (RFC 8414) and keys (RFC 7517). These requests contain no credentials.
import { Failure, sanitizeDisplayName } from '../core/failure.ts';
import { hasUserInfo, parseUrl } from '../core/secureUrl.ts';
import { parseJson, parseObject } from '../core/json.ts';
import type { JsonObject } from './responseBody.ts';
import { classify } from './classify.ts';
import type { Fetch } from './transport.ts';

/** The maximum number of redirects. */
const MAX_REDIRECTS = 3;

/**
 * Fetches a JSON object, regardless of its content type. Redirects are followed only within the same origin, so not
 * from `https:` to `http:`.
 * @throws Failure `unexpected-html` with the host if a redirect leads to another origin; otherwise what is wrong with
 * the response.
 */
export async function fetchDocument(fetch: Fetch, url: string): Promise<JsonObject> {
  const response = await fetchFollowingRedirects(fetch, url);
  const text = response.ok ? (await response.clone().text()).replace(/^\uFEFF/, '') : '';
  const document = parseObject(text);
  if (document !== undefined) {
    return document;
  }
  if (response.ok && parseJson(text) !== undefined) {
    throw new Failure('invalid-response', 'OAUTH_INVALID_RESPONSE', { status: response.status });
  }
  if (response.ok && /\bjson\b/i.test(response.headers.get('content-type') ?? '')) {
    throw new Failure('invalid-response', 'OAUTH_PARSE_ERROR', { status: response.status });
  }
  throw classify(new Error('The response has no JSON object.', { cause: response }), 'discovery');
}

async function fetchFollowingRedirects(fetch: Fetch, url: string): Promise<Response> {
  const { origin } = new URL(url);
  let current = url;
  for (let left = MAX_REDIRECTS; ; left -= 1) {
    const response = await fetch(current, {
      method: 'GET',
      headers: { accept: 'application/json, application/jwk-set+json' },
    });
    const location = response.headers.get('location') ?? '';
    const target = parseUrl(location, current);
    if (left === 0 || ![301, 302, 303, 307, 308].includes(response.status) || target === undefined) {
      return response;
    }
    if (target.origin !== origin) {
      throw new Failure('unexpected-html', `http-${response.status}`, {
        detail: sanitizeDisplayName(target.host),
        status: response.status,
      });
    }
    if (hasUserInfo(location) || hasUserInfo(target.href)) {
      throw new Failure('unsupported-server', 'bad-endpoint', {
        detail: sanitizeDisplayName(target.host),
        status: response.status,
      });
    }
    target.hash = '';
    current = target.href;
  }
}
