// Telling the server that a token is not wanted any more: RFC 7009.
import * as oauth from 'oauth4webapi';
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
  tokens: { readonly accessToken: string; readonly refreshToken?: string | undefined },
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
    await oauth.processRevocationResponse(response);
  };
  try {
    if (tokens.refreshToken !== undefined) {
      await revoke(tokens.refreshToken, 'refresh_token');
    }
    await revoke(tokens.accessToken, 'access_token');
    return 'revoked';
  } catch (error) {
    throw classify(error, 'revocation');
  }
}
