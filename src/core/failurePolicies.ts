// Every category of failure and what is done about it, in one table: the codes that mean it, what becomes of the
// session, whether it is tried again, and what the person is offered. The sentence for each stands in the editor's
// room under the same name, because it is translated there.

/** Something a person can choose to do about a failure. */
export type Action =
  | 'sign-in'
  | 'retry'
  | 'settings'
  | 'scopes'
  | 'client-secret'
  | 'proxy-settings'
  | 'certificate-settings'
  | 'clock'
  | 'copy-redirect'
  | 'fixed-port'
  | 'ask-consent'
  | 'another-way'
  | 'new-code'
  | 'reload'
  | 'log'
  | 'diagnostics';

/** What becomes of a session whose renewal has failed, which is what the status bar shows. */
export type Outcome =
  /** It is kept, and it is only a matter of time: "retrying at 14:05". */
  | 'retrying'
  /** It is kept, and somebody has to look at it: "needs attention". */
  | 'attention'
  /** It is over, by a definite verdict: "sign in again". */
  | 'ended'
  /** It can't be renewed any more: the person is asked to sign in, and it ends once its access token expires. */
  | 'ending'
  /** It is kept, and shown as before: the failure is that of one attempt or of one caller. */
  | 'unchanged';

/** How a renewal is tried again by itself: soon and often at first, every minute, at a slow pace only, or not at all. */
export type Retry = 'quick' | 'steady' | 'slow' | 'never';

/** How a category is met. */
export interface FailurePolicy {
  readonly outcome: Outcome;
  readonly retry: Retry;
  /** What the person is offered: at most two, the right one first. Empty where nothing needs them. */
  readonly actions: readonly Action[];
  /**
   * The error codes of servers that mean it, as RFC 6749, OpenID Connect and their like define them. One that means
   * something else at another step has that step in front of it: `refresh:invalid_grant`.
   */
  readonly serverCodes: readonly string[];
  /** What means it here: codes of oauth4webapi, of Node, undici and TLS, `http-` with a status, and this product's own. */
  readonly localCodes: readonly string[];
  /**
   * Which HTTP statuses make it, for a refresh that worked before with the same settings, a rejection that the server
   * doesn't explain ({@link isUnexplainedRejection}): most likely, its refresh token is dead.
   */
  readonly rejectsWith: readonly number[];
}

/** A row of the table: what is done, the error codes of servers that mean it, and the codes from here that do. */
function row(
  outcome: Outcome,
  retry: Retry,
  actions: readonly Action[],
  serverCodes: string,
  localCodes: string,
): FailurePolicy {
  return { outcome, retry, actions, serverCodes: words(serverCodes), localCodes: words(localCodes), rejectsWith: [] };
}

/** A row whose failures can be a rejection that the server doesn't explain. */
function rejecting(remedy: FailurePolicy, statuses: readonly number[] = REJECTING_STATUSES): FailurePolicy {
  return { ...remedy, rejectsWith: statuses };
}

/** The statuses with which a server that works rejects a request: success without tokens, and all 4xx but 407, 408, 425 and 429. */
const REJECTING_STATUSES: readonly number[] = [
  ...Array.from({ length: 100 }, (_, index) => 200 + index),
  ...Array.from({ length: 100 }, (_, index) => 400 + index).filter((status) => ![407, 408, 425, 429].includes(status)),
];
/** The statuses at which a page instead of JSON can come from the server itself; others are what proxies and login portals answer. */
const PAGE_STATUSES: readonly number[] = [400, 401, 422];

const words = (list: string): string[] => list.split(/\s+/).filter((word) => word !== '');

/** What is done about each category of failure: the whole policy at a glance. The names are stable: callers switch on them. */
export const FAILURE_POLICIES = {
  // It is tried again by itself, and nobody has to do anything.
  network: row(
    'retrying',
    'quick',
    ['retry', 'log'],
    '',
    `
    ENOTFOUND EAI_AGAIN ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ENETUNREACH ENETDOWN EHOSTUNREACH EHOSTDOWN
    EADDRNOTAVAIL ETIMEDOUT UND_ERR_SOCKET UND_ERR_CONNECT_TIMEOUT UND_ERR_HEADERS_TIMEOUT UND_ERR_BODY_TIMEOUT
    deadline fetch-failed http-408 http-425`,
  ),
  server: row('retrying', 'quick', ['retry', 'log'], 'server_error temporarily_unavailable', 'http-5xx'),
  'rate-limited': row('retrying', 'quick', ['log'], 'slow_down', 'http-429 retry-after'),
  'lock-timeout': row('retrying', 'quick', ['retry', 'log'], '', 'lock-timeout'),

  // Something stands between here and the server.
  'unexpected-html': rejecting(
    row('attention', 'slow', ['retry', 'proxy-settings'], '', 'not-json OAUTH_RESPONSE_IS_NOT_JSON http-3xx http-511'),
    PAGE_STATUSES,
  ),
  proxy: row(
    'attention',
    'slow',
    ['proxy-settings', 'retry'],
    '',
    'http-407 proxy-challenge UND_ERR_ABORTED UND_ERR_PRX_TLS',
  ),
  certificate: row(
    'attention',
    'slow',
    ['certificate-settings', 'retry'],
    '',
    `
    CERT_UNTRUSTED CERT_HAS_EXPIRED CERT_CHAIN_TOO_LONG CERT_REJECTED CERT_REVOKED CERT_SIGNATURE_FAILURE
    DEPTH_ZERO_SELF_SIGNED_CERT SELF_SIGNED_CERT_IN_CHAIN UNABLE_TO_VERIFY_LEAF_SIGNATURE UNABLE_TO_GET_ISSUER_CERT
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY HOSTNAME_MISMATCH INVALID_CA INVALID_PURPOSE PATH_LENGTH_EXCEEDED
    ERR_TLS_CERT_ALTNAME_INVALID ERR_TLS_HANDSHAKE_TIMEOUT EPROTO`,
  ),
  clock: row(
    'attention',
    'slow',
    ['clock', 'retry'],
    '',
    'OAUTH_JWT_TIMESTAMP_CHECK_FAILED CERT_NOT_YET_VALID old-id-token',
  ),

  // A definite verdict: only signing in again goes on from here.
  'session-ended': row(
    'ended',
    'never',
    ['sign-in'],
    `
    refresh:invalid_grant refresh:access_denied refresh:invalid_token bad_refresh_token bad_token
    refresh:Errors.OIDCSession.RefreshTokenInvalid refresh:Errors.User.RefreshToken.Invalid`,
    '',
  ),
  'session-expired': row('ended', 'never', ['sign-in'], 'refresh:expired_token', 'session-end-passed'),
  'refresh-response-lost': row('ended', 'never', ['sign-in'], '', 'refresh-response-lost'),
  'sign-in-needed': row('ended', 'never', ['sign-in'], 'login_required', ''),
  'interaction-needed': row(
    'ended',
    'never',
    ['sign-in'],
    'interaction_required account_selection_required basic_action message_only',
    '',
  ),
  'consent-needed': row('ended', 'never', ['sign-in'], 'consent_required', ''),
  'second-factor': row('ended', 'never', ['sign-in'], 'mfa_required', ''),
  policy: row(
    'ended',
    'never',
    ['sign-in'],
    `
    invalid_rapt additional_action device_authentication_failed protection_policy_required
    unmet_authentication_requirements insufficient_user_authentication`,
    'claims-challenge',
  ),
  'password-expired': row('ended', 'never', ['sign-in'], 'user_password_expired', ''),
  'email-unverified': row('ended', 'never', ['sign-in'], 'unverified_user_email', ''),

  // The server rejects a refresh without a reason that is known, though the same request worked before. Once can be chance.
  'refresh-rejected': row('retrying', 'steady', ['retry', 'log'], '', 'rejected-once'),
  'refresh-rejected-again': row('ending', 'slow', ['sign-in', 'settings'], '', 'rejected-again'),
  'refresh-rejected-settings': row('attention', 'slow', ['settings', 'sign-in'], '', 'rejected-settings'),

  // The settings, here or at the server, do not fit.
  'client-rejected': row(
    'attention',
    'slow',
    ['settings', 'client-secret'],
    'invalid_client incorrect_client_credentials',
    'challenge no-secret',
  ),
  'client-not-allowed': row(
    'attention',
    'slow',
    ['settings', 'another-way'],
    'unauthorized_client device_flow_disabled invalid_client_metadata',
    '',
  ),
  'redirect-rejected': row(
    'attention',
    'slow',
    ['copy-redirect', 'fixed-port'],
    'redirect_uri_mismatch invalid_redirect_uri',
    '',
  ),
  'scope-rejected': row('attention', 'slow', ['scopes', 'log'], 'invalid_scope invalid_target not_allowed', ''),
  'no-server': row(
    'attention',
    'slow',
    ['settings', 'log'],
    '',
    'no-discovery http-404 http-405 http-410 http-501 http-505',
  ),
  'issuer-mismatch': row(
    'attention',
    'slow',
    ['settings', 'log'],
    '',
    'issuer-mismatch issuer-setting OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED',
  ),
  insecure: row(
    'attention',
    'slow',
    ['settings', 'log'],
    '',
    'http-endpoint OAUTH_HTTP_REQUEST_FORBIDDEN OAUTH_REQUEST_PROTOCOL_FORBIDDEN',
  ),
  'unsupported-server': row(
    'attention',
    'slow',
    ['settings', 'diagnostics'],
    '',
    `
    missing-endpoint bad-endpoint no-s256 no-way token-type no-account no-id-token no-es256
    unsafe-signature OAUTH_MISSING_SERVER_METADATA OAUTH_INVALID_SERVER_METADATA`,
  ),
  configuration: rejecting(
    row(
      'attention',
      'slow',
      ['settings', 'diagnostics'],
      `
    invalid_request unsupported_grant_type unsupported_response_type unsupported_response_mode request_not_supported
    request_uri_not_supported invalid_request_uri invalid_request_object registration_not_supported`,
      `
    OAUTH_UNSUPPORTED_OPERATION OAUTH_INVALID_REQUEST http-4xx`,
    ),
  ),
  'proof-rejected': row('attention', 'slow', ['sign-in', 'settings'], 'invalid_dpop_proof', ''),
  'not-renewable': row(
    'attention',
    'never',
    ['ask-consent', 'scopes'],
    'refresh:unsupported_grant_type',
    'no-refresh-token',
  ),
  'not-configured': row('attention', 'slow', ['settings'], '', 'provider-removed'),

  // The answer is of no use; what the server has said of the session is not known.
  'invalid-response': rejecting(
    row(
      'attention',
      'slow',
      ['retry', 'diagnostics'],
      '',
      `
    OAUTH_PARSE_ERROR OAUTH_INVALID_RESPONSE bad-device-code too-large cut-off bad-key http-2xx http-1xx no-answer`,
    ),
  ),
  'untrusted-answer': row(
    'attention',
    'slow',
    ['sign-in', 'diagnostics'],
    '',
    `
    OAUTH_JWT_CLAIM_COMPARISON_FAILED OAUTH_KEY_SELECTION_FAILED OAUTH_JWT_USERINFO_EXPECTED wrong-issuer wrong-subject wrong-party`,
  ),
  'other-account': row('attention', 'slow', ['sign-in', 'log'], '', 'other-subject other-issuer'),
  'unknown-error': rejecting(row('attention', 'slow', ['retry', 'diagnostics'], '', 'unknown-error')),

  // The place where sessions are kept, and the windows that share it.
  storage: row(
    'attention',
    'slow',
    ['retry', 'log'],
    '',
    `
    secret-get secret-store secret-delete secret-keys secret-slow secret-forgotten folder-slow
    folder-forgotten too-slow`,
  ),
  'token-in-other-window': row('attention', 'slow', ['reload', 'sign-in'], '', 'token-in-other-window'),

  // One attempt to sign in has not worked; no session is lost.
  denied: rejecting(row('unchanged', 'never', ['sign-in'], 'access_denied authorization_declined', '')),
  'invalid-callback': rejecting(
    row('unchanged', 'never', ['sign-in', 'log'], 'invalid_grant bad_verification_code', 'no-code'),
  ),
  'code-expired': rejecting(
    row(
      'unchanged',
      'never',
      ['new-code', 'another-way'],
      `
    device:expired_token device:token_expired exchange:expired_token incorrect_device_code device:bad_verification_code device:invalid_grant`,
      'code-expired',
    ),
  ),
  'sign-in-timeout': row('unchanged', 'never', ['sign-in', 'another-way'], '', 'sign-in-deadline'),
  'no-loopback': row('unchanged', 'never', ['another-way', 'log'], '', 'no-loopback ports-taken'),
  cancelled: row('unchanged', 'never', ['another-way', 'copy-redirect'], '', 'cancelled entry-changed'),
  replaced: row('unchanged', 'never', [], '', 'replaced'),
  'signed-out': row('unchanged', 'never', ['sign-in'], '', 'signed-out'),

  // What a resource says of a token (RFC 6750), and the steps that belong to the protocol.
  'token-rejected': row('unchanged', 'quick', ['retry', 'diagnostics'], 'resource:invalid_token', 'refused-again'),
  'insufficient-scope': row(
    'unchanged',
    'never',
    ['sign-in', 'scopes'],
    'resource:insufficient_scope',
    'scope-not-granted',
  ),
  'step-up-failed': row('unchanged', 'never', ['sign-in', 'log'], '', 'acr-unmet auth-too-old'),
  'bad-challenge': row('unchanged', 'never', ['log'], '', 'bad-challenge'),
  'protocol-step': rejecting(
    row(
      'attention',
      'slow',
      ['retry', 'diagnostics'],
      'authorization_pending device:slow_down use_dpop_nonce unsupported_token_type',
      '',
    ),
  ),

  // Nothing of the above; kept apart so that it is noticed.
  unexpected: row('attention', 'slow', ['retry', 'diagnostics'], '', 'unexpected'),
} as const satisfies Readonly<Record<string, FailurePolicy>>;

/** One of the closed set of failure categories. */
export type Category = keyof typeof FAILURE_POLICIES;

/** All categories, in the order of the table. */
export const CATEGORIES = Object.keys(FAILURE_POLICIES) as [Category, ...Category[]];

/**
 * Whether a failed refresh is a rejection that the server doesn't explain: it was reached, and answered this request with
 * a status of the category's list; or with a challenge for a client whose authentication has worked before, and no code.
 */
export function isUnexplainedRejection(category: Category, code: string, status: number): boolean {
  return FAILURE_POLICIES[category].rejectsWith.includes(status) || code === 'challenge';
}

/** Whether a category is a definite verdict that ends a session. Everything else keeps it. */
export function endsSession(category: Category): boolean {
  return FAILURE_POLICIES[category].outcome === 'ended';
}

/** Whether a session isn't renewed any more after a failure of this category: it has ended, or it ends with its access token. */
export function needsSignIn(category: Category): boolean {
  return endsSession(category) || FAILURE_POLICIES[category].outcome === 'ending';
}

/** The `prompt` (OpenID Connect Core 3.1.2.1) that a new sign-in needs after an error code; undefined where none does. */
export function promptAfter(code: string): string | undefined {
  return PROMPTS.get(code);
}

// A server can call its error "constructor", which an object has.
const PROMPTS: ReadonlyMap<string, string> = new Map([
  ['login_required', 'login'],
  ['consent_required', 'consent'],
  ['account_selection_required', 'select_account'],
]);

function tableOf(codesOf: (remedy: FailurePolicy) => readonly string[]): ReadonlyMap<string, Category> {
  return new Map(
    CATEGORIES.flatMap((category) => codesOf(FAILURE_POLICIES[category]).map((code) => [code, category] as const)),
  );
}

const FROM_SERVER = tableOf(({ serverCodes }) => serverCodes);
const FROM_HERE = tableOf(({ localCodes }) => localCodes);

/** The category of a server's error code, at the step of the protocol where it was given; undefined for an unknown one. */
export function categoryOfError(error: string, step: string): Category | undefined {
  return FROM_SERVER.get(`${step}:${error}`) ?? FROM_SERVER.get(error);
}

/** The category of a code that came about here; undefined for an unknown one. */
export function categoryOfCode(code: string): Category | undefined {
  return FROM_HERE.get(code) ?? (code.startsWith('ERR_SSL_') ? 'certificate' : undefined);
}

/** The category of an HTTP status where the answer says nothing more: its own, or that of its hundred. */
export function categoryOfStatus(status: number): Category {
  return FROM_HERE.get(`http-${status}`) ?? FROM_HERE.get(`http-${Math.floor(status / 100)}xx`) ?? 'invalid-response';
}
