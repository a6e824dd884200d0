// The same faults in the tokens of a sign-in, by the browser and by a code on a device.
import assert from 'node:assert/strict';
import type { Provider } from '../../../src/core/provider.ts';
import { requestDeviceTokens, type DeviceCode } from '../../../src/protocol/device.ts';
import type { Tokens } from '../../../src/protocol/tokens.ts';
import { discovered, GOOD_TOKENS, trade, tradeForIdToken, transportWith } from '../../support/fixtures.ts';
import { BAD_ID_TOKENS, HALF_BAD } from '../../support/conformance/faults.ts';
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

describe('The token answer of a sign-in that', () => {
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

  for (const [what, [more, category]] of Object.entries(HALF_BAD)) {
    it(`${what} is ${category}`, async () => {
      server.onToken({ body: { ...GOOD_TOKENS, ...more } });
      await rejectsWith(trade(server), category);
      await rejectsWith(onDevice(['read']), category);
    });
  }

  for (const refreshToken of [7, true, {}, ['refresh-2']]) {
    it(`has ${JSON.stringify(refreshToken)} for a refresh token is invalid-response`, async () => {
      server.onToken({ body: { ...GOOD_TOKENS, refresh_token: refreshToken } });
      await rejectsWith(trade(server), 'invalid-response');
      await rejectsWith(onDevice(['read']), 'invalid-response');
    });
  }

  for (const [what, [claims, category]] of Object.entries(BAD_ID_TOKENS)) {
    if (category === 'other-account') {
      // Who signs in is not known before.
      continue;
    }
    it(`has an ID token ${what} is ${category}`, async () => {
      await rejectsWith(withIdToken(claims), category);
      await rejectsWith(onDeviceWithIdToken(claims), category);
    });
  }

  it('has an ID token with another nonce, or none, is not trusted', async () => {
    await rejectsWith(withIdToken({ nonce: 'another' }), 'untrusted-response');
    await rejectsWith(withIdToken({ nonce: undefined }), 'invalid-response');
    await rejectsWith(withIdToken({ nonce: 7 }), 'untrusted-response');
  });

  it('has an ID token with a nonce where none was sent is not trusted, but for a device, whose grant has none', async () => {
    server.onToken({ body: { ...GOOD_TOKENS, id_token: await server.idToken({ aud: 'editor', nonce: 'another' }) } });
    await rejectsWith(trade(server), 'untrusted-response');
    assert.equal((await onDevice(['openid'])).claims?.nonce, 'another');
  });

  it('has an ID token made long before it was asked for is a matter of the clock; one of this day is good', async () => {
    const claims = { iat: now() - 2 * 24 * 3600 };
    await rejectsWith(withIdToken(claims), 'clock', 'old-id-token');
    await rejectsWith(onDeviceWithIdToken(claims), 'clock', 'old-id-token');
    await withIdToken({ iat: now() - 23 * 3600 });
  });

  it('has an ID token made long ago by a clock that is slow by as much is good', async () => {
    const slow = 10 * 24 * 3600;
    server.date = () => Date.now() - slow * 1000;
    await withIdToken({ iat: now() - slow, exp: now() - slow + 300 });
  });

  it('has to have the time of the sign-in in its ID token where the entry asks how long ago that may be', async () => {
    const asking = { authorizationParameters: { max_age: '60' } };
    await withIdToken({ auth_time: now() - 30 }, asking);
    await rejectsWith(withIdToken({ auth_time: now() - 600 }, asking), 'step-up-failed', 'auth-too-old');
    await rejectsWith(withIdToken({}, asking), 'invalid-response');
    await rejectsWith(withIdToken({ auth_time: String(now()) }, asking), 'invalid-response');
  });

  it('has another context class than the entry asked for is good: the server is asked, not told (OpenID Connect Core 3.1.2.1)', async () => {
    const tokens = await withIdToken({ acr: 'password' }, { authorizationParameters: { acr_values: 'phr' } });
    assert.equal(tokens.claims?.['acr'], 'password');
  });

  it('has an ID token for several clients, and given to this one, is good', async () => {
    assert.deepEqual((await withIdToken({ aud: ['editor', 'other'], azp: 'editor' })).claims?.aud, ['editor', 'other']);
    await withIdToken({ aud: ['editor'] });
  });

  it('has an ID token signed by another algorithm than the server says is invalid-response', async () => {
    server.metadata['id_token_signing_alg_values_supported'] = ['PS256'];
    await rejectsWith(withIdToken({}), 'invalid-response');
    await rejectsWith(onDeviceWithIdToken({}), 'invalid-response');
  });
});
