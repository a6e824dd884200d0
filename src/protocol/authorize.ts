// The authorization request and its response: RFC 6749 section 4.1, RFC 7636 (S256), OpenID Connect Core 3.1.2, RFC
// 8707, RFC 9207.
import * as oauth from 'oauth4webapi';
import { Failure } from '../core/failure.ts';
import { isIssuerUrl, matchesTenantTemplate, withoutTrailingSlash } from '../core/issuer.ts';
import type { RequestParameters } from '../core/provider.ts';
import { promptAfter } from '../core/failurePolicies.ts';
import { normalizeScopes } from '../core/scopes.ts';
import { classify } from './classify.ts';
import { withResources, type ServerContext } from './discovery.ts';

/** An authorization request. Its secrets stay in memory. */
export interface AuthorizationRequest {
  /** The URL to open in the browser. */
  readonly url: URL;
  /** The parameters of the request, without those in the endpoint's own query. */
  readonly parameters: URLSearchParams;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/** The optional parameters of an authorization request. */
export interface AuthorizationHints {
  /** The expected account (OpenID Connect Core 3.1.2.1). */
  readonly loginHint?: string | undefined;
  /** The pages that the server must show: `login`, `consent`, `select_account` (OpenID Connect Core 3.1.2.1). */
  readonly prompt?: string | undefined;
  /** Whether the user is already signed in and wants to sign in with another account. */
  readonly wantsOtherAccount?: boolean | undefined;
  /** The claims that the server requires, as JSON (OpenID Connect Core 5.5). */
  readonly claims?: string | undefined;
  /** The acceptable authentication context classes, in order of preference (OpenID Connect Core 3.1.2.1). */
  readonly acrValues?: readonly string[] | undefined;
  /** The maximum time in seconds since the user signed in (OpenID Connect Core 3.1.2.1). */
  readonly maxAge?: number | undefined;
}

/** The parameters that the next sign-in needs after a failure. */
export function hintsAfterFailure({ claims, code }: Failure): AuthorizationHints {
  return { prompt: promptAfter(code), claims };
}

/** Converts hints to request parameters. If the entry sets a `max_age` as well, the smaller one is used. */
export function hintParameters(
  { acrValues = [], claims, loginHint, maxAge, prompt }: AuthorizationHints,
  standard: RequestParameters,
): Record<string, string> {
  const ages = [maxAge, parseMaxAge(standard['max_age'])].filter((age) => age !== undefined);
  const hints = {
    login_hint: loginHint,
    prompt,
    claims,
    acr_values: acrValues.length === 0 ? undefined : acrValues.join(' '),
    max_age: maxAge === undefined ? undefined : String(Math.min(...ages)),
  };
  return Object.fromEntries(Object.entries(hints).filter((hint): hint is [string, string] => hint[1] !== undefined));
}

/**
 * The `prompt` with which a signed-in user can choose another account, in addition to the prompt of the entry. Only
 * values that the server lists are used (`prompt_values_supported`), because an unknown value is an error.
 */
function accountSelectionPrompt({ metadata, provider }: ServerContext): string | undefined {
  const listed: unknown = metadata['prompt_values_supported'];
  const value = ['select_account', 'login'].find((one) => Array.isArray(listed) && listed.includes(one));
  return value && normalizeScopes([provider.authorizationParameters['prompt'] ?? '', value]).join(' ');
}

/** Parses a `max_age`, in seconds; undefined if it isn't a number. */
export function parseMaxAge(text: string | null | undefined): number | undefined {
  return /^\d{1,9}$/.test(text ?? '') ? Number(text) : undefined;
}

/** Creates an authorization request with a new `state`, `nonce` and code verifier. */
export async function createAuthorizationRequest(
  server: ServerContext,
  redirectUri: string,
  scopes: readonly string[],
  hints: AuthorizationHints = {},
): Promise<AuthorizationRequest> {
  const state = oauth.generateRandomState();
  const nonce = oauth.generateRandomNonce();
  const codeVerifier = oauth.generateRandomCodeVerifier();
  // The parameters of the entry come first, so that those of the protocol and of this sign-in override them.
  const parameters = withResources(server.provider.authorizationParameters, server.provider.resource);
  const standard: Record<string, string> = {
    response_type: 'code',
    client_id: server.client.client_id,
    redirect_uri: redirectUri,
    ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
    ...(scopes.includes('openid') ? { nonce } : {}),
    // Binds the code to the DPoP key, so that it can't be used without it (RFC 9449 section 10).
    ...(server.dpopKey === undefined ? {} : { dpop_jkt: await server.dpopKey.handle.calculateThumbprint() }),
  };
  const prompt = hints.prompt ?? (hints.wantsOtherAccount === true ? accountSelectionPrompt(server) : undefined);
  for (const [name, value] of Object.entries({
    ...standard,
    ...hintParameters({ ...hints, prompt }, server.provider.authorizationParameters),
  })) {
    parameters.set(name, value);
  }
  const url = new URL(authorizationEndpointOf(server));
  for (const name of new Set(parameters.keys())) {
    url.searchParams.delete(name);
  }
  parameters.forEach((value, name) => url.searchParams.append(name, value));
  // Encodes spaces as "%20" rather than "+". Both are valid, but some editors and mail programs change "+".
  url.search = url.search.replaceAll('+', '%20');
  const request = { url, parameters, redirectUri, scopes, state, nonce, codeVerifier };
  server.secrets.add(...secretsOf(request));
  return request;
}

/**
 * The URL of the authorization endpoint.
 * @throws Failure `unsupported-server` if the server has none, because it supports the device flow only.
 */
export function authorizationEndpointOf({ metadata }: ServerContext): string {
  if (metadata.authorization_endpoint === undefined) {
    throw new Failure('unsupported-server', 'missing-endpoint', { detail: 'authorization_endpoint' });
  }
  return metadata.authorization_endpoint;
}

/** Whether a response has the `state` of this request, exactly once. If not, it belongs to another request. */
export function isResponseTo(request: { readonly state: string | undefined }, parameters: URLSearchParams): boolean {
  const states = parameters.getAll('state');
  return states.length === 1 && states[0] === request.state;
}

/**
 * Validates an authorization response: `iss` first (RFC 9207), then `state`, `error`, and the code. An error without
 * `iss` is accepted even if the server declares to send `iss`: only this attempt can fail, and `state` shows that the
 * response belongs to it.
 * @throws Failure `untrusted-response` for a wrong issuer (without any text of the response, which may come from
 * another server); `issuer-mismatch` if the issuer in the entry must be corrected; `invalid-callback` if there is no
 * code; otherwise the category of the server's error code.
 */
export function readAuthorizationResponse(
  server: ServerContext,
  request: AuthorizationRequest,
  parameters: URLSearchParams,
): URLSearchParams {
  server.secrets.add(...secretsOf(request), ...parameters.getAll('code'), ...parameters.getAll('state'));
  const issuers = parameters.getAll('iss');
  const { metadata } = server;
  const [iss] = issuers;
  if (issuers.some((one) => !matchesIssuer(one, metadata.issuer))) {
    throw wrongIssuerFailure(server, issuers, isResponseTo(request, parameters));
  }
  const isError = iss === undefined && Boolean(parameters.get('error')) && isResponseTo(request, parameters);
  // Servers that declare it with a string or a number instead of a boolean must comply, too.
  if (Boolean(metadata.authorization_response_iss_parameter_supported) && issuers.length !== 1 && !isError) {
    throw new Failure('untrusted-response', 'wrong-issuer');
  }
  const expected = {
    ...metadata,
    issuer: iss ?? metadata.issuer,
    authorization_response_iss_parameter_supported: !isError && iss !== undefined,
  };
  let validated: URLSearchParams;
  try {
    validated = oauth.validateAuthResponse(expected, server.client, parameters, request.state);
  } catch (error) {
    throw classify(error, 'authorization', server.secrets);
  }
  if (validated.get('code') === null || validated.get('code') === '') {
    throw new Failure('invalid-callback', 'no-code');
  }
  return validated;
}

const secretsOf = ({ codeVerifier, nonce, state }: AuthorizationRequest): string[] => [codeVerifier, nonce, state];

/** Whether a response with this `iss` is from the server, ignoring a trailing slash and a tenant placeholder. */
function matchesIssuer(iss: string, issuer: string): boolean {
  return (
    withoutTrailingSlash(iss) === withoutTrailingSlash(issuer) ||
    matchesTenantTemplate(withoutTrailingSlash(iss), withoutTrailingSlash(issuer))
  );
}

/**
 * The failure for a response from another issuer. If the entry contains the endpoints, its `issuer` may be wrong; then
 * the failure shows the correct one, provided that the response is from the right server.
 */
function wrongIssuerFailure(
  { provider, secrets }: ServerContext,
  [iss = '', ...others]: readonly string[],
  isResponse: boolean,
): Failure {
  return provider.endpoints !== undefined && isResponse && others.length === 0 && isIssuerUrl(iss)
    ? new Failure('issuer-mismatch', 'issuer-setting', { detail: secrets.sanitizeName(iss) })
    : new Failure('untrusted-response', 'wrong-issuer');
}
