// The quick fixes of the diagnostics, and that they delete completely.
import assert from 'node:assert/strict';
import { MINUTE } from '../../../src/core/clock.ts';
import { Failure } from '../../../src/core/failure.ts';
import { Diagnostics, type DiagnosticsDependencies } from '../../../src/diagnostics/diagnostics.ts';
import type { FindingCode } from '../../../src/diagnostics/finding.ts';
import { ClientSecrets } from '../../../src/storage/clientSecrets.ts';
import type { ActionTarget } from '../../../src/ui/recoveryActions.ts';
import { PREFIX, SETTINGS } from '../../../src/host/ids.ts';
import { Settings } from '../../../src/host/settings.ts';
import { jwtWith } from '../../support/fixtures.ts';
import { editor } from '../../support/fakeEditor.ts';
import { createTestWindowWithServer, seedSession, recordAt, type TestWindow } from '../../support/testWindow.ts';
import type { ScriptedServer } from '../../support/scriptedServer.ts';
import { hasTombstone, sessionFileName } from '../../support/sharedFiles.ts';

describe('the quick fixes of the diagnostics', () => {
  let server: ScriptedServer;
  let testWindow: TestWindow;
  let settings: Settings;
  let diagnostics: Diagnostics;
  /** The calls to other modules. */
  let done: string[];
  let env: Record<string, string>;

  const setProviders = (...entries: readonly unknown[]): void =>
    editor.configure(`${PREFIX}.${SETTINGS.providers}`, entries);
  const entry = (more: object = {}): object => ({
    id: 'acme',
    label: 'Acme',
    issuer: server.issuer,
    clientId: 'editor',
    scopes: ['read'],
    ...more,
  });

  beforeEach(async () => {
    editor.reset();
    ({ testWindow, server } = await createTestWindowWithServer());
    setProviders(entry());
    settings = new Settings(0);
    done = [];
    env = {};
    const target = (name: string, retry: () => Promise<void>): ActionTarget => ({
      providerId: 'acme',
      hasSession: true,
      signIn: () => Promise.resolve(void done.push(`sign in ${name}`)),
      retry,
    });
    const nothing = (): Promise<void> => Promise.resolve();
    diagnostics = new Diagnostics({
      clock: testWindow.clock,
      discovery: testWindow.discovery,
      sessions: testWindow.sessions,
      onDemandSessions: testWindow.sessions.onDemand,
      settings,
      clientSecrets: new ClientSecrets(testWindow.store, testWindow.folder),
      process: { arch: 'x64', platform: 'linux', env, versions: process.versions },
      extension: {
        packageJSON: { version: '0.0.0' },
        extensionKind: 1,
      } as unknown as DiagnosticsDependencies['extension'],
      targetForSession: ({ id }) =>
        target(id, async () => void (await testWindow.tokenRefresher.refresh(id, { reason: 'a test' }))),
      targetForProvider: (id) => target(id, nothing),
      openSignOutPage: () => done.push('sign-out page'),
      addProvider: () => Promise.resolve(void done.push('add provider')),
      showLog: () => done.push('log'),
    });
  });

  afterEach(async () => {
    settings.dispose();
    testWindow.sessions.dispose();
    await server.stop();
  });

  /** Refreshes the report, and returns the line of a finding; undefined if there is none. */
  const lineOf = async (code: FindingCode): Promise<number | undefined> => {
    const refreshing = diagnostics.refresh();
    await testWindow.clock.pass(MINUTE / 10);
    await refreshing;
    const lines = (await diagnostics.text()).split('\n');
    const line = lines.findIndex((one) => one.includes(`(${code})`));
    return line < 0 ? undefined : line;
  };
  /** Returns the title of the code lens above a line. */
  const titleAt = async (line: number): Promise<string | undefined> => {
    const text = await diagnostics.text();
    const lenses = diagnostics.getCodeLenses({ getText: () => text } as Parameters<Diagnostics['getCodeLenses']>[0]);
    return lenses.find(({ range }) => range.start.line === line)?.command?.title;
  };
  /** Applies the quick fix of a finding, and confirms or cancels the dialog. */
  const applyFix = async (code: FindingCode, title: string, isSure = true): Promise<void> => {
    const line = await lineOf(code);
    assert.ok(line !== undefined, `${code} is missing`);
    assert.equal(await titleAt(line), title);
    editor.respond = ({ buttons: [first] }) => (isSure ? first : undefined);
    const fixing = diagnostics.applyFix(line);
    await testWindow.clock.pass(MINUTE / 10);
    await fixing;
  };
  /** Returns what is left of a session, except for its tombstone and the claims of its notifications. */
  const remainsOf = (id: string): string[] => {
    const { files } = testWindow.folder;
    const isExpected = (name: string): boolean =>
      name.endsWith('.claimed') || (hasTombstone(files, id) && name === sessionFileName(files, id));
    return [
      ...(testWindow.liveSessions.get(id) === undefined ? [] : ['memory']),
      ...[...testWindow.store.secrets]
        .filter(([key, value]) => key.includes(id) || value.includes(`"${id}"`))
        .map(([key]) => key),
      ...[...files]
        .filter(([name, text]) => (name.includes(id) || text.includes(id)) && !isExpected(name))
        .map(([name]) => name),
    ];
  };

  it('renew a session, after which the finding is gone', async () => {
    const record = await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now()));
    testWindow.liveSessions.patch(record.id, {
      failure: new Failure('network', 'ENOTFOUND'),
      failures: 1,
      failedAt: testWindow.clock.now(),
    });
    await applyFix('renewal-fails', 'Renew Now');
    assert.deepEqual(
      [testWindow.record().accessToken, testWindow.liveSessions.get('s1')?.failure, await lineOf('renewal-fails')],
      ['access-2', undefined, undefined],
    );
  });

  it('show why a renewal fails, and keep the session', async () => {
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now()));
    testWindow.liveSessions.patch('s1', {
      failure: new Failure('network', 'ENOTFOUND'),
      failures: 1,
      failedAt: testWindow.clock.now(),
    });
    server.onToken({ status: 503, body: '' });
    await applyFix('renewal-fails', 'Renew Now');
    assert.match(editor.messages.at(-1)?.text ?? '', /Acme/);
    assert.equal(testWindow.record().accessToken, 'access-1');
  });

  it('sign out of a session of another client after confirmation, and keep other sessions', async () => {
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now()));
    await seedSession(
      testWindow,
      recordAt(server.issuer, testWindow.clock.now(), { id: 'stray', clientId: 'another' }),
    );
    assert.ok(remainsOf('stray').length > 1);
    await applyFix('configuration-mismatch', 'Sign Out', false);
    assert.notEqual(testWindow.liveSessions.get('stray'), undefined);
    await applyFix('configuration-mismatch', 'Sign Out');
    assert.deepEqual([remainsOf('stray'), await lineOf('configuration-mismatch')], [[], undefined]);
    assert.deepEqual(
      editor.messages.map(({ buttons, isModal }) => [buttons, isModal]),
      [
        [['Sign Out'], true],
        [['Sign Out'], true],
      ],
    );
    assert.deepEqual([testWindow.record().accessToken, testWindow.stored()?.includes('access-1')], ['access-1', true]);
    assert.deepEqual(
      server.requestsTo('/revoke').map(({ parameters }) => parameters.get('client_id')),
      ['another', 'another'],
    );
  });

  it('delete a session with an ID token of another user, without a request to the server', async () => {
    const idToken = jwtWith({ iss: server.issuer, aud: 'editor', sub: 'another-user' });
    await seedSession(
      testWindow,
      recordAt(server.issuer, testWindow.clock.now(), { id: 'stray', subject: 'person-1', idToken }),
    );
    await applyFix('identity-mismatch', 'Delete');
    assert.deepEqual([remainsOf('stray'), await lineOf('identity-mismatch'), server.requests], [[], undefined, []]);
  });

  it('sign out of one of two accounts with the same name, also at the server', async () => {
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now()));
    await seedSession(
      testWindow,
      recordAt(server.issuer, testWindow.clock.now(), {
        id: 'other',
        account: { id: 'person-2', label: 'Sam' },
        accessToken: 'access-o',
        refreshToken: 'refresh-o',
      }),
    );
    await applyFix('same-label', 'Sign Out', false);
    assert.equal(testWindow.liveSessions.all().length, 2);
    await applyFix('same-label', 'Sign Out');
    const [left, ...others] = testWindow.liveSessions.all();
    const gone = left?.record.id === 's1' ? 'other' : 's1';
    assert.deepEqual(
      [others, remainsOf(gone), await lineOf('same-label'), done],
      [[], [], undefined, ['sign-out page']],
    );
    const revoked = server.requestsTo('/revoke').map(({ parameters }) => parameters.get('token'));
    assert.deepEqual(
      revoked.filter((token) => token?.startsWith('refresh-')),
      [gone === 'other' ? 'refresh-o' : 'refresh-1'],
    );
  });

  it('delete quarantined secrets after confirmation, and nothing else', async () => {
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now()));
    testWindow.store.secrets.set('session:broken', 'not a session');
    const loading = testWindow.secretStorage.load();
    await testWindow.clock.pass(MINUTE / 10);
    await loading;
    assert.equal((await testWindow.secretStorage.listQuarantined()).length, 1);
    await applyFix('quarantined-secrets', 'Delete Quarantined Secrets', false);
    assert.equal((await testWindow.secretStorage.listQuarantined()).length, 1);
    await applyFix('quarantined-secrets', 'Delete Quarantined Secrets');
    assert.deepEqual(
      [
        (await testWindow.secretStorage.listQuarantined()).length,
        remainsOf('broken'),
        await lineOf('quarantined-secrets'),
      ],
      [0, [], undefined],
    );
    assert.notEqual(testWindow.stored(), undefined);
  });

  it('sign in again with the ended session', async () => {
    await seedSession(
      testWindow,
      recordAt(server.issuer, testWindow.clock.now(), {
        ended: { at: testWindow.clock.now(), category: 'session-ended', code: 'invalid_grant' },
      }),
    );
    await applyFix('ended', 'Sign In Again');
    assert.deepEqual(done, ['sign in s1']);
  });

  it('open the settings: the entries, the entry of a provider, a number, the network settings', async () => {
    const opened = (): readonly unknown[] => editor.executed.at(-1) ?? [];
    setProviders(entry(), { id: 'broken' });
    await applyFix('entry-not-used', 'Open Settings');
    assert.deepEqual(opened(), ['workbench.action.openSettings', '@id:sessionKeeper.providers']);
    setProviders(entry());
    editor.configure(`${PREFIX}.${SETTINGS.minimumValidity}`, -1);
    await applyFix('setting-out-of-range', 'Open Settings');
    assert.deepEqual(opened(), ['workbench.action.openSettings', '@id:sessionKeeper.minimumValidity']);
    editor.configure('http.proxyStrictSSL', false);
    assert.notEqual(await lineOf('tls-off'), undefined);
    await applyFix('tls-off', 'Open Proxy Settings');
    assert.deepEqual(opened(), [
      'workbench.action.openSettings',
      '@id:http.proxy,http.proxyStrictSSL,http.systemCertificates',
    ]);
    await seedSession(
      testWindow,
      recordAt(server.issuer, testWindow.clock.now(), { accessExpiresAt: undefined, expirySource: 'unknown' }),
    );
    await applyFix('lifetime-unknown', 'Open Settings');
    assert.deepEqual(opened(), ['workbench.action.openSettingsJson']);
  });

  it('open the wizard and the log', async () => {
    setProviders();
    await applyFix('nothing-configured', 'Add Provider…');
    setProviders(entry());
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now()));
    testWindow.liveSessions.patch('s1', {
      failure: new Failure('rate-limited', 'http-429'),
      failures: 1,
      failedAt: testWindow.clock.now(),
    });
    await applyFix('renewal-fails', 'Show Log');
    assert.deepEqual(done, ['add provider', 'log']);
  });

  it('check again', async () => {
    testWindow.folder.failing = true;
    const line = await lineOf('folder-fails');
    assert.equal(await titleAt(line ?? -1), 'Check Again');
    testWindow.folder.failing = false;
    const fixing = diagnostics.applyFix(line);
    await testWindow.clock.pass(MINUTE / 10);
    await fixing;
    assert.doesNotMatch(await diagnostics.text(), /\(folder-fails\)/);
  });

  it('do nothing for any other line, whoever runs the command', async () => {
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now(), { clientId: 'another' }));
    const line = await lineOf('configuration-mismatch');
    editor.respond = ({ buttons: [first] }) => first;
    for (const other of [0, (line ?? 0) + 1, String(line), undefined, null, {}]) {
      await diagnostics.applyFix(other);
    }
    assert.deepEqual([testWindow.liveSessions.all().length, editor.messages], [1, []]);
  });
});
