// The fields of an entry in `sessionKeeper.providers`: one row for each. The type of a provider, the parser, the
// wizard, the diagnostics, the keys that distinguish servers, the schema for the settings editor and docs/settings.md
// are derived from it.
import * as v from 'valibot';
import { MINUTE, SECOND } from './clock.ts';
import { sanitizeDisplayName } from './failure.ts';
import { field, type FieldRow } from './fieldRow.ts';
import * as schemas from './fieldSchemas.ts';
import {
  CLIENT_AUTHENTICATIONS,
  DEFAULT_PROVIDER_ID,
  DEFAULT_SCOPES,
  SESSION_TOKENS,
  SIGN_IN_METHODS,
  SIGN_OUT_RETURN,
} from './provider.ts';
import { DEFAULT_REDIRECT_URI } from './redirectUri.ts';
import { normalizeScopes } from './scopes.ts';

// No credentials are sent to the authorization endpoint and to the public keys.
const CREDENTIAL_ENDPOINTS = schemas.ENDPOINT_FIELDS.filter((name) => name !== 'authorization' && name !== 'jwks');

/** The table. The comment of each row describes the provider's value. */
export const PROVIDER_FIELDS = {
  /** The authentication provider ID that other extensions pass to `vscode.authentication.getSession`. */
  id: field({
    schema: v.optional(schemas.id, DEFAULT_PROVIDER_ID),
    server: 'none',
    affectsRefresh: false,
    display: 'value',
  }),
  /** The name shown to users; defaults to the host of the issuer. */
  label: field({
    schema: v.pipe(
      v.optional(schemas.text),
      v.transform((label) => sanitizeDisplayName(label ?? '')),
    ),
    server: 'none',
    affectsRefresh: false,
    display: 'value',
    unset: 'the host of the issuer',
  }),
  /** The issuer identifier (OpenID Connect Discovery 1.0 section 2), exactly as the entry has it. */
  issuer: field({
    schema: schemas.issuer,
    server: 'identifies',
    affectsRefresh: true,
    display: 'url',
  }),
  /** The URL of the server's metadata, if it can't be derived from the issuer; undefined for the standard locations. */
  metadataUrl: field({
    schema: v.optional(schemas.endpoint),
    server: 'identifies',
    affectsRefresh: true,
    // Whoever publishes the metadata decides where the endpoints are.
    credentialUrls: ({ endpoints, issuer, metadataUrl: url }) =>
      endpoints !== undefined || url === undefined || new URL(url).origin === new URL(issuer).origin ? [] : [url],
    display: 'url',
    unset: 'from the issuer',
  }),
  /** The client identifier (RFC 6749 section 2.2). */
  clientId: field({
    schema: v.pipe(
      schemas.text,
      v.transform((id) => id.trim()),
    ),
    server: 'identifies',
    affectsRefresh: true,
    display: 'value',
  }),
  /** The scopes that a sign-in requests if the caller names none; empty if the server has no scopes. */
  scopes: field({
    schema: v.pipe(
      v.optional(schemas.scopes, () => [...DEFAULT_SCOPES]),
      v.transform((list) => normalizeScopes(list)),
    ),
    server: 'belongs',
    affectsRefresh: false,
    display: 'list',
  }),
  /** Whether an account has one session that serves every caller and is extended by any scopes that callers request. */
  combineScopes: field({
    schema: v.optional(schemas.flag, false),
    server: 'belongs',
    affectsRefresh: false,
    display: 'value',
  }),
  /** The lifetime of an access token, in ms, to assume if neither the response nor the token specifies it. */
  assumedLifetime: field({
    schema: v.optional(schemas.timeSpan(1)),
    unitMs: SECOND,
    server: 'none',
    affectsRefresh: false,
    display: 'time',
  }),
  /** How long after the sign-in, in ms, the server ends a session, if the server doesn't specify it. */
  sessionLifetime: field({
    schema: v.optional(schemas.timeSpan(1)),
    unitMs: MINUTE,
    server: 'none',
    affectsRefresh: false,
    display: 'time',
  }),
  /** The inactivity, in ms, after which a session is signed out; 0 for never, undefined for the general setting. */
  idleTimeout: field({
    schema: v.optional(schemas.timeSpan(0)),
    unitMs: MINUTE,
    server: 'none',
    affectsRefresh: false,
    display: 'time',
    unset: 'as set for all providers',
  }),
  /** Whether the Accounts menu offers to sign in if the user isn't signed in. */
  accountsMenu: field({
    schema: v.optional(schemas.flag, true),
    server: 'none',
    affectsRefresh: false,
    display: 'value',
  }),
  /** The sign-in method to try first; undefined to choose by environment and server capabilities. */
  signInMethod: field({
    schema: v.optional(schemas.oneOf(SIGN_IN_METHODS, 'bad-sign-in-method')),
    server: 'none',
    affectsRefresh: false,
    display: 'value',
    unset: 'the first available',
  }),
  /** The ports of the loopback redirect URI, if the server compares the entire URI; empty if it accepts any port. */
  redirectPorts: field({
    schema: schemas.setOf(schemas.ports),
    server: 'belongs',
    affectsRefresh: false,
    display: 'list',
    unset: 'any free port',
  }),
  /** The loopback redirect URI that is registered at the server, with or without a port; undefined for the default one. */
  redirectUri: field({
    schema: v.optional(schemas.redirectUri),
    server: 'belongs',
    affectsRefresh: false,
    display: 'loopbackUrl',
    unset: DEFAULT_REDIRECT_URI,
  }),
  /**
   * Additional parameters of authorization requests (RFC 6749 section 4.1.1) and device authorization requests (RFC
   * 8628).
   */
  authorizationParameters: field({
    schema: v.optional(schemas.parameters, {}),
    server: 'belongs',
    affectsRefresh: false,
    display: 'names',
  }),
  /** Additional parameters of all requests to the token endpoint, including refresh requests. */
  tokenParameters: field({
    schema: v.optional(schemas.parameters, {}),
    server: 'belongs',
    affectsRefresh: true,
    display: 'names',
  }),
  /**
   * Whether refresh requests include the scopes of the session (RFC 6749 section 6). Some servers require it, others
   * reject it.
   */
  scopeOnRefresh: field({
    schema: v.optional(schemas.flag, false),
    server: 'belongs',
    affectsRefresh: true,
    display: 'value',
  }),
  /** The resources that access tokens are for (RFC 8707); empty lets the server decide. */
  resource: field({
    schema: schemas.setOf(schemas.resources),
    server: 'belongs',
    affectsRefresh: true,
    display: 'list',
  }),
  /**
   * Whether to push authorization requests (RFC 9126) even if the server doesn't require it. They're always pushed if
   * `endpoints` contains the endpoint for it.
   */
  pushedAuthorization: field({
    schema: v.optional(schemas.flag, false),
    server: 'belongs',
    affectsRefresh: false,
    display: 'value',
  }),
  /** Whether the tokens of new sessions are bound to a key of the session (DPoP, RFC 9449). */
  dpop: field({
    schema: v.optional(schemas.flag, false),
    server: 'none',
    affectsRefresh: true,
    display: 'value',
  }),
  /**
   * The endpoints of a server without metadata. Without `jwks`, ID tokens can't be verified, so none can be requested.
   */
  endpoints: field({
    schema: v.optional(schemas.endpoints),
    server: 'identifies',
    affectsRefresh: true,
    credentialUrls: ({ endpoints }) => CREDENTIAL_ENDPOINTS.flatMap((name) => endpoints?.[name] ?? []),
    display: 'urls',
    unset: 'from the server metadata',
  }),
  /** The userinfo claims that identify the account, for a server without ID tokens. */
  account: field({
    schema: v.optional(schemas.account),
    server: 'belongs',
    affectsRefresh: false,
    display: 'values',
  }),
  /** The accounts that may sign in; undefined for all. */
  allowedAccounts: field({
    schema: v.optional(schemas.allowedAccounts),
    server: 'belongs',
    affectsRefresh: false,
    display: 'lists',
    unset: 'all accounts',
  }),
  /** How the client secret is sent; undefined to follow the server metadata, or else the preference of the standard. */
  clientAuthentication: field({
    schema: v.optional(schemas.oneOf(CLIENT_AUTHENTICATIONS, 'bad-client-authentication')),
    server: 'belongs',
    affectsRefresh: true,
    display: 'value',
    unset: 'from the server metadata',
  }),
  /** Which token callers get. */
  sessionToken: field({
    schema: v.optional(schemas.oneOf(SESSION_TOKENS, 'bad-session-token'), 'access_token'),
    server: 'none',
    affectsRefresh: true,
    display: 'value',
  }),
  /**
   * Whether a sign-out opens the browser, so that the user also signs out of the server; with `return`, whether the
   * browser then returns to this machine, at a URI that must be registered at the server.
   */
  signOutAtServer: field({
    schema: v.optional(schemas.oneOf([false, true, SIGN_OUT_RETURN], 'bad-sign-out'), false),
    server: 'none',
    affectsRefresh: false,
    display: 'value',
  }),
  /** The origins of the git servers that accept the session's token. */
  git: field({
    schema: schemas.setOf(schemas.gitServers),
    server: 'belongs',
    affectsRefresh: false,
    isUserOnly: true,
    display: 'list',
  }),
  /** The MCP servers that accept the session's token; `account` is the label or the ID of the account to use. */
  mcpServers: field({
    schema: schemas.setOf(schemas.mcpServers),
    server: 'belongs',
    affectsRefresh: false,
    isUserOnly: true,
    display: 'servers',
  }),
  /**
   * Whether a sign-in revokes the refresh token that it replaces. Some servers end all sessions of the account and the
   * client with it (RFC 7009 section 2.1); undefined to revoke it only if ID tokens show that the server has another session.
   */
  revokeReplacedSession: field({
    schema: v.optional(schemas.flag),
    server: 'belongs',
    affectsRefresh: false,
    display: 'value',
    unset: 'if the server shows another session',
  }),
};

/** The fields with their rows, in the order of the table. */
export const FIELD_ROWS = Object.entries(PROVIDER_FIELDS) as readonly (readonly [
  keyof typeof PROVIDER_FIELDS,
  FieldRow,
])[];
