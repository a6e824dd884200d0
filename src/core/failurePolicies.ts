// Every failure category and its policy, in one table. Nothing else in this extension decides by category:
// each rule is a column of the table (failurePolicy.ts) that a function of this file reads. Only the messages are elsewhere,
// because they are translated.
import { ENVIRONMENT_FAILURES } from './failurePoliciesEnvironment.ts';
import { REQUEST_FAILURES } from './failurePoliciesRequest.ts';
import { SERVER_FAILURES } from './failurePoliciesServer.ts';
import type { FailurePolicy, ProtocolStep } from './failurePolicy.ts';

/** One of the closed set of failure categories. The names are stable: other extensions switch on them. */
export type Category = keyof typeof ENVIRONMENT_FAILURES | keyof typeof SERVER_FAILURES | keyof typeof REQUEST_FAILURES;

/** The whole policy: one row for each category. */
export const FAILURE_POLICIES: Readonly<Record<Category, FailurePolicy>> = {
  ...ENVIRONMENT_FAILURES,
  ...SERVER_FAILURES,
  ...REQUEST_FAILURES,
};

/** All categories, in the order of the table. */
export const CATEGORIES = Object.keys(FAILURE_POLICIES) as [Category, ...Category[]];

/** The properties of a failure that the functions below need, in addition to its category. */
interface ClassifiedFailure {
  readonly category: Category;
  readonly code: string;
  readonly wasNotSent: boolean;
}

// From codes to categories. These are maps, because a server can send an error like "constructor", which every object
// has.

const BY_SERVER_CODE = mapOf(serverCodesOf);
const BY_LOCAL_CODE = mapOf(localCodesOf);
const OFFLINE_CODES = mapOf(({ offlineCodes = [] }) => offlineCodes);
const UNSENT_CODES = mapOf(({ offlineCodes = [], unsentCodes = [] }) => [...offlineCodes, ...unsentCodes]);
const PROMPTS = new Map(CATEGORIES.flatMap((category) => Object.entries(FAILURE_POLICIES[category].prompts ?? {})));

function mapOf(keysOf: (policy: FailurePolicy) => readonly string[]): ReadonlyMap<string, Category> {
  return new Map(
    CATEGORIES.flatMap((category) => keysOf(FAILURE_POLICIES[category]).map((key) => [key, category] as const)),
  );
}

/**
 * The server error codes in a row. A code that applies to one step only is prefixed with the step:
 * `refresh:invalid_grant`.
 */
export function serverCodesOf({ serverCodes = [], serverCodesAtStep = {} }: FailurePolicy): readonly string[] {
  const atStep = Object.entries(serverCodesAtStep);
  return [...serverCodes, ...atStep.flatMap(([step, codes]) => codes.map((code) => `${step}:${code}`))];
}

/** The local codes in a row, and those of HTTP statuses: `http-404`, and `http-5xx` for a class of statuses. */
export function localCodesOf({
  httpStatuses = [],
  localCodes = [],
  offlineCodes = [],
  unsentCodes = [],
}: FailurePolicy): readonly string[] {
  return [...offlineCodes, ...unsentCodes, ...localCodes, ...httpStatuses.map((status) => `http-${status}`)];
}

/** The category of a server's error code at a step of the protocol; undefined for an unknown code. */
export function categoryOfError(error: string, step: ProtocolStep): Category | undefined {
  return BY_SERVER_CODE.get(`${step}:${error}`) ?? BY_SERVER_CODE.get(error);
}

/** The category of a local code; undefined for an unknown one. */
export function categoryOfCode(code: string): Category | undefined {
  const hasPrefix = ({ localCodePrefixes = [] }: FailurePolicy): boolean =>
    localCodePrefixes.some((prefix) => code.startsWith(prefix));
  return BY_LOCAL_CODE.get(code) ?? CATEGORIES.find((category) => hasPrefix(FAILURE_POLICIES[category]));
}

/**
 * The category of an HTTP status if the response contains nothing more specific: that of the status, otherwise that of its class.
 */
export function categoryOfStatus(status: number): Category {
  return categoryOfCode(`http-${status}`) ?? categoryOfCode(`http-${Math.floor(status / 100)}xx`) ?? 'invalid-response';
}

/** Whether, by the code of the failure, the shared folder isn't used because other users could change its contents. */
export function isFolderRefused(code: string): boolean {
  return code === 'folder-owner' || code === 'folder-link';
}

/** Whether a code means that there was no connection, so that nothing reached the server. */
export function isUnsentCode(code: string): boolean {
  return UNSENT_CODES.has(code);
}

/** Whether a code means that nothing even left this computer's network, so that a retry puts no load on a server. */
export function isOfflineCode(code: string): boolean {
  return OFFLINE_CODES.has(code);
}

/** The `prompt` (OpenID Connect Core 3.1.2.1) that a new sign-in needs after an error code; undefined if it needs none. */
export function promptAfter(code: string): string | undefined {
  return PROMPTS.get(code);
}

// What happens to the session.

/** Whether a category is a definite verdict that ends a session. All others keep it. */
export function endsSession(category: Category): boolean {
  return FAILURE_POLICIES[category].outcome === 'ended';
}

/** Whether a session ends with its access token after a failure of this category, because it can't be refreshed anymore. */
export function endsWithAccessToken(category: Category): boolean {
  return FAILURE_POLICIES[category].outcome === 'ending';
}

/** Whether a session is no longer refreshed after a failure of this category: it has ended, or ends with its access token. */
export function needsSignIn(category: Category): boolean {
  return endsSession(category) || endsWithAccessToken(category);
}

/** Whether a failure of this category is temporary: the refresh is retried, and the user doesn't have to act. */
export function isTemporary(category: Category): boolean {
  return FAILURE_POLICIES[category].outcome === 'retrying';
}

/** Whether the refresh token is no longer usable after a failure of this category. */
export function marksNotRefreshable(category: Category): boolean {
  return FAILURE_POLICIES[category].marksNotRefreshable === true;
}

/** Whether the server rejects the refresh token without a reason. */
export function lacksReason(category: Category): boolean {
  return FAILURE_POLICIES[category].lacksReason === true;
}

// Refreshes.

/** Whether a failure concerns this window only, so that other windows don't adopt it. */
export function isWindowLocal(category: Category): boolean {
  return FAILURE_POLICIES[category].isWindowLocal === true;
}

/** Whether the server may have processed the request that failed, so that its response is lost. */
export function mayHaveReachedServer({ category, code, wasNotSent }: ClassifiedFailure): boolean {
  const { mayHaveReachedServer: which = [] } = FAILURE_POLICIES[category];
  return !wasNotSent && (which === true || which.includes(code));
}

/**
 * Whether a failed refresh is an unexplained rejection: the server was reached, and responded with a status or a code
 * in the lists of the category.
 */
export function isUnexplainedRejection(category: Category, code: string, status: number): boolean {
  const { rejectionCodes = [], rejectionStatuses = [] } = FAILURE_POLICIES[category];
  return rejectionStatuses.includes(status) || rejectionCodes.includes(code);
}

/** Whether a category is one that unexplained rejections are converted to. */
export function isRefreshRejection(category: Category): boolean {
  return FAILURE_POLICIES[category].isRefreshRejection === true;
}

// Sign-ins.

/** Whether the user canceled the operation or restarted it. */
export function isUserCancellation(category: Category): boolean {
  return FAILURE_POLICIES[category].isUserCancellation === true;
}

/** Whether a newer attempt replaced the one that failed. */
export function isReplaced(category: Category): boolean {
  return FAILURE_POLICIES[category].isReplaced === true;
}

/** Whether a sign-in that also requested the scopes of an existing session is retried without those. */
export function retriesWithFewerScopes(category: Category): boolean {
  return FAILURE_POLICIES[category].retriesWithFewerScopes === true;
}

/** Whether another window has the lock: a sign-in is stored anyway, and a refresh adopts what that window has stored. */
export function lacksLock(category: Category): boolean {
  return FAILURE_POLICIES[category].lacksLock === true;
}

/** Whether the wizard retries the issuer with the trailing slash added or removed. */
export function retriesWithOtherSlash(category: Category): boolean {
  return FAILURE_POLICIES[category].retriesWithOtherSlash === true;
}

/** Whether the device keeps polling (RFC 8628 section 3.5). */
export function continuesPolling(category: Category): boolean {
  return FAILURE_POLICIES[category].continuesPolling === true;
}

// The server and the client.

/**
 * Whether discovery stops at a failure instead of trying the other locations, because nothing is known about any of them.
 * @param status the HTTP status of the response; undefined if there was none.
 */
export function stopsDiscovery(category: Category, status: number | undefined): boolean {
  const { stopsDiscovery: when } = FAILURE_POLICIES[category];
  return when === 'always' || (when === 'without-response' && status === undefined);
}

/**
 * How much a category reveals about a server whose metadata was requested from several locations; a higher number means more.
 */
export function discoverySignificance(category: Category): number {
  return FAILURE_POLICIES[category].discoverySignificance ?? 1;
}

/** Whether cached metadata isn't used after a failure of this category. */
export function distrustsMetadata(category: Category): boolean {
  return FAILURE_POLICIES[category].distrustsMetadata === true;
}

/** Whether an error code of this category counts even with a 5xx status. */
export function countsWith5xx(category: Category): boolean {
  return FAILURE_POLICIES[category].countsWith5xx === true;
}

/** Whether an HTML body is more specific than the status of the response. */
export function yieldsToHtml(status: number): boolean {
  return FAILURE_POLICIES[categoryOfStatus(status)].yieldsToHtml === true;
}

/** Whether a request is sent again with the other client authentication method. */
export function retriesWithOtherAuthentication(category: Category): boolean {
  return FAILURE_POLICIES[category].retriesWithOtherAuthentication === true;
}

/** Whether a server accepted the client that sent a request, as far as its response shows. */
export function clientAcceptance(category: Category): 'yes' | 'no' | 'unknown' {
  return FAILURE_POLICIES[category].clientAcceptance ?? 'yes';
}

// What the user sees.

/** Whether a failure of something that the user requested is reported to them. */
export function isReported({ category, code }: ClassifiedFailure): boolean {
  return FAILURE_POLICIES[category].unreportedCodes?.includes(code) !== true;
}

/** Whether the message of a failure adds that the session is kept. */
export function mentionsKeptSession(category: Category): boolean {
  return FAILURE_POLICIES[category].mentionsKeptSession === true;
}

/** Whether SecretStorage, or the shared folder, failed. */
export function isStorageFailure(category: Category): boolean {
  return FAILURE_POLICIES[category].isStorageFailure === true;
}
