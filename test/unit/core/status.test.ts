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
/** When the renewal of a record falls due by itself: a little before the leeway, each at its own second. */
const dueOf = (record: SessionRecord): number => refreshDueAt(tokenLifetimes(record), USUAL) ?? NaN;
const stateOf = (session: LiveSession, now: number): State => statusOf(session, USUAL, now).state;

describe('the state of a session', () => {
  it('is "signed in" while nothing is due', () => {
    assert.equal(stateOf(live(SAMPLE), T), 'signed-in');
    assert.equal(stateOf(live(UNRENEWABLE), T), 'signed-in');
    assert.equal(stateOf(live(FIXED), T), 'signed-in');
  });

  it('is "renewing" while a renewal is on its way, or is due and about to start', () => {
    assert.equal(stateOf(live(SAMPLE, { refreshing: true }), T), 'refreshing');
    assert.equal(stateOf(live(SAMPLE), dueOf(SAMPLE) - 1), 'signed-in');
    assert.equal(stateOf(live(SAMPLE), dueOf(SAMPLE)), 'refreshing');
    assert.equal(stateOf(live(SAMPLE), T + 2 * HOUR), 'refreshing', 'after a long sleep');
  });

  it('is "retrying" after a renewal that failed for a passing reason, whether the token still works or not', () => {
    for (const category of ['network', 'server', 'rate-limited', 'lock-timeout'] as const) {
      const session = live(SAMPLE, { failure: new Failure(category, 'x'), failures: 1 });
      assert.equal(stateOf(session, T), 'retrying');
      assert.equal(stateOf(session, T + DAY), 'retrying');
    }
  });

  it('is "needs attention" after a failure that a person has to look at', () => {
    for (const category of CATEGORIES.filter(
      (one) =>
        !['retrying', 'ending'].includes(FAILURE_POLICIES[one].outcome) &&
        FAILURE_POLICIES[one].quickRetries === undefined,
    )) {
      assert.equal(
        stateOf(live(SAMPLE, { failure: new Failure(category, 'x'), failures: 1 }), T),
        'needs-attention',
        category,
      );
    }
  });

  it('is "ending soon" within the warning before an end that only the person can move', () => {
    assert.equal(stateOf(live(UNRENEWABLE), T + 50 * MINUTE - 1), 'signed-in');
    assert.equal(stateOf(live(UNRENEWABLE), T + 50 * MINUTE), 'ending');
    assert.equal(stateOf(live(FIXED), T + DAY - 10 * MINUTE), 'ending');
    assert.equal(
      statusOf(live(UNRENEWABLE), { ...USUAL, warning: 0 }, T + 55 * MINUTE).state,
      'signed-in',
      'the warning is off',
    );
  });

  it('is "ending soon" after a definite verdict, for as long as the token in hand still works', () => {
    assert.equal(stateOf(live(ENDED), T), 'ending');
    assert.equal(stateOf(live(ENDED, { failure: new Failure('session-ended', 'invalid_grant') }), T), 'ending');
    assert.equal(stateOf(live(ENDED), T + HOUR), 'ended');
  });

  it('is "ending soon" while a session that the server keeps rejecting still has a token that works, and counts down to its expiry', () => {
    const session = live(SAMPLE, { failure: new Failure('refresh-rejected-again', 'rejected-again'), failures: 2 });
    assert.deepEqual([stateOf(session, T), stateOf(session, T + HOUR)], ['ending', 'ended']);
    assert.deepEqual(statusOf(session, USUAL, T).countdown, { to: T + HOUR, means: 'end' });
    const unknown = live(without(SAMPLE, 'accessExpiresAt'), {
      failure: new Failure('refresh-rejected-again', 'rejected-again'),
      failures: 2,
    });
    assert.equal(stateOf(unknown, T), 'needs-attention');
  });

  it('is "ended" once the token has run out and cannot be renewed', () => {
    assert.equal(stateOf(live(UNRENEWABLE), T + HOUR - 1), 'ending');
    assert.equal(stateOf(live(UNRENEWABLE), T + HOUR), 'ended');
    assert.equal(stateOf(live(UNRENEWABLE, { failure: new Failure('network', 'x') }), T + HOUR), 'ended');
  });

  it('never is "ended" for a session that can be renewed, however long the server cannot be reached', () => {
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

  it('stays "signed in" for ever where the server never said when anything ends', () => {
    assert.equal(
      statusOf(live(without(SAMPLE, 'accessExpiresAt')), { ...USUAL, refreshInterval: 0 }, T + 400 * DAY).state,
      'signed-in',
    );
    assert.equal(stateOf(live(without(UNRENEWABLE, 'accessExpiresAt')), T + 400 * DAY), 'signed-in');
  });
});

describe('a session is still one', () => {
  it('while it can be renewed, even when its token has run out', () => {
    assert.equal(isUsable(SAMPLE, T + 400 * DAY), true);
  });

  it('while its token works, even when it cannot be renewed', () => {
    assert.equal(isUsable(UNRENEWABLE, T + HOUR - 1), true);
    assert.equal(isUsable(UNRENEWABLE, T + HOUR), false);
    assert.equal(isUsable(without(UNRENEWABLE, 'accessExpiresAt'), T + 400 * DAY), true);
  });

  it('after a definite verdict only for a little while, and never past the known expiry of its token', () => {
    assert.equal(isUsable(ENDED, T + ENDED_GRACE - 1), true);
    assert.equal(isUsable(ENDED, T + ENDED_GRACE), false, 'a token that the server may have revoked too');
    const short = { ...ENDED, accessExpiresAt: T + MINUTE };
    assert.equal(isUsable(short, T + MINUTE - 1), true);
    assert.equal(isUsable(short, T + MINUTE), false);
    assert.equal(
      isUsable(without(ENDED, 'accessExpiresAt'), T),
      false,
      'a token that never said is not trusted any more',
    );
  });
});

describe('the countdown', () => {
  it('runs to the end of the session where that is known', () => {
    assert.deepEqual(statusOf(live(FIXED), USUAL, T).countdown, { to: T + DAY, means: 'end' });
    assert.deepEqual(statusOf(live(UNRENEWABLE), USUAL, T).countdown, { to: T + HOUR, means: 'end' });
    assert.deepEqual(statusOf(live(ENDED), USUAL, T).countdown, { to: T + ENDED_GRACE, means: 'end' });
  });

  it('runs to the next renewal where the end is not known, and says that this happens by itself', () => {
    assert.deepEqual(statusOf(live(SAMPLE), USUAL, T).countdown, { to: dueOf(SAMPLE), means: 'refresh' });
    assert.ok(dueOf(SAMPLE) <= T + 55 * MINUTE && dueOf(SAMPLE) > T + 53 * MINUTE);
  });

  it('runs to the second at which this window renews, not another', () => {
    const dues = [0, 0.25, 0.5, 0.75].map(
      (jitter) => statusOf(live(SAMPLE), { ...USUAL, jitter }, T).countdown?.to ?? NaN,
    );
    assert.equal(new Set(dues).size, 4, dues.join());
    assert.ok(
      dues.every((due) => due <= T + 55 * MINUTE && due > T + 53 * MINUTE),
      dues.join(),
    );
  });

  it('runs to the next try after a renewal that failed', () => {
    const status = statusOf(
      live(SAMPLE, { failure: new Failure('network', 'x'), nextAttemptAt: T + 8 * SECOND }),
      USUAL,
      T,
    );
    assert.deepEqual(status.countdown, { to: T + 8 * SECOND, means: 'refresh' });
    assert.equal(status.refreshDueAt, T + 8 * SECOND);
  });

  it('is absent where nothing is known to come', () => {
    const unknown = live(without(SAMPLE, 'accessExpiresAt'));
    assert.equal(statusOf(unknown, { ...USUAL, refreshInterval: 0 }, T).countdown, undefined);
    assert.equal(statusOf(unknown, USUAL, T).countdown?.means, 'refresh');
  });

  it('stands beside both the expiry of the token and the end of the session', () => {
    const { accessExpiresAt, sessionEndsAt, refreshDueAt, session } = statusOf(live(FIXED), USUAL, T);
    assert.deepEqual([accessExpiresAt, sessionEndsAt, refreshDueAt], [T + 2 * DAY, T + DAY, dueOf(FIXED)]);
    assert.ok(dueOf(FIXED) <= T + 12 * HOUR && dueOf(FIXED) > T + 11 * HOUR);
    assert.equal(session.record, FIXED);
  });
});

describe('the order of urgency', () => {
  /** One session in each state that a session can be in. */
  const examples = [
    statusOf(live(SAMPLE), USUAL, T),
    statusOf(live(SAMPLE, { refreshing: true }), USUAL, T),
    statusOf(live(SAMPLE, { failure: new Failure('network', 'x') }), USUAL, T),
    statusOf(live(ENDED), USUAL, T),
    statusOf(live(SAMPLE, { failure: new Failure('configuration', 'x') }), USUAL, T),
    statusOf(live({ ...UNRENEWABLE, accessExpiresAt: T }), USUAL, T),
  ];

  it('is from what most needs the person to what needs nobody, and no state is out of reach', () => {
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

  it('puts what ends sooner first among equals, and what never ends last', () => {
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

  it('leaves the list that it was given as it was', () => {
    const given = Object.freeze([...examples]);
    assert.notEqual(sortByUrgency(given), given);
    assert.equal(given[0]?.state, 'signed-in');
  });

  it('loses nobody', () => {
    holds(
      fc.property(fc.shuffledSubarray(examples), (some) => {
        assert.deepEqual(new Set(sortByUrgency(some)), new Set(some));
      }),
    );
  });
});
