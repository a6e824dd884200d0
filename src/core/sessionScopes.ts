// Which sessions serve a caller, based on its scopes. No caller gets a wider token because another one requested it.
import type { Provider } from './provider.ts';
import { coversScopes, isPermission, samePermissions, scopesToRequest } from './scopes.ts';
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
 * another caller has requested one. Scopes that aren't permissions ({@link isPermission}) don't make a session too wide.
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

/** Ranks a session among those that serve a caller: exactly the requested permissions, then the later sign-in. */
export function rankFor(record: SessionRecord, requested: readonly string[], policy?: ScopePolicy): number {
  const isExact = samePermissions(record.scopes, scopesToRequest(requested, policy?.scopes ?? []));
  return (isExact ? Number.MAX_SAFE_INTEGER / 2 : 0) + record.signedInAt / 1000;
}
