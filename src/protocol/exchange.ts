// Exchanging an authorization code for tokens: RFC 6749 section 4.1.3, RFC 7636, OpenID Connect Core 3.1.3.
import * as oauth from 'oauth4webapi';
import { Failure } from '../core/failure.ts';
import { parseMaxAge, readAuthorizationResponse, type AuthorizationRequest } from './authorize.ts';
import { tokenRequestOptions, type ServerContext } from './discovery.ts';
import { sendClientRequest } from './request.ts';
import { verifyTokenResponse, type Tokens } from './tokens.ts';
import { createFetch, type Transport } from './transport.ts';

/**
 * Validates the authorization response and exchanges its code for tokens. If `openid` was requested from a server with
 * OpenID Connect, an ID token with the nonce of the request is required.
 * @throws Failure
 */
export async function exchangeCode(
  server: ServerContext,
  request: AuthorizationRequest,
  parameters: URLSearchParams,
  transport: Transport,
  signal: AbortSignal,
): Promise<Tokens> {
  const validated = readAuthorizationResponse(server, request, parameters);
  const normalized = await sendClientRequest(server, transport, signal, 'exchange', (fetch) =>
    oauth.authorizationCodeGrantRequest(
      server.metadata,
      server.client,
      server.authentication.clientAuth,
      validated,
      request.redirectUri,
      request.codeVerifier,
      tokenRequestOptions(server, fetch),
    ),
  );
  // A client that sends `max_age` must check the ID token's `auth_time` (OpenID Connect Core 3.1.2.1).
  const maxAge = parseMaxAge(request.parameters.get('max_age'));
  // A server without OpenID Connect may treat `openid` like any other scope.
  const mayLackIdToken = !server.isOpenId && normalized.body['id_token'] === undefined && maxAge === undefined;
  const isOpenId = request.scopes.includes('openid') && !mayLackIdToken;
  return verifyTokenResponse(
    server,
    normalized,
    'exchange',
    (metadata, client, response) =>
      oauth.processAuthorizationCodeResponse(metadata, client, response, {
        requireIdToken: isOpenId,
        expectedNonce: isOpenId ? request.nonce : oauth.expectNoNonce,
        ...(isOpenId && maxAge !== undefined ? { maxAge } : {}),
      }),
    { fetch: createFetch(transport, signal) },
  ).catch((error: unknown) => {
    throw toMissingSecretFailure(server, error);
  });
}

/**
 * The most likely reason why a request without a secret failed with `invalid_request` (as at Google) if the server
 * doesn't list `none` as a client authentication method. RFC 6749 section 5.2 has `invalid_client` for that.
 */
function toMissingSecretFailure({ hasSecret, metadata }: ServerContext, error: unknown): unknown {
  const { token_endpoint_auth_methods_supported: methods } = metadata;
  const isMissing =
    !hasSecret &&
    Array.isArray(methods) &&
    !methods.includes('none') &&
    error instanceof Failure &&
    error.code === 'invalid_request';
  return isMissing
    ? new Failure('client-rejected', 'no-secret', { cause: error, detail: error.detail, status: error.status })
    : error;
}
