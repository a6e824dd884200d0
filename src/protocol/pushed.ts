// Pushed authorization requests (RFC 9126): the parameters are sent directly to the server, and the browser only gets a
// reference.
import * as oauth from 'oauth4webapi';
import { Failure } from '../core/failure.ts';
import { authorizationEndpointOf, type AuthorizationRequest } from './authorize.ts';
import { classify } from './classify.ts';
import { requestOptions, type ServerContext } from './discovery.ts';
import { withBody } from './normalize.ts';
import { sendClientRequest } from './request.ts';
import type { Transport } from './transport.ts';

/**
 * The URL to open in the browser: that of the request, or one with a `request_uri` if the server or the entry requires
 * pushed requests. A `request_uri` can be used once, and for a limited time, usually about a minute.
 * @throws Failure `unsupported-server` if the server has no endpoint for it; otherwise why the server rejected the
 * request.
 */
export async function authorizationUrl(
  server: ServerContext,
  request: AuthorizationRequest,
  transport: Transport,
  signal: AbortSignal,
): Promise<URL> {
  const { authentication, client, metadata, provider } = server;
  const isPushed =
    provider.pushedAuthorization ||
    provider.endpoints?.pushedAuthorizationRequest !== undefined ||
    metadata.require_pushed_authorization_requests === true;
  if (!isPushed) {
    return request.url;
  }
  if (metadata.pushed_authorization_request_endpoint === undefined) {
    throw new Failure('unsupported-server', 'missing-endpoint', { detail: 'pushed_authorization_request_endpoint' });
  }
  const { body, failure, response } = await sendClientRequest(server, transport, signal, 'authorization', (fetch) =>
    oauth.pushedAuthorizationRequest(
      metadata,
      client,
      authentication.clientAuth,
      request.parameters,
      requestOptions(server, fetch),
    ),
  );
  if (failure !== undefined) {
    throw failure;
  }
  try {
    // Some servers respond with 200 instead of 201, or without `expires_in` (RFC 9126 section 2.2).
    const normalized =
      body['request_uri'] === undefined ? response : withBody(response, { expires_in: DEFAULT_LIFETIME, ...body }, 201);
    const { request_uri: reference } = await oauth.processPushedAuthorizationResponse(metadata, client, normalized);
    const url = new URL(authorizationEndpointOf(server));
    url.searchParams.set('client_id', client.client_id);
    url.searchParams.set('request_uri', reference);
    return url;
  } catch (error) {
    throw classify(error, 'authorization', server.secrets);
  }
}

/** The default lifetime of a `request_uri`, in seconds. The library requires one, but nothing depends on it. */
const DEFAULT_LIFETIME = 60;
