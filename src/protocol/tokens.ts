// The token answer (RFC 6749 section 5.1): made regular, checked, and turned into what a session needs.
import * as oauth from 'oauth4webapi';
import { claimsOf } from '../core/claims.ts';
import { DAY, type Uptime } from '../core/clock.ts';
import { Failure, harmless } from '../core/failure.ts';
import { issuerFor } from '../core/issuer.ts';
import { parseObject } from '../core/json.ts';
import { normalizeScopes } from '../core/scopes.ts';
import type { ProofJwk, SessionRecord } from '../core/session.ts';
import { classify, type Step } from './classify.ts';
import type { optionsFor, Server } from './discovery.ts';
import { isNotableSkew, sendProved } from './dpop.ts';
import { checkSignature } from './signature.ts';
import type { Answer, Fetch, Transport } from './transport.ts';

/** What a checked token answer gives. Points in time are in ms since the Unix epoch, by this machine's clock. */
export interface Tokens {
  readonly accessToken: string;
  readonly tokenType: string;
  /** The key with which they were asked for, to which a server with DPoP has bound them (RFC 9449). */
  readonly proofKey?: ProofJwk | undefined;
  readonly refreshToken: string | undefined;
  readonly idToken: string | undefined;
  /** The claims of the ID token, after its checks. */
  readonly claims: oauth.IDToken | undefined;
  /** The scopes that the server says it granted; undefined means as asked. */
  readonly scopes: readonly string[] | undefined;
  /** When the request was sent. */
  readonly sentAt: number;
  /** The machine's uptime at that moment. */
  readonly sentUptime?: Uptime | undefined;
  readonly accessExpiresAt: number | undefined;
  readonly expirySource: SessionRecord['expirySource'];
  readonly sessionEndsAt: number | undefined;
  readonly sessionEndSource: SessionRecord['sessionEndSource'];
  /** How far the server's clock is ahead, in ms. */
  readonly skew: number | undefined;
}

/** A token answer as it arrived: regular JSON, nothing of it checked yet. */
export interface RawTokens {
  readonly answer: Answer;
  readonly body: Readonly<Record<string, unknown>>;
  /** A response for oauth4webapi to check. */
  readonly response: Response;
  /** The refresh token, where there is a usable one. */
  readonly refreshToken: string | undefined;
}

const OPTIONAL_FIELDS: ReadonlySet<string> = new Set(['expires_in', 'refresh_token', 'id_token', 'scope']);

/**
 * Makes an answer regular before the library looks at it, without judging it: fields that are null or empty count as
 * absent; an error in a body with status 200 (GitHub) becomes one with status 400; a body with an error code wins
 * over a challenge header, which would hide it; a lifetime of 0 counts as not said, because a token that is born
 * dead is of no use to anybody.
 */
export function regularize(answer: Answer): RawTokens {
  const isAbsent = (name: string, value: unknown): boolean =>
    (OPTIONAL_FIELDS.has(name) && (value === null || value === '')) || (name === 'expires_in' && typeof value !== 'object' && Number(value) === 0);
  const body = Object.fromEntries(Object.entries(parseObject(answer.body) ?? {}).filter(([name, value]) => !isAbsent(name, value)));
  if (typeof body['expires_in'] === 'object') {
    // A server can make an object that throws where it is taken for a number.
    body['expires_in'] = JSON.stringify(body['expires_in']);
  }
  const isError = typeof body['error'] === 'string' && body['access_token'] === undefined;
  const description = body['error_description'];
  if (isError && typeof description === 'string') {
    body['error_description'] = answer.secrets.reduce((text, secret) => text.replaceAll(secret, '…'), description);
  }
  const headers = new Headers(answer.response.headers);
  headers.delete('content-length');
  headers.delete('content-encoding');
  if (isError) {
    headers.delete('www-authenticate');
  }
  const isEmpty = Object.keys(body).length === 0;
  const response = isEmpty
    ? answer.response
    : new Response(JSON.stringify(body), { status: isError && answer.response.status === 200 ? 400 : answer.response.status, headers });
  const refreshToken = body['refresh_token'];
  return { answer, body, response, refreshToken: typeof refreshToken === 'string' ? refreshToken : undefined };
}

/**
 * Sends a token request and gives its answer, regular and unchecked.
 * @param send makes the request with the `fetch` that it is given.
 * @throws Failure where no answer arrives.
 */
export async function requestTokens(
  server: Server,
  transport: Transport,
  signal: AbortSignal | undefined,
  step: Step,
  send: (fetch: Fetch) => Promise<Response>,
): Promise<RawTokens> {
  let raw: RawTokens | undefined;
  try {
    await sendProved(server, transport, signal, send, (answer) => {
      raw = regularize(answer);
      return raw.response;
    });
  } catch (error) {
    throw classify(error, step);
  }
  if (raw === undefined) {
    throw new Failure('bad-answer', 'no-answer');
  }
  return raw;
}

/**
 * Checks a token answer and reads it. An ID token is checked in full: `iss`, `aud`, `exp`, nonce, and its signature
 * against the server's keys (OpenID Connect Core 3.1.3.7), with the server's measured clock.
 * @param process the library's checks for this grant.
 * @param fetchKeys fetches the server's keys.
 * @throws Failure
 */
export async function checkTokens(
  server: Server,
  raw: RawTokens,
  step: Step,
  process: (metadata: oauth.AuthorizationServer, client: oauth.Client, response: Response) => Promise<oauth.TokenEndpointResponse>,
  fetchKeys: ReturnType<typeof optionsFor>,
): Promise<Tokens> {
  const { answer, body } = raw;
  const lifetime = body['expires_in'];
  if (lifetime !== undefined && !(Number(lifetime) > 0)) {
    throw new Failure('bad-answer', 'bad-lifetime', { detail: harmless(JSON.stringify(lifetime)) });
  }
  const skew = notableSkewOf(answer);
  const idToken = body['id_token'];
  try {
    const tokens = await process(issuing(server, typeof idToken === 'string' ? idToken : ''), readerAt(server, answer), raw.response);
    const claims = oauth.getValidatedIdTokenClaims(tokens);
    if (claims === undefined && server.provider.token === 'id_token') {
      // At a renewal, too: the old one would be handed out past its end.
      throw new Failure('server-unfit', 'no-id-token', { detail: 'id_token' });
    }
    if (claims !== undefined) {
      await checkSignature(server.metadata, raw.response, tokens.id_token ?? '', fetchKeys);
      // A renewal may bring the ID token of the sign-in once more; one that was just asked for is new (OpenID Connect Core 3.1.3.7).
      if (step !== 'refresh' && claims.iat * 1000 < answer.sentAt + skew - DAY) {
        throw new Failure('clock', 'old-id-token');
      }
    }
    return {
      accessToken: tokens.access_token,
      tokenType: tokenTypeOf(tokens, server),
      proofKey: server.proofKey?.jwk,
      refreshToken: tokens.refresh_token,
      idToken: tokens.id_token,
      claims,
      scopes: tokens.scope === undefined ? undefined : grantedIn(tokens.scope),
      sentAt: answer.sentAt,
      sentUptime: answer.sentUptime,
      ...sooner(accessExpiry(server, tokens, answer.sentAt, skew), server.provider.token === 'id_token' ? claims : undefined, answer.sentAt, skew),
      ...sessionEnd(body, tokens.refresh_token, answer.sentAt, skew),
      skew: answer.skew,
    };
  } catch (error) {
    throw classify(error, step);
  }
}

/**
 * The scopes that an answer grants. GitHub and others put commas between them, which are part of a scope by the letter of
 * RFC 6749 section 3.3; but then they stand in a list without a space.
 */
function grantedIn(scope: string): string[] {
  return normalizeScopes([/\s/.test(scope) ? scope : scope.replaceAll(',', ' ')]);
}

const notableSkewOf = ({ skew }: Answer): number => (isNotableSkew(skew) ? skew : 0);

/** The client as the library checks an answer for it: by the server's own clock. */
export function readerAt({ client }: Server, answer: Answer): oauth.Client {
  return { ...client, [oauth.clockSkew]: Math.round((notableSkewOf(answer) + answer.ahead) / 1000) };
}

/**
 * The server as the library compares it with the `iss` of a JWT: one that says which tenant it is of has to be from the
 * issuer of that tenant. Its signature is for the caller to check.
 */
export function issuing({ metadata }: Server, jwt: string): oauth.AuthorizationServer {
  return { ...metadata, issuer: issuerFor(metadata.issuer, claimsOf(jwt)?.['tid']) };
}

/** How a token is shown where it is used (RFC 6750, RFC 9449 section 7.1). */
function tokenTypeOf({ token_type: type }: oauth.TokenEndpointResponse, { proofKey }: Server): string {
  if (type === 'dpop' && proofKey !== undefined) {
    return 'DPoP';
  }
  if (type !== 'bearer') {
    throw new Failure('server-unfit', 'token-type', { detail: harmless(type) });
  }
  return 'Bearer';
}

/** The longest lifetime that is believed, in ms: ten times any that makes sense. Some servers send the largest number they know. */
const LONGEST_LIFETIME = 100 * 365 * DAY;

const believable = (from: number, to: number): number => Math.min(to, from + LONGEST_LIFETIME);

type Expiry = Pick<Tokens, 'accessExpiresAt' | 'expirySource'>;

/** The chain for the access token's expiry: `expires_in`, the token's own `exp`, the setting, or never said. */
function accessExpiry(server: Server, tokens: oauth.TokenEndpointResponse, sentAt: number, skew: number): Expiry {
  if (tokens.expires_in !== undefined) {
    return { accessExpiresAt: believable(sentAt, sentAt + tokens.expires_in * 1000), expirySource: 'expires_in' };
  }
  const exp = expiryOf(tokens.access_token);
  // One that is dead on arrival would be renewed for ever.
  if (exp !== undefined && exp - skew > sentAt) {
    return { accessExpiresAt: believable(sentAt, exp - skew), expirySource: 'token' };
  }
  const assumed = server.provider.assumedLifetime;
  return assumed === undefined
    ? { accessExpiresAt: undefined, expirySource: 'never-said' }
    : { accessExpiresAt: sentAt + assumed, expirySource: 'assumed' };
}

/** The expiry of what callers get: where that is the ID token, both it and the access token have to be good. */
function sooner(access: Expiry, claims: oauth.IDToken | undefined, sentAt: number, skew: number): Expiry {
  const exp = claims === undefined ? Infinity : believable(sentAt, claims.exp * 1000 - skew);
  return exp < (access.accessExpiresAt ?? Infinity) ? { accessExpiresAt: exp, expirySource: 'token' } : access;
}

/** Fields that servers use for the lifetime of the refresh token, in seconds; 0 or less means unknown. */
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
      return { sessionEndsAt: believable(sentAt, sentAt + lifetime * 1000), sessionEndSource: 'answer' };
    }
  }
  const exp = refreshToken === undefined ? undefined : expiryOf(refreshToken);
  return exp === undefined
    ? { sessionEndsAt: undefined, sessionEndSource: undefined }
    : { sessionEndsAt: believable(sentAt, exp - skew), sessionEndSource: 'token' };
}

/** The `exp` of a token that is a JWT, in ms since the Unix epoch by the server's clock. For planning only: nothing is verified. */
function expiryOf(token: string): number | undefined {
  const exp = claimsOf(token)?.['exp'];
  return typeof exp === 'number' && exp > 0 ? exp * 1000 : undefined;
}
