// Parses the challenge with which a resource server rejects a request (`WWW-Authenticate`: RFC 6750 section 3, RFC
// 9470), as VS Code passes it on. The input is untrusted: only known parameters are used, within size limits.
import { SECOND } from './clock.ts';
import { Failure } from './failure.ts';
import { decodeBase64Url, parseObject } from './json.ts';
import { coversScopes, isPermission, isScope, normalizeScopes } from './scopes.ts';
import type { SessionRecord } from './session.ts';
import { scopesOf } from './sessionScopes.ts';

/** One challenge (RFC 9110 section 11.3), parsed. */
export interface Challenge {
  readonly scheme: string;
  readonly params: Readonly<Record<string, string>>;
}

/** A caller's request that was challenged (`AuthenticationWwwAuthenticateRequest` in VS Code's API). */
export interface Constraint {
  readonly challenges: readonly Challenge[];
  /** The scopes that apply if the challenge names none. */
  readonly fallbackScopes?: readonly string[];
}

/** What a session must have to satisfy a challenge. */
export interface ChallengeRequirements {
  /** All required scopes. */
  readonly scopes: readonly string[];
  /** The scopes named in the challenge, which the resource server checks the token for. */
  readonly challengeScopes: readonly string[];
  /** Whether the resource server rejected the token itself (`invalid_token`), so that a different token is needed. */
  readonly isTokenInvalid: boolean;
  /** The acceptable authentication context classes (`acr_values`); empty if any is acceptable. */
  readonly acrValues: readonly string[];
  /** The maximum time in seconds since the user signed in (`max_age`). */
  readonly maxAge: number | undefined;
  /** The claims that the sign-in must request (Microsoft Entra), as JSON. */
  readonly claims: string | undefined;
  /**
   * The earliest time at which the token may have been issued, in ms; set only if the claims require nothing else, so
   * that a refresh is enough.
   */
  readonly notBefore: number | undefined;
}

/** The authentication schemes that carry access tokens (RFC 6750 section 2.1, RFC 9449 section 7.1). */
const SCHEMES = ['bearer', 'dpop'];
/** The maximum length of a parameter, in characters. */
const MAX_PARAMETER_LENGTH = 4000;
/** The maximum number of values in a list of scopes or authentication context classes. */
const MAX_LIST_LENGTH = 50;
/** The tolerated clock difference, in ms: the default of oauth4webapi. */
const CLOCK_TOLERANCE = 30 * SECOND;

/**
 * Parses the requirements of a resource server. If there are several challenges, the one that states an error is used.
 * If none uses our schemes, only the scopes of the caller are required.
 * @throws Failure `invalid-challenge` with the name of the parameter if a used parameter has an invalid value: a
 * session that doesn't satisfy it would only be rejected again.
 */
export function parseRequirements({ challenges, fallbackScopes = [] }: Constraint): ChallengeRequirements {
  const relevant = challenges
    .filter(({ scheme }) => SCHEMES.includes(scheme.toLowerCase()))
    .map(({ params }) => supportedParameters(params));
  const params = relevant.find(({ error, claims }) => error !== undefined || claims !== undefined) ?? relevant[0] ?? {};
  const challengeScopes = params.scope === undefined ? [] : parseList('scope', params.scope, isScope);
  const scopes =
    challengeScopes.length === 0 || params.error === 'insufficient_scope'
      ? [...fallbackScopes, ...challengeScopes]
      : challengeScopes;
  const claims = params.claims === undefined ? undefined : decodeClaims(params.claims);
  const notBefore = claims === undefined ? undefined : notBeforeOnly(claims);
  return {
    scopes: normalizeScopes(scopes),
    challengeScopes,
    // Microsoft Entra sends claims that require only a later token after it has revoked one.
    isTokenInvalid: params.error === 'invalid_token' && claims === undefined,
    acrValues: params.acr_values === undefined ? [] : parseList('acr_values', params.acr_values, isAcrValue),
    maxAge: params.max_age === undefined ? undefined : parseMaxAge(params.max_age),
    claims: claims === undefined ? undefined : JSON.stringify(claims),
    notBefore,
  };
}

type Parameter = 'error' | 'scope' | 'acr_values' | 'max_age' | 'claims';

/** The parameters that are used. Their names are case-insensitive (RFC 9110 section 11.2). */
function supportedParameters(params: Challenge['params']): Partial<Record<Parameter, string>> {
  const names: readonly string[] = ['error', 'scope', 'acr_values', 'max_age', 'claims'] satisfies Parameter[];
  return Object.fromEntries(
    Object.entries(params)
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name, value]) => names.includes(name) && value !== ''),
  );
}

function parseList(name: Parameter, text: string, isWord: (word: string) => boolean): string[] {
  const words = text.length > MAX_PARAMETER_LENGTH ? [] : normalizeScopes([text]);
  if (words.length === 0 || words.length > MAX_LIST_LENGTH || !words.every(isWord)) {
    throw new Failure('invalid-challenge', 'invalid-challenge', { detail: name });
  }
  return words;
}

/** Whether a word can be an authentication context class: visible ASCII, as in the IANA registry. */
function isAcrValue(word: string): boolean {
  return /^[\x21\x23-\x5B\x5D-\x7E]{1,200}$/.test(word);
}

function parseMaxAge(text: string): number {
  if (!/^\d{1,9}$/.test(text)) {
    throw new Failure('invalid-challenge', 'invalid-challenge', { detail: 'max_age' });
  }
  return Number(text);
}

function decodeClaims(encoded: string): Readonly<Record<string, unknown>> {
  const claims = encoded.length > MAX_PARAMETER_LENGTH ? undefined : parseClaims(decodeText(encoded));
  if (claims === undefined) {
    throw new Failure('invalid-challenge', 'invalid-challenge', { detail: 'claims' });
  }
  return claims;
}

function decodeText(encoded: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(decodeBase64Url(encoded));
  } catch {
    return '';
  }
}

/** Parses a value for the `claims` request parameter (OpenID Connect Core 5.5): a JSON object of limited size. */
export function parseClaims(text: string): Readonly<Record<string, unknown>> | undefined {
  return text.length <= MAX_PARAMETER_LENGTH ? parseObject(text) : undefined;
}

/** The time in `{"access_token":{"nbf":{"value":"…"}}}`, in ms; undefined if the claims contain anything else. */
function notBeforeOnly(claims: Readonly<Record<string, unknown>>): number | undefined {
  const only = (value: unknown, name: string): unknown => {
    const members = typeof value === 'object' && value !== null ? Object.entries(value) : [];
    return members.length === 1 && members[0]?.[0] === name ? (members[0][1] as unknown) : undefined;
  };
  const nbf = only(only(claims, 'access_token'), 'nbf');
  const value: unknown = typeof nbf === 'object' && nbf !== null && 'value' in nbf ? nbf.value : undefined;
  return (typeof value === 'string' || typeof value === 'number') && /^\d{1,11}$/.test(String(value))
    ? Number(value) * SECOND
    : undefined;
}

/** The requirements that only a sign-in can satisfy. */
export type UnmetRequirement = 'scope-not-granted' | 'acr-unmet' | 'auth-too-old';

/**
 * Returns the first requirement that a session doesn't satisfy. `claims` aren't checked, because only the resource
 * server knows whether a token has them.
 * @param now in ms since the Unix epoch, by this machine's clock.
 */
export function unmetRequirement(
  record: SessionRecord,
  { acrValues, maxAge, challengeScopes, scopes }: ChallengeRequirements,
  now: number,
): UnmetRequirement | undefined {
  const { acr, authenticatedAt, granted = record.scopes } = record;
  // Scopes that only the caller requested aren't checked: servers grant them under another name, or as part of another
  // scope.
  if (!coversScopes(scopesOf(record), scopes) || !coversScopes(granted, challengeScopes.filter(isPermission))) {
    return 'scope-not-granted';
  }
  if (acrValues.length > 0 && (acr === undefined || !acrValues.includes(acr))) {
    return 'acr-unmet';
  }
  const isRecent =
    maxAge === undefined ||
    (authenticatedAt !== undefined && authenticatedAt + maxAge * SECOND + CLOCK_TOLERANCE >= now);
  return isRecent ? undefined : 'auth-too-old';
}

/**
 * Checks that the session of a sign-in satisfies the challenge that the sign-in was for.
 * @throws Failure `insufficient-scope` or `step-up-failed` if the server didn't meet the requirements.
 */
export function assertMeets(record: SessionRecord, requirements: ChallengeRequirements, now: number): void {
  switch (unmetRequirement(record, requirements, now)) {
    case 'scope-not-granted':
      throw new Failure('insufficient-scope', 'scope-not-granted');
    case 'acr-unmet':
      throw new Failure('step-up-failed', 'acr-unmet');
    case 'auth-too-old':
      throw new Failure('step-up-failed', 'auth-too-old');
    case undefined:
  }
}
