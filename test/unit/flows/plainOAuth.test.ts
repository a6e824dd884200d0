// Servers without OpenID Connect, with the default scopes of a provider.
import assert from 'node:assert/strict';
import { MINUTE, SECOND } from '../../../src/core/clock.ts';
import { DEFAULT_SCOPES, type Provider } from '../../../src/core/provider.ts';
import type { SignInGrant } from '../../../src/protocol/identity.ts';
import { requestRefresh } from '../../../src/protocol/refresh.ts';
import { requestedScopes, supportsOpenId } from '../../../src/protocol/requestedScopes.ts';
import { rejectsWith } from '../../support/failures.ts';
import { discovered, GOOD_TOKENS, providerAt, trade, transportWith } from '../../support/fixtures.ts';
import { ScriptedServer } from '../../support/scriptedServer.ts';
import { SignInFixture } from '../../support/signInFixture.ts';

const OIDC = '/.well-known/openid-configuration';
const OAUTH = '/.well-known/oauth-authorization-server';

describe('A server without OpenID Connect', () => {
  let server: ScriptedServer;

  beforeEach(async () => {
    server = await ScriptedServer.start();
    delete server.metadata['id_token_signing_alg_values_supported'];
    server.on(OIDC, { status: 404 });
    server.on(OAUTH, () => ({ body: server.metadata }));
  });

  afterEach(async () => {
    await server.stop();
  });

  /** Signs in with the browser, and returns the requested scopes. */
  const signIn = async (
    more: Partial<Provider> = {},
  ): Promise<{ readonly grant: SignInGrant; readonly scope: string | null }> => {
    const fixture = new SignInFixture();
    const signingIn = fixture.signInService.signIn(
      {
        provider: providerAt(server.issuer, { scopes: DEFAULT_SCOPES, ...more }),
        scopes: DEFAULT_SCOPES,
        deadline: 5 * MINUTE,
        signal: new AbortController().signal,
      },
      (grant) => Promise.resolve(grant),
    );
    signingIn.catch(() => {});
    const { searchParams } = new URL(await fixture.address());
    await fetch(
      `${searchParams.get('redirect_uri') ?? ''}?${new URLSearchParams({ code: 'code-1', state: searchParams.get('state') ?? '' }).toString()}`,
    );
    const grant = await signingIn;
    await fixture.clock.pass(30 * SECOND);
    return { grant, scope: searchParams.get('scope') };
  };

  it('signs in without an ID token, and the session has the scopes that callers request', async () => {
    server.onToken({ body: GOOD_TOKENS });
    const { grant, scope } = await signIn();
    assert.deepEqual(
      [scope, grant.scopes, grant.tokens.accessToken, grant.tokens.idToken],
      [DEFAULT_SCOPES.join(' '), DEFAULT_SCOPES, 'access-1', undefined],
    );
  });

  it('gets only those identity scopes that it lists, if it lists any', async () => {
    server.onToken({ body: GOOD_TOKENS });
    for (const [listed, expected] of [
      [['read'], null],
      [['read', 'offline_access'], 'offline_access'],
      [[], DEFAULT_SCOPES.join(' ')],
    ] as const) {
      server.metadata['scopes_supported'] = listed;
      const { grant, scope } = await signIn();
      assert.deepEqual([scope, grant.scopes], [expected, DEFAULT_SCOPES]);
    }
  });

  it('gets the same scopes in a refresh with scopes', async () => {
    server.metadata['scopes_supported'] = ['read', 'email'];
    server.onToken({ body: GOOD_TOKENS });
    await requestRefresh(
      await discovered(server.issuer, { scopeOnRefresh: true }),
      'refresh-0',
      { scopes: ['openid', 'email', 'write'] },
      transportWith(),
    );
    assert.equal(server.requestsTo('/token').at(-1)?.parameters.get('scope'), 'email write');
  });

  it('has its ID token verified if it issues one anyway', async () => {
    server.onToken({
      body: { ...GOOD_TOKENS, id_token: await server.idToken({ aud: 'editor', nonce: 'of another sign-in' }) },
    });
    await rejectsWith(trade(server, { scopes: ['openid'] }), 'untrusted-response');
  });

  it('must issue one when a maximum age is requested', async () => {
    server.onToken({ body: GOOD_TOKENS });
    await rejectsWith(
      trade(server, { scopes: ['openid'], provider: { authorizationParameters: { max_age: '300' } } }),
      'invalid-response',
    );
  });

  it('must issue one when callers get the ID token', async () => {
    server.onToken({ body: GOOD_TOKENS });
    await rejectsWith(
      trade(server, { scopes: ['openid'], provider: { sessionToken: 'id_token' } }),
      'unsupported-server',
      'no-id-token',
    );
  });

  it('is distinguished from one with OpenID Connect by its metadata, or the location of it', () => {
    const at = (path: string, metadata: Readonly<Record<string, unknown>>): boolean =>
      supportsOpenId(`https://id.example.com${path}`, { issuer: 'https://id.example.com', ...metadata });
    assert.deepEqual(
      [
        at(OAUTH, {}),
        at(`${OAUTH}/tenant`, { jwks_uri: 'https://id.example.com/jwks' }),
        at(OAUTH, { scopes_supported: ['read'] }),
      ],
      [false, false, false],
    );
    assert.deepEqual(
      [
        at(OIDC, {}),
        at('/tenant/metadata.json', {}),
        at(OAUTH, { scopes_supported: ['openid'] }),
        at(OAUTH, { subject_types_supported: ['public'] }),
        at(OAUTH, { userinfo_endpoint: 'https://id.example.com/me' }),
      ],
      [true, true, true, true, true],
    );
  });

  it('is the only kind of server for which scopes are left out', () => {
    const metadata = { issuer: 'https://id.example.com', scopes_supported: ['openid'] };
    assert.deepEqual(requestedScopes({ isOpenId: true, metadata }, DEFAULT_SCOPES), DEFAULT_SCOPES);
  });

  it("isn't assumed when its metadata is at the OpenID Connect location: then an ID token is required", async () => {
    server.onDiscovery(() => ({ body: server.metadata }));
    server.onToken({ body: GOOD_TOKENS });
    await rejectsWith(trade(server, { scopes: ['openid'] }), 'invalid-response');
  });
});
