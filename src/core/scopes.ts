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
