import assert from 'node:assert/strict';
import type { Provider } from '../../../src/core/provider.ts';
import { createAuthorizationRequest } from '../../../src/protocol/authorize.ts';
import { Discovery, type ServerContext } from '../../../src/protocol/discovery.ts';
import { requestDeviceCode } from '../../../src/protocol/device.ts';
import { exchangeCode } from '../../../src/protocol/exchange.ts';
import { authorizationUrl } from '../../../src/protocol/pushed.ts';
import { requestRefresh } from '../../../src/protocol/refresh.ts';
import { revokeTokens } from '../../../src/protocol/revoke.ts';
import { answerTo, GOOD_TOKENS, providerAt, REDIRECT_URI, transportWith } from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import { ScriptedServer, type ScriptedAnswer, type SeenRequest } from '../../support/scriptedServer.ts';

const SECRET = 'se-cret_1.2~3';
const REFUSED: ScriptedAnswer = { status: 401, body: { error: 'invalid_client' } };

describe('A client secret', () => {
  let scripted: ScriptedServer;
  let discovery: Discovery;
  const transport = transportWith();
  const { signal } = new AbortController();

  beforeEach(async () => {
    scripted = await ScriptedServer.start();
    discovery = new Discovery(transport, () => Promise.resolve(SECRET));
  });

  afterEach(async () => {
    await scripted.stop();
  });

  const find = (more: Partial<Provider> = {}): Promise<ServerContext> =>
    discovery.find(providerAt(scripted.issuer, { clientId: 'my-client.1_x', ...more }));
  const renew = async (more: Partial<Provider> = {}): Promise<string> =>
    (await (await requestRefresh(await find(more), 'refresh-0', undefined, transport)).verify()).accessToken;
  const shown = ({ headers, parameters }: SeenRequest): string =>
    headers.authorization === undefined
      ? `post ${parameters.get('client_secret') ?? 'nothing'}`
      : `basic ${Buffer.from(headers.authorization.slice(6), 'base64').toString()}`;
  const sent = (path = '/token'): string[] => scripted.requestsTo(path).map(shown);
  /** A server that accepts one method only, and decodes nothing. */
  const taking =
    (method: 'basic' | 'post', good: ScriptedAnswer = { body: GOOD_TOKENS }) =>
    (request: SeenRequest): ScriptedAnswer =>
      shown(request).startsWith(method) ? good : REFUSED;
  const BASIC = `basic my-client.1_x:${SECRET}`;
  const POST = `post ${SECRET}`;

  it('is encoded in the header only where form encoding requires it', async () => {
    scripted.onToken({ body: GOOD_TOKENS });
    await renew();
    assert.deepEqual(sent(), [BASIC]);
    for (const secret of ['a:b', 'a%2Bb+c', 'p&q=r s', 'ü€😀', '\uD800x', "!'()*"]) {
      discovery = new Discovery(transport, () => Promise.resolve(secret));
      await renew({ clientId: 'a:b+c' });
      const [id = '', password = '', ...more] = (sent().at(-1) ?? '').replace(/^basic /, '').split(':');
      const decoded = (part: string): string => new URLSearchParams(`x=${part}`).get('x') ?? '';
      assert.deepEqual([decoded(id), decoded(password), more], ['a:b+c', secret.replace('\uD800', '\uFFFD'), []]);
    }
  });

  it('is sent with the other method once when the server rejects the first, and then always with that one', async () => {
    for (const listed of [
      undefined,
      null,
      [],
      ['none'],
      ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    ]) {
      discovery.clear();
      scripted.requests.length = 0;
      scripted.metadata['token_endpoint_auth_methods_supported'] = listed;
      scripted.onToken(taking('post'));
      assert.equal(await renew(), 'access-1');
      assert.equal(await renew(), 'access-1');
      assert.deepEqual(sent(), [BASIC, POST, POST]);
    }
  });

  it('is sent with the other method after a challenge, too, and after 400', async () => {
    const refusals: readonly ScriptedAnswer[] = [
      { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="x"' } },
      { status: 400, body: { error: 'invalid_client' } },
      { status: 401, body: { error: 'unauthorized_client' } },
      { status: 200, body: { error: 'incorrect_client_credentials' } },
    ];
    for (const refusal of refusals) {
      discovery.clear();
      scripted.onToken((request) => (shown(request) === POST ? { body: GOOD_TOKENS } : refusal));
      assert.equal(await renew(), 'access-1');
    }
  });

  it('is reported as rejected with the first method when the other one fails as well, and the next request starts with the first', async () => {
    for (const second of [
      REFUSED,
      { status: 400, body: { error: 'invalid_request' } },
      { status: 400, body: { error: 'E1001' } },
      { status: 400, body: '' },
    ]) {
      scripted.requests.length = 0;
      scripted.onToken((request) =>
        shown(request) === POST
          ? second
          : { status: 401, body: { error: 'invalid_client', error_description: 'first' } },
      );
      assert.equal((await rejectsWith(renew(), 'client-rejected', 'invalid_client')).detail, 'first');
      await rejectsWith(renew(), 'client-rejected', 'invalid_client');
      assert.deepEqual(sent(), [BASIC, POST, BASIC, POST]);
    }
  });

  it('is the reason for 401, even with another code of the server, and for nothing else', async () => {
    for (const [status, category, code] of [
      [401, 'client-rejected', 'invalid_client'],
      [400, 'client-not-allowed', 'unauthorized_client'],
      [403, 'client-not-allowed', 'unauthorized_client'],
    ] as const) {
      scripted.onToken({
        status,
        body: { error: 'unauthorized_client', error_description: 'Invalid client credentials' },
      });
      const failure = await rejectsWith(renew(), category, code);
      assert.deepEqual([failure.status, failure.detail], [status, 'Invalid client credentials']);
    }
  });

  it('leads to a failure about the session when the second response is about that', async () => {
    scripted.onToken(taking('post', { status: 400, body: { error: 'invalid_grant' } }));
    await rejectsWith(renew(), 'session-ended', 'invalid_grant');
  });

  it('is sent with one method only when the entry or the server specifies it, and not again for any other reason', async () => {
    const once = async (answer: ScriptedAnswer, more: Partial<Provider> = {}): Promise<string[]> => {
      discovery.clear();
      scripted.requests.length = 0;
      scripted.onToken(answer);
      await assert.rejects(renew(more));
      return sent();
    };
    assert.deepEqual(await once(REFUSED, { clientAuthentication: 'client_secret_basic' }), [BASIC]);
    assert.deepEqual(await once(REFUSED, { clientAuthentication: 'client_secret_post' }), [POST]);
    for (const answer of [
      { status: 400, body: { error: 'invalid_grant' } },
      { status: 400, body: '' },
      { status: 403, body: { error: 'unauthorized_client' } },
      { status: 503 },
    ]) {
      assert.deepEqual(await once(answer), [BASIC]);
    }
    scripted.metadata['token_endpoint_auth_methods_supported'] = ['client_secret_basic'];
    assert.deepEqual(await once(REFUSED), [BASIC]);
    scripted.metadata['token_endpoint_auth_methods_supported'] = ['client_secret_post'];
    assert.deepEqual(await once(REFUSED), [POST]);
    discovery = new Discovery(transport);
    assert.deepEqual(await once(REFUSED), ['post nothing']);
  });

  it('is sent with the other method at all endpoints with client authentication', async () => {
    Object.assign(scripted.metadata, {
      device_authorization_endpoint: `${scripted.issuer}/device`,
      pushed_authorization_request_endpoint: `${scripted.issuer}/par`,
    });
    scripted.onToken(taking('post'));
    scripted.on(
      '/device',
      taking('post', {
        body: { device_code: 'd', user_code: 'ABCD', verification_uri: 'https://id.example.com/d', expires_in: 60 },
      }),
    );
    scripted.on('/par', taking('post', { status: 201, body: { request_uri: 'urn:1', expires_in: 60 } }));
    scripted.on('/revoke', taking('post', { status: 200 }));
    const fresh = async (): Promise<ServerContext> => {
      discovery.clear();
      return find({ pushedAuthorization: true });
    };
    const server = await fresh();
    const request = await createAuthorizationRequest(server, REDIRECT_URI, ['read']);
    await exchangeCode(server, request, answerTo(request), transport, signal);
    await requestDeviceCode(await fresh(), [], transport, signal);
    await authorizationUrl(await fresh(), request, transport, signal);
    assert.equal(await revokeTokens(await fresh(), { accessToken: 'access-1' }, transport), 'revoked');
    for (const path of ['/token', '/device', '/par', '/revoke']) {
      assert.deepEqual(sent(path), [BASIC, POST], path);
    }
  });

  describe("isn't sent again when a proxy requires authentication", () => {
    const challenges: readonly (readonly [number, Readonly<Record<string, string>>, string])[] = [
      [401, { 'WWW-Authenticate': 'Negotiate' }, 'proxy'],
      [401, { 'WWW-Authenticate': 'NTLM' }, 'proxy'],
      [401, { 'WWW-Authenticate': 'Kerberos' }, 'proxy'],
      [401, { 'WWW-Authenticate': 'Negotiate, NTLM, Basic realm="x"' }, 'proxy'],
      [401, { 'WWW-Authenticate': 'negotiate YII=' }, 'proxy'],
      [403, { 'WWW-Authenticate': 'NTLM' }, 'proxy'],
      [401, { 'WWW-Authenticate': 'Digest realm="x"' }, 'proxy'],
      [401, { 'Proxy-Authenticate': 'Basic realm="proxy"' }, 'proxy'],
      [403, { 'Proxy-Authenticate': 'Negotiate' }, 'proxy'],
      [401, { 'WWW-Authenticate': 'Basic realm="Negotiate, NTLM"' }, 'client-rejected'],
      [401, { 'WWW-Authenticate': 'Bearer error="invalid_client"' }, 'client-rejected'],
      [401, { 'WWW-Authenticate': 'OAuth realm="https://id.example.com"' }, 'client-rejected'],
      [401, { 'WWW-Authenticate': 'Token' }, 'client-rejected'],
      [401, { 'WWW-Authenticate': 'OAuth, Negotiate' }, 'proxy'],
      [401, { 'WWW-Authenticate': 'DPoP algs="ES256"' }, 'client-rejected'],
      [401, { 'WWW-Authenticate': 'Bearer realm="x", Basic' }, 'client-rejected'],
    ];
    for (const [status, headers, category] of challenges) {
      it(`and ${status} ${JSON.stringify(headers)} is ${category}`, async () => {
        scripted.onToken({ status, headers });
        const { category: found, status: kept } = await rejectsWith(
          renew({ clientAuthentication: 'client_secret_basic' }),
          category as 'proxy',
        );
        assert.deepEqual([found, kept], [category, status]);
        if (category === 'proxy') {
          scripted.onDiscovery({ status, headers });
          discovery.clear();
          await rejectsWith(find(), 'proxy');
        }
      });
    }

    it("unless the server's error code shows the reason", async () => {
      scripted.onToken({ status: 401, headers: { 'WWW-Authenticate': 'Negotiate' }, body: { error: 'invalid_grant' } });
      await rejectsWith(renew(), 'session-ended', 'invalid_grant');
      scripted.onToken({ status: 401, headers: { 'WWW-Authenticate': 'Negotiate' }, body: { error: 'Unauthorized' } });
      await rejectsWith(renew(), 'proxy', 'proxy-challenge');
    });
  });

  describe('is sent with the scopes of a session in a refresh', () => {
    const scopeOf = async (
      session: Parameters<typeof requestRefresh>[2],
      more: Partial<Provider> = { scopeOnRefresh: true },
    ): Promise<string | null | undefined> => {
      scripted.onToken({ body: GOOD_TOKENS });
      await requestRefresh(await find(more), 'refresh-0', session, transport);
      return scripted.requestsTo('/token').at(-1)?.parameters.get('scope');
    };

    it('only when the entry requires it', async () => {
      const session = { scopes: ['openid', 'offline_access', 'read'] };
      assert.deepEqual(
        [await scopeOf(session, {}), await scopeOf(session), await scopeOf({}), await scopeOf({ scopes: [] })],
        [null, 'openid offline_access read', null, null],
      );
    });

    it("without scopes that the server didn't grant, except identity scopes", async () => {
      assert.equal(
        await scopeOf({ scopes: ['openid', 'offline_access', 'read', 'write'], granted: ['read'] }),
        'openid offline_access read',
      );
    });
  });
});
