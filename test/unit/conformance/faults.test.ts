// The faults in the tests of oauth4webapi, applied to this product: each at every endpoint where it makes sense, with the
// resulting category.
import assert from 'node:assert/strict';
import type { Category } from '../../../src/core/failurePolicies.ts';
import { createAuthorizationRequest } from '../../../src/protocol/authorize.ts';
import { requestDeviceCode, requestDeviceTokens, type DeviceCode } from '../../../src/protocol/device.ts';
import { authorizationUrl } from '../../../src/protocol/pushed.ts';
import { revokeTokens } from '../../../src/protocol/revoke.ts';
import { discovered, REDIRECT_URI, trade, transportWith } from '../../support/fixtures.ts';
import { INVALID_RESPONSES } from '../../support/conformance/faults.ts';
import { rejectsWith } from '../../support/failures.ts';
import { ScriptedServer, type Script } from '../../support/scriptedServer.ts';

const transport = transportWith();
const { signal } = new AbortController();

/** Sends a request to an endpoint with a scripted response. */
type Asking = (server: ScriptedServer, script: Script) => Promise<unknown>;

const ENDPOINTS: Readonly<Record<string, Asking>> = {
  discovery: async (server, script) => {
    server.onDiscovery(script);
    server.on('/.well-known/oauth-authorization-server', script);
    return discovered(server.issuer);
  },
  'the token endpoint': async (server, script) => {
    server.onToken(script);
    return trade(server);
  },
  'the token endpoint in the device flow': async (server, script) => {
    server.onToken(script);
    const code: DeviceCode = {
      deviceCode: 'device-code-1',
      userCode: 'A',
      verificationUri: 'http://127.0.0.1/device',
      verificationUriComplete: undefined,
      interval: 5000,
      expiresAt: Infinity,
    };
    return requestDeviceTokens(await discovered(server.issuer), code, ['read'], transport, signal);
  },
  'the device authorization endpoint': async (server, script) => {
    server.on('/device', script);
    return requestDeviceCode(await discovered(server.issuer), ['read'], transport, signal);
  },
  'the pushed authorization request endpoint': async (server, script) => {
    server.on('/par', script);
    const found = await discovered(server.issuer, { pushedAuthorization: true });
    return authorizationUrl(found, await createAuthorizationRequest(found, REDIRECT_URI, ['read']), transport, signal);
  },
  'the revocation endpoint': async (server, script) => {
    server.on('/revoke', script);
    return revokeTokens(
      await discovered(server.issuer),
      { accessToken: 'access-0', refreshToken: 'refresh-0' },
      transport,
    );
  },
};

describe('A response', () => {
  let server: ScriptedServer;

  beforeEach(async () => {
    server = await ScriptedServer.start();
    server.metadata['device_authorization_endpoint'] = `${server.issuer}/device`;
    server.metadata['pushed_authorization_request_endpoint'] = `${server.issuer}/par`;
  });

  afterEach(async () => {
    await server.stop();
  });

  for (const [what, [script, usual, others = {}]] of Object.entries(INVALID_RESPONSES)) {
    it(`is classified as ${usual} when it ${what}`, async () => {
      for (const [endpoint, ask] of Object.entries(ENDPOINTS)) {
        const expected = others[endpoint] ?? usual;
        const outcome = await ask(server, script).then(
          () => 'fine',
          (error: unknown) => error,
        );
        const category = outcome instanceof Error && 'category' in outcome ? outcome.category : outcome;
        assert.equal(category, expected, endpoint);
        assert.doesNotMatch(String(outcome), /refresh-0|access-0|device-code-1/);
        server.onDiscovery(() => ({ body: server.metadata }));
      }
    });
  }

  describe('of discovery', () => {
    const wrong: Readonly<Record<string, readonly [Readonly<Record<string, unknown>>, Category, string?]>> = {
      'has no issuer': [{ issuer: undefined }, 'invalid-response'],
      'has a number as the issuer': [{ issuer: 7 }, 'invalid-response'],
      "has an issuer that isn't a URL": [{ issuer: 'acme' }, 'issuer-mismatch', 'issuer-mismatch'],
      'has an empty issuer': [{ issuer: '' }, 'invalid-response'],
      'has an array as an endpoint': [
        { token_endpoint: ['https://id.example.com/token'] },
        'unsupported-server',
        'bad-endpoint',
      ],
      'has null as a required endpoint': [{ token_endpoint: null }, 'unsupported-server', 'missing-endpoint'],
    };
    for (const [what, [more, category, code]] of Object.entries(wrong)) {
      it(`is classified as ${category} when it ${what}`, async () => {
        server.onDiscovery({ body: { ...server.metadata, ...more } });
        await rejectsWith(discovered(server.issuer), category, code);
      });
    }

    for (const nonsense of ['RS256', 7, null, { a: 1 }]) {
      it(`is accepted with ${JSON.stringify(nonsense)} instead of lists and strings`, async () => {
        const members = [
          'id_token_signing_alg_values_supported',
          'userinfo_signing_alg_values_supported',
          'token_endpoint_auth_methods_supported',
          'code_challenge_methods_supported',
          'grant_types_supported',
          'scopes_supported',
          'response_types_supported',
          'dpop_signing_alg_values_supported',
          'require_pushed_authorization_requests',
          'end_session_endpoint',
        ];
        server.onDiscovery({
          body: { ...server.metadata, ...Object.fromEntries(members.map((name) => [name, nonsense])) },
        });
        server.onToken({ body: { access_token: 'access-1', token_type: 'Bearer' } });
        assert.equal((await trade(server)).accessToken, 'access-1');
      });
    }
  });

  it('without iss is untrusted when the metadata declare, with any true value, that the server sends it', async () => {
    for (const said of [true, 'true', 1]) {
      server.metadata['authorization_response_iss_parameter_supported'] = said;
      await rejectsWith(trade(server), 'untrusted-response', 'wrong-issuer');
    }
  });
});
