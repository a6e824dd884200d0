// Scopes as RFC 6749 section 3.3 means them: a set of case-sensitive words whose order says nothing.

/**
 * One list of scope words: split at white space, without doubles, in the order given.
 * Never changes its input, which often belongs to another extension.
 */
export function normalizeScopes(scopes: readonly string[]): string[] {
  return [...new Set(scopes.flatMap((scope) => scope.split(/\s+/)).filter((scope) => scope !== ''))];
}

/** Whether every scope that is wanted is among those held. Nothing wanted is always covered. */
export function coversScopes(held: readonly string[], wanted: readonly string[]): boolean {
  const set = new Set(normalizeScopes(held));
  return normalizeScopes(wanted).every((scope) => set.has(scope));
}

/** Whether two lists hold the same set of scopes. */
export function sameScopes(one: readonly string[], other: readonly string[]): boolean {
  return coversScopes(one, other) && coversScopes(other, one);
}

/** Scopes that say who signs in and for how long, not what a caller may do (OpenID Connect Core 5.4 and 11). */
const IDENTITY_SCOPES = new Set(['openid', 'profile', 'email', 'offline_access']);

/**
 * What to ask the server for when a caller wants certain scopes: those, and of the provider's configured
 * scopes the ones that identify the account and keep it signed in. The rest of the configured scopes
 * is left out, so that a caller who asks to read is not handed a token that may write.
 * A caller that names none gets the configured ones.
 */
export function scopesToRequest(wanted: readonly string[], configured: readonly string[]): string[] {
  const asked = normalizeScopes(wanted);
  if (asked.length === 0) {
    return normalizeScopes(configured);
  }
  return normalizeScopes([...asked, ...normalizeScopes(configured).filter((scope) => IDENTITY_SCOPES.has(scope))]);
}

/** What can be a scope at all (RFC 6749 section 3.3), and is of a sensible length. */
export const SCOPE_PATTERN = /^[\x21\x23-\x5B\x5D-\x7E]{1,500}$/;

/** Whether a word can be a scope. */
export function isScope(word: string): boolean {
  return SCOPE_PATTERN.test(word);
}

/** Whether a scope says what a caller may do, rather than who signs in and for how long. */
export function isPermission(scope: string): boolean {
  return !IDENTITY_SCOPES.has(scope);
}

/**
 * Whether one token can have two lists of scopes: where scopes are addresses they name the resource that they are for,
 * and servers that write them so (Microsoft Entra) give no token for two resources, nor for `.default` and others.
 */
export function canCombineScopes(one: readonly string[], other: readonly string[]): boolean {
  const all = normalizeScopes([...one, ...other]).filter(isPermission);
  const resources = new Set(all.map(resourceOf));
  return resources.size <= 1 && (all.length <= 1 || !all.some((scope) => /(?:^|\/)\.default$/.test(scope)));
}

/** The resource of a scope that is an address: its scheme and host; nothing for a plain word. */
function resourceOf(scope: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/]*/i.exec(scope)?.[0].toLowerCase() ?? '';
}
