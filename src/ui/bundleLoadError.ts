import * as vscode from 'vscode';
import type { Log } from '../core/log.ts';
import { reloadWindow } from '../host/startButtonLabels.ts';
import { bundleLoadFailed } from '../host/startMessages.ts';

/**
 * Returns a function that reports that the bundle that is loaded on demand can't be loaded, and offers to reload the
 * window. It shows one message at a time. VS Code installs each version in its own folder, so the files that an open window
 * needs are missing only if the same version was installed again, or if VS Code has already deleted the old folder. What
 * was loaded at start continues to work.
 */
export function createBundleLoadErrorReporter(log: Log): (error: unknown) => void {
  let isShown = false;
  const show = async (): Promise<void> => {
    isShown = true;
    const selected = await vscode.window.showErrorMessage(bundleLoadFailed(), reloadWindow());
    isShown = false;
    if (selected !== undefined) {
      await vscode.commands.executeCommand('workbench.action.reloadWindow');
    }
  };
  return (error) => {
    // The message of such an error contains the path of the file, which can include the user's name.
    const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'no code';
    log.error(`Couldn't load the on-demand bundle (${code}).`);
    if (!isShown) {
      void show();
    }
  };
}
