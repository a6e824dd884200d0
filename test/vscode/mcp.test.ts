// MCP servers in VS Code, with a real server that requires the access token of a session for each request.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { McpRequest } from '../../tools/mcpServer.ts';
import {
  acceptFirst,
  configure,
  consumer,
  entry,
  eventually,
  control,
  scopes,
  signOut,
  type Consumer,
} from './outside.ts';

const url = process.env['SESSION_KEEPER_TEST_MCP'] ?? '';
/** Whether VS Code sends tokens in headers, as versions do that don't request them. */
const IS_HEADER = process.env['SESSION_KEEPER_TEST_MCP_MODE'] === 'header';

/** The timeout, in ms, for starting the server and for a call, during which VS Code asks for the account. */
const LIMIT = 30_000;
const CALLS = 100;
const RENEWALS = 20;

/** The requests that have reached the server, except for those of Session Keeper itself. */
async function requests(): Promise<McpRequest[]> {
  const all = (await (await fetch(new URL('/requests', url))).json()) as McpRequest[];
  return all.filter(({ method }) => method !== 'POST ping');
}

/** The name of the server's tool, as VS Code lists it. */
function toolName(): string | undefined {
  return vscode.lm.tools.find(({ name }) => /counter.*count/u.test(name))?.name;
}

/** Calls the tool, and returns the user and the number of calls in the MCP session. */
async function call(): Promise<{ readonly user: string; readonly count: number }> {
  const name = toolName();
  assert.ok(name !== undefined, 'VS Code lists the tool');
  const result = await vscode.lm.invokeTool(name, { input: {}, toolInvocationToken: undefined });
  const text = result.content.map((part) => (part instanceof vscode.LanguageModelTextPart ? part.value : '')).join('');
  const [user = '', count = ''] = text.split(' ');
  return { user, count: Number(count) };
}

describe(`MCP servers in VS Code (${IS_HEADER ? 'header' : 'authentication'})`, function () {
  this.timeout(180_000);
  let other: Consumer;
  let canceled = 0;

  /** Calls the tool. With a header, VS Code cancels a call when it starts the server again. */
  const callAgainIfCanceled = (): ReturnType<typeof call> =>
    call().catch((error: unknown) => {
      if (!IS_HEADER || !(error instanceof Error) || error.name !== 'Canceled') {
        throw error;
      }
      canceled += 1;
      return call();
    });

  const currentToken = async (): Promise<string> =>
    (await other.getSession('tools', scopes, { silent: true }))?.accessToken ?? '';
  const renew = async (): Promise<void> => {
    const before = await currentToken();
    await eventually('another token', async () => {
      await vscode.commands.executeCommand('sessionKeeper.renewNow');
      return (await currentToken()) !== before;
    });
  };

  before(async () => {
    other = await consumer();
    await vscode.workspace
      .getConfiguration('chat')
      .update('disableAIFeatures', false, vscode.ConfigurationTarget.Global);
    await control({ user: { kind: 'signIn', account: 'demo' } });
    await configure('providers', [entry({ id: 'tools', label: 'Tools', mcpServers: [{ label: 'Counter', url }] })]);
    await eventually('a user is signed in', async () => other.getSession('tools', scopes, { createIfNone: true }));
    const id = 'session-keeper.session-keeper/Counter';
    const start = (): Promise<string> =>
      eventually(
        'the tool',
        () => {
          // VS Code gets the definitions a moment after they have changed.
          void vscode.commands.executeCommand('workbench.mcp.startServer', id);
          return toolName();
        },
        LIMIT,
      );
    await acceptFirst('the tool', start, LIMIT);
  });

  after(async () => {
    await configure('providers', [entry()]);
  });

  afterEach(async () => {
    // With a header, VS Code closes an MCP session with the token that it has.
    const sent = (await requests()).filter(({ method }) => method !== 'DELETE');
    const dead = sent.filter(({ isAlive, status }) => !isAlive || status === 401);
    assert.deepEqual(dead, [], 'no request has a dead token, so VS Code has no reason to show a dialog');
  });

  it(`gets a living token for each of ${CALLS} tool calls across ${RENEWALS} renewals`, async () => {
    const before = (await requests()).length;
    const counts: number[] = [];
    canceled = 0;
    for (let number = 0; number < CALLS; number += 1) {
      if (number % (CALLS / RENEWALS) === 0) {
        await renew();
      }
      const { count, user } = await callAgainIfCanceled();
      assert.equal(user, 'account-1001');
      counts.push(count);
    }
    const sent = (await requests()).slice(before);
    const tokens = new Set(sent.map(({ token }) => token));
    const sessions = new Set(sent.map(({ session }) => session));
    await control({
      line: `      ${sent.length} requests with ${tokens.size} tokens in ${sessions.size} MCP sessions, ${canceled} calls canceled`,
    });
    assert.equal(counts.length, CALLS);
    assert.ok(canceled <= RENEWALS, String(canceled));
    // With a header, VS Code may use the previous token, which still works, until it has started the server again.
    assert.ok(tokens.size >= (IS_HEADER ? RENEWALS / 4 : RENEWALS), String(tokens.size));
    if (!IS_HEADER) {
      // The state of the server survives the renewals.
      assert.deepEqual(
        counts,
        counts.map((_, index) => index + (counts[0] ?? 0)),
      );
      assert.equal(sessions.size, 1);
    }
  });

  it('rejects a tool call with a named error after a sign-out, and starts again after a sign-in', async () => {
    await signOut();
    await eventually('no user is signed in', async () =>
      other.getSession('tools', scopes, { silent: true }).then((session) => session === undefined),
    );
    if (IS_HEADER) {
      // VS Code stops the server a moment after the definition has changed.
      await eventually('the MCP session is closed', async () => (await requests()).at(-1)?.method === 'DELETE');
    }
    const before = (await requests()).length;
    await assert.rejects(
      async () => call(),
      (error: Error) => {
        assert.match(error.message, /MCP server Counter can't be used because you're signed out of Tools\./u);
        return true;
      },
    );
    const sent = (await requests()).slice(before).filter(({ method }) => method !== 'DELETE');
    assert.deepEqual(sent, []);
    await eventually('a user is signed in', async () => other.getSession('tools', scopes, { createIfNone: true }));
    const { user } = await acceptFirst('the call', call, LIMIT);
    assert.equal(user, 'account-1001');
  });

  it('uses the account that the entry names', async () => {
    const configured = (server: Readonly<Record<string, unknown>>): Record<string, unknown> =>
      entry({
        id: 'tools',
        label: 'Tools',
        authorizationParameters: { prompt: 'login' },
        mcpServers: [{ label: 'Counter', url, ...server }],
      });
    await configure('providers', [configured({})]);
    await control({ user: { kind: 'signIn', account: 'second' } });
    await other.getSession('tools', scopes, { forceNewSession: true });
    const accounts = await eventually('two accounts', async () => {
      const all = await other.getAccounts('tools');
      return all.length === 2 && all;
    });
    for (const { id, label } of accounts) {
      await configure('providers', [configured({ account: label })]);
      await eventually(
        'the account',
        async () => (await acceptFirst('the call', callAgainIfCanceled, LIMIT)).user === id,
        30_000,
      );
    }
    assert.deepEqual(accounts.map(({ id }) => id).sort(), ['account-1001', 'account-1002']);
  });
});
