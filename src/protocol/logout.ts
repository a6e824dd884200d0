// Signing out at the server, in the browser: OpenID Connect RP-Initiated Logout 1.0.
import * as oauth from 'oauth4webapi';
import { MINUTE } from '../core/clock.ts';
import { decodeJwtClaims } from '../core/jwt.ts';
import { hasUserInfo, isLoopbackHost, parseUrl } from '../core/secureUrl.ts';
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
  /** The server's name for the account, as in `login_hint`; undefined to send none. */
  readonly loginHint?: string | undefined;
  /** The server's time, in ms since the Unix epoch; without it, the ID token counts as unexpired. */
  readonly now?: number | undefined;
}

/** A logout request, which is sent through the browser. */
export interface LogoutRequest {
  /** The URL to open in the browser. It contains the ID token, unless callers could still use that. */
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
export function createLogoutRequest(context: EndSessionContext, redirectUri?: string): LogoutRequest | undefined {
  const { client, allowInsecureRequests, metadata } = context.server;
  const endpoint: unknown = metadata.end_session_endpoint;
  if (typeof endpoint !== 'string' || parseUrl(endpoint) === undefined || hasUserInfo(endpoint)) {
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
    ...userHint(context),
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

/** How long, in ms, after its expiry an ID token may still be accepted, by a service whose clock is behind. */
const EXPIRY_MARGIN = 5 * MINUTE;

/**
 * The parameter that identifies the user. If callers use the ID token to authenticate requests, it doesn't go into a URL
 * that browsers and proxies keep, as long as a service may accept it.
 */
function userHint({ idToken, loginHint, now, server }: EndSessionContext): Record<string, string | undefined> {
  const exp = idToken === undefined ? undefined : decodeJwtClaims(idToken)?.['exp'];
  const isExpired = typeof exp === 'number' && now !== undefined && exp * 1000 + EXPIRY_MARGIN < now;
  return idToken !== undefined && server.provider.sessionToken === 'id_token' && !isExpired
    ? { logout_hint: loginHint }
    : { id_token_hint: idToken };
}
