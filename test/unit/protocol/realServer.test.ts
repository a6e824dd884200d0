// The protocol at a real OpenID provider, with a simulated user on its pages.
import assert from 'node:assert/strict';
import { SECOND, systemClock } from '../../../src/core/clock.ts';
import { createAuthorizationRequest, type AuthorizationRequest } from '../../../src/protocol/authorize.ts';
import { Discovery, type ServerContext } from '../../../src/protocol/discovery.ts';
import { exchangeCode } from '../../../src/protocol/exchange.ts';
import { resolveAccount } from '../../../src/protocol/identity.ts';
import { authorizationUrl } from '../../../src/protocol/pushed.ts';
import { requestRefresh } from '../../../src/protocol/refresh.ts';
import { revokeTokens } from '../../../src/protocol/revoke.ts';
import type { Tokens } from '../../../src/protocol/tokens.ts';
import { discovered, providerAt, REDIRECT_URI, transportWith } from '../../support/fixtures.ts';
import { Person } from '../../support/browserless.ts';
import { rejectsWith } from '../../support/failures.ts';
import { ScriptedServer } from '../../support/scriptedServer.ts';
import {
  demoClientId,
  startIdentityServer,
  type IdentityServer,
  type IdentityServerOptions,
} from '../../../tools/identityServer.ts';
import { leaks } from '../../../tools/leaks.ts';

const SCOPES = ['openid', 'profile', 'email', 'offline_access'];
const transport = transportWith();
const { signal } = new AbortController();

describe('With a real identity server,', () => {
  let identity: IdentityServer;
  let server: ServerContext;

  const start = async (options: IdentityServerOptions = {}): Promise<void> => {
    identity = await startIdentityServer(options);
    server = await discovered(identity.issuer, { clientId: demoClientId });
  };
  const ask = (): Promise<AuthorizationRequest> => createAuthorizationRequest(server, REDIRECT_URI, SCOPES);
  const signIn = async (person = new Person()): Promise<Tokens> => {
    const request = await ask();
    const answer = await person.authorize(request.url.href);
    return exchangeCode(server, request, answer.searchParams, transport, signal);
  };

  afterEach(async () => {
    await identity.stop();
  });

  it('a sign-in returns the name of the user', async () => {
    await start();
    const tokens = await signIn();
    assert.deepEqual(await resolveAccount(server, tokens, transport, signal), { id: 'account-1001', label: 'demo' });
    assert.equal(tokens.expirySource, 'expires_in');
    assert.equal(await identity.tokenIsActive(tokens.accessToken), true);
  });

  it('a sign-in returns the name when only the userinfo endpoint has it', async () => {
    await start({ profileInIdToken: false });
    const tokens = await signIn();
    assert.equal(tokens.claims?.['preferred_username'], undefined);
    assert.deepEqual(await resolveAccount(server, tokens, transport, signal), { id: 'account-1001', label: 'demo' });
  });

  it('a sign-in returns the subject when there is no name', async () => {
    await start({ profileInIdToken: false });
    const tokens = await signIn();
    identity.faults.add({ path: '/me', action: { kind: 'answer', status: 500 } });
    assert.deepEqual(await resolveAccount(server, tokens, transport, signal), {
      id: 'account-1001',
      label: 'account-1001',
    });
  });

  it('a token is for the resource in the entry, before and after a refresh', async () => {
    await start({ jwtAccessTokens: true });
    server = await discovered(identity.issuer, { clientId: demoClientId, resource: ['https://notes.example.com/api'] });
    const audienceOf = ({ accessToken }: Tokens): unknown =>
      (JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()) as { readonly aud: unknown })
        .aud;
    const tokens = await signIn();
    const renewed = await (
      await requestRefresh(server, tokens.refreshToken ?? '', tokens.claims?.sub, transport)
    ).verify();
    assert.deepEqual(
      [audienceOf(tokens), audienceOf(renewed)],
      ['https://notes.example.com/api', 'https://notes.example.com/api'],
    );
  });

  for (const [who, isRequired, pushedAuthorization] of [
    ['server', true, false],
    ['entry', false, true],
  ] as const) {
    it(`a sign-in works when the ${who} requires a pushed request`, async () => {
      await start({
        features: { pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: isRequired } },
      });
      server = await discovered(identity.issuer, {
        clientId: demoClientId,
        pushedAuthorization,
        authorizationParameters: { ui_locales: 'de' },
      });
      const request = await ask();
      const address = await authorizationUrl(server, request, transport, signal);
      assert.deepEqual([...address.searchParams.keys()], ['client_id', 'request_uri']);
      const { searchParams } = await new Person().authorize(address.href);
      const tokens = await exchangeCode(server, request, searchParams, transport, signal);
      assert.equal(await identity.tokenIsActive(tokens.accessToken), true);
    });
  }

  it('a rejected pushed request is reported before the browser opens', async () => {
    await start({ features: { pushedAuthorizationRequests: { enabled: true } } });
    server = await discovered(identity.issuer, { clientId: demoClientId, pushedAuthorization: true });
    const request = await createAuthorizationRequest(server, 'https://elsewhere.example.com', SCOPES);
    await rejectsWith(authorizationUrl(server, request, transport, signal), 'configuration', 'invalid_request');
  });

  it('a sign-in is denied when the user denies access', async () => {
    await start();
    await rejectsWith(signIn(new Person({ allows: false })), 'denied', 'access_denied');
  });

  it('a code works once', async () => {
    await start();
    const request = await ask();
    const { searchParams } = await new Person().authorize(request.url.href);
    await exchangeCode(server, request, searchParams, transport, signal);
    await rejectsWith(
      exchangeCode(server, request, searchParams, transport, signal),
      'invalid-callback',
      'invalid_grant',
    );
  });

  it('a code is rejected without its code verifier', async () => {
    await start();
    const request = await ask();
    const { searchParams } = await new Person().authorize(request.url.href);
    const thief = { ...request, codeVerifier: (await ask()).codeVerifier };
    await rejectsWith(
      exchangeCode(server, thief, searchParams, transport, signal),
      'invalid-callback',
      'invalid_grant',
    );
  });

  it('each refresh returns a new refresh token, and reusing an old one ends the session', async () => {
    await start();
    const { refreshToken = '', claims } = await signIn();
    const first = await requestRefresh(server, refreshToken, claims?.sub, transport);
    const second = await requestRefresh(server, first.refreshToken ?? '', claims?.sub, transport);
    assert.equal(new Set([refreshToken, first.refreshToken, second.refreshToken]).size, 3);
    const tokens = await second.verify();
    assert.equal(await identity.tokenIsActive(tokens.accessToken), true);
    await rejectsWith(
      (await requestRefresh(server, refreshToken, claims?.sub, transport)).verify(),
      'session-ended',
      'invalid_grant',
    );
    assert.equal(await identity.tokenIsActive(tokens.accessToken), false);
    assert.equal(identity.grantsRevoked.length, 1);
  });

  it('a failed refresh returns no refresh token', async () => {
    await start();
    const { refreshToken = '' } = await signIn();
    identity.revokeEverything();
    const answer = await requestRefresh(server, refreshToken, 'account-1001', transport);
    assert.equal(answer.refreshToken, undefined);
    await rejectsWith(answer.verify(), 'session-ended', 'invalid_grant');
  });

  it('a refresh that returns another account is rejected', async () => {
    await start();
    const { refreshToken = '' } = await signIn();
    const answer = await requestRefresh(server, refreshToken, 'person-2', transport);
    assert.notEqual(answer.refreshToken, undefined);
    await rejectsWith(answer.verify(), 'other-account', 'other-subject');
  });

  it('a sign-out revokes both tokens', async () => {
    await start();
    const tokens = await signIn();
    assert.equal(await revokeTokens(server, tokens, transport), 'revoked');
    assert.deepEqual(
      [await identity.tokenIsActive(tokens.accessToken), await identity.tokenIsActive(tokens.refreshToken ?? '')],
      [false, false],
    );
  });

  it("a sign-out succeeds although the server can't revoke an access token that is a JWT", async () => {
    await start({ jwtAccessTokens: true });
    const tokens = await signIn();
    assert.equal(tokens.accessToken.split('.').length, 3);
    assert.equal(await revokeTokens(server, tokens, transport), 'revoked');
    assert.equal(await identity.tokenIsActive(tokens.refreshToken ?? ''), false);
  });
});

describe('A client with a secret, at a real identity server,', () => {
  const SECRET = 'a secret: with + signs & 100% of "quotes"';
  const client = (
    method: 'client_secret_basic' | 'client_secret_post',
  ): NonNullable<IdentityServerOptions['clients']>[number] => ({
    client_id: `confidential ${method}`,
    client_secret: SECRET,
    application_type: 'native',
    token_endpoint_auth_method: method,
    redirect_uris: ['http://127.0.0.1/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
  });
  const lines: string[] = [];
  const tell = (line: string): void => void lines.push(line);
  const transport = transportWith(systemClock, 30 * SECOND, {
    trace: tell,
    debug: tell,
    info: tell,
    warn: tell,
    error: tell,
  });
  let identity: IdentityServer;

  afterEach(async () => {
    await identity.stop();
  });

  /** Starts a server that supports this method only, as in its metadata. */
  async function startFor(method: 'client_secret_basic' | 'client_secret_post'): Promise<void> {
    identity = await startIdentityServer({ clients: [client(method)] });
    identity.faults.add({
      path: '/.well-known/openid-configuration',
      action: { kind: 'rewrite', body: (body) => ({ ...body, token_endpoint_auth_methods_supported: [method] }) },
    });
  }

  async function serverWith(method: string, secret: string | undefined): Promise<ServerContext> {
    return new Discovery(transport, () => Promise.resolve(secret)).find(
      providerAt(identity.issuer, { clientId: `confidential ${method}` }),
    );
  }

  async function signIn(server: ServerContext): Promise<Tokens> {
    const request = await createAuthorizationRequest(server, REDIRECT_URI, SCOPES);
    const answer = await new Person().authorize(request.url.href);
    return exchangeCode(server, request, answer.searchParams, transport, signal);
  }

  for (const method of ['client_secret_basic', 'client_secret_post'] as const) {
    it(`signs in, refreshes and signs out with ${method}`, async () => {
      await startFor(method);
      const server = await serverWith(method, SECRET);
      const tokens = await signIn(server);
      const answer = await requestRefresh(server, tokens.refreshToken ?? '', tokens.claims?.sub, transport);
      const renewed = await answer.verify();
      assert.equal(await identity.tokenIsActive(renewed.accessToken), true);
      assert.equal(await revokeTokens(server, renewed, transport), 'revoked');
      assert.equal(await identity.tokenIsActive(renewed.accessToken), false);
      // The server accepts both methods, whatever its metadata contains.
      const posts = identity.journal.traffic.filter(({ url }) => url.startsWith('/token'));
      assert.ok(posts.length >= 3);
      for (const { body, headers } of posts) {
        const isInHeader = headers.some(
          ([name, value]) => name.toLowerCase() === 'authorization' && value.startsWith('Basic '),
        );
        assert.deepEqual(
          [isInHeader, new URLSearchParams(body).get('client_secret')],
          method === 'client_secret_basic' ? [true, null] : [false, SECRET],
        );
      }
    });

    it(`is rejected with ${method} and another secret or none, and loses no session`, async () => {
      await startFor(method);
      const { refreshToken = '', claims } = await signIn(await serverWith(method, SECRET));
      for (const secret of ['wrong', undefined]) {
        const server = await serverWith(method, secret);
        await rejectsWith(signIn(server), 'client-rejected');
        await rejectsWith(
          requestRefresh(server, refreshToken, claims?.sub, transport).then(async (answer) => answer.verify()),
          'client-rejected',
        );
      }
      assert.equal(await identity.tokenIsActive(refreshToken), true);
    });
  }

  it('sends the secret only to the server, and never in a URL', async () => {
    await startFor('client_secret_basic');
    const tokens = await signIn(await serverWith('client_secret_basic', SECRET));
    await rejectsWith(signIn(await serverWith('client_secret_basic', 'wrong')), 'client-rejected');
    await revokeTokens(await serverWith('client_secret_basic', SECRET), tokens, transport);
    assert.deepEqual(leaks(identity.journal, [{ name: 'the log', text: lines.join('\n') }]), []);
  });
});

describe('revokeTokens', () => {
  let scripted: ScriptedServer;
  const tokens = { accessToken: 'access-1', refreshToken: 'refresh-1' };

  beforeEach(async () => {
    scripted = await ScriptedServer.start();
  });

  afterEach(async () => {
    await scripted.stop();
  });

  it('returns not-supported when the server has no revocation endpoint', async () => {
    delete scripted.metadata['revocation_endpoint'];
    assert.equal(await revokeTokens(await discovered(scripted.issuer), tokens, transport), 'not-supported');
  });

  it('sends the type of each token, and only the access token when there is no refresh token', async () => {
    const server = await discovered(scripted.issuer);
    await revokeTokens(server, tokens, transport);
    await revokeTokens(server, { accessToken: 'access-2' }, transport);
    const sent = scripted
      .requestsTo('/revoke')
      .map(({ parameters }) => [
        parameters.get('token'),
        parameters.get('token_type_hint'),
        parameters.get('client_id'),
      ]);
    assert.deepEqual(sent, [
      ['refresh-1', 'refresh_token', 'editor'],
      ['access-1', 'access_token', 'editor'],
      ['access-2', 'access_token', 'editor'],
    ]);
  });

  it("fails when the server doesn't confirm it", async () => {
    const server = await discovered(scripted.issuer);
    scripted.on('/revoke', { status: 503 });
    await rejectsWith(revokeTokens(server, tokens, transport), 'server', 'http-503');
    scripted.on('/revoke', 'drop');
    await rejectsWith(revokeTokens(server, tokens, transport), 'network');
  });
});
