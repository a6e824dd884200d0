// The built extension in a window that is still open while its files are replaced by an update.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HOUR, SECOND } from '../../src/core/clock.ts';
import type * as extensionModule from '../../src/extension.ts';
import { COMMANDS, PREFIX, SETTINGS } from '../../src/host/ids.ts';
import { bundleLoadFailed } from '../../src/host/startMessages.ts';
import { buildExtension } from '../../tools/package.ts';
import { root } from '../../tools/places.ts';
import { fakeContext } from '../support/fakeContext.ts';
import { settle } from '../support/fakeClock.ts';
import { editor } from '../support/fakeEditor.ts';
import { FakeStore } from '../support/fakeStore.ts';
import { rotatingTokens, ScriptedServer } from '../support/scriptedServer.ts';
import { recordAt } from '../support/testWindow.ts';

describe('a window whose files are replaced', () => {
  let server: ScriptedServer;
  let folder: string;
  let subscriptions: { dispose(): unknown }[];
  let extension: typeof extensionModule;

  before(buildExtension);

  beforeEach(async () => {
    editor.reset();
    server = await ScriptedServer.start();
    server.onToken(rotatingTokens({ expires_in: 3600 }));
    folder = mkdtempSync(join(tmpdir(), 'sk-'));
    subscriptions = [];
    cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
    extension = createRequire(import.meta.url)(join(folder, 'dist', 'extension.js')) as typeof extensionModule;
    editor.configure(`${PREFIX}.${SETTINGS.providers}`, [
      { id: 'acme', label: 'Acme', issuer: server.issuer, clientId: 'editor', scopes: ['read'] },
    ]);
  });

  afterEach(async () => {
    await extension.deactivate();
    subscriptions.forEach((one) => one.dispose());
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Starts the extension with a session whose token is valid for a time in ms. */
  const start = (left: number): void => {
    const store = new FakeStore();
    const now = Date.now();
    const record = recordAt(server.issuer, now, {
      tokensRequestedAt: now - SECOND,
      accessExpiresAt: now + left,
      origins: [],
    });
    store.secrets.set('session:s1', JSON.stringify(record));
    extension.activate(fakeContext({ folder: join(folder, 'storage'), store, subscriptions }));
  };
  /** Removes the files that are loaded on demand, or restores them. */
  const move = (from: string, to: string): void => {
    const name = readdirSync(join(folder, from)).find((file) => file.startsWith('onDemand-')) ?? '';
    renameSync(join(folder, from, name), join(folder, to, name));
  };
  const getTokens = async (): Promise<string[]> => {
    const sessions: unknown = await editor.providers.get('acme')?.provider['getSessions']?.(['read']);
    return (sessions as readonly { readonly accessToken: string }[]).map(({ accessToken }) => accessToken);
  };
  const run = (command: string): Promise<unknown> => Promise.resolve(editor.commands.get(command)?.());
  const messages = (): string[] => editor.messages.map(({ text }) => text);

  it("serves sessions and shows what to do when its files are gone before they're needed", async () => {
    move('dist', '.');
    start(HOUR);
    assert.deepEqual(await getTokens(), ['access-1']);
    await run(COMMANDS.signOut);
    assert.deepEqual(messages(), [bundleLoadFailed()]);
  });

  it("rejects with the reason when a token has expired and its files are gone before they're needed", async () => {
    move('dist', '.');
    start(-SECOND);
    await assert.rejects(getTokens(), { name: 'SessionKeeper.unexpected', message: bundleLoadFailed() });
  });

  it('runs a command when its files are restored', async () => {
    move('dist', '.');
    start(HOUR);
    assert.deepEqual(await getTokens(), ['access-1']);
    await run(COMMANDS.signOut);
    move('.', 'dist');
    editor.respond = ({ buttons, isModal }) => (isModal ? buttons[0] : undefined);
    await run(COMMANDS.signOut);
    assert.deepEqual(messages(), [bundleLoadFailed(), 'Sign out of Acme (Sam)?', 'Signed out of Acme (Sam).']);
    assert.deepEqual(await getTokens(), []);
  });

  it('keeps refreshing when its files are gone after they were loaded', async () => {
    start(-SECOND);
    await run(COMMANDS.showLog);
    rmSync(join(folder, 'dist'), { recursive: true });
    assert.deepEqual(await getTokens(), ['access-2']);
    await settle();
    assert.deepEqual(messages(), []);
  });
});
