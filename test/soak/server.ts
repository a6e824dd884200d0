// An authorization server: discovery, refresh token grant, revocation. It goes by the true time.
import { HOUR, SECOND } from '../../src/core/clock.ts';
import type { Process } from './process.ts';
import type { Time } from './time.ts';

/**
 * What it does with refresh tokens. `strict`: each works once, and using one again ends the grant. `grace`: the same,
 * but for 30 s the same answer is given again, with what is left of its lifetime. `static`: there is one for ever.
 */
export const ROTATIONS = ['strict', 'grace', 'static'] as const;
export type Rotation = (typeof ROTATIONS)[number];

/** Why a grant has ended. `reused` stands for a lost answer: any other reuse breaks an invariant. */
export type End = 'admin' | 'reused' | 'signed-out';

export const ISSUER = 'https://id.example.com';
const GRACE = 30 * SECOND;

/** One presentation of a refresh token, from the window that sends it to the answer that it gets. */
export interface Trip {
  readonly process: Process;
  readonly grant: SignInGrant;
  /** The number of the token that it presents. */
  readonly presents: number;
  /** `given-up`: its window does not wait for an answer any more. */
  state: 'under-way' | 'delivered' | 'lost' | 'given-up';
  /** The number of the token that the answer brings. */
  brings?: number;
}

/** What one sign-in has brought about. */
export interface SignInGrant {
  readonly number: number;
  readonly account: string;
  readonly rotation: Rotation;
  /** How long its access tokens live, in ms. */
  lifetime: number;
  /** The shortest that they have lived lately. */
  shortest: number;
  /** The number of its newest refresh token. */
  newest: number;
  rotatedAt: number;
  end: End | undefined;
  /** How long after the end of the grace period, in ms, a token was presented again; 0 where that has not happened. */
  late: number;
  /** When each access token was issued and when it expires, by its number. */
  readonly issued: { readonly at: number; readonly expiresAt: number }[];
  /** The trips whose answers may still matter. */
  trips: Trip[];
}

/** An answer of the server. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const TOKEN = /^([ra])-(\d+)-(\d+)$/;

/** The server. */
export class ServerContext {
  readonly grants: SignInGrant[] = [];
  /** The secret that the client has to show; undefined for a public client. */
  readonly clientSecret: string | undefined;
  /** Told of a token that is presented though a newer one was issued, before anything is done about it. */
  onReuse: (trip: Trip) => void = () => {};
  readonly #time: Time;

  constructor(time: Time, clientSecret: string | undefined) {
    this.#time = time;
    this.clientSecret = clientSecret;
  }

  /** What a sign-in of an account brings. */
  signIn(
    account: string,
    rotation: Rotation,
    lifetime: number,
  ): { readonly grant: SignInGrant; readonly accessToken: string; readonly refreshToken: string } {
    const grant: SignInGrant = {
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
      trips: [],
    };
    this.grants.push(grant);
    this.#issue(grant);
    return { grant, accessToken: `a-${grant.number}-0`, refreshToken: `r-${grant.number}-0` };
  }

  /** The grant and the number of a token; undefined for a text that is none of its tokens. */
  read(token: string): { readonly grant: SignInGrant; readonly number: number } | undefined {
    const match = TOKEN.exec(token);
    const grant = this.grants[Number(match?.[2] ?? NaN)];
    return grant === undefined ? undefined : { grant, number: Number(match?.[3]) };
  }

  /** The document that tells its addresses. */
  discovery(): Answer {
    return json(200, {
      issuer: ISSUER,
      authorization_endpoint: `${ISSUER}/authorize`,
      token_endpoint: `${ISSUER}/token`,
      revocation_endpoint: `${ISSUER}/revoke`,
    });
  }

  /** A refresh token arrives. */
  refresh(trip: Trip): Answer {
    const { grant, presents } = trip;
    if (presents < grant.newest) {
      this.onReuse(trip);
      const isRepeated =
        grant.rotation === 'grace' && presents === grant.newest - 1 && this.#time.now - grant.rotatedAt <= GRACE;
      if (grant.end === undefined && isRepeated) {
        return this.#answer(trip);
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
    return this.#answer(trip);
  }

  /** A token is to be revoked: a refresh token takes its grant along. */
  revoke(token: string): Answer {
    const found = token.startsWith('r-') ? this.read(token) : undefined;
    if (found !== undefined) {
      found.grant.end ??= 'signed-out';
    }
    return { status: 200, headers: {}, body: '' };
  }

  #issue(grant: SignInGrant): void {
    grant.issued.push({ at: this.#time.now, expiresAt: this.#time.now + grant.lifetime });
  }

  #answer(trip: Trip): Answer {
    const { grant } = trip;
    const access = grant.issued.length - 1;
    const left = Math.max(1, Math.floor(((grant.issued[access]?.expiresAt ?? 0) - this.#time.now) / SECOND));
    trip.brings = grant.newest;
    grant.trips = [
      ...grant.trips.filter(({ brings, state }) =>
        brings === undefined ? state === 'under-way' : brings >= grant.newest - 1,
      ),
      trip,
    ];
    const isToldAgain = grant.rotation !== 'static' || grant.number % 2 === 0;
    return json(200, {
      access_token: `a-${grant.number}-${access}`,
      token_type: 'Bearer',
      expires_in: left,
      ...(isToldAgain ? { refresh_token: `r-${grant.number}-${grant.newest}` } : {}),
    });
  }
}

function json(status: number, body: object): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** What a client gets that doesn't show its secret. */
export function refusal(): Answer {
  return json(401, { error: 'invalid_client' });
}

/** The page of a login portal, or of a proxy in trouble. */
export function page(status: number, retryAfter?: number): Answer {
  const wait = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter / SECOND) };
  return { status, headers: { 'content-type': 'text/html', ...wait }, body: '<!doctype html><title>Welcome</title>' };
}

/** The longest that it asks anybody to stay away, in ms. */
export const LONGEST_RETRY_AFTER = HOUR / 2;
