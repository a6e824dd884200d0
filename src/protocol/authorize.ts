// The authorization request and its answer: RFC 6749 section 4.1, RFC 7636 (S256), OpenID Connect Core 3.1.2, RFC 8707, RFC 9207.
import * as oauth from 'oauth4webapi';
import { Failure, sanitizeDisplayName } from '../core/failure.ts';
import { isIssuerUrl, matchesTenantTemplate, withoutTrailingSlash } from '../core/issuer.ts';
import type { RequestParameters } from '../core/provider.ts';
import { promptAfter } from '../core/failurePolicies.ts';
import { normalizeScopes } from '../core/scopes.ts';
import { classify } from './classify.ts';
import { withResources, type ServerContext } from './discovery.ts';

/** A request that is about to be, or has been, sent through the browser. Its secrets never leave memory. */
export interface AuthorizationRequest {
  /** The address for the browser. */
  readonly url: URL;
  /** What the address says, without what the endpoint itself has in its query. */
  readonly parameters: URLSearchParams;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/** What a caller may add to an authorization request. */
export interface AuthorizationHints {
  /** Who is expected to sign in (OpenID Connect Core 3.1.2.1). */
  readonly loginHint?: string | undefined;
  /** What the server has to show in any case: `login`, `consent`, `select_account` (OpenID Connect Core 3.1.2.1). */
  readonly prompt?: string | undefined;
  /** Whether somebody is signed in already, and another account is wanted. */
  readonly wantsOtherAccount?: boolean | undefined;
  /** The claims that the server itself has asked for, as JSON (OpenID Connect Core 5.5). */
  readonly claims?: string | undefined;
  /** The authentication context classes of which one is wanted, the best one first (OpenID Connect Core 3.1.2.1). */
  readonly acrValues?: readonly string[] | undefined;
  /** How long ago, in seconds, the person may have signed in at the most (OpenID Connect Core 3.1.2.1). */
  readonly maxAge?: number | undefined;
}

/** What the next sign-in has to ask the server for, after what it has said. */
export function hintsAfterFailure({ claims, code }: Failure): AuthorizationHints {
  return { prompt: promptAfter(code), claims };
}

/** The parameters that hints are in an authorization request; what an entry wants of the age of a sign-in still counts. */
export function hintParameters(
  { acrValues = [], claims, loginHint, maxAge, prompt }: AuthorizationHints,
  usual: RequestParameters,
): Record<string, string> {
  const ages = [maxAge, parseMaxAge(usual['max_age'])].filter((age) => age !== undefined);
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
 * What a server has to show so that a person who is signed in there can be somebody else, beside what the entry wants
 * shown. Only of the values that it lists (`prompt_values_supported`): one that it does not know is an error.
 */
function accountSelectionPrompt({ metadata, provider }: ServerContext): string | undefined {
  const listed: unknown = metadata['prompt_values_supported'];
  const value = ['select_account', 'login'].find((one) => Array.isArray(listed) && listed.includes(one));
  return value && normalizeScopes([provider.authorizationParameters['prompt'] ?? '', value]).join(' ');
}

/** The number of seconds that a `max_age` says; undefined where it says none. */
export function parseMaxAge(text: string | null | undefined): number | undefined {
  return /^\d{1,9}$/.test(text ?? '') ? Number(text) : undefined;
}

/** Makes an authorization request with a `state`, a `nonce` and a code challenge of its own. */
export async function createAuthorizationRequest(
  server: ServerContext,
  redirectUri: string,
  scopes: readonly string[],
  hints: AuthorizationHints = {},
): Promise<AuthorizationRequest> {
  const state = oauth.generateRandomState();
  const nonce = oauth.generateRandomNonce();
  const codeVerifier = oauth.generateRandomCodeVerifier();
  // The entry speaks first: neither the protocol nor what this very sign-in needs gives way to it.
  const parameters = withResources(server.provider.authorizationParameters, server.provider.resource);
  const usual: Record<string, string> = {
    response_type: 'code',
    client_id: server.client.client_id,
    redirect_uri: redirectUri,
    ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
    ...(scopes.includes('openid') ? { nonce } : {}),
    // The code is bound to the key, too, so that nobody else can trade it (RFC 9449 section 10).
    ...(server.dpopKey === undefined ? {} : { dpop_jkt: await server.dpopKey.handle.calculateThumbprint() }),
  };
  const prompt = hints.prompt ?? (hints.wantsOtherAccount === true ? accountSelectionPrompt(server) : undefined);
  for (const [name, value] of Object.entries({
    ...usual,
    ...hintParameters({ ...hints, prompt }, server.provider.authorizationParameters),
  })) {
    parameters.set(name, value);
  }
  const url = new URL(authorizationEndpointOf(server));
  for (const name of new Set(parameters.keys())) {
    url.searchParams.delete(name);
  }
  parameters.forEach((value, name) => url.searchParams.append(name, value));
  // A space is "%20" rather than "+": both are right, but only one survives every editor and mail program.
  url.search = url.search.replaceAll('+', '%20');
  return { url, parameters, redirectUri, scopes, state, nonce, codeVerifier };
}

/**
 * Where the browser goes to sign in.
 * @throws Failure where the server signs people in by a code for any device only.
 */
export function authorizationEndpointOf({ metadata }: ServerContext): string {
  if (metadata.authorization_endpoint === undefined) {
    throw new Failure('unsupported-server', 'missing-endpoint', { detail: 'authorization_endpoint' });
  }
  return metadata.authorization_endpoint;
}

/** Whether an answer carries the `state` of this request, once. One that does not belongs to somebody else. */
export function isResponseTo(request: { readonly state: string | undefined }, parameters: URLSearchParams): boolean {
  const states = parameters.getAll('state');
  return states.length === 1 && states[0] === request.state;
}

/**
 * Checks an authorization response: `iss` (RFC 9207) before anything else is looked at, `state`, `error`, and that
 * there is a code. A server that promises an `iss` and leaves it out of an error is believed all the same: nothing but
 * the attempt is at stake, and the `state` has shown that the answer belongs to it.
 * @throws Failure `untrusted-response` on a wrong issuer (without a word of the answer: it may come from another server),
 * `issuer-mismatch` where the entry itself has to name the issuer, or on a missing code; else the category of the server's error code.
 */
export function readAuthorizationResponse(
  server: ServerContext,
  request: AuthorizationRequest,
  parameters: URLSearchParams,
): URLSearchParams {
  const issuers = parameters.getAll('iss');
  const { metadata } = server;
  const [iss] = issuers;
  if (issuers.some((one) => !matchesIssuer(one, metadata.issuer))) {
    throw wrongIssuerFailure(server, issuers, isResponseTo(request, parameters));
  }
  const isError = iss === undefined && Boolean(parameters.get('error')) && isResponseTo(request, parameters);
  // A server that says so by a word or a number is held to it as well.
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
    throw classify(error, 'authorization');
  }
  if (validated.get('code') === null || validated.get('code') === '') {
    throw new Failure('invalid-callback', 'no-code');
  }
  return validated;
}

/** Whether an answer with this `iss` is from a server: a slash at the end makes no difference, nor does the tenant where that is open. */
function matchesIssuer(iss: string, issuer: string): boolean {
  return (
    withoutTrailingSlash(iss) === withoutTrailingSlash(issuer) ||
    matchesTenantTemplate(withoutTrailingSlash(iss), withoutTrailingSlash(issuer))
  );
}

/**
 * What is wrong with an answer of another issuer. Where the entry describes the server, its `issuer` may be a mere name;
 * then it is shown what belongs there, should the answer be from the right server.
 */
function wrongIssuerFailure(
  { provider }: ServerContext,
  [iss = '', ...others]: readonly string[],
  isAnswer: boolean,
): Failure {
  return provider.endpoints !== undefined && isAnswer && others.length === 0 && isIssuerUrl(iss)
    ? new Failure('issuer-mismatch', 'issuer-setting', { detail: sanitizeDisplayName(iss) })
    : new Failure('untrusted-response', 'wrong-issuer');
}
