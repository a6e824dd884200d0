import { MINUTE, SECOND } from './clock.ts';
import type { Failure } from './failure.ts';
import { FAILURE_POLICIES } from './failurePolicies.ts';

/** The delay before the first quick retry, in ms; it doubles with each retry. */
const INITIAL_DELAY = 2 * SECOND;
/**
 * The retry interval, in ms, while the server can't be reached at all. Such an attempt is cheap and doesn't load the
 * server, and it detects within seconds that the network is back.
 */
const OFFLINE_RETRY_INTERVAL = 8 * SECOND;
/** The maximum `Retry-After` that is honored, in ms. */
export const MAX_RETRY_AFTER = 60 * MINUTE;

/**
 * The delay, in ms, before a failed refresh is retried automatically; undefined if it isn't. Quick retries back off
 * exponentially, then the retry interval applies without limit. `Retry-After` is honored.
 * @param failures the number of consecutive failures, including this one.
 * @param random a number in [0, 1) that spreads the attempts of windows and sessions.
 */
export function retryDelay(failure: Failure, failures: number, random: number): number | undefined {
  const { quickRetries = 0, retryInterval } = FAILURE_POLICIES[failure.category];
  if (retryInterval === undefined) {
    return undefined;
  }
  if (failure.retryAfter !== undefined && failure.retryAfter > 0) {
    return Math.min(Math.max(failure.retryAfter, SECOND), MAX_RETRY_AFTER);
  }
  const interval = failure.wasNotSent ? OFFLINE_RETRY_INTERVAL : retryInterval;
  const delay = failures <= quickRetries ? INITIAL_DELAY * 2 ** (failures - 1) : interval;
  return delay * (0.75 + random / 2);
}
