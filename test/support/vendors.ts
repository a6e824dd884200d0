// The servers of the presets as their vendors document them, or else as their source code does it: field names, lifetimes,
// error bodies. What all of them have in common is in vendorServer.ts.
import type { PresetId } from '../../src/wizard/presets.ts';
import type { ScriptedAnswer } from './scriptedServer.ts';

/** A server as data. URLs are the vendor's; in a test, only the host differs. */
export interface Vendor {
  /** What a user fills in for the placeholders of the issuer. */
  readonly filled: Readonly<Record<string, string>>;
  /** Its metadata except for the issuer; absent if it publishes none for clients like this one. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Which redirect URIs it accepts: a registered loopback URI with any port, exactly the registered one, or any loopback URI. */
  readonly redirects: 'any-port' | 'exact' | 'loopback';
  /** How a client must authenticate. */
  readonly client: 'public' | 'secret-in-body' | 'secret-anyhow';
  /** The response to a client that doesn't authenticate; absent for a public client. */
  readonly stranger?: ScriptedAnswer;
  /** The parameters of an authorization request without which it issues no refresh token. */
  readonly offline?: Readonly<Record<string, string>>;
  /** The scopes that it rejects. */
  readonly refusedScopes?: readonly string[];
  /** The additional parameters of its authorization response. */
  readonly callback?: Readonly<Record<string, string>>;
  /** A token response, without the tokens. */
  readonly answer: Readonly<Record<string, unknown>>;
  /** The refresh token in a response: only in a sign-in, always the same, a new one each time, or never. */
  readonly refreshToken: 'once' | 'same' | 'rotated' | 'none';
  /** When the session ends, in s after the sign-in, if the response contains it; and whether a refresh extends it. */
  readonly end?: { readonly field: string; readonly after: number; readonly slides: boolean };
  /** The additional claims of the ID token; absent if there is none. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** The response of the userinfo endpoint. */
  readonly userInfo?: Readonly<Record<string, unknown>>;
  /** The account in that response. */
  readonly account: { readonly id: string; readonly label: string };
  /** The response to a refresh with a refresh token that was revoked or has expired; absent if it supports no refreshes. */
  readonly dead?: ScriptedAnswer;
  /** The responses to revoking a refresh token, and then an access token; absent if it has no revocation endpoint. */
  readonly revocation?: { readonly refresh: ScriptedAnswer; readonly access: ScriptedAnswer };
}

/** A body with one line, as servers send it with an error. */
const error = (
  status: number,
  body: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): ScriptedAnswer => ({ status, body, headers: { 'Cache-Control': 'no-store', ...headers } });
const done: ScriptedAnswer = { status: 200, body: '' };
const S256 = { code_challenge_methods_supported: ['plain', 'S256'] };
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

const COGNITO = 'https://notes.auth.eu-central-1.amazoncognito.com';
const AUTH0 = 'https://acme.eu.auth0.com';
const AUTHENTIK = 'https://auth.acme.example/application/o';
const KEYCLOAK = 'https://id.acme.example/realms/acme/protocol/openid-connect';
const TENANT = '8eaef023-2b34-4da1-9baa-8bc8c9d6a490';
const ENTRA = `https://login.microsoftonline.com/${TENANT}`;
const OKTA = 'https://acme.okta.com/oauth2/default/v1';
const ZITADEL = 'https://acme-x1y2z3.zitadel.cloud';

const GITHUB = {
  filled: {},
  client: 'secret-in-body',
  stranger: error(200, {
    error: 'incorrect_client_credentials',
    error_description: 'The client_id and/or client_secret passed are incorrect.',
    error_uri:
      '/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors/#incorrect-client-credentials',
  }),
  userInfo: {
    login: 'octocat',
    id: 583_231,
    node_id: 'MDQ6VXNlcjU4MzIzMQ==',
    name: 'monalisa octocat',
    email: null,
    type: 'User',
  },
  account: { id: '583231', label: 'octocat' },
} as const;

/** The servers, by the ID of their preset. */
export const VENDORS: Readonly<Record<PresetId, Vendor>> = {
  cognito: {
    filled: { region: 'eu-central-1', 'pool-id': 'eu-central-1_AbCdEf123' },
    metadata: {
      authorization_endpoint: `${COGNITO}/oauth2/authorize`,
      token_endpoint: `${COGNITO}/oauth2/token`,
      userinfo_endpoint: `${COGNITO}/oauth2/userInfo`,
      revocation_endpoint: `${COGNITO}/oauth2/revoke`,
      end_session_endpoint: `${COGNITO}/logout`,
      response_types_supported: ['code', 'token'],
      scopes_supported: ['openid', 'email', 'phone', 'profile'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    },
    redirects: 'exact',
    client: 'public',
    refusedScopes: ['offline_access'],
    answer: { expires_in: 3600, token_type: 'Bearer' },
    refreshToken: 'once',
    claims: { token_use: 'id', 'cognito:username': 'ada', email: 'ada@acme.example', email_verified: true },
    account: { id: 'person-1', label: 'ada@acme.example' },
    dead: error(400, { error: 'invalid_grant' }, { 'Content-Type': 'application/json;charset=UTF-8' }),
    revocation: { refresh: done, access: error(400, { error: 'unsupported_token_type' }) },
  },
  auth0: {
    filled: { tenant: 'acme.eu' },
    metadata: {
      authorization_endpoint: `${AUTH0}/authorize`,
      token_endpoint: `${AUTH0}/oauth/token`,
      userinfo_endpoint: `${AUTH0}/userinfo`,
      device_authorization_endpoint: `${AUTH0}/oauth/device/code`,
      revocation_endpoint: `${AUTH0}/oauth/revoke`,
      end_session_endpoint: `${AUTH0}/oidc/logout`,
      ...S256,
      scopes_supported: ['openid', 'profile', 'offline_access', 'name', 'email', 'phone'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    },
    redirects: 'exact',
    client: 'public',
    answer: { expires_in: 86_400, token_type: 'Bearer', scope: 'openid profile email offline_access' },
    refreshToken: 'rotated',
    claims: { nickname: 'ada', name: 'ada@acme.example', email: 'ada@acme.example', sid: 'sid-1' },
    account: { id: 'person-1', label: 'ada@acme.example' },
    dead: error(403, { error: 'invalid_grant', error_description: 'Unknown or invalid refresh token.' }),
    revocation: { refresh: done, access: done },
  },
  authentik: {
    filled: { host: 'auth.acme.example', application: 'notes' },
    metadata: {
      authorization_endpoint: `${AUTHENTIK}/authorize/`,
      token_endpoint: `${AUTHENTIK}/token/`,
      userinfo_endpoint: `${AUTHENTIK}/userinfo/`,
      device_authorization_endpoint: `${AUTHENTIK}/device/`,
      revocation_endpoint: `${AUTHENTIK}/revoke/`,
      end_session_endpoint: `${AUTHENTIK}/notes/end-session/`,
      ...S256,
      grant_types_supported: [
        'authorization_code',
        'refresh_token',
        'implicit',
        'client_credentials',
        'password',
        DEVICE_GRANT,
      ],
      scopes_supported: ['openid', 'email', 'profile', 'offline_access'],
      token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
    },
    redirects: 'exact',
    client: 'public',
    answer: { expires_in: 300, token_type: 'Bearer', scope: 'email offline_access openid profile' },
    refreshToken: 'rotated',
    claims: {
      preferred_username: 'ada',
      name: 'Ada',
      email: 'ada@acme.example',
      acr: 'goauthentik.io/providers/oauth2/default',
    },
    account: { id: 'person-1', label: 'ada' },
    dead: error(400, {
      error: 'invalid_grant',
      error_description:
        'The provided authorization grant or refresh token is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client',
    }),
    revocation: { refresh: { body: {} }, access: { body: {} } },
  },
  'github-app': {
    ...GITHUB,
    redirects: 'exact',
    answer: { expires_in: 28_800, scope: '', token_type: 'bearer' },
    refreshToken: 'rotated',
    end: { field: 'refresh_token_expires_in', after: 15_811_200, slides: true },
    dead: error(200, {
      error: 'bad_refresh_token',
      error_description: 'The refresh token passed is incorrect or expired.',
      error_uri:
        'https://docs.github.com/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors/#bad-verification-code',
    }),
  },
  'github-oauth': {
    ...GITHUB,
    redirects: 'any-port',
    answer: { scope: 'read:user,user:email', token_type: 'bearer' },
    refreshToken: 'none',
  },
  gitlab: {
    filled: {},
    metadata: {
      authorization_endpoint: 'https://gitlab.com/oauth/authorize',
      token_endpoint: 'https://gitlab.com/oauth/token',
      userinfo_endpoint: 'https://gitlab.com/oauth/userinfo',
      device_authorization_endpoint: 'https://gitlab.com/oauth/authorize_device',
      revocation_endpoint: 'https://gitlab.com/oauth/revoke',
      ...S256,
      grant_types_supported: ['authorization_code', 'implicit', 'client_credentials', DEVICE_GRANT, 'refresh_token'],
      scopes_supported: ['api', 'read_api', 'read_user', 'openid', 'profile', 'email'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    },
    redirects: 'any-port',
    client: 'public',
    refusedScopes: ['offline_access'],
    answer: { expires_in: 7200, token_type: 'Bearer', scope: 'openid profile email', created_at: 1_607_635_748 },
    refreshToken: 'rotated',
    claims: { preferred_username: 'ada', nickname: 'ada', name: 'Ada', sub_legacy: 'abc' },
    account: { id: 'person-1', label: 'ada' },
    dead: error(
      400,
      {
        error: 'invalid_grant',
        error_description:
          'The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client.',
      },
      {
        'WWW-Authenticate':
          'Bearer realm="Doorkeeper", error="invalid_grant", error_description="The provided authorization grant is invalid"',
      },
    ),
    revocation: { refresh: { body: {} }, access: { body: {} } },
  },
  google: {
    filled: {},
    metadata: {
      authorization_endpoint: 'https://accounts.google.com/o/oauth2/v2/auth',
      token_endpoint: 'https://oauth2.googleapis.com/token',
      userinfo_endpoint: 'https://openidconnect.googleapis.com/v1/userinfo',
      device_authorization_endpoint: 'https://oauth2.googleapis.com/device/code',
      revocation_endpoint: 'https://oauth2.googleapis.com/revoke',
      ...S256,
      grant_types_supported: [
        'authorization_code',
        'refresh_token',
        DEVICE_GRANT,
        'urn:ietf:params:oauth:grant-type:jwt-bearer',
      ],
      scopes_supported: ['openid', 'email', 'profile'],
      token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
    },
    redirects: 'loopback',
    client: 'secret-anyhow',
    refusedScopes: ['offline_access'],
    offline: { access_type: 'offline', prompt: 'consent' },
    stranger: error(400, { error: 'invalid_request', error_description: 'client_secret is missing.' }),
    callback: {
      scope: 'email profile openid https://www.googleapis.com/auth/userinfo.profile',
      authuser: '0',
      prompt: 'consent',
    },
    answer: {
      expires_in: 3599,
      token_type: 'Bearer',
      scope: 'openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/userinfo.profile',
    },
    refreshToken: 'once',
    end: { field: 'refresh_token_expires_in', after: 604_799, slides: false },
    claims: {
      email: 'ada@gmail.example',
      email_verified: true,
      name: 'Ada',
      picture: 'https://lh3.googleusercontent.com/a/x',
    },
    account: { id: 'person-1', label: 'ada@gmail.example' },
    dead: error(400, { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' }),
    revocation: {
      refresh: { body: {} },
      access: error(400, { error: 'invalid_token', error_description: 'Token expired or revoked' }),
    },
  },
  keycloak: {
    filled: { host: 'id.acme.example', realm: 'acme' },
    metadata: {
      authorization_endpoint: `${KEYCLOAK}/auth`,
      token_endpoint: `${KEYCLOAK}/token`,
      userinfo_endpoint: `${KEYCLOAK}/userinfo`,
      device_authorization_endpoint: `${KEYCLOAK}/auth/device`,
      revocation_endpoint: `${KEYCLOAK}/revoke`,
      end_session_endpoint: `${KEYCLOAK}/logout`,
      ...S256,
      authorization_response_iss_parameter_supported: true,
      grant_types_supported: [
        'authorization_code',
        'implicit',
        'refresh_token',
        'password',
        'client_credentials',
        DEVICE_GRANT,
      ],
      scopes_supported: ['openid', 'offline_access', 'profile', 'email', 'roles', 'web-origins'],
      token_endpoint_auth_methods_supported: [
        'private_key_jwt',
        'client_secret_basic',
        'client_secret_post',
        'tls_client_auth',
        'client_secret_jwt',
      ],
    },
    redirects: 'any-port',
    client: 'public',
    callback: { session_state: 'f0a1', iss: 'https://id.acme.example/realms/acme' },
    answer: {
      expires_in: 300,
      refresh_expires_in: 0,
      token_type: 'Bearer',
      'not-before-policy': 0,
      session_state: 'f0a1',
      scope: 'openid profile offline_access email',
    },
    refreshToken: 'rotated',
    claims: { typ: 'ID', azp: 'vscode', preferred_username: 'ada', email_verified: false, sid: 'f0a1' },
    account: { id: 'person-1', label: 'ada' },
    dead: error(400, { error: 'invalid_grant', error_description: 'Offline user session not found' }),
    revocation: { refresh: done, access: error(200, { error: 'invalid_token', error_description: 'Invalid token' }) },
  },
  entra: {
    filled: { 'tenant-id': TENANT },
    metadata: {
      authorization_endpoint: `${ENTRA}/oauth2/v2.0/authorize`,
      token_endpoint: `${ENTRA}/oauth2/v2.0/token`,
      userinfo_endpoint: 'https://graph.microsoft.com/oidc/userinfo',
      device_authorization_endpoint: `${ENTRA}/oauth2/v2.0/devicecode`,
      end_session_endpoint: `${ENTRA}/oauth2/v2.0/logout`,
      response_modes_supported: ['query', 'fragment', 'form_post'],
      request_uri_parameter_supported: false,
      tenant_region_scope: 'EU',
      scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
      token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    },
    redirects: 'any-port',
    client: 'public',
    callback: { session_state: '7dd5-4ef4' },
    answer: { token_type: 'Bearer', scope: 'email openid profile', expires_in: 4311, ext_expires_in: 4311 },
    refreshToken: 'rotated',
    claims: { ver: '2.0', tid: TENANT, oid: 'oid-1', preferred_username: 'ada@acme.example', name: 'Ada', uti: 'u' },
    account: { id: 'person-1', label: 'ada@acme.example' },
    dead: error(400, {
      error: 'invalid_grant',
      error_codes: [700_082],
      timestamp: '2026-01-02 03:04:05Z',
      trace_id: '255d1aef-8c98-452f-ac51-23d051240864',
      correlation_id: 'fb3d2015-bc17-4bb9-bb85-30c5cf1aaaa7',
      error_description:
        'AADSTS700082: The refresh token has expired due to inactivity. The token was issued on 2025-09-30T08:00:00.0000000Z and was inactive for 90.00:00:00.',
      error_uri: 'https://login.microsoftonline.com/error?code=700082',
    }),
  },
  okta: {
    filled: { organization: 'acme' },
    metadata: {
      authorization_endpoint: `${OKTA}/authorize`,
      token_endpoint: `${OKTA}/token`,
      userinfo_endpoint: `${OKTA}/userinfo`,
      device_authorization_endpoint: `${OKTA}/device/authorize`,
      revocation_endpoint: `${OKTA}/revoke`,
      end_session_endpoint: `${OKTA}/logout`,
      code_challenge_methods_supported: ['S256'],
      grant_types_supported: ['authorization_code', 'implicit', 'refresh_token', 'password', DEVICE_GRANT],
      scopes_supported: ['openid', 'profile', 'email', 'address', 'phone', 'offline_access', 'device_sso'],
      token_endpoint_auth_methods_supported: [
        'client_secret_basic',
        'client_secret_post',
        'client_secret_jwt',
        'private_key_jwt',
        'none',
      ],
    },
    redirects: 'exact',
    client: 'public',
    answer: { token_type: 'Bearer', expires_in: 3600, scope: 'offline_access profile openid email' },
    refreshToken: 'same',
    claims: { ver: 1, amr: ['pwd'], idp: '00o1', preferred_username: 'ada@acme.example', name: 'Ada' },
    account: { id: 'person-1', label: 'ada@acme.example' },
    dead: error(400, { error: 'invalid_grant', error_description: 'The refresh token is invalid or expired.' }),
    revocation: { refresh: done, access: done },
  },
  zitadel: {
    filled: { instance: 'acme-x1y2z3' },
    metadata: {
      authorization_endpoint: `${ZITADEL}/oauth/v2/authorize`,
      token_endpoint: `${ZITADEL}/oauth/v2/token`,
      userinfo_endpoint: `${ZITADEL}/oidc/v1/userinfo`,
      device_authorization_endpoint: `${ZITADEL}/oauth/v2/device_authorization`,
      revocation_endpoint: `${ZITADEL}/oauth/v2/revoke`,
      end_session_endpoint: `${ZITADEL}/oidc/v1/end_session`,
      code_challenge_methods_supported: ['S256'],
      grant_types_supported: ['authorization_code', 'implicit', 'refresh_token', 'client_credentials', DEVICE_GRANT],
      scopes_supported: ['openid', 'profile', 'email', 'phone', 'address', 'offline_access'],
      token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    },
    redirects: 'any-port',
    client: 'public',
    answer: { token_type: 'Bearer', expires_in: 43_199 },
    refreshToken: 'rotated',
    claims: {
      aud: ['vscode', '390578110567413087'],
      azp: 'vscode',
      client_id: 'vscode',
      amr: ['pwd'],
      preferred_username: 'ada@acme.example',
      name: 'Ada',
    },
    account: { id: 'person-1', label: 'ada@acme.example' },
    dead: error(400, { error: 'invalid_request', error_description: 'Errors.OIDCSession.RefreshTokenInvalid' }),
    revocation: { refresh: done, access: done },
  },
};
