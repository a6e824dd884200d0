// What an identity server is as configured, and the values that its fields can have.
import type { InferOutput } from 'valibot';
import type { PROVIDER_FIELDS } from './providerFields.ts';

/**
 * One identity server as configured, with the fields that providerFields.ts has a row for. Immutable; a changed entry is
 * another object. Lengths of time are in ms.
 */
export type Provider = {
  readonly [Field in ProviderField]: Readonly<InferOutput<(typeof PROVIDER_FIELDS)[Field]['schema']>>;
};

/** The name of a field of an entry. */
export type ProviderField = keyof typeof PROVIDER_FIELDS;

/** The URLs of a server's endpoints; without `jwks` no ID token can be checked, so none can be requested. */
export type Endpoints = NonNullable<Provider['endpoints']>;
/** The name that an entry has for an endpoint. */
export type EndpointField = keyof Endpoints;

/** Names of members of the userinfo answer: of one that stays the same, and of one to show. */
export type AccountFields = NonNullable<Provider['account']>;

/** Parameters of a request by their names, none of which the protocol sets itself. */
export type RequestParameters = Provider['tokenParameters'];

/** The value of `signOutAtServer` with which the browser comes back. */
export const SIGN_OUT_RETURN = 'return';

/** The tokens that callers can get: the access token (RFC 6749 section 1.4), or the ID token (OpenID Connect Core 2). */
export const SESSION_TOKENS = ['access_token', 'id_token'] as const;
/** One of them. */
export type SessionToken = (typeof SESSION_TOKENS)[number];

/** How a client with a secret shows it: in a header, or among the parameters (RFC 6749 section 2.3.1), by the names of RFC 7591 section 2. */
export const CLIENT_AUTHENTICATIONS = ['client_secret_basic', 'client_secret_post'] as const;
/** One of them. */
export type ClientAuthentication = (typeof CLIENT_AUTHENTICATIONS)[number];

/** The sign-in methods, the most convenient one first. */
export const SIGN_IN_METHODS = ['loopback', 'uri', 'device', 'paste'] as const;
/**
 * One of them: the browser comes back to a port of this machine (RFC 8252 section 7.3), or to the editor by a link of
 * its own scheme (section 7.1); the person types a code on any device (RFC 8628); or pastes the address where the browser ended.
 */
export type SignInMethod = (typeof SIGN_IN_METHODS)[number];

/** The id of an entry without one, and of the provider that is there even when nothing is configured. */
export const DEFAULT_PROVIDER_ID = 'oidc';

/** The scopes of an entry without any. */
export const DEFAULT_SCOPES: readonly string[] = ['openid', 'profile', 'email', 'offline_access'];

/** Ids that VS Code's own providers have. */
export const BUILT_IN_PROVIDER_IDS: readonly string[] = [
  'github',
  'github-enterprise',
  'microsoft',
  'microsoft-sovereign-cloud',
];

/** The pattern of an id: what VS Code, a settings key and a file name all take. */
export const PROVIDER_ID_PATTERN = /^[A-Za-z][A-Za-z0-9._-]{0,63}$/;
