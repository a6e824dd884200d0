import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { startChild } from './children.ts';
import type { Child } from './children.ts';

/** What a desktop VS Code shows and loads. */
export interface DesktopOptions {
  /** The executable, as returned by {@link findDesktopEditor}. */
  readonly program: string;
  /** The absolute path of the folder to open. */
  readonly folder: string;
  /** The absolute paths of the extensions under development to load. */
  readonly extensions: readonly string[];
  /** The folder for its settings and storage. */
  readonly userDataDir: string;
}

/**
 * Finds a desktop VS Code that can open a window here.
 *
 * @returns the path of its executable; undefined if there is none, in CI, or without a display
 */
export function findDesktopEditor(): string | undefined {
  return canShowWindows() ? places().find((place) => existsSync(place)) : undefined;
}

/**
 * Opens a window of a desktop VS Code with separate settings, storage and extensions.
 *
 * @param options what it shows and loads
 * @returns the running program, which ends when the window is closed
 */
export function openDesktopEditor(options: DesktopOptions): Child {
  const args = [
    options.folder,
    '--new-window',
    '--wait',
    '--disable-extensions',
    '--disable-workspace-trust',
    '--user-data-dir',
    options.userDataDir,
    ...options.extensions.flatMap((path) => ['--extensionDevelopmentPath', path]),
  ];
  // A program started from VS Code's own terminal would otherwise consider itself part of that VS Code.
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('VSCODE_') && name !== 'ELECTRON_RUN_AS_NODE'),
  );
  return startChild(options.program, args, { env: environment, stdio: 'ignore' });
}

function canShowWindows(): boolean {
  if ((process.env['CI'] ?? '') !== '') {
    return false;
  }
  const display = (process.env['DISPLAY'] ?? '') + (process.env['WAYLAND_DISPLAY'] ?? '');
  return process.platform !== 'linux' || display !== '';
}

/** On Windows, this must be the executable itself: the `code` on the PATH is a script, which requires a shell. */
function places(): string[] {
  if (process.platform === 'win32') {
    const folders = [join(process.env['LOCALAPPDATA'] ?? '', 'Programs'), process.env['PROGRAMFILES'] ?? ''];
    return folders.map((folder) => join(folder, 'Microsoft VS Code', 'Code.exe'));
  }
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'code'));
  if (process.platform === 'darwin') {
    const inside = join('Visual Studio Code.app', 'Contents', 'Resources', 'app', 'bin', 'code');
    return [...onPath, join('/Applications', inside), join(process.env['HOME'] ?? '', 'Applications', inside)];
  }
  return [...onPath, '/usr/share/code/bin/code', '/snap/bin/code'];
}
