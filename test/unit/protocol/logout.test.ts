import assert from 'node:assert/strict';
import { authorizationRequest } from '../../../src/protocol/authorize.ts';
import { exchangeCode } from '../../../src/protocol/exchange.ts';
import { signOutAddress } from '../../../src/protocol/logout.ts';
import { discovered, REDIRECT_URI, transportWith } from '../../support/bench.ts';
import { Person } from '../../support/browserless.ts';
import { ScriptedServer } from '../../support/scriptedServer.ts';
import { demoClientId, startIdentityServer } from '../../workshop/identityServer.ts';

describe('The page at which the person signs out of the server', () => {
  let scripted: ScriptedServer;

  beforeEach(async () => {
    scripted = await ScriptedServer.start();
  });

  afterEach(async () => {
    await scripted.stop();
  });

  const addressAt = async (endpoint: unknown, idToken?: string): Promise<string | undefined> => {
    scripted.metadata['end_session_endpoint'] = endpoint;
    return signOutAddress(await discovered(scripted.issuer), idToken)?.href;
  };

  it('is told which client asks, and whose session it is', async () => {
    assert.equal(await addressAt(`${scripted.issuer}/out?a=b`, 'id.token.x'), `${scripted.issuer}/out?a=b&client_id=editor&id_token_hint=id.token.x`);
    assert.equal(await addressAt('https://id.example.com/out'), 'https://id.example.com/out?client_id=editor');
  });

  for (const endpoint of [undefined, 7, '/out', 'http://id.example.com/out', 'javascript:alert(1)', 'command:x']) {
    it(`is none at ${String(endpoint)}, and signing in goes on working`, async () => {
      assert.equal(await addressAt(endpoint, 'id.token.x'), undefined);
    });
  }

  it('is a page of a real server, which knows the session by the ID token', async () => {
    const identity = await startIdentityServer();
    const server = await discovered(identity.issuer, { clientId: demoClientId });
    const request = await authorizationRequest(server, REDIRECT_URI, ['openid']);
    const { searchParams } = await new Person().authorize(request.url.href);
    const { idToken } = await exchangeCode(server, request, searchParams, transportWith(), new AbortController().signal);
    const page = await fetch(signOutAddress(server, idToken) ?? '');
    const forged = await fetch(signOutAddress(server, 'not.a.token') ?? '');
    assert.deepEqual([page.status, forged.status], [200, 400]);
    assert.match(await page.text(), /session\/end\/confirm/);
    await identity.stop();
  });
});
