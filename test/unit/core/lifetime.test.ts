import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import {
  MIN_REFRESH_INTERVAL,
  clockWasSetBack,
  isUnexpired,
  isFresh,
  isRefreshDue,
  leewayFor,
  refreshDueAt,
  sessionEndOf,
  warnAt,
  type LifetimeSettings,
  type TokenLifetimes,
} from '../../../src/core/lifetime.ts';
import { SIGNED_IN_AT as T, USUAL } from '../../support/coreSamples.ts';
import { holds } from '../../support/seeded.ts';

const YEAR = 365 * DAY;
const OFF = { leeway: 0, refreshInterval: 0, warning: 0 };
/** The jitter of a window or a session. */
const jitter = fc.integer({ min: 0, max: 2 ** 32 - 1 }).map((number) => number / 2 ** 32);
/** A lifetime between a second and ten years, in ms. */
const lifetime = fc.oneof(fc.integer({ min: SECOND, max: HOUR }), fc.integer({ min: SECOND, max: 10 * YEAR }));
const anySettings = fc.record({
  leeway: fc.integer({ min: 0, max: DAY }),
  refreshInterval: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 30 * DAY })),
  warning: fc.integer({ min: 0, max: DAY }),
  jitter: fc.option(jitter, { nil: undefined }),
});

/** The minimum interval with the maximum jitter. */
const LATEST_GAP = 1.25 * MIN_REFRESH_INTERVAL;

const refreshable = (accessLifetime: number, more: Partial<TokenLifetimes> = {}): TokenLifetimes => ({
  tokensRequestedAt: T,
  accessExpiresAt: T + accessLifetime,
  isRefreshable: true,
  ...more,
});

describe('leewayFor', () => {
  it('is the setting for a long-lived token', () => {
    assert.equal(leewayFor(HOUR, 300 * SECOND), 300 * SECOND);
  });

  it('is a third of the lifetime for a short-lived token', () => {
    assert.equal(leewayFor(300 * SECOND, 300 * SECOND), 100 * SECOND);
    assert.equal(leewayFor(60 * SECOND, 300 * SECOND), 20 * SECOND);
  });

  it('is never negative, whatever the lifetime', () => {
    assert.equal(leewayFor(-5 * SECOND, 300 * SECOND), 0);
    assert.equal(leewayFor(0, 300 * SECOND), 0);
    assert.equal(leewayFor(HOUR, -1), 0);
  });

  it('is the lesser of the two for every lifetime', () => {
    holds(
      fc.property(lifetime, fc.integer({ min: 0, max: DAY }), (life, setting) => {
        const leeway = leewayFor(life, setting);
        assert.ok(leeway === setting || Math.abs(leeway - life / 3) < 1);
        assert.ok(leeway <= setting && leeway <= life / 3 + 1);
      }),
    );
  });
});

describe('refreshDueAt', () => {
  it('is the leeway before the access token expires', () => {
    assert.equal(refreshDueAt(refreshable(HOUR), USUAL), T + HOUR - 5 * MINUTE);
  });

  it('is two thirds of the lifetime for a token of five minutes, not sooner', () => {
    assert.equal(refreshDueAt(refreshable(300 * SECOND), USUAL), T + 200 * SECOND);
  });

  it('is undefined for a session without a refresh token', () => {
    assert.equal(
      refreshDueAt(refreshable(HOUR, { isRefreshable: false }), { ...USUAL, refreshInterval: MINUTE }),
      undefined,
    );
  });

  it('is the refresh interval after the last refresh when no expiry is known, and undefined when that is turned off', () => {
    assert.equal(refreshDueAt({ tokensRequestedAt: T, isRefreshable: true }, USUAL), T + 12 * HOUR);
    assert.equal(
      refreshDueAt({ tokensRequestedAt: T, isRefreshable: true }, { ...USUAL, refreshInterval: 0 }),
      undefined,
    );
  });

  it('is the refresh interval after the last refresh when that comes first', () => {
    const often = { ...USUAL, refreshInterval: 15 * MINUTE };
    assert.equal(refreshDueAt(refreshable(HOUR), often), T + 15 * MINUTE);
    assert.equal(refreshDueAt({ tokensRequestedAt: T, isRefreshable: true }, often), T + 15 * MINUTE);
    assert.equal(refreshDueAt(refreshable(10 * MINUTE), often), T + 10 * MINUTE - leewayFor(10 * MINUTE, USUAL.leeway));
  });

  it('is before the end of the session when a refresh may extend it', () => {
    const idle = refreshable(8 * HOUR, { sessionEndsAt: T + HOUR });
    assert.equal(refreshDueAt(idle, USUAL), T + HOUR - 10 * MINUTE, 'the warning is larger than the leeway');
    assert.equal(refreshDueAt(idle, { ...USUAL, warning: 0 }), T + HOUR - 5 * MINUTE);
  });

  it("ignores the end of the session when a refresh has shown that it's fixed", () => {
    const fixed = refreshable(8 * HOUR, { sessionEndsAt: T + HOUR, sessionEndIsFixed: true });
    assert.equal(refreshDueAt(fixed, USUAL), T + 8 * HOUR - 5 * MINUTE);
  });

  it('keeps the minimum interval, even for a token of one second or one that has already expired', () => {
    assert.equal(refreshDueAt(refreshable(SECOND), USUAL), T + MIN_REFRESH_INTERVAL);
    assert.equal(refreshDueAt(refreshable(-HOUR), USUAL), T + MIN_REFRESH_INTERVAL);
    assert.equal(refreshDueAt(refreshable(HOUR), { ...USUAL, refreshInterval: 1 }), T + MIN_REFRESH_INTERVAL);
  });

  it("doesn't overflow for a token of ten years", () => {
    assert.equal(refreshDueAt(refreshable(10 * YEAR), { ...USUAL, refreshInterval: 0 }), T + 10 * YEAR - 5 * MINUTE);
  });

  it('is within the lifetime, from one second to ten years, with any settings', () => {
    holds(
      fc.property(
        lifetime,
        fc.option(lifetime, { nil: undefined }),
        fc.boolean(),
        anySettings,
        jitter,
        (access, end, isFixed, settings, at) => {
          const session = refreshable(access, {
            sessionEndsAt: end === undefined ? undefined : T + end,
            sessionEndIsFixed: isFixed,
            jitter: at,
          });
          const due = refreshDueAt(session, settings);
          assert.ok(due !== undefined && Number.isInteger(due));
          assert.ok(due >= T + MIN_REFRESH_INTERVAL, 'not sooner than the minimum interval');
          assert.ok(
            due <= Math.max(T + access, T + LATEST_GAP),
            'not later than the expiry, except for the minimum interval',
          );
          if (access >= 3 * MIN_REFRESH_INTERVAL && settings.refreshInterval === 0 && (end === undefined || isFixed)) {
            assert.ok(due >= T + Math.floor(access * (1 - 1.25 / 3)), 'not before seven twelfths of the lifetime');
          }
        },
      ),
      1000,
    );
  });

  it('makes a refresh due from that time on, and not a millisecond sooner', () => {
    holds(
      fc.property(lifetime, anySettings, (access, settings) => {
        const session = refreshable(access);
        const due = Math.ceil(refreshDueAt(session, settings) ?? NaN);
        assert.equal(isRefreshDue(session, settings, due), true);
        assert.equal(isRefreshDue(session, settings, due - 1), false);
      }),
    );
  });

  it('makes a refresh due immediately when the clock was set back, because the age of the token is unknown', () => {
    assert.equal(isRefreshDue(refreshable(HOUR), USUAL, T - 2 * MINUTE), true);
    assert.equal(isRefreshDue(refreshable(HOUR), USUAL, T - 30 * SECOND), false, "a small correction doesn't count");
    assert.equal(isRefreshDue(refreshable(HOUR, { isRefreshable: false }), USUAL, T - DAY), false);
    assert.equal(isRefreshDue({ tokensRequestedAt: T, isRefreshable: true }, USUAL, T - DAY), true);
    assert.equal(
      isRefreshDue({ tokensRequestedAt: T, isRefreshable: true }, { ...USUAL, refreshInterval: 0 }, T - DAY),
      false,
    );
  });
});

describe('The jitter of windows and sessions', () => {
  /** Two jitters that are far enough apart for different seconds: a quarter of the usual leeway has 75 of them. */
  const twoJitters = fc
    .tuple(jitter, fc.double({ min: 1 / 70, max: 69 / 70, noNaN: true }))
    .map(([one, step]) => [one, (one + step) % 1] as const);
  /** When a session with one jitter is due in a window with another. */
  const dueAt = (access: number, settings: LifetimeSettings, ofSession?: number, ofWindow?: number): number =>
    refreshDueAt(refreshable(access, { jitter: ofSession }), { ...settings, jitter: ofWindow }) ?? NaN;

  it('makes a refresh due earlier by a quarter of the leeway at most', () => {
    assert.equal(dueAt(HOUR, USUAL, 0, 0), T + HOUR - 5 * MINUTE);
    assert.equal(dueAt(HOUR, USUAL, 0.5, 0), T + HOUR - 1.125 * 5 * MINUTE);
    assert.equal(dueAt(HOUR, USUAL, 0, 0.8), T + HOUR - 1.2 * 5 * MINUTE);
    assert.equal(dueAt(HOUR, USUAL, 0.75, 0.75), T + HOUR - 1.125 * 5 * MINUTE, 'the two add up modulo 1');
  });

  it('makes a refresh by the refresh interval due earlier by a sixteenth of it at most', () => {
    const often = { ...USUAL, refreshInterval: 16 * MINUTE };
    assert.equal(dueAt(HOUR, often), T + 16 * MINUTE);
    assert.equal(dueAt(HOUR, often, 0.5), T + 15.5 * MINUTE);
    holds(
      fc.property(jitter, jitter, (one, other) => {
        const due = dueAt(HOUR, often, one, other);
        assert.ok(due > T + 15 * MINUTE - 1 && due <= T + 16 * MINUTE);
      }),
    );
  });

  it('makes a refresh due later when the minimum interval applies', () => {
    assert.equal(dueAt(SECOND, USUAL, 0.5), T + 1.125 * MIN_REFRESH_INTERVAL);
    assert.equal(dueAt(-HOUR, USUAL, 0, 0.8), T + 1.2 * MIN_REFRESH_INTERVAL);
  });

  it('keeps a refresh between one and one and a quarter of the leeway before the expiry', () => {
    holds(
      fc.property(lifetime, fc.integer({ min: 0, max: DAY }), jitter, jitter, (access, setting, one, other) => {
        const due = dueAt(access, { ...OFF, leeway: setting }, one, other);
        const leeway = leewayFor(access, setting);
        assert.ok(due <= Math.max(T + access - leeway, T + LATEST_GAP), 'not later, except for the minimum interval');
        assert.ok(due >= Math.floor(T + access - 1.25 * leeway), 'not earlier');
      }),
      1000,
    );
  });

  it('keeps the minimum interval for tokens of one second to ten years', () => {
    holds(
      fc.property(lifetime, anySettings, jitter, (access, settings, one) => {
        const session = refreshable(access, { jitter: one });
        assert.ok((refreshDueAt(session, settings) ?? NaN) >= T + MIN_REFRESH_INTERVAL);
        assert.equal(isRefreshDue(session, settings, T + MIN_REFRESH_INTERVAL - 1), false);
      }),
      1000,
    );
  });

  it('spreads windows, and sessions with the same times, over different seconds for tokens of an hour or more', () => {
    const long = fc.integer({ min: HOUR, max: 10 * YEAR });
    holds(
      fc.property(long, twoJitters, jitter, (access, [one, other], common) => {
        assert.ok(
          Math.abs(dueAt(access, USUAL, common, one) - dueAt(access, USUAL, common, other)) >= SECOND,
          'two windows',
        );
        assert.ok(
          Math.abs(dueAt(access, USUAL, one, common) - dueAt(access, USUAL, other, common)) >= SECOND,
          'two sessions',
        );
      }),
      1000,
    );
  });

  it('spreads sessions with the same session end', () => {
    const ending = (at: number): number =>
      refreshDueAt(refreshable(DAY, { sessionEndsAt: T + HOUR, jitter: at }), USUAL) ?? NaN;
    assert.deepEqual([ending(0), ending(0.5)], [T + HOUR - 10 * MINUTE, T + HOUR - 1.125 * 10 * MINUTE]);
  });

  it("doesn't affect whether a token is fresh or when the warning is shown", () => {
    const session = { ...refreshable(HOUR, { isRefreshable: false, jitter: 0.9 }), signedInAt: T };
    assert.equal(isFresh(session, T + HOUR - MINUTE - 1, MINUTE), true);
    assert.equal(warnAt(session, { ...USUAL, jitter: 0.9 }), T + HOUR - 10 * MINUTE);
  });
});

describe('clockWasSetBack', () => {
  it('is true from more than a minute on', () => {
    assert.equal(clockWasSetBack(refreshable(HOUR), T), false);
    assert.equal(clockWasSetBack(refreshable(HOUR), T - MINUTE), false);
    assert.equal(clockWasSetBack(refreshable(HOUR), T - MINUTE - 1), true);
    assert.equal(clockWasSetBack(refreshable(HOUR), T + YEAR), false, "elapsed time doesn't count");
  });
});

describe('isFresh and isUnexpired', () => {
  it('is fresh while the token is valid for longer than the margin', () => {
    const session = refreshable(HOUR);
    assert.equal(isFresh(session, T, MINUTE), true);
    assert.equal(isFresh(session, T + HOUR - MINUTE - 1, MINUTE), true);
    assert.equal(isFresh(session, T + HOUR - MINUTE, MINUTE), false);
    assert.equal(isFresh(session, T + 2 * HOUR, MINUTE), false);
  });

  it("requires a third of the lifetime at most, so that a short-lived token isn't refreshed with every call", () => {
    const session = refreshable(30 * SECOND);
    assert.equal(isFresh(session, T, MINUTE), true);
    assert.equal(isFresh(session, T + 19 * SECOND, MINUTE), true);
    assert.equal(isFresh(session, T + 20 * SECOND, MINUTE), false);
  });

  it("is always fresh and unexpired when the expiry isn't known", () => {
    assert.equal(isFresh({ tokensRequestedAt: T, isRefreshable: true }, T + YEAR, MINUTE), true);
    assert.equal(isUnexpired({ tokensRequestedAt: T, isRefreshable: false }, T + YEAR), true);
  });

  it("isn't fresh after the clock was set back", () => {
    assert.equal(isFresh(refreshable(HOUR), T - DAY, MINUTE), false);
  });

  it('is unexpired until the exact time of its expiry', () => {
    assert.equal(isUnexpired(refreshable(HOUR), T + HOUR - 1), true);
    assert.equal(isUnexpired(refreshable(HOUR), T + HOUR), false);
  });

  it('is never fresh when the token has expired', () => {
    holds(
      fc.property(
        lifetime,
        fc.integer({ min: 0, max: DAY }),
        fc.integer({ min: -DAY, max: YEAR }),
        (access, margin, at) => {
          const session = refreshable(access);
          assert.ok(!isFresh(session, T + at, margin) || isUnexpired(session, T + at));
        },
      ),
    );
  });
});

describe('sessionEndOf', () => {
  it('is what the server or a setting specifies when the session can be refreshed', () => {
    assert.equal(sessionEndOf(refreshable(HOUR, { sessionEndsAt: T + DAY })), T + DAY);
    assert.equal(sessionEndOf(refreshable(HOUR)), undefined);
  });

  it("is the expiry of the access token when it can't", () => {
    assert.equal(sessionEndOf(refreshable(HOUR, { isRefreshable: false, sessionEndsAt: T + DAY })), T + HOUR);
    assert.equal(sessionEndOf({ tokensRequestedAt: T, isRefreshable: false }), undefined);
  });
});

describe('warnAt', () => {
  const session = (more: Partial<TokenLifetimes>): TokenLifetimes & { signedInAt: number } => ({
    ...refreshable(HOUR),
    signedInAt: T,
    ...more,
  });

  it('is the set time before an end that only the user can extend', () => {
    assert.equal(warnAt(session({ isRefreshable: false }), USUAL), T + HOUR - 10 * MINUTE);
    assert.equal(warnAt(session({ sessionEndsAt: T + DAY, sessionEndIsFixed: true }), USUAL), T + DAY - 10 * MINUTE);
  });

  it('is undefined when a refresh is expected to extend the session', () => {
    assert.equal(warnAt(session({ sessionEndsAt: T + DAY }), USUAL), undefined);
    assert.equal(warnAt(session({ sessionEndsAt: T + DAY, sessionEndIsFixed: false }), USUAL), undefined);
  });

  it('is undefined when no end is known', () => {
    assert.equal(warnAt(session({}), USUAL), undefined);
    assert.equal(warnAt(session({ isRefreshable: false, accessExpiresAt: undefined }), USUAL), undefined);
  });

  it("is undefined when it's turned off", () => {
    assert.equal(warnAt(session({ isRefreshable: false }), OFF), undefined);
  });

  it('is within the last third of the session', () => {
    assert.equal(warnAt(session({ isRefreshable: false, accessExpiresAt: T + 15 * MINUTE }), USUAL), T + 10 * MINUTE);
  });

  it('measures that third from the sign-in, not from the last refresh', () => {
    const late = session({ tokensRequestedAt: T + DAY - 15 * MINUTE, sessionEndsAt: T + DAY, sessionEndIsFixed: true });
    assert.equal(warnAt(late, USUAL), T + DAY - 10 * MINUTE);
  });

  it('is never before the sign-in or after the end', () => {
    holds(
      fc.property(lifetime, anySettings, (access, settings) => {
        const at = warnAt(session({ isRefreshable: false, accessExpiresAt: T + access }), settings);
        assert.ok(at === undefined ? settings.warning === 0 : at >= T && at <= T + access);
      }),
    );
  });
});
