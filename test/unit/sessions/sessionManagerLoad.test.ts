import assert from 'node:assert/strict';
import { MINUTE, SECOND } from '../../../src/core/clock.ts';
import type { LiveSession } from '../../../src/core/status.ts';
import { rejectsWith } from '../../support/failures.ts';
import { providerAt } from '../../support/fixtures.ts';
import {
  createTestWindow,
  createTestWindowWithServer,
  seedSession,
  recordAt,
  type TestWindow,
} from '../../support/testWindow.ts';
import type { ScriptedServer } from '../../support/scriptedServer.ts';
import { deleteSealed } from '../../support/sharedFiles.ts';

describe('The session manager with a store and other windows', () => {
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
  const again = (): TestWindow =>
    createTestWindow(server.issuer, { store: testWindow.store, folder: testWindow.folder, clock: testWindow.clock });
  /** A test window after a start, once missing sessions have had time to appear. */
  const restarted = async (): Promise<TestWindow> => {
    const next = again();
    await next.sessionManager.ready();
    await next.clock.pass(3 * SECOND);
    return next;
  };

  describe('at load', () => {
    /** Returns the secrets of sessions, without keys and quarantined secrets. */
    const secretsOf = (): string[] => [...testWindow.store.secrets.keys()].filter((key) => key.startsWith('session:'));

    it('reports nothing when nothing is wrong', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      const next = await restarted();
      assert.deepEqual([next.findings, server.requests.length], [[], 0]);
    });

    it('reports a session that the store has lost, once across all starts', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      testWindow.store.secrets.clear();
      const next = await restarted();
      await next.sessionManager.ready();
      assert.deepEqual(next.findings, [{ id: 's1', kind: 'lost', providerId: 'acme' }]);
      assert.deepEqual((await restarted()).findings, []);
    });

    it('reports it in one window when several start at once', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      testWindow.store.secrets.clear();
      const windows = [again(), again(), again()];
      await Promise.all(windows.map(({ sessionManager }) => sessionManager.ready()));
      await testWindow.clock.pass(3 * SECOND);
      assert.deepEqual(
        windows.flatMap(({ findings }) => findings.map(({ kind }) => kind)),
        ['lost'],
      );
    });

    it('reports a loss three seconds after the start, because the store of a starting window lags', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      const secrets = [...testWindow.store.secrets];
      testWindow.store.secrets.clear();
      const next = again();
      await next.sessionManager.ready();
      await testWindow.clock.pass(3 * SECOND - 1);
      assert.deepEqual(next.findings, []);
      for (const [key, value] of secrets) {
        testWindow.store.secrets.set(key, value);
      }
      await testWindow.clock.pass(MINUTE);
      assert.deepEqual([next.findings, ids(next.sessionManager.getAll())], [[], ['s1']]);
    });

    it("doesn't report as lost what another window signs out in that time", async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      const other = again();
      await other.sessionManager.ready();
      testWindow.store.secrets.clear();
      const next = again();
      await next.sessionManager.ready();
      await other.sessionManager.signOut('s1');
      await testWindow.clock.pass(MINUTE);
      assert.deepEqual(next.findings, []);
    });

    it('restores a session that the store has lost from its file when the encryption key exists', async () => {
      const record = await seedSession(testWindow, recordAt(server.issuer, now()));
      testWindow.store.secrets.delete('session:s1');
      const next = await restarted();
      assert.deepEqual([next.findings, next.record()], [[], record]);
      assert.deepEqual(JSON.parse(testWindow.stored() ?? ''), record);
    });

    it('restores the newest tokens when the store has older ones', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      const old = testWindow.stored() ?? '';
      const newest = await seedSession(
        testWindow,
        recordAt(server.issuer, now(), { generation: 2, refreshToken: 'refresh-2' }),
      );
      testWindow.store.secrets.set('session:s1', old);
      assert.deepEqual((await restarted()).record(), newest);
      assert.deepEqual(JSON.parse(testWindow.stored() ?? ''), newest);
    });

    it("reports a session of another issuer or client once, keeps it and doesn't use it", async () => {
      await seedSession(testWindow, recordAt('https://elsewhere.example.com', now()));
      await seedSession(testWindow, recordAt(server.issuer, now(), { id: 's2', clientId: 'another' }));
      const next = await restarted();
      assert.deepEqual(next.findings, [
        { id: 's1', kind: 'foreign', providerId: 'acme', issuer: 'https://elsewhere.example.com', clientId: 'editor' },
        { id: 's2', kind: 'foreign', providerId: 'acme', issuer: server.issuer, clientId: 'another' },
      ]);
      const later = await restarted();
      assert.deepEqual(later.findings, [], 'must not notify at every start');
      assert.deepEqual([later.sessionManager.getAll(), secretsOf()], [[], ['session:s1', 'session:s2']]);
    });

    it("reports a session whose provider isn't configured once, keeps it and doesn't use it", async () => {
      await seedSession(testWindow, recordAt(server.issuer, now(), { providerId: 'gone', providerLabel: 'Gone' }));
      const next = await restarted();
      assert.deepEqual(next.findings, [
        { id: 's1', kind: 'unconfigured', providerId: 'gone', providerLabel: 'Gone', issuer: server.issuer },
      ]);
      assert.deepEqual([next.sessionManager.getAll(), secretsOf()], [[], ['session:s1']]);
      assert.deepEqual((await restarted()).findings, []);
    });

    it('reports a session whose provider is permanently removed from the settings, each time that happens', async () => {
      const providers = [providerAt(server.issuer)];
      await seedSession(testWindow, recordAt(server.issuer, now()));
      const window = createTestWindow(server.issuer, {
        providers,
        store: testWindow.store,
        folder: testWindow.folder,
        clock: testWindow.clock,
      });
      await window.sessionManager.ready();
      const change = async (isConfigured: boolean, wait: number): Promise<number> => {
        providers.splice(0, 1, ...(isConfigured ? [providerAt(server.issuer)] : []));
        window.sessions.onDemand.storedSessionIssues.onDidChangeProviders();
        await window.clock.pass(wait);
        return window.findings.length;
      };
      // A file may temporarily lack the entry while it's being edited.
      assert.deepEqual([await change(false, SECOND), await change(true, MINUTE)], [0, 0]);
      assert.deepEqual([await change(false, MINUTE), await change(false, MINUTE)], [1, 1]);
      assert.deepEqual([await change(true, MINUTE), await change(false, MINUTE)], [1, 2]);
      assert.deepEqual(
        [await change(true, SECOND), await change(false, MINUTE)],
        [2, 3],
        'even if it was back only briefly',
      );
    });

    it("reports a record of a later version once, leaves it unchanged and doesn't report it as lost", async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      const newer = JSON.stringify({ version: 3, id: 's1', anything: 'else' });
      testWindow.store.secrets.set('session:s1', newer);
      const next = await restarted();
      assert.deepEqual(
        [next.findings, next.sessionManager.getAll()],
        [[{ id: 's1', kind: 'newer', reason: 'version 3' }], []],
      );
      assert.deepEqual([(await restarted()).findings, testWindow.stored()], [[], newer]);
    });

    describe("of a session that can't be read", () => {
      it('restores it from its file, and quarantines the unreadable secret', async () => {
        const record = await seedSession(testWindow, recordAt(server.issuer, now()));
        testWindow.store.secrets.set('session:s1', 'hello');
        const next = await restarted();
        assert.deepEqual([next.findings, next.record()], [[], record]);
        assert.equal(testWindow.store.secrets.get('quarantined:s1:1'), 'hello');
      });

      it("reports that it was quarantined when the file has no tokens, and doesn't report it as lost", async () => {
        await seedSession(testWindow, recordAt(server.issuer, now()));
        deleteSealed(testWindow.folder.files);
        testWindow.store.secrets.set('session:s1', 'hello');
        assert.deepEqual(
          (await restarted()).findings.map(({ kind }) => kind),
          ['quarantined'],
        );
        assert.deepEqual((await restarted()).findings, [], 'nor at a later start');
      });
    });

    it("doesn't restore a signed-out session that the store still has", async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      const kept = testWindow.stored() ?? '';
      await testWindow.sessionManager.signOut('s1');
      testWindow.store.secrets.set('session:s1', kept);
      const next = await restarted();
      assert.deepEqual([next.sessionManager.getAll(), next.findings, secretsOf()], [[], [], []]);
    });

    it("loads although the session index can't be read", async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      testWindow.folder.failing = true;
      const next = await restarted();
      assert.deepEqual([ids(next.sessionManager.getAll()), next.findings], [['s1'], []]);
    });

    it("doesn't replace newer tokens in memory with stored ones", async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      const next = again();
      next.liveSessions.set(recordAt(server.issuer, now(), { generation: 9 }));
      await next.sessionManager.ready();
      assert.equal(next.record().generation, 9);
    });
  });

  describe('when a stored session has changed', () => {
    it('adopts a newer generation, and nothing older', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now(), { generation: 3 }));
      await testWindow.secretStorage.write(recordAt(server.issuer, now(), { generation: 2, accessToken: 'older' }));
      await testWindow.crossWindowSync.syncSecret('s1');
      assert.equal(testWindow.record().accessToken, 'access-1');
      await testWindow.secretStorage.write(recordAt(server.issuer, now(), { generation: 4, accessToken: 'newer' }));
      await testWindow.crossWindowSync.syncSecret('s1');
      assert.equal(testWindow.record().accessToken, 'newer');
    });

    it('removes a session that was signed out in another window', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      const other = again();
      await other.sessionManager.ready();
      await other.sessionManager.signOut('s1');
      await testWindow.crossWindowSync.syncSecret('s1');
      assert.deepEqual(testWindow.liveSessions.all(), []);
    });

    it('adopts a session that another window has signed in', async () => {
      await testWindow.secretStorage.write(recordAt(server.issuer, now()));
      await testWindow.crossWindowSync.syncSecret('s1');
      assert.deepEqual(ids(testWindow.sessionManager.getAll()), ['s1']);
    });

    it('leaves an incomplete refresh to the window that processes it, until the session index shows that it stays incomplete', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      const half = recordAt(server.issuer, now(), { generation: 2, isComplete: false, refreshToken: 'refresh-2' });
      await testWindow.secretStorage.write(half);
      await testWindow.crossWindowSync.syncSecret('s1');
      assert.equal(testWindow.record().generation, 1);
      await testWindow.sessionStore.put(half);
      await testWindow.crossWindowSync.syncSecret('s1');
      assert.deepEqual(testWindow.record(), half);
    });

    it("keeps its record when the store can't be read, and logs that", async () => {
      const record = await seedSession(testWindow, recordAt(server.issuer, now()));
      testWindow.store.failing.add('get');
      await testWindow.crossWindowSync.syncSecret('s1');
      assert.deepEqual(testWindow.record(), record);
      assert.ok(testWindow.lines.some((line) => line.includes("Couldn't read session s1 after a change (secret-get)")));
    });

    it("applies a sign-out in another window that couldn't be recorded in the session index", async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      const other = again();
      await other.sessionManager.ready();
      testWindow.folder.failing = true;
      await other.sessionManager.signOut('s1');
      await testWindow.crossWindowSync.syncSecret('s1');
      assert.deepEqual(testWindow.liveSessions.all(), []);
    });

    it("doesn't treat a missing session as signed out while the session index can't confirm it", async () => {
      const record = await seedSession(testWindow, recordAt(server.issuer, now()));
      testWindow.folder.failing = true;
      testWindow.store.secrets.clear();
      await testWindow.crossWindowSync.syncSecret('s1');
      assert.deepEqual([testWindow.record(), testWindow.liveSessions.get('s1')?.unsaved], [record, true]);
    });

    it('stores its tokens again when an older record has replaced them', async () => {
      const record = await seedSession(testWindow, recordAt(server.issuer, now(), { generation: 3 }));
      testWindow.store.secrets.set('session:s1', JSON.stringify(recordAt(server.issuer, now(), { generation: 2 })));
      await testWindow.crossWindowSync.syncSecret('s1');
      assert.equal(testWindow.liveSessions.get('s1')?.unsaved, true);
      await testWindow.sessionStore.put(testWindow.record());
      assert.deepEqual(JSON.parse(testWindow.stored() ?? ''), record);
    });

    it('leaves a record of a later version unchanged, and keeps its own', async () => {
      const record = await seedSession(testWindow, recordAt(server.issuer, now()));
      testWindow.store.secrets.set('session:s1', JSON.stringify({ version: 3 }));
      await testWindow.crossWindowSync.syncSecret('s1');
      assert.deepEqual(
        [testWindow.record(), testWindow.liveSessions.get('s1')?.unsaved, testWindow.stored()],
        [record, false, '{"version":3}'],
      );
    });

    it("doesn't restore what is being signed out here", async () => {
      const record = await seedSession(testWindow, recordAt(server.issuer, now()));
      const deleting = testWindow.store.delete.bind(testWindow.store);
      testWindow.store.delete = async (key) => {
        await testWindow.crossWindowSync.syncSecret(record.id);
        await deleting(key);
      };
      testWindow.folder.failing = true;
      await testWindow.sessionManager.signOut('s1');
      assert.deepEqual(
        [testWindow.liveSessions.all(), testWindow.changes.filter(({ before }) => before === undefined).length],
        [[], 1],
      );
    });

    it('stores a session again that has vanished without a sign-out', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      testWindow.store.secrets.clear();
      await testWindow.crossWindowSync.syncSecret('s1');
      assert.equal(testWindow.liveSessions.get('s1')?.unsaved, true);
      testWindow.scheduler.tick();
      await testWindow.clock.rest();
      testWindow.scheduler.dispose();
      assert.match(testWindow.stored() ?? '', /refresh-1/);
    });

    it('applies the end of a session that another window has recorded', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      const other = again();
      await other.sessionManager.ready();
      server.onToken({ status: 400, body: { error: 'invalid_grant' } });
      await rejectsWith(other.tokenRefresher.refresh('s1', { reason: 'test' }), 'session-ended');
      await testWindow.crossWindowSync.syncSecret('s1');
      assert.equal(testWindow.record().ended?.code, 'invalid_grant');
    });
  });
});
