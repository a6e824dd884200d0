// Documents that servers publish for everybody: metadata (RFC 8414) and keys (RFC 7517). No credential is ever in such a request.
import { Failure, sanitizeDisplayName } from '../core/failure.ts';
import { parseJson, parseObject } from '../core/json.ts';
import type { JsonObject } from './responseBody.ts';
import { classify } from './classify.ts';
import type { Fetch } from './transport.ts';

/** How many redirects are followed. */
const MAX_REDIRECTS = 3;

/**
 * Fetches a document: a JSON object, under any content type. Redirects are followed where they stay at the same origin,
 * which `http:` instead of `https:` does not.
 * @throws Failure `unexpected-html` where a redirect leads to another origin, with its host; else what is wrong with the answer.
 */
export async function fetchDocument(fetch: Fetch, address: string): Promise<JsonObject> {
  const response = await fetchFollowingRedirects(fetch, address);
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
  throw classify(new Error('The document is none.', { cause: response }), 'discovery');
}

async function fetchFollowingRedirects(fetch: Fetch, address: string): Promise<Response> {
  const { origin } = new URL(address);
  let current = address;
  for (let left = MAX_REDIRECTS; ; left -= 1) {
    const response = await fetch(current, {
      method: 'GET',
      headers: { accept: 'application/json, application/jwk-set+json' },
    });
    const location = response.headers.get('location') ?? '';
    if (left === 0 || ![301, 302, 303, 307, 308].includes(response.status) || !URL.canParse(location, current)) {
      return response;
    }
    const target = new URL(location, current);
    if (target.origin !== origin) {
      throw new Failure('unexpected-html', `http-${response.status}`, {
        detail: sanitizeDisplayName(target.host),
        status: response.status,
      });
    }
    // A name and a password in an address are credentials.
    target.username = '';
    target.password = '';
    target.hash = '';
    current = target.href;
  }
}
