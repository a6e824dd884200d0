// Scopes (RFC 6749 section 3.3): sets of case-sensitive values whose order doesn't matter.

/**
 * Splits scopes at whitespace and removes duplicates, keeping the order. Doesn't modify its input, which may belong to
 * another extension.
 */
export function normalizeScopes(scopes: readonly string[]): string[] {
  return [...new Set(scopes.flatMap((scope) => scope.split(/\s+/)).filter((scope) => scope !== ''))];
}

/** Whether all requested scopes are included in the granted ones. True if none are requested. */
export function coversScopes(granted: readonly string[], requested: readonly string[]): boolean {
  const set = new Set(normalizeScopes(granted));
  return normalizeScopes(requested).every((scope) => set.has(scope));
}

/** Whether two lists contain the same set of scopes. */
export function sameScopes(one: readonly string[], other: readonly string[]): boolean {
  return coversScopes(one, other) && coversScopes(other, one);
}

/** Scopes that request identity claims or a refresh token rather than permissions (OpenID Connect Core 5.4 and 11). */
const IDENTITY_SCOPES = new Set(['openid', 'profile', 'email', 'offline_access']);

/**
 * The scopes to request if a caller asks for certain scopes: those, and the configured scopes that identify the account
 * and keep it signed in. Other configured scopes are left out, so that a caller that asks for read access doesn't get a
 * token with write access. If the caller names none, the configured scopes are requested.
 */
export function scopesToRequest(requested: readonly string[], configured: readonly string[]): string[] {
  const scopes = normalizeScopes(requested);
  if (scopes.length === 0) {
    return normalizeScopes(configured);
  }
  return normalizeScopes([...scopes, ...normalizeScopes(configured).filter((scope) => IDENTITY_SCOPES.has(scope))]);
}

/** The pattern of a scope (RFC 6749 section 3.3) of reasonable length. */
export const SCOPE_PATTERN = /^[\x21\x23-\x5B\x5D-\x7E]{1,500}$/;

/** Whether a string can be a scope. */
export function isScope(word: string): boolean {
  return SCOPE_PATTERN.test(word);
}

/** Whether a scope grants a permission, rather than identity claims or a refresh token. */
export function isPermission(scope: string): boolean {
  return !IDENTITY_SCOPES.has(scope);
}

/** Whether two normalized lists grant the same permissions, whatever identity claims they request. */
export function samePermissions(one: readonly string[], other: readonly string[]): boolean {
  return sameScopes(one.filter(isPermission), other.filter(isPermission));
}
