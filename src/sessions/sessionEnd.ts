// Determines when and why a session ends after a rejected refresh.
import { SECOND } from '../core/clock.ts';
import { Failure } from '../core/failure.ts';
import { isUnexpired, sessionEndOf } from '../core/lifetime.ts';
import { endsWithAccessToken, lacksReason, type Category } from '../core/failurePolicies.ts';
import { tokenLifetimes, type SessionRecord } from '../core/session.ts';
import { sessionTime, type LiveSession } from '../core/status.ts';

/**
 * How long before its known end, in ms, a session whose refresh is rejected counts as expired: clocks differ slightly.
 */
const END_TOLERANCE = 30 * SECOND;

/** Returns whether a session that can no longer be refreshed has ended, because its access token has expired. */
export function hasEndedByExpiry(session: LiveSession, category: Category, now: number): boolean {
  return endsWithAccessToken(category) && !isUnexpired(tokenLifetimes(session.record), sessionTime(session, now));
}

/**
 * Returns why a server no longer accepts a refresh token: the response with the next one was lost, the known session
 * end has passed, or the reason that the server states. Any other failure is returned unchanged.
 */
export function reasonOfEnd(
  record: SessionRecord,
  failure: Failure,
  previousAttemptUnknown: boolean,
  now: number,
): Failure {
  const { category, detail, status } = failure;
  if (!lacksReason(category)) {
    return failure;
  }
  if (previousAttemptUnknown) {
    return new Failure('refresh-response-lost', 'refresh-response-lost', { detail, status });
  }
  const end = sessionEndOf(tokenLifetimes(record));
  return end !== undefined && end <= now + END_TOLERANCE
    ? new Failure('session-expired', 'session-end-passed', { detail, status })
    : failure;
}
