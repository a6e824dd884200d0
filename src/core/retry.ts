import { MINUTE, SECOND } from './clock.ts';
import type { Failure } from './failure.ts';
import { FAILURE_POLICIES } from './failurePolicies.ts';

/** The first quick delay, in ms; each next one is twice as long. */
const INITIAL_DELAY = 2 * SECOND;
/**
 * The pace, in ms, while there is no way to the server at all. Such a try costs next to nothing and troubles nobody
 * but this machine, and it is how the return of the network is noticed within seconds.
 */
const OFFLINE_RETRY_INTERVAL = 8 * SECOND;
/** The longest wait, in ms, that a server's `Retry-After` may impose. */
export const MAX_RETRY_AFTER = 60 * MINUTE;

/**
 * How long to wait, in ms, before a failed renewal is tried again by itself; undefined means not at all.
 * Quick failures back off exponentially and go on at a slow pace for ever; `Retry-After` is obeyed to the second.
 * @param failures how many renewals have failed in a row, this one included.
 * @param random a number in [0, 1) that spreads the tries of many windows and sessions.
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
