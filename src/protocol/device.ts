// The device authorization grant: RFC 8628. A code that the person types on any device, and one that only this client knows.
import * as oauth from 'oauth4webapi';
import { isLoopbackHost } from '../core/secureUrl.ts';
import { HOUR, SECOND } from '../core/clock.ts';
import { Failure, sanitizeDisplayName } from '../core/failure.ts';
import { hintParameters, parseMaxAge, type AuthorizationHints } from './authorize.ts';
import { classify } from './classify.ts';
import { requestOptions, tokenRequestOptions, withResources, type ServerContext } from './discovery.ts';
import { withBody, type NormalizedResponse } from './normalize.ts';
import { sendClientRequest } from './request.ts';
import { verifyTokenResponse, type Tokens } from './tokens.ts';
import { createFetch, type Transport } from './transport.ts';

/** The grant type (RFC 8628 section 3.4), as servers list it. */
export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/** How long, in ms, to wait between two requests where the server does not say (RFC 8628 section 3.2). */
const DEFAULT_INTERVAL = 5 * SECOND;

/** By how many seconds a sign-in may be older than is wanted: as much as the library allows elsewhere. */
const MAX_AGE_TOLERANCE = 30;

/** What the server answers to a device authorization request (RFC 8628 section 3.2), checked. */
export interface DeviceCode {
  /** The secret half, which never leaves memory but for the server. */
  readonly deviceCode: string;
  /** What the person types; fit to be shown. It is no secret to them, but stands in no log either. */
  readonly userCode: string;
  /** The address at which they type it: https, or on this machine. */
  readonly verificationUri: string;
  /** An address that has the code in it already, where the server gives one. */
  readonly verificationUriComplete: string | undefined;
  /** How long, in ms, to wait between two requests. */
  readonly interval: number;
  /** When both codes run out, in ms since the Unix epoch. */
  readonly expiresAt: number;
}

/**
 * Asks for a pair of codes. The grant knows no hints (RFC 8628), but some servers do, and the others do not mind.
 * @throws Failure `invalid-response` for a code or an address that cannot be shown, `insecure` for an address without TLS.
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
  const arrived = await sendClientRequest(server, transport, signal, 'device', (fetch) =>
    oauth.deviceAuthorizationRequest(
      metadata,
      client,
      authentication.clientAuth,
      parameters,
      requestOptions(server, fetch),
    ),
  );
  if (arrived.failure !== undefined) {
    throw arrived.failure;
  }
  try {
    return parseDeviceCode(
      server,
      await oauth.processDeviceAuthorizationResponse(metadata, client, normalizeDeviceResponse(arrived)),
      arrived.original.sentAt,
    );
  } catch (error) {
    throw classify(error, 'device');
  }
}

/**
 * Makes an answer regular before the library looks at it: Google calls the address `verification_url`, some servers send
 * numbers as texts, and what is optional and of no use counts as absent.
 */
function normalizeDeviceResponse({ body, response }: NormalizedResponse): Response {
  if (body['device_code'] === undefined) {
    return response;
  }
  const {
    interval,
    verification_uri_complete: complete,
    verification_uri: address = body['verification_url'],
    ...rest
  } = body;
  const wait = typeof interval === 'object' ? NaN : Number(interval);
  const optional = {
    ...(wait > 0 ? { interval: wait } : {}),
    ...(typeof complete === 'string' ? { verification_uri_complete: complete } : {}),
  };
  return withBody(response, { ...rest, verification_uri: address, ...optional });
}

/** The longest, in ms, that a code is waited for, whatever the server says: VS Code keeps other callers waiting meanwhile. */
const MAX_LIFETIME = HOUR;

function parseDeviceCode(
  { allowInsecureRequests }: ServerContext,
  answer: oauth.DeviceAuthorizationResponse,
  sentAt: number,
): DeviceCode {
  const userCode = answer.user_code.trim();
  const address = parseUrl(answer.verification_uri);
  if (userCode === '' || sanitizeDisplayName(userCode) !== userCode || address === undefined) {
    throw new Failure('invalid-response', 'bad-device-code');
  }
  const isSafe = ({ hostname, protocol }: URL): boolean =>
    protocol === 'https:' || (allowInsecureRequests && protocol === 'http:' && isLoopbackHost(hostname));
  if (!isSafe(address)) {
    throw new Failure('insecure', 'http-endpoint', { detail: 'verification_uri' });
  }
  // The complete one is a convenience; a bad one is left out.
  const complete = parseUrl(answer.verification_uri_complete ?? '');
  const { expires_in: lifetime, interval } = answer;
  return {
    deviceCode: answer.device_code,
    userCode,
    verificationUri: address.href,
    verificationUriComplete: complete !== undefined && isSafe(complete) ? complete.href : undefined,
    interval: interval === undefined ? DEFAULT_INTERVAL : Math.max(SECOND, interval * SECOND),
    expiresAt: sentAt + Math.min(lifetime * SECOND, MAX_LIFETIME),
  };
}

const parseUrl = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined);

/**
 * Asks once for the tokens of a pair of codes (RFC 8628 section 3.4). An ID token is checked as everywhere, but for the
 * nonce, which this grant does not have; where `openid` was asked of a server with OpenID Connect there has to be one.
 * @throws Failure `protocol-step` with `authorization_pending` or `slow_down` while the person has not decided.
 */
export async function requestDeviceTokens(
  server: ServerContext,
  code: DeviceCode,
  scopes: readonly string[],
  transport: Transport,
  signal: AbortSignal,
): Promise<Tokens> {
  const { authentication, client, metadata } = server;
  const raw = await sendClientRequest(server, transport, signal, 'device', (fetch) =>
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
    raw,
    'device',
    (said, expected, response) => oauth.processDeviceCodeResponse(said, expected, response),
    { fetch: createFetch(transport, signal) },
  );
  if (server.isOpenId && scopes.includes('openid') && tokens.claims === undefined) {
    throw new Failure('invalid-response', oauth.INVALID_RESPONSE, { detail: 'id_token' });
  }
  // No rule of this grant, so a server that does not say when the person signed in is not held to it.
  const maxAge = parseMaxAge(server.provider.authorizationParameters['max_age']);
  const { auth_time: authTime } = tokens.claims ?? {};
  if (
    maxAge !== undefined &&
    authTime !== undefined &&
    (authTime + maxAge + MAX_AGE_TOLERANCE) * SECOND < tokens.sentAt + (tokens.skew ?? 0)
  ) {
    throw new Failure('step-up-failed', 'auth-too-old');
  }
  return tokens;
}
