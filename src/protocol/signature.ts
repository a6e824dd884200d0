// Whether a server has signed what it sends: RFC 7515, and the change of its keys (OpenID Connect Core 10.1.1).
import type * as oauth from 'oauth4webapi';
import { MINUTE } from '../core/clock.ts';
import { Failure, sanitizeServerText } from '../core/failure.ts';
import { decodeBase64Url, parseObject } from '../core/json.ts';
import type { JsonObject } from './responseBody.ts';
import { fetchDocument } from './document.ts';
import { verifySignature, findVerificationKeys } from './keys.ts';
import type { Fetch } from './transport.ts';

/** How long the keys of a server are remembered, in ms. */
const KEY_CACHE_TTL = 5 * MINUTE;

/** The keys of each server, by its description. */
const keyCache = new WeakMap<
  oauth.AuthorizationServer,
  { readonly keys: readonly JsonObject[]; readonly at: number }
>();

/** How the keys of a server are fetched, and what time it is. */
export interface KeyFetch {
  readonly fetch: Fetch;
  /** In ms since the Unix epoch. */
  readonly now: number;
}

/**
 * Checks the signature of a JWT whose claims the library has checked. Where several keys fit, as with keys that share a
 * name or have none, one of them has to verify it. Keys are remembered for minutes; where none of those does, they are
 * fetched anew, once: a server may change its keys at any moment.
 * @throws Failure `unsupported-server` for a signature that proves nothing here, `untrusted-response` where the server has no key
 * for it, `invalid-response` where it is wrong; else why the keys cannot be had.
 */
export async function checkSignature(
  metadata: oauth.AuthorizationServer,
  jwt: string,
  { fetch, now }: KeyFetch,
): Promise<void> {
  const header = decodeHeader(jwt);
  const algorithm = typeof header['alg'] === 'string' ? header['alg'] : '';
  if (isUnsafeAlgorithm(algorithm)) {
    throw new Failure('unsupported-server', 'unsafe-signature', { detail: sanitizeServerText(algorithm) });
  }
  const known = keyCache.get(metadata);
  if (
    known !== undefined &&
    Math.abs(now - known.at) < KEY_CACHE_TTL &&
    (await verifyWithKeys(known.keys, header, algorithm, jwt)) === undefined
  ) {
    return;
  }
  const keys = await fetchKeys(metadata, fetch);
  keyCache.set(metadata, { keys, at: now });
  const failure = await verifyWithKeys(keys, header, algorithm, jwt);
  if (failure !== undefined) {
    throw failure;
  }
}

/**
 * No signature at all, or one by the client's secret: that is in the hands of everybody who has the client, and a native
 * client keeps nothing to itself (OpenID Connect Core 10.1, RFC 8252 section 8.5).
 */
const isUnsafeAlgorithm = (algorithm: string): boolean => /^(?:none$|HS)/i.test(algorithm);

/** The header of a JWT; empty where it has none. */
function decodeHeader(jwt: string): JsonObject {
  try {
    return parseObject(new TextDecoder().decode(decodeBase64Url(jwt.split('.')[0] ?? ''))) ?? {};
  } catch {
    return {};
  }
}

/** Why none of these keys verifies a JWT; undefined where one does. */
async function verifyWithKeys(
  keys: readonly JsonObject[],
  header: JsonObject,
  algorithm: string,
  jwt: string,
): Promise<Failure | undefined> {
  const fitting = findVerificationKeys(header, keys);
  let failure = new Failure('untrusted-response', 'OAUTH_KEY_SELECTION_FAILED', {
    detail: sanitizeServerText(algorithm),
  });
  for (const key of fitting) {
    try {
      if (await verifySignature(key, algorithm, jwt)) {
        return undefined;
      }
      failure = new Failure('invalid-response', 'OAUTH_INVALID_RESPONSE', { detail: 'signature' });
    } catch (error) {
      // What is no key does not speak against the signature, should another one be there to try.
      failure =
        failure.code === 'OAUTH_INVALID_RESPONSE'
          ? failure
          : new Failure('invalid-response', 'bad-key', { cause: error, detail: 'jwks_uri' });
    }
  }
  return failure;
}

/** Fetches the keys of a server. */
async function fetchKeys(
  { jwks_uri: address }: oauth.AuthorizationServer,
  fetch: Fetch,
): Promise<readonly JsonObject[]> {
  if (address === undefined) {
    throw new Failure('unsupported-server', 'missing-endpoint', { detail: 'jwks_uri' });
  }
  const { keys } = await fetchDocument(fetch, address);
  const found = Array.isArray(keys)
    ? (keys as unknown[]).filter(
        (key): key is JsonObject => typeof key === 'object' && key !== null && !Array.isArray(key),
      )
    : [];
  if (found.length === 0 && !(Array.isArray(keys) && keys.length === 0)) {
    throw new Failure('invalid-response', 'bad-key', { detail: 'jwks_uri' });
  }
  return found;
}
