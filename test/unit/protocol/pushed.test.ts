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

  it('has everything that the address would have said, and leaves a reference for the browser', async () => {
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

  it('is made only where the server or the entry wants it', async () => {
    scripted.metadata['require_pushed_authorization_requests'] = false;
    const { address, usual } = await push();
    assert.deepEqual([address.href, scripted.requestsTo('/par').length], [usual.href, 0]);
    assert.equal((await push(true)).address.searchParams.get('request_uri'), 'urn:example:1');
  });

  it('may be answered with 200, and with its lifetime in a text', async () => {
    scripted.on('/par', { status: 200, body: { request_uri: 'urn:example:2', expires_in: '60' } });
    assert.equal((await push()).address.searchParams.get('request_uri'), 'urn:example:2');
  });

  const answers: Readonly<Record<string, readonly [Script, Category, string?]>> = {
    'says that the redirect address is not known': [
      { status: 400, body: { error: 'invalid_redirect_uri' } },
      'redirect-rejected',
      'invalid_redirect_uri',
    ],
    'says that a scope is not granted': [
      { status: 400, body: { error: 'invalid_scope' } },
      'scope-rejected',
      'invalid_scope',
    ],
    'wants a secret': [
      { status: 401, headers: { 'WWW-Authenticate': 'Basic' }, body: { error: 'invalid_client' } },
      'client-rejected',
      'invalid_client',
    ],
    'has no reference': [{ status: 201, body: { expires_in: 60 } }, 'invalid-response'],
    'is 200 without a reference': [{ status: 200, body: {} }, 'invalid-response'],
    'is 503': [{ status: 503 }, 'server', 'http-503'],
    'does not come': ['drop', 'network'],
  };
  for (const [what, [script, category, code]] of Object.entries(answers)) {
    it(`whose answer ${what} is a failure of category ${category}`, async () => {
      scripted.on('/par', script);
      await rejectsWith(push(), category, code);
    });
  }

  it('cannot be made where the server demands it and does not say where', async () => {
    delete scripted.metadata['pushed_authorization_request_endpoint'];
    const { detail } = await rejectsWith(push(), 'unsupported-server', 'missing-endpoint');
    assert.equal(detail, 'pushed_authorization_request_endpoint');
  });

  it('goes nowhere in the clear', async () => {
    scripted.metadata['pushed_authorization_request_endpoint'] = 'http://id.example.com/par';
    await rejectsWith(push(), 'unsupported-server', 'missing-endpoint');
  });
});
