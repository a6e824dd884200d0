// Finds the session that a sign-in is expected to resume. Loaded on demand.
import { canResume } from '../core/resumedSessions.ts';
import type { SessionRecord } from '../core/session.ts';
import { rankFor, servesScopes } from '../core/sessionScopes.ts';
import type { SessionFilter, SessionManager } from './sessionManager.ts';

/**
 * Returns the session that a sign-in for these scopes is expected to resume, including ended ones: that of the
 * specified account, or of the only account. Undefined if none is known, or if no account is specified and a matching
 * session exists, because the sign-in is then for another account.
 */
export function findSessionToResume(
  sessionManager: SessionManager,
  providerId: string,
  scopes: readonly string[],
  accountId: string | undefined,
  filter?: SessionFilter,
): SessionRecord | undefined {
  const known = sessionManager
    .getAll(providerId)
    .map(({ record }) => record)
    .filter(({ account }) => accountId === undefined || account.id === accountId);
  const isOnlyAccount = new Set(known.map(({ account }) => account.id)).size === 1;
  const matching = sessionManager.findMatching(providerId, scopes, undefined, filter);
  if (!isOnlyAccount || (accountId === undefined && matching.length > 0)) {
    return undefined;
  }
  const rank = (record: SessionRecord): readonly [number, number] => {
    const provider = sessionManager.providerOf(record);
    if (provider === undefined) {
      return [0, 0];
    }
    const byScopes = servesScopes(record, scopes, provider) ? 2 : canResume(record, scopes, provider) ? 1 : 0;
    return [byScopes, rankFor(record, scopes, provider)];
  };
  return known.sort((one, other) => {
    const [[first, second], [otherFirst, otherSecond]] = [rank(one), rank(other)];
    return otherFirst - first || otherSecond - second;
  })[0];
}
