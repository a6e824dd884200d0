// From whatever a request ended with to one failure of the closed set: by code, never by the text of a message. What
// each code means stands in the table of core/failurePolicies.ts.
import * as oauth from 'oauth4webapi';
import { parseClaims } from '../core/challenge.ts';
import { Failure, toFailure, sanitizeServerText, type FailureDetails } from '../core/failure.ts';
import {
  categoryOfCode,
  categoryOfError,
  categoryOfStatus,
  isUnsentCode,
  yieldsToHtml,
} from '../core/failurePolicies.ts';
import type { ProtocolStep } from '../core/failurePolicy.ts';
import type { JsonObject } from './responseBody.ts';
import { isProxyChallenge } from './proxyChallenge.ts';
import { serverTimeOf } from './serverTime.ts';

/** HTTP statuses that say "not now", whatever code the body adds: RFC 9110 section 15.5.9, RFC 8470, RFC 6585. */
export const TEMPORARY_STATUSES: readonly number[] = [408, 425, 429];

/** The fields in which servers say more exactly what an error code means: Microsoft Entra, Google. */
const SUBERROR_FIELDS = ['suberror', 'error_subtype'] as const;

/** The errors that these fields say more of; beside any other they mean nothing. */
const ERRORS_WITH_SUBERROR: readonly string[] = ['invalid_grant', 'interaction_required'];

/** What ZITADEL has for a description: the key of a message, which is a code and no sentence. */
const MESSAGE_KEY = /^Errors(?:\.\w+)+$/;

/** Turns anything thrown during a protocol step into a {@link Failure}. A failure passes through unchanged. */
export function classify(error: unknown, step: ProtocolStep): Failure {
  if (error instanceof Failure) {
    return error;
  }
  if (error instanceof oauth.ResponseBodyError) {
    const { cause, error: code, response } = error;
    return TEMPORARY_STATUSES.includes(response.status)
      ? failureOfResponse(response, { cause: error })
      : failureOfBody(code, cause, step, {
          ...responseDetails(response),
          detail: sanitizeDescription(cause['error_description']),
        });
  }
  if (error instanceof oauth.AuthorizationResponseError) {
    return failureOfErrorCode(error.error, step, { detail: sanitizeDescription(error.error_description) });
  }
  if (error instanceof oauth.WWWAuthenticateChallengeError) {
    return failureOfResponse(error.response, { cause: error }, { isClientRequest: true });
  }
  if (error instanceof oauth.OperationProcessingError && isAboutAuthTime(error.cause)) {
    return new Failure('step-up-failed', 'auth-too-old', { cause: error });
  }
  if (error instanceof Error && error.cause instanceof Response) {
    return failureOfResponse(error.cause, { cause: error });
  }
  return failureOfCauses(error) ?? toFailure(error);
}

/** Whether it is not the clock that is wrong, but the sign-in that is too long ago (`max_age`, OpenID Connect Core 3.1.2.1). */
function isAboutAuthTime(cause: unknown): boolean {
  return typeof cause === 'object' && cause !== null && 'claim' in cause && cause.claim === 'auth_time';
}

/** An error in the body of an answer (RFC 6749 section 5.2), with what some servers add to it. */
export function failureOfBody(error: string, body: JsonObject, step: ProtocolStep, details: FailureDetails): Failure {
  const { claims, error_description: description } = body;
  if (error === 'unauthorized_client' && details.status === 401) {
    // The status of a client that has not authenticated itself (RFC 6749 section 5.2): Keycloak, of a wrong secret.
    return failureOfErrorCode('invalid_client', step, details);
  }
  if (!ERRORS_WITH_SUBERROR.includes(error)) {
    // A refresh token that is dead is an invalid request there, as is nearly everything.
    const key =
      error === 'invalid_request' && typeof description === 'string' && MESSAGE_KEY.test(description)
        ? description
        : undefined;
    return failureOfErrorCode(
      key !== undefined && categoryOfError(key, step) !== undefined ? key : error,
      step,
      details,
    );
  }
  if (typeof claims === 'string' && parseClaims(claims) !== undefined) {
    return new Failure('policy', 'claims-challenge', { ...details, claims });
  }
  const more = SUBERROR_FIELDS.map((name) => body[name]).find(
    (code) => typeof code === 'string' && categoryOfError(code, step) !== undefined,
  );
  return failureOfErrorCode(typeof more === 'string' ? more : error, step, details);
}

/** What the status line and the headers of an answer tell. */
export const responseDetails = (
  response: Response,
): { readonly status: number; readonly retryAfter: number | undefined } => ({
  status: response.status,
  retryAfter: parseRetryAfter(response),
});

/** The failure of a server's error code; one that nobody has heard of is in a category of its own, which keeps the session. */
export function failureOfErrorCode(error: string, step: ProtocolStep, details: FailureDetails): Failure {
  return new Failure(
    categoryOfError(error, step) ?? 'unknown-error',
    /^[\w.-]{1,64}$/.test(error) ? error : 'unknown-error',
    details,
  );
}

/** The library hands on whatever JSON has for a description: `null`, a number, an object. Only a text says anything. */
const sanitizeDescription = (description: unknown): string | undefined =>
  typeof description === 'string' ? sanitizeServerText(description) : undefined;

/** How an answer is judged of which the body says nothing. */
export interface ResponseContext {
  /** Whether a challenge in it is about the client's own authentication (RFC 6749 section 5.2). */
  readonly isClientRequest?: boolean;
  /** Whether the body is a message of the server, and so no page. */
  readonly hasServerMessage?: boolean;
}

/** An answer that is not what the protocol expects: judged by its status first, then by its kind. */
export function failureOfResponse(
  response: Response,
  more: FailureDetails,
  { isClientRequest = false, hasServerMessage = false }: ResponseContext = {},
): Failure {
  const { status } = response;
  const details = { ...responseDetails(response), ...more };
  if (isProxyChallenge(response)) {
    return new Failure('proxy', 'proxy-challenge', details);
  }
  if (isClientRequest && status === 401 && response.headers.has('www-authenticate')) {
    return new Failure('client-rejected', 'challenge', details);
  }
  if (status === 403 && details.retryAfter !== undefined) {
    return new Failure('rate-limited', 'retry-after', details);
  }
  if (!hasServerMessage && isHtmlPage(response) && yieldsToHtml(status)) {
    return new Failure('unexpected-html', 'not-json', details);
  }
  return new Failure(categoryOfStatus(status), `http-${status}`, details);
}

/** Whether there is a page where JSON is due: what proxies and the login pages of networks answer. */
function isHtmlPage({ headers, status }: Response): boolean {
  const type = headers.get('content-type') ?? '';
  return status === 200 || status === 403 ? !/^application\/(?:[\w.+-]*\+)?json\b/i.test(type) : /\bhtml\b/i.test(type);
}

/** Looks for a known code on an error and on its causes. */
function failureOfCauses(error: unknown): Failure | undefined {
  for (let current = error, depth = 0; current instanceof Error && depth < 8; current = current.cause, depth += 1) {
    if (current instanceof Failure) {
      return current;
    }
    const code = errorCodeOf(current);
    const category = code === undefined ? undefined : categoryOfCode(code);
    if (code !== undefined && category !== undefined) {
      const detail = code.startsWith('OAUTH_') ? sanitizeServerText(current.message) : undefined;
      return new Failure(category, code, { cause: error, detail, wasNotSent: isUnsentCode(code) });
    }
    // After the code: a tunnel that a proxy refuses comes under the name of an abort.
    if (current.name === 'TimeoutError' || current.name === 'AbortError') {
      return new Failure('network', 'deadline', { cause: error });
    }
  }
  return undefined;
}

/** Turns what `fetch`, or the reading of a body, rejected with into a {@link Failure}: at worst a network without a code. */
export function classifyTransport(error: unknown): Failure {
  return failureOfCauses(error) ?? new Failure('network', 'fetch-failed', { cause: error });
}

function errorCodeOf(error: Error): string | undefined {
  if (error instanceof AggregateError && !('code' in error)) {
    return error.errors
      .map((one: unknown) => (one instanceof Error ? errorCodeOf(one) : undefined))
      .find((code) => code !== undefined);
  }
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** `Retry-After` in ms: seconds or a date (RFC 9110 section 10.2.3); undefined where absent or nonsense. */
function parseRetryAfter(response: Response): number | undefined {
  const value = response.headers.get('retry-after');
  if (value === null) {
    return undefined;
  }
  if (/^\d+$/.test(value.trim())) {
    return Number(value) * 1000;
  }
  // A date is counted from the server's own clock, so that a skew does no harm; without one it says nothing.
  const wait = Date.parse(value) - (serverTimeOf(response.headers) ?? NaN);
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}
