// Adding an MCP server, and using it without chat.
import assert from 'node:assert/strict';
import { startMcpServer, type McpServer } from '../../tools/mcpServer.ts';
import { createUiFixture, entryFor } from './fixture.ts';
import { LONG, signIn, signOut } from './userActions.ts';

describe('an MCP server', () => {
  const fixture = createUiFixture({ accessTokenSeconds: LONG }, (issuer) => ({
    'chat.disableAIFeatures': false,
    'sessionKeeper.providers': [
      entryFor(issuer),
      { id: 'other', label: 'Other', issuer: 'https://id.example.com', clientId: 'c', accountsMenu: false },
    ],
  }));
  let server: McpServer;

  before(async () => {
    server = await startMcpServer(fixture.identity, 'counter', ['openid', 'profile']);
  });

  after(() => server.stop());

  it('is added after its metadata were compared and the user has consented', async () => {
    const { workbench } = fixture;
    await signIn(workbench);
    await workbench.clearNotifications();
    await workbench.run('Session Keeper: Add MCP Server…');
    await workbench.box.waitFor();
    await workbench.box.fill('https://ada@mcp.example.com');
    await workbench.screenshot('mcp-1-invalid-url');
    await workbench.box.fill(server.url);
    await workbench.screenshot('mcp-2-url');
    await workbench.page.keyboard.press('Enter');
    await workbench.rows.filter({ hasText: 'The server accepts its tokens' }).waitFor();
    await workbench.rows.filter({ hasText: "The server doesn't accept its tokens." }).waitFor();
    await workbench.screenshot('mcp-3-provider');
    await workbench.rows.filter({ hasText: 'Acme' }).click();
    await workbench.page.getByText('requests those that the server requires').waitFor();
    await workbench.screenshot('mcp-4-scopes');
    await workbench.page.keyboard.press('Enter');
    await workbench.dialog.filter({ hasText: 'to use your Acme session?' }).waitFor();
    await workbench.screenshot('mcp-5-consent');
    assert.equal((await entries(workbench.userSettings()))[0]?.mcpServers, undefined);
    await workbench.dialog.getByRole('button', { name: 'Add MCP Server' }).click();
    await workbench.notification('Its tools are available in chat.').waitFor();
    await workbench.screenshot('mcp-6-added');
    assert.deepEqual((await entries(workbench.userSettings()))[0]?.mcpServers, [
      { label: new URL(server.url).host, url: server.url },
    ]);
    assert.deepEqual(
      server.requests.filter(({ token }) => token !== undefined),
      [],
    );
  });

  it("is in VS Code's list, and starts there after VS Code has asked", async () => {
    const { workbench } = fixture;
    await workbench.press('Show MCP Servers', 'Its tools are available in chat.');
    const { host } = new URL(server.url);
    await workbench.rows.filter({ hasText: host }).waitFor();
    await workbench.screenshot('mcp-7-list');
    await workbench.rows.filter({ hasText: host }).click();
    await workbench.rows.filter({ hasText: 'Start Server' }).click();
    await workbench.dialog.filter({ hasText: 'wants to authenticate to Acme' }).waitFor();
    await workbench.screenshot('mcp-8-start');
    await workbench.dialog.getByRole('button', { name: 'Allow' }).click();
    await workbench.rows.filter({ hasText: 'demo' }).click();
    await workbench.clearNotifications();
    for (let tries = 0; ; tries += 1) {
      await workbench.run('Consumer: Call MCP Tool');
      const shown = workbench.notification(/The tool says: account-1001 1|There is no such tool/u).first();
      await shown.waitFor();
      if ((await shown.textContent())?.includes('The tool says') === true || tries === 5) {
        break;
      }
      await workbench.clearNotifications();
    }
    await workbench.notification('The tool says: account-1001 1').waitFor();
    await workbench.screenshot('mcp-9-tool');
  });

  it('offers to sign in again after a sign-out, without a dialog of VS Code', async () => {
    const { workbench } = fixture;
    await signOut(workbench);
    await workbench.clearNotifications();
    await workbench.run('Consumer: Call MCP Tool');
    await workbench.notification("can't be used because you're signed out of Acme").first().waitFor();
    assert.equal(await workbench.dialog.count(), 0);
    await workbench.screenshot('mcp-10-signed-out');
    assert.deepEqual(
      server.requests
        .filter(({ method, token }) => token !== undefined && !method.startsWith('DELETE'))
        .map(({ isAlive }) => isAlive)
        .filter((isAlive) => !isAlive),
      [],
    );
  });
});

interface Entry {
  readonly mcpServers?: unknown;
}

async function entries(settings: Promise<Readonly<Record<string, unknown>>>): Promise<readonly Entry[]> {
  return (await settings)['sessionKeeper.providers'] as readonly Entry[];
}
