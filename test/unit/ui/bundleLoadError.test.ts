import assert from 'node:assert/strict';
import { silentLog } from '../../../src/core/log.ts';
import { bundleLoadFailed } from '../../../src/host/startMessages.ts';
import { createBundleLoadErrorReporter } from '../../../src/ui/bundleLoadError.ts';
import { settle } from '../../support/fakeClock.ts';
import { editor } from '../../support/fakeEditor.ts';

describe("the report that a bundle can't be loaded", () => {
  let lines: string[];
  let report: (error: unknown) => void;

  beforeEach(() => {
    editor.reset();
    lines = [];
    report = createBundleLoadErrorReporter({ ...silentLog, error: (line) => void lines.push(line) });
  });

  const missing = Object.assign(new Error('Cannot find module /home/sam/onDemand.js'), { code: 'MODULE_NOT_FOUND' });

  it('is shown once while it is open, and again after it was closed', async () => {
    report(missing);
    report(missing);
    assert.deepEqual([editor.messages.map(({ text }) => text), lines.length], [[bundleLoadFailed()], 2]);
    await settle();
    report(missing);
    assert.equal(editor.messages.length, 2);
  });

  it('reloads the window only if the user selects that', async () => {
    report(missing);
    await settle();
    assert.equal(editor.executed.length, 0);
    editor.respond = ({ buttons: [reload] }) => reload;
    report(missing);
    await settle();
    assert.deepEqual(
      editor.executed.map(([command]) => command),
      ['workbench.action.reloadWindow'],
    );
  });

  it('logs the code of the error, not its path', () => {
    report(missing);
    report('no error');
    assert.deepEqual(lines, [
      "Couldn't load the on-demand bundle (MODULE_NOT_FOUND).",
      "Couldn't load the on-demand bundle (no code).",
    ]);
  });
});
