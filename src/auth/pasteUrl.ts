import * as vscode from 'vscode';
import type { Provider } from '../core/provider.ts';
import type { AskForAddress } from '../flows/pasteFlow.ts';
import * as prompt from '../host/promptMessages.ts';

/** A box that asks for the address on which the browser has ended, and takes none but the right one. */
export function askForAddress({ label }: Provider): AskForAddress {
  return async (passes, signal) => {
    const source = new vscode.CancellationTokenSource();
    const cancel = (): void => source.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    const validateInput = (value: string): string | undefined =>
      value.trim() === '' || passes(value) ? undefined : prompt.invalidPastedUrl();
    const options = {
      title: prompt.pasteUrlTitle(label),
      prompt: prompt.pasteUrl(),
      ignoreFocusOut: true,
      validateInput,
    };
    try {
      const value = await vscode.window.showInputBox(options, source.token);
      return value === undefined || !passes(value) ? undefined : value;
    } finally {
      signal.removeEventListener('abort', cancel);
      source.dispose();
    }
  };
}
