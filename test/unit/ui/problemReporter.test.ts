import assert from 'node:assert/strict';
import { MINUTE, systemClock } from '../../../src/core/clock.ts';
import { PREFIX, SETTINGS } from '../../../src/host/ids.ts';
import { Settings } from '../../../src/host/settings.ts';
import type { LoadIssue } from '../../../src/sessions/storedSessionIssues.ts';
import type { IdleNotifications } from '../../../src/ui/idleNotifications.ts';
import { NotificationCenter } from '../../../src/ui/notificationCenter.ts';
import { ProblemReporter, type ProblemReporterDependencies } from '../../../src/ui/problemReporter.ts';
import { registerNotificationLinks } from '../../../src/ui/dismissibleNotification.ts';
import type { ActionTarget, RecoveryActions } from '../../../src/ui/recoveryActions.ts';
import { settle } from '../../support/fakeClock.ts';
import { editor } from '../../support/fakeEditor.ts';
import { hasTombstone } from '../../support/sharedFiles.ts';
import { createTestWindow, recordAt, seedSession, type TestWindow } from '../../support/testWindow.ts';

const ISSUER = 'https://id.example.com';

describe('the report of problems in the settings', () => {
  let settings: Settings;
  let problemReporter: ProblemReporter;

  beforeEach(() => {
    editor.reset();
    settings = new Settings(0);
    // Only the settings are used.
    problemReporter = new ProblemReporter({ clock: systemClock, settings } as ProblemReporterDependencies);
  });

  afterEach(() => {
    settings.dispose();
  });

  const set = (name: keyof typeof SETTINGS, value: unknown): void =>
    editor.configure(`${PREFIX}.${SETTINGS[name]}`, value);
  const INTERVAL = '"sessionKeeper.refreshInterval" must be 0 or between 5 and 10,080 minutes. Using 10,080 minutes.';

  it('is shown once for a number that is out of range, and again only after it was in range', async () => {
    set('refreshInterval', 20_000);
    await problemReporter.reportSettingsProblems();
    await problemReporter.reportSettingsProblems();
    set('refreshInterval', 30_000);
    await problemReporter.reportSettingsProblems();
    assert.deepEqual(editor.messages, [{ text: INTERVAL, buttons: ['Open Settings'], isModal: false }]);
    set('refreshInterval', 720);
    await problemReporter.reportSettingsProblems();
    set('refreshInterval', 20_000);
    await problemReporter.reportSettingsProblems();
    assert.equal(editor.messages.length, 2);
  });

  it('is one message for each entry, with its first problems', async () => {
    set('providers', [{ label: 'One' }, 5, { id: 'two', issuer: 'x', clientId: '', a: 1, b: 2, c: 3 }]);
    await problemReporter.reportSettingsProblems();
    const texts = editor.messages.map(({ text }) => text);
    assert.deepEqual(texts.slice(0, 2), [
      'Provider "One" in Settings is ignored: "issuer" is missing. "clientId" is missing.',
      'Provider #2 in Settings is ignored: it must be an object with at least "issuer" and "clientId".',
    ]);
    assert.match(texts[2] ?? '', /^Provider "two" in Settings is ignored: (?:"\w+" [^"]+){3}$/);
    assert.equal(texts.length, 3);
    await problemReporter.reportSettingsProblems();
    assert.equal(editor.messages.length, 3);
    set('providers', [{ label: 'One', clientId: 'editor' }]);
    await problemReporter.reportSettingsProblems();
    assert.equal(editor.messages.at(-1)?.text, 'Provider "One" in Settings is ignored: "issuer" is missing.');
  });

  it("offers to reload the window only if the folder isn't trusted", async () => {
    problemReporter.warnSyncDisabled('ENOSPC', '/folder');
    editor.respond = ({ buttons: [first] }) => first;
    problemReporter.warnSyncDisabled('folder-link', '/folder');
    await settle();
    assert.deepEqual(
      editor.messages.map(({ buttons }) => buttons),
      [['Show Log'], ['Reload Window', 'Show Log']],
    );
    assert.deepEqual(editor.executed, [['workbench.action.reloadWindow']]);
  });

  it('opens the setting with the problem', async () => {
    editor.respond = ({ buttons: [first] }) => first;
    set('refreshInterval', 20_000);
    set('providers', 'none');
    await problemReporter.reportSettingsProblems();
    assert.deepEqual(
      editor.messages.map(({ text }) => text),
      ['"sessionKeeper.providers" must be an array of providers.', INTERVAL],
    );
    assert.deepEqual(
      editor.executed,
      ['providers', 'refreshInterval'].map((name) => ['workbench.action.openSettings', `@id:sessionKeeper.${name}`]),
    );
  });
});

describe('the report of problems with stored sessions', () => {
  let testWindow: TestWindow;
  let settings: Settings;
  let notifications: NotificationCenter;
  let problemReporter: ProblemReporter;
  /** The calls to other parts. */
  let done: string[];
  /** Whether the settings have been changed so that every session can be used again. */
  let isConfiguredAgain: boolean;

  beforeEach(() => {
    editor.reset();
    editor.configure(`${PREFIX}.${SETTINGS.providers}`, [
      { id: 'acme', label: 'Acme', issuer: ISSUER, clientId: 'editor' },
    ]);
    settings = new Settings(0);
    testWindow = createTestWindow(ISSUER);
    done = [];
    isConfiguredAgain = false;
    const {
      clock,
      sessionManager,
      sessions: { notificationClaims },
    } = testWindow;
    const target = (providerId: string): ActionTarget => ({
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
      targetForSession: ({ providerId }) => target(providerId),
      targetForProvider: target,
    });
    problemReporter = new ProblemReporter({
      clock,
      settings,
      actions,
      targetForProvider: target,
      liveSessions: testWindow.liveSessions,
      sessionManager: {
        getAll: () => (isConfiguredAgain ? testWindow.liveSessions.all() : sessionManager.getAll()),
        signOut: (id) => sessionManager.signOut(id),
      },
      showLog: () => done.push('log'),
    });
    testWindow.liveSessions.onDidChange((change) => notifications.onChange(change));
  });

  afterEach(() => {
    notifications.dispose();
    testWindow.sessions.dispose();
    settings.dispose();
  });

  /** Stores a session of another client, and returns the issues that a new window finds. */
  const foreign = async (): Promise<LoadIssue[]> => {
    await seedSession(testWindow, recordAt(ISSUER, testWindow.clock.now(), { id: 'stray', clientId: 'another' }));
    await testWindow.sessionManager.ready();
    await testWindow.clock.rest();
    return testWindow.findings;
  };

  it('shows one message for several sessions with the same issue, and signs out of all of them', async () => {
    const findings: LoadIssue[] = [];
    for (const id of ['one', 'two']) {
      const record = await seedSession(
        testWindow,
        recordAt(ISSUER, testWindow.clock.now(), { id, clientId: 'another', scopes: [id] }),
      );
      findings.push({ id, kind: 'unconfigured', providerId: record.providerId, issuer: ISSUER });
    }
    const reporting = problemReporter.reportLoadIssues(findings);
    await settle();
    assert.deepEqual(
      editor.progress.map(({ button }) => button),
      ['Sign Out'],
    );
    editor.progress[0]?.press();
    await testWindow.clock.pass(MINUTE);
    await reporting;
    assert.deepEqual([testWindow.liveSessions.get('one'), testWindow.liveSessions.get('two')], [undefined, undefined]);
    assert.equal(editor.messages.length, 1, 'the result');
    assert.match(editor.messages[0]?.text ?? '', /^Signed out of Acme/);
  });

  it('signs out of a session of another client, and deletes everything about it, including the claim of the report', async () => {
    await seedSession(testWindow, recordAt(ISSUER, testWindow.clock.now()));
    const findings = await foreign();
    assert.deepEqual(
      findings.map(({ kind }) => kind),
      ['foreign'],
    );
    const reporting = problemReporter.reportLoadIssues(findings);
    await settle();
    assert.match(editor.progress[0]?.title ?? '', /\[Show\u00A0Log\].*\[Dismiss\]/);
    editor.progress[0]?.press();
    await testWindow.clock.pass(MINUTE);
    await reporting;
    assert.deepEqual(
      [
        testWindow.liveSessions.get('stray'),
        [...testWindow.store.secrets.keys()].filter((key) => key.includes('stray')),
      ],
      [undefined, []],
    );
    const { files } = testWindow.folder;
    const left = [...files.keys()].filter((name) => name.includes('stray'));
    assert.deepEqual([left.length, hasTombstone(files, 'stray')], [1, true], 'the tombstone for the other windows');
    assert.deepEqual([testWindow.record().id, testWindow.stored()?.includes('access-1')], ['s1', true]);
  });

  it('is a message with an idle timeout, because a progress keeps the window active', async () => {
    editor.configure(`${PREFIX}.${SETTINGS.idleTimeout}`, 60);
    await problemReporter.reportLoadIssues(await foreign());
    assert.deepEqual(
      [editor.progress.length, editor.messages.map(({ buttons }) => buttons)],
      [0, [['Sign Out', 'Show Log']]],
    );
  });

  it("keeps the session if the user doesn't sign out, and shows the log on request", async () => {
    const links = registerNotificationLinks();
    const findings = await foreign();
    for (const label of ['Dismiss', 'Show\u00A0Log']) {
      const reporting = problemReporter.reportLoadIssues(findings);
      await settle();
      const [, command = '', argument = '[]'] =
        new RegExp(`\\[${label}\\]\\(command:([\\w.]+)\\?([^)]+)\\)`).exec(editor.progress.at(-1)?.title ?? '') ?? [];
      editor.commands.get(command)?.(...(JSON.parse(decodeURIComponent(argument)) as unknown[]));
      await reporting;
    }
    links.dispose();
    assert.deepEqual(
      [testWindow.record('stray').id, testWindow.stored('stray') !== undefined, done],
      ['stray', true, ['log']],
    );
  });

  it('closes the offer to sign out when the session can be used again or no longer exists', async () => {
    const findings = await foreign();
    let closed = 0;
    const report = async (): Promise<void> => {
      void problemReporter.reportLoadIssues(findings).then(() => (closed += 1));
      await settle();
      problemReporter.update();
      await settle();
    };
    await report();
    assert.equal(closed, 0);
    isConfiguredAgain = true;
    problemReporter.update();
    await settle();
    assert.equal(closed, 1);
    isConfiguredAgain = false;
    await report();
    assert.equal(closed, 1);
    await testWindow.sessionManager.signOut('stray');
    problemReporter.update();
    await settle();
    assert.deepEqual([closed, editor.messages], [2, []]);
  });

  it("doesn't sign out of a session that can be used again, even if the offer is still open", async () => {
    const findings = await foreign();
    const reporting = problemReporter.reportLoadIssues(findings);
    await settle();
    isConfiguredAgain = true;
    editor.progress[0]?.press();
    await reporting;
    await testWindow.clock.pass(MINUTE);
    assert.deepEqual(
      [testWindow.record('stray').id, testWindow.stored('stray') !== undefined, editor.messages],
      ['stray', true, []],
    );
  });

  it('signs in with Sign In if the keyring has lost a session', async () => {
    editor.respond = ({ buttons: [first] }) => first;
    await problemReporter.reportLoadIssues([{ id: 's9', kind: 'lost', providerId: 'acme' }]);
    assert.deepEqual(
      [editor.messages.map(({ buttons }) => buttons), done],
      [[['Sign In', 'Show Log']], ['sign in at acme']],
    );
  });
});
