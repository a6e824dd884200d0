// The device authorization grant (RFC 8628).
import * as oauth from 'oauth4webapi';
import { hasUserInfo, isLoopbackHost, parseUrl } from '../core/secureUrl.ts';
import { HOUR, SECOND } from '../core/clock.ts';
import { Failure, sanitizeDisplayName } from '../core/failure.ts';
import { hintParameters, parseMaxAge, type AuthorizationHints } from './authorize.ts';
import { classify } from './classify.ts';
import { clockCorrection } from './clockCorrection.ts';
import { requestOptions, tokenRequestOptions, withResources, type ServerContext } from './discovery.ts';
import { withBody, type NormalizedResponse } from './normalize.ts';
import { sendClientRequest } from './request.ts';
import { verifyTokenResponse, type Tokens } from './tokens.ts';
import { createFetch, type Transport } from './transport.ts';

/** The grant type (RFC 8628 section 3.4), as in `grant_types_supported`. */
export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/** The default polling interval, in ms (RFC 8628 section 3.2). */
const DEFAULT_INTERVAL = 5 * SECOND;

/** The tolerance for the age of a sign-in, in seconds: the default of oauth4webapi. */
const MAX_AGE_TOLERANCE = 30;

/** A validated device authorization response (RFC 8628 section 3.2). */
export interface DeviceCode {
  /** The device code, which is secret and sent only to the server. */
  readonly deviceCode: string;
  /** The code that the user enters, safe to display. It isn't logged. */
  readonly userCode: string;
  /** The URL at which the user enters the code: https, or on this machine. */
  readonly verificationUri: string;
  /** A URL that includes the code, if the server provides one. */
  readonly verificationUriComplete: string | undefined;
  /** The polling interval, in ms. */
  readonly interval: number;
  /** When both codes expire, in ms since the Unix epoch. */
  readonly expiresAt: number;
}

/**
 * Requests a device code and a user code. RFC 8628 defines no hints, but some servers support them, and others ignore
 * them.
 * @throws Failure `invalid-response` for a code or a URL that can't be displayed, `insecure` for a URL without TLS.
 */
export async function requestDeviceCode(
  server: ServerContext,
  scopes: readonly string[],
  transport: Transport,
  signal: AbortSignal,
  hints: AuthorizationHints = {},
): Promise<DeviceCode> {
  const { authentication, client, metadata, provider } = server;
  const parameters = withResources(
    {
      ...provider.authorizationParameters,
      ...hintParameters(hints, provider.authorizationParameters),
      ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
    },
    provider.resource,
  );
  const normalized = await sendClientRequest(server, transport, signal, 'device', (fetch) =>
    oauth.deviceAuthorizationRequest(
      metadata,
      client,
      authentication.clientAuth,
      parameters,
      requestOptions(server, fetch),
    ),
  );
  if (normalized.failure !== undefined) {
    throw normalized.failure;
  }
  try {
    return parseDeviceCode(
      server,
      await oauth.processDeviceAuthorizationResponse(metadata, client, normalizeDeviceResponse(normalized)),
      normalized.original.sentAt,
    );
  } catch (error) {
    throw classify(error, 'device', server.secrets);
  }
}

/**
 * Normalizes a response for the library: Google calls the URL `verification_url`, some servers send numbers as strings,
 * and invalid optional members are removed.
 */
function normalizeDeviceResponse({ body, response }: NormalizedResponse): Response {
  if (body['device_code'] === undefined) {
    return response;
  }
  const {
    interval,
    verification_uri_complete: complete,
    verification_uri: uri = body['verification_url'],
    ...rest
  } = body;
  const wait = typeof interval === 'object' ? NaN : Number(interval);
  const optional = {
    ...(wait > 0 ? { interval: wait } : {}),
    ...(typeof complete === 'string' ? { verification_uri_complete: complete } : {}),
  };
  return withBody(response, { ...rest, verification_uri: uri, ...optional });
}

/**
 * The maximum lifetime of a code, in ms, whatever the server specifies: VS Code blocks other callers while the sign-in is
 * pending.
 */
const MAX_LIFETIME = HOUR;

function parseDeviceCode(
  { allowInsecureRequests }: ServerContext,
  response: oauth.DeviceAuthorizationResponse,
  sentAt: number,
): DeviceCode {
  const userCode = response.user_code.trim();
  const uri = parsePageUrl(response.verification_uri);
  if (userCode === '' || sanitizeDisplayName(userCode) !== userCode || uri === undefined) {
    throw new Failure('invalid-response', 'bad-device-code', {
      detail: hasUserInfo(response.verification_uri) ? 'verification_uri' : undefined,
    });
  }
  const isSafe = ({ hostname, protocol }: URL): boolean =>
    protocol === 'https:' || (allowInsecureRequests && protocol === 'http:' && isLoopbackHost(hostname));
  if (!isSafe(uri)) {
    throw new Failure('insecure', 'http-endpoint', { detail: 'verification_uri' });
  }
  // The complete URL is optional, so an invalid one is ignored.
  const complete = parsePageUrl(response.verification_uri_complete ?? '');
  const { expires_in: lifetime, interval } = response;
  return {
    deviceCode: response.device_code,
    userCode,
    verificationUri: uri.href,
    verificationUriComplete: complete !== undefined && isSafe(complete) ? complete.href : undefined,
    interval: interval === undefined ? DEFAULT_INTERVAL : Math.max(SECOND, interval * SECOND),
    expiresAt: sentAt + Math.min(lifetime * SECOND, MAX_LIFETIME),
  };
}

/** A URL to show and to open in the browser, where user information looks like another host. */
const parsePageUrl = (text: string): URL | undefined => (hasUserInfo(text) ? undefined : parseUrl(text));

/**
 * Polls once for tokens (RFC 8628 section 3.4). An ID token is verified as usual, except for the nonce, which this
 * grant doesn't have. If `openid` was requested from a server with OpenID Connect, an ID token is required.
 * @throws Failure `protocol-step` with `authorization_pending` or `slow_down` while the user hasn't decided.
 */
export async function requestDeviceTokens(
  server: ServerContext,
  code: DeviceCode,
  scopes: readonly string[],
  transport: Transport,
  signal: AbortSignal,
): Promise<Tokens> {
  const { authentication, client, metadata } = server;
  const normalized = await sendClientRequest(server, transport, signal, 'device', (fetch) =>
    oauth.deviceCodeGrantRequest(
      metadata,
      client,
      authentication.clientAuth,
      code.deviceCode,
      tokenRequestOptions(server, fetch),
    ),
  );
  const tokens = await verifyTokenResponse(
    server,
    normalized,
    'device',
    (metadata, expected, response) => oauth.processDeviceCodeResponse(metadata, expected, response),
    { fetch: createFetch(transport, signal) },
  );
  if (server.isOpenId && scopes.includes('openid') && tokens.claims === undefined) {
    throw new Failure('invalid-response', oauth.INVALID_RESPONSE, { detail: 'id_token' });
  }
  // RFC 8628 doesn't define `max_age`, so `auth_time` isn't required.
  const maxAge = parseMaxAge(server.provider.authorizationParameters['max_age']);
  const { auth_time: authTime } = tokens.claims ?? {};
  if (
    maxAge !== undefined &&
    authTime !== undefined &&
    (authTime + maxAge + MAX_AGE_TOLERANCE) * SECOND < tokens.sentAt + clockCorrection(tokens.skew)
  ) {
    throw new Failure('step-up-failed', 'auth-too-old');
  }
  return tokens;
}
