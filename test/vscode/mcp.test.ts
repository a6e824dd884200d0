// MCP servers in VS Code, with a real server that requires the access token of a session for each request.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { McpRequest } from '../../tools/mcpServer.ts';
import { configure, consumer, entry, eventually, order, scopes, type Consumer } from './outside.ts';

const url = process.env['SESSION_KEEPER_TEST_MCP'] ?? '';

/** The requests that have reached the server, except for those of Session Keeper itself. */
async function requests(): Promise<McpRequest[]> {
  const all = (await (await fetch(new URL('/requests', url))).json()) as McpRequest[];
  return all.filter(({ method }) => method !== 'POST ping');
}

/** The name of the server's tool, as VS Code lists it. */
function toolName(): string | undefined {
  return vscode.lm.tools.find(({ name }) => /counter.*count/u.test(name))?.name;
}

async function call(): Promise<string> {
  const name = toolName();
  assert.ok(name !== undefined, 'VS Code lists the tool');
  const result = await vscode.lm.invokeTool(name, { input: {}, toolInvocationToken: undefined });
  return result.content.map((part) => (part instanceof vscode.LanguageModelTextPart ? part.value : '')).join('');
}

describe('MCP servers in VS Code', function () {
  this.timeout(120_000);
  let other: Consumer;

  before(async () => {
    other = await consumer();
    await vscode.workspace
      .getConfiguration('chat')
      .update('disableAIFeatures', false, vscode.ConfigurationTarget.Global);
    await order({ person: { kind: 'signIn', account: 'demo' }, policy: { accessTokenSeconds: 12 } });
    await configure('providers', [entry({ id: 'tools', label: 'Tools', mcpServers: [{ label: 'Counter', url }] })]);
    await eventually('a user is signed in', async () => other.getSession('tools', scopes, { createIfNone: true }));
  });

  after(async () => {
    await order({ policy: { accessTokenSeconds: 3600 } });
    await configure('providers', [entry()]);
  });

  it('start, and list their tools', async () => {
    void vscode.commands.executeCommand('workbench.mcp.startServer', '*', { autoTrustChanges: true });
    await eventually('the tool', async () => { await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem'); return toolName(); }, 20_000).catch(async (error: unknown) => {
      await order({ line: JSON.stringify(await requests()) });
      throw error;
    });
  });

  it('get a living token with each request', async () => {
    await order({ line: await call() });
    await order({ line: JSON.stringify(await requests(), undefined, 1) });
  });
});
