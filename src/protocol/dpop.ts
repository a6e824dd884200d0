// Proof of possession (DPoP, RFC 9449): a key for each session, and requests that show that it is held.
import * as oauth from 'oauth4webapi';
import { parseObject } from '../core/json.ts';
import type { DpopJwk } from '../core/session.ts';
import { createFetch, type ServerResponse, type Fetch, type Transport } from './transport.ts';

/** The algorithm of the signatures, as servers list it in `dpop_signing_alg_values_supported`. */
export const DPOP_ALGORITHM = 'ES256';

/** The key of one session. */
export interface DpopKey {
  /** The key as the session's record keeps it. */
  readonly jwk: DpopJwk;
  /** What oauth4webapi signs proofs with. It remembers the nonces that servers have given (RFC 9449 section 8). */
  readonly handle: oauth.DPoPHandle;
  /** Another one, for proofs with this nonce, by a clock that is so far ahead, in ms; undefined takes what was heard of the server's. */
  createHandle(nonce: string | undefined, skew?: number): oauth.DPoPHandle;
}

type KeyPair = Parameters<typeof oauth.DPoP>[1];

/** A skew below this, in ms, is within what a `Date` header can tell, and within what servers tolerate in a proof. */
const MIN_SIGNIFICANT_SKEW = 30_000;

/** Whether a skew, in ms, is beyond what a `Date` header can waver by. */
export const isSignificantSkew = (skew: number | undefined): skew is number =>
  skew !== undefined && Math.abs(skew) > MIN_SIGNIFICANT_SKEW;

/** The keys in use at one server, with what has been heard of its clock: a proof tells the time at the server. */
export class DpopKeys {
  readonly #keys = new Map<string, Promise<DpopKey>>();
  /** In seconds, from the platform's clock to the server's. */
  #offset = 0;

  /** Makes the key of a new session. */
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
   * @throws DOMException where what is stored is no key.
   */
  async getOrImport(jwk: DpopJwk): Promise<DpopKey> {
    const known = this.#keys.get(jwk.x) ?? this.#import(jwk);
    this.#keys.set(jwk.x, known);
    return known;
  }

  async #import(jwk: DpopJwk): Promise<DpopKey> {
    const { d: _private, ...open } = jwk;
    const algorithm = { name: 'ECDSA', namedCurve: jwk.crv };
    const privateKey = await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['sign']);
    const publicKey = await crypto.subtle.importKey('jwk', open, algorithm, true, ['verify']);
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

  /** How far the server's clock is ahead of the platform's, in seconds, as last heard. */
  get clockOffset(): number {
    return this.#offset;
  }

  /** Hears what an answer says of the server's clock. */
  recordServerClock({ platformClockOffset, skew }: Pick<ServerResponse, 'platformClockOffset' | 'skew'>): void {
    this.#offset = offsetOf(skew, platformClockOffset);
  }
}

const offsetOf = (skew: number | undefined, ahead = 0): number =>
  Math.round(((isSignificantSkew(skew) ? skew : 0) + ahead) / 1000);

/** What of a server and a session decides whether requests hold a proof, and which. */
export interface DpopContext {
  readonly dpopKeys: DpopKeys;
  /** The session's key; undefined where its tokens belong to whoever bears them (RFC 6750). */
  readonly dpopKey?: DpopKey | undefined;
}

/**
 * Sends a request; once more where the server has refused its proof for want of a nonce, which it gives with the
 * refusal, or because of the clock. It has looked at nothing else of the request then, so no code or token is used up.
 * @param send makes the request with the `fetch` that it is given.
 * @param onAnswer takes each complete answer, and may give another response in its place.
 */
export async function sendWithDpop(
  { dpopKey, dpopKeys }: DpopContext,
  transport: Transport,
  signal: AbortSignal | undefined,
  send: (fetch: Fetch) => Promise<Response>,
  onAnswer: (answer: ServerResponse) => Response = ({ response }) => response,
): Promise<Response> {
  // An object, because what happens in the callback is hidden from the compiler's flow analysis.
  const last = { isRefusal: false };
  // Of when this request was made: another one may have heard of the clock meanwhile.
  const { clockOffset } = dpopKeys;
  const fetch = createFetch(transport, signal, (answer) => {
    dpopKeys.recordServerClock(answer);
    last.isRefusal = isProofRejected(
      answer,
      Math.abs(dpopKeys.clockOffset - clockOffset) * 1000 > MIN_SIGNIFICANT_SKEW,
    );
    return onAnswer(answer);
  });
  const response = await send(fetch);
  return last.isRefusal && dpopKey !== undefined ? send(fetch) : response;
}

function isProofRejected({ body, response }: ServerResponse, isLater: boolean): boolean {
  if (response.status !== 400 && response.status !== 401) {
    return false;
  }
  const { error } = parseObject(body) ?? {};
  const challenge = response.headers.get('www-authenticate') ?? '';
  // With or without quotation marks (RFC 9110 section 11.2).
  const says = (code: string): boolean =>
    error === code || new RegExp(`\\berror\\s*=\\s*"?${code}\\b`, 'i').test(challenge);
  return (says('use_dpop_nonce') && response.headers.has('dpop-nonce')) || (says('invalid_dpop_proof') && isLater);
}

/** A request to a resource server, as a proof speaks of it. */
export interface DpopRequest {
  readonly method: string;
  /** The address; its query and fragment are left out of the proof. */
  readonly url: URL;
  /** What the resource server has given in `DPoP-Nonce`. */
  readonly nonce?: string | undefined;
  /** How far the server's clock is ahead, in ms. */
  readonly skew?: number | undefined;
}

/** The headers with which a request shows an access token, and that the key is held that the token is bound to (RFC 9449 section 7.1). */
export async function dpopHeaders(
  key: DpopKey,
  accessToken: string,
  { method, nonce, skew, url }: DpopRequest,
): Promise<{ readonly authorization: string; readonly dpop: string }> {
  const made = { authorization: '', dpop: '' };
  // The library signs proofs for requests that it sends; this one goes nowhere.
  const take = (_url: string, { headers }: { readonly headers: Record<string, string> }): Promise<Response> => {
    made.authorization = headers['authorization'] ?? '';
    made.dpop = headers['dpop'] ?? '';
    return Promise.resolve(new Response(null, { status: 204 }));
  };
  await oauth.protectedResourceRequest(accessToken, method, url, undefined, undefined, {
    DPoP: key.createHandle(nonce, skew),
    [oauth.customFetch]: take,
    [oauth.allowInsecureRequests]: true,
  });
  return made;
}
