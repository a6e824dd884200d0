// What a resource server wants of a token before it serves a caller: `WWW-Authenticate` (RFC 6750 section 3, RFC 9470),
// as VS Code hands it on, taken apart. A resource server is nobody's friend: only what is known is taken, within bounds.
import { SECOND } from './clock.ts';
import { Failure } from './failure.ts';
import { decodeBase64Url, parseObject } from './json.ts';
import { coversScopes, isPermission, isScope, normalizeScopes } from './scopes.ts';
import { servesScopes, type SessionRecord } from './session.ts';

/** One challenge (RFC 9110 section 11.3), parsed. */
export interface Challenge {
  readonly scheme: string;
  readonly params: Readonly<Record<string, string>>;
}

/** What a caller that was challenged asks for. */
export interface Constraint {
  readonly challenges: readonly Challenge[];
  /** The scopes that count where the challenge names none. */
  readonly fallbackScopes?: readonly string[];
}

/** What a session has to have so that it can answer a challenge. */
export interface ChallengeRequirements {
  /** The scopes, all of them. */
  readonly scopes: readonly string[];
  /** Those of them that the resource server names itself: it will look for them in the token. */
  readonly challengeScopes: readonly string[];
  /** Whether the resource server has refused the token as such (`invalid_token`), so that another one is wanted. */
  readonly isTokenInvalid: boolean;
  /** The authentication context classes of which one will do (`acr_values`); empty where any will. */
  readonly acrValues: readonly string[];
  /** How long ago, in seconds, the person may have signed in at the most (`max_age`). */
  readonly maxAge: number | undefined;
  /** The claims that the sign-in has to ask for (Microsoft Entra): a JSON text. */
  readonly claims: string | undefined;
  /** The time before which the token must not have been issued, in ms; where that is all the claims want, a renewal will do. */
  readonly notBefore: number | undefined;
}

/** The schemes under which our tokens are shown (RFC 6750 section 2.1, RFC 9449 section 7.1). */
const SCHEMES = ['bearer', 'dpop'];
/** The longest parameter that is looked at, in characters: what is longer serves no request. */
const MAX_PARAMETER_LENGTH = 4000;
/** The most words that a list of scopes or of classes may have. */
const MAX_LIST_LENGTH = 50;
/** By how much, in ms, clocks may differ before a time counts as passed: as much as oauth4webapi allows. */
const CLOCK_TOLERANCE = 30 * SECOND;

/**
 * Reads what a resource server wants. Of several challenges the one counts that says what is wrong; without any for
 * our tokens, the scopes of the caller are all that is wanted.
 * @throws Failure `invalid-challenge` naming the parameter, where one of those that are acted on cannot be what it should
 * be: a session that does not meet it would only be refused again.
 */
export function parseRequirements({ challenges, fallbackScopes = [] }: Constraint): ChallengeRequirements {
  const ours = challenges
    .filter(({ scheme }) => SCHEMES.includes(scheme.toLowerCase()))
    .map(({ params }) => supportedParameters(params));
  const params = ours.find(({ error, claims }) => error !== undefined || claims !== undefined) ?? ours[0] ?? {};
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
    // Claims that want no more than a later token are what Entra sends where it has revoked one.
    isTokenInvalid: params.error === 'invalid_token' && claims === undefined,
    acrValues: params.acr_values === undefined ? [] : parseList('acr_values', params.acr_values, isAcrValue),
    maxAge: params.max_age === undefined ? undefined : parseMaxAge(params.max_age),
    claims: claims === undefined ? undefined : JSON.stringify(claims),
    notBefore,
  };
}

type Parameter = 'error' | 'scope' | 'acr_values' | 'max_age' | 'claims';

/** The parameters that are acted on; their names are case-insensitive (RFC 9110 section 11.2). */
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

/** Whether a word names an authentication context class: visible ASCII, as its registry and everybody has it. */
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

/** The claims in a text that can go to a server as `claims` (OpenID Connect Core 5.5): a JSON object of a sensible size. */
export function parseClaims(text: string): Readonly<Record<string, unknown>> | undefined {
  return text.length <= MAX_PARAMETER_LENGTH ? parseObject(text) : undefined;
}

/** The time of `{"access_token":{"nbf":{"value":"…"}}}`, in ms, where the claims hold nothing else. */
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

/** What of a demand a session can lack that only a sign-in brings. */
export type UnmetRequirement = 'scope-not-granted' | 'acr-unmet' | 'auth-too-old';

/**
 * What a session lacks of a demand. `claims` are not looked at: only the resource server knows whether a token has them.
 * @param now in ms since the Unix epoch, by this machine's clock.
 */
export function unmetRequirement(
  record: SessionRecord,
  { acrValues, maxAge, challengeScopes, scopes }: ChallengeRequirements,
  now: number,
): UnmetRequirement | undefined {
  const { acr, authenticatedAt, granted = record.scopes } = record;
  // What only the caller wants has been answered by asking for it: servers grant it under another name, or as part of more.
  if (!servesScopes(record, scopes) || !coversScopes(granted, challengeScopes.filter(isPermission))) {
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
 * Holds the session of a sign-in against the demand that it was for.
 * @throws Failure `insufficient-scope` or `step-up-failed`, where the server has not done what it was asked.
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
