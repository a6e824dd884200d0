// Checks an ID token against the previous one, and against the access token that it was issued with.
import { Failure } from '../core/failure.ts';
import { decodeBase64Url, parseObject } from '../core/json.ts';
import { decodeJwtClaims } from '../core/jwt.ts';

/** The tolerance for `auth_time`, in seconds: some servers round the same time in different ways. */
const AUTH_TIME_TOLERANCE = 1;

/**
 * Checks the ID token of a refresh against the previous one (OpenID Connect Core 12.2): `nonce` and `azp` must be the same.
 * The specification lets servers omit them from either one, so they're compared only if both have them. `auth_time` may
 * be later, because some servers report the latest sign-in of a session in which the user has signed in again.
 * @throws Failure `untrusted-response` with the name of the claim.
 */
export function assertSameSignIn(idToken: string, before: string | undefined): void {
  const now = decodeJwtClaims(idToken) ?? {};
  const then = before === undefined ? {} : (decodeJwtClaims(before) ?? {});
  for (const name of ['nonce', 'auth_time', 'azp']) {
    const [value, expected] = [now[name], then[name]];
    const isAbsent = [value, expected].some((one) => one === undefined || one === null);
    if (!isAbsent && !isConsistent(value, expected)) {
      throw new Failure('untrusted-response', 'other-sign-in', { detail: name });
    }
  }
}

function isConsistent(value: unknown, expected: unknown): boolean {
  return typeof value === 'number' && typeof expected === 'number'
    ? value >= expected - AUTH_TIME_TOLERANCE
    : value === expected;
}

/** The hash functions of the signature algorithms: RFC 7518 section 3.1; SHA-512 for Ed25519. */
const HASHES: readonly (readonly [RegExp, string])[] = [
  [/256$/, 'SHA-256'],
  [/384$/, 'SHA-384'],
  [/512$|^EdDSA$|^Ed25519$/, 'SHA-512'],
];

/**
 * Checks that an ID token was issued for this access token, if it has an `at_hash` (OpenID Connect Core 3.1.3.6). Must be
 * called after the signature is verified.
 * @throws Failure `untrusted-response` if it was issued for another one.
 */
export async function assertAccessTokenHash(idToken: string, accessToken: string): Promise<void> {
  const hash = decodeJwtClaims(idToken)?.['at_hash'];
  if (hash === undefined || hash === null) {
    return;
  }
  const { alg } = parseObject(new TextDecoder().decode(decodeBase64Url(idToken.split('.')[0] ?? ''))) ?? {};
  const algorithm = HASHES.find(([pattern]) => pattern.test(String(alg)))?.[1];
  if (algorithm === undefined) {
    // The hash for Ed448 isn't available here.
    return;
  }
  const digest = new Uint8Array(await crypto.subtle.digest(algorithm, new TextEncoder().encode(accessToken)));
  if (typeof hash !== 'string' || !isHalfOf(hash, digest)) {
    throw new Failure('untrusted-response', 'wrong-access-token', { detail: 'at_hash' });
  }
}

/** Whether a text is the left half of a digest in base64url, or in base64, with or without padding. */
function isHalfOf(text: string, digest: Uint8Array): boolean {
  const half = digest.slice(0, digest.length / 2);
  try {
    const bytes = decodeBase64Url(text);
    return bytes.length === half.length && bytes.every((byte, at) => byte === half[at]);
  } catch {
    return false;
  }
}
