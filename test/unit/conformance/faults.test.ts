// The faults that oauth4webapi tries on itself, tried on this product: each at every endpoint where it makes sense, with
// the category that comes of it, and at a renewal with the refresh token that has to be there after it.
import assert from 'node:assert/strict';
import type { Category } from '../../../src/core/remedy.ts';
import { authorizationRequest } from '../../../src/protocol/authorize.ts';
import { requestDeviceCode, requestDeviceTokens, type DeviceCode } from '../../../src/protocol/device.ts';
import { browserAddress } from '../../../src/protocol/pushed.ts';
import { revokeTokens } from '../../../src/protocol/revoke.ts';
import { discovered, REDIRECT_URI, trade, transportWith } from '../../support/bench.ts';
import { rejectsWith } from '../../support/failures.ts';
import { buildHouse, moveIn, recordAt, type House } from '../../support/house.ts';
import { ScriptedServer, type Script } from '../../support/scriptedServer.ts';

const transport = transportWith();
const { signal } = new AbortController();
const json = (body: string, status = 200): Script => ({ status, headers: { 'Content-Type': 'application/json' }, body });

/** Asks one endpoint, which answers as it is told to. */
type Asking = (server: ScriptedServer, script: Script) => Promise<unknown>;

const ENDPOINTS: Readonly<Record<string, Asking>> = {
  'discovery': async (server, script) => {
    server.onDiscovery(script);
    server.on('/.well-known/oauth-authorization-server', script);
    return discovered(server.issuer);
  },
  'the token endpoint': async (server, script) => {
    server.onToken(script);
    return trade(server);
  },
  'the token endpoint, for a device': async (server, script) => {
    server.onToken(script);
    const code: DeviceCode = { deviceCode: 'device-code-1', userCode: 'A', address: 'http://127.0.0.1/device', completeAddress: undefined, interval: 5000, expiresAt: Infinity };
    return requestDeviceTokens(await discovered(server.issuer), code, ['read'], transport, signal);
  },
  'the device authorization endpoint': async (server, script) => {
    server.on('/device', script);
    return requestDeviceCode(await discovered(server.issuer), ['read'], transport, signal);
  },
  'the endpoint for pushed requests': async (server, script) => {
    server.on('/par', script);
    const found = await discovered(server.issuer, { pushedAuthorization: true });
    return browserAddress(found, await authorizationRequest(found, REDIRECT_URI, ['read']), transport, signal);
  },
  'the revocation endpoint': async (server, script) => {
    server.on('/revoke', script);
    return revokeTokens(await discovered(server.issuer), { accessToken: 'access-0', refreshToken: 'refresh-0' }, transport);
  },
};

/** Answers that are none: what each is everywhere, and where it is something else. */
const NO_ANSWERS: Readonly<Record<string, readonly [Script, Category, Readonly<Record<string, Category | 'fine'>>?]>> = {
  'is 404': [{ status: 404 }, 'no-server'],
  'is cut off': [json('{"'), 'bad-answer', { 'the revocation endpoint': 'fine' }],
  'is null': [json('null'), 'bad-answer', { 'the revocation endpoint': 'fine' }],
  'is a list': [json('[]'), 'bad-answer', { 'the revocation endpoint': 'fine' }],
  'is a text': [json('"access_token"'), 'bad-answer', { 'the revocation endpoint': 'fine' }],
  'is empty': [json(''), 'bad-answer', { 'the revocation endpoint': 'fine' }],
  'is 204': [{ status: 204 }, 'bad-answer', { 'the revocation endpoint': 'fine' }],
  'is an object of nothing': [json('{}'), 'bad-answer', { 'the revocation endpoint': 'fine' }],
  'is an error that is cut off': [json('{"error":"inva', 400), 'configuration'],
  'is an error whose code is a number': [json('{"error":7}', 400), 'configuration'],
  'is an error without a code': [json('{"error":""}', 400), 'configuration'],
  'is an error that is a list': [json('["invalid_grant"]', 400), 'configuration'],
  'is a refusal of the client': [{ status: 401, headers: { 'WWW-Authenticate': 'Basic realm="x"' }, body: { error: 'invalid_client' } }, 'client-rejected', { discovery: 'configuration' }],
  'is an error that nobody knows': [json('{"error":"full_moon"}', 400), 'unknown-error', { discovery: 'configuration' }],
  'is an error of the server with a verdict in it': [json('{"error":"invalid_grant"}', 500), 'server'],
  'is a page of the network': [{ status: 200, headers: { 'Content-Type': 'text/html' }, body: '<html>' }, 'web-page', { 'the revocation endpoint': 'fine' }],
  'leads elsewhere': [{ status: 302, headers: { Location: 'https://portal.example.com' } }, 'web-page'],
  'does not come': ['drop', 'network'],
};

describe('An answer that', () => {
  let server: ScriptedServer;

  beforeEach(async () => {
    server = await ScriptedServer.start();
    server.metadata['device_authorization_endpoint'] = `${server.issuer}/device`;
    server.metadata['pushed_authorization_request_endpoint'] = `${server.issuer}/par`;
  });

  afterEach(async () => {
    await server.stop();
  });

  for (const [what, [script, usual, others = {}]] of Object.entries(NO_ANSWERS)) {
    it(`${what} is ${usual}`, async () => {
      for (const [endpoint, ask] of Object.entries(ENDPOINTS)) {
        const expected = others[endpoint] ?? usual;
        const outcome = await ask(server, script).then(() => 'fine', (error: unknown) => error);
        const category = outcome instanceof Error && 'category' in outcome ? outcome.category : outcome;
        assert.equal(category, expected, endpoint);
        assert.doesNotMatch(String(outcome), /refresh-0|access-0|device-code-1/);
        server.onDiscovery(() => ({ body: server.metadata }));
      }
    });
  }

  describe('is discovery, and', () => {
    const wrong: Readonly<Record<string, readonly [Readonly<Record<string, unknown>>, Category, string?]>> = {
      'names no issuer': [{ issuer: undefined }, 'bad-answer'],
      'has a number for an issuer': [{ issuer: 7 }, 'bad-answer'],
      'has a word for an issuer': [{ issuer: 'acme' }, 'issuer-mismatch', 'issuer-mismatch'],
      'has an empty issuer': [{ issuer: '' }, 'bad-answer'],
      'has a list for an endpoint': [{ token_endpoint: ['https://id.example.com/token'] }, 'server-unfit', 'bad-endpoint'],
      'has null for an endpoint': [{ jwks_uri: null }, 'server-unfit', 'bad-endpoint'],
    };
    for (const [what, [more, category, code]] of Object.entries(wrong)) {
      it(`${what} is ${category}`, async () => {
        server.onDiscovery({ body: { ...server.metadata, ...more } });
        await rejectsWith(discovered(server.issuer), category, code);
      });
    }

    for (const nonsense of ['RS256', 7, null, { a: 1 }]) {
      it(`has ${JSON.stringify(nonsense)} where lists or words are due is taken all the same`, async () => {
        const members = [
          'id_token_signing_alg_values_supported', 'userinfo_signing_alg_values_supported', 'token_endpoint_auth_methods_supported', 'code_challenge_methods_supported',
          'grant_types_supported', 'scopes_supported', 'response_types_supported', 'dpop_signing_alg_values_supported',
          'require_pushed_authorization_requests', 'end_session_endpoint',
        ];
        server.onDiscovery({ body: { ...server.metadata, ...Object.fromEntries(members.map((name) => [name, nonsense])) } });
        server.onToken({ body: { access_token: 'access-1', token_type: 'Bearer' } });
        assert.equal((await trade(server)).accessToken, 'access-1');
      });
    }
  });

  it('lacks the issuer is untrusted where the server says, in whatever way, that its answers have it', async () => {
    for (const said of [true, 'true', 1]) {
      server.metadata['authorization_response_iss_parameter_supported'] = said;
      await rejectsWith(trade(server), 'untrusted-answer', 'wrong-issuer');
    }
  });

  describe('comes at a renewal, and', () => {
    let house: House;

    beforeEach(async () => {
      house = buildHouse(server.issuer);
      server.date = () => house.clock.now();
      await moveIn(house, recordAt(server.issuer, house.clock.now(), { subject: 'person-1' }));
    });

    /** Renews, which has to fail; then nothing is lost, and the next renewal is made with the refresh token that counts. */
    const failsWith = async (script: Script, category: Category, refreshToken: string): Promise<void> => {
      server.onToken(script);
      await rejectsWith(house.refresher.renew('s1', 'test'), category);
      const { accessToken, ended } = house.record();
      assert.deepEqual([accessToken, ended, house.record().refreshToken], ['access-1', undefined, refreshToken]);
      assert.equal((JSON.parse(house.stored() ?? '') as { readonly refreshToken: string }).refreshToken, refreshToken, 'in the store, too');
      server.onToken({ body: { access_token: 'access-3', refresh_token: 'refresh-3', token_type: 'Bearer', expires_in: 300 } });
      assert.equal((await house.refresher.renew('s1', 'test')).refreshToken, 'refresh-3');
      assert.equal(server.requestsTo('/token').at(-1)?.parameters.get('refresh_token'), refreshToken);
    };

    for (const [what, [script, category]] of Object.entries(NO_ANSWERS)) {
      it(`${what} is ${category}: the refresh token stays`, async () => {
        await failsWith(script, category, 'refresh-1');
      });
    }

    const good: Readonly<Record<string, unknown>> = { access_token: 'access-2', refresh_token: 'refresh-2', token_type: 'Bearer', expires_in: 300 };
    const halfBad: Readonly<Record<string, readonly [Readonly<Record<string, unknown>>, Category]>> = {
      'has no access token': [{ access_token: undefined }, 'bad-answer'],
      'has an empty access token': [{ access_token: '' }, 'bad-answer'],
      'has null for an access token': [{ access_token: null }, 'bad-answer'],
      'has a number for an access token': [{ access_token: 7 }, 'bad-answer'],
      'has no token type': [{ token_type: undefined }, 'bad-answer'],
      'has a list for a token type': [{ token_type: ['Bearer'] }, 'bad-answer'],
      'has a token type that nobody knows': [{ token_type: 'mac' }, 'configuration'],
      'has a token type for a key that the session has not': [{ token_type: 'DPoP' }, 'server-unfit'],
      'has a lifetime below 0': [{ expires_in: -5 }, 'bad-answer'],
      'has a word for a lifetime': [{ expires_in: 'soon' }, 'bad-answer'],
      'has an object for a lifetime': [{ expires_in: {} }, 'bad-answer'],
      'has true for a lifetime': [{ expires_in: true }, 'bad-answer'],
      'has a number for its scopes': [{ scope: 7 }, 'bad-answer'],
      'has an object for its scopes': [{ scope: {} }, 'bad-answer'],
      'has a number for an ID token': [{ id_token: 7 }, 'bad-answer'],
      'has an object for an ID token': [{ id_token: {} }, 'bad-answer'],
      'has a word for an ID token': [{ id_token: 'word' }, 'bad-answer'],
      'has dots for an ID token': [{ id_token: 'a.b.c' }, 'bad-answer'],
      'has an encrypted ID token': [{ id_token: 'a.b.c.d.e' }, 'configuration'],
    };
    for (const [what, [more, category]] of Object.entries(halfBad)) {
      it(`${what} is ${category}: its refresh token counts`, async () => {
        await failsWith({ body: { ...good, ...more } }, category, 'refresh-2');
      });
    }

    for (const refreshToken of [7, true, {}, ['refresh-2']]) {
      it(`has ${JSON.stringify(refreshToken)} for a refresh token is bad-answer: the one that was sent stays`, async () => {
        await failsWith({ body: { ...good, refresh_token: refreshToken } }, 'bad-answer', 'refresh-1');
      });
    }

    const badIdTokens: Readonly<Record<string, readonly [Readonly<Record<string, unknown>>, Category]>> = {
      'of another issuer': [{ iss: 'https://evil.example.com' }, 'untrusted-answer'],
      'without an issuer': [{ iss: undefined }, 'bad-answer'],
      'for another client': [{ aud: 'other' }, 'untrusted-answer'],
      'for nobody': [{ aud: undefined }, 'bad-answer'],
      'for several clients, none of which it names': [{ aud: ['editor', 'other'] }, 'untrusted-answer'],
      'for several clients, and given to another': [{ aud: ['editor', 'other'], azp: 'other' }, 'untrusted-answer'],
      'of another person': [{ sub: 'person-2' }, 'other-account'],
      'of nobody': [{ sub: undefined }, 'bad-answer'],
      'of a number': [{ sub: 7 }, 'bad-answer'],
      'that has run out': [{ exp: 1 }, 'clock'],
      'without an end': [{ exp: undefined }, 'bad-answer'],
      'whose end is a word': [{ exp: 'soon' }, 'bad-answer'],
      'that is not good yet': [{ nbf: 9e9 }, 'clock'],
      'without a beginning': [{ iat: undefined }, 'bad-answer'],
      'whose time of the sign-in is a word': [{ auth_time: 'now' }, 'bad-answer'],
      'whose time of the sign-in is below 0': [{ auth_time: -1 }, 'bad-answer'],
    };
    for (const [what, [claims, category]] of Object.entries(badIdTokens)) {
      it(`has an ID token ${what} is ${category}: its refresh token counts`, async () => {
        await failsWith({ body: { ...good, id_token: await server.idToken({ aud: 'editor', ...claims }) } }, category, 'refresh-2');
      });
    }

    it('has an ID token signed by another algorithm than the server says is bad-answer: its refresh token counts', async () => {
      server.metadata['id_token_signing_alg_values_supported'] = ['PS256'];
      await failsWith({ body: { ...good, id_token: await server.idToken({ aud: 'editor' }) } }, 'bad-answer', 'refresh-2');
    });

    it('has an ID token signed by nobody known is untrusted-answer: its refresh token counts', async () => {
      await failsWith({ body: { ...good, id_token: await server.idToken({ aud: 'editor' }, 'RS256', 'stranger') } }, 'untrusted-answer', 'refresh-2');
    });

    it('has the ID token of the sign-in once more, as some servers do, is good', async () => {
      const week = 7 * 24 * 3600;
      const now = Math.floor(house.clock.now() / 1000);
      server.onToken({ body: { ...good, id_token: await server.idToken({ aud: 'editor', iat: now - week, exp: now + week, auth_time: now - week, nonce: 'of-the-sign-in' }) } });
      assert.equal((await house.refresher.renew('s1', 'test')).accessToken, 'access-2');
    });

    it('has an ID token for several clients, and given to this one, is good', async () => {
      server.onToken({ body: { ...good, id_token: await server.idToken({ aud: ['editor', 'other'], azp: 'editor' }) } });
      assert.equal((await house.refresher.renew('s1', 'test')).accessToken, 'access-2');
    });
  });
});
