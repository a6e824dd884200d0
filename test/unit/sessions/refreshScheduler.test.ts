import assert from 'node:assert/strict';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { refreshDueAt, type LifetimeSettings } from '../../../src/core/lifetime.ts';
import { tokenLifetimes, type SessionRecord } from '../../../src/core/session.ts';
import { createTestWindow, seedSession, recordAt, type TestWindow } from '../../support/testWindow.ts';
import { rotatingTokens, ScriptedServer } from '../../support/scriptedServer.ts';

describe('The scheduler', () => {
  let server: ScriptedServer;
  let testWindow: TestWindow;

  beforeEach(async () => {
    server = await ScriptedServer.start();
  });

  afterEach(async () => {
    testWindow.scheduler.dispose();
    await server.stop();
  });

  /** A session whose tokens have a lifetime in ms, in a test window whose scheduler has been started. */
  async function start(
    lifetime: number,
    settings: Partial<LifetimeSettings> = {},
    more: Partial<SessionRecord> = {},
    send: typeof fetch = fetch,
  ): Promise<void> {
    testWindow = createTestWindow(server.issuer, { settings, fetch: send });
    server.date = () => testWindow.clock.now();
    server.onToken(rotatingTokens({ expires_in: lifetime / SECOND }));
    await seedSession(
      testWindow,
      recordAt(server.issuer, testWindow.clock.now(), { accessExpiresAt: testWindow.clock.now() + lifetime, ...more }),
    );
    testWindow.scheduler.tick();
  }

  const requests = (): number => server.requestsTo('/token').length;
  const isUnexpired = (): boolean => (testWindow.record().accessExpiresAt ?? 0) > testWindow.clock.now();

  /** Returns when the refresh of the session is due, in ms, by the rule that is tested separately. */
  const untilDue = (settings: Partial<LifetimeSettings> = {}): number =>
    (refreshDueAt(tokenLifetimes(testWindow.record()), {
      leeway: 5 * MINUTE,
      refreshInterval: 0,
      warning: 10 * MINUTE,
      ...settings,
    }) ?? NaN) - testWindow.clock.now();

  it('refreshes ahead of the expiry by the leeway and the jitter, to the millisecond, without callers', async () => {
    await start(HOUR);
    const wait = untilDue();
    assert.ok(wait <= 55 * MINUTE && wait > 55 * MINUTE - 75 * SECOND, `${wait} ms`);
    await testWindow.clock.pass(wait - 1);
    assert.equal(requests(), 0);
    await testWindow.clock.pass(1);
    assert.equal(requests(), 1);
    assert.equal(testWindow.record().generation, 2);
  });

  it('limits the leeway to a third of a short lifetime', async () => {
    await start(5 * MINUTE);
    const wait = untilDue();
    assert.ok(wait <= 200 * SECOND && wait > 175 * SECOND, `${wait} ms`);
    await testWindow.clock.pass(wait - 1);
    assert.equal(requests(), 0);
    await testWindow.clock.pass(1);
    assert.equal(requests(), 1);
  });

  it('has a different second in each window and for each session', async () => {
    const times: number[] = [];
    for (const [jitter, id] of [
      [0, 's1'],
      [0.3, 's1'],
      [0.6, 's1'],
      [0, 'another'],
    ] as const) {
      await start(HOUR, { jitter }, { id });
      const initialRecord = testWindow.clock.now();
      testWindow.liveSessions.onDidChange(
        ({ after }) => after?.refreshing === true && times.push(testWindow.clock.now() - initialRecord),
      );
      await testWindow.clock.pass(56 * MINUTE);
      testWindow.scheduler.dispose();
    }
    assert.equal(new Set(times.map((time) => Math.floor(time / SECOND))).size, 4, times.join());
    assert.ok(
      times.every((time) => time <= 55 * MINUTE && time > 55 * MINUTE - 75 * SECOND),
      times.join(),
    );
  });

  it('keeps a session of five-minute tokens valid for twelve hours without excessive requests', async () => {
    await start(5 * MINUTE);
    for (let minute = 0; minute < 12 * 60; minute += 1) {
      await testWindow.clock.pass(MINUTE);
      assert.ok(isUnexpired(), `expired after ${minute} minutes`);
    }
    // Every 175 to 200 seconds: a third of the lifetime before the expiry, or up to a quarter of that earlier.
    assert.ok(
      requests() >= (12 * HOUR) / (200 * SECOND) - 1 && requests() <= (12 * HOUR) / (175 * SECOND),
      `${requests()} renewals`,
    );
    assert.equal(testWindow.record().ended, undefined);
  });

  for (const [name, lifetime] of [
    ['30 days', 30 * DAY],
    ['10 years', 3650 * DAY],
  ] as const) {
    it(`doesn't refresh a token of ${name} early, nor set a timer longer than a minute`, async () => {
      await start(lifetime);
      await testWindow.clock.pass(2 * HOUR);
      assert.equal(requests(), 0);
      assert.ok(testWindow.clock.fired <= 125, `${testWindow.clock.fired} ticks`);
      assert.ok(testWindow.clock.longestDelay <= MINUTE);
      testWindow.clock.sleep(untilDue() - SECOND);
      await testWindow.clock.pass(MINUTE);
      assert.equal(requests(), 1);
      assert.ok(isUnexpired());
    });
  }

  it("doesn't send excessive requests when tokens expire after a second", async () => {
    await start(SECOND);
    await testWindow.clock.pass(10 * MINUTE);
    assert.ok(requests() > 20 && requests() <= 120, `${requests()} renewals`);
    assert.ok(testWindow.clock.fired <= 10 * 60 + 2, `${testWindow.clock.fired} ticks`);
  });

  it("doesn't send excessive requests when responses have no lifetime", async () => {
    await start(HOUR, {}, { accessExpiresAt: undefined, expirySource: 'unknown' });
    await testWindow.clock.pass(2 * HOUR);
    assert.equal(requests(), 0);
  });

  it('refreshes at the configured interval even when the token lasts longer or its lifetime is unknown', async () => {
    await start(30 * DAY, { refreshInterval: 30 * MINUTE });
    server.onToken(rotatingTokens({ expires_in: undefined }));
    await testWindow.clock.pass(2 * HOUR + SECOND);
    assert.equal(requests(), 4);
  });

  it('does everything that is due on the first tick after a sleep', async () => {
    await start(5 * MINUTE);
    await testWindow.clock.pass(10 * SECOND);
    testWindow.clock.sleep(9 * HOUR);
    assert.equal(isUnexpired(), false);
    await testWindow.clock.pass(MINUTE);
    assert.equal(requests(), 1);
    assert.ok(isUnexpired());
    assert.ok(testWindow.lines.some((line) => line.includes('ahead of schedule')));
  });

  it('refreshes only sessions with a known end after the clock jumps', async () => {
    await start(
      8 * HOUR,
      {},
      { sessionEndIsFixed: true, sessionEndSource: 'setting', sessionEndsAt: Date.UTC(2031, 4, 8) },
    );
    testWindow.liveSessions.set(
      recordAt(server.issuer, testWindow.clock.now(), { id: 's2', accessExpiresAt: testWindow.clock.now() + 8 * HOUR }),
    );
    await testWindow.clock.pass(10 * MINUTE);
    testWindow.clock.sleep(HOUR);
    await testWindow.clock.pass(10 * MINUTE);
    assert.deepEqual([testWindow.record('s1').generation, testWindow.record('s2').generation], [2, 1]);
  });

  it('refreshes once when the clock was set back, by any amount', async () => {
    await start(HOUR);
    await testWindow.clock.pass(20 * MINUTE);
    testWindow.clock.sleep(-30 * SECOND);
    await testWindow.clock.pass(MINUTE);
    assert.equal(requests(), 1);
    assert.ok(
      testWindow.lines.some((line) => line.includes('The clock was set back by 30 s')),
      testWindow.lines.join('\n'),
    );
    await testWindow.clock.pass(10 * MINUTE);
    assert.equal(requests(), 1);
  });

  it('ignores clock adjustments of a second', async () => {
    await start(HOUR);
    await testWindow.clock.pass(20 * MINUTE);
    testWindow.clock.sleep(-SECOND);
    await testWindow.clock.pass(10 * MINUTE);
    assert.equal(requests(), 0);
  });

  it('refreshes when the clock was set back to before the token was received', async () => {
    await start(HOUR);
    testWindow.clock.sleep(-3 * HOUR);
    testWindow.scheduler.tick();
    await testWindow.clock.rest();
    assert.equal(requests(), 1);
    await testWindow.clock.pass(10 * MINUTE);
    assert.equal(requests(), 1);
  });

  it('backs off while the server drops every request for an hour, and recovers on its own', async () => {
    await start(5 * MINUTE);
    server.onToken('drop');
    await testWindow.clock.pass(HOUR);
    const tries = requests();
    assert.ok(tries >= 8 && tries <= 30, `${tries} tries`);
    assert.equal(testWindow.record().ended, undefined);
    server.onToken(rotatingTokens());
    await testWindow.clock.pass(10 * MINUTE);
    assert.ok(isUnexpired());
    assert.equal(testWindow.liveSessions.get('s1')?.failures, 0);
  });

  it('detects within seconds that the network is back', async () => {
    let isOffline = false;
    await start(5 * MINUTE, {}, {}, (...request) =>
      isOffline
        ? Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code: 'ENOTFOUND' }) }))
        : fetch(...request),
    );
    isOffline = true;
    await testWindow.clock.pass(HOUR);
    const failures = testWindow.liveSessions.get('s1')?.failures ?? 0;
    assert.ok(failures > 300 && failures < 600, `${failures} tries`);
    isOffline = false;
    await testWindow.clock.pass(10 * SECOND);
    assert.deepEqual([testWindow.record().accessToken, isUnexpired()], ['access-2', true]);
  });

  it("backs off from a server that can't respond", async () => {
    await start(5 * MINUTE);
    server.onToken({ status: 503 });
    await testWindow.clock.pass(untilDue() + 5 * MINUTE);
    assert.ok(requests() >= 6 && requests() <= 8, `${requests()} attempts in five minutes`);
  });

  it("doesn't retry earlier than the server requested", async () => {
    await start(5 * MINUTE);
    server.onToken({ status: 429, headers: { 'Retry-After': '600' } });
    await testWindow.clock.pass(untilDue());
    assert.equal(requests(), 1);
    await testWindow.clock.pass(600 * SECOND - 1);
    assert.equal(requests(), 1);
    await testWindow.clock.pass(1);
    assert.equal(requests(), 2);
  });

  it('retries immediately after a change that may have fixed the failure, unless it has just failed or the server requested a wait', async () => {
    await start(5 * MINUTE);
    server.onToken({ status: 401, body: { error: 'invalid_client' } });
    await testWindow.clock.pass(4 * MINUTE);
    assert.equal(requests(), 1);
    server.onToken({ status: 429, headers: { 'retry-after': '600' } });
    testWindow.scheduler.checkNow();
    await testWindow.clock.pass(SECOND);
    assert.equal(requests(), 2);
    server.onToken(rotatingTokens());
    testWindow.scheduler.checkNow();
    await testWindow.clock.pass(MINUTE);
    assert.equal(requests(), 2, 'the server requested a wait');
  });

  it('retries slowly when the configuration is wrong', async () => {
    await start(5 * MINUTE);
    server.onToken({ status: 401, body: { error: 'invalid_client' } });
    await testWindow.clock.pass(HOUR);
    assert.ok(requests() >= 8 && requests() <= 15, `${requests()} tries`);
  });

  it('sends no more requests for a session that has ended', async () => {
    await start(5 * MINUTE);
    server.onToken({ status: 400, body: { error: 'invalid_grant' } });
    await testWindow.clock.pass(DAY);
    assert.equal(requests(), 1);
  });

  it('never refreshes a session without a refresh token, and reports when it has expired', async () => {
    await start(5 * MINUTE, {}, { refreshToken: undefined });
    let ticks = 0;
    testWindow.scheduler.onDidTick(() => {
      ticks += 1;
    });
    await testWindow.clock.pass(5 * MINUTE);
    assert.equal(requests(), 0);
    const before = ticks;
    await testWindow.clock.pass(SECOND);
    assert.ok(ticks >= before);
    assert.deepEqual(testWindow.sessionManager.getActive('acme'), []);
  });

  it('ticks when the warning before a session end is due, no matter how short the session is', async () => {
    await start(30 * SECOND, { warning: 10 * MINUTE }, { refreshToken: undefined });
    let ticks = 0;
    testWindow.scheduler.onDidTick(() => (ticks += 1));
    await testWindow.clock.pass(20 * SECOND - 1);
    assert.equal(ticks, 0);
    await testWindow.clock.pass(1);
    assert.equal(ticks, 1);
  });

  it('ticks when a token expires, not a minute later', async () => {
    await start(90 * SECOND, {}, { refreshToken: undefined });
    const times: number[] = [];
    const initialRecord = testWindow.clock.now();
    testWindow.scheduler.onDidTick(() => times.push(testWindow.clock.now() - initialRecord));
    await testWindow.clock.pass(2 * MINUTE);
    assert.ok(times.includes(90 * SECOND), times.join());
  });

  it('ticks once more when a token expires between a tick and scheduling the next one', async () => {
    await start(40 * SECOND, {}, { refreshToken: undefined });
    await testWindow.clock.pass(40 * SECOND - 1);
    let listed: number | undefined;
    const slow = testWindow.scheduler.onDidTick(() => {
      slow.dispose();
      assert.equal(testWindow.sessionManager.getActive('acme').length, 1);
      testWindow.clock.set(testWindow.clock.now() + 2);
    });
    testWindow.scheduler.tick();
    testWindow.scheduler.onDidTick(() => (listed = testWindow.sessionManager.getActive('acme').length));
    await testWindow.clock.pass(SECOND);
    assert.equal(listed, 0, 'the expiry goes unnoticed for up to a minute');
  });

  it('retries failed writes at each tick until they succeed', async () => {
    await start(5 * MINUTE);
    testWindow.store.failing.add('store');
    await testWindow.clock.pass(untilDue() + MINUTE);
    assert.equal(testWindow.liveSessions.get('s1')?.unsaved, true);
    assert.match(testWindow.stored() ?? '', /"refresh-1"/);
    testWindow.store.failing.clear();
    await testWindow.clock.pass(10 * SECOND);
    assert.equal(testWindow.liveSessions.get('s1')?.unsaved, false);
    assert.match(testWindow.stored() ?? '', /"refresh-2"/);
  });

  it('stores again what a store has accepted and forgotten', async () => {
    await start(5 * MINUTE);
    const storing = testWindow.store.store.bind(testWindow.store);
    testWindow.store.store = () => Promise.resolve();
    await testWindow.clock.pass(untilDue());
    assert.equal(testWindow.liveSessions.get('s1')?.unsaved, true);
    testWindow.store.store = storing;
    await testWindow.clock.pass(10 * SECOND);
    assert.deepEqual(
      [testWindow.liveSessions.get('s1')?.unsaved, JSON.parse(testWindow.stored() ?? '')],
      [false, testWindow.record()],
    );
  });

  it('reschedules when a session is added that is due earlier', async () => {
    await start(30 * DAY);
    await testWindow.clock.pass(SECOND);
    const now = testWindow.clock.now();
    testWindow.liveSessions.set(recordAt(server.issuer, now, { id: 's2', accessExpiresAt: now + 15 * SECOND }));
    await testWindow.clock.pass(10 * SECOND);
    assert.equal(requests(), 1);
    assert.equal(testWindow.record('s2').generation, 2);
  });

  it("leaves no timer running when it's disposed of", async () => {
    await start(5 * MINUTE);
    testWindow.scheduler.dispose();
    testWindow.liveSessions.set(recordAt(server.issuer, testWindow.clock.now()));
    await testWindow.clock.pass(HOUR);
    assert.deepEqual([requests(), testWindow.clock.fired], [0, 0]);
  });
});
