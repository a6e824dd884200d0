// The servers of the suite, each of a different kind. All except the first are used by one description only.
import type { ClientMetadata } from 'oidc-provider';
import type { IdentityServerOptions } from '../../tools/identityServer.ts';

/** The client with a secret, at the servers with such a client. */
export const CLIENT_WITH_SECRET = 'editor-with-secret';
/** Its secret, with every character that needs encoding in a header or body. */
export const CLIENT_SECRET = 'suite secret: with + signs & 100% of "quotes"';

/** The client with DPoP-bound tokens, at the server with such a client. */
export const BOUND_CLIENT = 'editor-with-key';

/** The common metadata of the clients. */
const CLIENT = {
  application_type: 'native',
  redirect_uris: ['http://127.0.0.1/callback'],
  grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
  response_types: ['code'],
} as const satisfies Partial<ClientMetadata>;

const PUSHED_ONLY = {
  pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
} as const;
/** Each proof must contain the nonce from the server (RFC 9449 section 8). */
const PROOFS = { dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7), requireNonce: () => true } } as const;

/** The options of each server. */
export const SERVERS = {
  usual: {},
  /** Requires pushed authorization requests (RFC 9126 section 5). */
  pushed: { features: PUSHED_ONLY },
  /** Requires the client secret in the header (RFC 6749 section 2.3.1). */
  basic: withSecret('client_secret_basic'),
  /** Requires the client secret in the body. */
  post: withSecret('client_secret_post'),
  /** Issues DPoP-bound tokens (RFC 9449). */
  bound: {
    features: PROOFS,
    clients: [
      { ...CLIENT, client_id: BOUND_CLIENT, token_endpoint_auth_method: 'none', dpop_bound_access_tokens: true },
    ],
  },
  /** Requires all of it, as banks do. */
  strict: {
    ...withSecret('client_secret_basic', { dpop_bound_access_tokens: true }),
    features: { ...PUSHED_ONLY, ...PROOFS },
    jwtAccessTokens: true,
  },
  /** Issues tokens for the requested resource only, which its userinfo endpoint rejects (RFC 8707). */
  resources: { jwtAccessTokens: true },
  /** Is used without OpenID Connect. */
  plain: { issueRefreshToken: 'always' },
} as const satisfies Readonly<Record<string, IdentityServerOptions>>;

/** The name of a server. */
export type ServerName = keyof typeof SERVERS;

/** The URLs of a server. */
export interface ServerAddresses {
  readonly issuer: string;
  /** An API that accepts JWTs for this audience. */
  readonly api: string;
  /** Returns the user of an opaque token, as a plain OAuth server does. */
  readonly user: string;
  /** An API for notes that accepts opaque tokens. */
  readonly notes: string;
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
