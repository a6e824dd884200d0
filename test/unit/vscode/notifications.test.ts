import assert from 'node:assert/strict';
import { PREFIX, SETTINGS } from '../../../src/vscode/ids.ts';
import { Notifications, type NotificationPorts } from '../../../src/vscode/notifications.ts';
import { Settings } from '../../../src/vscode/settings.ts';
import { editor } from '../../support/fakeEditor.ts';

describe('the report of problems in the settings', () => {
  let settings: Settings;
  let notifications: Notifications;

  beforeEach(() => {
    editor.reset();
    settings = new Settings(0);
    // Nothing but the settings takes part in it.
    notifications = new Notifications({ settings } as NotificationPorts);
  });

  afterEach(() => {
    notifications.dispose();
    settings.dispose();
  });

  const set = (name: keyof typeof SETTINGS, value: unknown): void => editor.configure(`${PREFIX}.${SETTINGS[name]}`, value);
  const INTERVAL = '"sessionKeeper.refreshInterval" must be 0 or between 5 and 10080 minutes. 10080 is used.';

  it('is made once for a number that is out of range, and again only after it was in range', async () => {
    set('refreshInterval', 20_000);
    await notifications.reportProblems();
    await notifications.reportProblems();
    set('refreshInterval', 30_000);
    await notifications.reportProblems();
    assert.deepEqual(editor.messages, [{ words: INTERVAL, buttons: ['Open Settings'], isModal: false }]);
    set('refreshInterval', 720);
    await notifications.reportProblems();
    set('refreshInterval', 20_000);
    await notifications.reportProblems();
    assert.equal(editor.messages.length, 2);
  });

  it('leads to the setting that it is about', async () => {
    editor.answer = ({ buttons: [first] }) => first;
    set('refreshInterval', 20_000);
    set('providers', 'none');
    await notifications.reportProblems();
    assert.deepEqual(editor.messages.map(({ words }) => words), ['"sessionKeeper.providers" must be a list of providers.', INTERVAL]);
    assert.deepEqual(editor.executed, ['providers', 'refreshInterval'].map((name) => ['workbench.action.openSettings', `@id:sessionKeeper.${name}`]));
  });
});
