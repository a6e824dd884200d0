import * as vscode from 'vscode';
import { systemClock } from '../core/clock.ts';
import type { Provider } from '../core/provider.ts';
import type { ShownCode } from '../flows/signInFlow.ts';
import { openBrowser } from '../host/browser.ts';
import * as text from '../host/messages.ts';

/**
 * Shows a code in the largest letters that VS Code has, those of a dialog, which cannot be withdrawn. It leads to the
 * page on request; a person who types the code on another device closes it, and the notification still says the code.
 * @param over aborted once the code is of no use any more; nothing is opened then.
 */
export async function showCode(
  { label }: Provider,
  { verificationUri, verificationUriComplete, expiresAt, userCode }: ShownCode,
  over: AbortSignal,
): Promise<void> {
  const copy: vscode.MessageItem = { title: text.labelCopyCodeAndOpen() };
  const open: vscode.MessageItem = { title: text.labelOpenPage() };
  const close: vscode.MessageItem = { title: text.labelOtherDevice(), isCloseAffordance: true };
  const options = {
    modal: true,
    detail: text.sayWhereToEnter(label, verificationUri, text.formatTime(expiresAt, systemClock.now())),
  };
  const chosen = await vscode.window.showInformationMessage(text.sayCode(userCode), options, copy, open, close);
  if (over.aborted || chosen === undefined || chosen === close) {
    return;
  }
  if (chosen === copy) {
    await vscode.env.clipboard.writeText(userCode);
  }
  await openBrowser(verificationUriComplete ?? verificationUri);
}
