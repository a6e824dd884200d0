// Which session a sign-in resumes, based on its scopes. Loaded on demand.
import { isSameAccount } from './accounts.ts';
import { isPermission, normalizeScopes, samePermissions, scopesToRequest } from './scopes.ts';
import type { SessionRecord } from './session.ts';
import { servesScopes, type ScopePolicy } from './sessionScopes.ts';

/**
 * Whether a sign-in for a caller may resume a session and also request that session's scopes: only if the session gains
 * no other permissions. With `combineScopes`, if one token can have both.
 */
export function canResume(record: SessionRecord, requested: readonly string[], policy: ScopePolicy): boolean {
  return policy.combineScopes
    ? canCombineScopes(record.scopes, requested)
    : samePermissions(record.scopes, scopesToRequest(requested, policy.scopes)) ||
        servesScopes(record, requested, policy);
}

/** Whether two sessions are equivalent: same provider, account and permissions. */
export function isSameSignIn(one: SessionRecord, other: SessionRecord): boolean {
  return isSameAccount(one, other) && samePermissions(one.scopes, other.scopes);
}

/**
 * Whether one token can have both lists of scopes. Scopes that are URLs name their resource, and servers with such
 * scopes (Microsoft Entra) issue no token for two resources, nor for `.default` together with other scopes.
 */
export function canCombineScopes(one: readonly string[], other: readonly string[]): boolean {
  const all = normalizeScopes([...one, ...other]).filter(isPermission);
  const resources = new Set(all.map(resourceOf));
  return resources.size <= 1 && (all.length <= 1 || !all.some((scope) => /(?:^|\/)\.default$/.test(scope)));
}

/** The resource of a scope that is a URL: its scheme and host; empty for other scopes. */
function resourceOf(scope: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/]*/i.exec(scope)?.[0].toLowerCase() ?? '';
}
