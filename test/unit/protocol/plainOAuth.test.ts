// Servers without OpenID Connect: no discovery, no ID token, their own userinfo format.
import assert from 'node:assert/strict';
import { ENDPOINT_FIELDS } from '../../../src/core/fieldSchemas.ts';
import type { Provider } from '../../../src/core/provider.ts';
import type { Category } from '../../../src/core/failurePolicies.ts';
import { createAuthorizationRequest } from '../../../src/protocol/authorize.ts';
import { Discovery, type ServerContext } from '../../../src/protocol/discovery.ts';
import { exchangeCode } from '../../../src/protocol/exchange.ts';
import { resolveAccount, type Account } from '../../../src/protocol/identity.ts';
import { createLogoutRequest } from '../../../src/protocol/logout.ts';
import { authorizationUrl } from '../../../src/protocol/pushed.ts';
import { revokeTokens } from '../../../src/protocol/revoke.ts';
import { answerTo, discovered, GOOD_TOKENS, providerAt, REDIRECT_URI, transportWith } from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import { htmlPage, ScriptedServer, type Script, type ScriptedAnswer } from '../../support/scriptedServer.ts';

describe('An OAuth 2 server without metadata', () => {
  let scripted: ScriptedServer;
  const transport = transportWith();
  const { signal } = new AbortController();

  beforeEach(async () => {
    scripted = await ScriptedServer.start();
    scripted.onDiscovery({ status: 404 });
    scripted.onToken({ body: { ...GOOD_TOKENS, token_type: 'bearer', scope: undefined } });
    scripted.on('/me', { body: { id: 583231, login: 'ada', name: 'Ada L.' } });
  });

  afterEach(async () => {
    await scripted.stop();
  });

  const endpoints = (): NonNullable<Provider['endpoints']> => ({
    authorization: `${scripted.issuer}/login?x=1`,
    token: `${scripted.issuer}/token`,
    userinfo: `${scripted.issuer}/me`,
  });
  const serverWith = async (more: Partial<Provider> = {}): Promise<ServerContext> =>
    discovered(scripted.issuer, { endpoints: endpoints(), ...more });
  const signIn = async (more: Partial<Provider> = {}): Promise<Account> => {
    const server = await serverWith(more);
    const request = await createAuthorizationRequest(server, REDIRECT_URI, ['read']);
    const tokens = await exchangeCode(server, request, answerTo(request), transport, signal);
    return resolveAccount(server, tokens, transport, signal);
  };

  it('gets no discovery request when the entry contains its endpoints', async () => {
    const { metadata } = await serverWith();
    assert.deepEqual(
      [metadata.issuer, metadata.token_endpoint, metadata.jwks_uri],
      [scripted.issuer, `${scripted.issuer}/token`, undefined],
    );
    assert.deepEqual(scripted.requests, []);
  });

  it('has every endpoint of the entry under its metadata name', async () => {
    const at = (path: string): string => `${scripted.issuer}/${path}`;
    const every = {
      authorization: at('a'),
      token: at('t'),
      revocation: at('r'),
      userinfo: at('u'),
      deviceAuthorization: at('d'),
      jwks: at('j'),
      pushedAuthorizationRequest: at('p'),
      endSession: at('e'),
    };
    assert.deepEqual(Object.keys(every), ENDPOINT_FIELDS);
    const { metadata } = await serverWith({ endpoints: every });
    assert.deepEqual(metadata, {
      issuer: scripted.issuer,
      authorization_endpoint: at('a'),
      token_endpoint: at('t'),
      revocation_endpoint: at('r'),
      userinfo_endpoint: at('u'),
      device_authorization_endpoint: at('d'),
      jwks_uri: at('j'),
      pushed_authorization_request_endpoint: at('p'),
      end_session_endpoint: at('e'),
    });
  });

  it('gets a pushed request and a logout request when the entry contains the endpoints for it', async () => {
    scripted.on('/par', { status: 201, body: { request_uri: 'urn:example:1', expires_in: 60 } });
    const server = await serverWith({
      endpoints: {
        ...endpoints(),
        pushedAuthorizationRequest: `${scripted.issuer}/par`,
        endSession: `${scripted.issuer}/out`,
      },
    });
    const request = await createAuthorizationRequest(server, REDIRECT_URI, ['read']);
    const address = await authorizationUrl(server, request, transport, signal);
    assert.equal(address.href, `${scripted.issuer}/login?x=1&client_id=editor&request_uri=urn%3Aexample%3A1`);
    assert.equal(scripted.requestsTo('/par')[0]?.parameters.get('state'), request.state);
    assert.equal(
      createLogoutRequest({ server, accountId: 'x', signedInAt: 0, idToken: undefined })?.url.href,
      `${scripted.issuer}/out?client_id=editor`,
    );
  });

  it('is another server when the endpoints of the entry are changed', async () => {
    const discovery = new Discovery(transport);
    const first = await discovery.find(providerAt(scripted.issuer, { endpoints: endpoints() }));
    const second = await discovery.find(
      providerAt(scripted.issuer, { endpoints: { ...endpoints(), token: `${scripted.issuer}/other` } }),
    );
    assert.deepEqual(
      [first.metadata.token_endpoint, second.metadata.token_endpoint],
      [`${scripted.issuer}/token`, `${scripted.issuer}/other`],
    );
  });

  it('may have endpoints on this machine only when it is on this machine itself', async () => {
    await rejectsWith(discovered('https://id.example.com', { endpoints: endpoints() }), 'insecure', 'http-endpoint');
  });

  it('gets the client secret as the entry specifies, by default in a header', async () => {
    const shown = async (more: Partial<Provider>): Promise<(string | null)[]> => {
      const provider = providerAt(scripted.issuer, { endpoints: endpoints(), ...more });
      const server = await new Discovery(transport, () => Promise.resolve('hush')).find(provider);
      const request = await createAuthorizationRequest(server, REDIRECT_URI, ['read']);
      await exchangeCode(server, request, answerTo(request), transport, signal);
      const { headers, parameters } = scripted.requestsTo('/token').at(-1) ?? {};
      return [
        headers?.authorization?.split(' ')[0] ?? null,
        parameters?.get('client_id') ?? null,
        parameters?.get('client_secret') ?? null,
      ];
    };
    assert.deepEqual(await shown({}), ['Basic', null, null]);
    assert.deepEqual(await shown({ clientAuthentication: 'client_secret_basic' }), ['Basic', null, null]);
    assert.deepEqual(await shown({ clientAuthentication: 'client_secret_post' }), [null, 'editor', 'hush']);
  });

  it('gets no scopes when there are none', async () => {
    const request = await createAuthorizationRequest(await serverWith(), REDIRECT_URI, []);
    assert.equal(request.url.searchParams.has('scope'), false);
  });

  it("may report that a token is already invalid, which isn't a failure of a sign-out", async () => {
    const server = await serverWith({ endpoints: { ...endpoints(), revocation: `${scripted.issuer}/revoke` } });
    const answers: ScriptedAnswer[] = [
      { status: 200 },
      { status: 400, body: { error: 'invalid_token', error_description: 'Token expired or revoked' } },
    ];
    scripted.on('/revoke', () => answers.shift() ?? 'hang');
    assert.equal(
      await revokeTokens(server, { accessToken: 'access-1', refreshToken: 'refresh-1' }, transport),
      'revoked',
    );
    assert.deepEqual(
      scripted.requestsTo('/revoke').map(({ parameters }) => parameters.get('token')),
      ['refresh-1', 'access-1'],
    );
    scripted.on('/revoke', { status: 400, body: { error: 'invalid_request' } });
    await rejectsWith(revokeTokens(server, { accessToken: 'access-1' }, transport), 'configuration', 'invalid_request');
  });

  it('identifies the account in its own userinfo format, with an ID that may be a number', async () => {
    assert.deepEqual(await signIn(), { id: '583231', label: 'Ada L.' });
    assert.deepEqual(await signIn({ account: { id: 'id', label: 'login' } }), { id: '583231', label: 'ada' });
    assert.deepEqual(await signIn({ account: { id: 'login' } }), { id: 'ada', label: 'Ada L.' });
    assert.equal(scripted.requestsTo('/me')[0]?.headers.authorization, 'Bearer access-1');
  });

  it('gets a userinfo request when discovery found the endpoint, and may reject it', async () => {
    scripted.metadata['userinfo_endpoint'] = `${scripted.issuer}/me`;
    scripted.onDiscovery(() => ({ body: scripted.metadata }));
    assert.deepEqual(await signIn({ endpoints: undefined }), { id: '583231', label: 'Ada L.' });
    scripted.on('/me', { status: 403 });
    assert.deepEqual(await signIn({ endpoints: undefined }), { id: 'acme', label: 'Acme' });
  });

  const answers: Readonly<Record<string, readonly [Script, Category, string]>> = {
    'has no ID': [{ body: { name: 'Ada' } }, 'unsupported-server', 'no-account'],
    'has an ID that is an object': [{ body: { id: { a: 1 } } }, 'unsupported-server', 'no-account'],
    'is an array': [{ headers: { 'Content-Type': 'application/json' }, body: '[1]' }, 'invalid-response', 'http-200'],
    'is HTML': [htmlPage, 'unexpected-html', 'not-json'],
    'is 401': [{ status: 401 }, 'configuration', 'http-401'],
    'is 503': [{ status: 503 }, 'server', 'http-503'],
  };
  for (const [what, [script, category, code]] of Object.entries(answers)) {
    it(`makes a sign-in fail with ${category} when its userinfo response ${what}, which could merge two accounts`, async () => {
      scripted.on('/me', script);
      await rejectsWith(signIn({ account: { id: 'id' } }), category, code);
    });
  }

  it('makes a sign-in fail without a userinfo endpoint when the entry requires one', async () => {
    await rejectsWith(
      signIn({ endpoints: { ...endpoints(), userinfo: undefined }, account: { id: 'id' } }),
      'unsupported-server',
    );
  });

  it('gives only sanitized names', async () => {
    scripted.on('/me', { body: { id: 'x\u202E', login: 'a [b](command:c)\u0000' } });
    const { label } = await signIn();
    assert.doesNotMatch(label, /[\u0000\u202E]/);
  });
});
