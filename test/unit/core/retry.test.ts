import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { Failure } from '../../../src/core/failure.ts';
import { CATEGORIES, FAILURE_POLICIES, type Category } from '../../../src/core/failurePolicies.ts';
import type { FailurePolicy } from '../../../src/core/failurePolicy.ts';
import { retryDelay } from '../../../src/core/retry.ts';
import { holds } from '../../support/seeded.ts';

const NETWORK = new Failure('network', 'ECONNRESET');
const FIVE_MINUTES_OF_TOKEN = 5 * MINUTE;

const those = (passes: (policy: FailurePolicy) => boolean): Category[] =>
  CATEGORIES.filter((category) => passes(FAILURE_POLICIES[category]));
const REMOTE = those(({ firstRetryWithin, isWindowLocal }) => firstRetryWithin !== undefined && isWindowLocal !== true);
const NEVER = those(({ firstRetryWithin }) => firstRetryWithin === undefined);
/** A random number in [0, 1), as `Math.random` returns it. */
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

/** The period that a delay is drawn from: the delays for the lowest and the highest random number. */
const periodOf = (failure: Failure, failures: number, timeLeft?: number): (number | undefined)[] =>
  [0, 1].map((at) => retryDelay(failure, failures, at, timeLeft));

describe('retryDelay', () => {
  it('is drawn from a period that doubles with each failure up to ten minutes', () => {
    assert.deepEqual(
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 100, 10_000].map((failures) => periodOf(NETWORK, failures)),
      [
        [SECOND, 4 * SECOND],
        [SECOND, 8 * SECOND],
        [5 * SECOND, 16 * SECOND],
        [5 * SECOND, 32 * SECOND],
        [5 * SECOND, 64 * SECOND],
        [5 * SECOND, 128 * SECOND],
        [5 * SECOND, 256 * SECOND],
        [5 * SECOND, 512 * SECOND],
        [5 * SECOND, 10 * MINUTE],
        [5 * SECOND, 10 * MINUTE],
        [5 * SECOND, 10 * MINUTE],
      ],
    );
  });

  it('is spread evenly over the period, so that computers that failed together come back one by one', () => {
    const at = (share: number): number => retryDelay(NETWORK, 20, share) ?? NaN;
    const length = 10 * MINUTE - 5 * SECOND;
    assert.deepEqual(
      [0, 0.25, 0.5, 0.75].map((share) => at(share)),
      [0, 0.25, 0.5, 0.75].map((share) => 5 * SECOND + share * length),
    );
  });

  it('backs off to ten minutes after any response or rejection from another computer', () => {
    for (const category of REMOTE) {
      for (const code of ['x', 'ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_PRX_TLS']) {
        const [, longest] = periodOf(new Failure(category, code), 1000);
        assert.equal(longest, 10 * MINUTE, `${category} ${code}`);
      }
    }
    assert.ok(REMOTE.includes('network') && REMOTE.includes('server') && REMOTE.includes('proxy'));
  });

  it('is drawn from the remaining lifetime of a valid token, after two quick retries', () => {
    assert.deepEqual(
      [1, 2, 3, 50].map((failures) => periodOf(NETWORK, failures, FIVE_MINUTES_OF_TOKEN)),
      [
        [SECOND, 4 * SECOND],
        [SECOND, 8 * SECOND],
        [5 * SECOND, 5 * MINUTE],
        [5 * SECOND, 5 * MINUTE],
      ],
    );
    assert.deepEqual(periodOf(NETWORK, 9, SECOND), [5 * SECOND, 5 * SECOND]);
    assert.deepEqual(periodOf(NETWORK, 3, 8 * HOUR), [5 * SECOND, 10 * MINUTE]);
  });

  it('is at most eight seconds, without limit, while this computer is offline, whatever the remaining lifetime', () => {
    for (const code of ['ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'ENETDOWN', 'EHOSTUNREACH', 'EADDRNOTAVAIL']) {
      const offline = new Failure('network', code, { wasNotSent: true });
      assert.deepEqual(
        [1, 2, 3, 10_000].map((failures) => periodOf(offline, failures, HOUR)[1]),
        [4 * SECOND, 8 * SECOND, 8 * SECOND, 8 * SECOND],
      );
      assert.equal(periodOf(offline, 50)[0], 6 * SECOND);
    }
  });

  it('is at most a minute, or the first period, for failures that concern this window only', () => {
    assert.deepEqual(periodOf(new Failure('lock-timeout', 'lock-timeout'), 50, HOUR), [SECOND, MINUTE]);
    assert.deepEqual(periodOf(new Failure('storage', 'secret-get'), 50), [SECOND, 5 * MINUTE]);
  });

  it('is at least half a minute when the server responded, because the same request gets the same response', () => {
    for (const category of ['client-rejected', 'refresh-rejected', 'unexpected-html'] as const) {
      const [soonest] = periodOf(new Failure(category, 'x'), 1, MINUTE);
      assert.equal(soonest, 30 * SECOND, category);
    }
  });

  it('is undefined after a definite verdict, even if the server sent Retry-After', () => {
    for (const category of NEVER) {
      assert.equal(retryDelay(new Failure(category, 'x', { retryAfter: 1000 }), 1, 0.5), undefined, category);
    }
    assert.ok(NEVER.includes('session-ended') && NEVER.includes('sign-in-needed'));
  });

  it('is exactly the Retry-After of the server, up to an hour', () => {
    const after = (retryAfter: number): Failure => new Failure('rate-limited', 'http-429', { retryAfter });
    assert.equal(retryDelay(after(30 * SECOND), 1, 0.5), 30 * SECOND);
    assert.equal(retryDelay(after(HOUR), 1, 0.5), HOUR);
    assert.equal(retryDelay(after(48 * HOUR), 1, 0.5), HOUR);
    assert.equal(retryDelay(after(Infinity), 1, 0.5), HOUR);
    assert.equal(retryDelay(new Failure('client-rejected', 'x', { retryAfter: 10 * MINUTE }), 1, 0.5), 10 * MINUTE);
  });

  it("is the Retry-After even if it's less than the interval, for any number of failures and any spread", () => {
    const busy = new Failure('server', 'http-503', { retryAfter: 10 * SECOND });
    for (const failures of [1, 2, 3, 10, 1000]) {
      assert.deepEqual(
        [0, 0.5, 0.99].map((at) => retryDelay(busy, failures, at)),
        [10 * SECOND, 10 * SECOND, 10 * SECOND],
      );
    }
  });

  it('is at least a second, whatever the Retry-After', () => {
    assert.equal(retryDelay(new Failure('server', 'http-503', { retryAfter: 1 }), 1, 0.5), SECOND);
    assert.equal(retryDelay(new Failure('server', 'http-503', { retryAfter: SECOND }), 1, 0.5), SECOND);
  });

  it('is as without one when Retry-After is zero or less', () => {
    for (const retryAfter of [0, -HOUR]) {
      assert.deepEqual(periodOf(new Failure('server', 'http-503', { retryAfter }), 1), [SECOND, 4 * SECOND]);
    }
  });

  it('is always reasonable: a second to an hour with Retry-After, otherwise a second to ten minutes', () => {
    const category = fc.constantFrom(...CATEGORIES);
    const retryAfter = fc.option(fc.double({ noNaN: true }), { nil: undefined });
    const timeLeft = fc.double({ min: 0, max: 30 * DAY, noNaN: true });
    const failures = fc.integer({ min: 1, max: 100_000 });
    holds(
      fc.property(category, retryAfter, failures, random, timeLeft, (one, wait, count, at, left) => {
        const delay = retryDelay(new Failure(one, 'x', { retryAfter: wait }), count, at, left);
        if (FAILURE_POLICIES[one].firstRetryWithin === undefined) {
          assert.equal(delay, undefined);
        } else if (wait !== undefined && wait > 0) {
          assert.equal(delay, Math.min(Math.max(wait, SECOND), HOUR));
        } else {
          assert.ok(delay !== undefined && delay >= SECOND && delay <= 10 * MINUTE);
        }
      }),
      1000,
    );
  });
});
