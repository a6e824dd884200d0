// The language model tool, as an agent in VS Code calls it.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { configure, consumer, entry, eventually, control, scopes, signOut } from './outside.ts';

const TOOL = 'session-keeper_sessions';

async function invoke(): Promise<string> {
  const { content } = await vscode.lm.invokeTool(TOOL, { input: {}, toolInvocationToken: undefined });
  return content.map((part) => (part as vscode.LanguageModelTextPart).value).join('');
}

describe('the language model tool', () => {
  before(async () => {
    await control({ user: { kind: 'signIn', account: 'demo' } });
    await configure('providers', [entry({ id: 'agent', label: 'Agent' })]);
  });
  after(async () => {
    await configure('providers', [entry()]);
  });

  it('reports that the user is signed out, then the session, without its tokens', async () => {
    assert.ok(vscode.lm.tools.some(({ name }) => name === TOOL));
    assert.match(await invoke(), /Signed out\./u);
    const other = await consumer();
    const session = await eventually('the user is signed in', async () =>
      other.getSession('agent', scopes, { createIfNone: true }),
    );
    const text = await invoke();
    // The server may still know another account from an earlier test.
    assert.ok(text.includes(`"account":"${session.account.label}"`), text);
    assert.match(text, /"state":"signed-in"/u);
    assert.ok(!text.includes(session.accessToken));
    await signOut();
    await eventually('the user is signed out', async () => (await invoke()).includes('Signed out.'));
  });
});
