import assert from 'node:assert/strict';
import type { Category } from '../../../src/core/failurePolicies.ts';
import { createAuthorizationRequest } from '../../../src/protocol/authorize.ts';
import { authorizationUrl } from '../../../src/protocol/pushed.ts';
import { discovered, REDIRECT_URI, transportWith } from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import { ScriptedServer, type Script } from '../../support/scriptedServer.ts';

const PUSHED: Script = { status: 201, body: { request_uri: 'urn:example:1', expires_in: 60 } };

describe('A pushed authorization request', () => {
  let scripted: ScriptedServer;

  beforeEach(async () => {
    scripted = await ScriptedServer.start();
    scripted.metadata['pushed_authorization_request_endpoint'] = `${scripted.issuer}/par`;
    scripted.metadata['require_pushed_authorization_requests'] = true;
    scripted.on('/par', PUSHED);
  });

  afterEach(async () => {
    await scripted.stop();
  });

  const push = async (pushedAuthorization = false): Promise<{ readonly address: URL; readonly usual: URL }> => {
    const found = await discovered(scripted.issuer, { pushedAuthorization, resource: ['urn:a', 'urn:b'] });
    const request = await createAuthorizationRequest(found, REDIRECT_URI, ['openid', 'read']);
    return {
      address: await authorizationUrl(found, request, transportWith(), new AbortController().signal),
      usual: request.url,
    };
  };

  it('sends all parameters of the URL, and leaves a reference for the browser', async () => {
    scripted.metadata['authorization_endpoint'] = `${scripted.issuer}/authorize?tenant=a`;
    const { address, usual } = await push();
    assert.deepEqual(Object.fromEntries(address.searchParams), {
      tenant: 'a',
      client_id: 'editor',
      request_uri: 'urn:example:1',
    });
    const [request] = scripted.requestsTo('/par');
    const expected = [...usual.searchParams].filter(([name]) => name !== 'tenant');
    assert.deepEqual([...(request?.parameters ?? [])].sort(), expected.sort());
    assert.equal(request?.method, 'POST');
  });

  it('is sent only when the server or the entry requires it', async () => {
    scripted.metadata['require_pushed_authorization_requests'] = false;
    const { address, usual } = await push();
    assert.deepEqual([address.href, scripted.requestsTo('/par').length], [usual.href, 0]);
    assert.equal((await push(true)).address.searchParams.get('request_uri'), 'urn:example:1');
  });

  it('accepts a response with status 200, and with its lifetime as a string', async () => {
    scripted.on('/par', { status: 200, body: { request_uri: 'urn:example:2', expires_in: '60' } });
    assert.equal((await push()).address.searchParams.get('request_uri'), 'urn:example:2');
  });

  const answers: Readonly<Record<string, readonly [Script, Category, string?]>> = {
    'rejects the redirect URI': [
      { status: 400, body: { error: 'invalid_redirect_uri' } },
      'redirect-rejected',
      'invalid_redirect_uri',
    ],
    'rejects a scope': [{ status: 400, body: { error: 'invalid_scope' } }, 'scope-rejected', 'invalid_scope'],
    'requires a secret': [
      { status: 401, headers: { 'WWW-Authenticate': 'Basic' }, body: { error: 'invalid_client' } },
      'client-rejected',
      'invalid_client',
    ],
    'has no request_uri': [{ status: 201, body: { expires_in: 60 } }, 'invalid-response'],
    'is 200 without a request_uri': [{ status: 200, body: {} }, 'invalid-response'],
    'is 503': [{ status: 503 }, 'server', 'http-503'],
    'is missing': ['drop', 'network'],
  };
  for (const [what, [script, category, code]] of Object.entries(answers)) {
    it(`fails with ${category} when the response ${what}`, async () => {
      scripted.on('/par', script);
      await rejectsWith(push(), category, code);
    });
  }

  it('fails when the server requires it and has no endpoint for it', async () => {
    delete scripted.metadata['pushed_authorization_request_endpoint'];
    const { detail } = await rejectsWith(push(), 'unsupported-server', 'missing-endpoint');
    assert.equal(detail, 'pushed_authorization_request_endpoint');
  });

  it('is never sent without TLS', async () => {
    scripted.metadata['pushed_authorization_request_endpoint'] = 'http://id.example.com/par';
    await rejectsWith(push(), 'unsupported-server', 'missing-endpoint');
  });
});
