import * as vscode from 'vscode';

/**
 * Opens a URL in the user's browser. VS Code doesn't change a string. It decodes and re-encodes a `Uri`, which changes
 * an encoded "+" or "&" of a parameter.
 */
export async function openBrowser(url: string): Promise<void> {
  await vscode.env.openExternal(url as unknown as vscode.Uri);
}
