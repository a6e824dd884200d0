import assert from 'node:assert/strict';
import { setImmediate as aTurn } from 'node:timers/promises';
import { Settings } from '../../../src/host/settings.ts';
import { AddMcpServer } from '../../../src/wizard/addMcpServer.ts';
import { nextQuickInput, type FakeQuickInput } from '../../support/fakeQuickInput.ts';
import { editor, QuickInputButtons } from '../../support/fakeEditor.ts';
import { transportWith } from '../../support/fixtures.ts';
import { ScriptedServer } from '../../support/scriptedServer.ts';

const SETTING = 'sessionKeeper.providers';
const METADATA = '/.well-known/oauth-protected-resource/mcp';

describe('Add MCP Server', () => {
  let server: ScriptedServer;
  let settings: Settings;
  let consents: Set<string>;
  let events: string[];
  let hasSession: boolean;
  let running: Promise<void>;
  let url: string;

  const provider = (id: string, more: object = {}): object => ({
    id,
    label: id.toUpperCase(),
    issuer: `https://${id}.example.com`,
    clientId: 'c',
    scopes: ['openid', 'read'],
    ...more,
  });
  const stored = (): readonly { readonly mcpServers?: unknown }[] =>
    editor.settings.get(SETTING) as readonly { readonly mcpServers?: unknown }[];
  const announce = (issuer: string, scopes?: readonly string[]): void =>
    server.on(METADATA, { body: { resource: url, authorization_servers: [issuer], scopes_supported: scopes ?? [] } });

  async function start(): Promise<FakeQuickInput> {
    const next = nextQuickInput();
    running = new AddMcpServer({
      consents,
      sessionManager: { findMatching: () => (hasSession ? [{} as never] : []) },
      settings,
      transport: transportWith(),
      addProvider: () => Promise.resolve(void events.push('add provider')),
      onDidChange: () => events.push('changed'),
      signIn: ({ id }, scopes) => Promise.resolve(void events.push(`sign in to ${id}: ${scopes.join(' ')}`)),
    }).run();
    return next;
  }
  /** Enters a URL, and returns the list of providers. */
  async function enter(box: FakeQuickInput, value = url): Promise<FakeQuickInput> {
    const next = nextQuickInput();
    box.type(value);
    box.accept();
    return next;
  }
  const rejection = async (box: FakeQuickInput, value: string): Promise<string> => {
    box.type(value);
    box.accept();
    await aTurn();
    while (box.busy) {
      await aTurn();
    }
    const { validationMessage: shown } = box;
    return typeof shown === 'string' ? shown : JSON.stringify(shown);
  };
  const pick = async (list: FakeQuickInput, label: string): Promise<FakeQuickInput> => {
    const next = nextQuickInput();
    list.pick(label);
    return next;
  };
  const rows = (list: FakeQuickInput): (readonly string[])[] =>
    (list.items as readonly { readonly label: string; readonly detail?: string }[]).map(({ detail = '', label }) => [
      label,
      detail,
    ]);

  beforeEach(async () => {
    editor.reset();
    server = await ScriptedServer.start();
    url = `${server.issuer}/mcp`;
    server.on('/mcp', { status: 401, headers: { 'www-authenticate': 'Bearer' } });
    editor.configure(SETTING, [provider('acme'), provider('bound', { dpop: true }), provider('other')]);
    settings = new Settings(0);
    consents = new Set();
    events = [];
    hasSession = true;
    editor.respond = ({ buttons, isModal }) => (isModal ? buttons[0] : undefined);
  });

  afterEach(async () => {
    settings.dispose();
    await server.stop();
  });

  it('writes the server to the provider that its metadata name, after the user has consented', async () => {
    announce('https://acme.example.com', ['read', 'write']);
    const list = await enter(await start());
    assert.deepEqual(rows(list), [
      ['$(pass) ACME', 'The server accepts its tokens'],
      ['$(add) Add Provider…', 'Another OpenID Connect or OAuth 2 server'],
      [
        '$(circle-slash) BOUND',
        "Can't be used because its access tokens are DPoP-bound. MCP servers get tokens without a proof.",
      ],
      ['$(circle-slash) OTHER', "The server doesn't accept its tokens. It requires acme.example.com."],
    ]);
    const box = await pick(list, 'ACME');
    assert.equal(box.value, 'openid read write');
    assert.match(box.prompt, /also requires these scopes, which ACME doesn't request: write\./u);
    assert.deepEqual(stored()[0]?.mcpServers, undefined);
    hasSession = false;
    box.accept();
    await running;
    const label = new URL(url).host;
    assert.deepEqual(stored()[0]?.mcpServers, [{ label, url, scopes: ['openid', 'read', 'write'] }]);
    assert.deepEqual(events, ['changed', 'sign in to acme: openid read write']);
    assert.equal(consents.size, 1);
    assert.equal(editor.messages[0]?.text, `Allow MCP server ${label} to use your ACME session?`);
    assert.deepEqual(
      server.requests.filter(({ headers }) => headers.authorization !== undefined),
      [],
    );
  });

  it('writes nothing without consent', async () => {
    announce('https://acme.example.com');
    editor.respond = () => undefined;
    const box = await pick(await enter(await start()), 'ACME');
    box.accept();
    await running;
    assert.deepEqual([stored()[0]?.mcpServers, events, consents.size], [undefined, [], 0]);
  });

  it("refuses a provider whose tokens the server doesn't accept", async () => {
    announce('https://acme.example.com');
    const list = await enter(await start());
    for (const label of ['OTHER', 'BOUND']) {
      list.pick(label);
      await aTurn();
    }
    list.leave();
    await running;
    assert.deepEqual(editor.messages, []);
  });

  it('offers to add the provider that the server requires, if none matches', async () => {
    announce('https://[evil](x).example');
    const list = await enter(await start());
    assert.equal(rows(list)[0]?.[0], '$(add) Add Provider…');
    assert.doesNotMatch(rows(list)[0]?.[1] ?? '', /[[\]]/u);
    list.pick('Add Provider');
    await running;
    assert.deepEqual(events, ['add provider']);
  });

  it('says so if the server has no metadata, and keeps the scopes of the provider', async () => {
    const list = await enter(await start());
    assert.deepEqual(rows(list)[0], ['$(question) ACME', "The server doesn't publish whether it accepts its tokens"]);
    const box = await pick(list, 'ACME');
    assert.match(box.prompt, /Leave empty for those of ACME/u);
    box.type('');
    box.accept();
    await running;
    assert.deepEqual(stored()[0]?.mcpServers, [{ label: new URL(url).host, url }]);
    assert.deepEqual(events, ['changed']);
  });

  it('goes back step by step, and keeps the URL', async () => {
    const box = await pick(await enter(await start()), 'ACME');
    let next = nextQuickInput();
    box.press(QuickInputButtons.Back);
    const list = await next;
    next = nextQuickInput();
    list.press(QuickInputButtons.Back);
    assert.equal((await next).value, url);
    (await next).leave();
    await running;
  });

  it("rejects URLs and servers that can't be used, and keeps the box open", async () => {
    const box = await start();
    assert.match(await rejection(box, 'http://mcp.example.com'), /must start with https/u);
    assert.match(await rejection(box, 'mcp.example.com'), /must be a URL/u);
    assert.match(await rejection(box, 'https://ada@mcp.example.com/mcp'), /must be a URL/u);
    const other = await ScriptedServer.start();
    await other.stop();
    assert.match(
      await rejection(box, `${other.issuer}/mcp`),
      /Couldn't reach MCP server 127\.0\.0\.1:\d+ \(ECONNREFUSED\)/u,
    );
    server.on('/page', { headers: { 'content-type': 'text/html' }, body: '<html></html>' });
    assert.match(await rejection(box, `${server.issuer}/page`), /responded with a web page/u);
    assert.match(await rejection(box, `${server.issuer}/nothing`), /HTTP status 404/u);
    server.on('/moved', { status: 308, headers: { location: 'https://evil.example/mcp' } });
    assert.match(await rejection(box, `${server.issuer}/moved`), /redirects to evil\.example/u);
    server.on(METADATA, { body: { resource: 'https://evil.example' } });
    assert.match(await rejection(box, url), /are for another URL: evil\.example/u);
    server.on(METADATA, { body: { resource: url, authorization_servers: {} } });
    assert.match(await rejection(box, url), /metadata of MCP server .* are invalid/u);
    box.leave();
    await running;
    assert.deepEqual([editor.messages, events], [[], []]);
  });

  it("doesn't add a server twice, and gives each its own name", async () => {
    editor.configure(SETTING, [
      provider('acme', { mcpServers: [{ label: new URL(url).host, url: `${server.issuer}/first` }] }),
      provider('other', { mcpServers: [{ label: 'Second', url: `${server.issuer}/second` }] }),
    ]);
    const box = await start();
    assert.match(await rejection(box, `${server.issuer}/second`), /already added to OTHER/u);
    const scopes = await pick(await enter(box), 'ACME');
    scopes.accept();
    await running;
    const { mcpServers } = stored()[0] ?? {};
    assert.deepEqual(
      (mcpServers as readonly { readonly label: string }[]).map(({ label }) => label),
      [new URL(url).host, `${new URL(url).host} 2`],
    );
  });

  it("rejects scopes that aren't valid", async () => {
    const box = await pick(await enter(await start()), 'ACME');
    assert.match(await rejection(box, 'read "write"'), /scope/u);
    box.leave();
    await running;
  });
});
