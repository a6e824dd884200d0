// A notification that is closed when it no longer applies. VS Code's API can't close a message, but a progress notification
// closes when its task ends. It has one button, the cancel button; further actions are links in its text.
import * as vscode from 'vscode';
import { NOTIFICATION_LINK_COMMAND } from '../host/ids.ts';

/** An action of a notification. */
export interface NotificationAction {
  readonly label: string;
  run(): unknown;
}

/** The content of such a notification. */
export interface DismissibleNotification {
  readonly message: string;
  readonly button?: NotificationAction | undefined;
  readonly links: readonly NotificationAction[];
}

/** The handlers of the links of open notifications, by the ID in their command's arguments. */
const linkHandlers = new Map<string, () => void>();
let lastLinkId = 0;

/** Registers the command behind the links in notifications. */
export function registerNotificationLinks(): vscode.Disposable {
  return vscode.commands.registerCommand(NOTIFICATION_LINK_COMMAND, (id: unknown) => linkHandlers.get(String(id))?.());
}

/** Returns a link in Markdown, whose label isn't wrapped. */
function formatLink({ id, label }: { readonly id: string; readonly label: string }): string {
  const argument = encodeURIComponent(JSON.stringify([id]));
  return `[${label.replaceAll(' ', '\u00A0')}](command:${NOTIFICATION_LINK_COMMAND}?${argument})`;
}

/**
 * Shows a notification until the user selects an action or closes it, or the signal is aborted. Resolves after the selected
 * action has run.
 * @param signal closes the notification.
 */
export async function showDismissibleNotification(
  { button, links, message }: DismissibleNotification,
  signal: AbortSignal,
): Promise<void> {
  const linksWithId = links.map((link) => ({ ...link, id: String((lastLinkId += 1)) }));
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: `${message} ${linksWithId.map(formatLink).join('\u00A0· ')}`,
    // VS Code uses a string as the label of the cancel button, although its API declares a boolean.
    cancellable: (button?.label ?? false) as boolean,
  };
  try {
    const selected = await vscode.window.withProgress(options, async (progress, token) => {
      // Without a value, VS Code shows a running progress bar.
      progress.report({ increment: 100 });
      return new Promise<NotificationAction | undefined>((resolve) => {
        token.onCancellationRequested(() => resolve(button));
        signal.addEventListener('abort', () => resolve(undefined), { once: true });
        for (const link of linksWithId) {
          linkHandlers.set(link.id, () => resolve(link));
        }
        if (signal.aborted) {
          resolve(undefined);
        }
      });
    });
    await selected?.run();
  } finally {
    for (const { id } of linksWithId) {
      linkHandlers.delete(id);
    }
  }
}
