import type { Clock } from '../core/clock.ts';
import { TerminalFolder } from './terminalFolder.ts';
import { installTerminalCommand, type NodeProgram } from './terminalLauncher.ts';
import { listenForTerminals, type TerminalHandler, type TerminalListener } from './terminalServer.ts';

/** Where the files of the command are. */
export interface TerminalFilesOptions {
  readonly clock: Clock;
  /** The path of the folder. */
  readonly folder: string;
  /** The path of the script in the extension. */
  readonly script: string;
  /** The program that runs the script. */
  readonly node: NodeProgram;
}

/** The files of the command `session-keeper` and the socket of a window. */
export interface NodeTerminalFiles {
  /** Writes the command; returns the folder for `PATH`, or undefined if there is no private location for it. */
  install(): Promise<string | undefined>;
  /** Creates the key if needed, and listens; undefined if there is no private location for the socket. */
  listen(windowId: string, handler: TerminalHandler): Promise<TerminalListener | undefined>;
  /** Deletes the key, so that no window answers. */
  deleteKey(): Promise<void>;
}

/** Returns the files in a folder. */
export function nodeTerminalFiles({ clock, folder: path, node, script }: TerminalFilesOptions): NodeTerminalFiles {
  const folder = new TerminalFolder(path);
  return {
    install: () => installTerminalCommand(folder, script, node),
    listen: async (windowId, handler) => {
      await folder.createKey();
      return listenForTerminals(folder, windowId, handler, clock);
    },
    deleteKey: () => folder.deleteKey(),
  };
}
