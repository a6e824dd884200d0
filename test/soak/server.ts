// An authorization server: discovery, refresh token grant, revocation. It uses the true time.
import { HOUR, SECOND } from '../../src/core/clock.ts';
import type { Process } from './process.ts';
import type { Time } from './time.ts';

/**
 * How refresh tokens rotate. `strict`: each works once, and using one again ends the grant. `grace`: the same, but for
 * 30 s the same response is returned again, with its remaining lifetime. `static`: the token never changes.
 */
export const ROTATIONS = ['strict', 'grace', 'static'] as const;
export type Rotation = (typeof ROTATIONS)[number];

/** Why a grant has ended. `reused` means a lost response. Any other reuse violates an invariant. */
export type End = 'admin' | 'reused' | 'signed-out';

export const ISSUER = 'https://id.example.com';
const GRACE = 30 * SECOND;

/** One request with a refresh token. */
export interface TokenRequest {
  readonly process: Process;
  readonly grant: Grant;
  /** The number of its token. */
  readonly presents: number;
  /** `aborted`: its window no longer waits for the response. */
  state: 'under-way' | 'delivered' | 'lost' | 'aborted';
  /** The number of the token in the response. */
  brings?: number;
}

/** The grant of one sign-in. */
export interface Grant {
  readonly number: number;
  readonly account: string;
  readonly rotation: Rotation;
  /** The lifetime of its access tokens, in ms. */
  lifetime: number;
  /** Their shortest recent lifetime, in ms. */
  shortest: number;
  /** The number of its newest refresh token. */
  newest: number;
  rotatedAt: number;
  end: End | undefined;
  /** How long after the grace period, in ms, a token was sent again; 0 if that hasn't happened. */
  late: number;
  /** When each access token was issued and when it expires, by its number. */
  readonly issued: { readonly at: number; readonly expiresAt: number }[];
  /** The requests whose responses may still matter. */
  requests: TokenRequest[];
}

/** A response of the server. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const TOKEN = /^([ra])-(\d+)-(\d+)$/;

/** The server. */
export class AuthorizationServer {
  readonly grants: Grant[] = [];
  /** The secret of the client; undefined for a public client. */
  readonly clientSecret: string | undefined;
  /** Called when a refresh token is used although a newer one was issued, before the request is handled. */
  onReuse: (request: TokenRequest) => void = () => {};
  readonly #time: Time;

  constructor(time: Time, clientSecret: string | undefined) {
    this.#time = time;
    this.clientSecret = clientSecret;
  }

  /** Signs in an account and returns its tokens. */
  signIn(
    account: string,
    rotation: Rotation,
    lifetime: number,
  ): { readonly grant: Grant; readonly accessToken: string; readonly refreshToken: string } {
    const grant: Grant = {
      number: this.grants.length,
      account,
      rotation,
      lifetime,
      shortest: lifetime,
      newest: 0,
      rotatedAt: this.#time.now,
      end: undefined,
      late: 0,
      issued: [],
      requests: [],
    };
    this.grants.push(grant);
    this.#issue(grant);
    return { grant, accessToken: `a-${grant.number}-0`, refreshToken: `r-${grant.number}-0` };
  }

  /** Returns the grant and the number of a token; undefined if it isn't a token of this server. */
  read(token: string): { readonly grant: Grant; readonly number: number } | undefined {
    const match = TOKEN.exec(token);
    const grant = this.grants[Number(match?.[2] ?? NaN)];
    return grant === undefined ? undefined : { grant, number: Number(match?.[3]) };
  }

  /** Returns the server metadata. */
  discovery(): Answer {
    return json(200, {
      issuer: ISSUER,
      authorization_endpoint: `${ISSUER}/authorize`,
      token_endpoint: `${ISSUER}/token`,
      revocation_endpoint: `${ISSUER}/revoke`,
    });
  }

  /** Handles a refresh token. */
  refresh(request: TokenRequest): Answer {
    const { grant, presents } = request;
    if (presents < grant.newest) {
      this.onReuse(request);
      const isRepeated =
        grant.rotation === 'grace' && presents === grant.newest - 1 && this.#time.now - grant.rotatedAt <= GRACE;
      if (grant.end === undefined && isRepeated) {
        return this.#answer(request);
      }
      if (grant.end === undefined) {
        grant.end = 'reused';
        grant.late = this.#time.now - grant.rotatedAt - GRACE;
      }
    }
    if (grant.end !== undefined) {
      return json(400, { error: 'invalid_grant' });
    }
    this.#issue(grant);
    if (grant.rotation !== 'static') {
      grant.newest += 1;
      grant.rotatedAt = this.#time.now;
    }
    return this.#answer(request);
  }

  /** Revokes a token; with a refresh token, its grant. */
  revoke(token: string): Answer {
    const found = token.startsWith('r-') ? this.read(token) : undefined;
    if (found !== undefined) {
      found.grant.end ??= 'signed-out';
    }
    return { status: 200, headers: {}, body: '' };
  }

  #issue(grant: Grant): void {
    grant.issued.push({ at: this.#time.now, expiresAt: this.#time.now + grant.lifetime });
  }

  #answer(request: TokenRequest): Answer {
    const { grant } = request;
    const access = grant.issued.length - 1;
    const left = Math.max(1, Math.floor(((grant.issued[access]?.expiresAt ?? 0) - this.#time.now) / SECOND));
    request.brings = grant.newest;
    grant.requests = [
      ...grant.requests.filter(({ brings, state }) =>
        brings === undefined ? state === 'under-way' : brings >= grant.newest - 1,
      ),
      request,
    ];
    const isReturnedAgain = grant.rotation !== 'static' || grant.number % 2 === 0;
    return json(200, {
      access_token: `a-${grant.number}-${access}`,
      token_type: 'Bearer',
      expires_in: left,
      ...(isReturnedAgain ? { refresh_token: `r-${grant.number}-${grant.newest}` } : {}),
    });
  }
}

function json(status: number, body: object): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** Returns the response to a client without its secret. */
export function refusal(): Answer {
  return json(401, { error: 'invalid_client' });
}

/** Returns the page of a login portal, or of a failing proxy. */
export function page(status: number, retryAfter?: number): Answer {
  const wait = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter / SECOND) };
  return { status, headers: { 'content-type': 'text/html', ...wait }, body: '<!doctype html><title>Welcome</title>' };
}

/** The longest `Retry-After`, in ms. */
export const LONGEST_RETRY_AFTER = HOUR / 2;
