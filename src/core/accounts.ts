// Groups sessions by account. The sessions of an account differ in their scopes; where possible, the user sees them as one.
import type { SessionRecord } from './session.ts';

/** What identifies the account of a session. */
export type AccountIdentity = Pick<SessionRecord, 'providerId' | 'issuer' | 'account'>;

/** Whether two sessions belong to the same account at the same provider. */
export function isSameAccount(one: AccountIdentity, other: AccountIdentity): boolean {
  return one.providerId === other.providerId && one.issuer === other.issuer && one.account.id === other.account.id;
}

/**
 * Groups items, each of which belongs to a session, by account. The groups are in the order of their first items, and
 * items keep their order.
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
