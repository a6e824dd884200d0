import assert from 'node:assert/strict';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { Failure } from '../../../src/core/failure.ts';
import { isUnexpired } from '../../../src/core/lifetime.ts';
import { tokenLifetimes } from '../../../src/core/session.ts';
import { sessionTime } from '../../../src/core/status.ts';
import { rejectsWith } from '../../support/failures.ts';
import { FakeStore } from '../../support/fakeStore.ts';
import {
  createTestWindow,
  createTestWindowWithServer,
  seedSession,
  recordAt,
  type TestWindow,
} from '../../support/testWindow.ts';
import { rememberedKeyNames } from '../../support/keyNames.ts';
import { htmlPage, rotatingTokens, ScriptedServer } from '../../support/scriptedServer.ts';
import { STORE_MODELS, type StoreModel } from '../../support/simulation/sharedSecrets.ts';
import { tokenIn, Windows, type Window } from '../../support/windows.ts';
import { JUST_WAIT } from '../../support/renewalLockFixture.ts';

describe("A refresh that wasn't due, whose window is killed", () => {
  let server: ScriptedServer;
  let windows: Windows;

  beforeEach(async () => {
    server = await ScriptedServer.start();
    server.onToken(rotatingTokens());
  });

  afterEach(async () => {
    await windows.closeAll();
    await server.stop();
  });

  /** Opens a window with a session whose token is valid for a month. */
  const openSignedIn = async (kind: StoreModel): Promise<Window> => {
    windows = new Windows(server, kind);
    const window = windows.open();
    await windows.clock.rest();
    await seedSession(
      window,
      recordAt(server.issuer, windows.clock.now(), { accessExpiresAt: windows.clock.now() + 30 * DAY }),
    );
    return window;
  };
  /** Starts a refresh in a window, and kills it after a number of changes to shared state. */
  const killDuringRefresh = async (window: Window, after: number): Promise<void> => {
    await windows.clock.pass(2 * SECOND);
    window.kill(after);
    window.tokenRefresher.refresh('s1', { reason: 'requested by the user' }).catch(() => {});
    await windows.clock.rest();
  };

  for (const kind of STORE_MODELS) {
    for (const after of [2, 3, 4, 5]) {
      it(`is finished by another window within seconds (${kind}, ended after ${after} changes)`, async () => {
        const first = await openSignedIn(kind);
        const second = windows.open();
        await killDuringRefresh(first, after);
        await windows.clock.pass(5 * SECOND);
        const { ended, generation, isComplete } = second.record();
        // A strict server treats the token as stolen if its response was lost with the window.
        assert.ok(
          (generation > 1 && isComplete) || ended?.category === 'refresh-response-lost',
          `generation ${generation}, ${ended?.category ?? 'not ended'}`,
        );
      });
    }

    it(`is finished by a window opened afterwards (${kind})`, async () => {
      const first = await openSignedIn(kind);
      // The window ends with the lock, just before it sends.
      await killDuringRefresh(first, 2);
      assert.equal(server.requestsTo('/token').length, 0);
      const next = windows.open();
      await windows.clock.pass(5 * SECOND);
      assert.deepEqual([server.requestsTo('/token').length, next.record().accessToken], [1, 'access-2']);
    });
  }

  it("isn't resumed when nothing was sent yet", async () => {
    const first = await openSignedIn('immediate');
    const second = windows.open();
    await killDuringRefresh(first, 1);
    await windows.clock.pass(10 * MINUTE);
    assert.deepEqual([server.requestsTo('/token').length, second.record().generation], [0, 1]);
  });

  it("isn't resumed when it was a sign-in without a refresh token", async () => {
    windows = new Windows(server);
    const first = windows.open();
    await windows.clock.rest();
    const { refreshToken: _, ...record } = recordAt(server.issuer, windows.clock.now(), {
      accessExpiresAt: windows.clock.now() + DAY,
    });
    await seedSession(first, record);
    const second = windows.open();
    await windows.clock.rest();
    void first.renewalLock.runExclusive('s1', () => new Promise(() => {}), JUST_WAIT);
    await windows.clock.rest();
    first.kill();
    await windows.clock.pass(10 * MINUTE);
    assert.deepEqual(
      second.lines.filter((line) => line.includes('finishes')),
      [],
    );
  });

  it("is retried at the regular pace when it can't be finished", async () => {
    const first = await openSignedIn('immediate');
    const second = windows.open();
    await killDuringRefresh(first, 2);
    server.onDiscovery(htmlPage);
    await windows.clock.pass(HOUR);
    assert.ok(second.record().ended === undefined);
    const asked = server.requests.length;
    // Each attempt contacts two endpoints. This kind of failure is retried every 5 minutes.
    assert.ok(asked <= 30, `${asked} requests`);
  });

  it("doesn't count as abandoned while its window is alive, no matter how long it takes", async () => {
    const first = await openSignedIn('immediate');
    windows.open();
    await windows.clock.pass(2 * SECOND);
    let release = (): void => {};
    const locked = first.renewalLock.runExclusive(
      's1',
      () => new Promise<void>((resolve) => (release = resolve)),
      JUST_WAIT,
    );
    await windows.clock.pass(10 * MINUTE);
    assert.equal(server.requestsTo('/token').length, 0);
    release();
    await locked;
  });
});

describe('A clock that was set back', () => {
  let server: ScriptedServer;
  let windows: Windows;

  beforeEach(async () => {
    server = await ScriptedServer.start();
    windows = new Windows(server, 'browser');
  });

  afterEach(async () => {
    await windows.closeAll();
    await server.stop();
  });

  it("doesn't extend the life of a token that a window adopts, loads or gets at sign-in while the server is unreachable", async () => {
    server.onToken('drop');
    const first = windows.open();
    await windows.clock.rest();
    await windows.signIn(first);
    await windows.clock.pass(2 * MINUTE);
    windows.leap(-10 * MINUTE);
    const second = windows.open();
    await windows.clock.pass(2 * SECOND);
    // 5 minutes after the sign-in, in real time.
    await windows.clock.pass(3 * MINUTE);
    for (const window of [first, second]) {
      const session = window.liveSessions.get('s1');
      assert.ok(session);
      assert.equal(isUnexpired(tokenLifetimes(session.record), sessionTime(session, windows.clock.now())), false);
      const found = rejectsWith(window.sessionManager.getUsableSessions('acme', ['read']), 'network');
      await windows.clock.pass(5 * SECOND);
      await found;
    }
  });

  it('is distinguished from an adjustment, and from the clock that a record was created with', async () => {
    server.onToken(rotatingTokens());
    const first = windows.open();
    await windows.clock.rest();
    await windows.signIn(first);
    windows.leap(-2 * SECOND);
    await windows.clock.pass(MINUTE);
    assert.equal(server.requestsTo('/token').length, 0);
    windows.leap(-2 * HOUR);
    await windows.clock.pass(2 * MINUTE);
    assert.equal(server.requestsTo('/token').length, 1, 'it was refreshed once');
    assert.equal(first.liveSessions.get('s1')?.clockSetBackMs, undefined);
    assert.equal(await tokenIn(first), 'access-2');
  });

  it('causes one refresh, and retries at no more than the regular pace while that fails', async () => {
    server.onToken({ status: 404 });
    const first = windows.open();
    await windows.clock.rest();
    await seedSession(
      first,
      recordAt(server.issuer, windows.clock.now(), { accessExpiresAt: windows.clock.now() + 12 * HOUR }),
    );
    await windows.clock.pass(2 * MINUTE);
    windows.leap(-HOUR);
    await windows.clock.pass(62 * SECOND);
    assert.equal(server.requestsTo('/token').length, 1);
    await windows.clock.pass(11 * MINUTE);
    assert.ok(server.requestsTo('/token').length <= 4, `${server.requestsTo('/token').length} requests`);
  });

  it('is detected by the first caller and with an incoming record, without a tick in between', async () => {
    const { testWindow, server: own } = await createTestWindowWithServer();
    own.onToken('drop');
    await seedSession(testWindow, recordAt(own.issuer, testWindow.clock.now()));
    testWindow.clock.set(-HOUR);
    await testWindow.clock.pass(6 * MINUTE);
    await rejectsWith(testWindow.sessionManager.getUsableSessions('acme', ['read']), 'network');
    testWindow.liveSessions.set({ ...testWindow.record(), generation: 2 });
    assert.equal(testWindow.liveSessions.get('s1')?.clockSetBackMs, HOUR);
    await own.stop();
  });

  it("is forgotten after it's corrected", async () => {
    server.onToken('drop');
    const first = windows.open();
    await windows.clock.rest();
    await windows.signIn(first);
    windows.leap(-HOUR);
    await windows.clock.pass(90 * SECOND);
    assert.equal(first.liveSessions.get('s1')?.clockSetBackMs, HOUR);
    windows.leap(HOUR);
    await windows.clock.pass(62 * SECOND);
    assert.equal(first.liveSessions.get('s1')?.clockSetBackMs, undefined);
  });

  it("isn't detected by the uptime from before a restart", async () => {
    const first = windows.open();
    await windows.clock.rest();
    await seedSession(
      first,
      recordAt(server.issuer, windows.clock.now(), { tokensRequestedUptime: { boot: 'before', ms: 0 } }),
    );
    await windows.clock.pass(MINUTE);
    assert.deepEqual(
      [first.liveSessions.get('s1')?.clockSetBackMs, server.requestsTo('/token').length],
      [undefined, 0],
    );
  });

  it('is detected with a token from before the machine was restarted', async () => {
    server.onToken('drop');
    const first = windows.open();
    await windows.clock.rest();
    const now = windows.clock.now();
    await seedSession(
      first,
      recordAt(server.issuer, now, {
        accessExpiresAt: now + HOUR,
        tokensRequestedUptime: { boot: 'before', ms: 5 * DAY },
      }),
    );
    await windows.clock.pass(2 * MINUTE);
    windows.leap(-2 * HOUR);
    await windows.clock.pass(HOUR);
    const session = first.liveSessions.get('s1');
    assert.ok(session);
    assert.equal(isUnexpired(tokenLifetimes(session.record), sessionTime(session, windows.clock.now())), false);
  });

  it("doesn't extend a wait that the server requested beyond the maximum", async () => {
    server.onToken({ status: 429, headers: { 'Retry-After': '1500' } });
    const first = windows.open();
    await windows.clock.rest();
    await windows.signIn(first);
    const second = windows.open();
    await windows.clock.pass(SECOND);
    await rejectsWith(first.tokenRefresher.refresh('s1', { reason: 'test' }), 'rate-limited');
    await windows.clock.pass(SECOND);
    windows.leap(-DAY);
    server.onToken({ status: 503 });
    await windows.clock.pass(2 * MINUTE);
    for (const window of [first, second]) {
      const next = window.liveSessions.get('s1')?.nextAttemptAt ?? Infinity;
      assert.ok(next - windows.clock.now() < HOUR, `${(next - windows.clock.now()) / HOUR} hours`);
    }
  });
});

describe('A wait that the server requested', () => {
  let server: ScriptedServer;
  let testWindow: TestWindow;

  beforeEach(async () => {
    ({ testWindow, server } = await createTestWindowWithServer());
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now()));
  });

  afterEach(async () => {
    await server.stop();
  });

  it('survives a later failure without a wait in another window', async () => {
    server.onToken({ status: 429, headers: { 'Retry-After': '1556' } });
    await rejectsWith(testWindow.tokenRefresher.refresh('s1', { reason: 'test' }), 'rate-limited');
    const until = testWindow.clock.now() + 1556 * SECOND;
    const at = testWindow.clock.now() + SECOND;
    // The other window has read the failures before this one has recorded its own.
    await testWindow.sessionStore.recordFailure(testWindow.record(), {
      generation: 1,
      at,
      category: 'network',
      code: 'deadline',
      failures: 3,
      nextAttemptAt: at + 6 * SECOND,
    });
    assert.deepEqual(
      [
        (await testWindow.sessionStore.header('s1'))?.lastFailure?.waitUntil,
        (await testWindow.sessionStore.header('s1'))?.lastFailure?.nextAttemptAt,
      ],
      [until, until],
    );
    await testWindow.clock.pass(2 * SECOND);
    await testWindow.crossWindowSync.sync('s1');
    assert.deepEqual(
      [testWindow.liveSessions.get('s1')?.waitUntil, testWindow.liveSessions.get('s1')?.nextAttemptAt],
      [until, until],
    );
    testWindow.sessions.start();
    await testWindow.clock.pass(1550 * SECOND);
    assert.equal(server.requestsTo('/token').length, 1);
    testWindow.sessions.dispose();
  });

  it('is the longer of two', async () => {
    const now = testWindow.clock.now();
    await testWindow.sessionStore.recordFailure(testWindow.record(), {
      generation: 1,
      at: now,
      category: 'server',
      code: 'http-503',
      failures: 1,
      nextAttemptAt: now + 600 * SECOND,
      waitUntil: now + 600 * SECOND,
    });
    await testWindow.sessionStore.recordFailure(testWindow.record(), {
      generation: 1,
      at: now,
      category: 'server',
      code: 'http-503',
      failures: 1,
      nextAttemptAt: now + 10 * SECOND,
      waitUntil: now + 10 * SECOND,
    });
    assert.equal((await testWindow.sessionStore.header('s1'))?.lastFailure?.waitUntil, now + 600 * SECOND);
  });

  it("ends with a successful refresh, and doesn't apply to the next generation", async () => {
    const now = testWindow.clock.now();
    await testWindow.sessionStore.recordFailure(testWindow.record(), {
      generation: 1,
      at: now,
      category: 'server',
      code: 'http-503',
      failures: 1,
      waitUntil: now + 600 * SECOND,
    });
    await testWindow.sessionStore.put({ ...testWindow.record(), generation: 2 });
    assert.equal((await testWindow.sessionStore.header('s1'))?.lastFailure, undefined);
  });

  it('is kept when the window gets the focus, even if the last failure had none', () => {
    const now = testWindow.clock.now();
    const until = now + 600 * SECOND;
    testWindow.liveSessions.patch('s1', {
      failure: new Failure('network', 'deadline'),
      failedAt: now - MINUTE,
      nextAttemptAt: until,
      waitUntil: until,
    });
    testWindow.scheduler.checkNow();
    assert.equal(testWindow.liveSessions.get('s1')?.nextAttemptAt, until);
    testWindow.sessions.dispose();
  });

  it('is recorded again by a window that got a longer wait than recorded', async () => {
    const now = testWindow.clock.now();
    testWindow.liveSessions.patch('s1', { waitUntil: now + 900 * SECOND });
    await testWindow.sessionStore.recordFailure(testWindow.record(), {
      generation: 1,
      at: now,
      category: 'server',
      code: 'http-503',
      failures: 1,
      nextAttemptAt: now + 600 * SECOND,
      waitUntil: now + 600 * SECOND,
    });
    await testWindow.crossWindowSync.sync('s1');
    assert.equal((await testWindow.sessionStore.header('s1'))?.lastFailure?.waitUntil, now + 900 * SECOND);
  });

  it("doesn't apply to a failure of the next generation", async () => {
    const now = testWindow.clock.now();
    const failed = { at: now, category: 'server', code: 'http-503', failures: 1 } as const;
    const before = { ...failed, generation: 1, waitUntil: now + 600 * SECOND };
    await testWindow.sessionStore.recordFailure(testWindow.record(), before);
    testWindow.liveSessions.set({ ...testWindow.record(), generation: 2 });
    const next = { ...failed, generation: 2, nextAttemptAt: now + 2 * SECOND };
    await testWindow.sessionStore.recordFailure(testWindow.record(), next);
    const { waitUntil, nextAttemptAt } = (await testWindow.sessionStore.header('s1'))?.lastFailure ?? {};
    assert.deepEqual([waitUntil, nextAttemptAt], [undefined, now + 2 * SECOND]);
  });

  it('survives a failure without a wait in the same window', async () => {
    server.onToken({ status: 429, headers: { 'Retry-After': '900' } });
    await rejectsWith(testWindow.tokenRefresher.refresh('s1', { reason: 'test' }), 'rate-limited');
    const until = testWindow.liveSessions.get('s1')?.nextAttemptAt;
    testWindow.folder.failing = true;
    await testWindow.clock.pass(SECOND);
    server.onToken('drop');
    const renewal = testWindow.tokenRefresher.refresh('s1', { reason: 'test' }).catch(() => {});
    await testWindow.clock.pass(10 * SECOND);
    await renewal;
    assert.deepEqual(
      [testWindow.liveSessions.get('s1')?.failure?.category, testWindow.liveSessions.get('s1')?.nextAttemptAt],
      ['network', until],
    );
  });
});

describe('Two browsers that share the folder but not the secrets', () => {
  it("don't treat each other's sessions as lost", async () => {
    const { testWindow, server } = await createTestWindowWithServer();
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now()));
    const other = createTestWindow(server.issuer, {
      store: new FakeStore(),
      folder: testWindow.folder,
      clock: testWindow.clock,
      keyNames: rememberedKeyNames(),
    });
    other.sessions.start();
    await testWindow.clock.pass(10 * SECOND);
    assert.deepEqual([other.findings, other.liveSessions.all()], [[], []]);
    other.sessions.dispose();
    await server.stop();
  });

  it('report sessions lost by their own keyring', async () => {
    const server = await ScriptedServer.start();
    const keyNames = rememberedKeyNames();
    const testWindow = createTestWindow(server.issuer, { keyNames });
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now()));
    const later = createTestWindow(server.issuer, {
      store: new FakeStore(),
      folder: testWindow.folder,
      clock: testWindow.clock,
      keyNames,
    });
    later.sessions.start();
    await testWindow.clock.pass(10 * SECOND);
    assert.deepEqual(
      later.findings.map(({ kind }) => kind),
      ['lost'],
    );
    later.sessions.dispose();
    await server.stop();
  });
});

describe('The reason why a session has ended', () => {
  const cases = [
    [
      'expired, because its known end has passed',
      { sessionEndsAt: -SECOND, sessionEndSource: 'response' },
      { error: 'invalid_grant' },
      'session-expired',
    ],
    [
      'expired, because its known end is now, by a clock that differs slightly',
      { sessionEndsAt: 20 * SECOND, sessionEndSource: 'token' },
      { error: 'invalid_grant' },
      'session-expired',
    ],
    ['expired, because the server says so', {}, { error: 'expired_token' }, 'session-expired'],
    [
      'revoked or unknown, long before its known end',
      { sessionEndsAt: DAY, sessionEndSource: 'response' },
      { error: 'invalid_grant', error_description: 'Session not active' },
      'session-ended',
    ],
    [
      'revoked or unknown, without a known end',
      {},
      { error: 'invalid_grant', error_description: 'Session not active' },
      'session-ended',
    ],
    ['an administrator policy', {}, { error: 'invalid_grant', error_subtype: 'invalid_rapt' }, 'policy'],
  ] as const;
  for (const [what, more, body, category] of cases) {
    it(`is ${what}`, async () => {
      const { testWindow, server } = await createTestWindowWithServer();
      const now = testWindow.clock.now();
      const end = 'sessionEndsAt' in more ? { ...more, sessionEndsAt: now + more.sessionEndsAt } : {};
      await seedSession(testWindow, recordAt(server.issuer, now, end));
      server.onToken({ status: 400, body });
      const failure = await rejectsWith(testWindow.tokenRefresher.refresh('s1', { reason: 'test' }), category);
      assert.equal(testWindow.record().ended?.category, category);
      assert.equal(failure.detail, 'error_description' in body ? body.error_description : undefined);
      assert.equal(testWindow.record().ended?.detail, failure.detail);
      await server.stop();
    });
  }
});
