// VS Code's Git with a real Git server that requires the access token of a session.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { configure, consumer, entry, eventually, control, scopes, signOut, type Consumer } from './outside.ts';

/** The part of the Git extension's API that is used here. */
interface GitExtension {
  readonly enabled: boolean;
  getAPI(version: 1): { openRepository(root: vscode.Uri): Promise<Repository | null> };
}

interface Repository {
  readonly state: { readonly HEAD: { readonly commit?: string; readonly ahead?: number } | undefined };
  add(paths: string[]): Promise<void>;
  commit(message: string): Promise<void>;
  fetch(): Promise<void>;
  push(): Promise<void>;
  setConfig(key: string, value: string): Promise<string>;
  status(): Promise<void>;
}

const address = process.env['SESSION_KEEPER_TEST_GIT'] ?? '';
/** It outlives VS Code, whose Git still runs commands in its repositories after it was turned off. */
const parent = process.env['SESSION_KEEPER_TEST_GIT_FOLDER'] ?? '';
const SERVER = address === '' ? '' : new URL(address).origin;

/** Returns the SHA-256 digests of the tokens that the Git server has accepted. */
async function acceptedTokens(): Promise<string[]> {
  return (await (await fetch(`${SERVER}/tokens`)).json()) as string[];
}

async function configureGit(name: string, value: unknown): Promise<void> {
  await vscode.workspace.getConfiguration('git').update(name, value, vscode.ConfigurationTarget.Global);
}

describe('Git in VS Code', function () {
  this.timeout(60_000);
  let other: Consumer;
  let folder: string;
  let git: GitExtension;
  let repository: Repository;

  before(async function () {
    if (address === '') {
      this.skip();
    }
    other = await consumer();
    folder = await mkdtemp(join(parent, 'clone-'));
    await control({ user: { kind: 'signIn', account: 'demo' } });
    await configure('providers', [entry({ id: 'forge', label: 'Forge', git: [SERVER] })]);
    await eventually('a user is signed in', async () => other.getSession('forge', scopes, { createIfNone: true }));
    const extension = vscode.extensions.getExtension<GitExtension>('vscode.git');
    assert.ok(extension, 'VS Code has Git');
    git = await extension.activate();
    // The clone isn't in the window's folder, and older versions open such a repository only with this setting.
    await configureGit('openRepositoryInParentFolders', 'always');
    await configureGit('enabled', true);
    await eventually('Git is turned on', () => git.enabled);
  });

  after(async () => {
    if (address !== '') {
      await configureGit('enabled', false);
      await configureGit('openRepositoryInParentFolders', undefined);
      await configure('providers', [entry()]);
    }
  });

  /** Returns the digest of the session's access token. */
  async function currentToken(): Promise<string> {
    const session = await other.getSession('forge', scopes, { silent: true });
    assert.ok(session, 'a user is signed in');
    return createHash('sha256').update(session.accessToken).digest('hex');
  }

  async function commit(text: string): Promise<void> {
    const file = join(folder, 'notes', 'README.md');
    await writeFile(file, text);
    await repository.add([file]);
    await repository.commit('Change notes');
  }

  it('clones with the access token', async () => {
    await vscode.commands.executeCommand('git.clone', address, folder, { postCloneAction: 'none' });
    const opened = await git.getAPI(1).openRepository(vscode.Uri.file(join(folder, 'notes')));
    assert.ok(opened, 'the repository was cloned');
    repository = opened;
    assert.deepEqual([...new Set(await acceptedTokens())], [await currentToken()]);
  });

  it('fetches and pushes with the access token', async () => {
    await repository.setConfig('user.name', 'Ada');
    await repository.setConfig('user.email', 'ada@example.com');
    const { length } = await acceptedTokens();
    await repository.fetch();
    const fetched = await acceptedTokens();
    assert.ok(fetched.length > length);
    await commit('Pushed\n');
    await repository.push();
    assert.ok((await acceptedTokens()).length > fetched.length);
    await repository.status();
    assert.equal(repository.state.HEAD?.ahead, 0);
  });

  it('uses the new access token after a renewal', async () => {
    const before = await currentToken();
    await eventually('another token', async () => {
      await vscode.commands.executeCommand('sessionKeeper.renewNow');
      return (await currentToken()) !== before;
    });
    await repository.fetch();
    await commit('Pushed after a renewal\n');
    await repository.push();
    await repository.status();
    assert.equal(repository.state.HEAD?.ahead, 0);
    assert.equal((await acceptedTokens()).at(-1), await currentToken());
  });

  it('fails with an authentication error, and without a prompt, after a sign-out', async () => {
    await signOut();
    await eventually('no user is signed in', async () =>
      other.getSession('forge', scopes, { silent: true }).then((session) => session === undefined),
    );
    const { length } = await acceptedTokens();
    // A prompt would stay open.
    const failed = await Promise.race([
      repository.fetch().then(
        () => 'fetched',
        (error: unknown) => (error as { readonly gitErrorCode?: string }).gitErrorCode,
      ),
      new Promise((resolve) => setTimeout(() => resolve('still waiting'), 20_000)),
    ]);
    assert.equal(failed, 'AuthenticationFailed');
    assert.equal((await acceptedTokens()).length, length);
  });

  it('authenticates again after a sign-in', async () => {
    await eventually('a user is signed in', async () => other.getSession('forge', scopes, { createIfNone: true }));
    await repository.fetch();
    assert.equal((await acceptedTokens()).at(-1), await currentToken());
  });
});
