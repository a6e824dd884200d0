// The servers of the suite, each of another kind. Beside the first one, each is there for one description only.
import type { IdentityServerOptions } from '../workshop/identityServer.ts';

/** The client that has a secret, at the servers that have such a client. */
export const CLIENT_WITH_SECRET = 'editor-with-secret';
/** Its secret, with every character that one of the ways to send it has to encode. */
export const CLIENT_SECRET = 'suite secret: with + signs & 100% of "quotes"';

/** What each server does differently. */
export const SERVERS = {
  usual: {},
  /** Takes no parameters from the browser, of no client (RFC 9126 section 5). */
  pushed: { features: { pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true } } },
  /** Knows the client by its secret, which it wants in the header (RFC 6749 section 2.3.1). */
  basic: withSecret('client_secret_basic'),
  /** The same, in the body. */
  post: withSecret('client_secret_post'),
  /** Makes tokens for the one resource that is asked for, which are no good at its own userinfo endpoint (RFC 8707). */
  resources: { jwtAccessTokens: true },
  /** Is used without any of OpenID Connect. */
  plain: { issueRefreshToken: 'always' },
} as const satisfies Readonly<Record<string, IdentityServerOptions>>;

/** What a server is called. */
export type ServerName = keyof typeof SERVERS;

/** Where a server is. */
export interface ServerAddresses {
  readonly issuer: string;
  /** An API that takes JWTs for this address. */
  readonly api: string;
  /** Answers who has an opaque token, the way a plain OAuth server does. */
  readonly user: string;
}

function withSecret(method: 'client_secret_basic' | 'client_secret_post'): IdentityServerOptions {
  return {
    authenticationMethods: [method],
    clients: [
      {
        client_id: CLIENT_WITH_SECRET,
        client_secret: CLIENT_SECRET,
        application_type: 'native',
        token_endpoint_auth_method: method,
        redirect_uris: ['http://127.0.0.1/callback'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
      },
    ],
  };
}
