// The type of a configured identity server, and the values that its fields can have.
import type { InferOutput } from 'valibot';
import type { PROVIDER_FIELDS } from './providerFields.ts';

/**
 * A configured identity server, with one member for each row in providerFields.ts. Immutable; a changed entry results
 * in a new object. Durations are in ms.
 */
export type Provider = {
  readonly [Field in ProviderField]: Readonly<InferOutput<(typeof PROVIDER_FIELDS)[Field]['schema']>>;
};

/** The name of an entry's field. */
export type ProviderField = keyof typeof PROVIDER_FIELDS;

/** The URLs of a server's endpoints. Without `jwks`, ID tokens can't be verified, so none can be requested. */
export type Endpoints = NonNullable<Provider['endpoints']>;
/** The name of an endpoint in an entry. */
export type EndpointField = keyof Endpoints;

/** The names of the userinfo claims for a stable ID and for a label. */
export type AccountFields = NonNullable<Provider['account']>;

/** An MCP server in an entry. */
export type McpServer = Provider['mcpServers'][number];

/** Additional parameters of a request by name. None of them is set by the protocol itself. */
export type RequestParameters = Provider['tokenParameters'];

/** The value of `signOutAtServer` that makes the browser return afterwards. */
export const SIGN_OUT_RETURN = 'return';

/**
 * The token that `getSession` can return: the access token (RFC 6749 section 1.4), or the ID token (OpenID Connect
 * Core 2).
 */
export const SESSION_TOKENS = ['access_token', 'id_token'] as const;
/** One of these token types. */
export type SessionToken = (typeof SESSION_TOKENS)[number];

/**
 * The client authentication methods for a client secret: in a header, or among the parameters (RFC 6749 section 2.3.1).
 * The names are from RFC 7591 section 2.
 */
export const CLIENT_AUTHENTICATIONS = ['client_secret_basic', 'client_secret_post'] as const;
/** One of these methods. */
export type ClientAuthentication = (typeof CLIENT_AUTHENTICATIONS)[number];

/** The sign-in methods, the most convenient one first. */
export const SIGN_IN_METHODS = ['loopback', 'uri', 'device', 'paste'] as const;
/**
 * A sign-in method: the browser is redirected to a port of this machine (`loopback`, RFC 8252 section 7.3) or to a URI
 * of the editor's scheme (`uri`, section 7.1); the user enters a code on any device (`device`, RFC 8628); or the user
 * pastes the URL of the final page (`paste`).
 */
export type SignInMethod = (typeof SIGN_IN_METHODS)[number];

/** The default ID of an entry, and the ID of the provider that exists even if nothing is configured. */
export const DEFAULT_PROVIDER_ID = 'oidc';

/** The default scopes of an entry. */
export const DEFAULT_SCOPES: readonly string[] = ['openid', 'profile', 'email', 'offline_access'];

/** The IDs of VS Code's own providers. */
export const BUILT_IN_PROVIDER_IDS: readonly string[] = [
  'github',
  'github-enterprise',
  'microsoft',
  'microsoft-sovereign-cloud',
];

/** The pattern of an ID, which must be valid for VS Code, in a settings key and in a file name. */
export const PROVIDER_ID_PATTERN = /^[A-Za-z][A-Za-z0-9._-]{0,63}$/;
