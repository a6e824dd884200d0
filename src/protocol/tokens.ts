// The token response (RFC 6749 section 5.1): verified, and converted to what a session needs.
import * as oauth from 'oauth4webapi';
import { decodeJwtClaims } from '../core/jwt.ts';
import { DAY, type Uptime } from '../core/clock.ts';
import { Failure } from '../core/failure.ts';
import type { ProtocolStep } from '../core/failurePolicy.ts';
import { isScope, normalizeScopes } from '../core/scopes.ts';
import type { DpopJwk, SessionRecord } from '../core/session.ts';
import type { JsonObject } from './responseBody.ts';
import { classify } from './classify.ts';
import type { ServerContext } from './discovery.ts';
import { clockCorrection } from './clockCorrection.ts';
import { normalizeIdToken, withTenantIssuer, assertConfiguredIssuer } from './idToken.ts';
import { withBody, type NormalizedResponse } from './normalize.ts';
import { assertAccessTokenHash } from './idTokenBinding.ts';
import { checkSignature } from './signature.ts';
import { accessExpiry, earlierExpiry, sessionEnd } from './tokenLifetime.ts';
import { normalizeTokenType, parseTokenType } from './tokenType.ts';
import type { ServerResponse, Fetch } from './transport.ts';

/** The maximum length of an access or ID token, in characters: more than any server accepts in a request header. */
const MAX_TOKEN_LENGTH = 64 * 1024;
/** The maximum number of granted scopes that are kept. */
const MAX_GRANTED_SCOPES = 1000;

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
  const { accessToken, original, body, failure, refreshToken } = normalized;
  if (failure !== undefined) {
    throw failure;
  }
  if (accessToken !== undefined || refreshToken !== undefined) {
    server.onTokens?.({ accessToken, refreshToken });
  }
  const { id_token: sent } = body;
  const isRepeated = verified !== undefined && sent === verified;
  const idToken = typeof sent === 'string' && !isRepeated ? sent : undefined;
  server.secrets.addReceived(body);
  try {
    assertReasonableSize(body);
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
      tokenType: parseTokenType(tokens.token_type, server),
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
    throw classify(error, step, server.secrets);
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
  await checkSignature(server.metadata, idToken, { fetch, now: response.sentAt, secrets: server.secrets });
  await assertAccessTokenHash(idToken, tokens.access_token);
  // A refresh may return the ID token of the sign-in; a newly requested one must be new (OpenID Connect Core 3.1.3.7).
  if (step !== 'refresh' && validated.iat * 1000 < response.sentAt + significantSkew(response) - DAY) {
    throw new Failure('clock', 'old-id-token');
  }
  if (validated.iat * 1000 > response.sentAt + significantSkew(response) + DAY) {
    throw new Failure('clock', 'early-id-token');
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
 * Checks the length of the tokens. A refresh token may be as long as the response: the caller has stored it already.
 * @throws Failure `invalid-response` if a token is too long to be used.
 */
function assertReasonableSize(body: JsonObject): void {
  for (const name of ['access_token', 'id_token']) {
    const value = body[name];
    if (typeof value === 'string' && value.length > MAX_TOKEN_LENGTH) {
      throw new Failure('invalid-response', 'too-large', { detail: name });
    }
  }
}

/**
 * Parses the granted scopes, keeping those that RFC 6749 allows, up to a limit. RFC 6749 section 3.3 allows commas in
 * scopes, but GitHub and others use them as separators: in a list without spaces, or before each space.
 */
function parseGrantedScopes(scope: string): string[] {
  return normalizeScopes([scope.replace(/\s/.test(scope.trim()) ? /,(?=\s|$)/g : /,/g, ' ')])
    .filter(isScope)
    .slice(0, MAX_GRANTED_SCOPES);
}

const significantSkew = ({ platformClockOffset, skew }: ServerResponse): number =>
  clockCorrection(skew, platformClockOffset);

/** The client with the clock skew, with which the library validates a response by the server's clock. */
export function withClockSkew({ client }: ServerContext, response: ServerResponse): oauth.Client {
  return {
    ...client,
    [oauth.clockSkew]: Math.round((significantSkew(response) + response.platformClockOffset) / 1000),
  };
}
