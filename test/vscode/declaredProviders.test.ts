// The providers that other extensions declare: by the command, and in a manifest while its author types it.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { configure, consumer, entry, eventually, issuer, control, scopes, signOut, type Consumer } from './outside.ts';

const COMMAND = 'sessionKeeper.declareProvider';

function manifest(id: string, providers: readonly object[]): object {
  return {
    name: id,
    publisher: 'acme',
    displayName: 'Acme Remote',
    contributes: { authentication: [{ id, label: 'Acme' }], sessionKeeper: { providers } },
  };
}

describe('a provider that another extension declares', () => {
  const declared = manifest('remote', [{ id: 'remote', label: 'Remote', issuer, clientId: 'session-keeper-demo' }]);
  let other: Consumer;

  before(async () => {
    other = await consumer();
    await control({ user: { kind: 'signIn', account: 'demo' } });
    await configure('providers', []);
  });
  after(async () => {
    await vscode.commands.executeCommand(COMMAND, manifest('remote', []));
    await configure('providers', [entry()]);
  });

  it("isn't known before", async () => {
    await assert.rejects(async () => other.getSession('remote', scopes, { silent: true }));
  });

  it("signs in, and stays signed in when it's declared again", async () => {
    await vscode.commands.executeCommand(COMMAND, declared);
    const session = await eventually('the user is signed in', async () =>
      other.getSession('remote', scopes, { createIfNone: true }),
    );
    await vscode.commands.executeCommand(COMMAND, declared);
    assert.equal((await other.getSession('remote', scopes, { silent: true }))?.id, session.id);
  });

  it("is changed by the user's settings, field by field", async () => {
    const isIdToken = async (): Promise<boolean> =>
      (await other.getSession('remote', scopes, { silent: true }))?.accessToken.split('.').length === 3;
    await configure('providers', [{ id: 'remote', sessionToken: 'id_token' }]);
    await eventually('the ID token is returned', isIdToken);
    await configure('providers', []);
    await eventually('the access token is returned', async () => !(await isIdToken()));
  });

  it("keeps its sessions apart when it's declared with another client ID", async () => {
    const changed = manifest('remote', [{ id: 'remote', label: 'Remote', issuer, clientId: 'another-client' }]);
    await vscode.commands.executeCommand(COMMAND, changed);
    await eventually('there is no session', async () =>
      other.getSession('remote', scopes, { silent: true }).then((session) => session === undefined),
    );
    await vscode.commands.executeCommand(COMMAND, declared);
    await eventually('the session is back', async () => other.getSession('remote', scopes, { silent: true }));
    await signOut();
  });

  it("can't be declared without a manifest", async () => {
    await assert.rejects(
      async () => vscode.commands.executeCommand(COMMAND, { id: 'remote' }),
      /Pass the package\.json/u,
    );
  });
});

describe('the manifest of an extension that declares a provider', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sk-manifest-'));
  });
  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await rm(folder, { recursive: true, force: true });
  });

  async function open(more: object): Promise<vscode.TextDocument> {
    const file = join(folder, 'package.json');
    const providers = [{ id: '1', issuer: 'http://id.example.com', clientId: 'c', git: [] }];
    await writeFile(file, JSON.stringify({ ...more, ...manifest('acme', providers) }, undefined, 2));
    const document = await vscode.workspace.openTextDocument(file);
    await vscode.window.showTextDocument(document);
    return document;
  }

  it('is completed while its author types', async () => {
    const document = await open({});
    const labels = await eventually('properties are suggested', async () => {
      const { items } = await vscode.commands.executeCommand<vscode.CompletionList>(
        'vscode.executeCompletionItemProvider',
        document.uri,
        document.positionAt(document.getText().indexOf('"clientId"')),
      );
      const found = items.map(({ label }) => (typeof label === 'string' ? label : label.label));
      return found.includes('scopes') ? found : undefined;
    });
    assert.ok(labels.includes('endpoints') && !labels.includes('git'), labels.join());
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  it('is checked while its author types', async () => {
    // VS Code's own schema for manifests is downloaded; without a network, nothing is checked where it applies, too.
    const extension = vscode.extensions.getExtension('session-keeper.session-keeper');
    const schema = vscode.Uri.joinPath(
      extension?.extensionUri ?? vscode.Uri.file(''),
      'schemas/extension-manifest.schema.json',
    );
    const document = await open({ $schema: schema.toString() });
    const problems = await eventually('problems are shown', () => {
      const found = vscode.languages.getDiagnostics(document.uri).map(({ message }) => message);
      return found.length >= 3 ? found : undefined;
    });
    assert.ok(
      problems.some((message) => message.includes('must start with a letter')),
      problems.join('\n'),
    );
    assert.ok(
      problems.some((message) => message.includes('git is not allowed')),
      problems.join('\n'),
    );
  });
});
