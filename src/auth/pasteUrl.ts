import * as vscode from 'vscode';
import type { Provider } from '../core/provider.ts';
import { isAuthorizationResponse, type AskForAddress } from '../flows/pasteFlow.ts';
import * as prompt from '../host/promptMessages.ts';

/** Returns a function that asks for the URL of the final page in an input box, which accepts only a valid one. */
export function askForUrl({ label }: Provider): AskForAddress {
  return async (isValid, signal) => {
    const source = new vscode.CancellationTokenSource();
    const cancel = (): void => source.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    const validateInput = (value: string): string | undefined =>
      value.trim() === '' || isValid(value)
        ? undefined
        : isAuthorizationResponse(value)
          ? prompt.pastedUrlOfOtherSignIn()
          : prompt.invalidPastedUrl();
    const options = {
      title: prompt.pasteUrlTitle(label),
      prompt: prompt.pasteUrl(),
      ignoreFocusOut: true,
      validateInput,
    };
    try {
      const value = await vscode.window.showInputBox(options, source.token);
      return value === undefined || !isValid(value) ? undefined : value;
    } finally {
      signal.removeEventListener('abort', cancel);
      source.dispose();
    }
  };
}
