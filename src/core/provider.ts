// What an identity server is as configured, and how an entry of the settings becomes one.
import * as v from 'valibot';
import { isSecureUrl } from './address.ts';
import { sanitizeDisplayName } from './failure.ts';
import { isIssuerUrl, withoutWellKnown } from './issuer.ts';
import { isRedirectUri } from './redirectUri.ts';
import { isScope, normalizeScopes } from './scopes.ts';

/** One identity server as configured. Immutable; a changed entry is another object. */
export interface Provider {
  /** The authentication provider id that other extensions pass to `vscode.authentication.getSession`. */
  readonly id: string;
  /** What people call it. */
  readonly label: string;
  /** The issuer identifier (OpenID Connect Discovery 1.0 section 2), kept to the letter. */
  readonly issuer: string;
  /** The URL of the server's metadata, where that does not follow from the issuer; undefined looks at the usual places. */
  readonly metadataUrl: string | undefined;
  /** The client identifier (RFC 6749 section 2.2) of a public client. */
  readonly clientId: string;
  /** What a sign-in asks for where the caller names no scopes; empty where the server knows none. */
  readonly scopes: readonly string[];
  /** How long, in ms, an access token is taken to live where neither the answer nor the token says. */
  readonly assumedLifetime: number | undefined;
  /** How long, in ms from the sign-in, the server keeps a session, where the server does not say. */
  readonly sessionLifetime: number | undefined;
  /** After how long without activity, in ms, a session is signed out: 0 never, undefined as the setting for all says. */
  readonly idleTimeout: number | undefined;
  /** Whether the Accounts menu offers to sign in while nobody is. */
  readonly accountsMenu: boolean;
  /** The way to sign in that is tried first; undefined leaves that to where VS Code runs and to what the server can do. */
  readonly signInMethod: SignInMethod | undefined;
  /** The ports of the loopback redirect, for a server that compares the whole address; empty where any port will do. */
  readonly redirectPorts: readonly number[];
  /** The loopback redirect URI that is registered at the server, exactly as it is there, with or without a port; undefined for the default one. */
  readonly redirectUri: string | undefined;
  /** What an authorization request (RFC 6749 section 4.1.1), and one for a code to type (RFC 8628), has beside the usual. */
  readonly authorizationParameters: RequestParameters;
  /** What each request to the token endpoint has beside the usual, renewals included. */
  readonly tokenParameters: RequestParameters;
  /** Whether refresh requests name the scopes of the session (RFC 6749 section 6): some servers need that, others refuse it. */
  readonly scopeOnRefresh: boolean;
  /** The resources that the access token is for (RFC 8707); empty leaves that to the server. */
  readonly resource: readonly string[];
  /**
   * Whether authorization requests are pushed (RFC 9126) though the server does not demand it of everybody. They are
   * anyway where `endpoints` says where to.
   */
  readonly pushedAuthorization: boolean;
  /** Whether the tokens of new sessions are bound to a key that the session keeps (DPoP, RFC 9449). */
  readonly dpop: boolean;
  /** Where the server's endpoints are, for one that does not say so itself: then nothing is asked of it before. */
  readonly endpoints: Endpoints | undefined;
  /** Which members of the userinfo answer tell who signed in, for a server without ID tokens. */
  readonly account: AccountFields | undefined;
  /** How the secret of a client is sent, for a server that does not say; undefined takes its word, or else the standard's. */
  readonly clientAuthentication: ClientAuthentication | undefined;
  /** Which token callers get. */
  readonly sessionToken: SessionToken;
  /**
   * Whether the browser is opened at a sign-out, so that the person signs out of the server, too; and with `return`,
   * whether it comes back to this machine afterwards, the address of which then has to be registered at the server.
   */
  readonly signOutAtServer: boolean | typeof SIGN_OUT_RETURN;
}

/** What `signOutAtServer` says where the browser is to come back. */
export const SIGN_OUT_RETURN = 'return';

/** The tokens that callers can get: the access token (RFC 6749 section 1.4), or the ID token (OpenID Connect Core 2). */
export const SESSION_TOKENS = ['access_token', 'id_token'] as const;
/** One of them. */
export type SessionToken = (typeof SESSION_TOKENS)[number];

/** How a client with a secret shows it: in a header, or among the parameters (RFC 6749 section 2.3.1), by the names of RFC 7591 section 2. */
export const CLIENT_AUTHENTICATIONS = ['client_secret_basic', 'client_secret_post'] as const;
/** One of them. */
export type ClientAuthentication = (typeof CLIENT_AUTHENTICATIONS)[number];

/** The endpoints of a server, by the names that the entry has for them. */
export const ENDPOINT_FIELDS = [
  'authorization',
  'token',
  'revocation',
  'userinfo',
  'deviceAuthorization',
  'jwks',
  'pushedAuthorizationRequest',
  'endSession',
] as const;
/** One of them. */
export type EndpointField = (typeof ENDPOINT_FIELDS)[number];
/** The addresses of a server's endpoints; without `jwks` no ID token can be checked, so none can be asked for. */
export type Endpoints = Readonly<
  Record<'authorization' | 'token', string> & Partial<Record<EndpointField, string | undefined>>
>;

/** The endpoints that get tokens, or the client's secret. */
const WITH_CREDENTIALS = [
  'token',
  'revocation',
  'userinfo',
  'deviceAuthorization',
  'pushedAuthorizationRequest',
  'endSession',
] as const satisfies readonly EndpointField[];

/** What of an entry decides where credentials go, beside its name for the server. */
export type Destination = Pick<Provider, 'endpoints' | 'issuer'> & Partial<Pick<Provider, 'metadataUrl'>>;

/**
 * The origins to which an entry sends credentials, sorted; none where the server itself says where its endpoints are.
 * Metadata at another origin than the issuer's count as such: whoever publishes them decides. A server may move its
 * endpoints as it likes, and a path may be corrected; another origin is somebody else.
 */
export function credentialOrigins({ endpoints, issuer, metadataUrl }: Destination): string[] {
  if (
    endpoints === undefined &&
    (metadataUrl === undefined || new URL(metadataUrl).origin === new URL(issuer).origin)
  ) {
    return [];
  }
  const addresses = endpoints === undefined ? [metadataUrl] : WITH_CREDENTIALS.map((field) => endpoints[field]);
  return [
    ...new Set(addresses.filter((address) => address !== undefined).map((address) => new URL(address).origin)),
  ].sort();
}

/** Names of members of the userinfo answer: of one that stays the same, and of one to show. */
export interface AccountFields {
  readonly id: string;
  readonly label?: string | undefined;
}

/** Parameters of a request by their names, none of which is among {@link RESERVED_PARAMETERS}. */
export type RequestParameters = Readonly<Record<string, string>>;

/**
 * The parameters that no entry can set, in any case of their letters: the protocol sets them itself, a field of the entry
 * is there for them, or they would put a secret into the settings.
 */
export const RESERVED_PARAMETERS = [
  'response_type',
  'response_mode',
  'client_id',
  'redirect_uri',
  'scope',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'request',
  'request_uri',
  'resource',
  'dpop_jkt',
  'grant_type',
  'code',
  'code_verifier',
  'refresh_token',
  'device_code',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  'assertion',
  'username',
  'password',
] as const;

/** The ways to sign in, the most convenient one first. */
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

/** The fields of an entry, for the message about one that is not among them and for the manifest's test. */
export const PROVIDER_FIELDS = [
  'id',
  'label',
  'issuer',
  'metadataUrl',
  'clientId',
  'scopes',
  'assumedLifetime',
  'sessionLifetime',
  'idleTimeout',
  'accountsMenu',
  'signInMethod',
  'redirectPorts',
  'redirectUri',
  'authorizationParameters',
  'tokenParameters',
  'scopeOnRefresh',
  'resource',
  'pushedAuthorization',
  'dpop',
  'endpoints',
  'account',
  'clientAuthentication',
  'sessionToken',
  'signOutAtServer',
] as const;

/** The pattern of an id: what VS Code, a settings key and a file name all take. */
export const PROVIDER_ID_PATTERN = /^[A-Za-z][A-Za-z0-9._-]{0,63}$/;

/** Why an entry cannot be used. */
export type ProblemCode =
  | 'not-a-list'
  | 'not-an-object'
  | 'missing'
  | 'wrong-type'
  | 'unknown-field'
  | 'bad-id'
  | 'id-of-built-in'
  | 'id-twice'
  | 'bad-url'
  | 'not-https'
  | 'bad-scope'
  | 'out-of-range'
  | 'bad-sign-in-method'
  | 'bad-port'
  | 'bad-redirect-uri'
  | 'bad-session-token'
  | 'bad-sign-out'
  | 'bad-endpoint'
  | 'bad-client-authentication'
  | 'bad-resource'
  | 'reserved-parameter';

/** Something wrong with the setting: which entry, which field, what. */
export interface SettingProblem {
  /** What to call the entry: its label, its id, or its place in the list, counted from 1. */
  readonly entry: string;
  /** The field at fault; empty where it is the entry or the list as a whole. */
  readonly field: string;
  readonly code: ProblemCode;
}

/** What a settings value comes to: the entries that can be used, and what is wrong with the others. */
export interface ParsedProviders {
  readonly providers: readonly Provider[];
  readonly problems: readonly SettingProblem[];
}

const text = v.pipe(
  v.string('wrong-type'),
  v.check((value) => value.trim() !== '', 'missing'),
);
const lifetime = v.pipe(
  v.number('wrong-type'),
  v.check((value) => value >= 1 && value <= 1e9, 'out-of-range'),
);
/** More ports than this nobody registers one by one. */
const MOST_PORTS = 20;
const port = v.pipe(
  v.number('wrong-type'),
  v.check((value) => Number.isInteger(value) && value >= 1 && value <= 65_535, 'bad-port'),
);
// RFC 6749 section 3.3: printable ASCII without space, quote and backslash.
const scope = v.pipe(text, v.check(isScope, 'bad-scope'));

// RFC 8707 section 2: an absolute URI without a fragment.
const resource = v.pipe(
  text,
  v.check((value) => /^[A-Za-z][A-Za-z0-9+.-]*:[^#\s]+$/.test(value) && URL.canParse(value), 'bad-resource'),
);
const resources = v.pipe(
  v.unknown(),
  v.transform((value) => (typeof value === 'string' ? [value] : value)),
  v.array(resource, 'wrong-type'),
  v.check(({ length }) => length > 0, 'missing'),
);
const isReserved = (name: string): boolean => (RESERVED_PARAMETERS as readonly string[]).includes(name.toLowerCase());
// Some servers read names in any case, so that "State" would be a second state.
const parameterName = v.pipe(
  v.string(),
  v.check((name) => name.trim() !== '', 'missing'),
  v.check((name) => !isReserved(name), 'reserved-parameter'),
);
// A list would pass for an object here.
const plainObject = v.custom<Record<string, unknown>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'wrong-type',
);
const endpoint = v.pipe(
  text,
  v.check((value) => /^https?:\/\/[^#\s\\]+$/.test(value) && URL.canParse(value), 'bad-endpoint'),
  v.check(isSecureUrl, 'not-https'),
);
const endpoints = v.pipe(
  plainObject,
  v.strictObject({
    authorization: endpoint,
    token: endpoint,
    revocation: v.optional(endpoint),
    userinfo: v.optional(endpoint),
    deviceAuthorization: v.optional(endpoint),
    jwks: v.optional(endpoint),
    pushedAuthorizationRequest: v.optional(endpoint),
    endSession: v.optional(endpoint),
  }),
);
const account = v.pipe(plainObject, v.strictObject({ id: text, label: v.optional(text) }));
const parameters = v.pipe(plainObject, v.record(parameterName, text));

const entrySchema = v.object(
  {
    id: v.optional(
      v.pipe(
        text,
        v.check((value) => PROVIDER_ID_PATTERN.test(value), 'bad-id'),
      ),
      DEFAULT_PROVIDER_ID,
    ),
    label: v.optional(text),
    issuer: v.pipe(
      text,
      v.transform(withoutWellKnown),
      v.check(isIssuerUrl, 'bad-url'),
      v.check(isSecureUrl, 'not-https'),
    ),
    metadataUrl: v.optional(endpoint),
    clientId: text,
    scopes: v.optional(v.array(scope, 'wrong-type'), [...DEFAULT_SCOPES]),
    assumedLifetime: v.optional(lifetime),
    sessionLifetime: v.optional(lifetime),
    idleTimeout: v.optional(
      v.pipe(
        v.number('wrong-type'),
        v.check((value) => value >= 0 && value <= 1e9, 'out-of-range'),
      ),
    ),
    accountsMenu: v.optional(v.boolean('wrong-type'), true),
    signInMethod: v.optional(v.pipe(v.string('wrong-type'), v.picklist(SIGN_IN_METHODS, 'bad-sign-in-method'))),
    redirectPorts: v.optional(
      v.pipe(
        v.array(port, 'wrong-type'),
        v.check(({ length }) => length > 0 && length <= MOST_PORTS, 'bad-port'),
      ),
    ),
    redirectUri: v.optional(v.pipe(text, v.check(isRedirectUri, 'bad-redirect-uri'))),
    authorizationParameters: v.optional(parameters),
    tokenParameters: v.optional(parameters),
    scopeOnRefresh: v.optional(v.boolean('wrong-type'), false),
    resource: v.optional(resources),
    pushedAuthorization: v.optional(v.boolean('wrong-type'), false),
    dpop: v.optional(v.boolean('wrong-type'), false),
    endpoints: v.optional(endpoints),
    account: v.optional(account),
    clientAuthentication: v.optional(
      v.pipe(v.string('wrong-type'), v.picklist(CLIENT_AUTHENTICATIONS, 'bad-client-authentication')),
    ),
    sessionToken: v.optional(
      v.pipe(v.string('wrong-type'), v.picklist(SESSION_TOKENS, 'bad-session-token')),
      'access_token',
    ),
    signOutAtServer: v.optional(v.union([v.boolean(), v.literal(SIGN_OUT_RETURN)], 'bad-sign-out'), false),
  },
  'not-an-object',
);

/**
 * Parses the value of the setting `sessionKeeper.providers`, whatever it is. Never throws: a bad entry becomes
 * a problem and the good ones go on working. Of two entries with one id the first is taken.
 * @param takenIds ids that belong to providers of other extensions.
 */
export function parseProviders(value: unknown, takenIds: readonly string[] = BUILT_IN_PROVIDER_IDS): ParsedProviders {
  if (value === undefined || value === null) {
    return { providers: [], problems: [] };
  }
  if (!Array.isArray(value)) {
    return { providers: [], problems: [{ entry: '', field: '', code: 'not-a-list' }] };
  }
  const providers: Provider[] = [];
  const problems: SettingProblem[] = [];
  for (const [index, raw] of (value as unknown[]).entries()) {
    const entry = nameOf(raw, index);
    const parsed = v.safeParse(entrySchema, Array.isArray(raw) ? null : raw, { abortPipeEarly: true });
    const unknown = unknownFieldsOf(raw);
    if (!parsed.success || unknown.length > 0) {
      problems.push(...(parsed.issues ?? []).map((issue) => problemOf(entry, issue)));
      problems.push(...unknown.map((field) => ({ entry, field, code: 'unknown-field' }) as const));
      continue;
    }
    const { id } = parsed.output;
    if (takenIds.includes(id)) {
      problems.push({ entry, field: 'id', code: 'id-of-built-in' });
    } else if (providers.some((provider) => provider.id === id)) {
      problems.push({ entry, field: 'id', code: 'id-twice' });
    } else {
      providers.push(providerOf(parsed.output));
    }
  }
  return { providers, problems };
}

function providerOf(entry: v.InferOutput<typeof entrySchema>): Provider {
  return {
    id: entry.id,
    label: sanitizeDisplayName(entry.label ?? '') || new URL(entry.issuer).hostname,
    issuer: entry.issuer,
    metadataUrl: entry.metadataUrl,
    clientId: entry.clientId.trim(),
    scopes: normalizeScopes(entry.scopes),
    assumedLifetime: entry.assumedLifetime === undefined ? undefined : entry.assumedLifetime * 1000,
    sessionLifetime: entry.sessionLifetime === undefined ? undefined : entry.sessionLifetime * 60_000,
    idleTimeout: entry.idleTimeout === undefined ? undefined : entry.idleTimeout * 60_000,
    accountsMenu: entry.accountsMenu,
    signInMethod: entry.signInMethod,
    redirectPorts: [...new Set(entry.redirectPorts)],
    redirectUri: entry.redirectUri,
    authorizationParameters: { ...entry.authorizationParameters },
    tokenParameters: { ...entry.tokenParameters },
    scopeOnRefresh: entry.scopeOnRefresh,
    resource: [...new Set(entry.resource)],
    pushedAuthorization: entry.pushedAuthorization,
    dpop: entry.dpop,
    endpoints: entry.endpoints,
    account: entry.account,
    clientAuthentication: entry.clientAuthentication,
    sessionToken: entry.sessionToken,
    signOutAtServer: entry.signOutAtServer,
  };
}

function nameOf(raw: unknown, index: number): string {
  if (typeof raw === 'object' && raw !== null) {
    for (const field of ['label', 'id'] as const) {
      const value = (raw as Record<string, unknown>)[field];
      if (typeof value === 'string' && value.trim() !== '') {
        return value.trim();
      }
    }
  }
  return String(index + 1);
}

function problemOf(entry: string, issue: v.BaseIssue<unknown>): SettingProblem {
  const field = issue.path?.map((item) => String(item.key)).join('.') ?? '';
  return { entry, field, code: codeOf(issue) };
}

function codeOf(issue: v.BaseIssue<unknown>): ProblemCode {
  // The schema reports a missing key on the object, in words of its own; every other message is one of the codes.
  if (issue.type === 'strict_object') {
    return issue.expected === 'never' ? 'unknown-field' : 'missing';
  }
  return issue.type === 'object' && issue.path !== undefined ? 'missing' : (issue.message as ProblemCode);
}

/** A misspelt field would be ignored in silence, so it is a problem. */
function unknownFieldsOf(raw: unknown): string[] {
  const known: readonly string[] = PROVIDER_FIELDS;
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw)
    ? Object.keys(raw).filter((field) => !known.includes(field))
    : [];
}
