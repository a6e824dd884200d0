// When the tokens of a response expire. Points in time are in ms since the Unix epoch, by this machine's clock.
import type * as oauth from 'oauth4webapi';
import { DAY } from '../core/clock.ts';
import { decodeJwtClaims } from '../core/jwt.ts';
import type { SessionRecord } from '../core/session.ts';
import type { ServerContext } from './discovery.ts';

/**
 * The maximum lifetime, in ms: ten times any reasonable one. Some servers send the largest number that they can
 * represent.
 */
const MAX_LIFETIME = 100 * 365 * DAY;

const clampLifetime = (from: number, to: number): number => Math.min(to, from + MAX_LIFETIME);

/** When the access token expires, and how that is known. */
export interface Expiry {
  readonly accessExpiresAt: number | undefined;
  readonly expirySource: SessionRecord['expirySource'];
}

/** The access token's expiry: from `expires_in`, the token's own `exp`, or the setting; otherwise it's unknown. */
export function accessExpiry(
  server: ServerContext,
  tokens: oauth.TokenEndpointResponse,
  sentAt: number,
  skew: number,
): Expiry {
  if (tokens.expires_in !== undefined) {
    return { accessExpiresAt: clampLifetime(sentAt, sentAt + tokens.expires_in * 1000), expirySource: 'expires_in' };
  }
  const exp = jwtExpiry(tokens.access_token);
  // A token that has already expired would be refreshed continuously.
  if (exp !== undefined && exp - skew > sentAt) {
    return { accessExpiresAt: clampLifetime(sentAt, exp - skew), expirySource: 'token' };
  }
  const assumed = server.provider.assumedLifetime;
  return assumed === undefined
    ? { accessExpiresAt: undefined, expirySource: 'unknown' }
    : { accessExpiresAt: sentAt + assumed, expirySource: 'assumed' };
}

/** The expiry of the session token: if that's the ID token, the access token must be valid, too. */
export function earlierExpiry(access: Expiry, idTokenExp: number | undefined, sentAt: number, skew: number): Expiry {
  const exp = idTokenExp === undefined ? Infinity : clampLifetime(sentAt, idTokenExp * 1000 - skew);
  return exp < (access.accessExpiresAt ?? Infinity) ? { accessExpiresAt: exp, expirySource: 'token' } : access;
}

/** The members with the lifetime of the refresh token, in seconds; 0 or less means unknown. */
const SESSION_LIFETIME_FIELDS = ['refresh_token_expires_in', 'refresh_expires_in', 'x_refresh_token_expires_in'];

/** When the session ends, and how that is known; undefined if it isn't. */
export function sessionEnd(
  body: Readonly<Record<string, unknown>>,
  refreshToken: string | undefined,
  sentAt: number,
  skew: number,
): { readonly sessionEndsAt: number | undefined; readonly sessionEndSource: SessionRecord['sessionEndSource'] } {
  for (const field of SESSION_LIFETIME_FIELDS) {
    const lifetime = typeof body[field] === 'string' ? Number(body[field]) : body[field];
    if (typeof lifetime === 'number' && lifetime > 0) {
      return { sessionEndsAt: clampLifetime(sentAt, sentAt + lifetime * 1000), sessionEndSource: 'response' };
    }
  }
  const exp = refreshToken === undefined ? undefined : jwtExpiry(refreshToken);
  return exp === undefined
    ? { sessionEndsAt: undefined, sessionEndSource: undefined }
    : { sessionEndsAt: clampLifetime(sentAt, exp - skew), sessionEndSource: 'token' };
}

/**
 * The `exp` of a token that is a JWT, in ms since the Unix epoch by the server's clock. For scheduling only: nothing is
 * verified.
 */
function jwtExpiry(token: string): number | undefined {
  const exp = decodeJwtClaims(token)?.['exp'];
  return typeof exp === 'number' && exp > 0 ? exp * 1000 : undefined;
}
