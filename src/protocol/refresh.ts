// Refreshing tokens: RFC 6749 section 6, OpenID Connect Core 12.
import * as oauth from 'oauth4webapi';
import { MINUTE } from '../core/clock.ts';
import { Failure } from '../core/failure.ts';
import { isPermission } from '../core/scopes.ts';
import type { SessionRecord } from '../core/session.ts';
import { tokenRequestOptions, type ServerContext } from './discovery.ts';
import { isTruncated } from './normalize.ts';
import { assertSameSignIn } from './idTokenBinding.ts';
import { sendClientRequest } from './request.ts';
import { requestedScopes } from './requestedScopes.ts';
import { verifyTokenResponse, type Tokens } from './tokens.ts';
import { createFetch, type Fetch, type Transport } from './transport.ts';

/**
 * How long, in ms, to wait for the response to a refresh. A server that rotates refresh tokens may already have
 * invalidated the old one, so waiting only ends if the connection breaks, or when no server would still respond.
 */
export const REFRESH_TIMEOUT = 2 * MINUTE;

/** The response to a refresh, not verified yet. */
export interface RefreshResponse {
  /** The HTTP status. */
  readonly status: number;
  /** The refresh token that replaces the one sent; undefined if there is none, so that the old one stays valid. */
  readonly refreshToken: string | undefined;
  /** The access token, not verified, so that it can be revoked if it isn't needed anymore. */
  readonly accessToken: string | undefined;
  /**
   * Verifies the rest: the access token, the ID token with its signature, and that the subject hasn't changed.
   * @throws Failure. The refresh token above is valid even then.
   */
  verify(): Promise<Tokens>;
}

/**
 * The properties of a session that a refresh depends on. An ID token that the server sends again has already been
 * verified.
 */
export type RefreshedSession = Partial<
  Pick<SessionRecord, 'subject' | 'idToken' | 'accessToken' | 'scopes' | 'granted'>
>;

/**
 * Sends a refresh request. The result has two parts, because a server that rotates refresh tokens has already
 * invalidated the old one: the caller stores the new one before verifying the rest, which may fail.
 * @param session the session, or only its `sub`, which must not change (OpenID Connect Core 12.2).
 * @throws Failure if there is no usable response; then the old refresh token must be kept. With the code `truncated`,
 * the server responded with success, but the body was truncated: it may have invalidated the old token.
 */
export async function requestRefresh(
  server: ServerContext,
  refreshToken: string,
  session: string | RefreshedSession | undefined,
  transport: Transport,
  signal?: AbortSignal,
): Promise<RefreshResponse> {
  const known: RefreshedSession = typeof session === 'string' ? { subject: session } : (session ?? {});
  server.secrets.add(refreshToken, known.accessToken, known.idToken);
  const patient: Transport = {
    ...transport,
    timeout: Math.max(REFRESH_TIMEOUT, transport.timeout),
    keepsLongBody: true,
  };
  const normalized = await sendClientRequest(server, patient, signal, 'refresh', (fetch) =>
    oauth.refreshTokenGrantRequest(
      server.metadata,
      server.client,
      server.authentication.clientAuth,
      refreshToken,
      optionsWithScope(server, fetch, known),
    ),
  );
  if (isTruncated(normalized) && normalized.refreshToken === undefined) {
    throw new Failure('invalid-response', 'truncated', { status: normalized.original.response.status });
  }
  return {
    status: normalized.original.response.status,
    // Even if the rest can't be used: a server that issues a new refresh token no longer accepts the old one.
    refreshToken: normalized.refreshToken,
    accessToken: normalized.accessToken,
    verify: async () => {
      const tokens = await verifyTokenResponse(
        server,
        normalized,
        'refresh',
        (metadata, client, response) => oauth.processRefreshTokenResponse(metadata, client, response),
        { fetch: createFetch(transport, signal), verified: known.idToken },
      );
      if (tokens.claims !== undefined && known.subject !== undefined && tokens.claims.sub !== known.subject) {
        throw new Failure('other-account', 'other-subject');
      }
      if (tokens.idToken !== undefined) {
        assertSameSignIn(tokens.idToken, known.idToken);
      }
      return tokens;
    },
  };
}

/**
 * The options of a refresh request, with the scopes of the session if the entry requires that. New scopes aren't
 * allowed (RFC 6749 section 6), so scopes that weren't granted are left out, except identity scopes, which many servers
 * grant without listing them.
 */
function optionsWithScope(
  server: ServerContext,
  fetch: Fetch,
  { granted, scopes = [] }: RefreshedSession,
): ReturnType<typeof tokenRequestOptions> {
  const options = tokenRequestOptions(server, fetch);
  const usable = scopes.filter((scope) => granted === undefined || granted.includes(scope) || !isPermission(scope));
  const requested = requestedScopes(server, usable);
  if (server.provider.scopeOnRefresh && requested.length > 0) {
    options.additionalParameters.set('scope', requested.join(' '));
  }
  return options;
}
