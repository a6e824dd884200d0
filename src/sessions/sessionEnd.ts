// When and why a session ends at a refresh that the server rejects.
import { SECOND } from '../core/clock.ts';
import { Failure } from '../core/failure.ts';
import { isUnexpired, sessionEndOf } from '../core/lifetime.ts';
import { endsWithAccessToken, lacksReason, type Category } from '../core/failurePolicies.ts';
import { tokenLifetimes, type SessionRecord } from '../core/session.ts';
import { sessionTime, type LiveSession } from '../core/status.ts';

/** How long before its known end, in ms, a session that the server no longer renews counts as expired: clocks differ a little. */
const END_TOLERANCE = 30 * SECOND;

/** Whether a session that can't be renewed any more has come to its end, because its access token has expired. */
export function hasRunOut(session: LiveSession, category: Category, now: number): boolean {
  return endsWithAccessToken(category) && !isUnexpired(tokenLifetimes(session.record), sessionTime(session, now));
}

/**
 * Why a server no longer accepts a refresh token: the response that brought the next one was lost, the session's known
 * end has passed, or whatever the server says. Any other failure stays as it is.
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
