// The diagnostics in VS Code, with the sessions of the contract tests.
import assert from 'node:assert/strict';
import { realpathSync } from 'node:fs';
import { readdir, rename } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { configure, consumer, entry, eventually, issuer, control, scopes } from './outside.ts';

/** Shows the diagnostics, and returns the document once it's updated: its creation time differs. */
async function shown(): Promise<vscode.TextDocument> {
  const before = vscode.workspace.textDocuments.find(({ uri }) => uri.scheme === 'session-keeper')?.getText();
  await vscode.commands.executeCommand('sessionKeeper.showDiagnostics');
  const document = vscode.window.activeTextEditor?.document;
  assert.equal(document?.uri.scheme, 'session-keeper');
  await eventually('it is updated', () => document.getText() !== before);
  return document;
}

/** Returns the code lenses of a document. */
async function lensesOf(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
  const found = await vscode.commands.executeCommand<vscode.CodeLens[] | undefined>(
    'vscode.executeCodeLensProvider',
    document.uri,
    100,
  );
  return found ?? [];
}

/** Returns the folder of the built extension. */
function builtFolder(): string {
  const extension = vscode.extensions.getExtension('session-keeper.session-keeper');
  assert.ok(extension?.isActive);
  // The runner passes extensions as links.
  return realpathSync(join(extension.extensionPath, 'dist'));
}

/** Returns the names of the extension's files that are loaded in this process. */
function loaded(): string[] {
  const folder = builtFolder();
  return Object.keys(createRequire(join(folder, 'extension.js')).cache)
    .filter((path) => dirname(path) === folder)
    .map((path) => basename(path))
    .sort();
}

describe('the diagnostics', () => {
  let accessToken = '';

  before(async () => {
    await control({ user: { kind: 'signIn', account: 'demo' }, faults: [], policy: { accessTokenSeconds: 3600 } });
    await configure('providers', [entry()]);
    const other = await consumer();
    await eventually('the provider is registered', async () =>
      other.getSession('acme', scopes, { createIfNone: true }),
    );
    // A sign-in requests the server metadata.
    const account = (await other.getAccounts('acme')).find(({ label }) => label === 'demo');
    assert.ok(account);
    const session = await other.getSession('acme', scopes, { forceNewSession: true, account });
    accessToken = session?.accessToken ?? '';
  });

  after(async () => {
    await configure('providers', [entry()]);
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  it('are available although their file is gone, because it was loaded soon after the start', async () => {
    const onDemand = (await readdir(builtFolder())).find((file) => /^onDemand-\w+\.js$/.test(file)) ?? '';
    await eventually('it is loaded', () => loaded().includes(onDemand));
    const [file, elsewhere] = [join(builtFolder(), onDemand), join(builtFolder(), `${onDemand}.away`)];
    await rename(file, elsewhere);
    try {
      assert.match((await shown()).getText(), /^# Session Keeper Diagnostics\n/);
    } finally {
      await rename(elsewhere, file);
    }
  });

  it('describe session, server and settings in Markdown when they are opened', async () => {
    // On a busy machine, VS Code can take longer than the diagnostics wait for a secret.
    const document = await eventually(
      'SecretStorage responds',
      async () => {
        const opened = await shown();
        return opened.getText().includes('\n- SecretStorage returns a new secret: yes\n') ? opened : undefined;
      },
      25_000,
    );
    const text = document.getText();
    assert.equal(document.languageId, 'markdown');
    assert.match(text, /^# Session Keeper Diagnostics\n/);
    assert.match(text, /\n- Provider: `acme`, matches the settings\n/);
    assert.match(text, /; source: expires_in\n/);
    const { host, protocol } = new URL(issuer);
    const warning = protocol === 'https:' ? '' : ' (not https)';
    assert.ok(text.includes(`\n- token_endpoint: \`${host}/token\`${warning}\n`), text);
    assert.match(text, /\n- Shared folder is writable and readable: yes\n/);
    assert.match(text, /: signed-in\n/);
  });

  it('are read-only when they are open', async () => {
    const document = await shown();
    const before = document.getText();
    await vscode.commands.executeCommand('type', { text: 'x' });
    assert.equal(document.getText(), before);
    assert.equal(document.isDirty, false);
  });

  it('contain no token, name or link', async () => {
    const text = (await shown()).getText();
    assert.ok(accessToken.length > 16);
    for (let at = 0; at + 16 <= accessToken.length; at += 1) {
      assert.ok(!text.includes(accessToken.slice(at, at + 16)));
    }
    assert.doesNotMatch(text, /\bdemo\b(?!`)|account-1001/);
    assert.ok(!text.includes(issuer));
    assert.doesNotMatch(text, /\]\(|:\/\/\S/);
  });

  it('are updated when they are shown again, with a quick fix above a finding', async () => {
    await configure('providers', [entry(), { id: 'broken' }]);
    const document = await shown();
    const line = document
      .getText()
      .split('\n')
      .findIndex((one) => one.includes('(entry-not-used)'));
    const lens = await eventually('there is a quick fix', async () =>
      (await lensesOf(document)).find(({ range }) => range.start.line === line),
    );
    assert.equal(lens.command?.title, 'Open Settings');
    await configure('providers', [entry()]);
    await vscode.commands.executeCommand(lens.command.command, ...((lens.command.arguments ?? []) as unknown[]));
    await eventually('it has checked again', () => !document.getText().includes('(entry-not-used)'));
  });

  it('offer to add a provider if there is none', async () => {
    await configure('providers', []);
    const document = await shown();
    const line = document
      .getText()
      .split('\n')
      .findIndex((one) => one.includes('(nothing-configured)'));
    const lens = await eventually('there is a quick fix', async () =>
      (await lensesOf(document)).find(({ range }) => range.start.line === line),
    );
    assert.equal(lens.command?.title, 'Add Provider…');
    await configure('providers', [entry()]);
  });
});
