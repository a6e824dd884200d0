// The token response (RFC 6749 section 5.1): verified, and converted to what a session needs.
import * as oauth from 'oauth4webapi';
import { decodeJwtClaims } from '../core/jwt.ts';
import { DAY, type Uptime } from '../core/clock.ts';
import { Failure, sanitizeServerText } from '../core/failure.ts';
import type { ProtocolStep } from '../core/failurePolicy.ts';
import { normalizeScopes } from '../core/scopes.ts';
import type { DpopJwk, SessionRecord } from '../core/session.ts';
import type { JsonObject } from './responseBody.ts';
import { classify } from './classify.ts';
import type { ServerContext } from './discovery.ts';
import { isSignificantSkew } from './dpop.ts';
import { normalizeIdToken, withTenantIssuer, assertConfiguredIssuer } from './idToken.ts';
import { withBody, type NormalizedResponse } from './normalize.ts';
import { checkSignature } from './signature.ts';
import type { ServerResponse, Fetch } from './transport.ts';

/** A verified token response. Points in time are in ms since the Unix epoch, by this machine's clock. */
export interface Tokens {
  readonly accessToken: string;
  readonly tokenType: string;
  /** The key with which the tokens were requested, to which a server with DPoP has bound them (RFC 9449). */
  readonly dpopKey?: DpopJwk | undefined;
  readonly refreshToken: string | undefined;
  readonly idToken: string | undefined;
  /** The verified claims of the ID token. */
  readonly claims: oauth.IDToken | undefined;
  /** The scopes that the server granted; undefined if it granted the requested ones. */
  readonly scopes: readonly string[] | undefined;
  /** When the request was sent. */
  readonly sentAt: number;
  /** The machine's uptime at that time. */
  readonly sentUptime?: Uptime | undefined;
  readonly accessExpiresAt: number | undefined;
  readonly expirySource: SessionRecord['expirySource'];
  readonly sessionEndsAt: number | undefined;
  readonly sessionEndSource: SessionRecord['sessionEndSource'];
  /** How far the server's clock is ahead, in ms. */
  readonly skew: number | undefined;
}

/**
 * Verifies a token response. An ID token is fully verified: `iss`, `aud`, `exp`, nonce, and its signature with the
 * server's keys (OpenID Connect Core 3.1.3.7), by the server's clock.
 * @param process the library's validation for this grant.
 * @throws Failure
 */
export async function verifyTokenResponse(
  server: ServerContext,
  normalized: NormalizedResponse,
  step: ProtocolStep,
  process: (
    metadata: oauth.AuthorizationServer,
    client: oauth.Client,
    response: Response,
  ) => Promise<oauth.TokenEndpointResponse>,
  { fetch, verified }: IdTokenChecks,
): Promise<Tokens> {
  const { original, body, failure } = normalized;
  if (failure !== undefined) {
    throw failure;
  }
  const { id_token: sent } = body;
  const isRepeated = verified !== undefined && sent === verified;
  const idToken = typeof sent === 'string' && !isRepeated ? sent : undefined;
  try {
    const normalizedResponse = normalizedTokenResponse(server, normalized, isRepeated, idToken);
    const tokens = await process(
      withTenantIssuer(server, idToken ?? ''),
      withClockSkew(server, original),
      normalizedResponse,
    );
    const claims =
      idToken === undefined
        ? undefined
        : await verifiedClaims(server, { response: original, fetch, step }, idToken, tokens);
    const skew = significantSkew(original);
    return {
      accessToken: tokens.access_token,
      tokenType: parseTokenType(tokens, server),
      dpopKey: server.dpopKey?.jwk,
      refreshToken: tokens.refresh_token,
      idToken,
      claims,
      scopes: tokens.scope === undefined ? undefined : parseGrantedScopes(tokens.scope),
      sentAt: original.sentAt,
      sentUptime: original.sentUptime,
      ...earlierExpiry(
        accessExpiry(server, tokens, original.sentAt, skew),
        sessionTokenExp(server, claims, isRepeated ? verified : '', original.sentAt + skew),
        original.sentAt,
        skew,
      ),
      ...sessionEnd(body, tokens.refresh_token, original.sentAt, skew),
      skew: original.skew,
    };
  } catch (error) {
    throw classify(error, step);
  }
}

/** What is needed to verify ID tokens. */
export interface IdTokenChecks {
  /** Fetches the server's keys. */
  readonly fetch: Fetch;
  /** The session's current ID token, which has been verified and may be sent again. */
  readonly verified?: string | undefined;
}

/** The token response to pass to the library, without an ID token that has already been verified. */
function normalizedTokenResponse(
  server: ServerContext,
  { body, response }: NormalizedResponse,
  isRepeated: boolean,
  idToken: string | undefined,
): Response {
  if (Object.keys(body).length === 0) {
    return response;
  }
  const { id_token: sent, ...others } = body;
  const prepared = idToken === undefined ? sent : normalizeIdToken(idToken, server.client.client_id);
  if (idToken !== undefined) {
    assertConfiguredIssuer(server, idToken);
  }
  return withBody(response, {
    ...others,
    token_type: normalizeTokenType(body, server),
    ...(isRepeated || prepared === undefined ? {} : { id_token: prepared }),
  });
}

/** The claims of an ID token that the library has validated, after its signature is verified. */
async function verifiedClaims(
  server: ServerContext,
  { response, fetch, step }: { readonly response: ServerResponse; readonly fetch: Fetch; readonly step: ProtocolStep },
  idToken: string,
  tokens: oauth.TokenEndpointResponse,
): Promise<oauth.IDToken | undefined> {
  const validated = oauth.getValidatedIdTokenClaims(tokens);
  if (validated === undefined) {
    return undefined;
  }
  await checkSignature(server.metadata, idToken, { fetch, now: response.sentAt });
  // A refresh may return the ID token of the sign-in; a newly requested one must be new (OpenID Connect Core 3.1.3.7).
  if (step !== 'refresh' && validated.iat * 1000 < response.sentAt + significantSkew(response) - DAY) {
    throw new Failure('clock', 'old-id-token');
  }
  const { aud } = decodeJwtClaims(idToken) ?? {};
  return Array.isArray(aud) ? { ...validated, aud: aud.filter((one) => typeof one === 'string') } : validated;
}

/**
 * When the ID token expires, if it's the session token, in seconds since the Unix epoch; undefined if the access token
 * is.
 * @throws Failure `unsupported-server` if there is none; for a refresh, too, because the old one would be used after
 * its expiry.
 */
function sessionTokenExp(
  { provider }: ServerContext,
  claims: oauth.IDToken | undefined,
  verified: string,
  now: number,
): number | undefined {
  if (provider.sessionToken !== 'id_token') {
    return undefined;
  }
  const exp = claims?.exp ?? unexpiredExp(verified, now);
  if (exp === undefined) {
    throw new Failure('unsupported-server', 'no-id-token', { detail: 'id_token' });
  }
  return exp;
}

/** The expiry of an ID token that was verified before, if it hasn't expired by the server's clock. */
function unexpiredExp(verified: string, now: number): number | undefined {
  const exp = decodeJwtClaims(verified)?.['exp'];
  return typeof exp === 'number' && exp * 1000 > now ? exp : undefined;
}

/**
 * Parses the granted scopes. GitHub and others separate them with commas. RFC 6749 section 3.3 allows commas in scopes,
 * but as separators they're in a list without spaces, or before each space.
 */
function parseGrantedScopes(scope: string): string[] {
  return normalizeScopes([scope.replace(/\s/.test(scope.trim()) ? /,(?=\s|$)/g : /,/g, ' ')]);
}

const significantSkew = ({ skew }: ServerResponse): number => (isSignificantSkew(skew) ? skew : 0);

/** The client with the clock skew, with which the library validates a response by the server's clock. */
export function withClockSkew({ client }: ServerContext, response: ServerResponse): oauth.Client {
  return {
    ...client,
    [oauth.clockSkew]: Math.round((significantSkew(response) + response.platformClockOffset) / 1000),
  };
}

/**
 * Normalizes a token type for the library. A missing type, or `BearerToken`, means a bearer token (RFC 6750), but not
 * if the token is to be bound to a key.
 * @throws Failure `unsupported-server` if the type is required and missing.
 */
function normalizeTokenType({ token_type: type }: JsonObject, { dpopKey }: ServerContext): unknown {
  if (type !== undefined && type !== null && typeof type !== 'string') {
    return type;
  }
  const name = (type ?? '').trim().toLowerCase();
  if (dpopKey === undefined) {
    return name === '' || /^bearer[ _-]?token$/.test(name) ? 'bearer' : name;
  }
  if (name === '') {
    throw new Failure('unsupported-server', 'token-type', { detail: 'token_type' });
  }
  return name;
}

/**
 * The authentication scheme of a token (RFC 6750, RFC 9449 section 7.1).
 * @throws Failure `unsupported-server` if the type isn't supported.
 */
function parseTokenType({ token_type: type }: oauth.TokenEndpointResponse, { dpopKey }: ServerContext): string {
  if (type === 'dpop' && dpopKey !== undefined) {
    return 'DPoP';
  }
  if (type !== 'bearer') {
    throw new Failure('unsupported-server', 'token-type', { detail: sanitizeServerText(type) });
  }
  return 'Bearer';
}

/**
 * The maximum lifetime, in ms: ten times any reasonable one. Some servers send the largest number that they can
 * represent.
 */
const MAX_LIFETIME = 100 * 365 * DAY;

const clampLifetime = (from: number, to: number): number => Math.min(to, from + MAX_LIFETIME);

type Expiry = Pick<Tokens, 'accessExpiresAt' | 'expirySource'>;

/** The access token's expiry: from `expires_in`, the token's own `exp`, or the setting; otherwise it's unknown. */
function accessExpiry(
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
function earlierExpiry(access: Expiry, idTokenExp: number | undefined, sentAt: number, skew: number): Expiry {
  const exp = idTokenExp === undefined ? Infinity : clampLifetime(sentAt, idTokenExp * 1000 - skew);
  return exp < (access.accessExpiresAt ?? Infinity) ? { accessExpiresAt: exp, expirySource: 'token' } : access;
}

/** The members with the lifetime of the refresh token, in seconds; 0 or less means unknown. */
const SESSION_LIFETIME_FIELDS = ['refresh_token_expires_in', 'refresh_expires_in', 'x_refresh_token_expires_in'];

function sessionEnd(
  body: Readonly<Record<string, unknown>>,
  refreshToken: string | undefined,
  sentAt: number,
  skew: number,
): Pick<Tokens, 'sessionEndsAt' | 'sessionEndSource'> {
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
