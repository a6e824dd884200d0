import { MINUTE, SECOND } from './clock.ts';
import type { Failure } from './failure.ts';
import { FAILURE_POLICIES, isOfflineCode } from './failurePolicies.ts';

/**
 * The longest retry interval, in ms, while this computer is offline. Such an attempt reaches no server, and it detects
 * within seconds that the network is back.
 */
const OFFLINE_RETRY_INTERVAL = 8 * SECOND;
/** The longest delay, in ms, before retrying a failure that concerns this window only. No server is contacted. */
const MAX_LOCAL_DELAY = MINUTE;
/** The longest delay, in ms, before a retry after another computer rejected the request or didn't respond. */
const MAX_RETRY_DELAY = 10 * MINUTE;
/** The number of quick retries after the first failure, in rows that allow them: most interruptions are short. */
const QUICK_RETRIES = 2;
/** The shortest delay, in ms, before a quick retry. */
const MIN_QUICK_DELAY = SECOND;
/** The shortest delay, in ms, before any other retry. */
const MIN_DELAY = 5 * SECOND;
/** The same if the server responded: within seconds, the same request gets the same response. */
export const MIN_REJECTED_DELAY = 30 * SECOND;
/** The maximum `Retry-After` that is honored, in ms. */
export const MAX_RETRY_AFTER = 60 * MINUTE;

/**
 * The delay, in ms, before a failed refresh is retried automatically; undefined if it isn't.
 *
 * If a server or a shared network fails, thousands of computers fail at the same moment. They must neither keep it down
 * nor all return at once. Therefore the delay is random within a period (exponential backoff with full jitter) that
 * doubles with each failure, up to {@link MAX_RETRY_DELAY}. If the server can't be reached while the access token is
 * valid, the refresh isn't urgent, and the period is the rest of the token's lifetime.
 * `Retry-After` is honored.
 * @param failures the number of consecutive failures, including this one.
 * @param random a number in [0, 1).
 * @param timeLeft how long the access token is still valid, in ms; 0 if it isn't, or if that isn't known.
 */
export function retryDelay(failure: Failure, failures: number, random: number, timeLeft = 0): number | undefined {
  const { firstRetryWithin, isWindowLocal = false } = FAILURE_POLICIES[failure.category];
  if (firstRetryWithin === undefined) {
    return undefined;
  }
  if (failure.retryAfter !== undefined && failure.retryAfter > 0) {
    return Math.min(Math.max(failure.retryAfter, SECOND), MAX_RETRY_AFTER);
  }
  const backoff = firstRetryWithin * 2 ** (failures - 1);
  if (isOfflineCode(failure.code)) {
    return Math.min(backoff, OFFLINE_RETRY_INTERVAL) * (0.75 + random / 4);
  }
  if (isWindowLocal) {
    return spread(Math.min(backoff, Math.max(firstRetryWithin, MAX_LOCAL_DELAY)), MIN_QUICK_DELAY, random);
  }
  if (firstRetryWithin >= MINUTE) {
    return spread(Math.min(backoff, MAX_RETRY_DELAY), MIN_REJECTED_DELAY, random);
  }
  const isQuick = failures <= QUICK_RETRIES;
  const period = timeLeft > 0 && !isQuick ? timeLeft : backoff;
  return spread(Math.min(period, MAX_RETRY_DELAY), isQuick ? MIN_QUICK_DELAY : MIN_DELAY, random);
}

/** A delay between a minimum and the end of a period, all in ms. */
function spread(period: number, minimum: number, random: number): number {
  return minimum + random * Math.max(0, period - minimum);
}
