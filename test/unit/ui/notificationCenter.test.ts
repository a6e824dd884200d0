import assert from 'node:assert/strict';
import { MINUTE } from '../../../src/core/clock.ts';
import { Failure } from '../../../src/core/failure.ts';
import type { Category } from '../../../src/core/failurePolicies.ts';
import type { Action } from '../../../src/core/failurePolicy.ts';
import type { LoadIssue } from '../../../src/sessions/sessionLoader.ts';
import type { RecoveryActions, ActionTarget } from '../../../src/ui/recoveryActions.ts';
import type { IdleNotifications } from '../../../src/ui/idleNotifications.ts';
import { PREFIX, SETTINGS } from '../../../src/host/ids.ts';
import { NotificationCenter, type NotificationDependencies } from '../../../src/ui/notificationCenter.ts';
import { Settings } from '../../../src/host/settings.ts';
import { editor } from '../../support/fakeEditor.ts';
import { createTestWindow, seedSession, recordAt, type TestWindow } from '../../support/testWindow.ts';
import { hasTombstone } from '../../support/sharedFiles.ts';

const ISSUER = 'https://id.example.com';

describe('the report of problems in the settings', () => {
  let settings: Settings;
  let notifications: NotificationCenter;

  beforeEach(() => {
    editor.reset();
    settings = new Settings(0);
    // Nothing but the settings takes part in it.
    notifications = new NotificationCenter({ settings } as NotificationDependencies);
  });

  afterEach(() => {
    notifications.dispose();
    settings.dispose();
  });

  const set = (name: keyof typeof SETTINGS, value: unknown): void =>
    editor.configure(`${PREFIX}.${SETTINGS[name]}`, value);
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
    assert.deepEqual(
      editor.messages.map(({ words }) => words),
      ['"sessionKeeper.providers" must be a list of providers.', INTERVAL],
    );
    assert.deepEqual(
      editor.executed,
      ['providers', 'refreshInterval'].map((name) => ['workbench.action.openSettings', `@id:sessionKeeper.${name}`]),
    );
  });
});

describe('the report of what was found in the store', () => {
  let testWindow: TestWindow;
  let settings: Settings;
  let notifications: NotificationCenter;
  /** What was handed on to other parts. */
  let done: string[];

  beforeEach(() => {
    editor.reset();
    editor.configure(`${PREFIX}.${SETTINGS.providers}`, [
      { id: 'acme', label: 'Acme', issuer: ISSUER, clientId: 'editor' },
    ]);
    settings = new Settings(0);
    testWindow = createTestWindow(ISSUER);
    done = [];
    const {
      clock,
      sessionManager,
      sessions: { notificationClaims },
    } = testWindow;
    const subject = (providerId: string): ActionTarget => ({
      providerId,
      hasSession: true,
      signIn: () => Promise.resolve(void done.push(`sign in at ${providerId}`)),
      retry: () => Promise.resolve(),
    });
    const actions = {
      run: (action: string, about: ActionTarget) => (action === 'retry' ? about.retry() : about.signIn()),
    } as unknown as RecoveryActions;
    notifications = new NotificationCenter({
      clock,
      sessionManager,
      notificationClaims,
      settings,
      actions,
      idleNotifications: { getNotifications: () => [] } as unknown as IdleNotifications,
      subjectOf: ({ providerId }) => subject(providerId),
      subjectAt: subject,
      remove: (id) => sessionManager.removeLocally(id),
      showLog: () => done.push('log'),
    });
    testWindow.liveSessions.onDidChange((change) => notifications.onChange(change));
  });

  afterEach(() => {
    notifications.dispose();
    testWindow.sessions.dispose();
    settings.dispose();
  });

  /** Moves in a session of another client, and reads what is found wrong, as a window does that is opened afresh. */
  const foreign = async (): Promise<LoadIssue[]> => {
    await seedSession(testWindow, recordAt(ISSUER, testWindow.clock.now(), { id: 'stray', clientId: 'another' }));
    await testWindow.sessionManager.ready();
    await testWindow.clock.rest();
    return testWindow.findings;
  };

  it('deletes a session of another client by Delete It, and leaves nothing of it, not even that it was told of', async () => {
    await seedSession(testWindow, recordAt(ISSUER, testWindow.clock.now()));
    const findings = await foreign();
    assert.deepEqual(
      findings.map(({ kind }) => kind),
      ['foreign'],
    );
    editor.answer = ({ buttons: [first] }) => first;
    await notifications.reportFindings(findings);
    await testWindow.clock.pass(MINUTE);
    assert.deepEqual(
      editor.messages.map(({ buttons }) => buttons),
      [['Delete It', 'Show Log']],
    );
    assert.deepEqual(
      [
        testWindow.liveSessions.get('stray'),
        [...testWindow.store.secrets.keys()].filter((key) => key.includes('stray')),
      ],
      [undefined, []],
    );
    const { files } = testWindow.folder;
    const left = [...files.keys()].filter((name) => name.includes('stray'));
    assert.deepEqual([left.length, hasTombstone(files, 'stray')], [1, true], 'which tells the other windows');
    assert.deepEqual([testWindow.record().id, testWindow.stored()?.includes('access-1')], ['s1', true]);
  });

  it('leaves it where the person does not press that, and shows the log where they want to see it', async () => {
    const findings = await foreign();
    await notifications.reportFindings(findings);
    editor.answer = ({ buttons }) => buttons.at(-1);
    await notifications.reportFindings(findings);
    assert.deepEqual(
      [testWindow.record('stray').id, testWindow.stored('stray') !== undefined, done],
      ['stray', true, ['log']],
    );
  });

  it('signs in by Sign In where the keyring has lost a session', async () => {
    editor.answer = ({ buttons: [first] }) => first;
    await notifications.reportFindings([{ id: 's9', kind: 'lost', providerId: 'acme' }]);
    assert.deepEqual(
      [editor.messages.map(({ buttons }) => buttons), done],
      [[['Sign In', 'Show Log']], ['sign in at acme']],
    );
  });
});

describe('the report of what a person has asked for', () => {
  let notifications: NotificationCenter;

  beforeEach(() => {
    editor.reset();
    const offers = (actions: readonly Action[]): Promise<{ readonly label: string }[]> =>
      Promise.resolve(actions.map((label) => ({ label })));
    notifications = new NotificationCenter({
      settings: { nameOf: () => 'Acme' } as unknown as Settings,
      actions: { offers } as unknown as RecoveryActions,
    } as NotificationDependencies);
  });

  const buttonsAfter = async (category: Category, code: string): Promise<(readonly string[])[]> => {
    notifications.reportFailure(new Failure(category, code), { providerId: 'acme' } as ActionTarget);
    await Promise.resolve();
    await Promise.resolve();
    return editor.messages.map(({ buttons }) => buttons);
  };

  it('offers the actions of the category when it has failed', async () => {
    assert.deepEqual(await buttonsAfter('network', 'ECONNRESET'), [['retry', 'log']]);
  });

  it('offers a fixed port in addition when the browser has not come back', async () => {
    assert.deepEqual(await buttonsAfter('sign-in-timeout', 'sign-in-timeout'), [
      ['sign-in', 'other-method', 'fixed-port'],
    ]);
  });

  it('is made when the person has canceled, and not when they have changed the entry meanwhile', async () => {
    assert.deepEqual(await buttonsAfter('canceled', 'canceled'), [['other-method', 'copy-redirect']]);
    editor.reset();
    assert.deepEqual(await buttonsAfter('canceled', 'entry-changed'), []);
  });

  it('is not made when a newer attempt has taken the place of one', async () => {
    assert.deepEqual(await buttonsAfter('replaced', 'replaced'), []);
  });
});
