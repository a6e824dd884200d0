// The same faults in the token response of a sign-in, with the authorization code flow and the device flow.
import assert from 'node:assert/strict';
import type { Provider } from '../../../src/core/provider.ts';
import { requestDeviceTokens, type DeviceCode } from '../../../src/protocol/device.ts';
import type { Tokens } from '../../../src/protocol/tokens.ts';
import { discovered, GOOD_TOKENS, trade, tradeForIdToken, transportWith } from '../../support/fixtures.ts';
import { INVALID_ID_TOKENS, INVALID_TOKEN_MEMBERS } from '../../support/conformance/faults.ts';
import { rejectsWith } from '../../support/failures.ts';
import { ScriptedServer } from '../../support/scriptedServer.ts';

const transport = transportWith();
const { signal } = new AbortController();
const CODE: DeviceCode = {
  deviceCode: 'device-code-1',
  userCode: 'A',
  verificationUri: 'http://127.0.0.1/device',
  verificationUriComplete: undefined,
  interval: 5000,
  expiresAt: Infinity,
};

describe('The token response of a sign-in', () => {
  let server: ScriptedServer;

  beforeEach(async () => {
    server = await ScriptedServer.start();
  });

  afterEach(async () => {
    await server.stop();
  });

  const onDevice = async (scopes: readonly string[]): Promise<Tokens> =>
    requestDeviceTokens(await discovered(server.issuer), CODE, scopes, transport, signal);
  const withIdToken = (claims: Readonly<Record<string, unknown>>, provider: Partial<Provider> = {}): Promise<Tokens> =>
    tradeForIdToken(server, (nonce) => server.idToken({ aud: 'editor', nonce, ...claims }), transport, provider);
  const onDeviceWithIdToken = async (claims: Readonly<Record<string, unknown>>): Promise<Tokens> => {
    server.onToken({ body: { ...GOOD_TOKENS, id_token: await server.idToken({ aud: 'editor', ...claims }) } });
    return onDevice(['openid']);
  };
  const now = (): number => Math.floor(Date.now() / 1000);

  for (const [what, [more, category]] of Object.entries(INVALID_TOKEN_MEMBERS)) {
    it(`is ${category} when it ${what}`, async () => {
      server.onToken({ body: { ...GOOD_TOKENS, ...more } });
      await rejectsWith(trade(server), category);
      await rejectsWith(onDevice(['read']), category);
    });
  }

  for (const refreshToken of [7, true, {}, ['refresh-2']]) {
    it(`is invalid-response when its refresh token is ${JSON.stringify(refreshToken)}`, async () => {
      server.onToken({ body: { ...GOOD_TOKENS, refresh_token: refreshToken } });
      await rejectsWith(trade(server), 'invalid-response');
      await rejectsWith(onDevice(['read']), 'invalid-response');
    });
  }

  for (const [what, [claims, category]] of Object.entries(INVALID_ID_TOKENS)) {
    if (category === 'other-account') {
      // In a sign-in, the account isn't known before.
      continue;
    }
    it(`is ${category} when it has an ID token ${what}`, async () => {
      await rejectsWith(withIdToken(claims), category);
      await rejectsWith(onDeviceWithIdToken(claims), category);
    });
  }

  it('is rejected when its ID token has another nonce or none', async () => {
    await rejectsWith(withIdToken({ nonce: 'another' }), 'untrusted-response');
    await rejectsWith(withIdToken({ nonce: undefined }), 'invalid-response');
    await rejectsWith(withIdToken({ nonce: 7 }), 'untrusted-response');
  });

  it('is rejected when its ID token has a nonce and none was sent, except in the device flow, which has none', async () => {
    server.onToken({ body: { ...GOOD_TOKENS, id_token: await server.idToken({ aud: 'editor', nonce: 'another' }) } });
    await rejectsWith(trade(server), 'untrusted-response');
    assert.equal((await onDevice(['openid'])).claims?.nonce, 'another');
  });

  it("is reported as a wrong clock when its ID token was issued long before the request, and accepted when it's from the same day", async () => {
    const claims = { iat: now() - 2 * 24 * 3600 };
    await rejectsWith(withIdToken(claims), 'clock', 'old-id-token');
    await rejectsWith(onDeviceWithIdToken(claims), 'clock', 'old-id-token');
    await withIdToken({ iat: now() - 23 * 3600 });
  });

  it('is accepted when its ID token was issued hours ago by a clock that is equally slow, but not days ago', async () => {
    const slow = 23 * 3600;
    server.date = () => Date.now() - slow * 1000;
    await withIdToken({ iat: now() - slow, exp: now() - slow + 300 });
    const tooSlow = 10 * 24 * 3600;
    server.date = () => Date.now() - tooSlow * 1000;
    await rejectsWith(withIdToken({ iat: now() - tooSlow, exp: now() - tooSlow + 300 }), 'clock');
  });

  it('must have the time of the sign-in in its ID token when the entry requests a maximum age', async () => {
    const asking = { authorizationParameters: { max_age: '60' } };
    await withIdToken({ auth_time: now() - 30 }, asking);
    await rejectsWith(withIdToken({ auth_time: now() - 600 }, asking), 'step-up-failed', 'auth-too-old');
    await rejectsWith(withIdToken({}, asking), 'invalid-response');
    await rejectsWith(withIdToken({ auth_time: String(now()) }, asking), 'invalid-response');
  });

  it("is accepted with another context class than the entry requested, because it's voluntary (OpenID Connect Core 3.1.2.1)", async () => {
    const tokens = await withIdToken({ acr: 'password' }, { authorizationParameters: { acr_values: 'phr' } });
    assert.equal(tokens.claims?.['acr'], 'password');
  });

  it('is accepted when it has an ID token for several clients that was issued to this one', async () => {
    assert.deepEqual((await withIdToken({ aud: ['editor', 'other'], azp: 'editor' })).claims?.aud, ['editor', 'other']);
    await withIdToken({ aud: ['editor'] });
  });

  it('is invalid-response when its ID token is signed with an unlisted algorithm', async () => {
    server.metadata['id_token_signing_alg_values_supported'] = ['PS256'];
    await rejectsWith(withIdToken({}), 'invalid-response');
    await rejectsWith(onDeviceWithIdToken({}), 'invalid-response');
  });
});
