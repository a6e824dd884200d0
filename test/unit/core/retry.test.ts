import assert from 'node:assert/strict';
import fc from 'fast-check';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { Failure } from '../../../src/core/failure.ts';
import { CATEGORIES, FAILURE_POLICIES, type Category } from '../../../src/core/failurePolicies.ts';
import type { FailurePolicy } from '../../../src/core/failurePolicy.ts';
import { retryDelay } from '../../../src/core/retry.ts';
import { holds } from '../../support/seeded.ts';

const NETWORK = new Failure('network', 'ECONNRESET');
/** The random number without spread. */
const MIDDLE = 0.5;

const those = (passes: (policy: FailurePolicy) => boolean): Category[] =>
  CATEGORIES.filter((category) => passes(FAILURE_POLICIES[category]));
const QUICKLY = those(({ quickRetries = 0 }) => quickRetries > 0);
const SLOWLY = those(({ quickRetries, retryInterval }) => quickRetries === undefined && retryInterval === 5 * MINUTE);
const NEVER = those(({ retryInterval }) => retryInterval === undefined);
/** A random number in [0, 1), as `Math.random` returns it. */
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('retryDelay', () => {
  it('is 2, 4 and 8 seconds, then a minute without limit', () => {
    const delays = [1, 2, 3, 4, 5, 100, 10_000].map((failures) => retryDelay(NETWORK, failures, MIDDLE));
    assert.deepEqual(delays, [2 * SECOND, 4 * SECOND, 8 * SECOND, MINUTE, MINUTE, MINUTE, MINUTE]);
  });

  it("is quick only twice when the server itself reports that it can't respond", () => {
    const delays = [1, 2, 3, 4, 100].map((failures) => retryDelay(new Failure('server', 'http-503'), failures, MIDDLE));
    assert.deepEqual(delays, [2 * SECOND, 4 * SECOND, MINUTE, MINUTE, MINUTE]);
  });

  it('is the same as for the network for all other temporary failures', () => {
    for (const category of QUICKLY.filter((one) => one !== 'server')) {
      const delays = [1, 2, 3, 4].map((failures) => retryDelay(new Failure(category, 'x'), failures, MIDDLE));
      assert.deepEqual(delays, [2 * SECOND, 4 * SECOND, 8 * SECOND, MINUTE], category);
    }
    assert.ok(QUICKLY.includes('lock-timeout'));
  });

  it("is eight seconds without limit while the server can't be reached at all", () => {
    const offline = new Failure('network', 'ENOTFOUND', { wasNotSent: true });
    const delays = [1, 2, 3, 4, 5, 10_000].map((failures) => retryDelay(offline, failures, MIDDLE));
    assert.deepEqual(delays, [2 * SECOND, 4 * SECOND, 8 * SECOND, 8 * SECOND, 8 * SECOND, 8 * SECOND]);
    assert.deepEqual(
      [retryDelay(offline, 50, 0), retryDelay(offline, 50, 0.75)],
      [6 * SECOND, 9 * SECOND],
      'with the usual spread',
    );
  });

  it('is five minutes when the user must act first', () => {
    for (const category of SLOWLY) {
      for (const failures of [1, 2, 50]) {
        assert.equal(retryDelay(new Failure(category, 'x'), failures, MIDDLE), 5 * MINUTE, category);
      }
    }
  });

  it('is undefined after a definite verdict, even if the server sent Retry-After', () => {
    for (const category of NEVER) {
      assert.equal(retryDelay(new Failure(category, 'x', { retryAfter: 1000 }), 1, MIDDLE), undefined, category);
    }
    assert.ok(NEVER.includes('session-ended') && NEVER.includes('sign-in-needed'));
  });

  it("is spread by a quarter in both directions, so that windows don't retry at the same time", () => {
    assert.equal(retryDelay(NETWORK, 1, 0), 1.5 * SECOND);
    assert.equal(retryDelay(NETWORK, 1, 0.75), 2.25 * SECOND);
    assert.ok((retryDelay(NETWORK, 1, 0.999) ?? NaN) < 2.5 * SECOND);
    assert.notEqual(retryDelay(NETWORK, 1, 0.2), retryDelay(NETWORK, 1, 0.3));
  });

  it('is exactly the Retry-After of the server, up to an hour', () => {
    const after = (retryAfter: number): Failure => new Failure('rate-limited', 'http-429', { retryAfter });
    assert.equal(retryDelay(after(30 * SECOND), 1, MIDDLE), 30 * SECOND);
    assert.equal(retryDelay(after(HOUR), 1, MIDDLE), HOUR);
    assert.equal(retryDelay(after(48 * HOUR), 1, MIDDLE), HOUR);
    assert.equal(retryDelay(after(Infinity), 1, MIDDLE), HOUR);
    assert.equal(retryDelay(new Failure('client-rejected', 'x', { retryAfter: 10 * MINUTE }), 1, MIDDLE), 10 * MINUTE);
  });

  it("is the Retry-After even if it's less than the interval, for any number of failures and any spread", () => {
    const busy = new Failure('server', 'http-503', { retryAfter: 10 * SECOND });
    for (const failures of [1, 2, 3, 10, 1000]) {
      assert.deepEqual(
        [0, MIDDLE, 0.99].map((at) => retryDelay(busy, failures, at)),
        [10 * SECOND, 10 * SECOND, 10 * SECOND],
      );
    }
  });

  it('is at least a second, whatever the Retry-After', () => {
    assert.equal(retryDelay(new Failure('server', 'http-503', { retryAfter: 1 }), 1, MIDDLE), SECOND);
    assert.equal(retryDelay(new Failure('server', 'http-503', { retryAfter: SECOND }), 1, MIDDLE), SECOND);
  });

  it('is the interval when the server sends no Retry-After', () => {
    assert.equal(retryDelay(new Failure('server', 'http-503', { retryAfter: 0 }), 1, MIDDLE), 2 * SECOND);
    assert.equal(retryDelay(new Failure('server', 'http-503', { retryAfter: -HOUR }), 1, MIDDLE), 2 * SECOND);
  });

  it('is always reasonable: a second to an hour with Retry-After, otherwise a second and a half to some minutes', () => {
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
