// Signing out at the server, in the browser: OpenID Connect RP-Initiated Logout 1.0.
import * as oauth from 'oauth4webapi';
import { isLoopbackHost } from '../core/secureUrl.ts';
import type { ServerContext } from './discovery.ts';

/** The session to end, and its server. */
export interface EndSessionContext {
  readonly server: ServerContext;
  /** The ID of the account. */
  readonly accountId: string;
  /** When the user signed in, in ms since the Unix epoch. */
  readonly signedInAt: number;
  /** The latest ID token of the session. Servers accept an expired one, too (section 4). */
  readonly idToken: string | undefined;
}

/** A logout request, which is sent through the browser. */
export interface LogoutRequest {
  /** The URL to open in the browser. It contains the ID token. */
  readonly url: URL;
  /** The `state` of the response; undefined if the browser doesn't return. */
  readonly state: string | undefined;
}

/**
 * Creates the request that signs the user out at the server, so that the next sign-in asks for the account. It
 * identifies the client and, by the ID token, the session (section 2).
 * @param redirectUri where the browser is redirected afterwards. The server rejects the request if it isn't registered.
 * @returns undefined if the server has no end-session endpoint, or one without TLS.
 */
export function createLogoutRequest(
  { server, idToken }: EndSessionContext,
  redirectUri?: string,
): LogoutRequest | undefined {
  const { client, allowInsecureRequests, metadata } = server;
  const endpoint: unknown = metadata.end_session_endpoint;
  if (typeof endpoint !== 'string' || !URL.canParse(endpoint)) {
    return undefined;
  }
  const url = new URL(endpoint);
  if (
    url.protocol !== 'https:' &&
    !(allowInsecureRequests && url.protocol === 'http:' && isLoopbackHost(url.hostname))
  ) {
    return undefined;
  }
  const state = redirectUri === undefined ? undefined : oauth.generateRandomState();
  const parameters = {
    client_id: client.client_id,
    id_token_hint: idToken,
    post_logout_redirect_uri: redirectUri,
    state,
  };
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) {
      url.searchParams.set(name, value);
    }
  }
  return { url, state };
}
