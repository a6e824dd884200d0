// Holds a renewal inside the identity server: it has arrived, and nothing has come of it yet.
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { IdentityServer } from '../../tools/identityServer.ts';

/** A renewal that the server has in its hands. */
export interface HeldRenewal {
  /** When it has arrived there. */
  readonly arrived: Promise<void>;
  /** Has the server do what it was asked, and waits until it has; else that never happens. */
  handle(): Promise<void>;
}

/** Holds the next renewal with a refresh token at the server. Others, and those that follow, are handled as they come. */
export function holdAtServer(identity: IdentityServer, refreshToken: string): HeldRenewal {
  const { RefreshToken } = identity.provider;
  const find = RefreshToken.find.bind(RefreshToken);
  const arrival = Promise.withResolvers<undefined>();
  const handling = Promise.withResolvers<undefined>();
  let isOver = false;
  Object.assign(RefreshToken, {
    find: async (token: string, options?: { readonly ignoreExpiration?: boolean }) => {
      if (!isOver && token === refreshToken) {
        isOver = true;
        arrival.resolve(undefined);
        await handling.promise;
      }
      return find(token, options);
    },
  });
  return {
    arrived: arrival.promise,
    handle: () =>
      new Promise((resolve) => {
        const onSuccess = ({ oidc }: KoaContextWithOIDC): void => {
          if (oidc.params?.['refresh_token'] === refreshToken) {
            identity.provider.off('grant.success', onSuccess);
            resolve();
          }
        };
        identity.provider.on('grant.success', onSuccess);
        handling.resolve(undefined);
      }),
  };
}
