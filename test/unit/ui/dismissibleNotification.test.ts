import assert from 'node:assert/strict';
import { MINUTE } from '../../../src/core/clock.ts';
import { Emitter } from '../../../src/core/emitter.ts';
import type { RecoveryActions, ActionTarget } from '../../../src/ui/recoveryActions.ts';
import { IdleNotifications } from '../../../src/ui/idleNotifications.ts';
import { NotificationCenter } from '../../../src/ui/notificationCenter.ts';
import { Settings } from '../../../src/host/settings.ts';
import {
  registerNotificationLinks,
  showDismissibleNotification,
  type NotificationAction,
  type NotificationSettings,
} from '../../../src/ui/dismissibleNotification.ts';
import { settle } from '../../support/fakeClock.ts';
import { editor } from '../../support/fakeEditor.ts';
import { IdleFixture, TIMEOUT } from '../../support/idleFixture.ts';

describe('a dismissible notification', () => {
  let done: string[];
  let registered: { dispose(): unknown };

  beforeEach(() => {
    editor.reset();
    done = [];
    registered = registerNotificationLinks();
  });

  afterEach(() => {
    registered.dispose();
  });

  const createAction = (label: string): NotificationAction => ({ label, run: () => done.push(label) });
  /** Shows a notification with a button and two links. Returns a function that returns whether it's still open. */
  const show = async (
    signal = new AbortController().signal,
    settings?: NotificationSettings,
  ): Promise<() => boolean> => {
    let isOpen = true;
    void showDismissibleNotification(
      {
        message: 'Message.',
        button: createAction('Button'),
        links: [createAction('One'), createAction('Two'), { label: 'Dismiss', run: () => {} }],
      },
      signal,
      settings,
    ).finally(() => (isOpen = false));
    await settle();
    return () => isOpen;
  };
  /** Selects a link of the latest notification. */
  const followLink = async (label: string): Promise<void> => {
    const [, command = '', name = '[]'] =
      new RegExp(`\\[${label.replaceAll(' ', '\u00A0')}\\]\\(command:([\\w.]+)\\?([^)]+)\\)`).exec(
        editor.progress.at(-1)?.title ?? '',
      ) ?? [];
    editor.commands.get(command)?.(...(JSON.parse(decodeURIComponent(name)) as unknown[]));
    await settle();
  };

  it('has links that are wrapped only between two of them', async () => {
    void showDismissibleNotification(
      { message: 'One two.', links: [createAction('Remind Me Later'), createAction('Dismiss')] },
      AbortSignal.abort(),
    );
    await settle();
    assert.equal(
      editor.progress.at(-1)?.title.replaceAll(/\(command:[^)]*\)/g, ''),
      'One two. [Remind\u00A0Me\u00A0Later]\u00A0· [Dismiss]',
    );
  });

  it('runs the action of its button and closes', async () => {
    const isOpen = await show();
    assert.deepEqual([isOpen(), editor.progress.at(-1)?.button], [true, 'Button']);
    editor.progress.at(-1)?.press();
    await settle();
    assert.deepEqual([isOpen(), done], [false, ['Button']]);
  });

  it('runs the action of a selected link once, and no action of another notification', async () => {
    const isFirstOpen = await show();
    const [first] = editor.progress;
    const isOpen = await show();
    await followLink('Two');
    assert.deepEqual([isFirstOpen(), isOpen(), done], [true, false, ['Two']]);
    await followLink('Two');
    first?.press();
    await settle();
    assert.deepEqual([isFirstOpen(), done], [false, ['Two', 'Button']]);
  });

  it('closes without an action when the signal is aborted, even before it is shown', async () => {
    const controller = new AbortController();
    const isOpen = await show(controller.signal);
    controller.abort();
    await settle();
    assert.equal(isOpen(), false);
    assert.equal((await show(AbortSignal.abort()))(), false);
    await followLink('One');
    assert.deepEqual(done, []);
  });

  describe('with an idle timeout', () => {
    let timeouts: Map<string, number>;
    let changes: Emitter<void>;
    let settings: NotificationSettings;
    let select: (label: string | undefined) => Promise<void>;

    beforeEach(() => {
      timeouts = new Map([['acme', MINUTE]]);
      changes = new Emitter();
      settings = { idleTimeouts: () => timeouts, onDidChange: (listener) => changes.event(listener) };
      const { promise, resolve } = Promise.withResolvers<string | undefined>();
      editor.respond = () => promise;
      select = async (label) => {
        resolve(label);
        await settle();
      };
    });

    it("is a message, which has a close button and doesn't keep the window active", async () => {
      const isOpen = await show(undefined, settings);
      assert.deepEqual([editor.progress.length, editor.messages[0]?.buttons], [0, ['Button', 'One', 'Two']]);
      assert.equal(isOpen(), true);
      await select('Two');
      assert.deepEqual([isOpen(), done], [false, ['Two']]);
    });

    it("runs no action if it's closed", async () => {
      const isOpen = await show(undefined, settings);
      await select(undefined);
      assert.deepEqual([isOpen(), done], [false, []]);
    });

    it('resolves when the signal is aborted, and still runs an action that is selected later', async () => {
      const controller = new AbortController();
      const isOpen = await show(controller.signal, settings);
      controller.abort();
      await settle();
      assert.deepEqual([isOpen(), done], [false, []]);
      await select('Button');
      assert.deepEqual(done, ['Button']);
    });

    it("isn't shown if the signal is already aborted", async () => {
      const isOpen = await show(AbortSignal.abort(), settings);
      assert.deepEqual([isOpen(), editor.messages.length], [false, 0]);
    });

    it('becomes a message when the timeout is set', async () => {
      timeouts.clear();
      const isOpen = await show(undefined, settings);
      changes.fire();
      await settle();
      assert.deepEqual([editor.progress.length, editor.messages.length], [1, 0]);
      timeouts.set('acme', MINUTE);
      changes.fire();
      await settle();
      assert.deepEqual([isOpen(), editor.progress[0]?.isOpen(), editor.messages.length], [true, false, 1]);
      await select('One');
      assert.deepEqual([isOpen(), done], [false, ['One']]);
    });

    it("doesn't become a message if it was closed before", async () => {
      timeouts.clear();
      const isOpen = await show(undefined, settings);
      editor.progress[0]?.press();
      await settle();
      timeouts.set('acme', MINUTE);
      changes.fire();
      await settle();
      assert.deepEqual([isOpen(), done, editor.messages.length], [false, ['Button'], 0]);
    });
  });
});

describe('the warning before a sign-out due to inactivity', () => {
  it('keeps the user signed in with its button, and closes', async () => {
    editor.reset();
    const fixture = await IdleFixture.start();
    const [window] = await fixture.openSignedIn(1);
    const {
      clock,
      idleMonitor,
      sessionManager,
      sessions: { notificationClaims },
    } = window;
    // It's a progress despite the idle timeout, because it must close when the user is back.
    editor.configure('sessionKeeper.providers', [{ issuer: 'https://id.example.com', clientId: 'editor' }]);
    editor.configure('sessionKeeper.idleTimeout', 60);
    const settings = new Settings(0);
    const noTarget = {} as ActionTarget;
    const idleNotifications = new IdleNotifications({
      clock,
      idleMonitor,
      sessions: () => sessionManager.getAll(),
      nameOf: () => 'Acme',
      targetForSession: () => noTarget,
    });
    const notifications = new NotificationCenter({
      clock,
      sessionManager,
      notificationClaims,
      settings,
      idleNotifications,
      actions: {} as unknown as RecoveryActions,
      targetForSession: () => noTarget,
      targetForProvider: () => noTarget,
    });
    idleNotifications.onDidChange(() => notifications.update());
    await fixture.windows.clock.pass(TIMEOUT - MINUTE);
    assert.deepEqual(
      editor.progress.map(({ button }) => button),
      ['Stay Signed In'],
    );
    editor.progress[0]?.press();
    await fixture.windows.clock.pass(TIMEOUT - 6 * MINUTE);
    assert.deepEqual(
      [fixture.events, sessionManager.getAll().length, editor.progress.length],
      [['warn s1', 'cancel s1'], 1, 1],
    );
    notifications.dispose();
    idleNotifications.dispose();
    settings.dispose();
    await fixture.end();
  });
});
