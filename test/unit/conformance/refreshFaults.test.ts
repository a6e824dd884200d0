// The same faults at a renewal: with the refresh token that has to be there after it, be it the old one or a new one.
import assert from 'node:assert/strict';
import type { Category } from '../../../src/core/failurePolicies.ts';
import { BAD_ID_TOKENS, HALF_BAD, NO_ANSWERS } from '../../support/conformance/faults.ts';
import { rejectsWith } from '../../support/failures.ts';
import { createTestWindowWithServer, seedSession, recordAt, type TestWindow } from '../../support/testWindow.ts';
import type { ScriptedServer, Script } from '../../support/scriptedServer.ts';

describe('The answer to a renewal that', () => {
  let server: ScriptedServer;
  let testWindow: TestWindow;

  beforeEach(async () => {
    ({ testWindow, server } = await createTestWindowWithServer());
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now(), { subject: 'person-1' }));
  });

  afterEach(async () => {
    await server.stop();
  });

  /** Renews, which has to fail; then nothing is lost, and the next renewal is made with the refresh token that counts. */
  const failsWith = async (script: Script, category: Category, refreshToken: string): Promise<void> => {
    server.onToken(script);
    await rejectsWith(testWindow.tokenRefresher.refresh('s1', { reason: 'test' }), category);
    const { accessToken, ended } = testWindow.record();
    assert.deepEqual([accessToken, ended, testWindow.record().refreshToken], ['access-1', undefined, refreshToken]);
    assert.equal(
      (JSON.parse(testWindow.stored() ?? '') as { readonly refreshToken: string }).refreshToken,
      refreshToken,
      'in the store, too',
    );
    server.onToken({
      body: { access_token: 'access-3', refresh_token: 'refresh-3', token_type: 'Bearer', expires_in: 300 },
    });
    assert.equal((await testWindow.tokenRefresher.refresh('s1', { reason: 'test' })).refreshToken, 'refresh-3');
    assert.equal(server.requestsTo('/token').at(-1)?.parameters.get('refresh_token'), refreshToken);
  };

  for (const [what, [script, elsewhere]] of Object.entries(NO_ANSWERS)) {
    // A server that answers so to a refresh that worked before rejects it, whatever its words are worth.
    const isRejection =
      ['invalid-response', 'configuration', 'unknown-error'].includes(elsewhere) &&
      !['is cut off', 'is empty'].includes(what);
    const category = isRejection ? 'refresh-rejected' : elsewhere;
    it(`${what} is ${category}: the refresh token stays`, async () => {
      await failsWith(script, category, 'refresh-1');
    });
  }

  const good: Readonly<Record<string, unknown>> = {
    access_token: 'access-2',
    refresh_token: 'refresh-2',
    token_type: 'Bearer',
    expires_in: 300,
  };
  for (const [what, [more, category]] of Object.entries(HALF_BAD)) {
    it(`${what} is ${category}: its refresh token counts`, async () => {
      await failsWith({ body: { ...good, ...more } }, category, 'refresh-2');
    });
  }

  for (const refreshToken of [7, true, {}, ['refresh-2']]) {
    it(`has ${JSON.stringify(refreshToken)} for a refresh token is invalid-response: the one that was sent stays`, async () => {
      await failsWith({ body: { ...good, refresh_token: refreshToken } }, 'invalid-response', 'refresh-1');
    });
  }

  for (const [what, [claims, category]] of Object.entries(BAD_ID_TOKENS)) {
    it(`has an ID token ${what} is ${category}: its refresh token counts`, async () => {
      await failsWith(
        { body: { ...good, id_token: await server.idToken({ aud: 'editor', ...claims }) } },
        category,
        'refresh-2',
      );
    });
  }

  it('has an ID token signed by another algorithm than the server says is invalid-response: its refresh token counts', async () => {
    server.metadata['id_token_signing_alg_values_supported'] = ['PS256'];
    await failsWith(
      { body: { ...good, id_token: await server.idToken({ aud: 'editor' }) } },
      'invalid-response',
      'refresh-2',
    );
  });

  it('has an ID token signed by nobody known is untrusted-response: its refresh token counts', async () => {
    await failsWith(
      { body: { ...good, id_token: await server.idToken({ aud: 'editor' }, 'RS256', 'stranger') } },
      'untrusted-response',
      'refresh-2',
    );
  });

  it('has the ID token of the sign-in once more, as some servers do, is good', async () => {
    const week = 7 * 24 * 3600;
    const now = Math.floor(testWindow.clock.now() / 1000);
    server.onToken({
      body: {
        ...good,
        id_token: await server.idToken({
          aud: 'editor',
          iat: now - week,
          exp: now + week,
          auth_time: now - week,
          nonce: 'of-the-sign-in',
        }),
      },
    });
    assert.equal((await testWindow.tokenRefresher.refresh('s1', { reason: 'test' })).accessToken, 'access-2');
  });

  it('has an ID token for several clients, and given to this one, is good', async () => {
    server.onToken({ body: { ...good, id_token: await server.idToken({ aud: ['editor', 'other'], azp: 'editor' }) } });
    assert.equal((await testWindow.tokenRefresher.refresh('s1', { reason: 'test' })).accessToken, 'access-2');
  });
});
