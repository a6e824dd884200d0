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

describe('The session manager, as people come and go', () => {
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
  /** Another window, which has read the store. */
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
   * What is left of a session: its secret, its files but for the word that it is signed out, and whatever holds a token.
   * The encryption key stays, with nothing left for it to decrypt.
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
    it('makes a session, stored and entered', async () => {
      const record = await testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer), now()));
      assert.equal(record.id, 'new-1');
      assert.deepEqual(JSON.parse(testWindow.stored('new-1') ?? ''), testWindow.record('new-1'));
      assert.equal((await testWindow.sessionStore.header('new-1'))?.generation, 1);
      assert.deepEqual(await (await started()).sessionStore.get('new-1'), record);
    });

    it('refuses a sign-in whose entry in the settings has changed or gone meanwhile, and stores nothing', async () => {
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

    it('keeps the session id where the same account signs in again with the same scopes', async () => {
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

    it('revives a session that had ended', async () => {
      await testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer), now()));
      server.onToken({ status: 400, body: { error: 'invalid_grant' } });
      await rejectsWith(testWindow.tokenRefresher.refresh('new-1', { reason: 'test' }), 'session-ended');
      await testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer), now()));
      assert.deepEqual(
        [testWindow.record('new-1').ended, testWindow.liveSessions.get('new-1')?.failure],
        [undefined, undefined],
      );
    });

    it('keeps other scopes and other accounts as sessions of their own', async () => {
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

    it('keeps an ended session of the account where the new one does not serve its callers', async () => {
      await seedEnded();
      await testWindow.sessionManager.addSession({
        ...grantFor(providerAt(server.issuer), now()),
        scopes: ['read', 'write'],
      });
      assert.deepEqual(ids(testWindow.liveSessions.all()), ['s1', 'new-1']);
    });

    it('clears away an ended session of the account that the new one stands in for', async () => {
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

    it('never gives two accounts of a provider one label, even where their ids begin alike', async () => {
      const provider = providerAt(server.issuer);
      for (const id of ['google-oauth2|1', 'google-oauth2|2', 'google-oauth2|3', 'google-oauth2|4']) {
        await testWindow.sessionManager.addSession(grantFor(provider, now(), {}, { id, label: 'Sam' }));
      }
      const labels = testWindow.liveSessions.all().map(({ record }) => record.account.label);
      assert.equal(new Set(labels).size, 4, labels.join(', '));
      assert.equal(labels[0], 'Sam');
    });

    it('keeps the label of an account that it knows', async () => {
      const provider = providerAt(server.issuer);
      await testWindow.sessionManager.addSession(grantFor(provider, now()));
      const renamed = await testWindow.sessionManager.addSession(
        grantFor(provider, now(), {}, { id: 'person-1', label: 'Samantha' }),
      );
      assert.equal(renamed.account.label, 'Sam');
    });

    it('is a session of its own where the person has signed out of the old one in another window', async () => {
      await testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer), now()));
      await (await started()).sessionManager.signOut('new-1');
      const record = await testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer), now()));
      assert.deepEqual([record.id, record.generation], ['new-2', 1]);
      assert.deepEqual(ids((await started()).liveSessions.all()), ['new-2']);
    });

    it('is one also where only the store knows of that sign-out, because the folder failed; it is there at the next start', async () => {
      await testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer), now()));
      const other = await started();
      testWindow.folder.failing = true;
      await other.sessionManager.signOut('new-1');
      testWindow.folder.failing = false;
      const record = await testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer), now()));
      assert.deepEqual([record.id, ids((await started()).liveSessions.all())], ['new-2', ['new-2']]);
    });

    it('is stored over what another window could renew, but not enter into the session index', async () => {
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

    it('is newer than what another window has made of the session meanwhile', async () => {
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

    it('waits three seconds, and no more, for another window that is just renewing the session', async () => {
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
      // The renewal there may bring the next number, and the sign-in counts for more.
      assert.equal((await admission).generation, 3);
    });

    it('frees the session for renewals when something that seems alive holds its lock', async () => {
      await testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer), now()));
      const { token } = await testWindow.life.register();
      testWindow.folder.files.set('new-1.1.locked', lockContent(token));
      const admission = testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer), now()));
      await testWindow.clock.pass(4 * SECOND);
      await admission;
      const renewed = await testWindow.tokenRefresher.refresh('new-1', { reason: 'test' });
      assert.equal(renewed.generation, 4);
    });

    it('frees the session for renewals when one of this window waits for such a lock', async () => {
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

    it('is held in memory only where a store accepts it and forgets it, and is stored again', async () => {
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

    it('signs in although the store fails, and says that it is in memory only', async () => {
      testWindow.store.failing.add('store');
      await testWindow.sessionManager.addSession(grantFor(providerAt(server.issuer), now()));
      assert.equal(testWindow.liveSessions.get('new-1')?.unsaved, true);
      assert.deepEqual(tokens(await testWindow.sessionManager.getUsableSessions('acme', ['read'])), ['access-1']);
    });

    it('admits a token that is to live longer than a date can say', async () => {
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

    it('tells of which server the person signs out in the browser, where the entry wants that, and the log not with what token', async () => {
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

    it('leaves nothing of a session that was renewed and has failed, but the word that it is signed out', async () => {
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

    it('remembers for half a year that it is signed out, longer than any window stays open that still knows it', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      await atServer('s1');
      testWindow.clock.sleep(179 * DAY);
      await started();
      assert.deepEqual([testWindow.folder.files.size, hasTombstone(testWindow.folder.files)], [1, true]);
      testWindow.clock.sleep(2 * DAY);
      await started();
      assert.deepEqual([...testWindow.folder.files.keys()], []);
    });

    it('deletes it here alone where it is merely discarded: no server gets to see its tokens', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      await testWindow.sessionManager.removeLocally('s1');
      await testWindow.clock.rest();
      assert.deepEqual([testWindow.liveSessions.all(), leftOf('s1'), server.requests], [[], [], []]);
      assert.deepEqual((await started()).sessionManager.getAll(), []);
      await testWindow.sessionManager.removeLocally('s1');
    });

    it('ends it here at once, before the server has answered', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      const revocation = testWindow.sessionManager.signOut('s1');
      assert.deepEqual(testWindow.liveSessions.all(), []);
      await revocation;
    });

    for (const [what, prepare] of [
      ['the server is broken', () => server.on('/revoke', { status: 503 })],
      ['the server cannot be reached', () => server.onDiscovery('drop')],
    ] as const) {
      it(`ends it here although ${what}, and says that the server did not confirm`, async () => {
        await seedSession(testWindow, recordAt(server.issuer, now()));
        prepare();
        await assert.rejects(atServer('s1'));
        assert.deepEqual([testWindow.liveSessions.all(), leftOf('s1')], [[], []]);
      });
    }

    it('ends it here and at the server although the store does not delete, and says so', async () => {
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
        'nor does it come back at the next start',
      );
    });

    it('ends it here although the folder fails, and takes its secret away', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      testWindow.folder.failing = true;
      assert.equal(await atServer('s1'), 'revoked');
      assert.deepEqual([testWindow.liveSessions.all(), testWindow.stored()], [[], undefined]);
    });

    it('leaves word in the store where the folder fails, so that what could not be taken away there does not bring it back', async () => {
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

    it('says that the server offers no revocation', async () => {
      delete server.metadata['revocation_endpoint'];
      await seedSession(testWindow, recordAt(server.issuer, now()));
      assert.equal(await atServer('s1'), 'not-supported');
    });

    it('revokes the tokens of a session whatever has ended it, and of one that is not configured any more', async () => {
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
