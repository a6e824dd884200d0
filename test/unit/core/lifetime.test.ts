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
/** A place among the windows, or among the sessions. */
const place = fc.integer({ min: 0, max: 2 ** 32 - 1 }).map((number) => number / 2 ** 32);
/** A lifetime between a second and ten years, in ms. */
const lifetime = fc.oneof(fc.integer({ min: SECOND, max: HOUR }), fc.integer({ min: SECOND, max: 10 * YEAR }));
const anySettings = fc.record({
  leeway: fc.integer({ min: 0, max: DAY }),
  refreshInterval: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 30 * DAY })),
  warning: fc.integer({ min: 0, max: DAY }),
  place: fc.option(place, { nil: undefined }),
});

/** The gap, where a window comes a little later than it allows. */
const LATEST_GAP = 1.25 * MIN_REFRESH_INTERVAL;

const renewable = (accessLifetime: number, more: Partial<TokenLifetimes> = {}): TokenLifetimes => ({
  tokensRequestedAt: T,
  accessExpiresAt: T + accessLifetime,
  isRefreshable: true,
  ...more,
});

describe('the leeway of a renewal', () => {
  it('is the setting for a token that lives long', () => {
    assert.equal(leewayFor(HOUR, 300 * SECOND), 300 * SECOND);
  });

  it('is a third of the lifetime for a token that lives briefly', () => {
    assert.equal(leewayFor(300 * SECOND, 300 * SECOND), 100 * SECOND);
    assert.equal(leewayFor(60 * SECOND, 300 * SECOND), 20 * SECOND);
  });

  it('is never negative, whatever the server says', () => {
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

describe('when a renewal is due', () => {
  it('is the leeway before the expiry of the access token', () => {
    assert.equal(refreshDueAt(renewable(HOUR), USUAL), T + HOUR - 5 * MINUTE);
  });

  it('is after two thirds of a lifetime of five minutes, not at once and again', () => {
    assert.equal(refreshDueAt(renewable(300 * SECOND), USUAL), T + 200 * SECOND);
  });

  it('is never for a session without a refresh token', () => {
    assert.equal(
      refreshDueAt(renewable(HOUR, { isRefreshable: false }), { ...USUAL, refreshInterval: MINUTE }),
      undefined,
    );
  });

  it('is twelve hours after the last renewal where the server never said when anything ends, and never where that is off', () => {
    assert.equal(refreshDueAt({ tokensRequestedAt: T, isRefreshable: true }, USUAL), T + 12 * HOUR);
    assert.equal(
      refreshDueAt({ tokensRequestedAt: T, isRefreshable: true }, { ...USUAL, refreshInterval: 0 }),
      undefined,
    );
  });

  it('is the refresh interval after the last renewal, where that comes first', () => {
    const often = { ...USUAL, refreshInterval: 15 * MINUTE };
    assert.equal(refreshDueAt(renewable(HOUR), often), T + 15 * MINUTE);
    assert.equal(refreshDueAt({ tokensRequestedAt: T, isRefreshable: true }, often), T + 15 * MINUTE);
    assert.equal(refreshDueAt(renewable(10 * MINUTE), often), T + 10 * MINUTE - leewayFor(10 * MINUTE, USUAL.leeway));
  });

  it('comes before the end of the session while a renewal may still move that end', () => {
    const idle = renewable(8 * HOUR, { sessionEndsAt: T + HOUR });
    assert.equal(refreshDueAt(idle, USUAL), T + HOUR - 10 * MINUTE, 'the warning is larger than the leeway');
    assert.equal(refreshDueAt(idle, { ...USUAL, warning: 0 }), T + HOUR - 5 * MINUTE);
  });

  it('does not look at an end of the session that a renewal has shown to be fixed', () => {
    const fixed = renewable(8 * HOUR, { sessionEndsAt: T + HOUR, sessionEndIsFixed: true });
    assert.equal(refreshDueAt(fixed, USUAL), T + 8 * HOUR - 5 * MINUTE);
  });

  it('keeps a gap to the last renewal, even for a token of one second or one that arrived dead', () => {
    assert.equal(refreshDueAt(renewable(SECOND), USUAL), T + MIN_REFRESH_INTERVAL);
    assert.equal(refreshDueAt(renewable(-HOUR), USUAL), T + MIN_REFRESH_INTERVAL);
    assert.equal(refreshDueAt(renewable(HOUR), { ...USUAL, refreshInterval: 1 }), T + MIN_REFRESH_INTERVAL);
  });

  it('does not overflow for a token of ten years', () => {
    assert.equal(refreshDueAt(renewable(10 * YEAR), { ...USUAL, refreshInterval: 0 }), T + 10 * YEAR - 5 * MINUTE);
  });

  it('is a point in time within the lifetime, from one second to ten years, under any settings', () => {
    holds(
      fc.property(
        lifetime,
        fc.option(lifetime, { nil: undefined }),
        fc.boolean(),
        anySettings,
        place,
        (access, end, isFixed, settings, at) => {
          const session = renewable(access, {
            sessionEndsAt: end === undefined ? undefined : T + end,
            sessionEndIsFixed: isFixed,
            jitter: at,
          });
          const due = refreshDueAt(session, settings);
          assert.ok(due !== undefined && Number.isInteger(due));
          assert.ok(due >= T + MIN_REFRESH_INTERVAL, 'not sooner than the gap allows');
          assert.ok(due <= Math.max(T + access, T + LATEST_GAP), 'not later than the expiry, beside the gap');
          if (access >= 3 * MIN_REFRESH_INTERVAL && settings.refreshInterval === 0 && (end === undefined || isFixed)) {
            assert.ok(due >= T + Math.floor(access * (1 - 1.25 / 3)), 'not before seven twelfths of the lifetime');
          }
        },
      ),
      1000,
    );
  });

  it('is due from that point in time on, and not a millisecond sooner', () => {
    holds(
      fc.property(lifetime, anySettings, (access, settings) => {
        const session = renewable(access);
        const due = Math.ceil(refreshDueAt(session, settings) ?? NaN);
        assert.equal(isRefreshDue(session, settings, due), true);
        assert.equal(isRefreshDue(session, settings, due - 1), false);
      }),
    );
  });

  it('is at once when the clock was set back, because the age of the token then says nothing', () => {
    assert.equal(isRefreshDue(renewable(HOUR), USUAL, T - 2 * MINUTE), true);
    assert.equal(isRefreshDue(renewable(HOUR), USUAL, T - 30 * SECOND), false, 'a small correction is no reason');
    assert.equal(isRefreshDue(renewable(HOUR, { isRefreshable: false }), USUAL, T - DAY), false);
    assert.equal(isRefreshDue({ tokensRequestedAt: T, isRefreshable: true }, USUAL, T - DAY), true);
    assert.equal(
      isRefreshDue({ tokensRequestedAt: T, isRefreshable: true }, { ...USUAL, refreshInterval: 0 }, T - DAY),
      false,
    );
  });
});

describe('the places of windows and sessions', () => {
  /** Two places that are far enough apart for seconds of their own: a quarter of the usual leeway has 75 of them. */
  const twoPlaces = fc
    .tuple(place, fc.double({ min: 1 / 70, max: 69 / 70, noNaN: true }))
    .map(([one, step]) => [one, (one + step) % 1] as const);
  /** The due time of a session at one place in a window at another. */
  const dueAt = (access: number, settings: LifetimeSettings, ofSession?: number, ofWindow?: number): number =>
    refreshDueAt(renewable(access, { jitter: ofSession }), { ...settings, jitter: ofWindow }) ?? NaN;

  it('bring a renewal forward by a quarter of the leeway at most', () => {
    assert.equal(dueAt(HOUR, USUAL, 0, 0), T + HOUR - 5 * MINUTE);
    assert.equal(dueAt(HOUR, USUAL, 0.5, 0), T + HOUR - 1.125 * 5 * MINUTE);
    assert.equal(dueAt(HOUR, USUAL, 0, 0.8), T + HOUR - 1.2 * 5 * MINUTE);
    assert.equal(dueAt(HOUR, USUAL, 0.75, 0.75), T + HOUR - 1.125 * 5 * MINUTE, 'the two together go round');
  });

  it('bring one of the refresh interval forward by a sixteenth of it at most', () => {
    const often = { ...USUAL, refreshInterval: 16 * MINUTE };
    assert.equal(dueAt(HOUR, often), T + 16 * MINUTE);
    assert.equal(dueAt(HOUR, often, 0.5), T + 15.5 * MINUTE);
    holds(
      fc.property(place, place, (one, other) => {
        const due = dueAt(HOUR, often, one, other);
        assert.ok(due > T + 15 * MINUTE - 1 && due <= T + 16 * MINUTE);
      }),
    );
  });

  it('put one off that the gap holds up, rather than bringing it forward', () => {
    assert.equal(dueAt(SECOND, USUAL, 0.5), T + 1.125 * MIN_REFRESH_INTERVAL);
    assert.equal(dueAt(-HOUR, USUAL, 0, 0.8), T + 1.2 * MIN_REFRESH_INTERVAL);
  });

  it('never make a renewal later than the leeway before the expiry, nor earlier than one and a quarter of it', () => {
    holds(
      fc.property(lifetime, fc.integer({ min: 0, max: DAY }), place, place, (access, setting, one, other) => {
        const due = dueAt(access, { ...OFF, leeway: setting }, one, other);
        const leeway = leewayFor(access, setting);
        assert.ok(due <= Math.max(T + access - leeway, T + LATEST_GAP), 'not later, beside the gap');
        assert.ok(due >= Math.floor(T + access - 1.25 * leeway), 'not earlier');
      }),
      1000,
    );
  });

  it('never make a renewal due within the gap after the last one, for tokens of one second to ten years', () => {
    holds(
      fc.property(lifetime, anySettings, place, (access, settings, one) => {
        const session = renewable(access, { jitter: one });
        assert.ok((refreshDueAt(session, settings) ?? NaN) >= T + MIN_REFRESH_INTERVAL);
        assert.equal(isRefreshDue(session, settings, T + MIN_REFRESH_INTERVAL - 1), false);
      }),
      1000,
    );
  });

  it('keep windows, and sessions with the same times, out of the same second, for tokens of an hour and more', () => {
    const long = fc.integer({ min: HOUR, max: 10 * YEAR });
    holds(
      fc.property(long, twoPlaces, place, (access, [one, other], common) => {
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

  it('keep apart what has an end of the session in common, too', () => {
    const ending = (at: number): number =>
      refreshDueAt(renewable(DAY, { sessionEndsAt: T + HOUR, jitter: at }), USUAL) ?? NaN;
    assert.deepEqual([ending(0), ending(0.5)], [T + HOUR - 10 * MINUTE, T + HOUR - 1.125 * 10 * MINUTE]);
  });

  it('are no part of whether a token is fresh, nor of the warning before an end', () => {
    const session = { ...renewable(HOUR, { isRefreshable: false, jitter: 0.9 }), signedInAt: T };
    assert.equal(isFresh(session, T + HOUR - MINUTE - 1, MINUTE), true);
    assert.equal(warnAt(session, { ...USUAL, jitter: 0.9 }), T + HOUR - 10 * MINUTE);
  });
});

describe('a clock that was set back', () => {
  it('is noticed from more than a minute on', () => {
    assert.equal(clockWasSetBack(renewable(HOUR), T), false);
    assert.equal(clockWasSetBack(renewable(HOUR), T - MINUTE), false);
    assert.equal(clockWasSetBack(renewable(HOUR), T - MINUTE - 1), true);
    assert.equal(clockWasSetBack(renewable(HOUR), T + YEAR), false, 'time that passes is no setting back');
  });
});

describe('a token handed out', () => {
  it('is fresh while it outlives the margin', () => {
    const session = renewable(HOUR);
    assert.equal(isFresh(session, T, MINUTE), true);
    assert.equal(isFresh(session, T + HOUR - MINUTE - 1, MINUTE), true);
    assert.equal(isFresh(session, T + HOUR - MINUTE, MINUTE), false);
    assert.equal(isFresh(session, T + 2 * HOUR, MINUTE), false);
  });

  it('is asked for a third of its life at most, so that a short-lived one is not renewed with every call', () => {
    const session = renewable(30 * SECOND);
    assert.equal(isFresh(session, T, MINUTE), true);
    assert.equal(isFresh(session, T + 19 * SECOND, MINUTE), true);
    assert.equal(isFresh(session, T + 20 * SECOND, MINUTE), false);
  });

  it('is fresh and alive for ever where the server never said when it expires', () => {
    assert.equal(isFresh({ tokensRequestedAt: T, isRefreshable: true }, T + YEAR, MINUTE), true);
    assert.equal(isUnexpired({ tokensRequestedAt: T, isRefreshable: false }, T + YEAR), true);
  });

  it('is not trusted to be fresh after the clock was set back', () => {
    assert.equal(isFresh(renewable(HOUR), T - DAY, MINUTE), false);
  });

  it('is alive until the very moment of its expiry', () => {
    assert.equal(isUnexpired(renewable(HOUR), T + HOUR - 1), true);
    assert.equal(isUnexpired(renewable(HOUR), T + HOUR), false);
  });

  it('is never fresh when it is dead', () => {
    holds(
      fc.property(
        lifetime,
        fc.integer({ min: 0, max: DAY }),
        fc.integer({ min: -DAY, max: YEAR }),
        (access, margin, at) => {
          const session = renewable(access);
          assert.ok(!isFresh(session, T + at, margin) || isUnexpired(session, T + at));
        },
      ),
    );
  });
});

describe('the end of a session', () => {
  it('is what the server or a setting says, where the session can be renewed', () => {
    assert.equal(sessionEndOf(renewable(HOUR, { sessionEndsAt: T + DAY })), T + DAY);
    assert.equal(sessionEndOf(renewable(HOUR)), undefined);
  });

  it('is the expiry of the access token, where it cannot', () => {
    assert.equal(sessionEndOf(renewable(HOUR, { isRefreshable: false, sessionEndsAt: T + DAY })), T + HOUR);
    assert.equal(sessionEndOf({ tokensRequestedAt: T, isRefreshable: false }), undefined);
  });
});

describe('the warning before the end of a session', () => {
  const session = (more: Partial<TokenLifetimes>): TokenLifetimes & { signedInAt: number } => ({
    ...renewable(HOUR),
    signedInAt: T,
    ...more,
  });

  it('comes the set time before the end that only the person can move', () => {
    assert.equal(warnAt(session({ isRefreshable: false }), USUAL), T + HOUR - 10 * MINUTE);
    assert.equal(warnAt(session({ sessionEndsAt: T + DAY, sessionEndIsFixed: true }), USUAL), T + DAY - 10 * MINUTE);
  });

  it('never comes where a renewal is still expected to move the end', () => {
    assert.equal(warnAt(session({ sessionEndsAt: T + DAY }), USUAL), undefined);
    assert.equal(warnAt(session({ sessionEndsAt: T + DAY, sessionEndIsFixed: false }), USUAL), undefined);
  });

  it('never comes where no end is known', () => {
    assert.equal(warnAt(session({}), USUAL), undefined);
    assert.equal(warnAt(session({ isRefreshable: false, accessExpiresAt: undefined }), USUAL), undefined);
  });

  it('never comes when it is switched off', () => {
    assert.equal(warnAt(session({ isRefreshable: false }), OFF), undefined);
  });

  it('takes a third of the whole session at most', () => {
    assert.equal(warnAt(session({ isRefreshable: false, accessExpiresAt: T + 15 * MINUTE }), USUAL), T + 10 * MINUTE);
  });

  it('measures that third from the sign-in, not from the last renewal', () => {
    const late = session({ tokensRequestedAt: T + DAY - 15 * MINUTE, sessionEndsAt: T + DAY, sessionEndIsFixed: true });
    assert.equal(warnAt(late, USUAL), T + DAY - 10 * MINUTE);
  });

  it('never comes before the session was signed in, nor after its end', () => {
    holds(
      fc.property(lifetime, anySettings, (access, settings) => {
        const at = warnAt(session({ isRefreshable: false, accessExpiresAt: T + access }), settings);
        assert.ok(at === undefined ? settings.warning === 0 : at >= T && at <= T + access);
      }),
    );
  });
});
