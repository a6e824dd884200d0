// The same faults in a refresh, with the refresh token that must be kept, the old one or the new one.
import assert from 'node:assert/strict';
import type { Category } from '../../../src/core/failurePolicies.ts';
import { INVALID_ID_TOKENS, INVALID_TOKEN_MEMBERS, INVALID_RESPONSES } from '../../support/conformance/faults.ts';
import { rejectsWith } from '../../support/failures.ts';
import { createTestWindowWithServer, seedSession, recordAt, type TestWindow } from '../../support/testWindow.ts';
import type { ScriptedServer, Script } from '../../support/scriptedServer.ts';

describe('The response to a refresh', () => {
  let server: ScriptedServer;
  let testWindow: TestWindow;

  beforeEach(async () => {
    ({ testWindow, server } = await createTestWindowWithServer());
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now(), { subject: 'person-1' }));
  });

  afterEach(async () => {
    await server.stop();
  });

  /** Refreshes, which must fail without losing anything; the next refresh must use the expected refresh token. */
  const failsWith = async (script: Script, category: Category, refreshToken: string): Promise<void> => {
    server.onToken(script);
    await rejectsWith(testWindow.tokenRefresher.refresh('s1', { reason: 'test' }), category);
    const { accessToken, ended } = testWindow.record();
    assert.deepEqual([accessToken, ended, testWindow.record().refreshToken], ['access-1', undefined, refreshToken]);
    assert.equal(
      (JSON.parse(testWindow.stored() ?? '') as { readonly refreshToken: string }).refreshToken,
      refreshToken,
      'stored',
    );
    server.onToken({
      body: { access_token: 'access-3', refresh_token: 'refresh-3', token_type: 'Bearer', expires_in: 300 },
    });
    assert.equal((await testWindow.tokenRefresher.refresh('s1', { reason: 'test' })).refreshToken, 'refresh-3');
    assert.equal(server.requestsTo('/token').at(-1)?.parameters.get('refresh_token'), refreshToken);
  };

  for (const [what, [script, elsewhere]] of Object.entries(INVALID_RESPONSES)) {
    // A refresh that worked before and gets such a response was rejected, whatever the response contains.
    const isRejection =
      ['invalid-response', 'configuration', 'unknown-error'].includes(elsewhere) &&
      !['is truncated', 'is empty'].includes(what);
    const category = isRejection ? 'refresh-rejected' : elsewhere;
    it(`is ${category} and keeps the old refresh token when it ${what}`, async () => {
      await failsWith(script, category, 'refresh-1');
    });
  }

  const good: Readonly<Record<string, unknown>> = {
    access_token: 'access-2',
    refresh_token: 'refresh-2',
    token_type: 'Bearer',
    expires_in: 300,
  };
  for (const [what, [more, category]] of Object.entries(INVALID_TOKEN_MEMBERS)) {
    it(`is ${category} and keeps the new refresh token when it ${what}`, async () => {
      await failsWith({ body: { ...good, ...more } }, category, 'refresh-2');
    });
  }

  for (const refreshToken of [7, true, {}, ['refresh-2']]) {
    it(`is invalid-response and keeps the old refresh token when the new one is ${JSON.stringify(refreshToken)}`, async () => {
      await failsWith({ body: { ...good, refresh_token: refreshToken } }, 'invalid-response', 'refresh-1');
    });
  }

  for (const [what, [claims, category]] of Object.entries(INVALID_ID_TOKENS)) {
    it(`is ${category} and keeps the new refresh token when it has an ID token ${what}`, async () => {
      await failsWith(
        { body: { ...good, id_token: await server.idToken({ aud: 'editor', ...claims }) } },
        category,
        'refresh-2',
      );
    });
  }

  it('is invalid-response and keeps the new refresh token when the ID token is signed with an unlisted algorithm', async () => {
    server.metadata['id_token_signing_alg_values_supported'] = ['PS256'];
    await failsWith(
      { body: { ...good, id_token: await server.idToken({ aud: 'editor' }) } },
      'invalid-response',
      'refresh-2',
    );
  });

  it('is untrusted-response and keeps the new refresh token when the ID token is signed with an unknown key', async () => {
    await failsWith(
      { body: { ...good, id_token: await server.idToken({ aud: 'editor' }, 'RS256', 'stranger') } },
      'untrusted-response',
      'refresh-2',
    );
  });

  it('is accepted when it has the ID token of the sign-in again, as some servers send', async () => {
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

  it('is accepted when it has an ID token for several clients that was issued to this one', async () => {
    server.onToken({ body: { ...good, id_token: await server.idToken({ aud: ['editor', 'other'], azp: 'editor' }) } });
    assert.equal((await testWindow.tokenRefresher.refresh('s1', { reason: 'test' })).accessToken, 'access-2');
  });
});
