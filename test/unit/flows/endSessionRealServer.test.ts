import assert from 'node:assert/strict';
import { MINUTE } from '../../../src/core/clock.ts';
import type { Provider } from '../../../src/core/provider.ts';
import { readAuthorizationResponse, createAuthorizationRequest } from '../../../src/protocol/authorize.ts';
import { resolveAccount } from '../../../src/protocol/identity.ts';
import { exchangeCode } from '../../../src/protocol/exchange.ts';
import { discovered, providerAt, REDIRECT_URI, transportWith } from '../../support/fixtures.ts';
import { Person } from '../../support/browserless.ts';
import { rejectsWith } from '../../support/failures.ts';
import { createTestWindow, type TestWindow } from '../../support/testWindow.ts';
import { SignOutFixture } from '../../support/signOutFixture.ts';
import { demoClientId, startIdentityServer, type IdentityServer } from '../../../tools/identityServer.ts';

const SCOPES = ['openid', 'profile', 'offline_access'];

describe('A sign-out at a real server', () => {
  let identity: IdentityServer;
  let provider: Provider;
  let testWindow: TestWindow;
  let fixture: SignOutFixture;
  let person: Person;

  before(async () => {
    identity = await startIdentityServer({
      clients: [
        {
          client_id: 'homeless',
          application_type: 'native',
          token_endpoint_auth_method: 'none',
          redirect_uris: ['http://127.0.0.1/callback'],
          grant_types: ['authorization_code', 'refresh_token'],
        },
      ],
    });
  });

  after(async () => {
    await identity.stop();
  });

  beforeEach(() => {
    person = new Person();
    fixture = new SignOutFixture();
    settingUp({});
  });

  afterEach(() => {
    fixture.signOuts.dispose();
    testWindow.sessions.dispose();
  });

  const settingUp = (more: Partial<Provider>): void => {
    provider = providerAt(identity.issuer, {
      clientId: demoClientId,
      scopes: SCOPES,
      signOutAtServer: 'return',
      ...more,
    });
    testWindow = createTestWindow(identity.issuer, { providers: [provider] });
  };
  /** Signs the user in with their browser, and returns the session's ID. */
  const signIn = async (): Promise<string> => {
    const server = await discovered(identity.issuer, provider);
    const request = await createAuthorizationRequest(server, REDIRECT_URI, SCOPES);
    const { searchParams } = await person.authorize(request.url.href);
    const { signal } = new AbortController();
    const tokens = await exchangeCode(server, request, searchParams, transportWith(testWindow.clock), signal);
    const account = await resolveAccount(server, tokens, transportWith(testWindow.clock), signal);
    return (await testWindow.sessionManager.addSession({ provider, scopes: SCOPES, tokens, account })).id;
  };
  /** The server's response to a sign-in in the same browser that must not prompt the user. */
  const askSilently = async (): Promise<unknown> => {
    const server = await discovered(identity.issuer, provider);
    const request = await createAuthorizationRequest(server, REDIRECT_URI, ['openid'], { prompt: 'none' });
    return readAuthorizationResponse(server, request, (await person.authorize(request.url.href)).searchParams);
  };

  it('signs out of the server, and returns to a page of this machine', async () => {
    const id = await signIn();
    // The server knows the user, but issues nothing to a native client without a prompt.
    await rejectsWith(askSilently(), 'interaction-needed');
    const { page } = await testWindow.sessionManager.signOut(id);
    const end = fixture.signOuts.open(page);
    const { html, status, url } = await person.signOut(await fixture.address());
    assert.deepEqual([status, url.pathname, url.hostname], [200, '/done', '127.0.0.1']);
    assert.match(html, /Signed out/);
    assert.equal(await end, 'returned');
    await rejectsWith(askSilently(), 'sign-in-needed');
  });

  it('is accepted after the tokens have been revoked, too', async () => {
    const { atServer, page } = await testWindow.sessionManager.signOut(await signIn());
    assert.equal(await atServer, 'revoked');
    const end = fixture.signOuts.open(page);
    assert.match((await person.signOut(await fixture.address())).html, /Signed out/);
    assert.equal(await end, 'returned');
  });

  it("returns immediately when the browser isn't signed in at all", async () => {
    const id = await signIn();
    person = new Person();
    const end = fixture.signOuts.open((await testWindow.sessionManager.signOut(id)).page);
    assert.match((await person.signOut(await fixture.address())).html, /Signed out/);
    assert.equal(await end, 'returned');
  });

  it("doesn't block: session and tokens are removed while the page is still open", async () => {
    const id = await signIn();
    const { accessToken, refreshToken = '' } = testWindow.record(id);
    const { atServer, page } = await testWindow.sessionManager.signOut(id);
    const end = fixture.signOuts.open(page);
    const address = await fixture.address();
    await atServer;
    assert.deepEqual(
      [
        testWindow.sessionManager.getAll(),
        await identity.tokenIsActive(accessToken),
        await identity.tokenIsActive(refreshToken),
      ],
      [[], false, false],
    );
    await person.signOut(address);
    assert.equal(await end, 'returned');
  });

  it("ends at the server's error page when the URI isn't registered there, and the port closes in time", async () => {
    settingUp({ clientId: 'homeless' });
    const end = fixture.signOuts.open((await testWindow.sessionManager.signOut(await signIn())).page);
    const address = await fixture.address();
    const { html, status } = await person.signOut(address);
    assert.equal(status, 400);
    assert.match(html, /post_logout_redirect_uri not registered/);
    await fixture.clock.pass(5 * MINUTE);
    assert.equal(await end, 'not-returned');
    await assert.rejects(fetch(new URL(address).searchParams.get('post_logout_redirect_uri') ?? ''));
  });

  it('requires no registration when the browser stays at the server', async () => {
    settingUp({ clientId: 'homeless', signOutAtServer: true });
    assert.equal(await fixture.signOuts.open((await testWindow.sessionManager.signOut(await signIn())).page), 'opened');
    const { html, status, url } = await person.signOut(await fixture.address());
    assert.deepEqual([status, url.origin], [200, identity.issuer]);
    assert.match(html, /You&#39;re signed out/);
    await rejectsWith(askSilently(), 'sign-in-needed');
  });
});
