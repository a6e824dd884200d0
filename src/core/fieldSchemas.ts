// The parts that the schemas of a provider's fields consist of. Every message is a problem code. Each check comes with
// the JSON Schema that approximates it, because the schema for the settings editor is generated from here.
import * as v from 'valibot';
import { hasUserInfo, isSecureUrl, parseUrl } from './secureUrl.ts';
import { isIssuerUrl, withoutWellKnown } from './issuer.ts';
import type { ProblemCode } from './parseProviders.ts';
import { BUILT_IN_PROVIDER_IDS, PROVIDER_ID_PATTERN } from './provider.ts';
import { REDIRECT_URI_PATTERN, isRedirectUri } from './redirectUri.ts';
import { SCOPE_PATTERN, isScope } from './scopes.ts';
import { sanitizeDisplayName } from './failure.ts';

type JsonSchema = Readonly<Record<string, unknown>>;

/** Attaches JSON Schema keywords for the settings editor to a schema or check. */
function withJsonSchema<Part extends object>(part: Part, jsonSchema: JsonSchema): Part {
  return { ...part, jsonSchema };
}

function check<Value>(
  code: ProblemCode,
  jsonSchema: JsonSchema,
  isValid: (value: Value) => boolean,
): v.CheckAction<Value, ProblemCode> {
  return withJsonSchema(v.check(isValid, code), jsonSchema);
}

function between(minimum: number, maximum: number, code: ProblemCode): v.CheckAction<number, ProblemCode> {
  return check(code, { minimum, maximum }, (value) => value >= minimum && value <= maximum);
}

/** A string that isn't blank. */
export const text = v.pipe(
  v.string(({ input }) => (input === undefined ? 'missing' : 'wrong-type')),
  check('missing', { minLength: 1 }, (value) => value.trim() !== ''),
);

/** `true` or `false`. */
export const flag = v.boolean('wrong-type');

/** One of several values. */
export function oneOf<const Option extends string | boolean>(
  options: readonly Option[],
  code: ProblemCode,
): v.GenericSchema<Option> {
  const isOption = (value: unknown): boolean => (options as readonly unknown[]).includes(value);
  return withJsonSchema(v.custom<Option>(isOption, code), { enum: options });
}

const number = v.number('wrong-type');

/** A number of units of time. The limit ensures that adding it to the current time gives a valid time. */
export function timeSpan(minimum: number): v.GenericSchema<number> {
  return v.pipe(number, between(minimum, 1e9, 'out-of-range'));
}

/** A list without duplicates; empty if absent. */
export function setOf<Item>(list: v.GenericSchema<unknown, Item[]>): v.GenericSchema<unknown, Item[]> {
  return v.pipe(
    v.optional(list),
    v.transform((items) => [...new Set(items)]),
  );
}

/** The ID of a provider. Conflicts with other extensions are checked elsewhere, where their IDs are known. */
export const id = v.pipe(
  text,
  check('bad-id', { pattern: PROVIDER_ID_PATTERN.source, not: { enum: BUILT_IN_PROVIDER_IDS } }, (value) =>
    PROVIDER_ID_PATTERN.test(value),
  ),
);

// The settings editor's check for `http:` URLs. The code's own check knows all forms of loopback addresses.
const LOOPBACK = String.raw`http://(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?`;

/** An issuer, or its well-known metadata URL, which is converted to the issuer. */
export const issuer = v.pipe(
  text,
  v.transform(withoutWellKnown),
  v.check(isIssuerUrl, 'bad-url'),
  check('not-https', { pattern: String.raw`^(https://[^?#@\s]+|${LOOPBACK}(/[^?#@\s]*)?)$` }, isSecureUrl),
);

/** The URL of an endpoint. */
export const endpoint = v.pipe(
  text,
  v.check(
    (value) => /^https?:\/\/[^#\s\\]+$/.test(value) && parseUrl(value) !== undefined && !hasUserInfo(value),
    'bad-endpoint',
  ),
  check(
    'not-https',
    { pattern: String.raw`^(https://[^/?#@\s\\]+([/?][^#\s\\]*)?|${LOOPBACK}([/?][^#\s\\]*)?)$` },
    isSecureUrl,
  ),
);

/** Scope values (RFC 6749 section 3.3). */
export const scopes = v.array(
  v.pipe(text, check('bad-scope', { pattern: SCOPE_PATTERN.source }, isScope)),
  'wrong-type',
);

/** A redirect URI on a loopback address. */
export const redirectUri = v.pipe(
  text,
  check('bad-redirect-uri', { pattern: REDIRECT_URI_PATTERN.source }, isRedirectUri),
);

/** The origins of git servers, in the form of `URL.origin`. */
export const gitServers = v.array(
  v.pipe(
    text,
    v.check((value) => !hasUserInfo(value), 'bad-git-server'),
    check(
      'bad-git-server',
      { pattern: String.raw`^(https://[^/?#@\s\\]+|${LOOPBACK})/?$` },
      (value) => /^https?:\/\/[^/?#@\s\\]+\/?$/.test(value) && parseUrl(value) !== undefined && isSecureUrl(value),
    ),
    v.transform((value) => new URL(value).origin),
  ),
  'wrong-type',
);

/** The maximum number of ports. */
const MAX_PORTS = 20;

/** The ports of a redirect URI. */
export const ports = v.pipe(
  v.array(
    v.pipe(
      number,
      check('bad-port', { type: 'integer' }, (port) => Number.isInteger(port)),
      between(1, 65_535, 'bad-port'),
    ),
    'wrong-type',
  ),
  check('bad-port', { minItems: 1, maxItems: MAX_PORTS }, ({ length }) => length > 0 && length <= MAX_PORTS),
);

const RESOURCE_PATTERN = /^[A-Za-z][A-Za-z0-9+.-]*:[^#\s]+$/;
const resource = v.pipe(
  text,
  check(
    'bad-resource',
    { pattern: RESOURCE_PATTERN.source },
    (uri) => RESOURCE_PATTERN.test(uri) && parseUrl(uri) !== undefined,
  ),
);

/** Resource indicators (RFC 8707 section 2): one absolute URI without a fragment, or a list of them. */
export const resources = v.pipe(
  v.custom<string | unknown[]>((value) => typeof value === 'string' || Array.isArray(value), 'wrong-type'),
  v.transform((value) => [value].flat()),
  v.array(resource, 'wrong-type'),
  check(
    'missing',
    { type: ['string', 'array'], pattern: RESOURCE_PATTERN.source, minItems: 1 },
    ({ length }) => length > 0,
  ),
);

/**
 * The parameters that an entry can't set, regardless of case: the protocol sets them, the entry has a field for them,
 * or they would put a secret into the settings.
 */
export const RESERVED_PARAMETERS: readonly string[] = [
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
];

// Arrays are excluded, because `v.record` and `v.strictObject` accept them.
const plainObject = v.custom<Record<string, unknown>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'wrong-type',
);

// Some servers compare names case-insensitively, so that "State" would be a second `state`.
const parameterName = v.pipe(
  text,
  check('reserved-parameter', { not: { enum: RESERVED_PARAMETERS } }, (name) => {
    return !RESERVED_PARAMETERS.includes(name.toLowerCase());
  }),
);

/** The parameters of a request by name, except {@link RESERVED_PARAMETERS}. */
export const parameters = v.pipe(plainObject, v.record(parameterName, text));

const ENDPOINTS = {
  authorization: endpoint,
  token: endpoint,
  revocation: v.optional(endpoint),
  userinfo: v.optional(endpoint),
  deviceAuthorization: v.optional(endpoint),
  jwks: v.optional(endpoint),
  pushedAuthorizationRequest: v.optional(endpoint),
  endSession: v.optional(endpoint),
} as const;

/** The names of the endpoints in an entry. */
export const ENDPOINT_FIELDS = Object.keys(ENDPOINTS) as readonly (keyof typeof ENDPOINTS)[];

/** The URLs of a server's endpoints. */
export const endpoints = v.pipe(plainObject, v.strictObject(ENDPOINTS));

/** MCP servers: a label for VS Code's lists, a URL, and optionally the scopes and the account to use. */
export const mcpServers = v.array(
  v.pipe(
    plainObject,
    v.strictObject({
      label: v.pipe(
        text,
        v.transform(sanitizeDisplayName),
        v.check((value) => value !== '', 'missing'),
      ),
      url: endpoint,
      scopes: v.optional(scopes),
      account: v.optional(text),
    }),
  ),
  'wrong-type',
);

const accountPatterns = v.optional(
  v.pipe(
    v.array(
      v.pipe(
        text,
        check('wrong-type', { maxLength: 200 }, ({ length }) => length <= 200),
      ),
      'wrong-type',
    ),
    check<string[]>('missing', { minItems: 1 }, ({ length }) => length > 0),
  ),
);

/** The accounts that may sign in: patterns of the name, and values of the claims `hd` and `tid`. */
export const allowedAccounts = v.pipe(
  plainObject,
  v.strictObject({ name: accountPatterns, hd: accountPatterns, tid: accountPatterns }),
  check('missing', { minProperties: 1 }, (value) => Object.keys(value).length > 0),
);

/** The names of the userinfo claims for a stable ID and for a label. */
export const account = v.pipe(plainObject, v.strictObject({ id: text, label: v.optional(text) }));
