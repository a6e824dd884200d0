// The five incidents that this product must prevent, each of which occurred elsewhere.
import assert from 'node:assert/strict';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import type { Failure } from '../../../src/core/failure.ts';
import { FAILURE_POLICIES } from '../../../src/core/failurePolicies.ts';
import {
  createTestWindow,
  createTestWindowWithServer,
  seedSession,
  recordAt,
  type TestWindow,
} from '../../support/testWindow.ts';
import { closedIssuer, rotatingTokens, type ScriptedServer } from '../../support/scriptedServer.ts';

describe('Never again', () => {
  let server: ScriptedServer;
  let testWindow: TestWindow;

  beforeEach(async () => {
    ({ testWindow, server } = await createTestWindowWithServer());
  });

  afterEach(async () => {
    testWindow.scheduler.dispose();
    await server.stop();
  });

  const requests = (): number => server.requestsTo('/token').length;

  describe('a token that expired before it was refreshed', () => {
    it("is refreshed while it's still valid, ahead of its expiry", async () => {
      await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now()));
      testWindow.scheduler.tick();
      const expiry = testWindow.record().accessExpiresAt ?? 0;
      await testWindow.clock.pass(expiry - testWindow.clock.now() - SECOND);
      assert.ok(testWindow.record().generation > 1);
      assert.ok((testWindow.record().accessExpiresAt ?? 0) > expiry);
    });

    it('is never returned to a caller with less than a minute left while the server responds', async () => {
      await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now()));
      for (let call = 0; call < 60; call += 1) {
        const [session] = await testWindow.sessionManager.getUsableSessions('acme', ['read']);
        assert.ok((session?.record.accessExpiresAt ?? 0) - testWindow.clock.now() >= MINUTE);
        await testWindow.clock.pass(17 * SECOND);
      }
    });
  });

  describe('two concurrent callers that each refreshed, which the server treated as theft', () => {
    it('refresh once', async () => {
      await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now()));
      testWindow.scheduler.tick();
      testWindow.clock.sleep(HOUR);
      testWindow.scheduler.tick();
      const [one, other] = await Promise.all([
        testWindow.sessionManager.getUsableSessions('acme', ['read']),
        testWindow.sessionManager.getUsableSessions('acme', ['read']),
      ]);
      assert.deepEqual([one[0]?.record.accessToken, other[0]?.record.accessToken], ['access-2', 'access-2']);
      await testWindow.clock.rest();
      assert.equal(requests(), 1);
      assert.equal(testWindow.record().ended, undefined);
    });
  });

  describe('a session that was lost after a night without callers', () => {
    it('works immediately in the morning after the machine slept', async () => {
      await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now()));
      testWindow.scheduler.tick();
      await testWindow.clock.pass(12 * HOUR);
      const during = requests();
      // Every 175 to 200 seconds.
      assert.ok(
        during >= (12 * HOUR) / (200 * SECOND) - 1 && during <= (12 * HOUR) / (175 * SECOND),
        `${during} renewals`,
      );
      const [session] = await testWindow.sessionManager.getUsableSessions('acme', ['read']);
      assert.ok((session?.record.accessExpiresAt ?? 0) > testWindow.clock.now());
      assert.equal(requests(), during);
    });

    it('survives while the machine sleeps repeatedly', async () => {
      await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now()));
      testWindow.scheduler.tick();
      testWindow.clock.sleep(12 * HOUR);
      const [session] = await testWindow.sessionManager.getUsableSessions('acme', ['read']);
      assert.equal(session?.record.accessToken, 'access-2');
      assert.equal(requests(), 1);
    });
  });

  describe('stored test credentials that were sent to the real server', () => {
    it('are reported once, kept, never listed and never used', async () => {
      await seedSession(
        testWindow,
        recordAt('https://test.example.com', testWindow.clock.now(), {
          accessExpiresAt: testWindow.clock.now() - HOUR,
        }),
      );
      await seedSession(
        testWindow,
        recordAt(server.issuer, testWindow.clock.now(), {
          id: 's2',
          clientId: 'test-client',
          accessExpiresAt: testWindow.clock.now() - HOUR,
        }),
      );
      const restarted = createTestWindow(server.issuer, {
        store: testWindow.store,
        folder: testWindow.folder,
        clock: testWindow.clock,
      });
      await restarted.sessionManager.ready();
      restarted.scheduler.tick();
      await testWindow.clock.pass(HOUR);
      restarted.scheduler.dispose();
      assert.deepEqual(
        restarted.findings.map(({ id, kind }) => [id, kind]),
        [
          ['s1', 'foreign'],
          ['s2', 'foreign'],
        ],
      );
      assert.deepEqual(
        [
          restarted.sessionManager.getActive('acme'),
          await restarted.sessionManager.getUsableSessions('acme', ['read']),
        ],
        [[], []],
      );
      assert.equal(server.requests.length, 0);
      assert.match(testWindow.stored() ?? '', /refresh-1/);
    });

    it("don't fill the log while there is nothing to do", async () => {
      await seedSession(testWindow, recordAt('https://test.example.com', testWindow.clock.now()));
      const restarted = createTestWindow(server.issuer, {
        store: testWindow.store,
        folder: testWindow.folder,
        clock: testWindow.clock,
      });
      await restarted.sessionManager.ready();
      restarted.scheduler.tick();
      await testWindow.clock.pass(12 * HOUR);
      restarted.scheduler.dispose();
      assert.ok(
        restarted.lines.length <= 10,
        `${restarted.lines.length} lines, the last: ${restarted.lines.at(-1) ?? ''}`,
      );
    });
  });

  describe('the same "Authentication failed" for every cause', () => {
    const failureOf = async (at: TestWindow): Promise<Failure | undefined> => {
      await at.tokenRefresher.refresh('s1', { reason: 'test' }).catch(() => {});
      return at.liveSessions.get('s1')?.failure;
    };

    it('becomes three different failures: no network, a revoked token and a server error', async () => {
      const issuer = await closedIssuer();
      const dead = createTestWindow(issuer);
      await seedSession(dead, recordAt(issuer, dead.clock.now()));
      const network = await failureOf(dead);

      await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now()));
      server.onToken({ status: 500 });
      const broken = await failureOf(testWindow);
      server.onToken({ status: 400, body: { error: 'invalid_grant' } });
      const revoked = await failureOf(testWindow);

      assert.deepEqual(
        [network?.category, broken?.category, revoked?.category],
        ['network', 'server', 'session-ended'],
      );
      assert.deepEqual([dead.record().ended, testWindow.record().ended?.category], [undefined, 'session-ended']);
    });

    it('is handled differently: only the revoked token requires a sign-in, the others are retried', () => {
      assert.deepEqual(FAILURE_POLICIES['session-ended'].actions, ['sign-in']);
      for (const category of ['network', 'server'] as const) {
        assert.equal(FAILURE_POLICIES[category].outcome, 'retrying');
        assert.ok((FAILURE_POLICIES[category].firstRetryWithin ?? Infinity) < MINUTE);
        assert.ok(!FAILURE_POLICIES[category].actions.includes('sign-in'));
      }
    });

    it("doesn't end a session that the failing server accepts again a moment later", async () => {
      await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now()));
      server.onToken({ status: 500 });
      await failureOf(testWindow);
      server.onToken(rotatingTokens());
      assert.equal(await failureOf(testWindow), undefined);
      assert.equal(testWindow.record().accessToken, 'access-2');
    });
  });
});
