// From an authorization code to tokens: RFC 6749 section 4.1.3, RFC 7636, OpenID Connect Core 3.1.3.
import * as oauth from 'oauth4webapi';
import { Failure } from '../core/failure.ts';
import { parseMaxAge, readAuthorizationResponse, type AuthorizationRequest } from './authorize.ts';
import { tokenRequestOptions, type ServerContext } from './discovery.ts';
import { sendClientRequest } from './request.ts';
import { verifyTokenResponse, type Tokens } from './tokens.ts';
import { createFetch, type Transport } from './transport.ts';

/**
 * Checks the authorization response and trades its code for tokens. Where `openid` was asked of a
 * server with OpenID Connect there has to be an ID token with this request's nonce.
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
  const raw = await sendClientRequest(server, transport, signal, 'exchange', (fetch) =>
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
  // Who asks how long ago the person may have signed in has to look at the answer (OpenID Connect Core 3.1.2.1).
  const maxAge = parseMaxAge(request.parameters.get('max_age'));
  // A server without OpenID Connect may take `openid` for a scope like any other.
  const mayLackIdToken = !server.isOpenId && raw.body['id_token'] === undefined && maxAge === undefined;
  const isOpenId = request.scopes.includes('openid') && !mayLackIdToken;
  return verifyTokenResponse(
    server,
    raw,
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
 * What a request without a secret has most likely failed by, where the server lists how clients show themselves and "not
 * at all" is not among it: Google calls that an invalid request (RFC 6749 section 5.2 has a code of its own for it).
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
