// The servers of the suite, each of another kind. Beside the first one, each is there for one description only.
import type { ClientMetadata } from 'oidc-provider';
import type { IdentityServerOptions } from '../../tools/identityServer.ts';

/** The client that has a secret, at the servers that have such a client. */
export const CLIENT_WITH_SECRET = 'editor-with-secret';
/** Its secret, with every character that one of the ways to send it has to encode. */
export const CLIENT_SECRET = 'suite secret: with + signs & 100% of "quotes"';

/** The client whose tokens are bound to a key, at the server that has such a client. */
export const BOUND_CLIENT = 'editor-with-key';

/** What every client has. */
const CLIENT = {
  application_type: 'native',
  redirect_uris: ['http://127.0.0.1/callback'],
  grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
  response_types: ['code'],
} as const satisfies Partial<ClientMetadata>;

const PUSHED_ONLY = {
  pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
} as const;
/** Each proof has to hold what the server has given before (RFC 9449 section 8). */
const PROOFS = { dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7), requireNonce: () => true } } as const;

/** What each server does differently. */
export const SERVERS = {
  usual: {},
  /** Takes no parameters from the browser, of no client (RFC 9126 section 5). */
  pushed: { features: PUSHED_ONLY },
  /** Knows the client by its secret, which it wants in the header (RFC 6749 section 2.3.1). */
  basic: withSecret('client_secret_basic'),
  /** The same, in the body. */
  post: withSecret('client_secret_post'),
  /** Binds tokens to a key (RFC 9449). */
  bound: {
    features: PROOFS,
    clients: [
      { ...CLIENT, client_id: BOUND_CLIENT, token_endpoint_auth_method: 'none', dpop_bound_access_tokens: true },
    ],
  },
  /** Wants all of it at once, as banks do. */
  strict: {
    ...withSecret('client_secret_basic', { dpop_bound_access_tokens: true }),
    features: { ...PUSHED_ONLY, ...PROOFS },
    jwtAccessTokens: true,
  },
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

function withSecret(
  method: 'client_secret_basic' | 'client_secret_post',
  more: Partial<ClientMetadata> = {},
): IdentityServerOptions {
  const client = {
    ...CLIENT,
    client_id: CLIENT_WITH_SECRET,
    client_secret: CLIENT_SECRET,
    token_endpoint_auth_method: method,
    ...more,
  };
  return { authenticationMethods: [method], clients: [client] };
}
