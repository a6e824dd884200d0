// Creates and updates session records.
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

/** Returns the record of a new sign-in. */
export function createRecord(
  { provider, scopes, tokens, account, endpointOrigins }: SignInGrant,
  id: string,
): SessionRecord {
  return {
    version: RECORD_VERSION,
    id,
    providerId: provider.id,
    providerLabel: provider.label,
    issuer: provider.issuer,
    clientId: provider.clientId,
    origins: credentialOrigins(provider),
    refreshSettings: refreshSettingsOf(provider),
    ...(endpointOrigins === undefined ? {} : { endpointOrigins: [...endpointOrigins] }),
    account,
    ...(tokens.claims === undefined ? {} : { subject: tokens.claims.sub }),
    // A server that grants less than requested has decided, and asking again wouldn't change that. Additional scopes
    // must not exclude the callers that the session was signed in for.
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

/** A configured session end counts from the sign-in, so refreshes don't move it. */
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
    // The ID token of a refresh may omit claims of the first one, and is about the same sign-in.
    ...(typeof acr === 'string' && acr !== '' ? { acr } : {}),
    // A time in the future is invalid regardless of clock skew: some servers send ms.
    ...(authenticatedAt > tokens.sentAt + DAY ? {} : { authenticatedAt }),
  };
}

/**
 * Returns the record after a server has answered a refresh: the next generation, with the current refresh token (the
 * one sent if the server returned none: RFC 6749 section 6). Everything else is unchanged.
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
 * Checks that the ID token of a refresh has the issuer of the previous one (OpenID Connect Core 12.2): if the server's
 * tenant is open, another issuer could also be that of the server.
 * @throws Failure `other-account` if it doesn't. A trailing slash makes no difference.
 */
export function assertSameIssuer({ idToken }: SessionRecord, tokens: Tokens): Tokens {
  const before = idToken === undefined ? undefined : decodeJwtClaims(idToken)?.['iss'];
  const now = tokens.claims?.iss;
  if (now !== undefined && typeof before === 'string' && now !== before && !isSameIssuer(now, before)) {
    throw new Failure('other-account', 'other-issuer');
  }
  return tokens;
}

/** Returns the record after a refresh whose response has been verified, in the generation of the given record. */
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
  // A record without recorded endpoints is bound to the current ones.
  const renewed = {
    ...rest,
    providerLabel: provider.label,
    origins: before.origins ?? credentialOrigins(provider),
    refreshSettings: refreshSettingsOf(provider),
    ...fromTokens(tokens),
    isComplete: true,
  };
  if (tokens.sessionEndsAt !== undefined) {
    const isFixed = isSameEnd(record, tokens.sessionEndsAt, tokens.sentAt);
    return {
      ...renewed,
      // Calculated from each request in whole seconds, the same end varies by a second. An end that stays keeps the
      // same value.
      sessionEndsAt:
        isFixed === true ? Math.min(tokens.sessionEndsAt, sessionEndsAt ?? Infinity) : tokens.sessionEndsAt,
      sessionEndSource: tokens.sessionEndSource,
      sessionEndIsFixed: isFixed,
    };
  }
  // This response doesn't specify the end. The same refresh token still ends at the same time. For another one, the end
  // is unknown.
  if (sessionEndSource !== 'setting' && tokens.refreshToken === undefined && sessionEndsAt !== undefined) {
    return { ...renewed, sessionEndsAt, sessionEndSource, sessionEndIsFixed: true };
  }
  return { ...renewed, ...endBySetting(provider, record.signedInAt) };
}

/** Returns the record of a session that a definite verdict has ended. */
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

/** How far, in ms, the skew may vary: the `Date` header has whole seconds, and responses take time. */
const SKEW_TOLERANCE = 30 * SECOND;

/**
 * Returns by how much, in ms, this machine's clock was set since a record's tokens were received, according to the
 * uptime or the server's clock.
 */
function clockShiftSince(record: SessionRecord, { sentAt, sentUptime, skew }: Tokens): number {
  const elapsed = elapsedUptime(record.tokensRequestedUptime, sentUptime);
  if (elapsed !== undefined) {
    const shift = sentAt - record.tokensRequestedAt - elapsed;
    return Math.abs(shift) > elapsed * CLOCK_DRIFT ? shift : 0;
  }
  return record.skew === undefined || skew === undefined ? 0 : record.skew - skew;
}

/** Returns a record with its times shifted to the current clock. */
function shiftForClockChange(record: SessionRecord, tokens: Tokens): SessionRecord {
  const shift = clockShiftSince(record, tokens);
  if (Math.abs(shift) <= SKEW_TOLERANCE) {
    return record;
  }
  const { signedInAt, tokensRequestedAt, sessionEndsAt } = record;
  const end = sessionEndsAt === undefined ? {} : { sessionEndsAt: sessionEndsAt + shift };
  return { ...record, signedInAt: signedInAt + shift, tokensRequestedAt: tokensRequestedAt + shift, ...end };
}

/** Returns whether a refresh has left the session end where it was, rather than extending it. */
function isSameEnd(before: SessionRecord, end: number, sentAt: number): boolean | undefined {
  const elapsed = sentAt - before.tokensRequestedAt;
  if (before.sessionEndsAt === undefined || elapsed < 5 * SECOND) {
    return before.sessionEndIsFixed;
  }
  return end - before.sessionEndsAt < elapsed / 2;
}
