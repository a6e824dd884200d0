import * as vscode from 'vscode';

/**
 * Opens an address in the person's browser. The address is passed as text, which VS Code hands on to the letter; as a
 * `Uri` it would be decoded and encoded anew, which turns an encoded "+" or "&" of a parameter into another value.
 */
export async function openBrowser(address: string): Promise<void> {
  await vscode.env.openExternal(address as unknown as vscode.Uri);
}
