import assert from 'node:assert/strict';
import { MINUTE } from '../../../src/core/clock.ts';
import type { ActionTarget } from '../../../src/ui/recoveryActions.ts';
import { IdleNotifications } from '../../../src/ui/idleNotifications.ts';
import type { SessionNotification } from '../../../src/ui/sessionNotifications.ts';
import { IdleFixture, TIMEOUT } from '../../support/idleFixture.ts';
import type { Window } from '../../support/windows.ts';

describe('IdleNotifications', () => {
  let fixture: IdleFixture;
  let window: Window;
  let notifications: IdleNotifications;
  let signIns: number;

  beforeEach(async () => {
    fixture = await IdleFixture.start();
    [window] = await fixture.openSignedIn(1);
    signIns = 0;
    const target = { signIn: () => Promise.resolve(void (signIns += 1)) } as unknown as ActionTarget;
    notifications = new IdleNotifications({
      clock: window.clock,
      idleMonitor: window.idleMonitor,
      sessions: () => window.liveSessions.all(),
      nameOf: () => 'Acme',
      targetForSession: () => target,
    });
  });

  afterEach(async () => {
    notifications.dispose();
    await fixture.end();
  });

  const getOnly = (): SessionNotification => {
    const [only, ...others] = notifications.getNotifications();
    assert.ok(only !== undefined && others.length === 0);
    return only;
  };

  it('no longer returns a warning, and keeps the session, after Stay Signed In', async () => {
    await fixture.windows.clock.pass(TIMEOUT - MINUTE);
    const {
      actions: [stay],
      message,
    } = getOnly();
    assert.deepEqual([fixture.events, stay?.label], [['warn s1'], 'Stay Signed In']);
    assert.match(message, /Acme/);
    stay?.run();
    await fixture.windows.clock.pass(MINUTE);
    assert.deepEqual([notifications.getNotifications(), fixture.events], [[], ['warn s1', 'cancel s1']]);
    await fixture.windows.clock.pass(TIMEOUT - 3 * MINUTE);
    assert.notEqual(window.liveSessions.get('s1'), undefined);
  });

  it('returns a final notification with Sign In Again after a session was signed out', async () => {
    await fixture.windows.clock.pass(TIMEOUT + MINUTE);
    assert.equal(window.liveSessions.get('s1'), undefined);
    const {
      actions: [again],
      isFinal,
    } = getOnly();
    assert.deepEqual([again?.label, isFinal], ['Sign In Again', true]);
    await again?.run();
    assert.equal(signIns, 1);
  });
});
