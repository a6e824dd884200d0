// The signing keys of a server, and JSON Web Signatures created with them (RFC 7515, RFC 7517, RFC 7518).
import { createHmac, generateKeyPairSync, sign, type JsonWebKey, type KeyObject } from 'node:crypto';

/** The algorithms with which an ID token can be signed here. */
export type SigningAlgorithm = 'RS256' | 'ES256' | 'HS256' | 'none';

/** The kinds of keys that a server's key set may contain, whether this product can use them or not. */
const NOTIFICATION_KINDS = {
  RSA: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  'P-256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  secp256k1: () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
  Ed25519: () => generateKeyPairSync('ed25519'),
} as const;

/** One of these kinds. */
export type KeyKind = keyof typeof NOTIFICATION_KINDS;

/** A key pair. */
export interface KeyPair {
  readonly kind: KeyKind;
  readonly privateKey: KeyObject;
  /** The public half, without `kid`, `use` and `alg`. */
  readonly jwk: JsonWebKey;
}

/** Generating keys is slow, so all servers of the process share them. */
const pairs = new Map<string, KeyPair>();

/** The key pair of a kind with a number. */
export function keyPair(kind: KeyKind, number: number): KeyPair {
  const name = `${kind} ${number}`;
  const known = pairs.get(name);
  if (known !== undefined) {
    return known;
  }
  const { privateKey, publicKey } = NOTIFICATION_KINDS[kind]();
  const pair = { kind, privateKey, jwk: publicKey.export({ format: 'jwk' }) };
  pairs.set(name, pair);
  return pair;
}

/** How to sign a token. */
export interface Signing {
  readonly algorithm: SigningAlgorithm;
  /** The private key; for HS256, the secret. */
  readonly key: KeyObject | string | undefined;
  /** Changes the signature. */
  readonly spoil?: ((signature: Buffer) => Buffer) | undefined;
}

/** A JSON Web Signature in compact form. Undefined members are left out. */
export function compactJws(
  header: Readonly<Record<string, unknown>>,
  payload: Readonly<Record<string, unknown>>,
  { algorithm, key, spoil }: Signing,
): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${part({ alg: algorithm, ...header })}.${part(payload)}`;
  const signature = signatureOf(input, algorithm, key);
  return `${input}.${(spoil?.(signature) ?? signature).toString('base64url')}`;
}

function signatureOf(input: string, algorithm: SigningAlgorithm, key: KeyObject | string | undefined): Buffer {
  if (algorithm === 'none' || key === undefined) {
    return Buffer.alloc(0);
  }
  if (typeof key === 'string') {
    return createHmac('sha256', key).update(input).digest();
  }
  return sign('sha256', Buffer.from(input), algorithm === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' } : key);
}

/** A signature of the same length for other content. */
export function spoilt(signature: Buffer): Buffer {
  return Buffer.from(signature.map((byte) => byte ^ 0x5a));
}

/** A key with the ID under which a server publishes it. */
export interface PublishedKey {
  readonly pair: KeyPair;
  readonly kid?: string | undefined;
}

/** Keys of each kind, with IDs of kind and number. */
export function keysOf(counts: Readonly<Partial<Record<KeyKind, number>>>, after = 0, isNamed = true): PublishedKey[] {
  return Object.entries(counts).flatMap(([kind, count]) =>
    Array.from({ length: count }, (_, index) => {
      const number = after + index + 1;
      return { pair: keyPair(kind as KeyKind, number), kid: isNamed ? `${kind} ${number}` : undefined };
    }),
  );
}

/** A key as it appears in the published key set. */
export function publishedKey({ kid, pair }: PublishedKey): Record<string, unknown> {
  return { ...pair.jwk, use: 'sig', ...(kid === undefined ? {} : { kid }) };
}
