// The keys with which a server signs: JSON Web Keys (RFC 7517), their algorithms (RFC 7518 section 3, RFC 8037), and which of them fit.
import { decodeBase64Url } from '../core/json.ts';
import type { JsonObject } from './responseBody.ts';

/** What an algorithm needs of a key, and of the platform. */
interface Algorithm {
  readonly kty: string;
  /** The curves of the keys, where they have one. */
  readonly curves?: readonly string[];
  importAs(key: JsonObject): PlatformAlgorithm;
  /** Undefined where the name of the key's algorithm is enough. */
  readonly verifyAs: PlatformAlgorithm | undefined;
}

/** An algorithm as the platform names it (Web Cryptography API), with what it needs beside the name. */
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

/** The algorithms that are known here, all of them asymmetric. */
export const ALGORITHMS: readonly string[] = [...ALGORITHM_TABLE.keys()];

/** The most keys that are tried for one signature. */
const MAX_KEYS = 20;

/** The keys of a key set with which a JWT of this header can have been signed, the ones of its name before those without any. */
export function findVerificationKeys({ alg, kid }: JsonObject, keys: readonly JsonObject[]): JsonObject[] {
  const algorithm = ALGORITHM_TABLE.get(String(alg));
  const fitting = keys.filter((key) => algorithm !== undefined && isSuitable(key, String(alg), algorithm));
  const named = isAbsent(kid) ? fitting : fitting.filter((key) => key['kid'] === kid);
  // A key without a name may be the one; a key of another name is not.
  return (named.length > 0 ? named : fitting.filter((key) => isAbsent(key['kid']))).slice(0, MAX_KEYS);
}

/** Whether a member that is optional is not there: some servers leave it empty. */
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

/** The smallest modulus of an RSA key, in bits (RFC 7518 section 3.3). */
const MIN_MODULUS_BITS = 2048;

/**
 * Whether a key verifies the signature of a JWT.
 * @throws DOMException or TypeError where the key is none.
 */
export async function verifySignature(key: JsonObject, alg: string, jwt: string): Promise<boolean> {
  const algorithm = ALGORITHM_TABLE.get(alg);
  if (algorithm === undefined) {
    return false;
  }
  // What the key is for has been looked at; the platform would be stricter about it.
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
