// The policies for failures of the network, of servers that are down, of this computer and of other windows.
import { MINUTE, SECOND } from './clock.ts';
import type { FailurePolicy } from './failurePolicy.ts';

/**
 * The statuses with which HTML instead of JSON can come from the server itself; with others it comes from a proxy or
 * from the login page of a network.
 */
const PAGE_STATUSES: readonly number[] = [400, 401, 422];

/** The rows of the failures that aren't about the session. */
export const ENVIRONMENT_FAILURES = {
  // Temporary: the refresh is retried, and the user doesn't have to act.

  network: {
    offlineCodes: ['ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'ENETDOWN', 'EHOSTUNREACH', 'EHOSTDOWN', 'EADDRNOTAVAIL'],
    unsentCodes: ['ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT'],
    localCodes: [
      'ECONNRESET',
      'ECONNABORTED',
      'EPIPE',
      'ETIMEDOUT',
      'UND_ERR_SOCKET',
      'UND_ERR_HEADERS_TIMEOUT',
      'UND_ERR_BODY_TIMEOUT',
      'deadline',
      'fetch-failed',
    ],
    httpStatuses: [408, 425],
    outcome: 'retrying',
    actions: ['retry', 'log'],
    mentionsKeptSession: true,
    firstRetryWithin: 4 * SECOND,
    mayHaveReachedServer: true,
    stopsDiscovery: 'always',
  },
  server: {
    serverCodes: ['server_error', 'temporarily_unavailable'],
    httpStatuses: ['5xx'],
    outcome: 'retrying',
    actions: ['retry', 'log'],
    mentionsKeptSession: true,
    firstRetryWithin: 4 * SECOND,
    discoverySignificance: 3,
    countsWith5xx: true,
  },
  'rate-limited': {
    serverCodes: ['slow_down'],
    localCodes: ['retry-after'],
    httpStatuses: [429],
    outcome: 'retrying',
    actions: ['log'],
    mentionsKeptSession: true,
    firstRetryWithin: 4 * SECOND,
    discoverySignificance: 3,
    countsWith5xx: true,
  },
  'lock-timeout': {
    localCodes: ['lock-timeout'],
    outcome: 'retrying',
    actions: ['retry', 'log'],
    firstRetryWithin: 4 * SECOND,
    isWindowLocal: true,
    lacksLock: true,
  },

  // Something between this computer and the server interferes.

  'unexpected-html': {
    localCodes: ['not-json', 'OAUTH_RESPONSE_IS_NOT_JSON'],
    httpStatuses: ['3xx', 511],
    outcome: 'needs-attention',
    actions: ['retry', 'settings'],
    mentionsKeptSession: true,
    firstRetryWithin: 5 * MINUTE,
    rejectionStatuses: PAGE_STATUSES,
    discoverySignificance: 2,
    clientAcceptance: 'no',
  },
  proxy: {
    unsentCodes: ['UND_ERR_ABORTED', 'UND_ERR_PRX_TLS'],
    localCodes: ['proxy-challenge'],
    httpStatuses: [407],
    outcome: 'needs-attention',
    actions: ['proxy-settings', 'retry'],
    mentionsKeptSession: true,
    firstRetryWithin: 5 * MINUTE,
    stopsDiscovery: 'without-response',
    clientAcceptance: 'no',
  },
  certificate: {
    localCodes: [
      'CERT_UNTRUSTED',
      'CERT_HAS_EXPIRED',
      'CERT_CHAIN_TOO_LONG',
      'CERT_REJECTED',
      'CERT_REVOKED',
      'CERT_SIGNATURE_FAILURE',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'UNABLE_TO_GET_ISSUER_CERT',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'HOSTNAME_MISMATCH',
      'INVALID_CA',
      'INVALID_PURPOSE',
      'PATH_LENGTH_EXCEEDED',
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'ERR_TLS_HANDSHAKE_TIMEOUT',
      'EPROTO',
    ],
    localCodePrefixes: ['ERR_SSL_'],
    outcome: 'needs-attention',
    actions: ['certificate-settings', 'retry'],
    mentionsKeptSession: true,
    firstRetryWithin: 5 * MINUTE,
    stopsDiscovery: 'without-response',
  },

  // This computer.

  clock: {
    localCodes: ['OAUTH_JWT_TIMESTAMP_CHECK_FAILED', 'CERT_NOT_YET_VALID', 'old-id-token', 'early-id-token'],
    outcome: 'needs-attention',
    actions: ['clock', 'retry'],
    mentionsKeptSession: true,
    firstRetryWithin: 5 * MINUTE,
    stopsDiscovery: 'without-response',
  },
  storage: {
    localCodes: [
      'secret-get',
      'secret-store',
      'secret-delete',
      'secret-keys',
      'secret-timeout',
      'secret-not-persistent',
      'folder-timeout',
      'folder-not-persistent',
      'folder-owner',
      'folder-link',
      'storage-timeout',
    ],
    outcome: 'needs-attention',
    actions: ['retry', 'log'],
    firstRetryWithin: 5 * MINUTE,
    isWindowLocal: true,
    isStorageFailure: true,
  },
  'token-in-other-window': {
    localCodes: ['token-in-other-window'],
    outcome: 'needs-attention',
    actions: ['reload', 'sign-in'],
    firstRetryWithin: 5 * MINUTE,
    isWindowLocal: true,
  },
} as const satisfies Readonly<Record<string, FailurePolicy>>;
