import assert from 'node:assert/strict';
import { MINUTE } from '../../../src/core/clock.ts';
import { Failure } from '../../../src/core/failure.ts';
import { configuredMcpServers, type ConfiguredMcpServer } from '../../../src/core/mcpServers.ts';
import { PREFIX, SETTINGS } from '../../../src/host/ids.ts';
import { Settings } from '../../../src/host/settings.ts';
import { McpNotifications } from '../../../src/integrations/mcpNotifications.ts';
import { McpRefusal, refusalOf } from '../../../src/integrations/mcpRefusal.ts';
import { ResourceProblem } from '../../../src/protocol/protectedResource.ts';
import { FakeClock } from '../../support/fakeClock.ts';
import { editor } from '../../support/fakeEditor.ts';

const SETTING = `${PREFIX}.${SETTINGS.providers}`;

describe('the notifications about MCP servers', () => {
  let settings: Settings;
  let clock: FakeClock;
  let signIns: (readonly string[])[];
  let failures: unknown[];
  let notifications: McpNotifications;
  let server: ConfiguredMcpServer;

  beforeEach(() => {
    editor.reset();
    editor.configure(SETTING, [
      {
        label: 'Acme',
        issuer: 'https://id.example.com',
        clientId: 'c',
        scopes: ['openid'],
        mcpServers: [
          { label: 'Other', url: 'https://other.example' },
          { label: 'Notes', url: 'https://mcp.example.com' },
        ],
      },
    ]);
    settings = new Settings(0);
    [signIns, failures] = [[], []];
    clock = new FakeClock();
    notifications = new McpNotifications({
      clock,
      settings,
      signIn: (_provider, scopes) => Promise.resolve(void signIns.push(scopes)),
      reportFailure: (error) => failures.push(error),
    });
    const found = configuredMcpServers(settings.providers)[1];
    assert.ok(found !== undefined);
    server = found;
  });

  afterEach(() => settings.dispose());

  const notify = (error: unknown): Promise<void> => notifications.notify(refusalOf(error, server), server);

  it('offer to sign in again after the session has ended', async () => {
    editor.respond = ({ buttons }) => buttons.find((label) => label === 'Sign In Again');
    await notify(new McpRefusal('signed-out', 'Signed out', 'sign-in'));
    assert.equal(editor.messages[0]?.text, 'Signed out');
    assert.deepEqual(signIns, [['openid']]);
  });

  it('offer to add the scopes that the server requires, and change only its own', async () => {
    editor.respond = ({ buttons }) => buttons.find((label) => label === 'Add Scopes and Sign In');
    await notify(new McpRefusal('insufficient-scope', 'x', 'add-scopes', { missingScopes: ['notes.write'] }));
    assert.deepEqual(signIns, [['openid', 'notes.write']]);
    const [entry] = editor.settings.get(SETTING) as readonly { readonly mcpServers: unknown }[];
    assert.deepEqual(entry?.mcpServers, [
      { label: 'Other', url: 'https://other.example' },
      { label: 'Notes', url: 'https://mcp.example.com', scopes: ['openid', 'notes.write'] },
    ]);
  });

  it('change and show nothing if the user declined', async () => {
    await notify(new McpRefusal('denied', 'x', 'none'));
    assert.deepEqual([editor.messages, signIns], [[], []]);
    await notify(new McpRefusal('insufficient-scope', 'x', 'add-scopes', { missingScopes: ['notes.write'] }));
    assert.deepEqual(signIns, []);
  });

  it("are those of the session if its token couldn't be renewed", async () => {
    const failure = new Failure('network', 'ECONNREFUSED');
    await notify(failure);
    assert.deepEqual([failures, editor.messages], [[failure], []]);
  });

  it("open the settings of a server that can't be used", async () => {
    editor.respond = ({ buttons }) => buttons.find((label) => label === 'Open Settings');
    for (const problem of [
      new ResourceProblem('redirected', '[x](command:y)'),
      new ResourceProblem('other-resource', 'https://mcp.example.com/[x](y)'),
      new ResourceProblem('bad-metadata'),
    ]) {
      const shown = notify(problem);
      // VS Code opens the file in the meantime.
      await clock.advance(MINUTE);
      await shown;
    }
    assert.equal(editor.messages.length, 3);
    assert.ok(
      editor.messages.every(({ text }) => !/[[\]]|https:/u.test(text)),
      JSON.stringify(editor.messages),
    );
    assert.equal(editor.executed.length, 3);
  });
});
