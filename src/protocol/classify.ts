// From whatever a request ended with to one failure of the closed set: by code, never by the text of a message.
import * as oauth from 'oauth4webapi';
import { Failure, asFailure, harmless, type Category } from '../core/failure.ts';

/** What was being done when it went wrong; some codes mean different things at different steps. */
export type Step = 'discovery' | 'authorization' | 'exchange' | 'refresh' | 'revocation' | 'userinfo';

/** A table that lists the codes of each category, turned round so that a code finds its one category. */
function tableOf(codes: Readonly<Partial<Record<Category, readonly string[]>>>): ReadonlyMap<string, Category> {
  return new Map(Object.entries(codes).flatMap(([category, list]) => list.map((code) => [code, category as Category] as const)));
}

const words = (list: string): string[] => list.trim().split(/\s+/);

/**
 * OAuth and OpenID Connect error codes: RFC 6749 sections 4.1.2.1 and 5.2, OpenID Connect Core 3.1.2.6, RFC 7009,
 * RFC 8707, RFC 9470, and what GitHub and Auth0 add.
 */
const OAUTH_ERRORS = tableOf({
  'session-ended': words('invalid_grant bad_refresh_token'),
  'client-rejected': words('invalid_client unauthorized_client incorrect_client_credentials'),
  'scope-rejected': words('invalid_scope invalid_target'),
  'redirect-rejected': words('redirect_uri_mismatch invalid_redirect_uri'),
  configuration: words(`
    invalid_request unsupported_grant_type unsupported_response_type unsupported_token_type
    request_not_supported request_uri_not_supported invalid_request_uri invalid_request_object
    registration_not_supported`),
  server: words('server_error temporarily_unavailable'),
  'rate-limited': words('slow_down'),
  cancelled: words('access_denied'),
  'sign-in-needed': words(`
    login_required interaction_required consent_required account_selection_required mfa_required
    unmet_authentication_requirements bad_verification_code unverified_user_email`),
});

/** Where a code means something else at one step than in the table above. */
const AT_STEP: Readonly<Partial<Record<Step, ReadonlyMap<string, Category>>>> = {
  // The code was used, ran out, or does not fit: the person starts again; no session is lost.
  exchange: tableOf({ 'sign-in-needed': ['invalid_grant'] }),
  refresh: tableOf({ 'session-ended': ['access_denied'] }),
};

/** Codes of Node, undici and TLS, as they stand on an error or on its causes. */
const SYSTEM_ERRORS = tableOf({
  network: words(`
    ENOTFOUND EAI_AGAIN ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ENETUNREACH ENETDOWN
    EHOSTUNREACH EHOSTDOWN EADDRNOTAVAIL ETIMEDOUT UND_ERR_SOCKET UND_ERR_CONNECT_TIMEOUT
    UND_ERR_HEADERS_TIMEOUT UND_ERR_BODY_TIMEOUT`),
  'not-trusted': words(`
    CERT_HAS_EXPIRED CERT_NOT_YET_VALID DEPTH_ZERO_SELF_SIGNED_CERT SELF_SIGNED_CERT_IN_CHAIN
    UNABLE_TO_VERIFY_LEAF_SIGNATURE UNABLE_TO_GET_ISSUER_CERT UNABLE_TO_GET_ISSUER_CERT_LOCALLY
    ERR_TLS_CERT_ALTNAME_INVALID EPROTO`),
});

/** Those of them that mean that there never was a connection, so that nothing can have reached the server. */
const NEVER_CONNECTED: ReadonlySet<string> = new Set(words(`
  ENOTFOUND EAI_AGAIN ECONNREFUSED ENETUNREACH ENETDOWN EHOSTUNREACH EHOSTDOWN EADDRNOTAVAIL UND_ERR_CONNECT_TIMEOUT`));

/** The codes of oauth4webapi that carry no answer to look into. */
const LIBRARY_ERRORS = tableOf({
  configuration: [
    oauth.HTTP_REQUEST_FORBIDDEN,
    oauth.REQUEST_PROTOCOL_FORBIDDEN,
    oauth.MISSING_SERVER_METADATA,
    oauth.INVALID_SERVER_METADATA,
    oauth.JSON_ATTRIBUTE_COMPARISON,
    oauth.UNSUPPORTED_OPERATION,
    oauth.INVALID_REQUEST,
  ],
  clock: [
    oauth.JWT_TIMESTAMP_CHECK,
  ],
  'bad-answer': [
    oauth.JWT_CLAIM_COMPARISON,
    oauth.KEY_SELECTION,
    oauth.INVALID_RESPONSE,
    oauth.PARSE_ERROR,
    oauth.JWT_USERINFO_EXPECTED,
  ],
});

/** HTTP statuses that ask to come again: RFC 9110 section 15.5.9, RFC 8470, RFC 6585. */
const PASSING_STATUSES: ReadonlyMap<number, Category> = new Map([[408, 'network'], [425, 'network'], [429, 'rate-limited']]);

/** Turns anything thrown during a protocol step into a {@link Failure}. A failure passes through unchanged. */
export function classify(error: unknown, step: Step): Failure {
  if (error instanceof Failure) {
    return error;
  }
  if (error instanceof oauth.ResponseBodyError) {
    // "Not now" is what these statuses say, whatever code the body adds.
    const passing = PASSING_STATUSES.get(error.response.status);
    return passing !== undefined ? ofResponse(error.response, error) : ofCode(error.error, step, error.error_description, error.response);
  }
  if (error instanceof oauth.AuthorizationResponseError) {
    return ofCode(error.error, step, error.error_description);
  }
  if (error instanceof oauth.WWWAuthenticateChallengeError) {
    // RFC 6749 section 5.2: at the token endpoint, 401 is about the client's own authentication.
    const category = error.response.status === 401 ? 'client-rejected' : 'configuration';
    return new Failure(category, 'challenge', { cause: error, status: error.response.status });
  }
  if (error instanceof Error && error.cause instanceof Response) {
    return ofResponse(error.cause, error);
  }
  return ofChain(error) ?? asFailure(error);
}

function ofCode(error: string, step: Step, description?: string, response?: Response): Failure {
  const category = AT_STEP[step]?.get(error) ?? OAUTH_ERRORS.get(error);
  return new Failure(category ?? 'bad-answer', /^[\w.-]{1,64}$/.test(error) ? error : 'unknown-error', {
    detail: description === undefined ? undefined : harmless(description),
    status: response?.status,
    retryAfter: response === undefined ? undefined : retryAfterOf(response),
  });
}

/** An answer that is not what the protocol expects: judged by its status first, then by its kind. */
function ofResponse(response: Response, error: Error): Failure {
  const { status } = response;
  const code = `http-${status}`;
  const details = { cause: error, status, retryAfter: retryAfterOf(response) };
  const passing = PASSING_STATUSES.get(status);
  if (passing !== undefined) {
    return new Failure(passing, code, details);
  }
  if (status === 407 || status === 511) {
    return new Failure('not-trusted', code, details);
  }
  if (status >= 500 && status !== 501 && status !== 505) {
    return new Failure('server', code, details);
  }
  if (status === 200 || status === 403) {
    // Where JSON is due, a page is what proxies and the login pages of networks answer.
    const isJson = /^application\/(?:[\w.+-]*\+)?json\b/i.test(response.headers.get('content-type') ?? '');
    return new Failure(isJson ? 'bad-answer' : 'not-trusted', isJson ? code : 'not-json', details);
  }
  return new Failure('configuration', code, details);
}

/** Looks for a known code on an error and on its causes. */
function ofChain(error: unknown): Failure | undefined {
  for (let current = error, depth = 0; current instanceof Error && depth < 8; current = current.cause, depth += 1) {
    if (current instanceof Failure) {
      return current;
    }
    if (current.name === 'TimeoutError' || current.name === 'AbortError') {
      return new Failure('network', 'deadline', { cause: error });
    }
    const code = codeOf(current);
    const category = code === undefined ? undefined : categoryOf(code);
    if (code !== undefined && category !== undefined) {
      const library = LIBRARY_ERRORS.has(code);
      const wasNotSent = NEVER_CONNECTED.has(code);
      return new Failure(category, code, { cause: error, detail: library ? harmless(current.message) : undefined, wasNotSent });
    }
  }
  return undefined;
}

/** Turns what `fetch`, or the reading of a body, rejected with into a {@link Failure}: at worst a network without a code. */
export function classifyTransport(error: unknown): Failure {
  return ofChain(error) ?? new Failure('network', 'fetch-failed', { cause: error });
}

function codeOf(error: Error): string | undefined {
  if (error instanceof AggregateError && !('code' in error)) {
    return error.errors.map((one: unknown) => (one instanceof Error ? codeOf(one) : undefined)).find((code) => code !== undefined);
  }
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function categoryOf(code: string): Category | undefined {
  return LIBRARY_ERRORS.get(code) ?? SYSTEM_ERRORS.get(code) ?? (code.startsWith('ERR_SSL_') ? 'not-trusted' : undefined);
}

/** `Retry-After` in ms: seconds or a date (RFC 9110 section 10.2.3); undefined where absent or nonsense. */
function retryAfterOf(response: Response): number | undefined {
  const value = response.headers.get('retry-after');
  if (value === null) {
    return undefined;
  }
  if (/^\d+$/.test(value.trim())) {
    return Number(value) * 1000;
  }
  // A date is counted from the server's own clock, so that a skew does no harm; without one it says nothing.
  const wait = Date.parse(value) - Date.parse(response.headers.get('date') ?? '');
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}
