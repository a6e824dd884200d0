import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { Failure } from '../../../src/core/failure.ts';
import { CATEGORIES, FAILURE_POLICIES } from '../../../src/core/failurePolicies.ts';
import { refreshDueAt } from '../../../src/core/lifetime.ts';
import { ENDED_GRACE, tokenLifetimes, type SessionRecord } from '../../../src/core/session.ts';
import { STATES, sortByUrgency, isUsable, statusOf, type LiveSession, type State } from '../../../src/core/status.ts';
import { SAMPLE, SIGNED_IN_AT as T, UNRENEWABLE, USUAL, live, without } from '../../support/coreSamples.ts';
import { holds } from '../../support/seeded.ts';

const VERDICT = { at: T, category: 'session-ended', code: 'invalid_grant' };
const ENDED: SessionRecord = { ...SAMPLE, ended: VERDICT };
const FIXED: SessionRecord = {
  ...SAMPLE,
  accessExpiresAt: T + 2 * DAY,
  sessionEndsAt: T + DAY,
  sessionEndIsFixed: true,
};
/** When the automatic refresh of a record is due: a little before the leeway, with jitter. */
const dueOf = (record: SessionRecord): number => refreshDueAt(tokenLifetimes(record), USUAL) ?? NaN;
const stateOf = (session: LiveSession, now: number): State => statusOf(session, USUAL, now).state;

describe('The state of a session', () => {
  it('is "signed-in" when nothing is due', () => {
    assert.equal(stateOf(live(SAMPLE), T), 'signed-in');
    assert.equal(stateOf(live(UNRENEWABLE), T), 'signed-in');
    assert.equal(stateOf(live(FIXED), T), 'signed-in');
  });

  it('is "refreshing" when a refresh is in progress, or is due and about to start', () => {
    assert.equal(stateOf(live(SAMPLE, { refreshing: true }), T), 'refreshing');
    assert.equal(stateOf(live(SAMPLE), dueOf(SAMPLE) - 1), 'signed-in');
    assert.equal(stateOf(live(SAMPLE), dueOf(SAMPLE)), 'refreshing');
    assert.equal(stateOf(live(SAMPLE), T + 2 * HOUR), 'refreshing', 'after a long sleep');
  });

  it('is "retrying" after a temporary failure, whether the token still works or not', () => {
    for (const category of ['network', 'server', 'rate-limited', 'lock-timeout'] as const) {
      const session = live(SAMPLE, { failure: new Failure(category, 'x'), failures: 1 });
      assert.equal(stateOf(session, T), 'retrying');
      assert.equal(stateOf(session, T + DAY), 'retrying');
    }
  });

  it('is "needs-attention" after a failure that requires the user', () => {
    for (const category of CATEGORIES.filter(
      (one) => !['retrying', 'ending'].includes(FAILURE_POLICIES[one].outcome),
    )) {
      assert.equal(
        stateOf(live(SAMPLE, { failure: new Failure(category, 'x'), failures: 1 }), T),
        'needs-attention',
        category,
      );
    }
  });

  it('is "ending" within the warning before an end that only the user can extend', () => {
    assert.equal(stateOf(live(UNRENEWABLE), T + 50 * MINUTE - 1), 'signed-in');
    assert.equal(stateOf(live(UNRENEWABLE), T + 50 * MINUTE), 'ending');
    assert.equal(stateOf(live(FIXED), T + DAY - 10 * MINUTE), 'ending');
    assert.equal(
      statusOf(live(UNRENEWABLE), { ...USUAL, warning: 0 }, T + 55 * MINUTE).state,
      'signed-in',
      'the warning is off',
    );
  });

  it('is "ending" after a definite verdict, while the access token still works', () => {
    assert.equal(stateOf(live(ENDED), T), 'ending');
    assert.equal(stateOf(live(ENDED, { failure: new Failure('session-ended', 'invalid_grant') }), T), 'ending');
    assert.equal(stateOf(live(ENDED), T + HOUR), 'ended');
  });

  it('is "ending" when the server keeps rejecting refreshes, and counts down to the token\'s expiry', () => {
    const session = live(SAMPLE, { failure: new Failure('refresh-rejected-again', 'rejected-again'), failures: 2 });
    assert.deepEqual([stateOf(session, T), stateOf(session, T + HOUR)], ['ending', 'ended']);
    assert.deepEqual(statusOf(session, USUAL, T).countdown, { to: T + HOUR, means: 'end' });
    const unknown = live(without(SAMPLE, 'accessExpiresAt'), {
      failure: new Failure('refresh-rejected-again', 'rejected-again'),
      failures: 2,
    });
    assert.equal(stateOf(unknown, T), 'needs-attention');
  });

  it('is "ended" when the token has expired and can\'t be refreshed', () => {
    assert.equal(stateOf(live(UNRENEWABLE), T + HOUR - 1), 'ending');
    assert.equal(stateOf(live(UNRENEWABLE), T + HOUR), 'ended');
    assert.equal(stateOf(live(UNRENEWABLE, { failure: new Failure('network', 'x') }), T + HOUR), 'ended');
  });

  it('is never "ended" for a session that can be refreshed, however long the server can\'t be reached', () => {
    const session = fc.record({
      refreshing: fc.boolean(),
      category: fc.option(fc.constantFrom(...CATEGORIES.filter((one) => FAILURE_POLICIES[one].outcome !== 'ending')), {
        nil: undefined,
      }),
      failures: fc.nat(),
    });
    holds(
      fc.property(session, fc.integer({ min: -DAY, max: 400 * DAY }), ({ refreshing, category, failures }, after) => {
        const failure = category === undefined ? undefined : new Failure(category, 'x');
        assert.notEqual(stateOf(live(SAMPLE, { refreshing, failure, failures }), T + after), 'ended');
      }),
    );
  });

  it('stays "signed-in" when no expiry is known', () => {
    assert.equal(
      statusOf(live(without(SAMPLE, 'accessExpiresAt')), { ...USUAL, refreshInterval: 0 }, T + 400 * DAY).state,
      'signed-in',
    );
    assert.equal(stateOf(live(without(UNRENEWABLE, 'accessExpiresAt')), T + 400 * DAY), 'signed-in');
  });
});

describe('isUsable', () => {
  it('is true when the session can be refreshed, even if its token has expired', () => {
    assert.equal(isUsable(SAMPLE, T + 400 * DAY), true);
  });

  it("is true when the token works, even if it can't be refreshed", () => {
    assert.equal(isUsable(UNRENEWABLE, T + HOUR - 1), true);
    assert.equal(isUsable(UNRENEWABLE, T + HOUR), false);
    assert.equal(isUsable(without(UNRENEWABLE, 'accessExpiresAt'), T + 400 * DAY), true);
  });

  it('is true only briefly after a definite verdict, and never past the known expiry of the token', () => {
    assert.equal(isUsable(ENDED, T + ENDED_GRACE - 1), true);
    assert.equal(isUsable(ENDED, T + ENDED_GRACE), false, 'a token that the server may have revoked too');
    const short = { ...ENDED, accessExpiresAt: T + MINUTE };
    assert.equal(isUsable(short, T + MINUTE - 1), true);
    assert.equal(isUsable(short, T + MINUTE), false);
    assert.equal(
      isUsable(without(ENDED, 'accessExpiresAt'), T),
      false,
      'a token without known expiry is no longer used',
    );
  });
});

describe('The countdown', () => {
  it("is to the end of the session when it's known", () => {
    assert.deepEqual(statusOf(live(FIXED), USUAL, T).countdown, { to: T + DAY, means: 'end' });
    assert.deepEqual(statusOf(live(UNRENEWABLE), USUAL, T).countdown, { to: T + HOUR, means: 'end' });
    assert.deepEqual(statusOf(live(ENDED), USUAL, T).countdown, { to: T + ENDED_GRACE, means: 'end' });
  });

  it("is to the next automatic refresh when the end isn't known", () => {
    assert.deepEqual(statusOf(live(SAMPLE), USUAL, T).countdown, { to: dueOf(SAMPLE), means: 'refresh' });
    assert.ok(dueOf(SAMPLE) <= T + 55 * MINUTE && dueOf(SAMPLE) > T + 53 * MINUTE);
  });

  it('is to the second at which this window refreshes', () => {
    const dues = [0, 0.25, 0.5, 0.75].map(
      (jitter) => statusOf(live(SAMPLE), { ...USUAL, jitter }, T).countdown?.to ?? NaN,
    );
    assert.equal(new Set(dues).size, 4, dues.join());
    assert.ok(
      dues.every((due) => due <= T + 55 * MINUTE && due > T + 53 * MINUTE),
      dues.join(),
    );
  });

  it('is to the next attempt after a failed refresh', () => {
    const status = statusOf(
      live(SAMPLE, { failure: new Failure('network', 'x'), nextAttemptAt: T + 8 * SECOND }),
      USUAL,
      T,
    );
    assert.deepEqual(status.countdown, { to: T + 8 * SECOND, means: 'refresh' });
    assert.equal(status.refreshDueAt, T + 8 * SECOND);
  });

  it('is absent when no refresh or end is known', () => {
    const unknown = live(without(SAMPLE, 'accessExpiresAt'));
    assert.equal(statusOf(unknown, { ...USUAL, refreshInterval: 0 }, T).countdown, undefined);
    assert.equal(statusOf(unknown, USUAL, T).countdown?.means, 'refresh');
  });

  it('is shown with the expiry of the token and the end of the session', () => {
    const { accessExpiresAt, sessionEndsAt, refreshDueAt, session } = statusOf(live(FIXED), USUAL, T);
    assert.deepEqual([accessExpiresAt, sessionEndsAt, refreshDueAt], [T + 2 * DAY, T + DAY, dueOf(FIXED)]);
    assert.ok(dueOf(FIXED) <= T + 12 * HOUR && dueOf(FIXED) > T + 11 * HOUR);
    assert.equal(session.record, FIXED);
  });
});

describe('sortByUrgency', () => {
  /** One session in each possible state. */
  const examples = [
    statusOf(live(SAMPLE), USUAL, T),
    statusOf(live(SAMPLE, { refreshing: true }), USUAL, T),
    statusOf(live(SAMPLE, { failure: new Failure('network', 'x') }), USUAL, T),
    statusOf(live(ENDED), USUAL, T),
    statusOf(live(SAMPLE, { failure: new Failure('configuration', 'x') }), USUAL, T),
    statusOf(live({ ...UNRENEWABLE, accessExpiresAt: T }), USUAL, T),
  ];

  it('sorts from the most urgent state to the least, and every state can occur', () => {
    assert.deepEqual(STATES, [
      'ended',
      'needs-attention',
      'ending',
      'retrying',
      'signing-in',
      'refreshing',
      'signed-in',
      'signed-out',
    ]);
    const ofSessions = STATES.filter((state) => state !== 'signing-in' && state !== 'signed-out');
    assert.deepEqual(
      sortByUrgency(examples).map(({ state }) => state),
      ofSessions,
    );
    assert.deepEqual(
      sortByUrgency([...examples].reverse()).map(({ state }) => state),
      ofSessions,
    );
  });

  it('puts the earlier end first for the same state, and those without an end last', () => {
    const at = (accessExpiresAt: number | undefined): ReturnType<typeof statusOf> =>
      statusOf(
        live(
          accessExpiresAt === undefined ? without(UNRENEWABLE, 'accessExpiresAt') : { ...UNRENEWABLE, accessExpiresAt },
        ),
        USUAL,
        T,
      );
    const [late, never, soon] = [at(T + DAY), at(undefined), at(T + HOUR)];
    assert.deepEqual(sortByUrgency([late, never, soon]), [soon, late, never]);
    assert.deepEqual(sortByUrgency([never, at(undefined), soon])[0], soon);
  });

  it("doesn't change its input", () => {
    const given = Object.freeze([...examples]);
    assert.notEqual(sortByUrgency(given), given);
    assert.equal(given[0]?.state, 'signed-in');
  });

  it('returns all statuses', () => {
    holds(
      fc.property(fc.shuffledSubarray(examples), (some) => {
        assert.deepEqual(new Set(sortByUrgency(some)), new Set(some));
      }),
    );
  });
});
