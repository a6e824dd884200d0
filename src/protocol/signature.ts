// Verifies the signatures of JWTs (RFC 7515), including key rotation (OpenID Connect Core 10.1.1).
import type * as oauth from 'oauth4webapi';
import { MINUTE } from '../core/clock.ts';
import { Failure } from '../core/failure.ts';
import { decodeBase64Url, parseObject } from '../core/json.ts';
import type { JsonObject } from './responseBody.ts';
import { fetchDocument } from './document.ts';
import { verifySignature, findVerificationKeys } from './keys.ts';
import type { KnownSecrets } from './knownSecrets.ts';
import type { Fetch } from './transport.ts';

/** How long the keys of a server are cached, in ms. */
const KEY_CACHE_TTL = 5 * MINUTE;

/** The keys of each server, by its metadata. */
const keyCache = new WeakMap<
  oauth.AuthorizationServer,
  { readonly keys: readonly JsonObject[]; readonly at: number }
>();

/** How the keys of a server are fetched, and the current time. */
export interface KeyFetch {
  readonly fetch: Fetch;
  /** In ms since the Unix epoch. */
  readonly now: number;
  /** The secrets that the header of the JWT may repeat. */
  readonly secrets: KnownSecrets;
}

/**
 * Verifies the signature of a JWT whose claims were validated by the library. If several keys are suitable, because
 * their IDs are equal or absent, one of them must verify it. If no cached key does, the keys are fetched again, because
 * the server may have rotated them.
 * @throws Failure `unsupported-server` for an algorithm that proves nothing, `untrusted-response` if the server has no
 * suitable key, `invalid-response` if the signature is wrong; otherwise why the keys can't be fetched.
 */
export async function checkSignature(
  metadata: oauth.AuthorizationServer,
  jwt: string,
  { fetch, now, secrets }: KeyFetch,
): Promise<void> {
  const header = decodeHeader(jwt);
  const algorithm = algorithmOf(header);
  if (isUnsafeAlgorithm(algorithm)) {
    throw new Failure('unsupported-server', 'unsafe-signature', { detail: secrets.sanitize(algorithm) });
  }
  const known = keyCache.get(metadata);
  if (
    known !== undefined &&
    Math.abs(now - known.at) < KEY_CACHE_TTL &&
    (await verifyWithKeys(known.keys, header, { jwt, secrets })) === undefined
  ) {
    return;
  }
  const keys = await fetchKeys(metadata, fetch);
  keyCache.set(metadata, { keys, at: now });
  const failure = await verifyWithKeys(keys, header, { jwt, secrets });
  if (failure !== undefined) {
    throw failure;
  }
}

/**
 * Whether a JWT is unsigned or signed with the client secret, which isn't secret in a native client (OpenID Connect
 * Core 10.1, RFC 8252 section 8.5).
 */
const isUnsafeAlgorithm = (algorithm: string): boolean => /^(?:none$|HS)/i.test(algorithm);

/** The header of a JWT; empty if it's invalid. */
function decodeHeader(jwt: string): JsonObject {
  try {
    return parseObject(new TextDecoder().decode(decodeBase64Url(jwt.split('.')[0] ?? ''))) ?? {};
  } catch {
    return {};
  }
}

const algorithmOf = ({ alg }: JsonObject): string => (typeof alg === 'string' ? alg : '');

/** Why none of the keys verifies a JWT; undefined if one does. */
async function verifyWithKeys(
  keys: readonly JsonObject[],
  header: JsonObject,
  { jwt, secrets }: { readonly jwt: string; readonly secrets: KnownSecrets },
): Promise<Failure | undefined> {
  const algorithm = algorithmOf(header);
  const suitable = findVerificationKeys(header, keys);
  let failure = new Failure('untrusted-response', 'OAUTH_KEY_SELECTION_FAILED', {
    detail: secrets.sanitize(algorithm),
  });
  for (const key of suitable) {
    try {
      if (await verifySignature(key, algorithm, jwt)) {
        return undefined;
      }
      failure = new Failure('invalid-response', 'OAUTH_INVALID_RESPONSE', { detail: 'signature' });
    } catch (error) {
      // An invalid key says nothing about the signature if another key can be tried.
      failure =
        failure.code === 'OAUTH_INVALID_RESPONSE'
          ? failure
          : new Failure('invalid-response', 'bad-key', { cause: error, detail: 'jwks_uri' });
    }
  }
  return failure;
}

/** Fetches the keys of a server. */
async function fetchKeys({ jwks_uri: url }: oauth.AuthorizationServer, fetch: Fetch): Promise<readonly JsonObject[]> {
  if (url === undefined) {
    throw new Failure('unsupported-server', 'missing-endpoint', { detail: 'jwks_uri' });
  }
  const { keys } = await fetchDocument(fetch, url);
  const validKeys = Array.isArray(keys)
    ? (keys as unknown[]).filter(
        (key): key is JsonObject => typeof key === 'object' && key !== null && !Array.isArray(key),
      )
    : [];
  if (validKeys.length === 0 && !(Array.isArray(keys) && keys.length === 0)) {
    throw new Failure('invalid-response', 'bad-key', { detail: 'jwks_uri' });
  }
  return validKeys;
}
