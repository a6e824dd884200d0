import assert from 'node:assert/strict';
import { HOUR, MINUTE } from '../../../src/core/clock.ts';
import { ActivityTracker } from '../../../src/idle/activityTracker.ts';
import { FakeClock } from '../../support/fakeClock.ts';
import { recordAt } from '../../support/testWindow.ts';

const TIMEOUT = 30 * MINUTE;

describe('ActivityTracker', () => {
  let clock: FakeClock;
  let uptime: number;
  let tracker: ActivityTracker;
  const pass = (time: number): void => {
    clock.jump(time);
    uptime += time;
  };
  /** Returns a session that was signed in a given time ago, in ms. */
  const signedIn = (ago: number): ReturnType<typeof recordAt> => recordAt('https://issuer.example', clock.now() - ago);
  const idleTime = (record = signedIn(10 * HOUR)): number => tracker.idleTime(record, TIMEOUT);

  beforeEach(() => {
    clock = new FakeClock();
    uptime = 10 * HOUR;
    tracker = new ActivityTracker({ clock, uptime: () => uptime });
  });

  it('counts from the last activity when it is started', () => {
    assert.equal(tracker.isStarted, false);
    tracker.start(MINUTE);
    assert.equal(tracker.isStarted, true);
    pass(MINUTE);
    assert.equal(idleTime(), 2 * MINUTE);
    tracker.record(uptime);
    pass(MINUTE);
    assert.equal(idleTime(), MINUTE);
    tracker.record(uptime - 2 * MINUTE);
    assert.equal(idleTime(), MINUTE, 'earlier activity changes nothing');
  });

  it('counts early activity when each comes within the timeout', () => {
    for (let time = 0; time < 2 * TIMEOUT; time += TIMEOUT / 2) {
      tracker.recordEarly(TIMEOUT);
      pass(TIMEOUT / 2);
    }
    tracker.start(2 * TIMEOUT + MINUTE);
    assert.equal(idleTime(), TIMEOUT / 2);
  });

  it('ignores early activity when it comes later than the timeout after the one before', () => {
    tracker.recordEarly(TIMEOUT);
    pass(TIMEOUT);
    tracker.recordEarly(TIMEOUT);
    tracker.start(TIMEOUT + MINUTE);
    assert.equal(idleTime(), TIMEOUT);
  });

  it("counts the offline time in spite of later activity when it's as long as the timeout, unless it's ignored", () => {
    tracker.start(TIMEOUT);
    tracker.record(uptime);
    assert.equal(idleTime(), TIMEOUT);
    assert.equal(tracker.idleTime(signedIn(10 * HOUR), TIMEOUT + 1), 0, 'a longer timeout has not passed');
    tracker.ignoreOfflineTime();
    assert.equal(idleTime(), 0);
  });

  it('counts from the sign-in when that came after the last activity', () => {
    tracker.start(TIMEOUT);
    const record = signedIn(MINUTE);
    assert.equal(idleTime(record), MINUTE);
    pass(MINUTE);
    assert.equal(idleTime(record), 2 * MINUTE);
    assert.equal(idleTime({ ...record, signedInAt: clock.now() }), 0, 'the same session, signed in again');
  });

  it('keeps the time of a sign-in when the clock is set, until the session is deleted', () => {
    tracker.start(TIMEOUT);
    const record = signedIn(MINUTE);
    assert.equal(idleTime(record), MINUTE);
    clock.jump(HOUR);
    assert.equal(idleTime(record), MINUTE);
    tracker.delete(record.id);
    assert.equal(idleTime(record), TIMEOUT);
  });

  it('ignores a sign-in when the clock was set back to before it', () => {
    tracker.start(TIMEOUT);
    assert.equal(idleTime(signedIn(-HOUR)), TIMEOUT);
  });
});
