// Which sessions serve a caller, by its scopes: no caller gets a wider token because another one has requested it.
import type { Provider } from './provider.ts';
import { canCombineScopes, coversScopes, isPermission, samePermissions, scopesToRequest } from './scopes.ts';
import type { SessionRecord } from './session.ts';

/** The fields of a provider that decide which sessions serve a caller. */
export type ScopePolicy = Pick<Provider, 'scopes' | 'combineScopes'>;

/** The scopes that a session has: those that its sign-in requested, and those that the server granted last. */
export function scopesOf({ granted = [], scopes }: SessionRecord): string[] {
  return [...scopes, ...granted];
}

/**
 * Whether a session serves a caller: its sign-in requested what the caller requests, and no permission beyond that,
 * unless all its permissions are among the provider's configured scopes. So no caller gets a wider token because
 * another caller has requested one. Scopes that are no permissions ({@link isPermission}) don't make a session too wide.
 * With `combineScopes`, every session that has the requested scopes serves the caller.
 */
export function servesScopes(
  record: SessionRecord,
  requested: readonly string[],
  { combineScopes, scopes: configured }: ScopePolicy,
): boolean {
  if (combineScopes) {
    return coversScopes(scopesOf(record), requested);
  }
  const permissions = record.scopes.filter(isPermission);
  return (
    coversScopes(record.scopes, requested) &&
    (coversScopes(requested, permissions) || coversScopes(configured, permissions))
  );
}

/**
 * Whether a sign-in for a caller may resume a session, and request the scopes of that session, too: only if the session
 * doesn't get other permissions by that. With `combineScopes`, if one token can have both.
 */
export function canResume(record: SessionRecord, requested: readonly string[], policy: ScopePolicy): boolean {
  return policy.combineScopes
    ? canCombineScopes(record.scopes, requested)
    : samePermissions(record.scopes, scopesToRequest(requested, policy.scopes)) ||
        servesScopes(record, requested, policy);
}

/** Whether two sessions are equivalent: same provider, account and permissions. */
export function isSameSignIn(one: SessionRecord, other: SessionRecord): boolean {
  return (
    one.providerId === other.providerId &&
    one.issuer === other.issuer &&
    one.account.id === other.account.id &&
    samePermissions(one.scopes, other.scopes)
  );
}
