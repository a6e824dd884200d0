// How records come to be: from a sign-in, and from a renewal.
import { decodeJwtClaims } from '../core/jwt.ts';
import { DAY, SECOND, elapsedUptime } from '../core/clock.ts';
import { Failure } from '../core/failure.ts';
import { isSameIssuer } from '../core/issuer.ts';
import type { Provider } from '../core/provider.ts';
import { credentialOrigins } from '../core/serverIdentity.ts';
import { refreshSettingsOf } from '../core/refreshSettings.ts';
import { normalizeScopes } from '../core/scopes.ts';
import { CLOCK_DRIFT, RECORD_VERSION, type SessionRecord } from '../core/session.ts';
import type { SignInGrant } from '../protocol/identity.ts';
import type { Tokens } from '../protocol/tokens.ts';

/** The record of a new sign-in. */
export function createRecord(
  { provider, scopes, tokens, account, endpointOrigins }: SignInGrant,
  id: string,
): SessionRecord {
  return {
    version: RECORD_VERSION,
    id,
    providerId: provider.id,
    issuer: provider.issuer,
    clientId: provider.clientId,
    origins: credentialOrigins(provider),
    refreshSettings: refreshSettingsOf(provider),
    ...(endpointOrigins === undefined ? {} : { endpointOrigins: [...endpointOrigins] }),
    account,
    ...(tokens.claims === undefined ? {} : { subject: tokens.claims.sub }),
    // A server that grants less than was asked has answered the question: asking again would not bring more. What it
    // grants in addition must not keep the session from serving the callers that it was signed in for.
    scopes: normalizeScopes(scopes),
    generation: 1,
    isComplete: true,
    signedInAt: tokens.sentAt,
    ...fromTokens(tokens),
    ...endOfGrant(provider, tokens),
  };
}

function endOfGrant(provider: Provider, tokens: Tokens): Partial<SessionRecord> {
  if (tokens.refreshToken === undefined) {
    return {};
  }
  if (tokens.sessionEndsAt !== undefined) {
    return { sessionEndsAt: tokens.sessionEndsAt, sessionEndSource: tokens.sessionEndSource };
  }
  return endBySetting(provider, tokens.sentAt);
}

/** An end that a person has set counts from the sign-in, so no renewal moves it. */
function endBySetting(provider: Provider, signedInAt: number): Partial<SessionRecord> {
  return provider.sessionLifetime === undefined
    ? {}
    : { sessionEndsAt: signedInAt + provider.sessionLifetime, sessionEndSource: 'setting', sessionEndIsFixed: true };
}

function fromTokens(tokens: Tokens) {
  const acr = tokens.claims?.['acr'];
  const { auth_time: authTime } = tokens.claims ?? {};
  const authenticatedAt = authTime === undefined ? Infinity : authTime * SECOND - (tokens.skew ?? 0);
  return {
    tokenType: tokens.tokenType,
    accessToken: tokens.accessToken,
    tokensRequestedAt: tokens.sentAt,
    ...(tokens.sentUptime === undefined ? {} : { tokensRequestedUptime: tokens.sentUptime }),
    ...(tokens.skew === undefined ? {} : { skew: tokens.skew }),
    accessExpiresAt: tokens.accessExpiresAt,
    expirySource: tokens.expirySource,
    ...(tokens.refreshToken === undefined ? {} : { refreshToken: tokens.refreshToken }),
    ...(tokens.idToken === undefined ? {} : { idToken: tokens.idToken }),
    ...(tokens.dpopKey === undefined ? {} : { dpopKey: tokens.dpopKey }),
    ...(tokens.scopes === undefined ? {} : { granted: [...tokens.scopes] }),
    // An ID token that comes with a renewal may leave out what the first one has said, and speaks of the same sign-in.
    ...(typeof acr === 'string' && acr !== '' ? { acr } : {}),
    // A time that is yet to come says nothing, however far off the clocks are: there are servers that tell it in ms.
    ...(authenticatedAt > tokens.sentAt + DAY ? {} : { authenticatedAt }),
  };
}

/**
 * The record as soon as a server has answered a renewal: the next generation, with the refresh token that now counts
 * (the one sent, where the server returned none: RFC 6749 section 6). All else is as before.
 */
export function withRotatedToken(record: SessionRecord, refreshToken: string | undefined): SessionRecord {
  return {
    ...record,
    generation: record.generation + 1,
    isComplete: false,
    ...(refreshToken === undefined ? {} : { refreshToken }),
  };
}

/**
 * The tokens of a renewal, whose ID token has to be from the issuer of the one before (OpenID Connect Core 12.2): at a
 * server that leaves its tenant open, another issuer could be that of the server, too.
 * @throws Failure `other-account` where it is not. A slash at the end makes no other issuer.
 */
export function assertSameIssuer({ idToken }: SessionRecord, tokens: Tokens): Tokens {
  const before = idToken === undefined ? undefined : decodeJwtClaims(idToken)?.['iss'];
  const now = tokens.claims?.iss;
  if (now !== undefined && typeof before === 'string' && now !== before && !isSameIssuer(now, before)) {
    throw new Failure('other-account', 'other-issuer');
  }
  return tokens;
}

/** The record after a renewal whose answer has passed its checks. Its generation is the one that it is given. */
export function withRefreshedTokens(before: SessionRecord, tokens: Tokens, provider: Provider): SessionRecord {
  const record = shiftForClockChange(before, tokens);
  const {
    ended: _ended,
    isAfterRejection: _isAfterRejection,
    sessionEndsAt,
    sessionEndSource,
    sessionEndIsFixed: _isFixed,
    skew: _skew,
    tokensRequestedUptime: _uptime,
    ...rest
  } = record;
  // A record from before this was kept is bound to where it is sent now.
  const renewed = {
    ...rest,
    origins: before.origins ?? credentialOrigins(provider),
    refreshSettings: refreshSettingsOf(provider),
    ...fromTokens(tokens),
    isComplete: true,
  };
  if (tokens.sessionEndsAt !== undefined) {
    const isFixed = hasStayed(record, tokens.sessionEndsAt, tokens.sentAt);
    return {
      ...renewed,
      // Counted in whole seconds from each request, the same end wavers by a second; one that stays is the same number.
      sessionEndsAt:
        isFixed === true ? Math.min(tokens.sessionEndsAt, sessionEndsAt ?? Infinity) : tokens.sessionEndsAt,
      sessionEndSource: tokens.sessionEndSource,
      sessionEndIsFixed: isFixed,
    };
  }
  // No word of the end this time. The same refresh token still ends when it did; of another one nothing is known.
  if (sessionEndSource !== 'setting' && tokens.refreshToken === undefined && sessionEndsAt !== undefined) {
    return { ...renewed, sessionEndsAt, sessionEndSource, sessionEndIsFixed: true };
  }
  return { ...renewed, ...endBySetting(provider, record.signedInAt) };
}

/** The record of a session that a definite verdict has ended. */
export function withEnd({ category, claims, code, detail }: Failure, record: SessionRecord, at: number): SessionRecord {
  return {
    ...record,
    ended: {
      at,
      category,
      code,
      ...(claims === undefined ? {} : { claims }),
      ...(detail === undefined ? {} : { detail }),
    },
  };
}

/** How far, in ms, a skew may waver: the `Date` header tells whole seconds, and answers take their time. */
const SKEW_TOLERANCE = 30 * SECOND;

/** By how much, in ms, this machine's clock was set since a record's tokens came: by the uptime, or else by the server's clock. */
function clockShiftSince(record: SessionRecord, { sentAt, sentUptime, skew }: Tokens): number {
  const elapsed = elapsedUptime(record.tokensRequestedUptime, sentUptime);
  if (elapsed !== undefined) {
    const shift = sentAt - record.tokensRequestedAt - elapsed;
    return Math.abs(shift) > elapsed * CLOCK_DRIFT ? shift : 0;
  }
  return record.skew === undefined || skew === undefined ? 0 : record.skew - skew;
}

/** A record with its times as this machine's clock would have told them, had it been then what it is now. */
function shiftForClockChange(record: SessionRecord, tokens: Tokens): SessionRecord {
  const shift = clockShiftSince(record, tokens);
  if (Math.abs(shift) <= SKEW_TOLERANCE) {
    return record;
  }
  const { signedInAt, tokensRequestedAt, sessionEndsAt } = record;
  const end = sessionEndsAt === undefined ? {} : { sessionEndsAt: sessionEndsAt + shift };
  return { ...record, signedInAt: signedInAt + shift, tokensRequestedAt: tokensRequestedAt + shift, ...end };
}

/** Whether a renewal has left the session's end where it was, rather than moving it along. */
function hasStayed(before: SessionRecord, end: number, sentAt: number): boolean | undefined {
  const elapsed = sentAt - before.tokensRequestedAt;
  if (before.sessionEndsAt === undefined || elapsed < 5 * SECOND) {
    return before.sessionEndIsFixed;
  }
  return end - before.sessionEndsAt < elapsed / 2;
}
