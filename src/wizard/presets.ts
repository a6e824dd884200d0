// Presets: what is known about common products, so that the user fills in only what differs.
import {
  DEFAULT_SCOPES,
  type AccountFields,
  type ClientAuthentication,
  type Endpoints,
  type RequestParameters,
} from '../core/provider.ts';

/** What is known about one product before discovery. Its texts are in presetMessages.ts. */
export interface Preset {
  readonly id: PresetId;
  /** The product's name, which is not translated. */
  readonly name: string;
  /** Its exact issuer, with placeholders in braces; only a name if `fields` has the endpoints. */
  readonly issuer: string;
  /** Whether everyone uses this issuer. */
  readonly isHosted?: true;
  /** The scopes to request; empty if it has none. Without `offline_access` if it rejects that, or issues refresh tokens anyway. */
  readonly scopes: readonly string[];
  /** The other fields of its entry, for where it deviates from the standards. */
  readonly fields?: PresetFields;
  /** Whether a sign-in needs a client secret (RFC 6749 section 2.3.1): never, always, or not in the device code flow. */
  readonly secret: 'none' | 'required' | 'for-browser';
  /** Whether the redirect URI has to be registered. */
  readonly registersRedirect: boolean;
  /** How to get a refresh token: with the scope `offline_access`, always, or never, because access tokens don't expire. */
  readonly renewal: 'with-scope' | 'always' | 'needless';
  /** The field of the token response with the remaining lifetime of the session, in seconds, if there is one. */
  readonly endField?: 'refresh_expires_in' | 'refresh_token_expires_in';
  /** Whether the client can use the device authorization grant (RFC 8628): if allowed at the server, only with another type of client, or never. */
  readonly device: 'if-allowed' | 'other-client' | 'never';
}

/** The fields of an entry that a preset sets. */
export interface PresetFields {
  /** The ports to register one by one, if the product compares the whole redirect URI (contrary to RFC 8252 section 7.3). */
  readonly redirectPorts?: readonly number[];
  /** The redirect URI, if the default one can't be registered. */
  readonly redirectUri?: string;
  readonly authorizationParameters?: RequestParameters;
  readonly endpoints?: Endpoints;
  readonly account?: AccountFields;
  readonly clientAuthentication?: ClientAuthentication;
  /** False where revoking one refresh token ends every session of the account and the client. */
  readonly revokeReplacedSession?: false;
}

/** The IDs of the presets. */
export type PresetId =
  | 'keycloak'
  | 'auth0'
  | 'okta'
  | 'entra'
  | 'gitlab'
  | 'authentik'
  | 'zitadel'
  | 'cognito'
  | 'google'
  | 'github-oauth'
  | 'github-app';

const WITHOUT_OFFLINE: readonly string[] = DEFAULT_SCOPES.filter((scope) => scope !== 'offline_access');

/** Ports below the ephemeral range that IANA hasn't assigned. */
const PORTS: readonly number[] = [28_461, 28_462, 28_463];

/** What most products have in common. */
const COMMON = {
  scopes: DEFAULT_SCOPES,
  secret: 'none',
  registersRedirect: true,
  renewal: 'with-scope',
  device: 'if-allowed',
} as const;

/** GitHub's metadata aren't usable here, and it issues no ID tokens; its documentation specifies `client_secret_post` and this issuer. */
const GITHUB = {
  ...COMMON,
  issuer: 'https://github.com/login/oauth',
  // A session from the device code flow is also renewed without the secret.
  secret: 'for-browser',
} as const;
const GITHUB_FIELDS: PresetFields = {
  endpoints: {
    authorization: 'https://github.com/login/oauth/authorize',
    token: 'https://github.com/login/oauth/access_token',
    userinfo: 'https://api.github.com/user',
    deviceAuthorization: 'https://github.com/login/device/code',
  },
  account: { id: 'id', label: 'login' },
  clientAuthentication: 'client_secret_post',
};

/** The presets, by name. */
export const PRESETS: readonly Preset[] = [
  // Cognito accepts http: only for "localhost", and compares the whole redirect URI. It rejects offline_access, and always
  // issues a refresh token.
  {
    ...COMMON,
    id: 'cognito',
    name: 'Amazon Cognito',
    issuer: 'https://cognito-idp.{region}.amazonaws.com/{pool-id}',
    scopes: WITHOUT_OFFLINE,
    fields: { redirectUri: 'http://localhost/callback', redirectPorts: PORTS },
    renewal: 'always',
    device: 'never',
  },
  // Tenants can be set to delete the whole grant with one refresh token.
  {
    ...COMMON,
    id: 'auth0',
    name: 'Auth0',
    issuer: 'https://{tenant}.auth0.com/',
    fields: { redirectPorts: PORTS, revokeReplacedSession: false },
  },
  {
    ...COMMON,
    id: 'authentik',
    name: 'authentik',
    issuer: 'https://{host}/application/o/{application}/',
    fields: { redirectPorts: PORTS },
  },
  // A GitHub App has permissions instead of scopes. GitHub compares the whole redirect URI, and accepts up to ten.
  {
    ...GITHUB,
    id: 'github-app',
    name: 'GitHub App',
    scopes: [],
    fields: { ...GITHUB_FIELDS, redirectPorts: PORTS },
    renewal: 'always',
    endField: 'refresh_token_expires_in',
  },
  // The tokens of an OAuth app are valid until they are revoked, or haven't been used for a year.
  {
    ...GITHUB,
    id: 'github-oauth',
    name: 'GitHub OAuth App',
    scopes: ['read:user', 'user:email'],
    fields: GITHUB_FIELDS,
    renewal: 'needless',
  },
  // GitLab has no offline_access, and always issues a refresh token.
  { ...COMMON, id: 'gitlab', name: 'GitLab', issuer: 'https://gitlab.com', scopes: WITHOUT_OFFLINE, renewal: 'always' },
  {
    // Google uses a parameter instead of offline_access, and issues another refresh token only after another consent. The
    // secret of a desktop app isn't confidential, but required; the device code flow needs another type of client.
    ...COMMON,
    id: 'google',
    name: 'Google',
    issuer: 'https://accounts.google.com',
    isHosted: true,
    scopes: WITHOUT_OFFLINE,
    fields: { authorizationParameters: { access_type: 'offline', prompt: 'consent' } },
    secret: 'required',
    registersRedirect: false,
    renewal: 'always',
    endField: 'refresh_token_expires_in',
    device: 'other-client',
  },
  {
    ...COMMON,
    id: 'keycloak',
    name: 'Keycloak',
    issuer: 'https://{host}/realms/{realm}',
    endField: 'refresh_expires_in',
  },
  { ...COMMON, id: 'entra', name: 'Microsoft Entra ID', issuer: 'https://login.microsoftonline.com/{tenant-id}/v2.0' },
  {
    ...COMMON,
    id: 'okta',
    name: 'Okta',
    issuer: 'https://{organization}.okta.com/oauth2/default',
    fields: { redirectPorts: PORTS },
  },
  { ...COMMON, id: 'zitadel', name: 'ZITADEL', issuer: 'https://{instance}.zitadel.cloud' },
];

/** Returns the first placeholder in a text, including its braces; undefined if there is none. */
export function placeholderIn(text: string): string | undefined {
  return /\{[^{}]*\}/.exec(text)?.[0];
}
