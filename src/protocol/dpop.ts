// Demonstrating proof of possession (DPoP, RFC 9449): a key for each session, and requests with proofs.
import * as oauth from 'oauth4webapi';
import { parseObject } from '../core/json.ts';
import type { DpopJwk } from '../core/session.ts';
import { MIN_SIGNIFICANT_SKEW, clockCorrection } from './clockCorrection.ts';
import { createFetch, type ServerResponse, type Fetch, type Transport } from './transport.ts';

/** The signature algorithm, as in `dpop_signing_alg_values_supported`. */
export const DPOP_ALGORITHM = 'ES256';

/** The DPoP key of a session. */
export interface DpopKey {
  /** The key as stored in the session's record. */
  readonly jwk: DpopJwk;
  /** Signs proofs for oauth4webapi, and remembers the nonces from the server (RFC 9449 section 8). */
  readonly handle: oauth.DPoPHandle;
  /**
   * Creates another handle that signs proofs with this nonce, and with the server's clock skew, in ms; if undefined,
   * the recorded clock of the server is used.
   */
  createHandle(nonce: string | undefined, skew?: number): oauth.DPoPHandle;
}

type KeyPair = Parameters<typeof oauth.DPoP>[1];

/** The DPoP keys in use at one server, and the server's clock, which determines the time in proofs. */
export class DpopKeys {
  readonly #keys = new Map<string, Promise<DpopKey>>();
  /** The server's time less the platform's, in seconds. */
  #offset = 0;

  /** Creates the key for a new session. */
  async create(): Promise<DpopKey> {
    const pair = await oauth.generateKeyPair(DPOP_ALGORITHM, { extractable: true });
    const { crv, d, kty, x, y } = await crypto.subtle.exportKey('jwk', pair.privateKey);
    const jwk = { kty, crv, x, y, d } as DpopJwk;
    const key = this.#keyOf(jwk, pair);
    this.#keys.set(jwk.x, Promise.resolve(key));
    return key;
  }

  /**
   * The key of a stored session.
   * @throws DOMException if the stored JWK is invalid.
   */
  async getOrImport(jwk: DpopJwk): Promise<DpopKey> {
    const known = this.#keys.get(jwk.x) ?? this.#import(jwk);
    this.#keys.set(jwk.x, known);
    return known;
  }

  async #import(jwk: DpopJwk): Promise<DpopKey> {
    const { d: _private, ...publicJwk } = jwk;
    const algorithm = { name: 'ECDSA', namedCurve: jwk.crv };
    const privateKey = await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['sign']);
    const publicKey = await crypto.subtle.importKey('jwk', publicJwk, algorithm, true, ['verify']);
    return this.#keyOf(jwk, { privateKey, publicKey });
  }

  #keyOf(jwk: DpopJwk, pair: KeyPair): DpopKey {
    const createHandle = (nonce: string | undefined, skew?: number): oauth.DPoPHandle =>
      oauth.DPoP({}, pair, {
        [oauth.modifyAssertion]: (_header, payload) => {
          payload['iat'] = Number(payload['iat']) + (skew === undefined ? this.#offset : offsetOf(skew));
          payload['nonce'] = nonce ?? payload['nonce'];
        },
      });
    return { jwk, handle: createHandle(undefined), createHandle };
  }

  /** How far the server's clock is ahead of the platform's, in seconds, by its latest response. */
  get clockOffset(): number {
    return this.#offset;
  }

  /** Records the server's clock from a response. */
  recordServerClock({ platformClockOffset, skew }: Pick<ServerResponse, 'platformClockOffset' | 'skew'>): void {
    this.#offset = offsetOf(skew, platformClockOffset);
  }
}

const offsetOf = (skew: number | undefined, platformClockOffset = 0): number =>
  Math.round((clockCorrection(skew, platformClockOffset) + platformClockOffset) / 1000);

/** Determines whether requests have a DPoP proof, and with which key. */
export interface DpopContext {
  readonly dpopKeys: DpopKeys;
  /** The session's key; undefined for bearer tokens (RFC 6750). */
  readonly dpopKey?: DpopKey | undefined;
}

/**
 * Sends a request, and again if the server rejects its proof because of a missing nonce, which its response contains,
 * or because of the clock. The server has checked nothing else then, so no code or token is used up.
 * @param send sends the request with a `fetch` function.
 * @param onResponse receives each complete response, and returns the response to use.
 */
export async function sendWithDpop(
  { dpopKey, dpopKeys }: DpopContext,
  transport: Transport,
  signal: AbortSignal | undefined,
  send: (fetch: Fetch) => Promise<Response>,
  onResponse: (response: ServerResponse) => Response = ({ response }) => response,
): Promise<Response> {
  // An object, because what happens in the callback is hidden from the compiler's flow analysis.
  const last = { isRejected: false };
  // The value at the time of this request, because another one may update it in the meantime.
  const { clockOffset } = dpopKeys;
  const fetch = createFetch(transport, signal, (response) => {
    dpopKeys.recordServerClock(response);
    last.isRejected = isProofRejected(
      response,
      Math.abs(dpopKeys.clockOffset - clockOffset) * 1000 > MIN_SIGNIFICANT_SKEW,
    );
    return onResponse(response);
  });
  const response = await send(fetch);
  return last.isRejected && dpopKey !== undefined ? send(fetch) : response;
}

function isProofRejected({ body, response }: ServerResponse, clockHasChanged: boolean): boolean {
  if (response.status !== 400 && response.status !== 401) {
    return false;
  }
  const { error } = parseObject(body) ?? {};
  const challenge = response.headers.get('www-authenticate') ?? '';
  // The value may be quoted (RFC 9110 section 11.2).
  const hasError = (code: string): boolean =>
    error === code || new RegExp(`\\berror\\s*=\\s*"?${code}\\b`, 'i').test(challenge);
  return (
    (hasError('use_dpop_nonce') && response.headers.has('dpop-nonce')) ||
    (hasError('invalid_dpop_proof') && clockHasChanged)
  );
}

/** The properties of a request to a resource server that a proof contains. */
export interface DpopRequest {
  readonly method: string;
  /** The URL; the proof contains it without query and fragment. */
  readonly url: URL;
  /** The latest `DPoP-Nonce` of the resource server. */
  readonly nonce?: string | undefined;
  /** How far the server's clock is ahead, in ms. */
  readonly skew?: number | undefined;
}

/** The headers that send an access token with a proof for its key (RFC 9449 section 7.1). */
export async function dpopHeaders(
  key: DpopKey,
  accessToken: string,
  { method, nonce, skew, url }: DpopRequest,
): Promise<{ readonly authorization: string; readonly dpop: string }> {
  const captured = { authorization: '', dpop: '' };
  // The library only signs proofs for requests that it sends, so this request is intercepted.
  const capture = (_url: string, { headers }: { readonly headers: Record<string, string> }): Promise<Response> => {
    captured.authorization = headers['authorization'] ?? '';
    captured.dpop = headers['dpop'] ?? '';
    return Promise.resolve(new Response(null, { status: 204 }));
  };
  await oauth.protectedResourceRequest(accessToken, method, url, undefined, undefined, {
    DPoP: key.createHandle(nonce, skew),
    [oauth.customFetch]: capture,
    [oauth.allowInsecureRequests]: true,
  });
  return captured;
}
