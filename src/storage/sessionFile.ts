// What other windows can read of a session: one file with a plain header and the encrypted record. The functions here
// are pure; each gives the next content of the file, or undefined if the file stays as it is.
import * as v from 'valibot';
import { Failure, sanitizeServerText } from '../core/failure.ts';
import { CATEGORIES } from '../core/failurePolicies.ts';
import { parseJson } from '../core/json.ts';
import { MAX_RETRY_AFTER } from '../core/retry.ts';
import { compareVersions, timeSchema, versionOf, type SessionRecord } from '../core/session.ts';

/** The highest generation that a file may tell: far beyond any real one, and still one that can be counted on from. */
const MAX_GENERATION = 2 ** 52;
/** By how many generations a window that can't read the keyring can be ahead: a week of renewals each minute. */
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
  /** When the next automatic attempt is. */
  nextAttemptAt: v.optional(timeSchema),
  /** Until when the server has asked not to be contacted (`Retry-After`). */
  waitUntil: v.optional(timeSchema),
  /** The server's own words, sanitized. */
  detail: v.optional(v.string()),
  /** Until when the window that sent the request waits for the response; absent once the refresh has failed. */
  listensUntil: v.optional(timeSchema),
  /** When the server first rejected this generation without a known reason. */
  rejectedAt: v.optional(timeSchema),
});

/** The latest failed refresh of a session, in whichever window. Times are in ms since the Unix epoch. */
export type RefreshFailure = Readonly<v.InferOutput<typeof refreshFailureSchema>>;

const headerSchema = v.object({
  version: v.picklist([1]),
  providerId: v.string(),
  generation: count,
  isComplete: v.boolean(),
  isEnded: v.boolean(),
  /** The generation whose refresh token is on its way to the server, or was, if nobody knows what became of the request. */
  inFlight: v.optional(count),
  /** A window with a later version of this extension can have recorded one that this version doesn't know. */
  lastFailure: v.fallback(v.optional(refreshFailureSchema), undefined),
  /** The encrypted record, which can be of an earlier generation than the header if encrypting failed. */
  sealed: v.optional(v.object({ key: v.string(), text: v.string() })),
  /** The authentication code of all the rest, and the name of the key that it's from. */
  mac: v.optional(macSchema),
});

/** What is known of a file beside its content. */
interface Verification {
  /**
   * Whether this window has no key to verify the file with. A tombstone and a failure don't count then. The generation counts
   * within reason: a refresh token that another window may have used must not be sent. The worst that a forged one can
   * do is to hold up renewals until the person signs in again.
   */
  readonly isUnverified?: true;
}

const tombstoneSchema = v.object({ version: v.picklist([1]), signedOutAt: timeSchema, mac: v.optional(macSchema) });

const fileSchema = v.union([tombstoneSchema, headerSchema]);

/** The file of a session that exists. No secret can be read from it without the key. */
export type SessionHeader = Readonly<v.InferOutput<typeof headerSchema>> & Verification;
/** The file of a session that the person has signed out of, so that no window brings it back. */
export type Tombstone = Readonly<v.InferOutput<typeof tombstoneSchema>> & Verification;
/** The content of a session's file. */
export type SessionFile = SessionHeader | Tombstone;

/** Parses the text of a file; undefined if it isn't one of these. */
export function parseSessionFile(text: string): SessionFile | undefined {
  const parsed = v.safeParse(fileSchema, parseJson(text));
  return parsed.success ? parsed.output : undefined;
}

/** Whether a file says that the person has signed out. */
export function isTombstone(file: SessionFile | undefined): file is Tombstone {
  return file !== undefined && 'signedOutAt' in file;
}

/** The header of a session that isn't signed out. */
export function headerOf(file: SessionFile | undefined): SessionHeader | undefined {
  return isTombstone(file) ? undefined : file;
}

/** Whether a file is of a later version than a record, as far as that can be. */
export function isAhead(header: SessionHeader | undefined, record: SessionRecord): boolean {
  if (header === undefined || compareVersions(header, versionOf(record)) <= 0) {
    return false;
  }
  return header.isUnverified !== true || header.generation - record.generation <= MAX_UNVERIFIED_LEAD;
}

/**
 * The file with a record in it, unless the file's is newer or the person has signed out.
 * @param sealed the encrypted record; without it, the one in the file stays, and other windows only see that it's outdated.
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

/** The oldest generation whose request can still be under way once a record is stored. */
function oldestInFlight({ ended, generation, isComplete }: SessionRecord): number {
  // The response to a refresh is processed until its record is complete; what is stored before doesn't end it.
  return ended !== undefined ? Infinity : generation - (isComplete ? 0 : 1);
}

/**
 * The file with a failed refresh in it, unless the file is of a later generation. A wait that the server has asked
 * another window for isn't shortened, and an earlier rejection stays the first one.
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

/** The file once a refresh token is about to be sent. No window waits for an earlier response any more. */
export function withRefreshInFlight(file: SessionFile | undefined, record: SessionRecord): SessionHeader | undefined {
  const header = atLeast(file, record);
  if (header?.generation !== record.generation) {
    return undefined;
  }
  const lastFailure = header.lastFailure === undefined ? undefined : { ...header.lastFailure, listensUntil: undefined };
  return { ...header, inFlight: record.generation, lastFailure };
}

/** The file once it's known what became of the request. */
export function withoutRefreshInFlight(file: SessionFile | undefined): SessionHeader | undefined {
  const header = headerOf(file);
  return header?.inFlight === undefined ? undefined : { ...header, inFlight: undefined };
}

/** The header, brought up to the version of a record; undefined after a sign-out. */
function atLeast(file: SessionFile | undefined, record: SessionRecord): SessionHeader | undefined {
  const header = headerOf(file);
  const isCurrent = header !== undefined && compareVersions(header, versionOf(record)) === 0;
  return !isCurrent && !isAhead(header, record) ? withRecord(file, record, undefined) : header;
}

/** Whether a window is still busy with the response that brought the file's generation: its record isn't complete yet. */
export function isBeingCompleted(header: SessionHeader | undefined): boolean {
  return header !== undefined && !header.isComplete && header.inFlight === header.generation - 1;
}

/** Whether a wait isn't over; one longer than any that is obeyed is from before the clock was set back. */
export function isWait(until: number | undefined, now: number): until is number {
  return until !== undefined && until > now && until - now <= MAX_RETRY_AFTER;
}

/** The longest of several waits that aren't over, as a time in ms since the Unix epoch; undefined if none is. */
export function longestWait(waits: readonly (number | undefined)[], now: number): number | undefined {
  const on = waits.filter((until) => isWait(until, now));
  return on.length === 0 ? undefined : Math.max(...on);
}

/** The failure that a refresh of another window ended with. */
export function toSharedFailure({ category, code, detail, waitUntil }: RefreshFailure, now: number): Failure {
  return new Failure(category, code, {
    detail: detail === undefined ? undefined : sanitizeServerText(detail),
    retryAfter: isWait(waitUntil, now) ? waitUntil - now : undefined,
  });
}
