// Reduces the notifications about the sessions of an account to one of each kind.
import { isSameAccount } from '../core/accounts.ts';
import { HOUR } from '../core/clock.ts';
import type { SessionRecord } from '../core/session.ts';

/** A notification that may apply, and the session that it's about. */
export interface CandidateNotification<T> {
  readonly notification: T;
  readonly record: SessionRecord;
  /** When its reason occurs or has occurred, in ms since the Unix epoch. */
  readonly at: number;
}

/**
 * How far apart, in ms, the sessions of an account may end because of the same event: each of them finds out at its next
 * refresh.
 */
const SAME_END_WITHIN = HOUR;

/**
 * Returns the notifications without those about another session of the same account, of the same kind: the earliest one
 * is kept, which is the same one in all windows. A session that ends long after another one has a notification of its own.
 */
export function onePerAccount<T extends { readonly kind: string; readonly variant?: string | undefined }>(
  candidates: readonly CandidateNotification<T>[],
): T[] {
  const sorted = [...candidates].sort((one, other) => one.at - other.at || (one.record.id < other.record.id ? -1 : 1));
  const kept: CandidateNotification<T>[] = [];
  for (const one of sorted) {
    if (!kept.some((other) => isRepeated(one, other))) {
      kept.push(one);
    }
  }
  return candidates.filter((one) => kept.includes(one)).map(({ notification }) => notification);
}

function isRepeated<T extends { readonly kind: string; readonly variant?: string | undefined }>(
  one: CandidateNotification<T>,
  other: CandidateNotification<T>,
): boolean {
  const [{ kind, variant }, known] = [one.notification, other.notification];
  const isSameKind = known.kind === kind && known.variant === variant && isSameAccount(one.record, other.record);
  return isSameKind && (kind !== 'ended' || one.at - other.at < SAME_END_WITHIN);
}
