// Signing out of the server itself, in the browser: OpenID Connect RP-Initiated Logout 1.0.
import * as oauth from 'oauth4webapi';
import { isLoopbackHost } from '../core/secureUrl.ts';
import type { ServerContext } from './discovery.ts';

/** Whose session ends at which server. */
export interface EndSessionContext {
  readonly server: ServerContext;
  /** The id of the account. */
  readonly accountId: string;
  /** When the person signed in, in ms since the Unix epoch. */
  readonly signedInAt: number;
  /** The latest ID token of the session. Servers take one that has expired, too (section 4). */
  readonly idToken: string | undefined;
}

/** A request to the server to sign the person out, which goes through the browser. */
export interface LogoutRequest {
  /** The address for the browser. It holds the ID token. */
  readonly url: URL;
  /** What the answer has to bring along; undefined where none is asked for. */
  readonly state: string | undefined;
}

/**
 * The request with which the person signs out of the server, so that the next sign-in asks who they are. It tells the
 * server which client asks and, by the ID token, whose session it is about (section 2).
 * @param redirectUri where the browser goes afterwards. A server to which it is not registered refuses the request.
 * @returns undefined where the server has no page for that, or has it at an address without TLS.
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
