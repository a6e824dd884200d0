import assert from 'node:assert/strict';
import { HOUR, MINUTE } from '../../../src/core/clock.ts';
import { silentLog } from '../../../src/core/log.ts';
import type { Provider } from '../../../src/core/provider.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import { ActivityTracker } from '../../../src/idle/activityTracker.ts';
import { IdleSessions } from '../../../src/idle/idleSessions.ts';
import type { IdleSignOut } from '../../../src/idle/idleSignOut.ts';
import { LiveSessions } from '../../../src/storage/liveSessions.ts';
import { FakeClock } from '../../support/fakeClock.ts';
import { providerAt } from '../../support/fixtures.ts';
import { recordAt } from '../../support/testWindow.ts';

const ISSUER = 'https://issuer.example';
const TIMEOUT = 30 * MINUTE;

describe('IdleSessions', () => {
  let clock: FakeClock;
  let timeouts: Map<string, number>;
  let provider: Provider | undefined;
  let signingOut: string | undefined;
  let record: SessionRecord;
  let sessions: IdleSessions;

  beforeEach(() => {
    clock = new FakeClock();
    timeouts = new Map([['acme', TIMEOUT]]);
    provider = providerAt(ISSUER);
    signingOut = undefined;
    record = recordAt(ISSUER, clock.now());
    const liveSessions = new LiveSessions(silentLog, clock);
    liveSessions.set(record);
    const activity = new ActivityTracker({ clock, uptime: () => clock.now() });
    activity.start(0);
    sessions = new IdleSessions(
      { clock, liveSessions, timeouts: () => timeouts, providerOf: () => provider },
      activity,
      { isRunning: ({ id }: SessionRecord) => id === signingOut } as unknown as IdleSignOut,
    );
  });

  const ids = (records: readonly SessionRecord[]): string[] => records.map(({ id }) => id);

  it('counts down to the warning, then to the sign-out', () => {
    clock.jump(MINUTE);
    assert.equal(sessions.untilWarning(record), 24 * MINUTE);
    assert.equal(sessions.untilNextEvent(record), 24 * MINUTE);
    assert.equal(sessions.untilSignOut(record), 29 * MINUTE);
    clock.jump(24 * MINUTE);
    assert.deepEqual([sessions.untilWarning(record), sessions.untilNextEvent(record)], [0, 5 * MINUTE]);
    assert.deepEqual([sessions.isOverdue(record), sessions.listOverdue()], [false, []]);
    clock.jump(5 * MINUTE);
    assert.deepEqual([sessions.isOverdue(record), ids(sessions.listOverdue())], [true, ['s1']]);
  });

  it("watches no session when its provider has no timeout or isn't configured", () => {
    clock.jump(HOUR);
    assert.deepEqual([sessions.timeout(record), ids(sessions.listWatched())], [TIMEOUT, ['s1']]);
    provider = undefined;
    assert.deepEqual([sessions.timeout(record), sessions.listWatched(), sessions.isOverdue(record)], [0, [], false]);
    provider = providerAt(ISSUER);
    timeouts = new Map([['other', TIMEOUT]]);
    assert.deepEqual([sessions.timeout(record), sessions.listWatched(), sessions.isOverdue(record)], [0, [], false]);
  });

  it('watches no session when it has ended or is being signed out of', () => {
    clock.jump(HOUR);
    const ended = { at: clock.now(), category: 'session-ended', code: 'invalid_grant' };
    assert.deepEqual([sessions.timeout(record), sessions.timeout({ ...record, ended })], [TIMEOUT, 0]);
    signingOut = 's1';
    assert.deepEqual([sessions.listWatched(), sessions.listOverdue()], [[], []]);
  });

  it('returns the shortest timeout, or undefined when there is none', () => {
    timeouts.set('other', MINUTE);
    assert.equal(sessions.shortestTimeout, MINUTE);
    timeouts.clear();
    assert.equal(sessions.shortestTimeout, undefined);
  });

  it('reports changed timeouts once', () => {
    assert.equal(sessions.updateTimeouts(), false);
    timeouts.set('acme', MINUTE);
    assert.deepEqual([sessions.updateTimeouts(), sessions.updateTimeouts()], [true, false]);
  });
});
