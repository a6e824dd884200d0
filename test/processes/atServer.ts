// Holds a refresh request inside the identity server, after it has arrived and before it is handled.
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { IdentityServer } from '../../tools/identityServer.ts';

/** A refresh request that is held at the server. */
export interface HeldRenewal {
  /** Resolves when it has arrived. */
  readonly arrived: Promise<void>;
  /** Lets the server handle it, and waits until it has. */
  handle(): Promise<void>;
}

/** Holds the next request with a refresh token. All other requests are handled normally. */
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
