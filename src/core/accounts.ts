// Sessions by account. The sessions of an account differ in their scopes, and the user sees them as one where possible.
import type { SessionRecord } from './session.ts';

/** Whether two sessions are of the same account at the same provider. */
export function isSameAccount(one: SessionRecord, other: SessionRecord): boolean {
  return one.providerId === other.providerId && one.issuer === other.issuer && one.account.id === other.account.id;
}

/**
 * Groups sessions, or what belongs to one each, by account. The groups are in the order of their first items, and keep
 * the order of their items.
 */
export function groupByAccount<T>(items: readonly T[], recordOf: (item: T) => SessionRecord): (readonly [T, ...T[]])[] {
  const groups: [T, ...T[]][] = [];
  for (const item of items) {
    const group = groups.find(([first]) => isSameAccount(recordOf(first), recordOf(item)));
    if (group === undefined) {
      groups.push([item]);
    } else {
      group.push(item);
    }
  }
  return groups;
}
