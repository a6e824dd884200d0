import assert from 'node:assert/strict';
import { Settings } from '../../../src/host/settings.ts';
import { editor } from '../../support/fakeEditor.ts';

describe('the settings', () => {
  const PROVIDERS = 'sessionKeeper.providers';
  const ENTRY = { id: 'acme', label: 'Acme', issuer: 'https://id.example.com', clientId: 'c' };
  let settings: Settings;
  let changes: number;

  beforeEach(() => {
    editor.reset();
    settings = new Settings(0);
    changes = 0;
    settings.onDidChange(() => {
      changes += 1;
    });
  });
  afterEach(() => settings.dispose());

  it('are read again when one of them changes', () => {
    editor.configure(PROVIDERS, [ENTRY]);
    assert.deepEqual([settings.nameOf('acme'), changes], ['Acme', 1]);
    editor.configure('sessionKeeper.terminal.enabled', true);
    assert.equal(changes, 2);
  });

  for (const other of ['sessionKeeperConsumer.a', 'sessionKeeper-notes.a', 'sessionKeeper2.a']) {
    it(`are read again when ${other} changes at the same time, and not when only that changes`, () => {
      editor.configureAll({ [other]: 1, [PROVIDERS]: [ENTRY] });
      assert.deepEqual([settings.nameOf('acme'), changes], ['Acme', 1]);
      editor.configure(other, 2);
      assert.equal(changes, 1);
    });
  }
});
