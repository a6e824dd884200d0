// The fields of an entry in `sessionKeeper.providers`: one row for each, from which the type of a provider, the parser,
// the wizard, the diagnostics, the keys that tell servers apart, the settings editor's schema and docs/settings.md follow.
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

// The browser brings no credentials to the authorization endpoint, and the keys are public.
const CREDENTIAL_ENDPOINTS = schemas.ENDPOINT_FIELDS.filter((name) => name !== 'authorization' && name !== 'jwks');

/** The table. The comment of a row says what the value of a provider is. */
export const PROVIDER_FIELDS = {
  /** The authentication provider ID that other extensions pass to `vscode.authentication.getSession`. */
  id: field({
    schema: v.optional(schemas.id, DEFAULT_PROVIDER_ID),
    server: 'none',
    affectsRefresh: false,
    display: 'value',
  }),
  /** What people call it; the host of the issuer if the entry doesn't say. */
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
  /** The URL of the server's metadata, if it doesn't follow from the issuer; undefined looks at the usual places. */
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
  /** What a sign-in requests if the caller names no scopes; empty if the server knows none. */
  scopes: field({
    schema: v.pipe(
      v.optional(schemas.scopes, () => [...DEFAULT_SCOPES]),
      v.transform((list) => normalizeScopes(list)),
    ),
    server: 'belongs',
    affectsRefresh: false,
    display: 'list',
  }),
  /** The lifetime of an access token, in ms, if neither the answer nor the token says it. */
  assumedLifetime: field({
    schema: v.optional(schemas.timeSpan(1)),
    unitMs: SECOND,
    server: 'none',
    affectsRefresh: false,
    display: 'time',
  }),
  /** How long, in ms from the sign-in, the server keeps a session, if the server doesn't say. */
  sessionLifetime: field({
    schema: v.optional(schemas.timeSpan(1)),
    unitMs: MINUTE,
    server: 'none',
    affectsRefresh: false,
    display: 'time',
  }),
  /** After how long without activity, in ms, a session is signed out: 0 never, undefined as the setting for all says. */
  idleTimeout: field({
    schema: v.optional(schemas.timeSpan(0)),
    unitMs: MINUTE,
    server: 'none',
    affectsRefresh: false,
    display: 'time',
    unset: 'as for all providers',
  }),
  /** Whether the Accounts menu offers to sign in while nobody is. */
  accountsMenu: field({
    schema: v.optional(schemas.flag, true),
    server: 'none',
    affectsRefresh: false,
    display: 'value',
  }),
  /** The sign-in method that is tried first; undefined leaves that to where VS Code runs and to what the server can do. */
  signInMethod: field({
    schema: v.optional(schemas.oneOf(SIGN_IN_METHODS, 'bad-sign-in-method')),
    server: 'none',
    affectsRefresh: false,
    display: 'value',
    unset: 'the first that works',
  }),
  /** The ports of the loopback redirect URI, if the server compares the whole URI; empty if any port will do. */
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
  /** Parameters that authorization requests (RFC 6749 section 4.1.1) and device authorization requests (RFC 8628) have in addition. */
  authorizationParameters: field({
    schema: v.optional(schemas.parameters, {}),
    server: 'belongs',
    affectsRefresh: false,
    display: 'names',
  }),
  /** Parameters that each request to the token endpoint has in addition, refresh requests included. */
  tokenParameters: field({
    schema: v.optional(schemas.parameters, {}),
    server: 'belongs',
    affectsRefresh: true,
    display: 'names',
  }),
  /** Whether refresh requests name the scopes of the session (RFC 6749 section 6): some servers need that, others refuse it. */
  scopeOnRefresh: field({
    schema: v.optional(schemas.flag, false),
    server: 'belongs',
    affectsRefresh: true,
    display: 'value',
  }),
  /** The resources that the access token is for (RFC 8707); empty leaves that to the server. */
  resource: field({
    schema: schemas.setOf(schemas.resources),
    server: 'belongs',
    affectsRefresh: true,
    display: 'list',
  }),
  /**
   * Whether authorization requests are pushed (RFC 9126) although the server doesn't require it of every client. They are
   * anyway if `endpoints` says where to.
   */
  pushedAuthorization: field({
    schema: v.optional(schemas.flag, false),
    server: 'belongs',
    affectsRefresh: false,
    display: 'value',
  }),
  /** Whether the tokens of new sessions are bound to a key that the session keeps (DPoP, RFC 9449). */
  dpop: field({
    schema: v.optional(schemas.flag, false),
    server: 'none',
    affectsRefresh: true,
    display: 'value',
  }),
  /** Where the endpoints of a server without metadata are; without `jwks` no ID token can be checked, so none can be requested. */
  endpoints: field({
    schema: v.optional(schemas.endpoints),
    server: 'identifies',
    affectsRefresh: true,
    credentialUrls: ({ endpoints }) => CREDENTIAL_ENDPOINTS.flatMap((name) => endpoints?.[name] ?? []),
    display: 'urls',
    unset: 'as the server says',
  }),
  /** The members of the userinfo answer that say who signed in, for a server without ID tokens. */
  account: field({
    schema: v.optional(schemas.account),
    server: 'belongs',
    affectsRefresh: false,
    display: 'values',
  }),
  /** How the client's secret is sent; undefined as the server says, or else as the standard prefers. */
  clientAuthentication: field({
    schema: v.optional(schemas.oneOf(CLIENT_AUTHENTICATIONS, 'bad-client-authentication')),
    server: 'belongs',
    affectsRefresh: true,
    display: 'value',
    unset: 'as the server says',
  }),
  /** Which token callers get. */
  sessionToken: field({
    schema: v.optional(schemas.oneOf(SESSION_TOKENS, 'bad-session-token'), 'access_token'),
    server: 'none',
    affectsRefresh: true,
    display: 'value',
  }),
  /**
   * Whether the browser is opened at a sign-out, so that the person signs out of the server, too; and with `return`,
   * whether it comes back to this machine afterwards, at a URI that then has to be registered at the server.
   */
  signOutAtServer: field({
    schema: v.optional(schemas.oneOf([false, true, SIGN_OUT_RETURN], 'bad-sign-out'), false),
    server: 'none',
    affectsRefresh: false,
    display: 'value',
  }),
};

/** The fields with their rows, in the order of the table. */
export const FIELD_ROWS = Object.entries(PROVIDER_FIELDS) as readonly (readonly [
  keyof typeof PROVIDER_FIELDS,
  FieldRow,
])[];
