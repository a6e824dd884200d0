// Token revocation: RFC 7009.
import * as oauth from 'oauth4webapi';
import { toFailure, type Failure } from '../core/failure.ts';
import { clientAcceptance } from '../core/failurePolicies.ts';
import { requestOptions, type ServerContext } from './discovery.ts';
import { sendClientRequest } from './request.ts';
import type { Transport } from './transport.ts';

/** The result of a revocation; `not-supported` if the server has no revocation endpoint. */
export type Revocation = 'revoked' | 'not-supported';

/**
 * Revokes a session's tokens: the refresh token first, because that ends the grant at most servers, then the access
 * token.
 * @throws Failure if the server didn't confirm it; then the tokens may still be valid.
 */
export async function revokeTokens(
  server: ServerContext,
  tokens: { readonly accessToken?: string | undefined; readonly refreshToken?: string | undefined },
  transport: Transport,
  signal?: AbortSignal,
): Promise<Revocation> {
  if (server.metadata.revocation_endpoint === undefined) {
    return 'not-supported';
  }
  const { accessToken, refreshToken } = tokens;
  server.secrets.add(accessToken, refreshToken);
  const revoke = async (token: string, hint: string): Promise<void> => {
    const { failure } = await sendClientRequest(server, transport, signal, 'revocation', (fetch) =>
      oauth.revocationRequest(server.metadata, server.client, server.authentication.clientAuth, token, {
        ...requestOptions(server, fetch),
        additionalParameters: { token_type_hint: hint },
      }),
    );
    // RFC 7009 section 2.2 requires 200; 204 is accepted, too.
    if (failure !== undefined) {
      throw failure;
    }
  };
  const refreshTokenFailure =
    refreshToken === undefined
      ? undefined
      : await failureOf(() => revoke(refreshToken, 'refresh_token'), isAlreadyInvalid);
  // The access token is revoked even if revoking the refresh token failed. If it succeeded, the access token was most likely revoked with
  // it.
  const refreshTokenIsRevoked = refreshToken !== undefined && refreshTokenFailure === undefined;
  const accessTokenFailure =
    accessToken === undefined
      ? undefined
      : await failureOf(
          () => revoke(accessToken, 'access_token'),
          refreshTokenIsRevoked ? isTokenRejection : isAlreadyInvalid,
        );
  const failure = refreshTokenFailure ?? accessTokenFailure;
  if (failure !== undefined) {
    throw failure;
  }
  return 'revoked';
}

/**
 * Whether a response means that there is nothing to revoke: the server can't revoke this type of token, for example a
 * JWT (RFC 7009 section 2.2.1), or the token is no longer valid (instead of 200, section 2.2), as Google responds for
 * an access token that was revoked with the refresh token.
 */
const isAlreadyInvalid = ({ code }: Failure): boolean =>
  ['unsupported_token_type', 'invalid_token', 'invalid_grant'].includes(code);

/** The statuses that reject the request, rather than the client. */
const REJECTION_STATUSES: readonly (number | undefined)[] = [400, 404, 409, 410, 422];

/**
 * Whether a response about the access token is a rejection of the token in any form, after the refresh token was
 * revoked.
 */
const isTokenRejection = (failure: Failure): boolean =>
  isAlreadyInvalid(failure) ||
  (clientAcceptance(failure.category) !== 'no' && REJECTION_STATUSES.includes(failure.status));

async function failureOf(
  revoke: () => Promise<void>,
  isExpected: (failure: Failure) => boolean,
): Promise<Failure | undefined> {
  try {
    await revoke();
    return undefined;
  } catch (error) {
    const failure = toFailure(error);
    return isExpected(failure) ? undefined : failure;
  }
}
