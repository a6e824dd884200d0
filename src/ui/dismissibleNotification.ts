// A notification that goes away by itself when its reason does. VS Code gives extensions no way to withdraw a message,
// but the notification of a progress ends with it. It has one real button; further choices are links in its words.
import * as vscode from 'vscode';
import { NOTIFICATION_LINK_COMMAND } from '../host/ids.ts';

/** Something to choose in a toast. */
export interface NotificationAction {
  readonly label: string;
  run(): unknown;
}

/** What a toast says and offers. */
export interface ToastContent {
  readonly words: string;
  readonly button?: NotificationAction | undefined;
  readonly links: readonly NotificationAction[];
  /** Whether something goes on meanwhile, which its bar then shows. */
  readonly isBusy: boolean;
}

/** The links of the toasts that are open, by the name that is in their command. */
const links = new Map<string, () => void>();
let latest = 0;

/** Makes the links in toasts work. */
export function registerToastLinks(): vscode.Disposable {
  return vscode.commands.registerCommand(NOTIFICATION_LINK_COMMAND, (name: unknown) => links.get(String(name))?.());
}

/**
 * Shows a toast until something in it is chosen, it is dismissed, or it is withdrawn.
 * @param signal withdraws it.
 * @returns what the choice gave, once that is done.
 */
export async function showDismissibleNotification(
  { button, isBusy, links: offered, words }: ToastContent,
  signal: AbortSignal,
): Promise<void> {
  const named = offered.map((choice) => ({ ...choice, name: String((latest += 1)) }));
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: `${words} ${named.map(({ label, name }) => `[${label}](command:${NOTIFICATION_LINK_COMMAND}?${encodeURIComponent(JSON.stringify([name]))})`).join(' · ')}`,
    // VS Code writes a text on the button where it gets one; its API speaks of a boolean only.
    cancellable: (button?.label ?? false) as boolean,
  };
  try {
    const chosen = await vscode.window.withProgress(options, async (progress, token) => {
      if (!isBusy) {
        progress.report({ increment: 100 });
      }
      return new Promise<NotificationAction | undefined>((resolve) => {
        token.onCancellationRequested(() => resolve(button));
        signal.addEventListener('abort', () => resolve(undefined), { once: true });
        for (const link of named) {
          links.set(link.name, () => resolve(link));
        }
        if (signal.aborted) {
          resolve(undefined);
        }
      });
    });
    await chosen?.run();
  } finally {
    for (const { name } of named) {
      links.delete(name);
    }
  }
}
