import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TerminalFolder } from '../../../src/node/terminalFolder.ts';
import { cmdLauncher, installTerminalCommand, shellLauncher } from '../../../src/node/terminalLauncher.ts';

describe('the launcher of the command', () => {
  const NODE = { path: "/opt/Ada's Code/code", isElectron: true };
  let base: string;

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'sk-'));
    await writeFile(join(base, 'script.cjs'), 'one');
  });

  afterEach(() => rm(base, { recursive: true, force: true }));

  it('quotes paths, and runs Electron as Node', () => {
    const text = shellLauncher('/a b/$x.cjs', NODE);
    assert.ok(text.includes(String.raw`  exec '/opt/Ada'\''s Code/code' '/a b/$x.cjs' "$@"`));
    assert.ok(text.includes('export ELECTRON_RUN_AS_NODE'));
    assert.ok(!shellLauncher('/s', { path: '/node', isElectron: false }).includes('ELECTRON'));
  });

  it('has variables instead of folders whose names cmd.exe may not be able to read', () => {
    const path = String.raw`C:\Users\Ädä\AppData\Local\Programs\Code 100%\Code.exe`;
    const text = cmdLauncher({ path, isElectron: true }, { LOCALAPPDATA: String.raw`c:\users\ädä\appdata\local` });
    assert.ok(text.includes(String.raw`"%LOCALAPPDATA%\Programs\Code 100%%\Code.exe" "%~dp0..\session-keeper.cjs" %*`));
    assert.doesNotMatch(text, /[^\0-\x7f]/u);
    assert.doesNotMatch(text, /[^\r]\n/u);
    const other = cmdLauncher(
      { path: String.raw`D:\node.exe`, isElectron: false },
      { LOCALAPPDATA: '', USERPROFILE: undefined },
    );
    assert.ok(other.includes(String.raw`"D:\node.exe" "%~dp0..\session-keeper.cjs" %*`));
    assert.ok(!other.includes('ELECTRON'));
  });

  it("is updated with the script and Node, restored if it's gone, and otherwise left alone", async () => {
    const folder = new TerminalFolder(join(base, 'terminal'));
    const install = (path: string): Promise<string | undefined> =>
      installTerminalCommand(folder, join(base, 'script.cjs'), { path, isElectron: false });
    const bin = (await install('/one/node')) ?? '';
    const launcher = join(bin, 'session-keeper');
    assert.equal((await stat(launcher)).mode & 0o777, 0o700);
    const before = await stat(launcher);
    await install('/one/node');
    assert.equal((await stat(launcher)).ino, before.ino);
    await writeFile(join(base, 'script.cjs'), 'two');
    await install('/two/node');
    assert.match(await readFile(launcher, 'utf8'), /'\/two\/node'/u);
    assert.equal(await readFile(join(folder.path, 'session-keeper.cjs'), 'utf8'), 'two');
    await rm(bin, { recursive: true });
    await install('/two/node');
    assert.ok((await stat(launcher)).isFile());
  });

  it("isn't written to a folder that others control", async () => {
    await symlink(base, join(base, 'link'));
    const folder = new TerminalFolder(join(base, 'link'));
    assert.equal(await installTerminalCommand(folder, join(base, 'script.cjs'), NODE), undefined);
    await chmod(base, 0o777);
    const open = new TerminalFolder(base);
    assert.ok((await installTerminalCommand(open, join(base, 'script.cjs'), NODE)) !== undefined);
    assert.equal((await stat(base)).mode & 0o777, 0o700);
  });
});
