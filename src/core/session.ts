// A signed-in account at a provider, as it is stored: one record, parsed on the way in and on the way out.
import * as v from 'valibot';
import { MINUTE, SECOND, elapsedUptime, type Clock } from './clock.ts';
import { Failure, sanitizeServerText } from './failure.ts';
import { fnv1a } from './hash.ts';
import { parseJson } from './json.ts';
import type { TokenLifetimes } from './lifetime.ts';
import type { SessionToken } from './provider.ts';
import { CATEGORIES } from './failurePolicies.ts';
import { coversScopes, normalizeScopes } from './scopes.ts';

/** The version of the records that this code writes. */
export const RECORD_VERSION = 2;

/** What makes a record of each older version one of the next. They are never taken out: a store can sleep for years. */
const MIGRATIONS: Readonly<Record<number, (record: Readonly<Record<string, unknown>>) => Record<string, unknown>>> = {
  // Version 1 did not tell a renewal that had come half-way from a complete one.
  1: (record) => ({ ...record, isComplete: true }),
};

/** Where the access token's expiry came from. `unknown` is another state than expired. */
export const EXPIRY_SOURCES = ['expires_in', 'token', 'assumed', 'unknown'] as const;
/** Where the session's end came from: the answer's field, the refresh token itself, or the setting. */
export const END_SOURCES = ['response', 'token', 'setting'] as const;

const text = v.pipe(
  v.string(),
  v.check((value) => value !== ''),
);
// What a `Date` can hold: no time is Infinity, and none is beyond any calendar.
const time = v.pipe(
  v.number(),
  v.check((value) => Math.abs(value) <= 8.64e15),
);

/** A private key on the curve P-256 (RFC 7518 section 6.2). */
const dpopJwkSchema = v.object({ kty: v.literal('EC'), crv: v.literal('P-256'), x: text, y: text, d: text });
/** The key to which the tokens of a session are bound (RFC 9449), as a JWK with its private part. */
export type DpopJwk = Readonly<v.InferOutput<typeof dpopJwkSchema>>;

const recordSchema = v.object({
  version: v.picklist([RECORD_VERSION]),
  /** Stable: it survives renewals, restarts and a sign-in of the same account that does not want less. */
  id: v.pipe(
    text,
    v.check((value) => /^[A-Za-z0-9-]+$/.test(value)),
  ),
  providerId: text,
  issuer: text,
  clientId: text,
  /** Where the entry said that credentials go when these tokens came ({@link credentialOrigins}); absent in records from before this was kept. */
  origins: v.optional(v.array(text)),
  account: v.object({ id: text, label: text }),
  /** What the server calls the person, where the label is something else to be unique. */
  loginHint: v.optional(text),
  /** The `sub` of the ID token; absent for a server that sends none. */
  subject: v.optional(text),
  /** What the sign-in asked for, together with what the server said that it granted. */
  scopes: v.array(text),
  /** The scopes that the server has last said that it granted; absent means as asked (RFC 6749 section 5.1). */
  granted: v.optional(v.array(text)),
  /** How the person has signed in (`acr`, OpenID Connect Core 2), where an ID token has said so. */
  acr: v.optional(text),
  /** When they have, by this machine's clock (`auth_time`, OpenID Connect Core 2), where an ID token has said so. */
  authenticatedAt: v.optional(time),
  tokenType: text,
  accessToken: text,
  refreshToken: v.optional(text),
  /** Whether the server has said that it renews no sessions, so that this one lasts as long as its access token. */
  isNotRefreshable: v.optional(v.boolean()),
  idToken: v.optional(text),
  /** The key that the tokens are bound to; absent where they belong to whoever bears them. It stays for the whole session. */
  dpopKey: v.optional(dpopJwkSchema),
  /** Raised by one with every renewal. */
  generation: v.pipe(
    v.number(),
    v.check((value) => Number.isSafeInteger(value) && value > 0),
  ),
  /**
   * Whether all of it is of this generation. If not, the refresh token is, which is stored before anything else of an
   * answer is checked, and the access token is still that of the generation before.
   */
  isComplete: v.boolean(),
  /** Whether the present access token took the place of one that a resource server had refused. */
  isAfterRejection: v.optional(v.boolean()),
  signedInAt: time,
  /** When the request was sent that brought the present access token. */
  tokensRequestedAt: time,
  /** The machine's uptime at that moment: it shows the token's age even after the clock was set. */
  tokensRequestedUptime: v.optional(v.object({ boot: text, ms: time })),
  /** Which settings that request was made with ({@link refreshSettingsOf}). */
  refreshSettings: v.optional(text),
  /** How far the server's clock was ahead then, in ms, where its answer told. */
  skew: v.optional(time),
  accessExpiresAt: v.optional(time),
  expirySource: v.picklist(EXPIRY_SOURCES),
  sessionEndsAt: v.optional(time),
  sessionEndSource: v.optional(v.picklist(END_SOURCES)),
  sessionEndIsFixed: v.optional(v.boolean()),
  /** The definite verdict that ended the session. The record stays, so that signing in again knows the account. */
  ended: v.optional(
    v.object({ at: time, category: text, code: text, claims: v.optional(text), detail: v.optional(text) }),
  ),
});

/** One signed-in account at one provider, with its tokens. Times are in ms since the Unix epoch. */
export type SessionRecord = Readonly<v.InferOutput<typeof recordSchema>>;

/** What a stored text turned out to be. */
export type ParsedRecord =
  | { readonly kind: 'record'; readonly record: SessionRecord }
  /** Written by a later version of this extension: to be left alone. */
  | { readonly kind: 'newer'; readonly version: number }
  /** Not a record: to be set aside. The reason names a field, never its content. */
  | { readonly kind: 'unreadable'; readonly reason: string };

/** The token of a session that callers get; undefined where that is the ID token and it has none. */
export function selectToken({ accessToken, idToken }: SessionRecord, kind: SessionToken): string | undefined {
  return kind === 'id_token' ? idToken : accessToken;
}

/** Parses a stored text. Never throws. */
export function parseRecord(stored: string): ParsedRecord {
  const value = parseJson(stored);
  if (value === undefined) {
    return { kind: 'unreadable', reason: 'not JSON' };
  }
  const versioned = v.safeParse(v.looseObject({ version: v.number() }), value);
  if (versioned.success && versioned.output.version > RECORD_VERSION) {
    return { kind: 'newer', version: versioned.output.version };
  }
  const parsed = v.safeParse(recordSchema, versioned.success ? migrated(versioned.output) : value);
  if (parsed.success) {
    return { kind: 'record', record: parsed.output };
  }
  const field = parsed.issues[0].path?.map((item) => String(item.key)).join('.') ?? '';
  return { kind: 'unreadable', reason: field === '' ? 'not a session' : `field "${field}" is missing or wrong` };
}

function migrated(record: { readonly version: number } & Readonly<Record<string, unknown>>): Record<string, unknown> {
  const migrate = MIGRATIONS[record.version];
  const next = migrate?.(record);
  return next === undefined ? record : migrated({ ...next, version: record.version + 1 });
}

/** What tells which of two records of a session is the newer one. Times don't, because clocks are set. */
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
 * The text to store for a record.
 * @throws Error naming the field where the record is not one, so that nothing unreadable is ever written.
 */
export function formatRecord(record: SessionRecord): string {
  const stored = JSON.stringify(record);
  const parsed = parseRecord(stored);
  if (parsed.kind !== 'record') {
    throw new Error(`The session cannot be stored: ${parsed.kind === 'unreadable' ? parsed.reason : 'newer version'}.`);
  }
  return stored;
}

/**
 * How long, in ms, the access token in hand is still handed out after the server has definitely ended the session: long
 * enough to sign in without a break, short enough that nobody is left with a token that the server has revoked, too.
 */
export const ENDED_GRACE = 5 * MINUTE;

/** The definite verdict that ended a session, as the failure that it was; one of another version's categories is a plain end. */
export function endedFailure({ category, code, claims, detail }: NonNullable<SessionRecord['ended']>): Failure {
  return new Failure(CATEGORIES.find((one) => one === category) ?? 'session-ended', code, {
    claims,
    detail: detail === undefined ? undefined : sanitizeServerText(detail),
  });
}

/** How much slower than the uptime, as a share of the time that passed, a clock may run before it counts as set back. */
export const CLOCK_DRIFT = 1 / 1000;
/** The least difference between clock and uptime that counts as a clock that was set back, in ms. */
const MIN_CLOCK_SET_BACK = 5 * SECOND;

/** What the clock and the uptime showed at one moment. */
export type TimeReading = Pick<SessionRecord, 'tokensRequestedAt' | 'tokensRequestedUptime'>;

/**
 * How far the clock was set back since the access token was requested, in ms: the uptime shows that more time has
 * passed than the clock does. Undefined if it wasn't, or if that can't be known. This holds for any record, also one
 * that another window made before the clock was set.
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

/** Whom a sign-in of the same account is expected to be (`login_hint`, OpenID Connect Core 3.1.2.1). */
export function loginHintOf({ account, loginHint }: SessionRecord): string {
  return loginHint ?? account.label;
}

/** What of a record decides its lifetimes. */
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
    // A token that never said when it expires is not trusted past a definite verdict at all.
    accessExpiresAt:
      ended === undefined ? accessExpiresAt : Math.min(accessExpiresAt ?? ended.at, ended.at + ENDED_GRACE),
    sessionEndsAt,
    sessionEndIsFixed,
    isRefreshable: refreshToken !== undefined && isNotRefreshable !== true && ended === undefined,
    jitter: jitterOf(record),
  };
}

/** A number in [0, 1) that looks random and is the same in every window: FNV-1a, mixed once more at the end. */
function jitterOf({ id, generation }: SessionRecord): number {
  let hash = fnv1a(`${id}.${generation}`);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/** Whether a session can serve a caller that wants these scopes. Only a sign-in changes the scopes of a session, and only to more. */
export function servesScopes(record: SessionRecord, wanted: readonly string[]): boolean {
  return coversScopes(record.scopes, wanted);
}

/** Whether two sessions stand for the same sign-in: same provider, account and scopes. */
export function isSameSignIn(one: SessionRecord, other: SessionRecord): boolean {
  return (
    one.providerId === other.providerId &&
    one.issuer === other.issuer &&
    one.account.id === other.account.id &&
    normalizeScopes(one.scopes).sort().join(' ') === normalizeScopes(other.scopes).sort().join(' ')
  );
}
