// Complete refreshes with servers whose responses deviate from the specifications.
import assert from 'node:assert/strict';
import { HOUR } from '../../../src/core/clock.ts';
import { providerAt } from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import { createTestWindow, grantFor, seedSession, recordAt, type TestWindow } from '../../support/testWindow.ts';
import { rotatingTokens, ScriptedServer } from '../../support/scriptedServer.ts';

describe('A session', () => {
  let server: ScriptedServer;
  let testWindow: TestWindow;

  const at = (more: Parameters<typeof providerAt>[1] = {}): void => {
    testWindow = createTestWindow(server.issuer, { providers: [providerAt(server.issuer, more)] });
    server.date = () => testWindow.clock.now();
  };

  beforeEach(async () => {
    server = await ScriptedServer.start();
    at();
  });

  afterEach(async () => {
    await server.stop();
  });

  it('is refreshed for days by a rotating server that responds with status 201 and form encoding', async () => {
    const rotate = rotatingTokens();
    server.onToken((request) => {
      const { body, status } = rotate(request);
      return status === undefined
        ? {
            status: 201,
            headers: { 'Content-Type': 'text/html' },
            body: new URLSearchParams(body as Record<string, string>).toString(),
          }
        : { status, body: JSON.stringify(body) };
    });
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now()));
    for (let time = 2; time < 6; time += 1) {
      await testWindow.tokenRefresher.refresh('s1', { reason: 'test' });
      assert.deepEqual(
        [testWindow.record().accessToken, testWindow.record().refreshToken],
        [`access-${time}`, `refresh-${time}`],
      );
    }
    assert.equal(testWindow.record().expirySource, 'expires_in');
  });

  it('gets the new access token when the server sends the expired ID token of the sign-in again', async () => {
    const now = Math.floor(testWindow.clock.now() / 1000);
    const idToken = await server.idToken({ aud: 'editor', iat: now, exp: now + 300 });
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now(), { idToken, subject: 'person-1' }));
    server.onToken(rotatingTokens({ id_token: idToken }));
    await testWindow.clock.pass(30 * HOUR);
    const record = await testWindow.tokenRefresher.refresh('s1', { reason: 'test' });
    assert.deepEqual([record.accessToken, record.refreshToken, record.idToken], ['access-2', 'refresh-2', idToken]);
    assert.equal((await testWindow.tokenRefresher.refresh('s1', { reason: 'test' })).accessToken, 'access-3');
  });

  it('sends its scopes with a refresh when the entry enables that', async () => {
    at({ scopeOnRefresh: true });
    await seedSession(
      testWindow,
      recordAt(server.issuer, testWindow.clock.now(), { scopes: ['openid', 'read', 'write'], granted: ['read'] }),
    );
    server.onToken(rotatingTokens());
    await testWindow.tokenRefresher.refresh('s1', { reason: 'test' });
    assert.equal(server.requestsTo('/token')[0]?.parameters.get('scope'), 'openid read');
  });

  it('sends nothing when the metadata would come from another origin', async () => {
    const elsewhere = await ScriptedServer.start();
    const provider = providerAt(server.issuer);
    await testWindow.sessionManager.addSession(grantFor(provider, testWindow.clock.now()));
    const before = testWindow;
    elsewhere.metadata['issuer'] = server.issuer;
    testWindow = createTestWindow(server.issuer, {
      providers: [{ ...provider, metadataUrl: `${elsewhere.issuer}/.well-known/openid-configuration` }],
      store: before.store,
      folder: before.folder,
      clock: before.clock,
      life: before.life,
    });
    await testWindow.sessionManager.ready();
    assert.deepEqual(testWindow.sessionManager.getActive('acme'), []);
    await rejectsWith(testWindow.tokenRefresher.refresh('new-1', { reason: 'test' }), 'not-configured');
    assert.deepEqual(elsewhere.requests, []);
    await elsewhere.stop();
    before.sessions.dispose();
    testWindow.sessions.dispose();
  });

  it("survives errors of any shape that aren't a verdict, and keeps the server's text", async () => {
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now()));
    for (const [status, body] of [
      [200, { ok: false, error: 'invalid_refresh_token' }],
      [400, { status: 'BAD REFRESH TOKEN' }],
      [400, { message: 'refresh-1 is dead' }],
    ] as const) {
      server.onToken({ status, body });
      await assert.rejects(testWindow.tokenRefresher.refresh('s1', { reason: 'test' }));
      const { failure, record } = testWindow.liveSessions.get('s1') ?? {};
      assert.deepEqual([failure?.status, record?.ended, record?.refreshToken], [status, undefined, 'refresh-1']);
      assert.match(failure?.detail ?? '', /^(?:invalid refresh token|BAD REFRESH TOKEN|… is dead)$/);
    }
  });
});
