// From a refresh token to new tokens: RFC 6749 section 6, OpenID Connect Core 12.
import * as oauth from 'oauth4webapi';
import { MINUTE } from '../core/clock.ts';
import { Failure } from '../core/failure.ts';
import { parseJson } from '../core/json.ts';
import { optionsFor, tokenOptionsFor, type Server } from './discovery.ts';
import { checkTokens, requestTokens, type RawTokens, type Tokens } from './tokens.ts';
import { fetchWith, type Transport } from './transport.ts';

/**
 * How long, in ms, a refresh that was sent is listened to. A server that rotates may have used the refresh token up, so an
 * answer is given up only when its connection is gone, or when no server would still send one.
 */
export const REFRESH_LIMIT = 2 * MINUTE;

/** A renewal whose answer has arrived, before any of it is checked. */
export interface RefreshAnswer {
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
  check(): Promise<Tokens>;
}

/**
 * Sends a refresh token. The answer comes in two halves, because a server that rotates has by now forgotten the old
 * refresh token: the caller stores the new one before anything else is checked that might fail.
 * @param subject the `sub` of the session, which must not change (OpenID Connect Core 12.2); undefined without ID token.
 * @throws Failure where there is no usable answer; then the refresh token that was sent is still the one to keep. With
 * `cut-off`, the server has answered that it is well, and the rest was lost on the way: it may have used the token up.
 */
export async function requestRefresh(
  server: Server,
  refreshToken: string,
  subject: string | undefined,
  transport: Transport,
  signal?: AbortSignal,
): Promise<RefreshAnswer> {
  const arrived = await requestTokens(server, { ...transport, deadline: Math.max(REFRESH_LIMIT, transport.deadline) }, signal, 'refresh', (fetch) =>
    oauth.refreshTokenGrantRequest(server.metadata, server.client, server.clientAuthentication, refreshToken, tokenOptionsFor(server, fetch)),
  );
  if (isCutOff(arrived)) {
    throw new Failure('bad-answer', 'cut-off', { status: arrived.response.status });
  }
  const isGranted = arrived.response.status === 200;
  const accessToken = isGranted ? arrived.body['access_token'] : undefined;
  return {
    status: arrived.answer.response.status,
    // Also where the rest is of no use: a server that has given a new one takes the old one no more.
    refreshToken: isGranted ? arrived.refreshToken : undefined,
    accessToken: typeof accessToken === 'string' ? accessToken : undefined,
    check: async () => {
      const tokens = await checkTokens(
        server,
        arrived,
        'refresh',
        (metadata, client, response) => oauth.processRefreshTokenResponse(metadata, client, response),
        optionsFor(server, fetchWith(transport, signal)),
      );
      if (tokens.claims !== undefined && subject !== undefined && tokens.claims.sub !== subject) {
        throw new Failure('other-account', 'other-subject');
      }
      return tokens;
    },
  };
}

function isCutOff({ answer: { body, response } }: RawTokens): boolean {
  return response.status === 200 && /\bjson\b/i.test(response.headers.get('content-type') ?? '') && parseJson(body) === undefined;
}
