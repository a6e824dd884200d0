// The policies for a server that reports the end of a session, rejects a refresh, or doesn't match the settings.
import { MINUTE } from './clock.ts';
import { REJECTION_STATUSES, type FailurePolicy } from './failurePolicy.ts';

/** The rows of failures that the server reports about a session or the client. */
export const SERVER_FAILURES = {
  // The session has definitely ended: only signing in again helps.

  'session-ended': {
    serverCodes: ['bad_refresh_token', 'bad_token'],
    serverCodesAtStep: {
      refresh: [
        'invalid_grant',
        'access_denied',
        'invalid_token',
        'Errors.OIDCSession.RefreshTokenInvalid',
        'Errors.User.RefreshToken.Invalid',
      ],
    },
    outcome: 'ended',
    actions: ['sign-in'],
    lacksReason: true,
  },
  'session-expired': {
    serverCodesAtStep: { refresh: ['expired_token'] },
    localCodes: ['session-end-passed'],
    outcome: 'ended',
    actions: ['sign-in'],
  },
  'refresh-response-lost': {
    localCodes: ['refresh-response-lost'],
    outcome: 'ended',
    actions: ['sign-in'],
  },
  'sign-in-needed': {
    serverCodes: ['login_required'],
    outcome: 'ended',
    actions: ['sign-in'],
    prompts: { login_required: 'login' },
  },
  'interaction-needed': {
    serverCodes: ['interaction_required', 'account_selection_required', 'basic_action', 'message_only'],
    outcome: 'ended',
    actions: ['sign-in'],
    prompts: { account_selection_required: 'select_account' },
  },
  'consent-needed': {
    serverCodes: ['consent_required'],
    outcome: 'ended',
    actions: ['sign-in'],
    prompts: { consent_required: 'consent' },
  },
  'second-factor': {
    serverCodes: ['mfa_required'],
    outcome: 'ended',
    actions: ['sign-in'],
  },
  policy: {
    serverCodes: [
      'invalid_rapt',
      'additional_action',
      'device_authentication_failed',
      'protection_policy_required',
      'unmet_authentication_requirements',
      'insufficient_user_authentication',
    ],
    localCodes: ['claims-challenge'],
    outcome: 'ended',
    actions: ['sign-in'],
  },
  'password-expired': {
    serverCodes: ['user_password_expired'],
    outcome: 'ended',
    actions: ['sign-in'],
  },
  'email-unverified': {
    serverCodes: ['unverified_user_email'],
    outcome: 'ended',
    actions: ['sign-in'],
  },

  // The server rejects a refresh without a known reason, although the same request worked before. Once may be a
  // coincidence.

  'refresh-rejected': {
    localCodes: ['rejected-once'],
    outcome: 'retrying',
    actions: ['retry', 'log'],
    mentionsKeptSession: true,
    firstRetryWithin: MINUTE,
    isRefreshRejection: true,
  },
  'refresh-rejected-again': {
    localCodes: ['rejected-again'],
    outcome: 'ending',
    actions: ['sign-in', 'settings'],
    firstRetryWithin: 5 * MINUTE,
    isRefreshRejection: true,
  },
  'refresh-rejected-settings': {
    localCodes: ['rejected-settings'],
    outcome: 'needs-attention',
    actions: ['settings', 'sign-in'],
    firstRetryWithin: 5 * MINUTE,
    isRefreshRejection: true,
  },

  // The settings, here or at the server, don't match.

  'client-rejected': {
    serverCodes: ['invalid_client', 'incorrect_client_credentials'],
    localCodes: ['challenge', 'no-secret'],
    outcome: 'needs-attention',
    actions: ['settings', 'client-secret'],
    firstRetryWithin: 5 * MINUTE,
    // A challenge without an error code, for a client whose authentication worked before.
    rejectionCodes: ['challenge'],
    retriesWithOtherAuthentication: true,
    clientAcceptance: 'no',
  },
  'client-not-allowed': {
    serverCodes: ['unauthorized_client', 'device_flow_disabled', 'invalid_client_metadata'],
    outcome: 'needs-attention',
    actions: ['settings', 'other-method'],
    firstRetryWithin: 5 * MINUTE,
    clientAcceptance: 'no',
  },
  'redirect-rejected': {
    serverCodes: ['redirect_uri_mismatch', 'invalid_redirect_uri'],
    outcome: 'needs-attention',
    actions: ['copy-redirect', 'fixed-port'],
    firstRetryWithin: 5 * MINUTE,
  },
  'scope-rejected': {
    serverCodes: ['invalid_scope', 'invalid_target', 'not_allowed'],
    outcome: 'needs-attention',
    actions: ['scopes', 'log'],
    firstRetryWithin: 5 * MINUTE,
    retriesWithFewerScopes: true,
  },
  'no-server': {
    localCodes: ['no-discovery'],
    httpStatuses: [404, 405, 410, 501, 505],
    outcome: 'needs-attention',
    actions: ['settings', 'log'],
    firstRetryWithin: 5 * MINUTE,
  },
  'issuer-mismatch': {
    localCodes: ['issuer-mismatch', 'issuer-setting', 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED'],
    outcome: 'needs-attention',
    actions: ['settings', 'log'],
    firstRetryWithin: 5 * MINUTE,
    retriesWithOtherSlash: true,
    discoverySignificance: 4,
    distrustsMetadata: true,
  },
  insecure: {
    localCodes: ['http-endpoint', 'OAUTH_HTTP_REQUEST_FORBIDDEN', 'OAUTH_REQUEST_PROTOCOL_FORBIDDEN'],
    outcome: 'needs-attention',
    actions: ['settings', 'log'],
    firstRetryWithin: 5 * MINUTE,
    discoverySignificance: 5,
    distrustsMetadata: true,
  },
  'unsupported-server': {
    localCodes: [
      'missing-endpoint',
      'bad-endpoint',
      'no-s256',
      'no-sign-in-method',
      'token-type',
      'no-account',
      'no-id-token',
      'no-es256',
      'unsafe-signature',
      'OAUTH_MISSING_SERVER_METADATA',
      'OAUTH_INVALID_SERVER_METADATA',
    ],
    outcome: 'needs-attention',
    actions: ['settings', 'diagnostics'],
    firstRetryWithin: 5 * MINUTE,
    discoverySignificance: 5,
  },
  configuration: {
    serverCodes: [
      'invalid_request',
      'unsupported_grant_type',
      'unsupported_response_type',
      'unsupported_response_mode',
      'request_not_supported',
      'request_uri_not_supported',
      'invalid_request_uri',
      'invalid_request_object',
      'registration_not_supported',
    ],
    localCodes: ['OAUTH_UNSUPPORTED_OPERATION', 'OAUTH_INVALID_REQUEST'],
    httpStatuses: ['4xx'],
    outcome: 'needs-attention',
    actions: ['settings', 'diagnostics'],
    firstRetryWithin: 5 * MINUTE,
    rejectionStatuses: REJECTION_STATUSES,
    yieldsToHtml: true,
    clientAcceptance: 'unknown',
  },
  'proof-rejected': {
    serverCodes: ['invalid_dpop_proof'],
    outcome: 'needs-attention',
    actions: ['sign-in', 'settings'],
    mentionsKeptSession: true,
    firstRetryWithin: 5 * MINUTE,
  },
  'not-renewable': {
    serverCodesAtStep: { refresh: ['unsupported_grant_type'] },
    localCodes: ['no-refresh-token'],
    outcome: 'needs-attention',
    actions: ['ask-consent', 'scopes'],
    marksNotRefreshable: true,
  },
  'not-configured': {
    localCodes: ['provider-removed'],
    outcome: 'needs-attention',
    actions: ['settings'],
    firstRetryWithin: 5 * MINUTE,
    isWindowLocal: true,
  },
} as const satisfies Readonly<Record<string, FailurePolicy>>;
