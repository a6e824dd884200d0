// Telling the server that a token is not wanted any more: RFC 7009.
import * as oauth from 'oauth4webapi';
import { toFailure, type Failure } from '../core/failure.ts';
import { clientAcceptance } from '../core/failurePolicies.ts';
import { requestOptions, type ServerContext } from './discovery.ts';
import { sendClientRequest } from './request.ts';
import type { Transport } from './transport.ts';

/** What became of a revocation: the server did it, or does not offer it. */
export type Revocation = 'revoked' | 'not-offered';

/**
 * Revokes a session's tokens at the server: the refresh token first, because that ends the grant at most servers,
 * then the access token.
 * @throws Failure where the server did not confirm; the tokens may then live on there.
 */
export async function revokeTokens(
  server: ServerContext,
  tokens: { readonly accessToken?: string | undefined; readonly refreshToken?: string | undefined },
  transport: Transport,
  signal?: AbortSignal,
): Promise<Revocation> {
  if (server.metadata.revocation_endpoint === undefined) {
    return 'not-offered';
  }
  const revoke = async (token: string, hint: string): Promise<void> => {
    const { failure } = await sendClientRequest(server, transport, signal, 'revocation', (fetch) =>
      oauth.revocationRequest(server.metadata, server.client, server.authentication.clientAuth, token, {
        ...requestOptions(server, fetch),
        additionalParameters: { token_type_hint: hint },
      }),
    );
    // RFC 7009 section 2.2 has 200 for it; a server that says 204 has done it, too.
    if (failure !== undefined) {
      throw failure;
    }
  };
  const { accessToken, refreshToken } = tokens;
  const first =
    refreshToken === undefined
      ? undefined
      : await attempt(() => revoke(refreshToken, 'refresh_token'), isAlreadyInvalid);
  // The access token is tried even where the refresh token could not be revoked. With that, it has most likely gone as well.
  const hasTombstone = refreshToken !== undefined && first === undefined;
  const second =
    accessToken === undefined
      ? undefined
      : await attempt(() => revoke(accessToken, 'access_token'), hasTombstone ? isAboutToken : isAlreadyInvalid);
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
const isAlreadyInvalid = ({ code }: Failure): boolean =>
  ['unsupported_token_type', 'invalid_token', 'invalid_grant'].includes(code);

/** The statuses with which servers refuse what they are asked for, as opposed to who asks. */
const REJECTION_STATUSES: readonly (number | undefined)[] = [400, 404, 409, 410, 422];

/** Whether a server that has just taken a refresh token from this client refuses the access token in whatever words. */
const isAboutToken = (failure: Failure): boolean =>
  isAlreadyInvalid(failure) ||
  (clientAcceptance(failure.category) !== 'no' && REJECTION_STATUSES.includes(failure.status));

async function attempt(
  revoke: () => Promise<void>,
  isNothingLeft: (failure: Failure) => boolean,
): Promise<Failure | undefined> {
  try {
    await revoke();
    return undefined;
  } catch (error) {
    const failure = toFailure(error);
    return isNothingLeft(failure) ? undefined : failure;
  }
}
