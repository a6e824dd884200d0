import assert from 'node:assert/strict';
import fc from 'fast-check';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { Failure } from '../../../src/core/failure.ts';
import { CATEGORIES, FAILURE_POLICIES, type Category } from '../../../src/core/failurePolicies.ts';
import type { FailurePolicy } from '../../../src/core/failurePolicy.ts';
import { retryDelay } from '../../../src/core/retry.ts';
import { holds } from '../../support/seeded.ts';

const NETWORK = new Failure('network', 'ECONNRESET');
/** The random number with which the spread is none. */
const MIDDLE = 0.5;

const those = (passes: (policy: FailurePolicy) => boolean): Category[] =>
  CATEGORIES.filter((category) => passes(FAILURE_POLICIES[category]));
const QUICKLY = those(({ quickRetries = 0 }) => quickRetries > 0);
const SLOWLY = those(({ quickRetries, retryInterval }) => quickRetries === undefined && retryInterval === 5 * MINUTE);
const NEVER = those(({ retryInterval }) => retryInterval === undefined);
/** The random number of a test is in [0, 1), as `Math.random` gives it. */
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('a renewal that failed is tried again', () => {
  it('after 2, 4 and 8 seconds, then every minute for as long as it takes', () => {
    const delays = [1, 2, 3, 4, 5, 100, 10_000].map((failures) => retryDelay(NETWORK, failures, MIDDLE));
    assert.deepEqual(delays, [2 * SECOND, 4 * SECOND, 8 * SECOND, MINUTE, MINUTE, MINUTE, MINUTE]);
  });

  it('quickly only twice where the server itself says that it cannot answer now', () => {
    const delays = [1, 2, 3, 4, 100].map((failures) => retryDelay(new Failure('server', 'http-503'), failures, MIDDLE));
    assert.deepEqual(delays, [2 * SECOND, 4 * SECOND, MINUTE, MINUTE, MINUTE]);
  });

  it('at the same quick pace as for the network for everything else that is likely to pass', () => {
    for (const category of QUICKLY.filter((one) => one !== 'server')) {
      const delays = [1, 2, 3, 4].map((failures) => retryDelay(new Failure(category, 'x'), failures, MIDDLE));
      assert.deepEqual(delays, [2 * SECOND, 4 * SECOND, 8 * SECOND, MINUTE], category);
    }
    assert.ok(QUICKLY.includes('lock-timeout'));
  });

  it('every eight seconds for as long as there is no way to the server at all, so that its return is noticed at once', () => {
    const offline = new Failure('network', 'ENOTFOUND', { wasNotSent: true });
    const delays = [1, 2, 3, 4, 5, 10_000].map((failures) => retryDelay(offline, failures, MIDDLE));
    assert.deepEqual(delays, [2 * SECOND, 4 * SECOND, 8 * SECOND, 8 * SECOND, 8 * SECOND, 8 * SECOND]);
    assert.deepEqual(
      [retryDelay(offline, 50, 0), retryDelay(offline, 50, 0.75)],
      [6 * SECOND, 9 * SECOND],
      'spread as all are',
    );
  });

  it('every five minutes where a person must mend something first', () => {
    for (const category of SLOWLY) {
      for (const failures of [1, 2, 50]) {
        assert.equal(retryDelay(new Failure(category, 'x'), failures, MIDDLE), 5 * MINUTE, category);
      }
    }
  });

  it('never by itself after a definite verdict, whatever the server says of waiting', () => {
    for (const category of NEVER) {
      assert.equal(retryDelay(new Failure(category, 'x', { retryAfter: 1000 }), 1, MIDDLE), undefined, category);
    }
    assert.ok(NEVER.includes('session-ended') && NEVER.includes('sign-in-needed'));
  });

  it('spread over a quarter to either side, so that many windows do not come at once', () => {
    assert.equal(retryDelay(NETWORK, 1, 0), 1.5 * SECOND);
    assert.equal(retryDelay(NETWORK, 1, 0.75), 2.25 * SECOND);
    assert.ok((retryDelay(NETWORK, 1, 0.999) ?? NaN) < 2.5 * SECOND);
    assert.notEqual(retryDelay(NETWORK, 1, 0.2), retryDelay(NETWORK, 1, 0.3));
  });

  it('when the server asked to, to the second, but an hour later at most', () => {
    const after = (retryAfter: number): Failure => new Failure('rate-limited', 'http-429', { retryAfter });
    assert.equal(retryDelay(after(30 * SECOND), 1, MIDDLE), 30 * SECOND);
    assert.equal(retryDelay(after(HOUR), 1, MIDDLE), HOUR);
    assert.equal(retryDelay(after(48 * HOUR), 1, MIDDLE), HOUR);
    assert.equal(retryDelay(after(Infinity), 1, MIDDLE), HOUR);
    assert.equal(retryDelay(new Failure('client-rejected', 'x', { retryAfter: 10 * MINUTE }), 1, MIDDLE), 10 * MINUTE);
  });

  it('so also where the server asks for less than the pace would be, for the tenth time or whatever the spread', () => {
    const busy = new Failure('server', 'http-503', { retryAfter: 10 * SECOND });
    for (const failures of [1, 2, 3, 10, 1000]) {
      assert.deepEqual(
        [0, MIDDLE, 0.99].map((at) => retryDelay(busy, failures, at)),
        [10 * SECOND, 10 * SECOND, 10 * SECOND],
      );
    }
  });

  it('a second later at the least, whatever the server asks for', () => {
    assert.equal(retryDelay(new Failure('server', 'http-503', { retryAfter: 1 }), 1, MIDDLE), SECOND);
    assert.equal(retryDelay(new Failure('server', 'http-503', { retryAfter: SECOND }), 1, MIDDLE), SECOND);
  });

  it('at its own pace where the server does not ask for a wait at all', () => {
    assert.equal(retryDelay(new Failure('server', 'http-503', { retryAfter: 0 }), 1, MIDDLE), 2 * SECOND);
    assert.equal(retryDelay(new Failure('server', 'http-503', { retryAfter: -HOUR }), 1, MIDDLE), 2 * SECOND);
  });

  it('after a time that is always sensible: a second to an hour where the server says, else a second and a half to some minutes', () => {
    const category = fc.constantFrom(...CATEGORIES);
    const retryAfter = fc.option(fc.double({ noNaN: true }), { nil: undefined });
    holds(
      fc.property(
        category,
        retryAfter,
        fc.boolean(),
        fc.integer({ min: 1, max: 100_000 }),
        random,
        (one, wait, wasNotSent, failures, at) => {
          const delay = retryDelay(new Failure(one, 'x', { retryAfter: wait, wasNotSent }), failures, at);
          if (FAILURE_POLICIES[one].retryInterval === undefined) {
            assert.equal(delay, undefined);
          } else if (wait !== undefined && wait > 0) {
            assert.equal(delay, Math.min(Math.max(wait, SECOND), HOUR));
          } else {
            assert.ok(delay !== undefined && delay >= 1.5 * SECOND && delay <= 6.25 * MINUTE);
          }
        },
      ),
      1000,
    );
  });
});
