import assert from 'node:assert/strict';
import { DAY, SECOND } from '../../../src/core/clock.ts';
import type { Provider } from '../../../src/core/provider.ts';
import type { LiveSession } from '../../../src/core/status.ts';
import { providerAt } from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import {
  createTestWindow,
  grantFor,
  createTestWindowWithServer,
  seedSession,
  recordAt,
  type TestWindow,
} from '../../support/testWindow.ts';
import { ScriptedServer } from '../../support/scriptedServer.ts';
import { hasTombstone, lockContent, sessionFileName } from '../../support/sharedFiles.ts';

describe('The session manager with sign-ins and sign-outs', () => {
  let server: ScriptedServer;
  let testWindow: TestWindow;

  beforeEach(async () => {
    ({ testWindow, server } = await createTestWindowWithServer());
  });

  afterEach(async () => {
    await server.stop();
  });

  const now = (): number => testWindow.clock.now();
  const ids = (sessions: readonly LiveSession[]): string[] => sessions.map(({ record }) => record.id);
  const tokens = (sessions: readonly LiveSession[]): string[] => sessions.map(({ record }) => record.accessToken);
  /** Opens another window, which has read the store. */
  const started = async (): Promise<TestWindow> => {
    const other = createTestWindow(server.issuer, {
      store: testWindow.store,
      folder: testWindow.folder,
      clock: testWindow.clock,
      life: testWindow.life,
    });
    await other.sessionManager.ready();
    return other;
  };

  /**
   * Returns the remains of a session: its secret, its files except the tombstone, and whatever contains a token. The
   * encryption key stays, but there is nothing left for it to decrypt.
   */
  const leftOf = (id: string): string[] => {
    const texts = [
      ...testWindow.store.secrets,
      ...[...testWindow.folder.files].filter(
        ([name]) => name !== sessionFileName(testWindow.folder.files, id) || !hasTombstone(testWindow.folder.files, id),
      ),
    ];
    return texts.filter(([name, text]) => name.includes(id) || /access-\d|refresh-\d/.test(text)).map(([name]) => name);
  };

  describe('at a sign-in', () => {
    it('creates a session, which is stored and recorded', async () => {
      const record = await testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer), now()));
      assert.equal(record.id, 'new-1');
      assert.deepEqual(JSON.parse(testWindow.stored('new-1') ?? ''), testWindow.record('new-1'));
      assert.equal((await testWindow.sessionStore.header('new-1'))?.generation, 1);
      assert.deepEqual(await (await started()).sessionStore.get('new-1'), record);
    });

    it('rejects a sign-in whose settings entry was changed or removed meanwhile, and stores nothing', async () => {
      await rejectsWith(
        testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer, { clientId: 'another' }), now())),
        'not-configured',
        'provider-removed',
      );
      await rejectsWith(
        testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer, { id: 'gone' }), now())),
        'not-configured',
        'provider-removed',
      );
      assert.deepEqual([testWindow.liveSessions.all(), testWindow.store.secrets.size], [[], 0]);
    });

    it('keeps the session ID when the same account signs in again with the same scopes', async () => {
      const provider = providerAt(server.issuer, { scopes: ['read', 'write'] });
      await testWindow.sessionManager.addSession(grantFor(provider, now()));
      const second = await testWindow.sessionManager.addSession({
        ...grantFor(provider, now() + 1, { accessToken: 'access-9' }),
        scopes: ['write', 'read'],
      });
      assert.deepEqual([second.id, second.generation, testWindow.liveSessions.all().length], ['new-1', 2, 1]);
      assert.equal(testWindow.record('new-1').accessToken, 'access-9');
      assert.ok(testWindow.changes.every(({ after }) => after !== undefined));
    });

    it('resumes a session that had ended', async () => {
      await testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer), now()));
      server.onToken({ status: 400, body: { error: 'invalid_grant' } });
      await rejectsWith(testWindow.tokenRefresher.refresh('new-1', { reason: 'test' }), 'session-ended');
      await testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer), now()));
      assert.deepEqual(
        [testWindow.record('new-1').ended, testWindow.liveSessions.get('new-1')?.failure],
        [undefined, undefined],
      );
    });

    it('creates separate sessions for other scopes and other accounts', async () => {
      const provider = providerAt(server.issuer);
      await testWindow.sessionManager.addSession(grantFor(provider, now()));
      await testWindow.sessionManager.addSession({ ...grantFor(provider, now()), scopes: ['write'] });
      await testWindow.sessionManager.addSession(grantFor(provider, now(), {}, { id: 'person-2', label: 'Kim' }));
      assert.deepEqual(ids(testWindow.liveSessions.all()), ['new-1', 'new-2', 'new-3']);
    });

    const seedEnded = (): Promise<unknown> =>
      seedSession(
        testWindow,
        recordAt(server.issuer, now(), {
          ended: { at: now(), category: 'session-ended', code: 'invalid_grant' },
          accessExpiresAt: now(),
        }),
      );

    it("keeps an ended session of the account when the new one doesn't serve its callers", async () => {
      await seedEnded();
      await testWindow.sessionManager.addSession({
        ...grantFor(providerAt(server.issuer), now()),
        scopes: ['read', 'write'],
      });
      assert.deepEqual(ids(testWindow.liveSessions.all()), ['s1', 'new-1']);
    });

    it('removes an ended session of the account when the new one replaces it', async () => {
      testWindow = createTestWindow(server.issuer, {
        ...testWindow,
        providers: [providerAt(server.issuer, { scopes: ['read', 'write'] })],
      });
      await seedEnded();
      await testWindow.sessionManager.addSession({
        ...grantFor(providerAt(server.issuer), now()),
        scopes: ['read', 'write'],
      });
      assert.deepEqual(
        [ids(testWindow.liveSessions.all()), ids((await started()).liveSessions.all())],
        [['new-1'], ['new-1']],
      );
      assert.deepEqual([testWindow.stored('s1'), hasTombstone(testWindow.folder.files)], [undefined, true]);
    });

    it('never gives two accounts of a provider the same label, even when their IDs begin alike', async () => {
      const provider = providerAt(server.issuer);
      for (const id of ['google-oauth2|1', 'google-oauth2|2', 'google-oauth2|3', 'google-oauth2|4']) {
        await testWindow.sessionManager.addSession(grantFor(provider, now(), {}, { id, label: 'Sam' }));
      }
      const labels = testWindow.liveSessions.all().map(({ record }) => record.account.label);
      assert.equal(new Set(labels).size, 4, labels.join(', '));
      assert.equal(labels[0], 'Sam');
    });

    it('keeps the label of a known account', async () => {
      const provider = providerAt(server.issuer);
      await testWindow.sessionManager.addSession(grantFor(provider, now()));
      const renamed = await testWindow.sessionManager.addSession(
        grantFor(provider, now(), {}, { id: 'person-1', label: 'Samantha' }),
      );
      assert.equal(renamed.account.label, 'Sam');
    });

    it('creates a separate session when the user has signed out of the old one in another window', async () => {
      await testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer), now()));
      await (await started()).sessionManager.signOut('new-1');
      const record = await testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer), now()));
      assert.deepEqual([record.id, record.generation], ['new-2', 1]);
      assert.deepEqual(ids((await started()).liveSessions.all()), ['new-2']);
    });

    it('also does so when only the store knows of that sign-out because the folder failed, and keeps it at the next start', async () => {
      await testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer), now()));
      const other = await started();
      testWindow.folder.failing = true;
      await other.sessionManager.signOut('new-1');
      testWindow.folder.failing = false;
      const record = await testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer), now()));
      assert.deepEqual([record.id, ids((await started()).liveSessions.all())], ['new-2', ['new-2']]);
    });

    it('stores it over what another window could refresh but not record in the session index', async () => {
      await testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer), now()));
      const other = await started();
      testWindow.folder.failing = 'writing';
      for (let time = 0; time < 3; time += 1) {
        const renewal = other.tokenRefresher.refresh('new-1', { reason: 'test' });
        await testWindow.clock.pass(3 * SECOND);
        await renewal;
      }
      const admission = testWindow.sessionManager.addSession(
        grantFor(providerAt(server.issuer), now(), { refreshToken: 'refresh-new' }),
      );
      await testWindow.clock.pass(3 * SECOND);
      assert.equal((await admission).generation, 5);
      assert.equal((await started()).record('new-1').refreshToken, 'refresh-new');
    });

    it('supersedes what another window has stored for the session meanwhile', async () => {
      await testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer), now()));
      await (await started()).tokenRefresher.refresh('new-1', { reason: 'test' });
      const record = await testWindow.sessionManager.addSession(
        grantFor(providerAt(server.issuer), now(), { accessToken: 'access-9' }),
      );
      assert.deepEqual(
        [record.id, record.generation, (await started()).record('new-1').accessToken],
        ['new-1', 3, 'access-9'],
      );
    });

    it('waits up to three seconds for another window that is refreshing the session', async () => {
      await testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer), now()));
      const { token } = await testWindow.life.register();
      testWindow.folder.files.set('new-1.1.locked', lockContent(token));
      let isDone = false;
      const admission = testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer), now())).finally(() => {
        isDone = true;
      });
      await testWindow.clock.pass(3 * SECOND - 1);
      assert.equal(isDone, false);
      await testWindow.clock.pass(SECOND);
      // The refresh there may produce the next generation. The sign-in takes precedence.
      assert.equal((await admission).generation, 3);
    });

    it('unblocks refreshes of the session when something that seems alive holds its lock', async () => {
      await testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer), now()));
      const { token } = await testWindow.life.register();
      testWindow.folder.files.set('new-1.1.locked', lockContent(token));
      const admission = testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer), now()));
      await testWindow.clock.pass(4 * SECOND);
      await admission;
      const renewed = await testWindow.tokenRefresher.refresh('new-1', { reason: 'test' });
      assert.equal(renewed.generation, 4);
    });

    it('unblocks refreshes of the session when one of this window waits for such a lock', async () => {
      await testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer), now()));
      const { token } = await testWindow.life.register();
      testWindow.folder.files.set('new-1.1.locked', lockContent(token));
      const waiting = testWindow.tokenRefresher.refresh('new-1', { reason: 'test' }).catch(() => undefined);
      await testWindow.clock.pass(SECOND);
      await testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer), now()));
      await testWindow.clock.pass(5 * SECOND);
      await waiting;
      const renewed = await testWindow.tokenRefresher.refresh('new-1', { reason: 'test' });
      assert.equal(renewed.generation, 4);
    });

    it('keeps it only in memory when a store accepts it and forgets it, and stores it again', async () => {
      const storing = testWindow.store.store.bind(testWindow.store);
      testWindow.store.store = () => Promise.resolve();
      await testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer), now()));
      assert.equal(testWindow.liveSessions.get('new-1')?.unsaved, true);
      testWindow.store.store = storing;
      await testWindow.sessionStore.put(testWindow.record('new-1'));
      assert.deepEqual(
        [testWindow.liveSessions.get('new-1')?.unsaved, JSON.parse(testWindow.stored('new-1') ?? '')],
        [false, testWindow.record('new-1')],
      );
    });

    it("signs in although the store fails, and reports that it's only in memory", async () => {
      testWindow.store.failing.add('store');
      await testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer), now()));
      assert.equal(testWindow.liveSessions.get('new-1')?.unsaved, true);
      assert.deepEqual(tokens(await testWindow.sessionManager.getUsableSessions('acme', ['read'])), ['access-1']);
    });

    it('accepts a token with an expiry beyond the range of dates', async () => {
      const record = await testWindow.sessionManager.addSession(
        grantFor(providerAt(server.issuer), now(), { accessExpiresAt: now() + Number.MAX_SAFE_INTEGER * 1000 }),
      );
      assert.deepEqual(ids(await testWindow.sessionManager.getUsableSessions('acme', ['read'])), [record.id]);
    });
  });

  describe('at a sign-out', () => {
    const atServer = async (id: string): Promise<string> => (await testWindow.sessionManager.signOut(id)).atServer;

    it('ends it here and revokes both tokens at the server, the refresh token first', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      assert.equal(await atServer('s1'), 'revoked');
      assert.deepEqual(
        server.requestsTo('/revoke').map(({ parameters }) => parameters.get('token')),
        ['refresh-1', 'access-1'],
      );
      assert.deepEqual([testWindow.liveSessions.all(), leftOf('s1')], [[], []]);
      const other = await started();
      await other.clock.pass(5 * SECOND);
      assert.deepEqual([other.sessionManager.getAll(), other.findings], [[], []]);
    });

    it("returns the server's sign-out page when the entry enables it, and logs that without the token", async () => {
      server.metadata['end_session_endpoint'] = `${server.issuer}/out`;
      const pageOf = async (signOutAtServer: Provider['signOutAtServer']): Promise<string | undefined> => {
        testWindow = createTestWindow(server.issuer, { providers: [providerAt(server.issuer, { signOutAtServer })] });
        await seedSession(testWindow, recordAt(server.issuer, now(), { idToken: 'id.token.x' }));
        const leaving = await (await testWindow.sessionManager.signOut('s1')).page;
        return leaving === undefined
          ? undefined
          : [leaving.server.provider.id, leaving.accountId, leaving.idToken].join();
      };
      assert.equal(await pageOf(false), undefined);
      assert.deepEqual(
        [await pageOf(true), await pageOf('return')],
        ['acme,person-1,id.token.x', 'acme,person-1,id.token.x'],
      );
      assert.ok(!testWindow.lines.join().includes('id.token.x'));
      delete server.metadata['end_session_endpoint'];
      assert.equal(await pageOf(true), undefined);
      server.onDiscovery('drop');
      assert.equal(await pageOf(true), undefined);
    });

    it('leaves nothing but the tombstone of a session that was refreshed and has failed', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      await testWindow.tokenRefresher.refresh('s1', { reason: 'test' });
      server.onToken({ status: 503 });
      await rejectsWith(testWindow.tokenRefresher.refresh('s1', { reason: 'test' }), 'server');
      assert.ok(leftOf('s1').length >= 5, leftOf('s1').join());
      await atServer('s1');
      assert.deepEqual(
        [leftOf('s1'), testWindow.folder.files.size, hasTombstone(testWindow.folder.files)],
        [[], 1, true],
      );
      assert.deepEqual(
        [...testWindow.store.secrets.keys()].map((key) => key.split(':')[0]),
        ['encryption-key'],
      );
    });

    it("remembers for half a year that it's signed out, longer than any window that still has it stays open", async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      await atServer('s1');
      testWindow.clock.sleep(179 * DAY);
      await started();
      assert.deepEqual([testWindow.folder.files.size, hasTombstone(testWindow.folder.files)], [1, true]);
      testWindow.clock.sleep(2 * DAY);
      await started();
      assert.deepEqual([...testWindow.folder.files.keys()], []);
    });

    it("deletes it only here when it's merely discarded: no server gets its tokens", async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      await testWindow.sessionManager.removeLocally('s1');
      await testWindow.clock.rest();
      assert.deepEqual([testWindow.liveSessions.all(), leftOf('s1'), server.requests], [[], [], []]);
      assert.deepEqual((await started()).sessionManager.getAll(), []);
      await testWindow.sessionManager.removeLocally('s1');
    });

    it('ends it here immediately, before the server has responded', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      const revocation = testWindow.sessionManager.signOut('s1');
      assert.deepEqual(testWindow.liveSessions.all(), []);
      await revocation;
    });

    for (const [what, prepare] of [
      ['the server fails', () => server.on('/revoke', { status: 503 })],
      ["the server can't be reached", () => server.onDiscovery('drop')],
    ] as const) {
      it(`ends it here although ${what}, and reports that the server didn't confirm`, async () => {
        await seedSession(testWindow, recordAt(server.issuer, now()));
        prepare();
        await assert.rejects(atServer('s1'));
        assert.deepEqual([testWindow.liveSessions.all(), leftOf('s1')], [[], []]);
      });
    }

    it("ends it here and at the server although the store doesn't delete it, and reports that", async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      testWindow.store.failing.add('delete');
      const revoked = server.waitFor('/revoke', 2);
      await rejectsWith(testWindow.sessionManager.signOut('s1'), 'storage');
      await revoked;
      assert.deepEqual(testWindow.liveSessions.all(), []);
      testWindow.store.failing.clear();
      assert.deepEqual(
        [(await started()).sessionManager.getAll(), leftOf('s1')],
        [[], []],
        'nor is it restored at the next start',
      );
    });

    it('ends it here although the folder fails, and deletes its secret', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      testWindow.folder.failing = true;
      assert.equal(await atServer('s1'), 'revoked');
      assert.deepEqual([testWindow.liveSessions.all(), testWindow.stored()], [[], undefined]);
    });

    it("records it in the store when the folder fails, so that undeleted files don't restore it", async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      testWindow.folder.failing = true;
      await atServer('s1');
      testWindow.folder.failing = false;
      assert.equal(hasTombstone(testWindow.folder.files), false);
      const other = await started();
      await other.clock.pass(5 * SECOND);
      assert.deepEqual(
        [other.sessionManager.getAll(), other.findings, hasTombstone(testWindow.folder.files)],
        [[], [], true],
      );
    });

    it('reports that the server offers no revocation', async () => {
      delete server.metadata['revocation_endpoint'];
      await seedSession(testWindow, recordAt(server.issuer, now()));
      assert.equal(await atServer('s1'), 'not-supported');
    });

    it('revokes the tokens of a session regardless of what ended it, and of one that is no longer configured', async () => {
      const former = await ScriptedServer.start();
      await seedSession(
        testWindow,
        recordAt(server.issuer, now(), { ended: { at: now(), category: 'session-ended', code: 'invalid_grant' } }),
      );
      await seedSession(testWindow, recordAt(former.issuer, now(), { id: 's2', clientId: 'former' }));
      await Promise.all([atServer('s1'), atServer('s2')]);
      assert.deepEqual([leftOf('s1'), leftOf('s2')], [[], []]);
      for (const [one, client] of [
        [server, 'editor'],
        [former, 'former'],
      ] as const) {
        assert.deepEqual(
          one.requestsTo('/revoke').map(({ parameters }) => [parameters.get('token'), parameters.get('client_id')]),
          [
            ['refresh-1', client],
            ['access-1', client],
          ],
        );
      }
      await former.stop();
    });

    it('does nothing the second time', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      await Promise.all([atServer('s1'), atServer('s1')]);
      assert.equal(server.requestsTo('/revoke').length, 2);
    });
  });
});
