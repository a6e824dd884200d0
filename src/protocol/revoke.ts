// Telling the server that a token is not wanted any more: RFC 7009.
import * as oauth from 'oauth4webapi';
import type { Failure } from '../core/failure.ts';
import { classify } from './classify.ts';
import { optionsFor, type Server } from './discovery.ts';
import { fetchWith, type Transport } from './transport.ts';

/** What became of a revocation: the server did it, or does not offer it. */
export type Revocation = 'revoked' | 'not-offered';

/**
 * Revokes a session's tokens at the server: the refresh token first, because that ends the grant at most servers,
 * then the access token.
 * @throws Failure where the server did not confirm; the tokens may then live on there.
 */
export async function revokeTokens(
  server: Server,
  tokens: { readonly accessToken?: string | undefined; readonly refreshToken?: string | undefined },
  transport: Transport,
  signal?: AbortSignal,
): Promise<Revocation> {
  if (server.metadata.revocation_endpoint === undefined) {
    return 'not-offered';
  }
  const options = optionsFor(server, fetchWith(transport, signal));
  const revoke = async (token: string, hint: string): Promise<void> => {
    const response = await oauth.revocationRequest(server.metadata, server.client, server.clientAuthentication, token, {
      ...options,
      additionalParameters: { token_type_hint: hint },
    });
    // RFC 7009 section 2.2 has 200 for it; a server that says 204 has done it, too.
    if (!response.ok) {
      await oauth.processRevocationResponse(response);
    }
  };
  const { accessToken, refreshToken } = tokens;
  const first = refreshToken === undefined ? undefined : await attempt(() => revoke(refreshToken, 'refresh_token'));
  // The access token is tried even where the refresh token could not be revoked.
  const second = accessToken === undefined ? undefined : await attempt(() => revoke(accessToken, 'access_token'));
  const failure = first ?? second;
  if (failure !== undefined) {
    throw failure;
  }
  return 'revoked';
}

/**
 * What a server says where there is nothing more to do: it does not revoke this kind of token, a JWT say (RFC 7009 section
 * 2.2.1); or the token is none any more, where 200 is due (section 2.2): Google, of the access token that went with the refresh token.
 */
const NOTHING_LEFT: ReadonlySet<string> = new Set(['unsupported_token_type', 'invalid_token']);

async function attempt(revoke: () => Promise<void>): Promise<Failure | undefined> {
  try {
    await revoke();
    return undefined;
  } catch (error) {
    const failure = classify(error, 'revocation');
    return NOTHING_LEFT.has(failure.code) ? undefined : failure;
  }
}
