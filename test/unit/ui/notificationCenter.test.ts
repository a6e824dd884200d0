import assert from 'node:assert/strict';
import { MINUTE, SECOND } from '../../../src/core/clock.ts';
import { Failure } from '../../../src/core/failure.ts';
import type { Category } from '../../../src/core/failurePolicies.ts';
import type { Action } from '../../../src/core/failurePolicy.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import { PREFIX, SETTINGS } from '../../../src/host/ids.ts';
import { Settings } from '../../../src/host/settings.ts';
import type { IdleNotifications } from '../../../src/ui/idleNotifications.ts';
import { NotificationCenter, type NotificationDependencies } from '../../../src/ui/notificationCenter.ts';
import type { ActionTarget, RecoveryActions } from '../../../src/ui/recoveryActions.ts';
import { without } from '../../support/coreSamples.ts';
import { editor } from '../../support/fakeEditor.ts';
import { createTestWindow, recordAt, seedSession, type TestWindow } from '../../support/testWindow.ts';

describe('the report of a failed user request', () => {
  let notifications: NotificationCenter;

  beforeEach(() => {
    editor.reset();
    const getItems = (actions: readonly Action[]): Promise<{ readonly label: string }[]> =>
      Promise.resolve(actions.map((label) => ({ label })));
    notifications = new NotificationCenter({
      settings: { nameOf: () => 'Acme' } as unknown as Settings,
      actions: { getItems } as unknown as RecoveryActions,
    } as NotificationDependencies);
  });

  const buttonsAfter = async (category: Category, code: string): Promise<(readonly string[])[]> => {
    notifications.reportFailure(new Failure(category, code), { providerId: 'acme' } as ActionTarget);
    await Promise.resolve();
    await Promise.resolve();
    return editor.messages.map(({ buttons }) => buttons);
  };

  it('offers the actions of the category', async () => {
    assert.deepEqual(await buttonsAfter('network', 'ECONNRESET'), [['retry', 'log']]);
  });

  it("also offers a fixed port if the browser hasn't returned", async () => {
    assert.deepEqual(await buttonsAfter('sign-in-timeout', 'sign-in-timeout'), [
      ['sign-in', 'other-method', 'fixed-port'],
    ]);
  });

  it('is shown if the user canceled, but not if they changed the entry in the meantime', async () => {
    assert.deepEqual(await buttonsAfter('canceled', 'canceled'), [['sign-in', 'other-method', 'copy-redirect']]);
    editor.reset();
    assert.deepEqual(await buttonsAfter('canceled', 'entry-changed'), []);
  });

  it("isn't shown if a newer attempt replaced the failed one", async () => {
    assert.deepEqual(await buttonsAfter('replaced', 'replaced'), []);
  });
});

describe('the notification about the end of a session', () => {
  const ISSUER = 'https://id.example.com';
  const MESSAGE = 'Acme ended your session. Sign in again.';
  let testWindow: TestWindow;
  let settings: Settings;
  let notifications: NotificationCenter;
  let signIns: number;

  beforeEach(async () => {
    editor.reset();
    editor.configure(`${PREFIX}.${SETTINGS.providers}`, [
      { id: 'acme', label: 'Acme', issuer: ISSUER, clientId: 'editor' },
    ]);
    settings = new Settings(0);
    signIns = 0;
    testWindow = createTestWindow(ISSUER);
    const {
      clock,
      sessionManager,
      sessions: { notificationClaims },
    } = testWindow;
    const target = { signIn: () => Promise.resolve(void (signIns += 1)) } as unknown as ActionTarget;
    notifications = new NotificationCenter({
      clock,
      sessionManager,
      notificationClaims,
      settings,
      actions: { run: (_: Action, about: ActionTarget) => about.signIn() } as unknown as RecoveryActions,
      idleNotifications: { getNotifications: () => [] } as unknown as IdleNotifications,
      targetForSession: () => target,
      targetForProvider: () => target,
    });
    testWindow.liveSessions.onDidChange((change) => notifications.onChange(change));
    await seedSession(testWindow, recordAt(ISSUER, clock.now()));
    await testWindow.sessionManager.ready();
  });

  afterEach(() => {
    notifications.dispose();
    testWindow.sessions.dispose();
    settings.dispose();
  });

  /** Ends the session, and signs in again some time later if there was an earlier end. */
  const end = async (signedInAt = testWindow.record().signedInAt): Promise<void> => {
    const record = testWindow.record();
    const ended = { at: testWindow.clock.now(), category: 'session-ended', code: 'invalid_grant' };
    testWindow.liveSessions.patch(record.id, { record: { ...record, signedInAt, ended } });
    await testWindow.clock.pass(SECOND);
  };

  it('is a warning with buttons, and not a progress', async () => {
    await end();
    assert.deepEqual(editor.messages, [
      { text: MESSAGE, buttons: ['Sign In Again', "Don't Show Again"], isModal: false },
    ]);
    assert.deepEqual([editor.progress, signIns], [[], 0]);
  });

  it('signs in again with its first button', async () => {
    editor.respond = ({ buttons: [first] }) => first;
    await end();
    assert.equal(signIns, 1);
  });

  it('is muted with its second button', async () => {
    editor.respond = ({ buttons }) => buttons.find((label) => label === "Don't Show Again");
    await end();
    assert.deepEqual(
      [settings.isMuted('ended'), editor.messages.at(-1)?.text],
      [true, "You won't see this notification again. You can change this in Settings."],
    );
  });

  it('is preceded by a progress, but by a message with an idle timeout, because a progress keeps the window active', async () => {
    editor.respond = () => new Promise<undefined>(() => {});
    const at = testWindow.clock.now() - 4 * MINUTE;
    const unrenewable = (id: string): SessionRecord =>
      without(recordAt(ISSUER, at, { id, scopes: [id] }), 'refreshToken');
    await seedSession(testWindow, unrenewable('s2'));
    await testWindow.clock.pass(SECOND);
    assert.deepEqual([editor.progress.length, editor.messages.length], [1, 0]);
    editor.configure(`${PREFIX}.${SETTINGS.idleTimeout}`, 60);
    await seedSession(testWindow, unrenewable('s3'));
    await testWindow.clock.pass(SECOND);
    assert.deepEqual([editor.progress.length, editor.messages.length], [1, 1]);
  });

  it('is shown for the next end even if the first one is still open', async () => {
    editor.respond = () => new Promise<undefined>(() => {});
    await end();
    await end(testWindow.clock.now());
    assert.equal(editor.messages.length, 2);
  });
});
