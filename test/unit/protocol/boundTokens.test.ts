// Whether the server can switch DPoP off with its response: RFC 9449 section 5.
import assert from 'node:assert/strict';
import { DpopKeys } from '../../../src/protocol/dpop.ts';
import { withNewDpopKey } from '../../../src/protocol/discovery.ts';
import { createAuthorizationRequest } from '../../../src/protocol/authorize.ts';
import { requestDeviceCode, requestDeviceTokens } from '../../../src/protocol/device.ts';
import { exchangeCode } from '../../../src/protocol/exchange.ts';
import { answerTo, discovered, GOOD_TOKENS, providerAt, REDIRECT_URI, transportWith } from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import { ScriptedServer } from '../../support/scriptedServer.ts';
import { createTestWindow, recordAt, seedSession } from '../../support/testWindow.ts';

const UNBOUND_TYPES = ['Bearer', 'bearer', ' BEARER ', 'BearerToken', 'mac', 'N_A', '', null, undefined, 7, {}];

describe('The token type of a response to an entry with DPoP', () => {
  let server: ScriptedServer;
  const { signal } = new AbortController();
  const transport = transportWith();

  beforeEach(async () => {
    server = await ScriptedServer.start();
    server.metadata['device_authorization_endpoint'] = `${server.issuer}/device`;
  });

  afterEach(async () => {
    await server.stop();
  });

  for (const type of UNBOUND_TYPES) {
    const named = type === undefined ? 'absent' : JSON.stringify(type);

    it(`rejects a sign-in when it's ${named}`, async () => {
      server.onToken({ body: { ...GOOD_TOKENS, token_type: type } });
      const context = await withNewDpopKey(await discovered(server.issuer, { dpop: true }));
      const request = await createAuthorizationRequest(context, REDIRECT_URI, ['read']);
      await rejectsWith(
        exchangeCode(context, request, answerTo(request), transport, signal),
        'unsupported-server',
        'token-type',
      );
    });

    it(`keeps the rotated refresh token of a refresh, and not the access token, when it's ${named}`, async () => {
      const { jwk } = await new DpopKeys().create();
      const testWindow = createTestWindow(server.issuer, { providers: [providerAt(server.issuer, { dpop: true })] });
      await seedSession(
        testWindow,
        recordAt(server.issuer, testWindow.clock.now(), { tokenType: 'DPoP', dpopKey: jwk }),
      );
      server.onToken({
        body: { ...GOOD_TOKENS, access_token: 'access-2', refresh_token: 'refresh-2', token_type: type },
      });
      await rejectsWith(
        testWindow.tokenRefresher.refresh('s1', { reason: 'test' }),
        'unsupported-server',
        'token-type',
      );
      const { accessToken, ended, refreshToken, tokenType } = testWindow.record();
      assert.deepEqual([accessToken, refreshToken, tokenType, ended], ['access-1', 'refresh-2', 'DPoP', undefined]);
      assert.match(testWindow.stored() ?? '', /refresh-2/);
      server.onToken({
        body: { ...GOOD_TOKENS, access_token: 'access-3', refresh_token: 'refresh-3', token_type: 'DPoP' },
      });
      assert.equal((await testWindow.tokenRefresher.refresh('s1', { reason: 'test' })).accessToken, 'access-3');
      assert.equal(server.requestsTo('/token').at(-1)?.parameters.get('refresh_token'), 'refresh-2');
    });
  }

  it('rejects a bearer token for a code that the user has entered', async () => {
    const context = await withNewDpopKey(await discovered(server.issuer, { dpop: true }));
    server.on('/device', {
      body: { device_code: 'device-1', user_code: 'ABCD', verification_uri: `${server.issuer}/go`, expires_in: 300 },
    });
    const code = await requestDeviceCode(context, ['read'], transport, signal);
    server.onToken({ body: GOOD_TOKENS });
    await rejectsWith(
      requestDeviceTokens(context, code, ['read'], transport, signal),
      'unsupported-server',
      'token-type',
    );
  });

  it('rejects a bearer token for a session with a key when the entry was changed, and for one without when it requires a key', async () => {
    const { jwk } = await new DpopKeys().create();
    for (const [dpop, dpopKey] of [
      [false, jwk],
      [true, undefined],
    ] as const) {
      const testWindow = createTestWindow(server.issuer, { providers: [providerAt(server.issuer, { dpop })] });
      const more = dpopKey === undefined ? {} : { tokenType: 'DPoP', dpopKey };
      await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now(), more));
      server.onToken({ body: { ...GOOD_TOKENS, access_token: 'access-2', refresh_token: 'refresh-2' } });
      await rejectsWith(
        testWindow.tokenRefresher.refresh('s1', { reason: 'test' }),
        'unsupported-server',
        'token-type',
      );
      assert.equal(testWindow.record().refreshToken, 'refresh-2');
    }
  });
});
