// The part of a session that other windows can read: one file with a plain header and the encrypted record. These
// functions are pure. Each returns the next content of the file, or undefined if the file stays unchanged.
import * as v from 'valibot';
import { Failure, sanitizeServerText } from '../core/failure.ts';
import { CATEGORIES } from '../core/failurePolicies.ts';
import { parseJson } from '../core/json.ts';
import { MAX_RETRY_AFTER } from '../core/retry.ts';
import { compareVersions, timeSchema, versionOf, type SessionRecord } from '../core/session.ts';

/** The highest generation in a file: beyond any real one, and low enough to be incremented. */
const MAX_GENERATION = 2 ** 52;
/** By how many generations a window that can't read the keyring can be ahead: a week of refreshes every minute. */
const MAX_UNVERIFIED_LEAD = 10_000;

const count = v.pipe(
  v.number(),
  v.check((value) => Number.isSafeInteger(value) && value >= 0 && value <= MAX_GENERATION),
);
const macSchema = v.object({ key: v.string(), code: v.string() });

const refreshFailureSchema = v.object({
  /** The generation whose refresh failed. */
  generation: count,
  at: timeSchema,
  category: v.picklist(CATEGORIES),
  code: v.string(),
  /** How many refreshes have failed in a row. */
  failures: count,
  /** When the next automatic attempt is due. */
  nextAttemptAt: v.optional(timeSchema),
  /** Until when the server asked not to be contacted (`Retry-After`). */
  waitUntil: v.optional(timeSchema),
  /** The server's own text, sanitized. */
  detail: v.optional(v.string()),
  /** The host of the server, if there was no complete response. */
  host: v.optional(v.string()),
  /** Until when the window that sent the request waits for the response; absent once the refresh has failed. */
  listensUntil: v.optional(timeSchema),
  /** When the server first rejected this generation without a known reason. */
  rejectedAt: v.optional(timeSchema),
});

/** The last failed refresh of a session in any window. Times are in ms since the Unix epoch. */
export type RefreshFailure = Readonly<v.InferOutput<typeof refreshFailureSchema>>;

const headerSchema = v.object({
  version: v.picklist([1]),
  providerId: v.string(),
  generation: count,
  isComplete: v.boolean(),
  isEnded: v.boolean(),
  /** The generation whose refresh token is being sent, or was sent with an unknown outcome. */
  inFlight: v.optional(count),
  /** A window with a later version of this extension may have recorded a failure that this version doesn't know. */
  lastFailure: v.fallback(v.optional(refreshFailureSchema), undefined),
  /** The encrypted record, which can be of an earlier generation than the header if encrypting failed. */
  sealed: v.optional(v.object({ key: v.string(), text: v.string() })),
  /** The authentication code of the rest, and the name of its key. */
  mac: v.optional(macSchema),
});

/** Verification results that aren't part of the content. */
interface Verification {
  /**
   * Whether this window has no key to verify the file. Its tombstone and failure are then ignored. The generation
   * counts within limits, because a refresh token that another window may have used must not be sent. At worst, a
   * forged file delays refreshes until the user signs in again.
   */
  readonly isUnverified?: true;
}

const tombstoneSchema = v.object({ version: v.picklist([1]), signedOutAt: timeSchema, mac: v.optional(macSchema) });

const fileSchema = v.union([tombstoneSchema, headerSchema]);

/** The file of an existing session. Its secrets can't be read without the key. */
export type SessionHeader = Readonly<v.InferOutput<typeof headerSchema>> & Verification;
/** The file of a signed-out session, which keeps windows from restoring it. */
export type Tombstone = Readonly<v.InferOutput<typeof tombstoneSchema>> & Verification;
/** The content of a session's file. */
export type SessionFile = SessionHeader | Tombstone;

/** Parses the text of a file; undefined if it isn't one of these. */
export function parseSessionFile(text: string): SessionFile | undefined {
  const parsed = v.safeParse(fileSchema, parseJson(text));
  return parsed.success ? parsed.output : undefined;
}

/** Returns whether a file records a sign-out. */
export function isTombstone(file: SessionFile | undefined): file is Tombstone {
  return file !== undefined && 'signedOutAt' in file;
}

/** Returns the header of a session that isn't signed out. */
export function headerOf(file: SessionFile | undefined): SessionHeader | undefined {
  return isTombstone(file) ? undefined : file;
}

/** Returns whether a file is newer than a record, as far as a header can be. */
export function isAhead(header: SessionHeader | undefined, record: SessionRecord): boolean {
  if (header === undefined || compareVersions(header, versionOf(record)) <= 0) {
    return false;
  }
  return header.isUnverified !== true || header.generation - record.generation <= MAX_UNVERIFIED_LEAD;
}

/**
 * Returns the file with a record stored in it, unless the file is newer or the user has signed out.
 * @param sealed the encrypted record; without it, the existing one stays, and other windows only see that it's
 * outdated.
 */
export function withRecord(
  file: SessionFile | undefined,
  record: SessionRecord,
  sealed: SessionHeader['sealed'],
): SessionHeader | undefined {
  const header = headerOf(file);
  if (isTombstone(file) || isAhead(header, record)) {
    return undefined;
  }
  const { inFlight, lastFailure, sealed: before } = header ?? {};
  return {
    version: 1,
    providerId: record.providerId,
    ...versionOf(record),
    inFlight: inFlight !== undefined && inFlight >= oldestInFlight(record) ? inFlight : undefined,
    lastFailure: lastFailure !== undefined && lastFailure.generation >= record.generation ? lastFailure : undefined,
    sealed: sealed ?? before,
  };
}

/** Returns the oldest generation whose request can still be under way once a record is stored. */
function oldestInFlight({ ended, generation, isComplete }: SessionRecord): number {
  // The response to a refresh is processed until its record is complete. Intermediate writes don't end that.
  return ended !== undefined ? Infinity : generation - (isComplete ? 0 : 1);
}

/**
 * Returns the file with a failed refresh, unless the file is of a later generation. A wait that the server requested
 * from another window isn't shortened, and an earlier rejection remains the first one.
 */
export function withFailure(
  file: SessionFile | undefined,
  record: SessionRecord,
  failure: RefreshFailure,
): SessionHeader | undefined {
  const header = atLeast(file, record);
  if (header?.generation !== failure.generation) {
    return undefined;
  }
  const known = header.lastFailure?.generation === failure.generation ? header.lastFailure : undefined;
  const waitUntil = longestWait([known?.waitUntil, failure.waitUntil], failure.at);
  const nextAttemptAt =
    failure.nextAttemptAt === undefined ? undefined : Math.max(failure.nextAttemptAt, waitUntil ?? 0);
  const rejections = [known?.rejectedAt, failure.rejectedAt]
    .filter((at) => at !== undefined)
    .filter((at) => at <= failure.at);
  const rejectedAt = rejections.length === 0 ? undefined : Math.min(...rejections);
  return { ...header, lastFailure: { ...failure, waitUntil, nextAttemptAt, rejectedAt } };
}

/** Returns the file before a refresh token is sent. No window waits for an earlier response any longer. */
export function withRefreshInFlight(file: SessionFile | undefined, record: SessionRecord): SessionHeader | undefined {
  const header = atLeast(file, record);
  if (header?.generation !== record.generation) {
    return undefined;
  }
  const lastFailure = header.lastFailure === undefined ? undefined : { ...header.lastFailure, listensUntil: undefined };
  return { ...header, inFlight: record.generation, lastFailure };
}

/** Returns the file after the outcome of the request is known. */
export function withoutRefreshInFlight(file: SessionFile | undefined): SessionHeader | undefined {
  const header = headerOf(file);
  return header?.inFlight === undefined ? undefined : { ...header, inFlight: undefined };
}

/** Returns the header, updated to the version of a record; undefined after a sign-out. */
function atLeast(file: SessionFile | undefined, record: SessionRecord): SessionHeader | undefined {
  const header = headerOf(file);
  const isCurrent = header !== undefined && compareVersions(header, versionOf(record)) === 0;
  return !isCurrent && !isAhead(header, record) ? withRecord(file, record, undefined) : header;
}

/**
 * Returns whether a window is still processing the response of the file's generation: its record isn't complete yet.
 */
export function isBeingCompleted(header: SessionHeader | undefined): boolean {
  return header !== undefined && !header.isComplete && header.inFlight === header.generation - 1;
}

/** Returns whether a wait isn't over. One longer than the maximum dates from before the clock was set back. */
export function isWait(until: number | undefined, now: number): until is number {
  return until !== undefined && until > now && until - now <= MAX_RETRY_AFTER;
}

/**
 * Returns the longest of several waits that aren't over, as a time in ms since the Unix epoch; undefined if there is
 * none.
 */
export function longestWait(waits: readonly (number | undefined)[], now: number): number | undefined {
  const on = waits.filter((until) => isWait(until, now));
  return on.length === 0 ? undefined : Math.max(...on);
}

/** Returns the failure of another window's refresh. */
export function toSharedFailure({ category, code, detail, host, waitUntil }: RefreshFailure, now: number): Failure {
  return new Failure(category, code, {
    detail: detail === undefined ? undefined : sanitizeServerText(detail),
    host,
    retryAfter: isWait(waitUntil, now) ? waitUntil - now : undefined,
  });
}
