// The files that make the command `session-keeper` available in terminals: the script, and a launcher for each kind of
// shell, which runs the script with the Node of VS Code. They are in the extension's global storage, whose path stays the
// same when VS Code or the extension is updated.
import { mkdir, readFile } from 'node:fs/promises';
import { join, win32 } from 'node:path';
import { replaceFile } from './replaceFile.ts';
import type { TerminalFolder } from './terminalFolder.ts';

/** The name of the script, in the extension and in the folder. */
const SCRIPT = 'session-keeper.cjs';
const NO_NODE =
  'session-keeper: Node.js was not found. Reload the VS Code window, or install Node.js 20 or later. (no-node)';

/** The program that runs the script. */
export interface NodeProgram {
  /** Its path. */
  readonly path: string;
  /** Whether it's Electron, which runs scripts only with an environment variable. */
  readonly isElectron: boolean;
}

/**
 * Writes the files, if they aren't up to date.
 * @param script the path of the script in the extension.
 * @returns the path of the folder for `PATH`; undefined if the folder isn't private.
 * @throws the error of the file system.
 */
export async function installTerminalCommand(
  folder: TerminalFolder,
  script: string,
  node: NodeProgram,
): Promise<string | undefined> {
  if ((await folder.prepare()) !== 'private') {
    return undefined;
  }
  const bin = join(folder.path, 'bin');
  await mkdir(bin, { recursive: true, mode: 0o700 });
  const copy = join(folder.path, SCRIPT);
  await replaceFile(copy, await readFile(script), 0o600);
  await replaceFile(join(bin, 'session-keeper'), shellLauncher(copy, node), 0o700);
  if (process.platform === 'win32') {
    await replaceFile(join(bin, 'session-keeper.cmd'), cmdLauncher(node, process.env), 0o700);
  }
  return bin;
}

/** Returns the launcher for POSIX shells. */
export function shellLauncher(script: string, { isElectron, path }: NodeProgram): string {
  return [
    '#!/bin/sh',
    '# Written by Session Keeper. Changes are overwritten.',
    `if [ -x ${quote(path)} ]; then`,
    ...(isElectron ? ['  ELECTRON_RUN_AS_NODE=1', '  export ELECTRON_RUN_AS_NODE'] : []),
    `  exec ${quote(path)} ${quote(script)} "$@"`,
    'fi',
    'if command -v node >/dev/null 2>&1; then',
    `  exec node ${quote(script)} "$@"`,
    'fi',
    `echo ${quote(NO_NODE)} >&2`,
    'exit 127',
    '',
  ].join('\n');
}

/**
 * Returns the launcher for cmd.exe and PowerShell. The script's path is relative, and the path of Node starts with a
 * variable if possible, because cmd.exe reads the file in a code page that may not have all characters.
 */
export function cmdLauncher(
  { isElectron, path }: NodeProgram,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const script = `"%~dp0..\\${SCRIPT}"`;
  const node = `"${withVariable(path, env)}"`;
  return [
    '@echo off',
    'rem Written by Session Keeper. Changes are overwritten.',
    'setlocal',
    `if not exist ${node} goto other`,
    ...(isElectron ? ['set "ELECTRON_RUN_AS_NODE=1"'] : []),
    `${node} ${script} %*`,
    'exit /b %ERRORLEVEL%',
    ':other',
    // Otherwise, cmd.exe would run a program of this name in the current folder, which can be any workspace.
    'set "NoDefaultCurrentDirectoryInExePath=1"',
    'where node >nul 2>nul || goto none',
    `node ${script} %*`,
    'exit /b %ERRORLEVEL%',
    ':none',
    `echo ${NO_NODE} 1>&2`,
    'exit /b 127',
    '',
  ].join('\r\n');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Replaces the beginning of a path by a variable of Windows that has it as its value, and escapes the rest. */
function withVariable(path: string, env: Readonly<Record<string, string | undefined>>): string {
  for (const name of ['LOCALAPPDATA', 'ProgramFiles', 'USERPROFILE']) {
    const folder = env[name];
    if (folder !== undefined && folder !== '' && path.toLowerCase().startsWith(folder.toLowerCase() + win32.sep)) {
      return `%${name}%${path.slice(folder.length).replaceAll('%', '%%')}`;
    }
  }
  return path.replaceAll('%', '%%');
}
