import * as vscode from 'vscode';
import type { Log } from '../core/log.ts';
import { reloadWindow } from '../host/startButtonLabels.ts';
import { bundleLoadFailed } from '../host/startMessages.ts';

/**
 * Returns a function that reports that what is loaded on demand can't be loaded, and offers to reload the window; it
 * shows one message at a time. VS Code puts an update into a folder of its own, so the files of a window that is still
 * open are missing only if a version was installed over itself, or if VS Code has cleaned up already. What is loaded at
 * the start goes on working.
 */
export function createBundleLoadErrorReporter(log: Log): (error: unknown) => void {
  let isShown = false;
  const show = async (): Promise<void> => {
    isShown = true;
    const chosen = await vscode.window.showErrorMessage(bundleLoadFailed(), reloadWindow());
    isShown = false;
    if (chosen !== undefined) {
      await vscode.commands.executeCommand('workbench.action.reloadWindow');
    }
  };
  return (error) => {
    // The message of such an error has the path of the file, and with it the name of the person.
    const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'no code';
    log.error(`What is loaded on demand cannot be loaded (${code}).`);
    if (!isShown) {
      void show();
    }
  };
}
