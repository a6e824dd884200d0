import * as vscode from 'vscode';
import type { Log } from '../core/log.ts';
import { actionLabel, bundleLoadFailed } from '../host/messages.ts';

/**
 * Tells that what is loaded on demand cannot be loaded, and offers to reload the window. The editor puts an update into
 * a folder of its own, so the files of a window that runs on are gone only where a version was installed over itself, or
 * where the editor has cleaned up already. Everything that is loaded at the start goes on working.
 */
export function reportBundleLoadError(log: Log, error: unknown): void {
  // The message of such an error has the path of the file, and with it the name of the person.
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'no code';
  log.error(`What is loaded on demand cannot be loaded (${code}).`);
  void vscode.window
    .showErrorMessage(bundleLoadFailed(), actionLabel('reload'))
    .then((chosen) =>
      chosen === undefined ? undefined : vscode.commands.executeCommand('workbench.action.reloadWindow'),
    );
}
