// From a refresh token to new tokens: RFC 6749 section 6, OpenID Connect Core 12.
import * as oauth from 'oauth4webapi';
import { MINUTE } from '../core/clock.ts';
import { Failure } from '../core/failure.ts';
import { isPermission } from '../core/scopes.ts';
import type { SessionRecord } from '../core/session.ts';
import { tokenRequestOptions, type ServerContext } from './discovery.ts';
import { isTruncated } from './normalize.ts';
import { sendClientRequest } from './request.ts';
import { requestedScopes } from './requestedScopes.ts';
import { verifyTokenResponse, type Tokens } from './tokens.ts';
import { createFetch, type Fetch, type Transport } from './transport.ts';

/**
 * How long, in ms, a refresh that was sent is listened to. A server that rotates may have used the refresh token up, so an
 * answer is given up only when its connection is gone, or when no server would still send one.
 */
export const REFRESH_TIMEOUT = 2 * MINUTE;

/** A renewal whose answer has arrived, before any of it is checked. */
export interface RefreshResponse {
  /** The HTTP status. */
  readonly status: number;
  /** The refresh token that replaces the one sent; undefined where the server returned none and the sent one stays good. */
  readonly refreshToken: string | undefined;
  /** The access token as it arrived, not checked: to be revoked where nobody wants it any more. */
  readonly accessToken: string | undefined;
  /**
   * Checks the rest: token, ID token with signature, and that it still speaks of the same person.
   * @throws Failure. The refresh token above is the valid one all the same.
   */
  verify(): Promise<Tokens>;
}

/** What of a session a renewal can depend on: an ID token that the server sends once more has been checked already. */
export type RefreshedSession = Partial<Pick<SessionRecord, 'subject' | 'idToken' | 'scopes' | 'granted'>>;

/**
 * Sends a refresh token. The answer comes in two halves, because a server that rotates has by now forgotten the old
 * refresh token: the caller stores the new one before anything else is checked that might fail.
 * @param session what is known of the session, or its `sub` alone, which must not change (OpenID Connect Core 12.2).
 * @throws Failure where there is no usable answer; then the refresh token that was sent is still the one to keep. With
 * `truncated`, the server has answered that it is well, and the rest was lost on the way: it may have used the token up.
 */
export async function requestRefresh(
  server: ServerContext,
  refreshToken: string,
  session: string | RefreshedSession | undefined,
  transport: Transport,
  signal?: AbortSignal,
): Promise<RefreshResponse> {
  const known: RefreshedSession = typeof session === 'string' ? { subject: session } : (session ?? {});
  const patient = { ...transport, deadline: Math.max(REFRESH_TIMEOUT, transport.timeout) };
  const arrived = await sendClientRequest(server, patient, signal, 'refresh', (fetch) =>
    oauth.refreshTokenGrantRequest(
      server.metadata,
      server.client,
      server.authentication.clientAuth,
      refreshToken,
      optionsWithScope(server, fetch, known),
    ),
  );
  if (isTruncated(arrived)) {
    throw new Failure('invalid-response', 'truncated', { status: arrived.original.response.status });
  }
  return {
    status: arrived.original.response.status,
    // Also where the rest is of no use: a server that has given a new one takes the old one no more.
    refreshToken: arrived.refreshToken,
    accessToken: arrived.accessToken,
    verify: async () => {
      const tokens = await verifyTokenResponse(
        server,
        arrived,
        'refresh',
        (metadata, client, response) => oauth.processRefreshTokenResponse(metadata, client, response),
        { fetch: createFetch(transport, signal), verified: known.idToken },
      );
      if (tokens.claims !== undefined && known.subject !== undefined && tokens.claims.sub !== known.subject) {
        throw new Failure('other-account', 'other-subject');
      }
      return tokens;
    },
  };
}

/**
 * The options of a refresh request: with the scopes of the session where the entry asks for that. None may be new (RFC
 * 6749 section 6), so what the server has not granted is left out; but many grant those silently that identify the person.
 */
function optionsWithScope(
  server: ServerContext,
  fetch: Fetch,
  { granted, scopes = [] }: RefreshedSession,
): ReturnType<typeof tokenRequestOptions> {
  const options = tokenRequestOptions(server, fetch);
  const held = scopes.filter((scope) => granted === undefined || granted.includes(scope) || !isPermission(scope));
  const requested = requestedScopes(server, held);
  if (server.provider.scopeOnRefresh && requested.length > 0) {
    options.additionalParameters.set('scope', requested.join(' '));
  }
  return options;
}
