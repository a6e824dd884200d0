// Ready-made definitions: what is special about well-known servers, so that a person fills in only what is theirs.
import {
  DEFAULT_SCOPES,
  type AccountFields,
  type ClientAuthentication,
  type Endpoints,
  type RequestParameters,
} from '../core/provider.ts';

/** What is known of one product before its server is asked. The words for people stand in the host module, by its id. */
export interface Preset {
  readonly id: PresetId;
  /** The product's name, which is not translated. */
  readonly name: string;
  /** Its issuer, to the letter, with what to fill in between braces; only a name where the endpoints are among the fields. */
  readonly issuer: string;
  /** What a sign-in asks for; empty where it knows no scopes. Without `offline_access` where it refuses that, or renews anyway. */
  readonly scopes: readonly string[];
  /** What its entry has beside the issuer, the client and the scopes: in what it departs from the standard. */
  readonly fields?: PresetFields;
  /** Whether a sign-in needs the secret of the client (RFC 6749 section 2.3.1): never, always, or but for a code that the person types. */
  readonly secret: 'none' | 'required' | 'for-browser';
  /** Whether the redirect address has to be registered. */
  readonly registersRedirect: boolean;
  /** How a session stays alive: by the scope `offline_access`, without being asked for, or because its token does not run out. */
  readonly renewal: 'with-scope' | 'always' | 'needless';
  /** The field of the token answer that says in how many seconds the session ends, where there is one. */
  readonly endField?: 'refresh_expires_in' | 'refresh_token_expires_in';
  /** Whether the client can have the device authorization grant (RFC 8628): where it is allowed to, only as another kind of client, or never. */
  readonly device: 'if-allowed' | 'other-client' | 'never';
}

/** The fields of an entry that a ready-made definition brings. */
export interface PresetFields {
  /** The ports to register one by one, where the product compares the whole redirect address (against RFC 8252 section 7.3). */
  readonly redirectPorts?: readonly number[];
  /** The redirect URI, where the usual one cannot be registered. */
  readonly redirectUri?: string;
  readonly authorizationParameters?: RequestParameters;
  readonly endpoints?: Endpoints;
  readonly account?: AccountFields;
  readonly clientAuthentication?: ClientAuthentication;
}

/** The ids of the ready-made definitions. */
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

/** Ports below those that systems give out by themselves, and assigned to nobody. */
const PORTS: readonly number[] = [28_461, 28_462, 28_463];

/** What most products have in common. */
const USUAL = {
  scopes: DEFAULT_SCOPES,
  secret: 'none',
  registersRedirect: true,
  renewal: 'with-scope',
  device: 'if-allowed',
} as const;

/** GitHub describes itself for others only, and issues no ID tokens; it documents the secret among the parameters, and this name for itself. */
const GITHUB = {
  ...USUAL,
  issuer: 'https://github.com/login/oauth',
  // A session that began with a code is renewed without the secret, too.
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

/** The ready-made definitions, by name. */
export const PRESETS: readonly Preset[] = [
  // Cognito takes http: for "localhost" by name only, and compares the whole redirect URI; it refuses offline_access and sends a refresh token anyway.
  {
    ...USUAL,
    id: 'cognito',
    name: 'Amazon Cognito',
    issuer: 'https://cognito-idp.{region}.amazonaws.com/{pool-id}',
    scopes: WITHOUT_OFFLINE,
    fields: { redirectUri: 'http://localhost/callback', redirectPorts: PORTS },
    renewal: 'always',
    device: 'never',
  },
  { ...USUAL, id: 'auth0', name: 'Auth0', issuer: 'https://{tenant}.auth0.com/', fields: { redirectPorts: PORTS } },
  {
    ...USUAL,
    id: 'authentik',
    name: 'authentik',
    issuer: 'https://{host}/application/o/{application}/',
    fields: { redirectPorts: PORTS },
  },
  // A GitHub App has permissions instead of scopes, compares the whole redirect address, and takes ten of them.
  {
    ...GITHUB,
    id: 'github-app',
    name: 'GitHub App',
    scopes: [],
    fields: { ...GITHUB_FIELDS, redirectPorts: PORTS },
    renewal: 'always',
    endField: 'refresh_token_expires_in',
  },
  // The tokens of an OAuth app work until somebody revokes them, or nobody uses them for a year.
  {
    ...GITHUB,
    id: 'github-oauth',
    name: 'GitHub OAuth App',
    scopes: ['read:user', 'user:email'],
    fields: GITHUB_FIELDS,
    renewal: 'needless',
  },
  // GitLab knows no offline_access, and every token of it comes with a refresh token.
  { ...USUAL, id: 'gitlab', name: 'GitLab', issuer: 'https://gitlab.com', scopes: WITHOUT_OFFLINE, renewal: 'always' },
  {
    // Google has a parameter for what offline_access is for, and gives another refresh token only after another consent. The
    // secret of a program is none, but is asked for; a code that is typed is for clients of another type.
    ...USUAL,
    id: 'google',
    name: 'Google',
    issuer: 'https://accounts.google.com',
    scopes: WITHOUT_OFFLINE,
    fields: { authorizationParameters: { access_type: 'offline', prompt: 'consent' } },
    secret: 'required',
    registersRedirect: false,
    renewal: 'always',
    endField: 'refresh_token_expires_in',
    device: 'other-client',
  },
  {
    ...USUAL,
    id: 'keycloak',
    name: 'Keycloak',
    issuer: 'https://{host}/realms/{realm}',
    endField: 'refresh_expires_in',
  },
  { ...USUAL, id: 'entra', name: 'Microsoft Entra ID', issuer: 'https://login.microsoftonline.com/{tenant-id}/v2.0' },
  {
    ...USUAL,
    id: 'okta',
    name: 'Okta',
    issuer: 'https://{organisation}.okta.com/oauth2/default',
    fields: { redirectPorts: PORTS },
  },
  { ...USUAL, id: 'zitadel', name: 'ZITADEL', issuer: 'https://{instance}.zitadel.cloud' },
];

/** The first thing to fill in in a text, braces included; undefined where nothing is left. */
export function placeholderIn(text: string): string | undefined {
  return /\{[^{}]*\}/.exec(text)?.[0];
}
