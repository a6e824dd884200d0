import assert from 'node:assert/strict';
import {
  configuredMcpServers,
  findMcpMarker,
  mcpConsentName,
  servesMcpServer,
  uniqueLabel,
} from '../../../src/core/mcpServers.ts';
import { parseProviders } from '../../../src/core/parseProviders.ts';
import type { Provider } from '../../../src/core/provider.ts';
import { SAMPLE } from '../../support/coreSamples.ts';

const entry = (id: string, ...mcpServers: readonly object[]): object => ({
  id,
  issuer: 'https://id.example.com',
  clientId: 'c',
  scopes: ['read'],
  mcpServers,
});
const providers = (...entries: readonly object[]): readonly Provider[] => {
  const parsed = parseProviders(entries);
  assert.deepEqual(parsed.problems, []);
  return parsed.providers;
};

describe('the MCP servers of all entries', () => {
  const url = 'https://mcp.example.com/mcp';

  it('have unique labels, by which VS Code identifies them, and unique markers', () => {
    const servers = configuredMcpServers(
      providers(entry('a', { label: 'Notes', url }, { label: 'notes', url }), entry('b', { label: 'Notes', url })),
    );
    assert.deepEqual(
      servers.map(({ label }) => label),
      ['Notes', 'notes 2', 'Notes 3'],
    );
    assert.equal(new Set(servers.map(({ marker }) => marker)).size, 3);
  });

  it('have the scopes of their own, or of the entry', () => {
    const servers = configuredMcpServers(
      providers(entry('a', { label: 'One', url }, { label: 'Two', url, scopes: ['write', 'write'] })),
    );
    assert.deepEqual(
      servers.map(({ scopes }) => scopes),
      [['read'], ['write']],
    );
  });

  it('have a marker that is found among scopes', () => {
    const [server] = configuredMcpServers(providers(entry('a', { label: 'One', url })));
    assert.ok(server !== undefined);
    assert.equal(findMcpMarker(['read', server.marker]), server.marker);
    assert.equal(findMcpMarker(['read', 'mcp:tools']), undefined);
  });

  it('get a new marker and need a new consent if the URL or the issuer changes', () => {
    const [one, other] = configuredMcpServers([
      ...providers(entry('a', { label: 'One', url })),
      ...providers(entry('a', { label: 'One', url: 'https://mcp.example.com/other' })),
    ]);
    assert.notEqual(one?.marker, other?.marker);
    const [provider] = providers(entry('a'));
    assert.ok(provider !== undefined);
    assert.notEqual(
      mcpConsentName(provider, url),
      mcpConsentName({ ...provider, issuer: 'https://other.example' }, url),
    );
    assert.notEqual(mcpConsentName(provider, url), mcpConsentName(provider, `${url}/`));
  });

  it('are served by the configured account only, and by no DPoP-bound token', () => {
    const server = { label: 'One', url };
    const { account } = SAMPLE;
    assert.ok(servesMcpServer(SAMPLE, server));
    assert.ok(servesMcpServer(SAMPLE, { ...server, account: account.label }));
    assert.ok(servesMcpServer(SAMPLE, { ...server, account: account.id }));
    assert.ok(!servesMcpServer(SAMPLE, { ...server, account: 'another account' }));
    assert.ok(!servesMcpServer({ ...SAMPLE, dpopKey: {} as never }, server));
  });

  it('can have any number of equal labels', () => {
    assert.equal(uniqueLabel('a', ['A', 'a 2', 'a 4']), 'a 3');
  });

  it("are rejected with a problem if they're invalid", () => {
    for (const [bad, expected] of [
      [{ url }, 'mcpServers.0.label missing'],
      [{ label: '', url }, 'mcpServers.0.label missing'],
      [{ label: '[]<>', url }, 'mcpServers.0.label missing'],
      [{ label: 'a' }, 'mcpServers.0.url missing'],
      [{ label: 'a', url: 'http://mcp.example.com' }, 'mcpServers.0.url not-https'],
      [{ label: 'a', url: 'http://0.0.0.0/mcp' }, 'mcpServers.0.url not-https'],
      [{ label: 'a', url: 'https://user@mcp.example.com' }, 'mcpServers.0.url bad-endpoint'],
      [{ label: 'a', url: 'command:x' }, 'mcpServers.0.url bad-endpoint'],
      [{ label: 'a', url: 'https://mcp.example.com/#a' }, 'mcpServers.0.url bad-endpoint'],
      [{ label: 'a', url, scopes: 'read' }, 'mcpServers.0.scopes wrong-type'],
      [{ label: 'a', url, scopes: ['a b'] }, 'mcpServers.0.scopes.0 bad-scope'],
      [{ label: 'a', url, account: 7 }, 'mcpServers.0.account wrong-type'],
      [{ label: 'a', url, headers: {} }, 'mcpServers.0.headers unknown-field'],
      ['https://mcp.example.com', 'mcpServers.0 wrong-type'],
      [[], 'mcpServers.0 wrong-type'],
    ] as const) {
      const { problems, providers: valid } = parseProviders([entry('a', bad as object)]);
      assert.deepEqual([problems.map(({ code, field }) => `${field} ${code}`), valid.length], [[expected], 0]);
    }
  });

  it('are shown without the Markdown of their labels', () => {
    const [server] = configuredMcpServers(
      providers(entry('a', { label: '[Click](command:evil) `x`\n<b>\u202E', url })),
    );
    assert.doesNotMatch(server?.label ?? '[', /[[\]`<>\n\u202E]/u);
  });
});
