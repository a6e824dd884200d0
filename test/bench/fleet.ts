// The load that many computers cause on an identity server while it refuses connections, and when it's back. The
// schedule is the product's own: when a refresh is due, and when a failed one is retried. For comparison, the fixed
// interval that the product used before it backed off.
import { HOUR, MINUTE, SECOND } from '../../src/core/clock.ts';
import { Failure } from '../../src/core/failure.ts';
import { refreshDueAt } from '../../src/core/lifetime.ts';
import { retryDelay } from '../../src/core/retry.ts';
import { Random } from '../support/simulation/random.ts';
import { table } from './table.ts';

/** Returns when a failed refresh is retried, as a delay in ms. */
type Schedule = (failures: number, random: number, timeLeft: number) => number;

/** The number of computers, and for how long, in ms, they are observed. */
const COMPUTERS = 20_000;
const LIFETIME = HOUR;
const OUTAGE_STARTS_AT = 2 * HOUR;
const OUTAGE = 30 * MINUTE;
const OUTAGE_ENDS_AT = OUTAGE_STARTS_AT + OUTAGE;
const END = OUTAGE_ENDS_AT + 30 * MINUTE;
const SETTINGS = { leeway: 5 * MINUTE, refreshInterval: 0, warning: 10 * MINUTE };

const REFUSED = new Failure('network', 'ECONNREFUSED', { wasNotSent: true });

const SCHEDULES: Readonly<Record<string, Schedule>> = {
  'backoff with full jitter': (failures, random, timeLeft) =>
    retryDelay(REFUSED, failures, random, timeLeft) ?? Infinity,
  'every 8 s, as before': (failures, random) =>
    Math.min(2 * SECOND * 2 ** (failures - 1), 8 * SECOND) * (0.75 + random / 2),
};

/** The load on the server. */
interface Load {
  /** The requests in each second. */
  readonly perSecond: Float64Array;
  /** For how long, in ms, a computer was without a valid token, on average. */
  readonly withoutToken: number;
}

/** Simulates computers that each signed in at a random time in the hour before. */
function simulate(schedule: Schedule): Load {
  const random = new Random(20_000);
  const perSecond = new Float64Array(END / SECOND);
  let withoutToken = 0;
  for (let computer = 0; computer < COMPUTERS; computer += 1) {
    let tokensRequestedAt = -random.next() * LIFETIME;
    const due = (): number => {
      const accessExpiresAt = tokensRequestedAt + LIFETIME;
      const lifetimes = { tokensRequestedAt, accessExpiresAt, isRefreshable: true, jitter: random.next() };
      return Math.max(0, refreshDueAt(lifetimes, SETTINGS) ?? Infinity);
    };
    let failures = 0;
    for (let at = due(); at < END;) {
      const second = Math.floor(at / SECOND);
      perSecond[second] = (perSecond[second] ?? 0) + 1;
      const expiry = tokensRequestedAt + LIFETIME;
      if (at >= OUTAGE_STARTS_AT && at < OUTAGE_ENDS_AT) {
        failures += 1;
        at += schedule(failures, random.next(), Math.max(0, expiry - at));
      } else {
        failures = 0;
        withoutToken += Math.max(0, at - expiry);
        tokensRequestedAt = at;
        at = due();
      }
    }
  }
  return { perSecond, withoutToken: withoutToken / COMPUTERS };
}

/**
 * Simulates the fleet with each schedule.
 * @returns a table in Markdown.
 */
export function reportFleet(): string {
  const rows = Object.entries(SCHEDULES).map(([name, schedule]) => {
    const { perSecond, withoutToken } = simulate(schedule);
    const [before, during, after] = [
      [HOUR, OUTAGE_STARTS_AT],
      [OUTAGE_STARTS_AT, OUTAGE_ENDS_AT],
      [OUTAGE_ENDS_AT, END],
    ].map(([from = 0, to = 0]) => perSecond.slice(from / SECOND, to / SECOND));
    const peak = (load: Float64Array = new Float64Array()): string => String(Math.max(...load));
    const sum = (during ?? new Float64Array()).reduce((total, count) => total + count, 0);
    return [
      name,
      peak(before),
      peak(during),
      (sum / (OUTAGE / SECOND)).toFixed(0),
      peak(after),
      `${(withoutToken / MINUTE).toFixed(1)} min`,
    ];
  });
  return table([
    [
      `${COMPUTERS} computers, connections refused for ${OUTAGE / MINUTE} min: requests per second`,
      'peak before',
      'peak during',
      'mean during',
      'peak after',
      'without a token, per computer',
    ],
    ...rows,
  ]);
}
