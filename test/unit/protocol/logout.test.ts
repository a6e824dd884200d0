import assert from 'node:assert/strict';
import { exchangeCode } from '../../../src/protocol/exchange.ts';
import { createAuthorizationRequest, isResponseTo } from '../../../src/protocol/authorize.ts';
import { createLogoutRequest } from '../../../src/protocol/logout.ts';
import { discovered, jwtWith, REDIRECT_URI, transportWith } from '../../support/fixtures.ts';
import { Person } from '../../support/browserless.ts';
import { ScriptedServer } from '../../support/scriptedServer.ts';
import { demoClientId, startIdentityServer } from '../../../tools/identityServer.ts';

describe('createLogoutRequest', () => {
  let scripted: ScriptedServer;

  beforeEach(async () => {
    scripted = await ScriptedServer.start();
  });

  afterEach(async () => {
    await scripted.stop();
  });

  const addressAt = async (endpoint: unknown, idToken?: string): Promise<string | undefined> => {
    scripted.metadata['end_session_endpoint'] = endpoint;
    return createLogoutRequest({
      server: await discovered(scripted.issuer),
      accountId: 'person-1',
      signedInAt: 0,
      idToken,
    })?.url.href;
  };

  it('sends the client and the session', async () => {
    assert.equal(
      await addressAt(`${scripted.issuer}/out?a=b`, 'id.token.x'),
      `${scripted.issuer}/out?a=b&client_id=editor&id_token_hint=id.token.x`,
    );
    assert.equal(await addressAt('https://id.example.com/out'), 'https://id.example.com/out?client_id=editor');
  });

  it('never sends an ID token that callers can still use', async () => {
    scripted.metadata['end_session_endpoint'] = `${scripted.issuer}/out`;
    const server = await discovered(scripted.issuer, { sessionToken: 'id_token' });
    const now = Date.now();
    const parametersAt = (exp: unknown, at: number | undefined, loginHint?: string): Record<string, string> => {
      const context = { server, accountId: 'person-1', signedInAt: 0, idToken: jwtWith({ exp }), now: at, loginHint };
      return Object.fromEntries(createLogoutRequest(context)?.url.searchParams ?? []);
    };
    for (const [exp, at] of [
      [now / 1000 + 300, now],
      [now / 1000 - 60, now],
      [now / 1000 - 3600, undefined],
      [undefined, now],
      ['0', now],
    ] as const) {
      const sent = parametersAt(exp, at, 'sam@example.com');
      assert.deepEqual(sent, { client_id: 'editor', logout_hint: 'sam@example.com' });
    }
    assert.deepEqual(parametersAt(now / 1000 + 300, now), { client_id: 'editor' });
    assert.equal(parametersAt(now / 1000 - 3600, now)['id_token_hint'], jwtWith({ exp: now / 1000 - 3600 }));
  });

  it('sends the redirect URI with a new state each time, and neither without one', async () => {
    scripted.metadata['end_session_endpoint'] = `${scripted.issuer}/out?state=stale`;
    const leaving = {
      server: await discovered(scripted.issuer),
      accountId: 'person-1',
      signedInAt: 0,
      idToken: 'id.token.x',
    };
    const [one, other] = [createLogoutRequest(leaving, REDIRECT_URI), createLogoutRequest(leaving, REDIRECT_URI)];
    assert.ok(one?.state !== undefined && one.state.length > 20);
    assert.notEqual(one.state, other?.state);
    assert.deepEqual(Object.fromEntries(one.url.searchParams), {
      client_id: 'editor',
      id_token_hint: 'id.token.x',
      post_logout_redirect_uri: REDIRECT_URI,
      state: one.state,
    });
    const without = createLogoutRequest(leaving);
    assert.ok(without !== undefined);
    assert.deepEqual([without.state, without.url.searchParams.has('post_logout_redirect_uri')], [undefined, false]);
    const answers = [
      `state=${one.state}`,
      `state=${one.state}&sid=x`,
      '',
      'state=',
      'state=other',
      `state=${one.state}&state=other`,
      'state=undefined',
    ].map((query) => new URLSearchParams(query));
    assert.deepEqual(
      answers.map((answer) => isResponseTo(one, answer)),
      [true, true, false, false, false, false, false],
    );
    assert.deepEqual(
      answers.map((answer) => isResponseTo(without, answer)),
      answers.map(() => false),
    );
  });

  for (const endpoint of [undefined, 7, '/out', 'http://id.example.com/out', 'javascript:alert(1)', 'command:x']) {
    it(`returns undefined for ${String(endpoint)}, and signing in still works`, async () => {
      assert.equal(await addressAt(endpoint, 'id.token.x'), undefined);
    });
  }

  it('ends the session at a real server, which identifies it by the ID token', async () => {
    const identity = await startIdentityServer();
    const server = await discovered(identity.issuer, { clientId: demoClientId });
    const request = await createAuthorizationRequest(server, REDIRECT_URI, ['openid']);
    const { searchParams } = await new Person().authorize(request.url.href);
    const { idToken } = await exchangeCode(
      server,
      request,
      searchParams,
      transportWith(),
      new AbortController().signal,
    );
    const open = (hint: string | undefined): Promise<Response> =>
      fetch(createLogoutRequest({ server, accountId: 'account-1001', signedInAt: 0, idToken: hint })?.url ?? '');
    const page = await open(idToken);
    const forged = await open('not.a.token');
    assert.deepEqual([page.status, forged.status], [200, 400]);
    assert.match(await page.text(), /session\/end\/confirm/);
    await identity.stop();
  });
});
