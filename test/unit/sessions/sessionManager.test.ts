import assert from 'node:assert/strict';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import type { Provider } from '../../../src/core/provider.ts';
import type { LiveSession } from '../../../src/core/status.ts';
import { settle } from '../../support/fakeClock.ts';
import { providerAt } from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import {
  createTestWindow,
  createTestWindowWithServer,
  seedSession,
  recordAt,
  type TestWindow,
} from '../../support/testWindow.ts';
import { rotatingTokens, type ScriptedServer } from '../../support/scriptedServer.ts';

describe('The session manager', () => {
  let server: ScriptedServer;
  let testWindow: TestWindow;

  beforeEach(async () => {
    ({ testWindow, server } = await createTestWindowWithServer());
  });

  afterEach(async () => {
    await server.stop();
  });

  const now = (): number => testWindow.clock.now();
  const requests = (): number => server.requestsTo('/token').length;
  const ids = (sessions: readonly LiveSession[]): string[] => sessions.map(({ record }) => record.id);
  const tokens = (sessions: readonly LiveSession[]): string[] => sessions.map(({ record }) => record.accessToken);
  const again = (provider: Partial<Provider> = {}): TestWindow =>
    createTestWindow(server.issuer, {
      store: testWindow.store,
      folder: testWindow.folder,
      clock: testWindow.clock,
      providers: [providerAt(server.issuer, provider)],
    });
  /** Returns the current state of a promise. */
  const stateOf = async <T>(promise: Promise<T>): Promise<T | 'waiting'> =>
    Promise.race([promise, settle().then(() => 'waiting' as const)]);

  describe('when sessions are requested', () => {
    it('returns none when no user is signed in, without a request', async () => {
      assert.deepEqual(await testWindow.sessionManager.getUsableSessions('acme', ['read']), []);
      assert.equal(server.requests.length, 0);
    });

    it('returns a session that was signed in for exactly the scopes, and none for more or fewer', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now(), { scopes: ['read', 'write'] }));
      assert.deepEqual(ids(await testWindow.sessionManager.getUsableSessions('acme', ['read'])), []);
      assert.deepEqual(ids(await testWindow.sessionManager.getUsableSessions('acme', [])), []);
      assert.deepEqual(ids(await testWindow.sessionManager.getUsableSessions('acme', ['write', 'read'])), ['s1']);
      assert.deepEqual(ids(await testWindow.sessionManager.getUsableSessions('acme', ['read', 'admin'])), []);
      assert.deepEqual(ids(await testWindow.sessionManager.getUsableSessions('other', ['read'])), []);
    });

    it('returns a session with more scopes when the entry has them or combines scopes', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now(), { scopes: ['read', 'write'] }));
      for (const more of [{ scopes: ['read', 'write', 'admin'] }, { combineScopes: true }]) {
        const { sessionManager } = again(more);
        assert.deepEqual(ids(await sessionManager.getUsableSessions('acme', ['read'])), ['s1']);
        assert.deepEqual(ids(await sessionManager.getUsableSessions('acme', [])), ['s1']);
        assert.deepEqual(ids(await sessionManager.getUsableSessions('acme', ['admin'])), []);
      }
    });

    it('returns one session for each account, and only that of the specified account', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      await seedSession(
        testWindow,
        recordAt(server.issuer, now(), { id: 's2', account: { id: 'person-2', label: 'Kim' } }),
      );
      await seedSession(testWindow, recordAt(server.issuer, now() - DAY, { id: 's3', scopes: ['read', 'write'] }));
      assert.deepEqual(ids(await testWindow.sessionManager.getUsableSessions('acme', ['read'])), ['s1', 's2']);
      assert.deepEqual(ids(await testWindow.sessionManager.getUsableSessions('acme', ['read'], 'person-2')), ['s2']);
      assert.deepEqual(ids(await testWindow.sessionManager.getUsableSessions('acme', ['read'], 'person-3')), []);
    });

    it('prefers the session with exactly the scopes, then the later sign-in', async () => {
      await seedSession(
        testWindow,
        recordAt(server.issuer, now(), { id: 'exact', scopes: ['read'], signedInAt: now() - DAY }),
      );
      await seedSession(testWindow, recordAt(server.issuer, now(), { id: 'wide', scopes: ['read', 'write'] }));
      await seedSession(
        testWindow,
        recordAt(server.issuer, now(), { id: 'wider', scopes: ['read', 'write', 'admin'], signedInAt: now() + SECOND }),
      );
      for (const more of [{ scopes: ['read', 'write', 'admin'] }, { combineScopes: true }]) {
        const { sessionManager } = again(more);
        assert.deepEqual(ids(await sessionManager.getUsableSessions('acme', ['read'])), ['exact']);
        assert.deepEqual(ids(await sessionManager.getUsableSessions('acme', ['write'])), ['wider']);
      }
    });

    it('returns a token outside the leeway without a request', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      await testWindow.clock.pass(4 * MINUTE - SECOND);
      assert.deepEqual(tokens(await testWindow.sessionManager.getUsableSessions('acme', ['read'])), ['access-1']);
      assert.equal(requests(), 0);
    });

    it('refreshes a token within the leeway first', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      await testWindow.clock.pass(4 * MINUTE);
      assert.deepEqual(tokens(await testWindow.sessionManager.getUsableSessions('acme', ['read'])), ['access-2']);
      assert.equal(requests(), 1);
    });

    it("returns a valid token when a refresh fails temporarily, and doesn't retry at once", async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      await testWindow.clock.pass(4 * MINUTE + SECOND);
      server.onToken({ status: 503 });
      for (let call = 0; call < 10; call += 1) {
        assert.deepEqual(tokens(await testWindow.sessionManager.getUsableSessions('acme', ['read'])), ['access-1']);
      }
      assert.equal(requests(), 1);
    });

    it('rejects with the cause when the token has expired and a refresh fails temporarily, and keeps the session', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      await testWindow.clock.pass(6 * MINUTE);
      server.onToken({ status: 503 });
      await rejectsWith(testWindow.sessionManager.getUsableSessions('acme', ['read']), 'server', 'http-503');
      assert.deepEqual(ids(testWindow.sessionManager.getActive('acme')), ['s1']);
    });

    it("doesn't let callers overload a server that is down, but retries for them after a few seconds", async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      await testWindow.clock.pass(6 * MINUTE);
      server.onToken('drop');
      for (let call = 0; call < 20; call += 1) {
        await rejectsWith(testWindow.sessionManager.getUsableSessions('acme', ['read']), 'network');
      }
      assert.equal(requests(), 2, 'the lost one, and the same token once more');
      server.onToken(rotatingTokens());
      await testWindow.clock.pass(6 * SECOND);
      assert.deepEqual(tokens(await testWindow.sessionManager.getUsableSessions('acme', ['read'])), ['access-2']);
    });

    for (const [gracePeriod, seconds] of [
      [0, 0],
      [30 * SECOND, 30],
      [2 * MINUTE, 120],
      [undefined, 300],
      [HOUR, 600],
    ] as const) {
      it(`returns the token for ${seconds} s after the server has ended the session when the grace period is ${gracePeriod ?? 'not set'}`, async () => {
        const granting = createTestWindow(server.issuer, {
          ...(gracePeriod === undefined ? {} : { gracePeriod }),
          clock: testWindow.clock,
        });
        server.onToken({ status: 400, body: { error: 'invalid_grant' } });
        await seedSession(granting, recordAt(server.issuer, now(), { accessExpiresAt: now() + 10 * MINUTE }));
        await rejectsWith(granting.tokenRefresher.refresh('s1', { reason: 'test' }), 'session-ended');
        const usable = async (): Promise<string[]> =>
          tokens(await granting.sessionManager.getUsableSessions('acme', ['read']));
        const other = createTestWindow(server.issuer, { ...granting, gracePeriod: MINUTE });
        if (seconds > 0) {
          await testWindow.clock.pass(seconds * SECOND - 1);
          assert.deepEqual(await usable(), ['access-1']);
          assert.deepEqual(tokens(await other.sessionManager.getUsableSessions('acme', ['read'])), ['access-1']);
          await testWindow.clock.pass(1);
        }
        assert.deepEqual(await usable(), []);
        assert.deepEqual(tokens(await other.sessionManager.getUsableSessions('acme', ['read'])), []);
      });
    }

    describe('while a refresh is slow', () => {
      let answer: () => void;

      beforeEach(async () => {
        const rotate = rotatingTokens();
        const gate = new Promise<void>((resolve) => {
          answer = resolve;
        });
        server.onToken(async (request) => {
          await gate;
          return rotate(request);
        });
        await seedSession(testWindow, recordAt(server.issuer, now()));
        testWindow.clock.busy = () => false;
      });

      afterEach(() => {
        answer();
      });

      it('returns the valid token after five seconds, and lets the refresh continue', async () => {
        await testWindow.clock.pass(4 * MINUTE);
        const finding = testWindow.sessionManager.getUsableSessions('acme', ['read']);
        await server.waitFor('/token');
        await testWindow.clock.pass(5 * SECOND - 1);
        assert.equal(await stateOf(finding), 'waiting');
        await testWindow.clock.pass(1);
        assert.deepEqual(tokens(await finding), ['access-1']);
        assert.equal(testWindow.liveSessions.get('s1')?.refreshing, true);
        answer();
        await testWindow.tokenRefresher.whenIdle();
        assert.deepEqual(tokens(await testWindow.sessionManager.getUsableSessions('acme', ['read'])), ['access-2']);
        assert.equal(requests(), 1);
      });

      it('returns the new token when it arrives within five seconds', async () => {
        await testWindow.clock.pass(4 * MINUTE);
        const finding = testWindow.sessionManager.getUsableSessions('acme', ['read']);
        await server.waitFor('/token');
        await testWindow.clock.pass(4 * SECOND);
        answer();
        assert.deepEqual(tokens(await finding), ['access-2']);
      });

      it('waits until the deadline when the current token has expired', async () => {
        await testWindow.clock.pass(6 * MINUTE);
        const finding = testWindow.sessionManager.getUsableSessions('acme', ['read']);
        await server.waitFor('/token');
        await testWindow.clock.pass(19 * SECOND);
        assert.equal(await stateOf(finding), 'waiting');
        answer();
        assert.deepEqual(tokens(await finding), ['access-2']);
      });
    });

    it("doesn't retry before the time that the server specified, no matter how often callers ask", async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      await testWindow.clock.pass(6 * MINUTE);
      server.onToken({ status: 429, headers: { 'Retry-After': '120' } });
      await rejectsWith(testWindow.sessionManager.getUsableSessions('acme', ['read']), 'rate-limited');
      await testWindow.clock.pass(119 * SECOND);
      await rejectsWith(testWindow.sessionManager.getUsableSessions('acme', ['read']), 'rate-limited');
      assert.equal(requests(), 1);
    });

    it('returns nothing once the server has definitely ended a session whose token has expired', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      await testWindow.clock.pass(6 * MINUTE);
      server.onToken({ status: 400, body: { error: 'invalid_grant' } });
      assert.deepEqual(await testWindow.sessionManager.getUsableSessions('acme', ['read']), []);
      assert.deepEqual(await testWindow.sessionManager.getUsableSessions('acme', ['read']), []);
      assert.equal(requests(), 1);
      assert.deepEqual(
        [ids(testWindow.sessionManager.getActive('acme')), ids(testWindow.sessionManager.getAll('acme'))],
        [[], ['s1']],
      );
    });

    it('returns the valid token of a session that has ended', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      await testWindow.clock.pass(4 * MINUTE + SECOND);
      server.onToken({ status: 400, body: { error: 'invalid_grant' } });
      assert.deepEqual(tokens(await testWindow.sessionManager.getUsableSessions('acme', ['read'])), ['access-1']);
      await testWindow.clock.pass(MINUTE);
      assert.deepEqual(await testWindow.sessionManager.getUsableSessions('acme', ['read']), []);
    });

    it("returns the rest of a token that can't be refreshed, and doesn't end its session early", async () => {
      await seedSession(testWindow, recordAt(server.issuer, now(), { refreshToken: undefined }));
      await testWindow.clock.pass(5 * MINUTE - SECOND);
      assert.deepEqual(tokens(await testWindow.sessionManager.getUsableSessions('acme', ['read'])), ['access-1']);
      assert.deepEqual([testWindow.record().ended, testWindow.liveSessions.get('s1')?.failures], [undefined, 0]);
      await testWindow.clock.pass(SECOND);
      assert.deepEqual(await testWindow.sessionManager.getUsableSessions('acme', ['read']), []);
    });

    it('refreshes once for a hundred callers', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      await testWindow.clock.pass(6 * MINUTE);
      const found = await Promise.all(
        Array.from({ length: 100 }, () => testWindow.sessionManager.getUsableSessions('acme', ['read'])),
      );
      assert.ok(found.every((sessions) => sessions[0]?.record.accessToken === 'access-2'));
      assert.equal(requests(), 1);
    });

    it('returns a token whose lifetime is unknown', async () => {
      await seedSession(
        testWindow,
        recordAt(server.issuer, now(), { accessExpiresAt: undefined, expirySource: 'unknown' }),
      );
      await testWindow.clock.pass(DAY);
      assert.deepEqual(tokens(await testWindow.sessionManager.getUsableSessions('acme', ['read'])), ['access-1']);
      assert.equal(requests(), 0);
    });

    it('reads the stored sessions first, once', async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      const next = again();
      const found = await Promise.all([
        next.sessionManager.getUsableSessions('acme', ['read']),
        next.sessionManager.getUsableSessions('acme', ['read']),
      ]);
      assert.deepEqual(found.map(ids), [['s1'], ['s1']]);
    });

    it("rejects instead of returning nothing while the store can't be read, and reads again on the next call", async () => {
      await seedSession(testWindow, recordAt(server.issuer, now()));
      testWindow.store.failing.add('keys');
      const next = again();
      await rejectsWith(next.sessionManager.getUsableSessions('acme', ['read']), 'storage');
      testWindow.store.failing.clear();
      assert.deepEqual(ids(await next.sessionManager.getUsableSessions('acme', ['read'])), ['s1']);
    });
  });
});
