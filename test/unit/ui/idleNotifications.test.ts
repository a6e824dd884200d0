import assert from 'node:assert/strict';
import { MINUTE, SECOND } from '../../../src/core/clock.ts';
import { Emitter } from '../../../src/core/emitter.ts';
import type { IdleMonitor } from '../../../src/idle/idleMonitor.ts';
import type { IdleEnd, SignOutOutcome } from '../../../src/idle/idleSignOut.ts';
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

  const silentMonitor = { onDidWarn: new Emitter<never>().event, onDidCancelWarning: new Emitter<never>().event };
  const createNotifications = (
    { clock, idleMonitor, liveSessions }: Window,
    monitor: IdleMonitor = idleMonitor,
  ): IdleNotifications =>
    new IdleNotifications({
      clock,
      idleMonitor: monitor,
      sessions: () => liveSessions.all(),
      nameOf: () => 'Acme',
      targetForSession: () => ({ signIn: () => Promise.resolve(void (signIns += 1)) }) as unknown as ActionTarget,
    });

  beforeEach(async () => {
    fixture = await IdleFixture.start();
    [window] = await fixture.openSignedIn(1);
    signIns = 0;
    notifications = createNotifications(window);
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

  for (const [title, prepare, expected] of [
    [
      'nothing about the server when it confirmed the sign-out',
      () => {},
      /^You were signed out of Acme after 30 minutes of inactivity\.$/,
    ],
    [
      'that Session Keeper will try again when the server did not confirm it',
      () => fixture.server.on('/revoke', 'drop'),
      /^You were signed out of Acme after 30 minutes of inactivity\. The server hasn't confirmed it yet\. Retrying\.$/,
    ],
    [
      'that tokens work until they expire when the server cannot revoke them',
      () => delete fixture.server.metadata['revocation_endpoint'],
      /^You were signed out of Acme after 30 minutes of inactivity\. Tokens can't be revoked and work until they expire\.$/,
    ],
  ] as const) {
    it(`says ${title}, in the window that signed out and in another one`, async () => {
      const other = fixture.open();
      await fixture.windows.clock.pass(SECOND);
      const elsewhere = createNotifications(other);
      prepare();
      await fixture.windows.clock.pass(TIMEOUT + MINUTE);
      assert.match(getOnly().message, expected);
      assert.deepEqual(
        elsewhere.getNotifications().map(({ message }) => message),
        [getOnly().message],
      );
      elsewhere.dispose();
    });
  }

  it('returns no notification before the outcome at the server is known', async () => {
    const { promise, resolve } = Promise.withResolvers<SignOutOutcome>();
    const first = window.record();
    const ended = new Emitter<IdleEnd>();
    const idleMonitor = { ...silentMonitor, onDidSignOut: ended.event } as unknown as IdleMonitor;
    const waiting = createNotifications(window, idleMonitor);
    window.liveSessions.remove('s1');
    ended.fire({ record: first, timeout: TIMEOUT, outcome: Promise.resolve('revoked') });
    ended.fire({ record: { ...first, id: 's2' }, timeout: TIMEOUT, outcome: promise });
    await fixture.windows.clock.pass(SECOND);
    assert.deepEqual(waiting.getNotifications(), []);
    resolve('unconfirmed');
    await fixture.windows.clock.pass(SECOND);
    assert.match(waiting.getNotifications()[0]?.message ?? '', /hasn't confirmed/);
    // It isn't shown again for another session at the provider.
    ended.fire({ record: { ...first, id: 's3' }, timeout: TIMEOUT, outcome: new Promise(() => {}) });
    assert.equal(waiting.getNotifications().length, 1);
    waiting.dispose();
  });
});
