import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { TerminalFolder } from './terminalFolder.ts';
import { installTerminalCommand } from './terminalLauncher.ts';
import { listenForTerminals, type TerminalHandler, type TerminalListener } from './terminalServer.ts';

/** The folder in the extension's global storage. */
const FOLDER = 'terminal';
/** The script in the extension. */
const SCRIPT = 'dist/session-keeper.cjs';

/** Where the extension is, and where it may store files; a part of VS Code's `ExtensionContext`. */
export interface ExtensionFolders {
  readonly globalStorageUri: { readonly fsPath: string };
  asAbsolutePath(relativePath: string): string;
}

/** The files of the command `session-keeper` and the socket of a window. */
export interface NodeTerminalFiles {
  /** Writes the command; returns the folder for `PATH`, or undefined if there is no private location for it. */
  install(): Promise<string | undefined>;
  /** Returns a random ID for a window. */
  newWindowId(): string;
  /** Creates the key if needed, and listens; undefined if there is no private location for the socket. */
  listen(windowId: string, handler: TerminalHandler): Promise<TerminalListener | undefined>;
  /** Deletes the key, so that no window answers. */
  deleteKey(): Promise<void>;
}

/**
 * Returns the files of an extension.
 * @param process the extension host, whose program also runs the command.
 */
export function nodeTerminalFiles(
  extension: ExtensionFolders,
  process: Pick<NodeJS.Process, 'execPath' | 'versions'>,
  clock: Clock,
): NodeTerminalFiles {
  const folder = new TerminalFolder(join(extension.globalStorageUri.fsPath, FOLDER));
  const node = { path: process.execPath, isElectron: 'electron' in process.versions };
  return {
    install: () => installTerminalCommand(folder, extension.asAbsolutePath(SCRIPT), node),
    newWindowId: () => randomBytes(8).toString('hex'),
    listen: async (windowId, handler) => {
      await folder.createKey();
      return listenForTerminals(folder, windowId, handler, clock);
    },
    deleteKey: () => folder.deleteKey(),
  };
}
