import * as vscode from 'vscode';
import { systemClock } from '../core/clock.ts';
import type { Provider } from '../core/provider.ts';
import type { ShownCode } from '../flows/signInFlow.ts';
import { openBrowser } from '../host/browser.ts';
import * as button from '../host/buttonLabels.ts';
import { formatTime } from '../host/formatting.ts';
import * as signInMessages from '../host/signInMessages.ts';

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
  const copy: vscode.MessageItem = { title: button.copyCodeAndOpenPage() };
  const open: vscode.MessageItem = { title: button.openPage() };
  const close: vscode.MessageItem = { title: button.useOtherDevice(), isCloseAffordance: true };
  const options = {
    modal: true,
    detail: signInMessages.userCodeDetail(label, verificationUri, formatTime(expiresAt, systemClock.now())),
  };
  const chosen = await vscode.window.showInformationMessage(userCode, options, copy, open, close);
  if (over.aborted || chosen === undefined || chosen === close) {
    return;
  }
  if (chosen === copy) {
    await vscode.env.clipboard.writeText(userCode);
  }
  await openBrowser(verificationUriComplete ?? verificationUri);
}
