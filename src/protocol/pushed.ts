// Pushed authorization requests: RFC 9126. The parameters go to the server by a request of their own, and the browser
// takes only a reference along.
import * as oauth from 'oauth4webapi';
import { Failure } from '../core/failure.ts';
import { authorizationEndpointOf, type AuthorizationRequest } from './authorize.ts';
import { classify } from './classify.ts';
import { requestOptions, type ServerContext } from './discovery.ts';
import { withBody } from './normalize.ts';
import { sendClientRequest } from './request.ts';
import type { Transport } from './transport.ts';

/**
 * The address for the browser: that of the request itself, or one with a reference, where the server or the entry
 * wants the request pushed. Such a reference works once, and for a minute or so, as the server decides.
 * @throws Failure `unsupported-server` where there is no endpoint to push it to; else what the server has against it.
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
    // Some servers say 200 where 201 is due, or leave out how long the reference works (RFC 9126 section 2.2).
    const regular =
      body['request_uri'] === undefined ? response : withBody(response, { expires_in: DEFAULT_LIFETIME, ...body }, 201);
    const { request_uri: reference } = await oauth.processPushedAuthorizationResponse(metadata, client, regular);
    const address = new URL(authorizationEndpointOf(server));
    address.searchParams.set('client_id', client.client_id);
    address.searchParams.set('request_uri', reference);
    return address;
  } catch (error) {
    throw classify(error, 'authorization');
  }
}

/** How long, in seconds, a reference is taken to work where the server does not say: nothing here depends on it. */
const DEFAULT_LIFETIME = 60;
