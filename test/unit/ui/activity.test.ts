import assert from 'node:assert/strict';
import { MINUTE, SECOND } from '../../../src/core/clock.ts';
import type { IdleMonitor } from '../../../src/idle/idleMonitor.ts';
import { Activity } from '../../../src/ui/activity.ts';
import { FakeClock } from '../../support/fakeClock.ts';
import { editor } from '../../support/fakeEditor.ts';

/** The kinds of selection changes, by their numbers in VS Code's API. */
const [KEYBOARD, MOUSE, COMMAND] = [1, 2, 3];

describe('Activity', () => {
  let clock: FakeClock;
  let activity: Activity;
  let reportInterval: number | undefined;
  let recorded = 0;

  beforeEach(() => {
    editor.reset();
    // Without input, VS Code doesn't consider the window active.
    Object.assign(editor.windowState, { focused: true, active: false });
    clock = new FakeClock();
    reportInterval = 30 * SECOND;
    activity = new Activity(clock, {
      get reportInterval() {
        return reportInterval;
      },
      recordActivity: () => (recorded += 1),
    } as unknown as IdleMonitor);
    recorded = 0;
  });

  afterEach(() => {
    activity.dispose();
  });

  const document = { uri: { scheme: 'file' } };
  const output = { uri: { scheme: 'output' } };
  /** Returns how often activity is recorded during an action. */
  const recordedBy = (happen: () => void): number => {
    recorded = 0;
    happen();
    return recorded;
  };
  const typing = (where: unknown = document, changes: readonly unknown[] = [{ text: 'a' }]): void =>
    editor.onText.fire({ document: where, contentChanges: changes });

  /** The user activity that VS Code reports, except for the focus. */
  const ACTS: Readonly<Record<string, () => void>> = {
    'the cursor is moved by the keyboard': () => editor.onSelection.fire({ kind: KEYBOARD }),
    'text is clicked': () => editor.onSelection.fire({ kind: MOUSE }),
    'another editor is activated': () => editor.onActiveEditor.fire(undefined),
    'another terminal is activated': () => editor.onActiveTerminal.fire(undefined),
    'a terminal is opened': () => editor.onOpenTerminal.fire({}),
    'a terminal is typed in': () => editor.onTerminalState.fire({ state: { isInteractedWith: true } }),
    'a command is run in a terminal': () => editor.onShellExecution.fire({}),
  };

  for (const [name, act] of Object.entries(ACTS)) {
    it(`records activity when ${name}`, () => {
      assert.equal(recordedBy(act), 1);
    });
  }

  it('records activity when the active editor is typed in', () => {
    editor.activeTextEditor = { document };
    Object.assign(editor.windowState, { focused: true, active: true });
    assert.equal(
      recordedBy(() => typing()),
      1,
    );
  });

  it("records nothing when a document changes in the background, in the output, or while the window isn't active", () => {
    editor.activeTextEditor = { document };
    Object.assign(editor.windowState, { focused: true, active: true });
    assert.deepEqual(
      [recordedBy(() => typing({ uri: { scheme: 'file' } })), recordedBy(() => typing(document, []))],
      [0, 0],
    );
    editor.activeTextEditor = { document: output };
    assert.equal(
      recordedBy(() => typing(output)),
      0,
    );
    editor.activeTextEditor = { document };
    for (const state of [
      { focused: true, active: false },
      { focused: false, active: true },
    ]) {
      Object.assign(editor.windowState, state);
      assert.equal(
        recordedBy(() => typing()),
        0,
        JSON.stringify(state),
      );
    }
  });

  it('records nothing when a command moves the cursor or a terminal changes without input', () => {
    assert.equal(
      recordedBy(() => editor.onSelection.fire({ kind: COMMAND })),
      0,
    );
    assert.equal(
      recordedBy(() => editor.onSelection.fire({ kind: undefined })),
      0,
    );
    assert.equal(
      recordedBy(() => editor.onTerminalState.fire({ state: { isInteractedWith: false } })),
      0,
    );
  });

  it('records nothing when editors and terminals change while the window has no focus', () => {
    Object.assign(editor.windowState, { focused: false, active: false });
    for (const name of [
      'another editor is activated',
      'another terminal is activated',
      'a terminal is opened',
      'a terminal is typed in',
      'a command is run in a terminal',
    ]) {
      assert.equal(
        recordedBy(() => ACTS[name]?.()),
        0,
        name,
      );
    }
  });

  it('records activity when the window gets focus, not when it loses focus', () => {
    assert.equal(
      recordedBy(() => editor.focus(false)),
      0,
    );
    assert.equal(
      recordedBy(() => editor.focus(true, false)),
      1,
    );
    assert.equal(
      recordedBy(() => editor.focus(true, false)),
      0,
      'it already has focus',
    );
  });

  it('records activity if the window has focus at start or when a timeout is set', () => {
    recorded = 0;
    const other = new Activity(clock, {
      reportInterval,
      recordActivity: () => (recorded += 1),
    } as unknown as IdleMonitor);
    assert.equal(recorded, 1);
    other.dispose();
  });

  it('records activity repeatedly while the window is active', async () => {
    editor.focus(true, true);
    recorded = 0;
    await clock.advance(5 * MINUTE);
    assert.equal(recorded, 10);
    editor.windowState.active = false;
    await clock.advance(MINUTE);
    recorded = 0;
    await clock.advance(10 * MINUTE);
    assert.deepEqual([recorded, clock.pending], [0, 0]);
  });

  it('records nothing while no provider has a timeout, and starts when one is set', () => {
    reportInterval = undefined;
    activity.update();
    for (const [name, act] of Object.entries(ACTS)) {
      assert.equal(recordedBy(act), 0, name);
    }
    reportInterval = SECOND;
    activity.update();
    activity.update();
    for (const [name, act] of Object.entries(ACTS)) {
      assert.equal(recordedBy(act), 1, name);
    }
  });
});
