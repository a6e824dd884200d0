import assert from 'node:assert/strict';
import { MINUTE, SECOND } from '../../../src/core/clock.ts';
import { Failure } from '../../../src/core/failure.ts';
import { silentLog } from '../../../src/core/log.ts';
import { CATEGORIES, type Category } from '../../../src/core/failurePolicies.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import { isUsable, statusOf, type LiveSession } from '../../../src/core/status.ts';
import { RefreshBackoff } from '../../../src/sessions/refreshBackoff.ts';
import { settle } from '../../support/fakeClock.ts';
import { rejectsWith } from '../../support/failures.ts';
import {
  createTestWindow,
  createTestWindowWithServer,
  seedSession,
  recordAt,
  type TestWindow,
} from '../../support/testWindow.ts';
import { rotatingTokens, ScriptedServer } from '../../support/scriptedServer.ts';
import { JUST_WAIT } from '../../support/renewalLockFixture.ts';
import { setSessionFile } from '../../support/sharedFiles.ts';

describe('A failed attempt', () => {
  let server: ScriptedServer;
  let testWindow: TestWindow;
  let backoff: RefreshBackoff;

  beforeEach(async () => {
    ({ testWindow, server } = await createTestWindowWithServer());
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now()));
    const { clock, sessionStore, liveSessions } = testWindow;
    backoff = new RefreshBackoff({ clock, sessionStore, liveSessions, log: silentLog, random: () => 0.5 });
  });

  afterEach(async () => {
    await server.stop();
  });

  const first = (): LiveSession => session(testWindow, 's1');
  const asksFor = async (wait: number): Promise<number> => {
    const at = testWindow.clock.now();
    await testWindow.sessionStore.recordFailure(testWindow.record(), {
      generation: 1,
      at,
      category: 'rate-limited',
      code: 'http-429',
      failures: 1,
      nextAttemptAt: at + wait,
      waitUntil: at + wait,
    });
    return at + wait;
  };

  it("doesn't shorten the wait that the server requested from another window", async () => {
    const until = await asksFor(10 * MINUTE);
    await backoff.recordFailure(first(), new Failure('network', 'ECONNRESET'));
    assert.deepEqual(
      [first().nextAttemptAt, (await testWindow.sessionStore.header('s1'))?.lastFailure?.waitUntil],
      [until, until],
    );
  });

  it('is shared with other windows when the server caused it, but not when this window did', async () => {
    const kept: Category[] = [];
    for (const category of CATEGORIES) {
      setSessionFile(testWindow.folder.files, undefined);
      await backoff.recordFailure(first(), new Failure(category, 'some-code'));
      if ((await testWindow.sessionStore.header('s1'))?.lastFailure === undefined) {
        kept.push(category);
      }
    }
    assert.deepEqual(kept.sort(), [
      'canceled',
      'lock-timeout',
      'not-configured',
      'replaced',
      'signed-out',
      'storage',
      'token-in-other-window',
      'unexpected',
    ]);
  });

  it('has no wait of another generation, and none that is over', async () => {
    await asksFor(SECOND);
    await testWindow.clock.pass(2 * SECOND);
    await backoff.recordFailure(first(), new Failure('network', 'ECONNRESET'));
    assert.equal(first().nextAttemptAt, testWindow.clock.now() + 2.5 * SECOND);
    await asksFor(10 * MINUTE);
    testWindow.liveSessions.set({ ...testWindow.record(), generation: 2 });
    await backoff.recordFailure(first(), new Failure('network', 'ECONNRESET'));
    assert.equal(first().nextAttemptAt, testWindow.clock.now() + 2.5 * SECOND);
  });

  it("also applies to this window at the same time or while the server requests a wait, unless it's this window's own", async () => {
    const now = { startedAt: testWindow.clock.now() + 1, isUrgent: true };
    await asksFor(10 * MINUTE);
    assert.equal((await backoff.findSharedFailure(testWindow.record(), now, false))?.code, 'http-429');
    await testWindow.clock.pass(11 * MINUTE);
    assert.equal(
      await backoff.findSharedFailure(
        testWindow.record(),
        { startedAt: testWindow.clock.now(), isUrgent: true },
        false,
      ),
      undefined,
    );
    await backoff.recordFailure(first(), new Failure('network', 'ECONNRESET'));
    assert.equal(
      await backoff.findSharedFailure(
        testWindow.record(),
        { startedAt: testWindow.clock.now(), isUrgent: true },
        false,
      ),
      undefined,
    );
  });

  it('also applies to this window while its response is pending: as long as its window has the lock, and no longer than it recorded', async () => {
    const at = testWindow.clock.now();
    await testWindow.sessionStore.recordFailure(testWindow.record(), {
      generation: 1,
      at,
      category: 'network',
      code: 'deadline',
      failures: 0,
      nextAttemptAt: at + MINUTE,
      listensUntil: at + MINUTE,
    });
    const instead = async (isLocked: boolean): Promise<string | undefined> =>
      (
        await backoff.findSharedFailure(
          testWindow.record(),
          { startedAt: testWindow.clock.now(), isUrgent: true },
          isLocked,
        )
      )?.code;
    assert.deepEqual([await instead(true), await instead(false)], ['deadline', undefined]);
    await testWindow.clock.pass(MINUTE);
    assert.equal(await instead(true), undefined);
  });

  it('also applies to a window that wakes up and finds newer tokens that have expired as well', async () => {
    const other = createTestWindow(server.issuer, {
      clock: testWindow.clock,
      store: testWindow.store,
      folder: testWindow.folder,
      life: testWindow.life,
    });
    await other.sessionManager.ready();
    await other.tokenRefresher.refresh('s1', { reason: 'test' });
    await testWindow.clock.pass(10 * MINUTE);
    const at = testWindow.clock.now();
    await testWindow.sessionStore.recordFailure(testWindow.record(), {
      generation: 2,
      at,
      category: 'server',
      code: 'http-503',
      failures: 1,
      nextAttemptAt: at + MINUTE,
      waitUntil: at + MINUTE,
    });
    await rejectsWith(testWindow.tokenRefresher.refresh('s1', { reason: 'test' }), 'server', 'http-503');
    assert.deepEqual([testWindow.record().generation, server.requestsTo('/token').length], [2, 1]);
  });

  it('causes no further request when another window got the verdict while this one waited', async () => {
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const other = createTestWindow(server.issuer, {
      clock: testWindow.clock,
      store: testWindow.store,
      folder: testWindow.folder,
      life: testWindow.life,
    });
    const holding = other.renewalLock.runExclusive('s1', () => gate, JUST_WAIT);
    await settle();
    const renewal = rejectsWith(
      testWindow.tokenRefresher.refresh('s1', { reason: 'test' }),
      'session-ended',
      'invalid_grant',
    );
    await server.waitFor('/.well-known/openid-configuration');
    await testWindow.clock.pass(SECOND);
    testWindow.liveSessions.set({
      ...testWindow.record(),
      ended: { at: testWindow.clock.now(), category: 'session-ended', code: 'invalid_grant' },
    });
    release();
    await holding;
    await testWindow.clock.pass(SECOND);
    await renewal;
    assert.equal(server.requestsTo('/token').length, 0);
  });

  it("doesn't return a token that expires while waiting for it", async () => {
    await seedSession(
      testWindow,
      recordAt(server.issuer, testWindow.clock.now(), {
        tokensRequestedAt: testWindow.clock.now() - 57 * SECOND,
        accessExpiresAt: testWindow.clock.now() + 3 * SECOND,
      }),
    );
    server.onToken('hang');
    const found = rejectsWith(testWindow.sessionManager.getUsableSessions('acme', ['read']), 'network', 'deadline');
    await server.waitFor('/token');
    testWindow.clock.busy = () => false;
    await testWindow.clock.pass(6 * SECOND);
    await testWindow.clock.pass(MINUTE);
    await found;
  });

  it("doesn't prevent adopting the rest of a refresh when the session index has the same generation", async () => {
    const whole = { ...testWindow.record(), generation: 2, accessToken: 'access-2', refreshToken: 'refresh-2' };
    await testWindow.sessionStore.put(whole);
    testWindow.liveSessions.set({ ...whole, accessToken: 'access-1', isComplete: false });
    await testWindow.crossWindowSync.sync('s1');
    assert.deepEqual(testWindow.record(), whole);
  });

  it('that ended a session keeps it ended when the clock is set back', () => {
    const now = testWindow.clock.now();
    const ended: SessionRecord = {
      ...testWindow.record(),
      ended: { at: now, category: 'session-ended', code: 'invalid_grant' },
    };
    assert.deepEqual([isUsable(ended, now), isUsable(ended, now - 24 * 60 * MINUTE)], [true, false]);
  });
});

describe("A record that the folder didn't accept", () => {
  it('is shared at the next check, so that no other window sends the previous token', async () => {
    const server = await ScriptedServer.start();
    const testWindow = createTestWindow(server.issuer);
    server.date = () => testWindow.clock.now();
    server.onToken(rotatingTokens());
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now()));
    testWindow.folder.failing = 'writing';
    const renewal = testWindow.tokenRefresher.refresh('s1', { reason: 'test' });
    await server.waitFor('/.well-known/openid-configuration');
    await testWindow.clock.pass(3 * SECOND);
    await renewal;
    assert.deepEqual(
      [
        testWindow.liveSessions.get('s1')?.unshared,
        testWindow.alone,
        (await testWindow.sessionStore.header('s1'))?.generation,
      ],
      [true, 1, 1],
    );
    testWindow.folder.failing = false;
    testWindow.scheduler.tick();
    await testWindow.clock.rest();
    testWindow.scheduler.dispose();
    assert.deepEqual(
      [testWindow.liveSessions.get('s1')?.unshared, (await testWindow.sessionStore.header('s1'))?.generation],
      [false, 2],
    );
    await server.stop();
  });
});

describe('A clock that was set back while no refresh is possible', () => {
  it("doesn't extend the life of a token, and keeps its countdown correct", async () => {
    const server = await ScriptedServer.start();
    const testWindow = createTestWindow(server.issuer);
    server.onToken({ status: 503 });
    const begun = testWindow.clock.now();
    await seedSession(testWindow, recordAt(server.issuer, begun));
    await seedSession(
      testWindow,
      recordAt(server.issuer, begun, { id: 's2', refreshToken: undefined, account: { id: 'person-2', label: 'Kim' } }),
    );
    testWindow.scheduler.tick();
    await testWindow.clock.pass(90 * SECOND);
    testWindow.clock.sleep(-60 * MINUTE);
    // A change that moves a tick forward must not hide what the next one would have found.
    testWindow.liveSessions.patch('s2', { failures: 1 });
    await testWindow.clock.pass(MINUTE);
    const { accessExpiresAt = 0 } = statusOf(
      session(testWindow, 's1'),
      { leeway: 0, refreshInterval: 0, warning: 0 },
      testWindow.clock.now(),
    );
    assert.ok(Math.abs(accessExpiresAt - (begun - 55 * MINUTE)) < SECOND, String(accessExpiresAt - begun));
    assert.equal((await testWindow.sessionManager.getUsableSessions('acme', ['read'], 'person-1')).length, 1);
    await testWindow.clock.pass(4 * MINUTE);
    await rejectsWith(testWindow.sessionManager.getUsableSessions('acme', ['read'], 'person-1'), 'server');
    assert.deepEqual(await testWindow.sessionManager.getUsableSessions('acme', ['read'], 'person-2'), []);
    server.date = () => testWindow.clock.now();
    server.onToken(rotatingTokens());
    await testWindow.clock.pass(10 * MINUTE);
    assert.equal(session(testWindow, 's1').clockSetBackMs, undefined);
    testWindow.scheduler.dispose();
    await server.stop();
  });
});

function session(testWindow: TestWindow, id: string): LiveSession {
  const live = testWindow.liveSessions.get(id);
  assert.ok(live);
  return live;
}
