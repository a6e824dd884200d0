import assert from 'node:assert/strict';
import { MINUTE, SECOND } from '../../../src/core/clock.ts';
import type { IdleMonitor } from '../../../src/idle/idleMonitor.ts';
import { Activity } from '../../../src/ui/activity.ts';
import { FakeClock } from '../../support/fakeClock.ts';
import { editor } from '../../support/fakeEditor.ts';

/** The kinds of changes of a selection, by their numbers in VS Code's API. */
const [KEYBOARD, MOUSE, COMMAND] = [1, 2, 3];

describe('what counts as activity in a window', () => {
  let clock: FakeClock;
  let activity: Activity;
  let reportInterval: number | undefined;
  let noted = 0;

  beforeEach(() => {
    editor.reset();
    // Nobody touches anything, so that VS Code calls the window active no more.
    Object.assign(editor.windowState, { focused: true, active: false });
    clock = new FakeClock();
    reportInterval = 30 * SECOND;
    activity = new Activity(clock, {
      get reportInterval() {
        return reportInterval;
      },
      recordActivity: () => (noted += 1),
    } as unknown as IdleMonitor);
    noted = 0;
  });

  afterEach(() => {
    activity.dispose();
  });

  const document = { uri: { scheme: 'file' } };
  const output = { uri: { scheme: 'output' } };
  /** How often activity is noted through something that happens. */
  const notedBy = (happen: () => void): number => {
    noted = 0;
    happen();
    return noted;
  };
  const typing = (where: unknown = document, changes: readonly unknown[] = [{ text: 'a' }]): void =>
    editor.onText.fire({ document: where, contentChanges: changes });

  /** Everything that a person does and VS Code tells of, but for the focus. */
  const ACTS: Readonly<Record<string, () => void>> = {
    'moving the cursor by the keyboard': () => editor.onSelection.fire({ kind: KEYBOARD }),
    'clicking into a text': () => editor.onSelection.fire({ kind: MOUSE }),
    'going to another editor': () => editor.onActiveEditor.fire(undefined),
    'going to another terminal': () => editor.onActiveTerminal.fire(undefined),
    'opening a terminal': () => editor.onOpenTerminal.fire({}),
    'typing in a terminal': () => editor.onTerminalState.fire({ state: { isInteractedWith: true } }),
    'running something in a terminal': () => editor.onShellExecution.fire({}),
  };

  for (const [name, act] of Object.entries(ACTS)) {
    it(`is ${name}`, () => {
      assert.equal(notedBy(act), 1);
    });
  }

  it('is typing, while somebody is at the window', () => {
    editor.activeTextEditor = { document };
    Object.assign(editor.windowState, { focused: true, active: true });
    assert.equal(
      notedBy(() => typing()),
      1,
    );
  });

  it('is no text that grows by itself: in the background, in the output, without a change, or while nobody is there', () => {
    editor.activeTextEditor = { document };
    Object.assign(editor.windowState, { focused: true, active: true });
    assert.deepEqual([notedBy(() => typing({ uri: { scheme: 'file' } })), notedBy(() => typing(document, []))], [0, 0]);
    editor.activeTextEditor = { document: output };
    assert.equal(
      notedBy(() => typing(output)),
      0,
    );
    editor.activeTextEditor = { document };
    for (const state of [
      { focused: true, active: false },
      { focused: false, active: true },
    ]) {
      Object.assign(editor.windowState, state);
      assert.equal(
        notedBy(() => typing()),
        0,
        JSON.stringify(state),
      );
    }
  });

  it('is no cursor that a command moves, nor a terminal that nobody has touched', () => {
    assert.equal(
      notedBy(() => editor.onSelection.fire({ kind: COMMAND })),
      0,
    );
    assert.equal(
      notedBy(() => editor.onSelection.fire({ kind: undefined })),
      0,
    );
    assert.equal(
      notedBy(() => editor.onTerminalState.fire({ state: { isInteractedWith: false } })),
      0,
    );
  });

  it('is nothing that happens to editors and terminals while the window has no focus', () => {
    Object.assign(editor.windowState, { focused: false, active: false });
    for (const name of [
      'going to another editor',
      'going to another terminal',
      'opening a terminal',
      'typing in a terminal',
      'running something in a terminal',
    ]) {
      assert.equal(
        notedBy(() => ACTS[name]?.()),
        0,
        name,
      );
    }
  });

  it('is coming to the window, and not leaving it', () => {
    assert.equal(
      notedBy(() => editor.focus(false)),
      0,
    );
    assert.equal(
      notedBy(() => editor.focus(true, false)),
      1,
    );
    assert.equal(
      notedBy(() => editor.focus(true, false)),
      0,
      'the focus was there already',
    );
  });

  it('is opening the window, or setting a limit while somebody looks at it', () => {
    noted = 0;
    const other = new Activity(clock, { reportInterval, recordActivity: () => (noted += 1) } as unknown as IdleMonitor);
    assert.equal(noted, 1);
    other.dispose();
  });

  it('is the window as long as VS Code calls it active, which is asked for again and again', async () => {
    editor.focus(true, true);
    noted = 0;
    await clock.advance(5 * MINUTE);
    assert.equal(noted, 10);
    editor.windowState.active = false;
    await clock.advance(MINUTE);
    noted = 0;
    await clock.advance(10 * MINUTE);
    assert.deepEqual([noted, clock.pending], [0, 0]);
  });

  it('is not listened to while there is no limit, from one setting to the next', () => {
    reportInterval = undefined;
    activity.update();
    for (const [name, act] of Object.entries(ACTS)) {
      assert.equal(notedBy(act), 0, name);
    }
    reportInterval = SECOND;
    activity.update();
    activity.update();
    for (const [name, act] of Object.entries(ACTS)) {
      assert.equal(notedBy(act), 1, name);
    }
  });
});
