// MCP servers in both modes, with a server that responds as scripted.
import assert from 'node:assert/strict';
import { HOUR } from '../../../src/core/clock.ts';
import { Failure } from '../../../src/core/failure.ts';
import { configuredMcpServers, servesMcpServer } from '../../../src/core/mcpServers.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import type { LiveSession } from '../../../src/core/status.ts';
import { PREFIX, SETTINGS } from '../../../src/host/ids.ts';
import { Settings } from '../../../src/host/settings.ts';
import type { McpMode } from '../../../src/integrations/mcpModes.ts';
import { McpServers } from '../../../src/integrations/mcpServers.ts';
import { TokenSource } from '../../../src/integrations/tokenSource.ts';
import type { SessionFilter } from '../../../src/sessions/sessionManager.ts';
import { live, SAMPLE } from '../../support/coreSamples.ts';
import { FakeClock } from '../../support/fakeClock.ts';
import { editor } from '../../support/fakeEditor.ts';
import { transportWith } from '../../support/fixtures.ts';
import { ScriptedServer, type SeenRequest } from '../../support/scriptedServer.ts';

interface Definition {
  readonly headers: Readonly<Record<string, string>>;
  readonly version?: string;
  readonly authentication?: { readonly providerId: string; readonly scopes: readonly string[] };
}

describe('MCP servers', () => {
  let server: ScriptedServer;
  let clock: FakeClock;
  let settings: Settings;
  let sessions: LiveSession[];
  let failure: Failure | undefined;
  let mode: McpMode;
  let events: string[];
  let consents: Set<string>;
  let servers: McpServers;
  let url: string;

  const configure = (fields: object = {}, more: object = {}): void =>
    editor.configure(`${PREFIX}.${SETTINGS.providers}`, [
      {
        id: SAMPLE.providerId,
        label: 'Acme',
        issuer: SAMPLE.issuer,
        clientId: SAMPLE.clientId,
        mcpServers: [{ label: 'Notes', url, ...fields }],
        ...more,
      },
    ]);
  const resolve = async (): Promise<Definition> => await servers.resolve('Notes');
  const provide = async (): Promise<Definition | undefined> => (await servers.provide())[0];
  const rejects = async (name: string, message?: RegExp): Promise<void> => {
    await assert.rejects(resolve(), (error: Error) => {
      assert.equal(error.name, `SessionKeeper.${name}`);
      assert.match(error.message, message ?? /./u);
      return true;
    });
  };
  const tokensAtServer = (): (string | undefined)[] =>
    server.requests.map(({ headers }: SeenRequest) => headers.authorization).filter((token) => token !== undefined);
  const account = (name: string): SessionRecord => ({
    ...SAMPLE,
    id: `session-${name}`,
    accessToken: `SECRET-${name}`,
    account: { id: name, label: name },
    accessExpiresAt: clock.now() + HOUR,
  });

  beforeEach(async () => {
    editor.reset();
    server = await ScriptedServer.start();
    url = `${server.issuer}/mcp`;
    server.on('/mcp', ({ headers }) => (headers.authorization === undefined ? { status: 401 } : { status: 400 }));
    server.on('/.well-known/oauth-protected-resource/mcp', () => ({
      body: { resource: url, authorization_servers: [SAMPLE.issuer] },
    }));
    clock = new FakeClock();
    configure();
    settings = new Settings(0);
    sessions = [live({ ...SAMPLE, accessExpiresAt: clock.now() + HOUR })];
    [failure, mode, events, consents] = [undefined, 'authentication', [], new Set()];
    const matching = (filter: SessionFilter = () => true): LiveSession[] =>
      sessions.filter(({ record }) => filter(record));
    servers = new McpServers({
      clock,
      log: { trace() {}, debug() {}, info: (line) => events.push(line), warn: (line) => events.push(line), error() {} },
      modes: {
        get mode() {
          return mode;
        },
        onResolve: () => events.push('resolve'),
        onRequest: () => events.push('request'),
      },
      sessionManager: {
        ready: () => Promise.resolve(),
        findMatching: (_id, _scopes, _account, filter) => matching(filter),
      },
      settings,
      tokenSource: new TokenSource({
        clock,
        settings,
        sessionManager: {
          getUsableSessions: (_id, _scopes, _account, filter) =>
            failure === undefined ? Promise.resolve(matching(filter)) : Promise.reject(failure),
        },
      }),
      transport: transportWith(),
      consents,
      onDidChange: () => events.push('changed'),
      notify: (refusal) => events.push(`notify: ${refusal.message}`),
    });
  });

  afterEach(async () => {
    settings.dispose();
    await server.stop();
  });

  it('are provided without a token, which VS Code would keep', async () => {
    for (mode of ['authentication', 'header', 'both'] as const) {
      const definition = await provide();
      assert.deepEqual([definition?.headers, definition?.authentication], [{}, undefined]);
    }
  });

  it('are started with the provider and the scopes only, if VS Code requests tokens', async () => {
    const { authentication, headers } = await resolve();
    const [configured] = configuredMcpServers(settings.providers);
    assert.deepEqual(headers, {});
    assert.deepEqual(authentication, {
      providerId: SAMPLE.providerId,
      scopes: [...(configured?.scopes ?? []), configured?.marker],
    });
    assert.deepEqual([editor.messages, tokensAtServer()], [[], []]);
    const records = await servers.getSessions(SAMPLE.providerId, configured?.marker ?? '', undefined);
    assert.deepEqual(
      records.map(({ accessToken }) => accessToken),
      [SAMPLE.accessToken],
    );
    assert.deepEqual(events, ['resolve', 'request']);
  });

  it('get a token in a header only after the user has allowed it, once for each server', async () => {
    mode = 'header';
    await rejects('denied', /You didn't allow MCP server Notes/u);
    assert.deepEqual(tokensAtServer(), []);
    editor.respond = ({ buttons }) => buttons[0];
    const { authentication, headers } = await resolve();
    assert.deepEqual([headers['Authorization'], authentication], [`Bearer ${SAMPLE.accessToken}`, undefined]);
    await resolve();
    assert.equal(editor.messages.length, 2);
    assert.match(editor.messages[0]?.text ?? '', /Allow MCP server Notes to use your Acme session\?/u);
    url = `${server.issuer}/other`;
    server.on('/other', { status: 401 });
    configure();
    editor.respond = () => undefined;
    await rejects('denied');
    assert.equal(editor.messages.length, 3);
    assert.ok(!events.join().includes('SECRET'));
  });

  it("get a header as well, with consent, if it isn't known whether VS Code requests tokens", async () => {
    mode = 'both';
    editor.respond = ({ buttons }) => buttons[0];
    const { authentication, headers } = await resolve();
    assert.equal(headers['Authorization'], `Bearer ${SAMPLE.accessToken}`);
    assert.equal(authentication?.providerId, SAMPLE.providerId);
  });

  it('get a new version with each renewal if they have a header, and when their token expires', async () => {
    mode = 'header';
    const first = await provide();
    servers.update();
    assert.deepEqual(events, []);
    sessions = sessions.map(({ record }) => live({ ...record, generation: record.generation + 1 }));
    servers.update();
    assert.deepEqual(events, ['changed']);
    const second = await provide();
    assert.notEqual(second?.version, first?.version);
    await clock.advance(2 * HOUR);
    servers.update();
    assert.deepEqual(events, ['changed', 'changed']);
  });

  it('keep their version across renewals if VS Code requests tokens, until no token works', async () => {
    const first = await provide();
    sessions = sessions.map(({ record }) => live({ ...record, generation: record.generation + 1 }));
    servers.update();
    assert.deepEqual([events, (await provide())?.version], [[], first?.version]);
    sessions = [];
    servers.update();
    assert.deepEqual(events, ['changed']);
    assert.notEqual((await provide())?.version, first?.version);
  });

  it("aren't started after the session has ended, and one notification says so", async () => {
    sessions = [];
    await rejects('signed-out', /signed out of Acme/u);
    await rejects('signed-out');
    assert.equal(events.filter((event) => event.startsWith('notify')).length, 1);
    sessions = [live({ ...SAMPLE, accessExpiresAt: clock.now() + HOUR })];
    await resolve();
    sessions = [];
    await rejects('signed-out');
    assert.equal(events.filter((event) => event.startsWith('notify')).length, 2);
  });

  it("aren't started if the token can't be renewed, with the error that extensions get", async () => {
    failure = new Failure('network', 'ECONNREFUSED');
    await rejects('network', /Acme/u);
  });

  it("aren't started, and get no token, if their metadata name another authorization server", async () => {
    for (mode of ['authentication', 'header'] as const) {
      editor.respond = ({ buttons }) => buttons[0];
      server.on('/.well-known/oauth-protected-resource/mcp', {
        body: { resource: url, authorization_servers: ['https://evil.example/[x](y)'] },
      });
      await rejects('issuer-mismatch', /doesn't accept tokens of Acme\. It requires evil\.example\./u);
    }
    assert.deepEqual(tokensAtServer(), []);
  });

  it("aren't started, and get no token, if they redirect to another origin", async () => {
    server.on('/mcp', { status: 307, headers: { location: 'https://evil.example/mcp' } });
    await rejects('issuer-mismatch', /redirects to evil\.example/u);
    assert.deepEqual(tokensAtServer(), []);
  });

  it("aren't started if they can't be reached", async () => {
    await server.stop();
    await rejects('network', /Couldn't reach MCP server Notes \(ECONNREFUSED\)/u);
    server = await ScriptedServer.start();
  });

  it("aren't started with DPoP-bound tokens", async () => {
    configure({}, { dpop: true });
    await rejects('configuration', /DPoP-bound/u);
    configure();
    sessions = [live({ ...SAMPLE, dpopKey: {} as never })];
    await rejects('signed-out');
    const [configured] = configuredMcpServers(settings.providers);
    assert.deepEqual(await servers.getSessions(SAMPLE.providerId, configured?.marker ?? '', undefined), []);
  });

  it("aren't started if they reject the token that the user allowed them to get", async () => {
    mode = 'header';
    editor.respond = ({ buttons }) => buttons[0];
    server.on('/mcp', { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } });
    await rejects('token-rejected');
    server.on('/mcp', ({ headers }) => ({
      status: headers.authorization === undefined ? 401 : 403,
      headers: { 'www-authenticate': 'Bearer error="insufficient_scope", scope="notes.write"' },
    }));
    await rejects('insufficient-scope', /requires these scopes: notes\.write/u);
  });

  it('use the account that the entry names, or the one that the user selects', async () => {
    sessions = [live(account('ada')), live(account('alice'))];
    mode = 'header';
    editor.respond = ({ buttons }) => buttons[0];
    configure({ account: 'alice' });
    assert.equal((await resolve()).headers['Authorization'], 'Bearer SECRET-alice');
    configure();
    await rejects('denied');
    editor.pick = (items) => items.find(({ label }) => label === 'ada');
    assert.equal((await resolve()).headers['Authorization'], 'Bearer SECRET-ada');
    editor.pick = () => undefined;
    assert.equal((await resolve()).headers['Authorization'], 'Bearer SECRET-ada');
  });

  it('give VS Code the sessions of the requested account, and none for an unknown marker or another provider', async () => {
    sessions = [live(account('ada')), live(account('alice'))];
    const [configured] = configuredMcpServers(settings.providers);
    assert.ok(configured !== undefined && servesMcpServer(account('ada'), configured.server));
    const labels = async (id: string, marker: string, accountId?: string): Promise<string[]> =>
      (await servers.getSessions(id, marker, accountId)).map((record) => record.account.label);
    assert.deepEqual(await labels(SAMPLE.providerId, configured.marker), ['ada', 'alice']);
    assert.deepEqual(await labels(SAMPLE.providerId, configured.marker, 'alice'), ['alice']);
    assert.deepEqual(await labels(SAMPLE.providerId, 'sessionKeeper.mcp:other'), []);
    assert.deepEqual(await labels('other', configured.marker), []);
  });

  it('that were removed are rejected', async () => {
    configure({ label: 'Other' });
    await rejects('not-configured');
  });
});
