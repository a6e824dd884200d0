// The stored record of a session: one signed-in account at one provider. It's validated when it's read and written.
import * as v from 'valibot';
import { MINUTE, SECOND, elapsedUptime, type Clock } from './clock.ts';
import { Failure, sanitizeServerText } from './failure.ts';
import { fnv1a } from './hash.ts';
import { parseJson } from './json.ts';
import type { TokenLifetimes } from './lifetime.ts';
import type { SessionToken } from './provider.ts';
import { CATEGORIES } from './failurePolicies.ts';

/** The version of the records that this code writes. */
export const RECORD_VERSION = 1;

/** The source of the access token's expiry. `unknown` isn't the same as expired. */
export const EXPIRY_SOURCES = ['expires_in', 'token', 'assumed', 'unknown'] as const;
/** The source of the session's end: a field of the response, the refresh token itself, or the setting. */
export const END_SOURCES = ['response', 'token', 'setting'] as const;

const text = v.pipe(
  v.string(),
  v.check((value) => value !== ''),
);
/** A time in ms since the Unix epoch, in the range of `Date`. */
export const timeSchema = v.pipe(
  v.number(),
  v.check((value) => Math.abs(value) <= 8.64e15),
);

/** A private key on the curve P-256 (RFC 7518 section 6.2). */
const dpopJwkSchema = v.object({ kty: v.literal('EC'), crv: v.literal('P-256'), x: text, y: text, d: text });
/** The key to which the tokens of a session are bound (RFC 9449), as a JWK with the private key. */
export type DpopJwk = Readonly<v.InferOutput<typeof dpopJwkSchema>>;

const recordSchema = v.object({
  version: v.picklist([RECORD_VERSION]),
  /**
   * Stable: it stays the same after refreshes, restarts, and a sign-in of the same account for the same permissions.
   */
  id: v.pipe(
    text,
    v.check((value) => /^[A-Za-z0-9-]+$/.test(value)),
  ),
  providerId: text,
  /** The label of the provider when the tokens were issued: it's still shown after the provider is removed. */
  providerLabel: v.optional(text),
  issuer: text,
  clientId: text,
  /** The origins to which the entry sent credentials when the tokens were issued ({@link credentialOrigins}). */
  origins: v.optional(v.array(text)),
  /** The origins of the server's endpoints that receive credentials, when they were last trusted. */
  endpointOrigins: v.optional(v.array(text)),
  account: v.object({ id: text, label: text }),
  /** The server's name for the account, if the label was changed to be unique. */
  loginHint: v.optional(text),
  /** The `sub` claim of the ID token; absent if the server issues none. */
  subject: v.optional(text),
  /** The scopes that the sign-in requested. */
  scopes: v.array(text),
  /** The scopes that the server granted last; absent if it granted the requested ones (RFC 6749 section 5.1). */
  granted: v.optional(v.array(text)),
  /** The authentication context class of the sign-in (`acr`, OpenID Connect Core 2), if an ID token contained it. */
  acr: v.optional(text),
  /**
   * The time of the sign-in by this machine's clock (`auth_time`, OpenID Connect Core 2), if an ID token contained it.
   */
  authenticatedAt: v.optional(timeSchema),
  tokenType: text,
  accessToken: text,
  refreshToken: v.optional(text),
  /** Whether the server said that it doesn't refresh sessions, so that this one lasts as long as its access token. */
  isNotRefreshable: v.optional(v.boolean()),
  idToken: v.optional(text),
  /** The key that the tokens are bound to, for the whole session; absent for bearer tokens. */
  dpopKey: v.optional(dpopJwkSchema),
  /** Incremented by every refresh and every sign-in. */
  generation: v.pipe(
    v.number(),
    v.check((value) => Number.isSafeInteger(value) && value > 0),
  ),
  /**
   * Whether the whole record is of this generation. If not, only the refresh token is, which is stored before the rest
   * of the response is verified, and the access token is from the previous generation.
   */
  isComplete: v.boolean(),
  /** Whether the current access token replaced one that a resource server rejected. */
  isAfterRejection: v.optional(v.boolean()),
  signedInAt: timeSchema,
  /** When the request for the current access token was sent. */
  tokensRequestedAt: timeSchema,
  /** The machine's uptime at that time. It shows the token's age even if the clock was changed. */
  tokensRequestedUptime: v.optional(v.object({ boot: text, ms: timeSchema })),
  /** A fingerprint of the settings of that request ({@link refreshSettingsOf}). */
  refreshSettings: v.optional(text),
  /** How far the server's clock was ahead at that time, in ms, if the response showed it. */
  skew: v.optional(timeSchema),
  accessExpiresAt: v.optional(timeSchema),
  expirySource: v.picklist(EXPIRY_SOURCES),
  sessionEndsAt: v.optional(timeSchema),
  sessionEndSource: v.optional(v.picklist(END_SOURCES)),
  sessionEndIsFixed: v.optional(v.boolean()),
  /** Why the server definitely ended the session. The record is kept, so that the next sign-in knows the account. */
  ended: v.optional(
    v.object({
      at: timeSchema,
      category: text,
      code: text,
      claims: v.optional(text),
      detail: v.optional(text),
      /** How long, in ms, the access token is still returned; absent for {@link ENDED_GRACE}. */
      gracePeriod: v.optional(timeSchema),
    }),
  ),
});

/** One signed-in account at one provider, with its tokens. Times are in ms since the Unix epoch. */
export type SessionRecord = Readonly<v.InferOutput<typeof recordSchema>>;

/** The result of parsing a stored record. */
export type ParsedRecord =
  | { readonly kind: 'record'; readonly record: SessionRecord }
  /** Written by a later version of this extension, so it must not be changed. */
  | { readonly kind: 'newer'; readonly version: number }
  /** Not a valid record, so it's quarantined. The reason names a field, never its content. */
  | { readonly kind: 'unreadable'; readonly reason: string };

/** The token that `getSession` returns; undefined if that is the ID token and the session has none. */
export function selectToken({ accessToken, idToken }: SessionRecord, kind: SessionToken): string | undefined {
  return kind === 'id_token' ? idToken : accessToken;
}

/** Whether the access token is bound to a key (RFC 9449), so that each request needs a proof, too. */
export function isDpopBound<T extends Pick<SessionRecord, 'dpopKey' | 'tokenType'>>(
  record: T,
): record is T & { readonly dpopKey: DpopJwk } {
  return record.dpopKey !== undefined && record.tokenType === 'DPoP';
}

/** Parses a stored record. Never throws. */
export function parseRecord(stored: string): ParsedRecord {
  const value = parseJson(stored);
  if (value === undefined) {
    return { kind: 'unreadable', reason: 'not JSON' };
  }
  const versioned = v.safeParse(v.looseObject({ version: v.pipe(v.number(), v.integer()) }), value);
  if (versioned.success && versioned.output.version > RECORD_VERSION) {
    return { kind: 'newer', version: versioned.output.version };
  }
  const parsed = v.safeParse(recordSchema, value);
  if (parsed.success) {
    return { kind: 'record', record: parsed.output };
  }
  const field = parsed.issues[0].path?.map((item) => String(item.key)).join('.') ?? '';
  return { kind: 'unreadable', reason: field === '' ? 'not a session' : `field "${field}" is missing or wrong` };
}

/** The properties that show which of two records of a session is newer. Times don't, because clocks can be changed. */
export interface RecordVersion {
  readonly generation: number;
  readonly isComplete: boolean;
  readonly isEnded: boolean;
}

/** The version of a record. */
export function versionOf({ generation, isComplete, ended }: SessionRecord): RecordVersion {
  return { generation, isComplete, isEnded: ended !== undefined };
}

/** Compares the versions of two records of a session: positive if the first one is newer, negative if the second one is. */
export function compareVersions(one: RecordVersion, other: RecordVersion): number {
  return one.generation - other.generation || stageOf(one) - stageOf(other);
}

function stageOf({ isComplete, isEnded }: RecordVersion): number {
  return isEnded ? 2 : isComplete ? 1 : 0;
}

/** Whether one record of a session is newer than another. */
export function isNewer(one: SessionRecord, other: SessionRecord): boolean {
  return compareVersions(versionOf(one), versionOf(other)) > 0;
}

/**
 * Serializes a record.
 * @throws Error naming the field if the record is invalid, so that no unreadable record is stored.
 */
export function formatRecord(record: SessionRecord): string {
  const stored = JSON.stringify(record);
  const parsed = parseRecord(stored);
  if (parsed.kind !== 'record') {
    throw new Error(`Couldn't store the session: ${parsed.kind === 'unreadable' ? parsed.reason : 'newer version'}.`);
  }
  return stored;
}

/**
 * How long, in ms, the access token is still returned after the server has definitely ended the session, unless the record
 * says otherwise: long enough to sign in without an interruption, and short, because the server may have revoked the
 * token, too.
 */
export const ENDED_GRACE = 5 * MINUTE;

/** The failure that ended a session. A category from another version of this extension becomes `session-ended`. */
export function endedFailure({ category, code, claims, detail }: NonNullable<SessionRecord['ended']>): Failure {
  return new Failure(CATEGORIES.find((one) => one === category) ?? 'session-ended', code, {
    claims,
    detail: detail === undefined ? undefined : sanitizeServerText(detail),
  });
}

/** The clock drift, as a share of the elapsed time, that doesn't count as a change of the clock. */
export const CLOCK_DRIFT = 1 / 1000;
/** The minimum difference between clock and uptime, in ms, that counts as setting the clock back. */
const MIN_CLOCK_SET_BACK = 5 * SECOND;

/** The clock and the uptime at one time. */
export type TimeReading = Pick<SessionRecord, 'tokensRequestedAt' | 'tokensRequestedUptime'>;

/**
 * How far the clock was set back since the access token was requested, in ms: the difference between the elapsed uptime
 * and the elapsed clock time. Undefined if it wasn't set back, or if that isn't known. Works for records of other
 * windows, too.
 */
export function clockSetBackSince(
  { tokensRequestedAt, tokensRequestedUptime }: TimeReading,
  clock: Clock,
): number | undefined {
  const elapsed = elapsedUptime(tokensRequestedUptime, clock.uptime?.());
  if (elapsed === undefined) {
    return undefined;
  }
  const behind = elapsed - (clock.now() - tokensRequestedAt);
  return behind > Math.max(MIN_CLOCK_SET_BACK, elapsed * CLOCK_DRIFT) ? behind : undefined;
}

/** The `login_hint` for a sign-in of the same account (OpenID Connect Core 3.1.2.1). */
export function loginHintOf({ account, loginHint }: SessionRecord): string {
  return loginHint ?? account.label;
}

/** The lifetimes of a record. */
export function tokenLifetimes(record: SessionRecord): TokenLifetimes & { readonly signedInAt: number } {
  const {
    tokensRequestedAt,
    signedInAt,
    accessExpiresAt,
    sessionEndsAt,
    sessionEndIsFixed,
    refreshToken,
    isNotRefreshable,
    ended,
  } = record;
  return {
    tokensRequestedAt,
    signedInAt,
    // After the session has definitely ended, a token without known expiry is no longer used.
    accessExpiresAt:
      ended === undefined
        ? accessExpiresAt
        : Math.min(accessExpiresAt ?? ended.at, ended.at + (ended.gracePeriod ?? ENDED_GRACE)),
    sessionEndsAt,
    sessionEndIsFixed,
    isRefreshable: refreshToken !== undefined && isNotRefreshable !== true && ended === undefined,
    jitter: jitterOf(record),
  };
}

/** A pseudorandom number in [0, 1) that is the same in every window: FNV-1a with a final mix. */
function jitterOf({ id, generation }: SessionRecord): number {
  let hash = fnv1a(`${id}.${generation}`);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
