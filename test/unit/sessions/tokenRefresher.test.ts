import assert from 'node:assert/strict';
import { HOUR, SECOND } from '../../../src/core/clock.ts';
import { tokenLifetimes, type SessionRecord } from '../../../src/core/session.ts';
import { rejectsWith } from '../../support/failures.ts';
import {
  createTestWindow,
  createTestWindowWithServer,
  seedSession,
  recordAt,
  type TestWindow,
} from '../../support/testWindow.ts';
import {
  closedIssuer,
  htmlPage,
  rotatingTokens,
  type ScriptedServer,
  type Script,
} from '../../support/scriptedServer.ts';

describe('The token refresher', () => {
  let server: ScriptedServer;
  let testWindow: TestWindow;

  beforeEach(async () => {
    ({ testWindow, server } = await createTestWindowWithServer());
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now()));
  });

  afterEach(async () => {
    await server.stop();
  });

  const live = (): unknown => {
    const { failures = 0, failure, failedAt, nextAttemptAt, refreshing } = testWindow.liveSessions.get('s1') ?? {};
    return { failures, category: failure?.category, failedAt, nextAttemptAt, refreshing };
  };

  it('sends one request for a hundred concurrent callers, and gives them all the same tokens', async () => {
    const records = await Promise.all(
      Array.from({ length: 100 }, () => testWindow.tokenRefresher.refresh('s1', { reason: 'test' })),
    );
    assert.equal(server.requestsTo('/token').length, 1);
    assert.deepEqual(new Set(records.map(({ accessToken }) => accessToken)), new Set(['access-2']));
  });

  it('gives a hundred concurrent callers the same failure, and counts it once', async () => {
    server.onToken({ status: 503 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 100 }, () => testWindow.tokenRefresher.refresh('s1', { reason: 'test' })),
    );
    assert.ok(outcomes.every(({ status }) => status === 'rejected'));
    assert.deepEqual([server.requestsTo('/token').length, testWindow.liveSessions.get('s1')?.failures], [1, 1]);
  });

  it('sends the client ID of a public client and the refresh token, and no scope', async () => {
    await testWindow.tokenRefresher.refresh('s1', { reason: 'test' });
    const [request] = server.requestsTo('/token');
    assert.deepEqual(Object.fromEntries(request?.parameters ?? []), {
      grant_type: 'refresh_token',
      refresh_token: 'refresh-1',
      client_id: 'editor',
    });
    assert.equal(request?.headers.authorization, undefined);
  });

  it('follows the rotation, and stores and records each generation', async () => {
    await testWindow.tokenRefresher.refresh('s1', { reason: 'test' });
    await testWindow.tokenRefresher.refresh('s1', { reason: 'test' });
    const { accessToken, refreshToken, generation, isComplete } = testWindow.record();
    assert.deepEqual([accessToken, refreshToken, generation, isComplete], ['access-3', 'refresh-3', 3, true]);
    assert.deepEqual(JSON.parse(testWindow.stored() ?? ''), testWindow.record());
    assert.equal((await testWindow.sessionStore.header('s1'))?.generation, 3);
    testWindow.store.secrets.delete('session:s1');
    assert.deepEqual(await testWindow.sessionStore.get('s1'), testWindow.record(), 'from the session file');
  });

  it("doesn't treat a missing refresh token as a verdict: the current token stays valid", async () => {
    const { refreshToken: _none, ...record } = recordAt(server.issuer, testWindow.clock.now());
    await seedSession(testWindow, record);
    await rejectsWith(testWindow.tokenRefresher.refresh('s1', { reason: 'test' }), 'not-renewable', 'no-refresh-token');
    assert.deepEqual(
      [testWindow.record().ended, testWindow.liveSessions.get('s1')?.failure, server.requests.length],
      [undefined, undefined, 0],
    );
  });

  it('accepts that a server refreshes nothing: the session lasts as long as its access token, without further requests', async () => {
    server.onToken({ status: 400, body: { error: 'unsupported_grant_type' } });
    await rejectsWith(
      testWindow.tokenRefresher.refresh('s1', { reason: 'test' }),
      'not-renewable',
      'unsupported_grant_type',
    );
    const { ended, refreshToken } = testWindow.record();
    assert.deepEqual(
      [ended, refreshToken, tokenLifetimes(testWindow.record()).isRefreshable],
      [undefined, 'refresh-1', false],
    );
    assert.equal((JSON.parse(testWindow.stored() ?? '') as SessionRecord).isNotRefreshable, true);
    testWindow.scheduler.tick();
    await testWindow.clock.pass(HOUR);
    assert.deepEqual([server.requestsTo('/token').length, testWindow.sessionManager.getActive('acme')], [1, []]);
  });

  it("can be awaited, so that a window doesn't close during a refresh whose response would be lost", async () => {
    const renewal = testWindow.tokenRefresher.refresh('s1', { reason: 'test' });
    await testWindow.tokenRefresher.whenIdle();
    assert.equal((JSON.parse(testWindow.stored() ?? '') as { generation: number }).generation, 2);
    await renewal;
  });

  it('counts the expiry from when the request was sent, no matter how long the response takes', async () => {
    const sentAt = testWindow.clock.now();
    server.onToken(() => {
      testWindow.clock.sleep(9 * SECOND);
      return {
        body: {
          access_token: 'access-2',
          token_type: 'Bearer',
          expires_in: 300,
          refresh_token: 'refresh-2',
          refresh_expires_in: 3600,
        },
      };
    });
    await testWindow.tokenRefresher.refresh('s1', { reason: 'test' });
    assert.equal(testWindow.clock.now(), sentAt + 9 * SECOND);
    const { accessExpiresAt, tokensRequestedAt, sessionEndsAt } = testWindow.record();
    assert.deepEqual(
      [tokensRequestedAt, accessExpiresAt, sessionEndsAt],
      [sentAt, sentAt + 300 * SECOND, sentAt + 3600 * SECOND],
    );
  });

  it('keeps the refresh token when the response has none', async () => {
    server.onToken({ body: { access_token: 'access-2', token_type: 'Bearer', expires_in: 300 } });
    await testWindow.tokenRefresher.refresh('s1', { reason: 'test' });
    await testWindow.tokenRefresher.refresh('s1', { reason: 'test' });
    assert.deepEqual(
      server.requestsTo('/token').map(({ parameters }) => parameters.get('refresh_token')),
      ['refresh-1', 'refresh-1'],
    );
    assert.equal(testWindow.record().generation, 3);
  });

  it('stores the new refresh token before verifying an ID token that turns out to be invalid, and keeps the session', async () => {
    const idToken = await server.idToken({ aud: 'another-client' });
    server.onToken(rotatingTokens({ id_token: idToken }));
    await rejectsWith(testWindow.tokenRefresher.refresh('s1', { reason: 'test' }), 'untrusted-response');
    const { accessToken, refreshToken, generation, isComplete, ended } = testWindow.record();
    assert.deepEqual(
      [accessToken, refreshToken, generation, isComplete, ended],
      ['access-1', 'refresh-2', 2, false, undefined],
    );
    assert.equal(
      (await testWindow.sessionStore.header('s1'))?.generation,
      2,
      'the older refresh token is no longer useful to any window',
    );
    assert.equal((JSON.parse(testWindow.stored() ?? '') as { refreshToken: string }).refreshToken, 'refresh-2');
    server.onToken(({ parameters }) => ({
      body: { access_token: `for-${parameters.get('refresh_token') ?? ''}`, token_type: 'Bearer' },
    }));
    const {
      accessToken: renewed,
      generation: next,
      isComplete: isWholeNow,
    } = await testWindow.tokenRefresher.refresh('s1', { reason: 'test' });
    assert.deepEqual([renewed, next, isWholeNow], ['for-refresh-2', 3, true]);
  });

  it('has stored the new refresh token by the time the signing keys are requested', async () => {
    const idToken = await server.idToken({ aud: 'editor' });
    server.onToken(rotatingTokens({ id_token: idToken }));
    let storedByThen: string | undefined;
    server.on('/jwks', () => {
      storedByThen = testWindow.stored();
      return { status: 500 };
    });
    await rejectsWith(testWindow.tokenRefresher.refresh('s1', { reason: 'test' }), 'server');
    assert.match(storedByThen ?? '', /refresh-2/);
  });

  it('rejects tokens of another user, and keeps the session', async () => {
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now(), { subject: 'person-1' }));
    server.onToken(rotatingTokens({ id_token: await server.idToken({ aud: 'editor', sub: 'person-2' }) }));
    await rejectsWith(testWindow.tokenRefresher.refresh('s1', { reason: 'test' }), 'other-account', 'other-subject');
    assert.equal(testWindow.record().accessToken, 'access-1');
    assert.equal(testWindow.record().ended, undefined);
  });

  it("rejects tokens of another tenant when the server's tenant is open, and keeps the session", async () => {
    const home = server.issuer;
    server.metadata['issuer'] = `${home}/{tenantid}/v2.0`;
    server.on('/common/v2.0/.well-known/openid-configuration', () => ({ body: server.metadata }));
    const idTokenOf = (tid: string): Promise<string> =>
      server.idToken({ aud: 'editor', iss: `${home}/${tid}/v2.0`, tid });
    testWindow = createTestWindow(`${home}/common/v2.0`);
    server.date = () => testWindow.clock.now();
    await seedSession(
      testWindow,
      recordAt(`${home}/common/v2.0`, testWindow.clock.now(), { subject: 'person-1', idToken: await idTokenOf('t-1') }),
    );
    server.onToken(rotatingTokens({ id_token: await idTokenOf('t-2') }));
    await rejectsWith(testWindow.tokenRefresher.refresh('s1', { reason: 'test' }), 'other-account', 'other-issuer');
    assert.deepEqual(
      [testWindow.record().accessToken, testWindow.record().refreshToken, testWindow.record().ended],
      ['access-1', 'refresh-2', undefined],
    );
    const idToken = await idTokenOf('t-1');
    server.onToken({ body: { access_token: 'access-3', token_type: 'Bearer', id_token: idToken } });
    assert.equal((await testWindow.tokenRefresher.refresh('s1', { reason: 'test' })).accessToken, 'access-3');
  });

  it('accepts tokens of an issuer that now has a trailing slash', async () => {
    await seedSession(
      testWindow,
      recordAt(server.issuer, testWindow.clock.now(), {
        subject: 'person-1',
        idToken: await server.idToken({ aud: 'editor' }),
      }),
    );
    server.metadata['issuer'] = `${server.issuer}/`;
    server.onToken(rotatingTokens({ id_token: await server.idToken({ aud: 'editor', iss: `${server.issuer}/` }) }));
    assert.equal((await testWindow.tokenRefresher.refresh('s1', { reason: 'test' })).accessToken, 'access-2');
  });

  it('accepts new tokens of the same user with an ID token', async () => {
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now(), { subject: 'person-1' }));
    server.onToken(rotatingTokens({ id_token: await server.idToken({ aud: 'editor' }, 'ES256') }));
    assert.equal((await testWindow.tokenRefresher.refresh('s1', { reason: 'test' })).accessToken, 'access-2');
  });

  it('ends the session on invalid_grant, and stores that', async () => {
    server.onToken({ status: 400, body: { error: 'invalid_grant' } });
    await rejectsWith(testWindow.tokenRefresher.refresh('s1', { reason: 'test' }), 'session-ended', 'invalid_grant');
    const ended = { at: testWindow.clock.now(), category: 'session-ended', code: 'invalid_grant' };
    assert.deepEqual(testWindow.record().ended, ended);
    assert.deepEqual((JSON.parse(testWindow.stored() ?? '') as { ended: unknown }).ended, ended);
    assert.deepEqual(live(), {
      failures: 1,
      category: 'session-ended',
      failedAt: testWindow.clock.now(),
      nextAttemptAt: undefined,
      refreshing: false,
    });
  });

  it('backs off after temporary failures: twice within seconds, then within the remaining lifetime of the token', async () => {
    server.onToken('drop');
    const waits: number[] = [];
    for (let time = 0; time < 5; time += 1) {
      await rejectsWith(testWindow.tokenRefresher.refresh('s1', { reason: 'test' }), 'network');
      waits.push((testWindow.liveSessions.get('s1')?.nextAttemptAt ?? 0) - testWindow.clock.now());
    }
    assert.deepEqual(waits, [2.5 * SECOND, 4.5 * SECOND, 152.5 * SECOND, 152.5 * SECOND, 152.5 * SECOND]);
    assert.equal(testWindow.record().ended, undefined);
  });

  it('backs off to ten minutes when the token has expired, for any failure of another computer', async () => {
    const address = await closedIssuer();
    for (const endpoint of ['/token', `${address}/token`]) {
      server.onToken({ status: 503 });
      server.metadata['token_endpoint'] = endpoint.startsWith('/') ? `${server.issuer}${endpoint}` : endpoint;
      const { liveSessions, tokenRefresher, clock } = (testWindow = createTestWindow(server.issuer));
      await seedSession(testWindow, recordAt(server.issuer, clock.now(), { accessExpiresAt: clock.now() - 1 }));
      const waits: number[] = [];
      for (let time = 0; time < 10; time += 1) {
        await tokenRefresher.refresh('s1', { reason: 'test' }).catch(() => {});
        waits.push(((liveSessions.get('s1')?.nextAttemptAt ?? 0) - clock.now()) / SECOND);
      }
      assert.deepEqual(waits, [2.5, 4.5, 10.5, 18.5, 34.5, 66.5, 130.5, 258.5, 302.5, 302.5], endpoint);
    }
  });

  it('retries every few seconds while this computer is offline', async () => {
    const fetch = (): Promise<Response> =>
      Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code: 'ENETUNREACH' }) }));
    const { clock, liveSessions, tokenRefresher } = (testWindow = createTestWindow(server.issuer, { fetch }));
    await seedSession(testWindow, recordAt(server.issuer, clock.now()));
    const waits: number[] = [];
    for (let time = 0; time < 5; time += 1) {
      const failure = await rejectsWith(tokenRefresher.refresh('s1', { reason: 'test' }), 'network', 'ENETUNREACH');
      assert.equal(failure.wasNotSent, true);
      waits.push((liveSessions.get('s1')?.nextAttemptAt ?? 0) - clock.now());
    }
    assert.deepEqual(waits, [3500, 7000, 7000, 7000, 7000]);
  });

  it('waits exactly as long as the server requests, whether longer or shorter than its own delay', async () => {
    for (const [wait, status] of [
      [120, 429],
      [1, 503],
      [10, 503],
      [7, 429],
    ] as const) {
      server.onToken({ status, headers: { 'Retry-After': String(wait) } });
      await assert.rejects(testWindow.tokenRefresher.refresh('s1', { reason: 'test' }));
      assert.equal(testWindow.liveSessions.get('s1')?.nextAttemptAt, testWindow.clock.now() + wait * SECOND);
      await testWindow.clock.pass(wait * SECOND);
    }
  });

  it('forgets the failures after a successful refresh', async () => {
    server.onToken({ status: 500 });
    await rejectsWith(testWindow.tokenRefresher.refresh('s1', { reason: 'test' }), 'server');
    server.onToken(rotatingTokens());
    await testWindow.tokenRefresher.refresh('s1', { reason: 'test' });
    assert.deepEqual(live(), {
      failures: 0,
      category: undefined,
      failedAt: undefined,
      nextAttemptAt: undefined,
      refreshing: false,
    });
  });

  const keeps: Readonly<Record<string, Script>> = {
    'a dropped connection': 'drop',
    'a server error': { status: 500, body: 'oops' },
    'a gateway': { status: 502, body: '<html></html>' },
    'a login page of the network': htmlPage,
    'a redirect': { status: 302, headers: { Location: 'https://portal.example.com' } },
    'a missing token endpoint': { status: 404 },
    'a truncated response': { headers: { 'Content-Type': 'application/json' }, body: '{"access_token":' },
    'a rejected client': { status: 401, body: { error: 'invalid_client' } },
    'an unknown error': { status: 400, body: { error: 'full_moon' } },
    'a proxy that requires a password': { status: 407 },
  };
  for (const [what, script] of Object.entries(keeps)) {
    it(`keeps the session and its tokens after ${what}`, async () => {
      server.onToken(script);
      await assert.rejects(testWindow.tokenRefresher.refresh('s1', { reason: 'test' }));
      assert.equal(testWindow.record().ended, undefined);
      assert.equal(testWindow.record().refreshToken, 'refresh-1');
      assert.notEqual(testWindow.liveSessions.get('s1')?.nextAttemptAt, undefined);
    });
  }

  it('keeps new tokens in memory when storing them fails, marked as unsaved', async () => {
    testWindow.store.failing.add('store');
    assert.equal((await testWindow.tokenRefresher.refresh('s1', { reason: 'test' })).accessToken, 'access-2');
    assert.equal(testWindow.liveSessions.get('s1')?.unsaved, true);
    assert.match(testWindow.stored() ?? '', /refresh-1/);
    testWindow.store.failing.clear();
    await testWindow.sessionStore.put(testWindow.record());
    assert.equal(testWindow.liveSessions.get('s1')?.unsaved, false);
    assert.match(testWindow.stored() ?? '', /refresh-2/);
  });

  it('marks tokens as unsaved that a store accepts and forgets', async () => {
    testWindow.store.store = () => Promise.resolve();
    assert.equal((await testWindow.tokenRefresher.refresh('s1', { reason: 'test' })).accessToken, 'access-2');
    assert.deepEqual(
      [testWindow.liveSessions.get('s1')?.unsaved, testWindow.record().refreshToken],
      [true, 'refresh-2'],
    );
    assert.ok(testWindow.lines.some((line) => line.includes('be stored (secret-not-persistent). Retrying')));
    assert.equal((await testWindow.sessionStore.get('s1'))?.refreshToken, 'refresh-2', 'the session file has them');
  });

  it("waits no longer than ten seconds for a store that doesn't respond", async () => {
    testWindow.store.beforeStore = () => new Promise(() => {});
    const renewal = testWindow.tokenRefresher.refresh('s1', { reason: 'test' });
    await server.waitFor('/token');
    // Once for the refresh token alone, once for the complete record.
    await testWindow.clock.pass(20 * SECOND);
    assert.equal((await renewal).accessToken, 'access-2');
    assert.equal(testWindow.liveSessions.get('s1')?.unsaved, true);
  });

  it("refreshes although the store can't be read", async () => {
    testWindow.store.failing.add('get');
    assert.equal((await testWindow.tokenRefresher.refresh('s1', { reason: 'test' })).accessToken, 'access-2');
  });

  it('adopts what another window has refreshed, without a request', async () => {
    const newer = recordAt(server.issuer, testWindow.clock.now() + 1, {
      generation: 5,
      accessToken: 'access-5',
      refreshToken: 'refresh-5',
    });
    await testWindow.secretStorage.write(newer);
    assert.deepEqual(await testWindow.tokenRefresher.refresh('s1', { reason: 'test' }), newer);
    assert.deepEqual(testWindow.record(), newer);
    assert.equal(server.requests.length, 0);
  });

  it("doesn't adopt anything older than its own record", async () => {
    await testWindow.secretStorage.write(
      recordAt(server.issuer, testWindow.clock.now(), { generation: 1, refreshToken: 'refresh-0' }),
    );
    testWindow.liveSessions.set(recordAt(server.issuer, testWindow.clock.now(), { generation: 2 }));
    await testWindow.tokenRefresher.refresh('s1', { reason: 'test' });
    assert.equal(server.requestsTo('/token')[0]?.parameters.get('refresh_token'), 'refresh-1');
  });

  it("fails as canceled when the session doesn't exist, without a request", async () => {
    await rejectsWith(testWindow.tokenRefresher.refresh('s9', { reason: 'test' }), 'signed-out', 'signed-out');
    assert.equal(server.requests.length, 0);
  });

  it('ends a session without a refresh token when it would be refreshed', async () => {
    testWindow.liveSessions.set({ ...recordAt(server.issuer, testWindow.clock.now()), refreshToken: undefined });
    await rejectsWith(testWindow.tokenRefresher.refresh('s1', { reason: 'test' }), 'not-renewable', 'no-refresh-token');
  });

  it("logs once that the server didn't specify the token lifetime", async () => {
    server.onToken(rotatingTokens({ expires_in: undefined }));
    await testWindow.tokenRefresher.refresh('s1', { reason: 'test' });
    await testWindow.tokenRefresher.refresh('s1', { reason: 'test' });
    assert.equal(testWindow.lines.filter((line) => line.includes('assumedLifetime')).length, 1);
  });

  it('never logs a token', async () => {
    await testWindow.tokenRefresher.refresh('s1', { reason: 'test' });
    server.onToken({ status: 400, body: { error: 'invalid_grant', error_description: 'refresh-2' } });
    testWindow.store.failing.add('store');
    await assert.rejects(testWindow.tokenRefresher.refresh('s1', { reason: 'test' }));
    assert.ok(testWindow.lines.length > 3);
    assert.doesNotMatch(testWindow.lines.join('\n').replace(/: refresh-2/, ''), /access-\d|refresh-\d/);
  });

  it('keeps a session whose token expires beyond the range of dates', async () => {
    server.onToken(rotatingTokens({ expires_in: Number.MAX_SAFE_INTEGER }));
    await testWindow.tokenRefresher.refresh('s1', { reason: 'test' }).catch(() => {});
    assert.equal(testWindow.record().refreshToken, 'refresh-2');
    const restarted = createTestWindow(server.issuer, {
      store: testWindow.store,
      folder: testWindow.folder,
      clock: testWindow.clock,
    });
    await restarted.sessionManager.ready();
    assert.equal(restarted.record().refreshToken, 'refresh-2');
  });
});
