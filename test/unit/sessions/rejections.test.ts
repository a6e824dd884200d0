import assert from 'node:assert/strict';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { refreshSettingsOf } from '../../../src/core/refreshSettings.ts';
import { FAILURE_POLICIES } from '../../../src/core/failurePolicies.ts';
import { statusOf } from '../../../src/core/status.ts';
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
import { htmlPage, rotatingTokens, type Script, type ScriptedServer } from '../../support/scriptedServer.ts';
import { Windows } from '../../support/windows.ts';

const SETTINGS = { leeway: 5 * MINUTE, refreshInterval: 0, warning: 10 * MINUTE };
const text = (body: string, type: string, status = 400): Script => ({
  status,
  headers: { 'Content-Type': type },
  body,
});

/** Nonstandard responses of servers to an invalid refresh token. */
const REJECTIONS: Readonly<Record<string, Script>> = {
  '400 without a body': { status: 400 },
  '401 without a body': { status: 401 },
  '401 with a client challenge': { status: 401, headers: { 'WWW-Authenticate': 'Bearer realm="api"' } },
  '403 with JSON without a code': { status: 403, body: { message: 'Session not found' } },
  '403 without a body': { status: 403 },
  '404 with JSON without a code': { status: 404, body: { message: 'Refresh token not found' } },
  '410 with problem details in JSON': text(
    '{"type":"about:blank","title":"Gone","detail":"The session is gone"}',
    'application/problem+json',
    410,
  ),
  '422 with a list of errors': { status: 422, body: { errors: [{ title: 'Refresh token is invalid' }] } },
  'invalid_request without a known description': {
    status: 400,
    body: { error: 'invalid_request', error_description: 'Refresh token is invalid' },
  },
  'an unknown code with 400': { status: 400, body: { error: 'REFRESH_TOKEN_NOT_FOUND' } },
  'an unknown code with 404': { status: 404, body: { error: 'session_not_found' } },
  'an unknown code with 200': { status: 200, body: { error: 'token_revoked' } },
  'ok: false, with 200': { status: 200, body: { ok: false, error: 'invalid_refresh_token' } },
  'a nonstandard status': { status: 400, body: { status: 'BAD_REFRESH_TOKEN' } },
  'plain text': text('refresh token expired', 'text/plain'),
  'an HTML page with 400': text('<html><title>400</title></html>', 'text/html'),
  'an empty object with 200': { status: 200, body: {} },
  'a code of another flow': { status: 400, body: { error: 'authorization_declined' } },
};
/** Responses that don't mean that the token is invalid, no matter how often they're repeated. */
const OTHERS: Readonly<Record<string, Script>> = {
  'a page of the network': htmlPage,
  'a page of a firewall': text('<html>Blocked</html>', 'text/html', 403),
  '404 without a code': { status: 404 },
  'a page with 404': text('<html>Not found</html>', 'text/html', 404),
  '404 in plain text': text('page not found', 'text/plain', 404),
  'an empty page of the network': { status: 200, headers: { 'Content-Type': 'text/html' } },
  '407 of a proxy': { status: 407 },
  '429': { status: 429 },
  '503': { status: 503 },
  invalid_client: { status: 401, body: { error: 'invalid_client' } },
  invalid_scope: { status: 400, body: { error: 'invalid_scope' } },
  'a dropped connection': 'drop',
};

describe('A refresh that the server rejects repeatedly for an unknown reason', () => {
  let server: ScriptedServer;
  let testWindow: TestWindow;

  beforeEach(async () => {
    ({ testWindow, server } = await createTestWindowWithServer({ scopes: ['read', 'write'] }));
    testWindow.sessions.start();
  });

  afterEach(async () => {
    testWindow.sessions.dispose();
    await server.stop();
  });

  /** A session whose token is valid for an hour. */
  const signIn = (): Promise<unknown> =>
    seedSession(
      testWindow,
      recordAt(server.issuer, testWindow.clock.now(), {
        accessExpiresAt: testWindow.clock.now() + HOUR,
        refreshSettings: refreshSettingsOf(providerAt(server.issuer)),
      }),
    );
  const session = () => testWindow.liveSessions.get('s1');
  const state = (): string | undefined => {
    const live = session();
    return live === undefined ? undefined : statusOf(live, SETTINGS, testWindow.clock.now()).state;
  };
  const renew = (): Promise<unknown> => testWindow.tokenRefresher.refresh('s1', { reason: 'test' });

  for (const [what, script] of Object.entries(REJECTIONS)) {
    it(`leads to a sign-in after the second time, and ends with its access token: ${what}`, async () => {
      await signIn();
      server.onToken(script);
      await rejectsWith(renew(), 'refresh-rejected');
      assert.equal(state(), 'retrying', 'once may be accidental');
      await testWindow.clock.pass(2 * MINUTE);
      assert.equal(session()?.failure?.category, 'refresh-rejected-again');
      assert.deepEqual([state(), testWindow.record().ended], ['ending', undefined]);
      assert.deepEqual(
        (await testWindow.sessionManager.getUsableSessions('acme', ['read'])).map(({ record }) => record.accessToken),
        ['access-1'],
        'callers keep the valid token',
      );
      await testWindow.clock.pass(HOUR);
      assert.deepEqual([state(), testWindow.record().ended?.category], ['ended', 'refresh-rejected-again']);
      assert.deepEqual(await testWindow.sessionManager.getUsableSessions('acme', ['read']), []);
      const requests = server.requestsTo('/token').length;
      await testWindow.clock.pass(DAY);
      assert.equal(server.requestsTo('/token').length, requests, 'no more requests are sent for it');
    });
  }

  for (const [what, script] of Object.entries(OTHERS)) {
    it(`isn't assumed for this response: ${what}`, async () => {
      await signIn();
      server.onToken(script);
      await assert.rejects(renew());
      await testWindow.clock.pass(DAY);
      assert.doesNotMatch(session()?.failure?.category ?? '', /^refresh-rejected/);
      assert.equal(testWindow.record().ended, undefined);
    });
  }

  it('has signing in as its first action in the table', () => {
    assert.deepEqual(FAILURE_POLICIES['refresh-rejected-again'].actions[0], 'sign-in');
    assert.deepEqual(FAILURE_POLICIES['refresh-rejected-settings'].actions, ['settings', 'sign-in']);
  });

  for (const clockSetBackMs of [0, 10 * MINUTE]) {
    it(`ends within seconds of the expiry of its access token when the clock was set back by ${clockSetBackMs / MINUTE} minutes`, async () => {
      await signIn();
      const expiry = testWindow.clock.now() + HOUR;
      server.onToken({ status: 400 });
      await testWindow.clock.pass(MINUTE);
      testWindow.clock.set(-clockSetBackMs);
      await renew().catch(() => {});
      // Long enough for the second rejection, and until 10 s before the expiry.
      await testWindow.clock.pass(expiry - clockSetBackMs - 10 * SECOND - testWindow.clock.now());
      assert.deepEqual(
        [session()?.failure?.category, testWindow.record().ended],
        ['refresh-rejected-again', undefined],
      );
      await testWindow.clock.pass(13 * SECOND);
      assert.equal(testWindow.record().ended?.category, 'refresh-rejected-again');
    });
  }

  it('counts two attempts within seconds once: repetition by a caller or the user proves nothing', async () => {
    await signIn();
    server.onToken({ status: 400 });
    for (let time = 0; time < 3; time += 1) {
      await rejectsWith(renew(), 'refresh-rejected');
      await testWindow.clock.pass(9 * SECOND);
    }
  });

  it('is forgotten after a successful refresh', async () => {
    await signIn();
    server.onToken({ status: 400 });
    await rejectsWith(renew(), 'refresh-rejected');
    server.onToken(rotatingTokens());
    await testWindow.clock.pass(2 * MINUTE);
    assert.deepEqual([session()?.failure, session()?.rejectedAt], [undefined, undefined]);
    server.onToken({ status: 400 });
    await rejectsWith(renew(), 'refresh-rejected');
  });

  it('survives an outage in between, and a restart', async () => {
    await signIn();
    server.onToken({ status: 400 });
    await rejectsWith(renew(), 'refresh-rejected');
    server.onToken({ status: 503 });
    await testWindow.clock.pass(2 * MINUTE);
    assert.equal(session()?.failure?.category, 'server');
    testWindow.sessions.dispose();
    server.onToken({ status: 400 });
    const next = createTestWindow(server.issuer, {
      store: testWindow.store,
      folder: testWindow.folder,
      clock: testWindow.clock,
    });
    await next.sessionManager.ready();
    await rejectsWith(next.tokenRefresher.refresh('s1', { reason: 'test' }), 'refresh-rejected-again');
  });

  it("isn't delayed by a clock that was set back since the first one", async () => {
    await signIn();
    server.onToken({ status: 400 });
    await rejectsWith(renew(), 'refresh-rejected');
    testWindow.clock.set(-DAY);
    await testWindow.clock.pass(4 * MINUTE);
    assert.equal(session()?.failure?.category, 'refresh-rejected-again');
  });

  it('counts from zero for the refresh token of a response that is otherwise unusable', async () => {
    await signIn();
    server.onToken({ status: 400 });
    await rejectsWith(renew(), 'refresh-rejected');
    server.onToken({ body: { access_token: 'access-2', refresh_token: 'refresh-2', token_type: 'mac' } });
    await testWindow.clock.pass(MINUTE);
    await renew().catch(() => {});
    assert.deepEqual(
      [testWindow.record().refreshToken, session()?.failure?.category, session()?.rejectedAt],
      ['refresh-2', 'configuration', undefined],
    );
    server.onToken({ status: 400 });
    await testWindow.clock.pass(MINUTE);
    await rejectsWith(renew(), 'refresh-rejected');
  });

  it("doesn't count against the next refresh token, even if its record remains", async () => {
    await signIn();
    const at = testWindow.clock.now();
    await testWindow.sessionStore.recordFailure(testWindow.record(), {
      generation: 1,
      at,
      category: 'refresh-rejected',
      code: 'rejected-once',
      failures: 1,
      rejectedAt: at,
    });
    testWindow.liveSessions.set({ ...testWindow.record(), generation: 2 });
    await testWindow.clock.pass(2 * MINUTE);
    server.onToken({ status: 400 });
    await rejectsWith(renew(), 'refresh-rejected');
  });

  it("doesn't end the session when another window has used the token and its new ones appear only now", async () => {
    await signIn();
    server.onToken({ status: 400 });
    await rejectsWith(renew(), 'refresh-rejected');
    await testWindow.clock.pass(31 * SECOND);
    server.onToken(async () => {
      // The session index doesn't show it, as if the windows had no shared lock.
      await testWindow.secretStorage.write({
        ...testWindow.record(),
        generation: 2,
        accessToken: 'access-2',
        refreshToken: 'refresh-2',
      });
      return { status: 400 };
    });
    await renew();
    assert.deepEqual([testWindow.record().accessToken, session()?.failure], ['access-2', undefined]);
  });

  it("has only the server's own text", async () => {
    for (const [body, words] of [
      [{}, undefined],
      [{ access_token: null, expires_in: 5 }, undefined],
      [{ errcode: 42_002, errmsg: 'refresh_token expired' }, 'refresh token expired'],
    ] as const) {
      await signIn();
      server.onToken({ body });
      assert.equal((await rejectsWith(renew(), 'refresh-rejected')).detail, words);
    }
  });

  it("shows the server's own text without possible tokens, and keeps it with the end", async () => {
    await signIn();
    server.onToken(({ parameters }) => ({
      status: 400,
      body: {
        error: 'invalid_request',
        error_description: `Unknown session ${parameters.get('refresh_token') ?? ''} [click](command:evil)`,
      },
    }));
    const failure = await rejectsWith(renew(), 'refresh-rejected');
    assert.match(failure.detail ?? '', /^Unknown session …? ?click …?/);
    assert.doesNotMatch(failure.detail ?? '', /refresh-1|command:/);
    await testWindow.clock.pass(2 * HOUR);
    assert.equal(testWindow.record().ended?.detail, failure.detail);
  });

  it('points to the settings first when they were changed since the last successful refresh', async () => {
    await seedSession(
      testWindow,
      recordAt(server.issuer, testWindow.clock.now(), {
        refreshSettings: refreshSettingsOf(providerAt(server.issuer, { tokenParameters: { audience: 'api' } })),
      }),
    );
    server.onToken({ status: 400 });
    await rejectsWith(renew(), 'refresh-rejected-settings');
    await testWindow.clock.pass(20 * MINUTE);
    assert.deepEqual(
      [session()?.failure?.category, testWindow.record().ended],
      ['refresh-rejected-settings', undefined],
    );
  });

  it('depends on the settings used for a refresh, not on those used only for a sign-in or for display', () => {
    const plain = refreshSettingsOf(providerAt(server.issuer));
    assert.equal(
      refreshSettingsOf(
        providerAt(server.issuer, {
          label: 'Other',
          scopes: ['write'],
          redirectPorts: [4000],
          accountsMenu: false,
          idleTimeout: 5,
        }),
      ),
      plain,
    );
    for (const more of [
      { clientId: 'other' },
      { tokenParameters: { a: 'b' } },
      { resource: ['https://api.example'] },
      { clientAuthentication: 'client_secret_post' },
      { dpop: true },
    ] as const) {
      assert.notEqual(refreshSettingsOf(providerAt(server.issuer, more)), plain, JSON.stringify(more));
    }
  });

  it('is known in all windows after one request', async () => {
    testWindow.sessions.dispose();
    const windows = new Windows(server);
    const [first, second] = await windows.openMany(2);
    assert.ok(first && second);
    await seedSession(
      first,
      recordAt(server.issuer, windows.clock.now(), { accessExpiresAt: windows.clock.now() + HOUR }),
    );
    await windows.clock.pass(SECOND);
    server.onToken({ status: 400, body: { error: 'gone_fishing', error_description: 'Gone fishing' } });
    await rejectsWith(first.tokenRefresher.refresh('s1', { reason: 'test' }), 'refresh-rejected');
    await windows.clock.pass(2 * MINUTE);
    for (const window of windows.all) {
      const failure = window.liveSessions.get('s1')?.failure;
      assert.deepEqual([failure?.category, failure?.detail], ['refresh-rejected-again', 'Gone fishing']);
    }
    assert.equal(server.requestsTo('/token').length, 2);
    await windows.closeAll();
  });

  it('disappears with a new sign-in of the same account, even in a different session', async () => {
    await signIn();
    server.onToken({ status: 400 });
    await rejectsWith(renew(), 'refresh-rejected');
    await testWindow.clock.pass(2 * MINUTE);
    const provider = providerAt(server.issuer, { scopes: ['read', 'write'] });
    const record = await testWindow.sessionManager.addSession(grantFor(provider, testWindow.clock.now()));
    assert.deepEqual(
      testWindow.liveSessions.all().map(({ record: { id } }) => id),
      [record.id],
    );
  });
});
