// The metadata of MCP servers (RFC 9728), from servers of every kind.
import assert from 'node:assert/strict';
import { Failure } from '../../../src/core/failure.ts';
import {
  checkAccess,
  inspectResource,
  otherAuthorizationServers,
  ResourceProblem,
  type ProtectedResource,
} from '../../../src/protocol/protectedResource.ts';
import { transportWith } from '../../support/fixtures.ts';
import { ScriptedServer, type Script } from '../../support/scriptedServer.ts';

const WELL_KNOWN = '/.well-known/oauth-protected-resource';
const ISSUER = 'https://id.example.com';

describe('the metadata of a protected resource', () => {
  let server: ScriptedServer;
  let other: ScriptedServer;
  let url: string;

  beforeEach(async () => {
    [server, other] = await Promise.all([ScriptedServer.start(), ScriptedServer.start()]);
    url = `${server.issuer}/mcp`;
  });

  afterEach(async () => {
    await Promise.all([server.stop(), other.stop()]);
  });

  const challenge = (text: string, status = 401): void =>
    server.on('/mcp', { status, headers: { 'www-authenticate': text } });
  const document = (path: string, body: Script | Readonly<Record<string, unknown>>): void =>
    server.on(path, typeof body === 'object' && 'resource' in body ? { body } : body);
  const inspect = (): Promise<ProtectedResource> => inspectResource(transportWith(), url);
  const problem = (code: string, detail?: string) => (error: unknown) =>
    error instanceof ResourceProblem && error.code === code && (detail === undefined || error.detail === detail);

  it('is read from the URL in the challenge, without a token', async () => {
    challenge(`Basic realm="a, b", Bearer error="x", resource_metadata="${server.issuer}/meta", scope="read write"`);
    document('/meta', { resource: url, authorization_servers: [ISSUER], scopes_supported: ['read', 'bad scope"'] });
    const { challengeScopes, metadata, requiresToken } = await inspect();
    assert.deepEqual(metadata, { authorizationServers: [ISSUER], scopes: ['read'] });
    assert.deepEqual([challengeScopes, requiresToken], [['read', 'write'], true]);
    assert.deepEqual(
      server.requests.filter(({ headers }) => headers.authorization !== undefined),
      [],
    );
  });

  it('is read from the well-known URL with the path, or from the one of the host', async () => {
    challenge('Bearer');
    document(WELL_KNOWN, { resource: server.issuer, authorization_servers: ['https://host.example'] });
    assert.deepEqual((await inspect()).metadata?.authorizationServers, ['https://host.example']);
    document(`${WELL_KNOWN}/mcp`, { resource: url, authorization_servers: [ISSUER] });
    assert.deepEqual((await inspect()).metadata?.authorizationServers, [ISSUER]);
  });

  it('is missing if the server has none, or a web page for every path', async () => {
    challenge('Bearer realm="x"');
    assert.equal((await inspect()).metadata, undefined);
    const page: Script = { headers: { 'content-type': 'text/html' }, body: '<!doctype html><title>App</title>' };
    server.on(WELL_KNOWN, page);
    server.on(`${WELL_KNOWN}/mcp`, page);
    assert.equal((await inspect()).metadata, undefined);
    assert.deepEqual(otherAuthorizationServers(await inspect(), ISSUER), []);
  });

  it("of the host is ignored if it's for another path", async () => {
    challenge('Bearer');
    document(WELL_KNOWN, { resource: `${server.issuer}/other`, authorization_servers: ['https://evil.example'] });
    assert.equal((await inspect()).metadata, undefined);
  });

  it("is rejected if it's for another URL", async () => {
    challenge(`Bearer resource_metadata="${server.issuer}/meta"`);
    for (const resource of [
      'https://mcp.example.com/mcp',
      `${server.issuer}/mc`,
      `${server.issuer}/mcp/more`,
      `${server.issuer}/mcp#a`,
      `${server.issuer}/?a=b`,
      other.issuer,
    ]) {
      document('/meta', { resource, authorization_servers: [ISSUER] });
      await assert.rejects(inspect(), problem('other-resource', resource), resource);
    }
  });

  it('is rejected if the challenge refers to something else', async () => {
    challenge(`Bearer resource_metadata="${server.issuer}/meta"`);
    for (const answer of [
      { status: 404 },
      { headers: { 'content-type': 'text/html' }, body: '<html></html>' },
      { body: '[]' },
      { body: '{' },
      { body: { authorization_servers: [ISSUER] } },
      { body: { resource: 7 } },
      { body: { resource: url, authorization_servers: ISSUER } },
      { body: { resource: url, authorization_servers: [7] } },
      { body: { resource: url, scopes_supported: { a: 1 } } },
      { body: { resource: url, authorization_servers: Array.from({ length: 101 }, () => ISSUER) } },
    ] as const) {
      server.on('/meta', answer);
      await assert.rejects(inspect(), problem('bad-metadata'), JSON.stringify(answer));
    }
  });

  it("isn't read from another origin, neither by the challenge nor by a redirect", async () => {
    other.on('/meta', { body: { resource: url, authorization_servers: ['https://evil.example'] } });
    for (const where of [`${other.issuer}/meta`, 'file:///etc/passwd', 'javascript:alert(1)', '//', '"']) {
      challenge(`Bearer resource_metadata="${where}"`);
      await inspect().catch((error: unknown) => assert.ok(error instanceof ResourceProblem, where));
    }
    challenge(`Bearer resource_metadata="${server.issuer}/meta"`);
    server.on('/meta', { status: 302, headers: { location: `${other.issuer}/meta` } });
    await assert.rejects(inspect(), problem('bad-metadata'));
    assert.deepEqual(other.requests, []);
  });

  it('follows redirects at the same origin', async () => {
    challenge(`Bearer resource_metadata="${server.issuer}/old"`);
    server.on('/old', { status: 302, headers: { location: '/meta' } });
    document('/meta', { resource: url, authorization_servers: [ISSUER] });
    assert.deepEqual((await inspect()).metadata?.authorizationServers, [ISSUER]);
  });

  it("isn't requested if the server redirects to another origin", async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      server.on('/mcp', { status, headers: { location: `${other.issuer}/mcp` } });
      await assert.rejects(inspect(), problem('redirected', new URL(other.issuer).host));
    }
    server.on('/mcp', { status: 307, headers: { location: '/mcp2' } });
    assert.equal((await inspect()).status, 307);
    assert.deepEqual(other.requests, []);
  });

  it("isn't there if the server can't be reached", async () => {
    await other.stop();
    url = `${other.issuer}/mcp`;
    await assert.rejects(inspect(), (error: unknown) => error instanceof Failure && error.category === 'network');
  });

  it('tells a web page and an open server from one that requires a token', async () => {
    server.on('/mcp', { headers: { 'content-type': 'text/html; charset=utf-8' }, body: '<html></html>' });
    assert.deepEqual(await inspect().then(({ isWebPage, requiresToken }) => [isWebPage, requiresToken]), [true, false]);
    server.on('/mcp', { body: {} });
    assert.deepEqual(await inspect().then(({ isWebPage, requiresToken }) => [isWebPage, requiresToken]), [
      false,
      false,
    ]);
  });

  it('names authorization servers without links or control characters', async () => {
    challenge('Bearer');
    const servers = ['[Click](command:x)\u202E', 'https://evil.example/a', 'x'.repeat(5000), 'https://four.example'];
    document(`${WELL_KNOWN}/mcp`, { resource: url, authorization_servers: servers });
    const [first = '', second, third = '', ...more] = otherAuthorizationServers(await inspect(), ISSUER);
    assert.doesNotMatch(first, /[[\]\u202E]/u);
    assert.equal(second, 'evil.example');
    assert.ok(third.length <= 100);
    assert.deepEqual(more, []);
  });

  it('accepts the configured issuer with or without a trailing slash, at the same origin only', async () => {
    challenge('Bearer');
    document(`${WELL_KNOWN}/mcp`, { resource: url, authorization_servers: ['https://a.example', `${ISSUER}/`] });
    assert.deepEqual(otherAuthorizationServers(await inspect(), ISSUER), []);
    assert.deepEqual(otherAuthorizationServers(await inspect(), `${ISSUER}.evil.example`), [
      'a.example',
      'id.example.com',
    ]);
  });

  it('reports what the server thinks of a token', async () => {
    const access = (): Promise<unknown> => checkAccess(transportWith(), url, 'token-1');
    server.on('/mcp', ({ headers }) => ({ status: headers.authorization === 'Bearer token-1' ? 400 : 401 }));
    assert.deepEqual(await access(), { outcome: 'accepted', scopes: [] });
    challenge('Bearer error="invalid_token"');
    assert.deepEqual(await access(), { outcome: 'rejected', scopes: [] });
    challenge('Bearer error="insufficient_scope", scope="files \\"x\\" files:write"', 403);
    assert.deepEqual(await access(), { outcome: 'insufficient-scope', scopes: ['files', 'files:write'] });
    challenge('Bearer scope="a"', 403);
    assert.deepEqual(await access(), { outcome: 'insufficient-scope', scopes: ['a'] });
    server.on('/mcp', { status: 403 });
    assert.deepEqual(await access(), { outcome: 'rejected', scopes: [] });
    server.on('/mcp', { status: 307, headers: { location: `${other.issuer}/mcp` } });
    await assert.rejects(access(), problem('redirected'));
    assert.deepEqual(other.requests, []);
  });

  it("isn't confused by malformed challenges", async () => {
    for (const text of [
      'Bearer resource_metadata',
      'Bearer resource_metadata=',
      'Bearer resource_metadata="',
      'Bearer ,,,=,"',
      '"',
      'Bearer resource_metadata="\\"\\"\\"',
      `Bearer ${'a="b", '.repeat(5000)}`,
      'Digest resource_metadata="https://evil.example"',
      'Bearer __proto__="x", constructor="y"',
    ]) {
      challenge(text.slice(0, 12_000));
      assert.equal((await inspect()).metadata, undefined, text.slice(0, 60));
    }
  });
});
