// Selecting and importing a server's signing keys: JSON Web Keys (RFC 7517) and their algorithms (RFC 7518 section 3,
// RFC 8037).
import { decodeBase64Url } from '../core/json.ts';
import type { JsonObject } from './responseBody.ts';

/** What an algorithm requires of a key, and its parameters for the Web Cryptography API. */
interface Algorithm {
  readonly kty: string;
  /** The allowed curves, for key types that have curves. */
  readonly curves?: readonly string[];
  importAs(key: JsonObject): PlatformAlgorithm;
  /** The parameters for verifying; undefined if the name of the key's algorithm is enough. */
  readonly verifyAs: PlatformAlgorithm | undefined;
}

/** An algorithm of the Web Cryptography API with its parameters. */
type PlatformAlgorithm = { readonly name: string } & Readonly<Partial<Record<'hash' | 'namedCurve', string>>> & {
    readonly saltLength?: number;
  };

const rsa = (name: string, hash: string, saltLength?: number): Algorithm => ({
  kty: 'RSA',
  importAs: () => ({ name, hash: `SHA-${hash}` }),
  verifyAs: saltLength === undefined ? undefined : { name, saltLength },
});
const ecdsa = (namedCurve: string, hash: string): Algorithm => ({
  kty: 'EC',
  curves: [namedCurve],
  importAs: () => ({ name: 'ECDSA', namedCurve }),
  verifyAs: { name: 'ECDSA', hash: `SHA-${hash}` },
});
const eddsa = (...curves: readonly string[]): Algorithm => ({
  kty: 'OKP',
  curves,
  importAs: ({ crv }) => ({ name: String(crv) }),
  verifyAs: undefined,
});

const ALGORITHM_TABLE: ReadonlyMap<string, Algorithm> = new Map([
  ['RS256', rsa('RSASSA-PKCS1-v1_5', '256')],
  ['RS384', rsa('RSASSA-PKCS1-v1_5', '384')],
  ['RS512', rsa('RSASSA-PKCS1-v1_5', '512')],
  ['PS256', rsa('RSA-PSS', '256', 32)],
  ['PS384', rsa('RSA-PSS', '384', 48)],
  ['PS512', rsa('RSA-PSS', '512', 64)],
  ['ES256', ecdsa('P-256', '256')],
  ['ES384', ecdsa('P-384', '384')],
  ['ES512', ecdsa('P-521', '512')],
  ['EdDSA', eddsa('Ed25519', 'Ed448')],
  ['Ed25519', eddsa('Ed25519')],
  ['Ed448', eddsa('Ed448')],
]);

/** The supported algorithms, all of them asymmetric. */
export const ALGORITHMS: readonly string[] = [...ALGORITHM_TABLE.keys()];

/** The maximum number of keys to try for one signature. */
const MAX_KEYS = 20;

/**
 * The keys of a key set that may have signed a JWT with this header: those with its key ID, or else those without any.
 */
export function findVerificationKeys({ alg, kid }: JsonObject, keys: readonly JsonObject[]): JsonObject[] {
  const algorithm = ALGORITHM_TABLE.get(String(alg));
  const suitable = keys.filter((key) => algorithm !== undefined && isSuitable(key, String(alg), algorithm));
  const withKeyId = isAbsent(kid) ? suitable : suitable.filter((key) => key['kid'] === kid);
  // A key without an ID may be the right one; a key with another ID isn't.
  return (withKeyId.length > 0 ? withKeyId : suitable.filter((key) => isAbsent(key['kid']))).slice(0, MAX_KEYS);
}

/** Whether an optional member is absent. Some servers send empty values. */
const isAbsent = (value: unknown): boolean => value === undefined || value === null || value === '';

function isSuitable(key: JsonObject, alg: string, { curves, kty }: Algorithm): boolean {
  const { alg: of, crv, key_ops: operations, use } = key;
  const isOfCurve = curves === undefined || (typeof crv === 'string' && curves.includes(crv));
  const isOfAlgorithm =
    typeof of !== 'string' || isAbsent(of) || of === alg || (kty === 'OKP' && ALGORITHM_TABLE.get(of)?.kty === 'OKP');
  return (
    key['kty'] === kty &&
    isOfCurve &&
    isOfAlgorithm &&
    (typeof use !== 'string' || isAbsent(use) || use === 'sig') &&
    (!Array.isArray(operations) || operations.includes('verify'))
  );
}

/** The minimum modulus of an RSA key, in bits (RFC 7518 section 3.3). */
const MIN_MODULUS_BITS = 2048;

/**
 * Whether a key verifies the signature of a JWT.
 * @throws DOMException or TypeError if the key is invalid.
 */
export async function verifySignature(key: JsonObject, alg: string, jwt: string): Promise<boolean> {
  const algorithm = ALGORITHM_TABLE.get(alg);
  if (algorithm === undefined) {
    return false;
  }
  // The purpose of the key was already checked; the platform's check is stricter.
  const { alg: _alg, ext: _ext, key_ops: _operations, use: _use, ...jwk } = key;
  const imported = await crypto.subtle.importKey(
    'jwk',
    { ...jwk, kty: algorithm.kty },
    algorithm.importAs(key),
    false,
    ['verify'],
  );
  if ('modulusLength' in imported.algorithm && Number(imported.algorithm.modulusLength) < MIN_MODULUS_BITS) {
    throw new TypeError('The modulus of the key is too small.');
  }
  const [header = '', payload = '', signature = ''] = jwt.split('.');
  return crypto.subtle.verify(
    algorithm.verifyAs ?? imported.algorithm.name,
    imported,
    new Uint8Array(decodeBase64Url(signature)),
    new TextEncoder().encode(`${header}.${payload}`),
  );
}
