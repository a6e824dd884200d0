// Proofs of possession, verified as a server does: RFC 9449 section 4.3.
import { createHash, createPublicKey, verify } from 'node:crypto';

/** What a proof must be for. */
export interface ProvedRequest {
  readonly method: string;
  /** The URL, without its query. */
  readonly url: string;
  /** The server's time, in s since the Unix epoch. */
  readonly now: number;
  /** The access token sent with it, at a resource server. */
  readonly accessToken?: string | undefined;
  /** The nonce that the server requires. */
  readonly nonce?: string | undefined;
}

/** The result of verifying a proof: its key, or the error. */
export type Judgement =
  /** The thumbprint of its key (RFC 7638). */
  | { readonly thumbprint: string }
  /** The OAuth error with which it's rejected. */
  | { readonly error: 'invalid_dpop_proof' | 'use_dpop_nonce' };

/** A server's verification of proofs, which accepts each proof once. */
export class ProofJudge {
  readonly #seen = new Set<unknown>();

  /** Verifies the proof of a request. */
  judge(proof: unknown, request: ProvedRequest): Judgement {
    const read = typeof proof === 'string' ? readProof(proof) : undefined;
    if (read === undefined) {
      return { error: 'invalid_dpop_proof' };
    }
    const { claims, header } = read;
    const isNew = typeof claims['jti'] === 'string' && !this.#seen.has(claims['jti']);
    this.#seen.add(claims['jti']);
    if (!isNew || !isWellMade(read) || !isAbout(read, request)) {
      return { error: 'invalid_dpop_proof' };
    }
    const { crv, kty, x, y } = header.jwk;
    return request.nonce === undefined || claims['nonce'] === request.nonce
      ? { thumbprint: createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url') }
      : { error: 'use_dpop_nonce' };
  }
}

interface Proof {
  readonly header: Readonly<Record<string, unknown>> & { readonly jwk: Readonly<Record<string, string>> };
  readonly claims: Readonly<Record<string, unknown>>;
  readonly isSigned: boolean;
}

function isWellMade({ header, isSigned }: Proof): boolean {
  return isSigned && header['typ'] === 'dpop+jwt' && header['alg'] === 'ES256' && header.jwk['d'] === undefined;
}

function isAbout({ claims }: Proof, { accessToken, method, now, url }: ProvedRequest): boolean {
  const hash = accessToken === undefined ? undefined : createHash('sha256').update(accessToken).digest('base64url');
  return (
    claims['htm'] === method &&
    claims['htu'] === url &&
    claims['ath'] === hash &&
    Math.abs(Number(claims['iat']) - now) <= 5
  );
}

function readProof(proof: string): Proof | undefined {
  const [header = '', payload = '', signature = ''] = proof.split('.');
  const parsed = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
  try {
    const read = { header: parsed(header), claims: parsed(payload) } as Omit<Proof, 'isSigned'>;
    const key = createPublicKey({ key: { ...read.header.jwk }, format: 'jwk' });
    return {
      ...read,
      isSigned: verify(
        'sha256',
        Buffer.from(`${header}.${payload}`),
        { key, dsaEncoding: 'ieee-p1363' },
        Buffer.from(signature, 'base64url'),
      ),
    };
  } catch {
    return undefined;
  }
}
