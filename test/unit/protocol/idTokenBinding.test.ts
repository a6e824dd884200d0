// How an ID token is bound to the access token that it was issued with, and to its sign-in: OpenID Connect Core 3.1.3.6
// and 12.2.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { requestRefresh } from '../../../src/protocol/refresh.ts';
import type { Tokens } from '../../../src/protocol/tokens.ts';
import { discovered, GOOD_TOKENS, tradeForIdToken, transportWith } from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import { ScriptedServer } from '../../support/scriptedServer.ts';
import { createTestWindow, recordAt, seedSession } from '../../support/testWindow.ts';

type Claims = Readonly<Record<string, unknown>>;

const half = (token: string, hash = 'sha256'): Buffer => {
  const digest = createHash(hash).update(token).digest();
  return digest.subarray(0, digest.length / 2);
};

describe('An ID token', () => {
  let server: ScriptedServer;

  beforeEach(async () => {
    server = await ScriptedServer.start();
  });

  afterEach(async () => {
    await server.stop();
  });

  const signIn = (more: Claims, algorithm: 'RS256' | 'ES256' = 'RS256'): Promise<Tokens> =>
    tradeForIdToken(server, (nonce) => server.idToken({ aud: 'editor', nonce, ...more }, algorithm));
  const refresh = async (more: Claims, idToken: string | undefined): Promise<Tokens> => {
    server.onToken({ body: { ...GOOD_TOKENS, id_token: await server.idToken({ aud: 'editor', ...more }) } });
    const known = { subject: 'person-1', ...(idToken === undefined ? {} : { idToken }) };
    return (await requestRefresh(await discovered(server.issuer), 'refresh-0', known, transportWith())).verify();
  };

  it('is accepted with the at_hash of its access token, or without any', async () => {
    for (const more of [
      {},
      { at_hash: null },
      { at_hash: half('access-1').toString('base64url') },
      { at_hash: half('access-1').toString('base64') },
    ]) {
      assert.equal((await signIn(more)).claims?.sub, 'person-1', JSON.stringify(more));
      assert.equal((await signIn(more, 'ES256')).claims?.sub, 'person-1');
      assert.equal((await refresh(more, undefined)).claims?.sub, 'person-1');
    }
  });

  it('is rejected with any other at_hash, in a sign-in and in a refresh', async () => {
    for (const at_hash of [
      half('access-2').toString('base64url'),
      half('access-1', 'sha512').toString('base64url'),
      half('access-1').toString('hex'),
      half('access-1').subarray(1).toString('base64url'),
      createHash('sha256').update('access-1').digest('base64url'),
      '',
      '***',
      7,
      [half('access-1').toString('base64url')],
    ]) {
      await rejectsWith(signIn({ at_hash }), 'untrusted-response', 'wrong-access-token');
      await rejectsWith(refresh({ at_hash }, undefined), 'untrusted-response', 'wrong-access-token');
    }
  });

  const same: readonly (readonly [Claims, Claims])[] = [
    [{}, {}],
    [{ nonce: 'n-1' }, {}],
    [{ nonce: 'n-1' }, { nonce: 'n-1' }],
    [{ nonce: 'n-1' }, { nonce: null }],
    [{ auth_time: 1000 }, {}],
    [{}, { auth_time: 1000 }],
    [{ auth_time: 1000 }, { auth_time: 1000 }],
    [{ auth_time: 1000.7 }, { auth_time: 1000 }],
    // The user has signed in again in the same session at the server.
    [{ auth_time: 1000 }, { auth_time: 5000 }],
    [{ auth_time: null }, { auth_time: 5000 }],
    [{ azp: 'editor' }, {}],
    [{}, { azp: 'editor' }],
    [
      { azp: 'editor', nonce: 'n', auth_time: 5 },
      { azp: 'editor', nonce: 'n', auth_time: 5 },
    ],
  ];
  for (const [before, now] of same) {
    it(`of a refresh is accepted when ${JSON.stringify(before)} becomes ${JSON.stringify(now)}`, async () => {
      const idToken = await server.idToken({ aud: 'editor', jti: 'first', ...before });
      assert.equal((await refresh(now, idToken)).claims?.sub, 'person-1');
    });
  }

  const other: readonly (readonly [Claims, Claims])[] = [
    [{ nonce: 'n-1' }, { nonce: 'n-2' }],
    [{ nonce: 'n-1' }, { nonce: '' }],
    [{ nonce: 'n-1' }, { nonce: ['n-1'] }],
    [{ auth_time: 1000 }, { auth_time: 900 }],
  ];
  for (const [before, now] of other) {
    it(`of a refresh is rejected when ${JSON.stringify(before)} becomes ${JSON.stringify(now)}`, async () => {
      const idToken = await server.idToken({ aud: 'editor', jti: 'first', ...before });
      const failure = await rejectsWith(refresh(now, idToken), 'untrusted-response', 'other-sign-in');
      assert.equal(failure.detail, Object.keys(now)[0]);
    });
  }

  it('of another sign-in keeps the session, with the refresh token of the same response', async () => {
    const testWindow = createTestWindow(server.issuer);
    server.date = () => testWindow.clock.now();
    const idToken = await server.idToken({ aud: 'editor', nonce: 'n-1' });
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now(), { idToken, subject: 'person-1' }));
    server.onToken({
      body: {
        ...GOOD_TOKENS,
        access_token: 'access-2',
        refresh_token: 'refresh-2',
        id_token: await server.idToken({ aud: 'editor', nonce: 'n-2' }),
      },
    });
    await rejectsWith(testWindow.tokenRefresher.refresh('s1', { reason: 'test' }), 'untrusted-response');
    const { accessToken, ended, refreshToken } = testWindow.record();
    assert.deepEqual([accessToken, refreshToken, ended], ['access-1', 'refresh-2', undefined]);
  });
});
