import assert from 'node:assert/strict';
import { MINUTE } from '../../../src/core/clock.ts';
import type { Actions, Subject } from '../../../src/vscode/actions.ts';
import { IdleNews } from '../../../src/vscode/idleNews.ts';
import { Notifications } from '../../../src/vscode/notifications.ts';
import { Settings } from '../../../src/vscode/settings.ts';
import { registerToastLinks, showToast, type Choice } from '../../../src/vscode/toast.ts';
import { settle } from '../../support/fakeClock.ts';
import { editor } from '../../support/fakeEditor.ts';
import { IdleBench, LIMIT } from '../../support/idleBench.ts';

describe('a notification that goes away by itself', () => {
  let done: string[];
  let registered: { dispose(): unknown };

  beforeEach(() => {
    editor.reset();
    done = [];
    registered = registerToastLinks();
  });

  afterEach(() => {
    registered.dispose();
  });

  const choice = (label: string): Choice => ({ label, run: () => done.push(label) });
  /** Shows one with a button and two links, and says whether it is still there. */
  const show = async (signal = new AbortController().signal): Promise<() => boolean> => {
    let isOpen = true;
    void showToast({ words: 'Words.', button: choice('Button'), links: [choice('One'), choice('Two')], isBusy: false }, signal).finally(() => (isOpen = false));
    await settle();
    return () => isOpen;
  };
  /** Follows a link of the latest one, as a press on it does. */
  const follow = async (label: string): Promise<void> => {
    const [, command = '', name = '[]'] = new RegExp(`\\[${label}\\]\\(command:([\\w.]+)\\?([^)]+)\\)`).exec(editor.progress.at(-1)?.title ?? '') ?? [];
    editor.commands.get(command)?.(...(JSON.parse(decodeURIComponent(name)) as unknown[]));
    await settle();
  };

  it('does what its button says, and is gone', async () => {
    const isOpen = await show();
    assert.deepEqual([isOpen(), editor.progress.at(-1)?.button], [true, 'Button']);
    editor.progress.at(-1)?.press();
    await settle();
    assert.deepEqual([isOpen(), done], [false, ['Button']]);
  });

  it('does what each of its links says, once, and not what another one’s do', async () => {
    const isFirstOpen = await show();
    const [first] = editor.progress;
    const isOpen = await show();
    await follow('Two');
    assert.deepEqual([isFirstOpen(), isOpen(), done], [true, false, ['Two']]);
    await follow('Two');
    first?.press();
    await settle();
    assert.deepEqual([isFirstOpen(), done], [false, ['Two', 'Button']]);
  });

  it('is withdrawn, and does nothing then, also where that was before it was shown', async () => {
    const controller = new AbortController();
    const isOpen = await show(controller.signal);
    controller.abort();
    await settle();
    assert.equal(isOpen(), false);
    assert.equal((await show(AbortSignal.abort()))(), false);
    await follow('One');
    assert.deepEqual(done, []);
  });
});

describe('the notification before a sign-out for idle time', () => {
  it('keeps everybody signed in by its button, and is gone', async () => {
    editor.reset();
    const bench = await IdleBench.start();
    const [window] = await bench.openSignedIn(1);
    const { clock, idleness, keeper, sessions: { notices } } = window;
    const settings = new Settings(0);
    const nobody = {} as Subject;
    const idleNews = new IdleNews({ clock, idleness, sessions: () => keeper.all(), nameOf: () => 'Acme', subjectOf: () => nobody });
    const notifications = new Notifications({
      clock, keeper, notices, settings, idleNews,
      actions: {} as unknown as Actions,
      subjectOf: () => nobody,
      subjectAt: () => nobody,
      remove: () => Promise.resolve(),
      showLog: () => {},
    });
    idleNews.onDidChange(() => notifications.check());
    await bench.windows.clock.pass(LIMIT - MINUTE);
    assert.deepEqual(editor.progress.map(({ button }) => button), ['Stay Signed In']);
    editor.progress[0]?.press();
    await bench.windows.clock.pass(LIMIT - 6 * MINUTE);
    assert.deepEqual([bench.events, keeper.all().length, editor.progress.length], [['warn s1', 'back s1'], 1, 1]);
    notifications.dispose();
    idleNews.dispose();
    settings.dispose();
    await bench.end();
  });
});
