import * as vscode from 'vscode';
import { systemClock } from '../core/clock.ts';
import type { Provider } from '../core/provider.ts';
import type { ShownCode } from '../flows/signInFlow.ts';
import { openBrowser } from '../host/browser.ts';
import * as button from '../host/buttonLabels.ts';
import { formatTime } from '../host/formatting.ts';
import * as signInMessages from '../host/signInMessages.ts';

/**
 * Shows a user code (RFC 8628) in a modal dialog, because VS Code has no larger UI, and opens the verification page on
 * request. VS Code's API can't close a dialog. After the user has closed it, the progress notification still shows the code.
 * @param signal aborted when the code is no longer valid; the page isn't opened then.
 */
export async function showCode(
  { label }: Provider,
  { verificationUri, verificationUriComplete, expiresAt, userCode }: ShownCode,
  signal: AbortSignal,
): Promise<void> {
  const copy: vscode.MessageItem = { title: button.copyCodeAndOpenPage() };
  const open: vscode.MessageItem = { title: button.openPage() };
  const close: vscode.MessageItem = { title: button.useOtherDevice(), isCloseAffordance: true };
  const options = {
    modal: true,
    detail: signInMessages.userCodeDetail(label, verificationUri, formatTime(expiresAt, systemClock.now())),
  };
  const selected = await vscode.window.showInformationMessage(
    signInMessages.yourCode(userCode),
    options,
    copy,
    open,
    close,
  );
  if (signal.aborted || selected === undefined || selected === close) {
    return;
  }
  if (selected === copy) {
    await vscode.env.clipboard.writeText(userCode);
  }
  await openBrowser(verificationUriComplete ?? verificationUri);
}
