// Converts errors and responses to failures, by code and never by the text of a message. The meaning of each code is in
// core/failurePolicies.ts.
import * as oauth from 'oauth4webapi';
import { parseClaims } from '../core/challenge.ts';
import { Failure, toFailure, type FailureDetails } from '../core/failure.ts';
import {
  categoryOfCode,
  categoryOfError,
  categoryOfStatus,
  isUnsentCode,
  yieldsToHtml,
} from '../core/failurePolicies.ts';
import type { ProtocolStep } from '../core/failurePolicy.ts';
import { KnownSecrets } from './knownSecrets.ts';
import type { JsonObject } from './responseBody.ts';
import { isProxyChallenge } from './proxyChallenge.ts';
import { serverTimeOf } from './serverTime.ts';

/**
 * HTTP statuses of temporary failures, whatever error code is in the body: RFC 9110 section 15.5.9, RFC 8470, RFC 6585.
 */
export const TEMPORARY_STATUSES: readonly number[] = [408, 425, 429];

/** The members in which servers send a more specific error code (Microsoft Entra, Google). */
const SUBERROR_FIELDS = ['suberror', 'error_subtype'] as const;

/** The error codes that these members refine. Together with other codes they're ignored. */
const ERRORS_WITH_SUBERROR: readonly string[] = ['invalid_grant', 'interaction_required'];

/** ZITADEL sends the key of a message as the description, which can be used as a code. */
const MESSAGE_KEY = /^Errors(?:\.\w+)+$/;

/** No secrets, for requests without any: metadata and keys. */
const NO_SECRETS = new KnownSecrets();

/**
 * Converts anything thrown during a protocol step to a {@link Failure}. Failures are returned unchanged.
 * @param secrets the secrets that the server's text may echo.
 */
export function classify(error: unknown, step: ProtocolStep, secrets: KnownSecrets = NO_SECRETS): Failure {
  if (error instanceof Failure) {
    return error;
  }
  if (error instanceof oauth.ResponseBodyError) {
    const { cause, error: code, response } = error;
    return TEMPORARY_STATUSES.includes(response.status)
      ? failureOfResponse(response, { cause: error })
      : failureOfBody(code, cause, step, {
          ...responseDetails(response),
          detail: sanitizeDescription(cause['error_description'], secrets),
        });
  }
  if (error instanceof oauth.AuthorizationResponseError) {
    return failureOfErrorCode(error.error, step, { detail: sanitizeDescription(error.error_description, secrets) });
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
  return failureOfCauses(error, secrets) ?? toFailure(error);
}

/** Whether the sign-in is too old (`max_age`, OpenID Connect Core 3.1.2.1), rather than the clock wrong. */
function isAboutAuthTime(cause: unknown): boolean {
  return typeof cause === 'object' && cause !== null && 'claim' in cause && cause.claim === 'auth_time';
}

/** The failure for an error response (RFC 6749 section 5.2), including the extensions of some servers. */
export function failureOfBody(error: string, body: JsonObject, step: ProtocolStep, details: FailureDetails): Failure {
  const { claims, error_description: description } = body;
  if (error === 'unauthorized_client' && details.status === 401) {
    // Keycloak sends this status and code for a wrong client secret; RFC 6749 section 5.2 has `invalid_client` for it.
    return failureOfErrorCode('invalid_client', step, details);
  }
  if (!ERRORS_WITH_SUBERROR.includes(error)) {
    // ZITADEL sends `invalid_request` for an invalid refresh token, as for most errors.
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
  const additional = SUBERROR_FIELDS.map((name) => body[name]).find(
    (code) => typeof code === 'string' && categoryOfError(code, step) !== undefined,
  );
  return failureOfErrorCode(typeof additional === 'string' ? additional : error, step, details);
}

/** The details in the status line and headers of a response. */
export const responseDetails = (
  response: Response,
): { readonly status: number; readonly retryAfter: number | undefined } => ({
  status: response.status,
  retryAfter: parseRetryAfter(response),
});

/** The failure for a server's error code. An unknown code gets a category of its own, which keeps the session. */
export function failureOfErrorCode(error: string, step: ProtocolStep, details: FailureDetails): Failure {
  return new Failure(
    categoryOfError(error, step) ?? 'unknown-error',
    /^[\w.-]{1,64}$/.test(error) ? error : 'unknown-error',
    details,
  );
}

/** The library passes on any JSON value as the description: `null`, a number, an object. Only strings are used. */
const sanitizeDescription = (description: unknown, secrets: KnownSecrets): string | undefined =>
  typeof description === 'string' ? secrets.sanitize(description) : undefined;

/** What is known about a response whose body contains no error code. */
export interface ResponseContext {
  /** Whether the request authenticated the client, so that a challenge is about that (RFC 6749 section 5.2). */
  readonly isClientRequest?: boolean;
  /** Whether the body is a message from the server, rather than an HTML page. */
  readonly hasServerMessage?: boolean;
}

/** The failure for an unexpected response: by its challenge and status, or by an HTML body. */
export function failureOfResponse(
  response: Response,
  additional: FailureDetails,
  { isClientRequest = false, hasServerMessage = false }: ResponseContext = {},
): Failure {
  const { status } = response;
  const details = { ...responseDetails(response), ...additional };
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

/** Whether the body is HTML instead of JSON, as proxies and the login pages of networks send it. */
function isHtmlPage({ headers, status }: Response): boolean {
  const type = headers.get('content-type') ?? '';
  return status === 200 || status === 403 ? !/^application\/(?:[\w.+-]*\+)?json\b/i.test(type) : /\bhtml\b/i.test(type);
}

/** Finds a known code in an error and its causes. */
function failureOfCauses(error: unknown, secrets: KnownSecrets, host?: string): Failure | undefined {
  for (let current = error, depth = 0; current instanceof Error && depth < 8; current = current.cause, depth += 1) {
    if (current instanceof Failure) {
      return current;
    }
    const code = errorCodeOf(current);
    const category = code === undefined ? undefined : categoryOfCode(code);
    if (code !== undefined && category !== undefined) {
      const detail = code.startsWith('OAUTH_') ? secrets.sanitize(current.message) : undefined;
      return new Failure(category, code, { cause: error, detail, host, wasNotSent: isUnsentCode(code) });
    }
    // Checked after the code, because undici reports a tunnel rejected by a proxy as an abort.
    if (current.name === 'TimeoutError' || current.name === 'AbortError') {
      return new Failure('network', 'deadline', { cause: error, host });
    }
  }
  return undefined;
}

/** Converts what `fetch` from a host or reading a body rejected with to a {@link Failure}; `network` if no code is known. */
export function classifyTransport(error: unknown, host: string): Failure {
  return failureOfCauses(error, NO_SECRETS, host) ?? new Failure('network', 'fetch-failed', { cause: error, host });
}

function errorCodeOf(error: Error): string | undefined {
  if (error instanceof AggregateError && !('code' in error)) {
    return error.errors
      .map((one: unknown) => (one instanceof Error ? errorCodeOf(one) : undefined))
      .find((code) => code !== undefined);
  }
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Parses `Retry-After` into ms: seconds or a date (RFC 9110 section 10.2.3); undefined if it's absent or invalid. */
function parseRetryAfter(response: Response): number | undefined {
  const value = response.headers.get('retry-after');
  if (value === null) {
    return undefined;
  }
  if (/^\d+$/.test(value.trim())) {
    return Number(value) * 1000;
  }
  // A date is relative to the server's clock, so that skew doesn't matter; without a `Date` header it can't be used.
  const wait = Date.parse(value) - (serverTimeOf(response.headers) ?? NaN);
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}
