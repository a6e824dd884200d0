// The policies for failures of a single response, of a single sign-in attempt, or of a token that a resource server
// rejects.
import { MINUTE, SECOND } from './clock.ts';
import { REJECTION_STATUSES, type FailurePolicy } from './failurePolicy.ts';

/** The rows of failures that affect one request or one caller. */
export const REQUEST_FAILURES = {
  // The response can't be used; what the server decided about the session isn't known.

  'invalid-response': {
    localCodes: [
      'OAUTH_PARSE_ERROR',
      'OAUTH_INVALID_RESPONSE',
      'bad-device-code',
      'too-large',
      'truncated',
      'bad-key',
      'no-response',
    ],
    httpStatuses: ['1xx', '2xx'],
    outcome: 'needs-attention',
    actions: ['retry', 'diagnostics'],
    mentionsKeptSession: true,
    firstRetryWithin: 5 * MINUTE,
    mayHaveReachedServer: ['truncated'],
    rejectionStatuses: REJECTION_STATUSES,
    discoverySignificance: 3,
    yieldsToHtml: true,
  },
  'endpoint-moved': {
    localCodes: ['endpoint-moved'],
    outcome: 'needs-attention',
    // Trusting a host is a security decision, so the default is the safe alternative.
    actions: ['sign-in', 'trust-endpoint'],
    mentionsKeptSession: true,
    // Only the metadata is read again: the endpoint may move back.
    firstRetryWithin: 5 * MINUTE,
  },
  'endpoint-conflict': {
    localCodes: ['endpoint-of-other-provider'],
    outcome: 'needs-attention',
    actions: ['settings', 'log'],
  },
  'untrusted-response': {
    localCodes: [
      'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
      'OAUTH_KEY_SELECTION_FAILED',
      'OAUTH_JWT_USERINFO_EXPECTED',
      'wrong-issuer',
      'wrong-subject',
      'wrong-party',
      'other-sign-in',
      'wrong-access-token',
      'missing-issuer',
    ],
    outcome: 'needs-attention',
    actions: ['sign-in', 'diagnostics'],
    firstRetryWithin: 5 * MINUTE,
  },
  'other-account': {
    localCodes: ['other-subject', 'other-issuer'],
    outcome: 'needs-attention',
    actions: ['sign-in', 'log'],
    firstRetryWithin: 5 * MINUTE,
  },
  'unknown-error': {
    localCodes: ['unknown-error'],
    outcome: 'needs-attention',
    actions: ['retry', 'diagnostics'],
    mentionsKeptSession: true,
    firstRetryWithin: 5 * MINUTE,
    rejectionStatuses: REJECTION_STATUSES,
    clientAcceptance: 'unknown',
  },

  // One sign-in attempt failed; no session is lost.

  'account-not-allowed': {
    localCodes: ['account-not-allowed'],
    outcome: 'no-change',
    actions: ['sign-in', 'log'],
  },
  denied: {
    serverCodes: ['access_denied', 'authorization_declined'],
    outcome: 'no-change',
    actions: ['sign-in'],
    rejectionStatuses: REJECTION_STATUSES,
  },
  'invalid-callback': {
    serverCodes: ['invalid_grant', 'bad_verification_code'],
    localCodes: ['no-code'],
    outcome: 'no-change',
    actions: ['sign-in', 'log'],
    rejectionStatuses: REJECTION_STATUSES,
  },
  'code-expired': {
    serverCodes: ['incorrect_device_code'],
    serverCodesAtStep: {
      device: ['expired_token', 'token_expired', 'bad_verification_code', 'invalid_grant'],
      exchange: ['expired_token'],
    },
    localCodes: ['code-expired'],
    outcome: 'no-change',
    actions: ['new-code', 'other-method'],
    rejectionStatuses: REJECTION_STATUSES,
  },
  'sign-in-timeout': {
    localCodes: ['sign-in-timeout'],
    outcome: 'no-change',
    actions: ['sign-in', 'other-method'],
    // Most likely, the server doesn't know the redirect URI and showed an error, so that the browser never returned.
    additionalActions: ['fixed-port'],
  },
  'no-loopback': {
    localCodes: ['no-loopback', 'ports-in-use'],
    outcome: 'no-change',
    actions: ['other-method', 'settings'],
  },
  canceled: {
    localCodes: ['canceled', 'entry-changed'],
    outcome: 'no-change',
    actions: ['sign-in', 'other-method'],
    additionalActions: ['copy-redirect'],
    isUserCancellation: true,
    unreportedCodes: ['entry-changed'],
    isWindowLocal: true,
  },
  replaced: {
    localCodes: ['replaced'],
    outcome: 'no-change',
    actions: [],
    isUserCancellation: true,
    isWindowLocal: true,
    isReplaced: true,
  },
  'signed-out': {
    localCodes: ['signed-out'],
    outcome: 'no-change',
    actions: ['sign-in'],
    isWindowLocal: true,
  },

  // A resource server's errors about a token (RFC 6750).

  'token-rejected': {
    serverCodesAtStep: { resource: ['invalid_token'] },
    localCodes: ['token-rejected-again'],
    outcome: 'no-change',
    actions: ['retry', 'diagnostics'],
    firstRetryWithin: 4 * SECOND,
  },
  'insufficient-scope': {
    serverCodesAtStep: { resource: ['insufficient_scope'] },
    localCodes: ['scope-not-granted'],
    outcome: 'no-change',
    actions: ['sign-in', 'scopes'],
  },
  'step-up-failed': {
    localCodes: ['acr-unmet', 'auth-too-old'],
    outcome: 'no-change',
    actions: ['sign-in', 'log'],
  },
  'invalid-challenge': {
    localCodes: ['invalid-challenge'],
    outcome: 'no-change',
    actions: ['log'],
  },

  // Steps of the protocol that are errors only if they're unexpected.

  'protocol-step': {
    serverCodes: ['authorization_pending', 'use_dpop_nonce', 'unsupported_token_type'],
    serverCodesAtStep: { device: ['slow_down'] },
    outcome: 'needs-attention',
    actions: ['retry', 'diagnostics'],
    mentionsKeptSession: true,
    firstRetryWithin: 5 * MINUTE,
    rejectionStatuses: REJECTION_STATUSES,
    continuesPolling: true,
    countsWith5xx: true,
  },

  // None of the above. A category of its own, so that it's noticed.

  unexpected: {
    localCodes: ['unexpected'],
    outcome: 'needs-attention',
    actions: ['retry', 'diagnostics'],
    firstRetryWithin: 5 * MINUTE,
    isWindowLocal: true,
  },
} as const satisfies Readonly<Record<string, FailurePolicy>>;
