import assert from 'node:assert/strict';
import { MINUTE } from '../../../src/core/clock.ts';
import type { ActionTarget } from '../../../src/ui/recoveryActions.ts';
import { IdleNotifications } from '../../../src/ui/idleNotifications.ts';
import type { SessionNotification } from '../../../src/ui/sessionNotifications.ts';
import { IdleFixture, LIMIT } from '../../support/idleFixture.ts';
import type { Window } from '../../support/windows.ts';

describe('the warning before a sign-out for idle time', () => {
  let bench: IdleFixture;
  let window: Window;
  let notifications: IdleNotifications;
  let signIns: number;

  beforeEach(async () => {
    bench = await IdleFixture.start();
    [window] = await bench.openSignedIn(1);
    signIns = 0;
    const subject = { signIn: () => Promise.resolve(void (signIns += 1)) } as unknown as ActionTarget;
    notifications = new IdleNotifications({
      clock: window.clock,
      idleMonitor: window.idleMonitor,
      sessions: () => window.liveSessions.all(),
      nameOf: () => 'Acme',
      subjectOf: () => subject,
    });
  });

  afterEach(async () => {
    notifications.dispose();
    await bench.end();
  });

  const told = (): SessionNotification => {
    const [only, ...others] = notifications.getNotifications();
    assert.ok(only !== undefined && others.length === 0);
    return only;
  };

  it('goes away, and the session stays, by Stay Signed In', async () => {
    await bench.windows.clock.pass(LIMIT - MINUTE);
    const {
      choices: [stay],
      words,
    } = told();
    assert.deepEqual([bench.events, stay?.label], [['warn s1'], 'Stay Signed In']);
    assert.match(words, /Acme/);
    stay?.run();
    await bench.windows.clock.pass(MINUTE);
    assert.deepEqual([notifications.getNotifications(), bench.events], [[], ['warn s1', 'back s1']]);
    await bench.windows.clock.pass(LIMIT - 3 * MINUTE);
    assert.notEqual(window.liveSessions.get('s1'), undefined);
  });

  it('is followed by the sign-out where nobody chooses that, with a way back in', async () => {
    await bench.windows.clock.pass(LIMIT + MINUTE);
    assert.equal(window.liveSessions.get('s1'), undefined);
    const {
      choices: [again],
    } = told();
    assert.equal(again?.label, 'Sign In Again');
    await again.run();
    assert.equal(signIns, 1);
  });
});
