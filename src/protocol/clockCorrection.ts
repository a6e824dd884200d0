// How far this machine's time is corrected for checks and signatures that depend on the server's clock.
import { DAY } from '../core/clock.ts';

/**
 * The minimum significant skew, in ms. Less is within the precision of the `Date` header and the tolerance of servers.
 */
export const MIN_SIGNIFICANT_SKEW = 30_000;

/**
 * The maximum correction, in ms. The `Date` header isn't signed, so a proxy between this machine and the server could
 * use it to make an expired token valid, or to get DPoP proofs for another time. A clock in the wrong time zone is off by
 * 14 hours at most. A clock that is off by more than a day is broken, and the user must set it.
 */
const MAX_CORRECTION = DAY;

/**
 * How much to add to this machine's time, in ms, for a server whose clock is ahead by a skew, in ms.
 * @param platformClockOffset how far this machine's time is ahead of the platform's clock, in ms: nonzero only in tests,
 * whose server may use the platform's time.
 */
export function clockCorrection(skew: number | undefined, platformClockOffset = 0): number {
  if (skew === undefined || Math.abs(skew) <= MIN_SIGNIFICANT_SKEW) {
    return 0;
  }
  return Math.abs(skew + platformClockOffset) <= MAX_CORRECTION
    ? skew
    : Math.max(-MAX_CORRECTION, Math.min(skew, MAX_CORRECTION));
}
