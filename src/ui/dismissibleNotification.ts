// A notification that is closed when it no longer applies. VS Code's API can't close a message, but a progress notification
// closes when its task ends. It has one button, the cancel button; further actions are links in its text.
//
// VS Code considers a window active as long as a progress notification is open that was shown in an active window and is
// older than 15 s. No idle timeout would end in such a window, so with an idle timeout a message is shown.
import * as vscode from 'vscode';
import * as buttonLabel from '../host/buttonLabels.ts';
import { NOTIFICATION_LINK_COMMAND } from '../host/ids.ts';
import type { Settings } from '../host/settings.ts';

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

/** The settings that decide which type of notification is shown. */
export type NotificationSettings = Pick<Settings, 'idleTimeouts' | 'onDidChange'>;

/**
 * Shows a notification until the user selects an action or closes it, or the signal is aborted. Resolves after the selected
 * action has run.
 * @param signal closes the notification, unless it's a message: its actions still run after the promise has resolved.
 * @param settings if given, a message is shown while a provider has an idle timeout. Absent if the notification closes soon.
 */
export async function showDismissibleNotification(
  notification: DismissibleNotification,
  signal: AbortSignal,
  settings?: NotificationSettings,
): Promise<void> {
  const mustBeMessage = new AbortController();
  const update = (): void => {
    if (settings !== undefined && settings.idleTimeouts().size > 0) {
      mustBeMessage.abort();
    }
  };
  const subscription = settings?.onDidChange(update);
  update();
  let isOpen = true;
  try {
    if (!mustBeMessage.signal.aborted) {
      isOpen = await showProgress(notification, AbortSignal.any([signal, mustBeMessage.signal]));
    }
  } finally {
    subscription?.dispose();
  }
  if (isOpen && !signal.aborted) {
    await Promise.race([showMessage(notification), untilAborted(signal)]);
  }
}

async function showMessage({ button, links, message }: DismissibleNotification): Promise<void> {
  const dismiss = buttonLabel.dismiss();
  const actions = [...(button === undefined ? [] : [button]), ...links.filter(({ label }) => label !== dismiss)];
  const selected = await vscode.window.showWarningMessage(message, ...actions.map(({ label }) => label));
  await actions.find(({ label }) => label === selected)?.run();
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => {
    signal.addEventListener('abort', resolve, { once: true });
  });
}

/** Returns whether the signal closed it, not the user. */
async function showProgress(
  { button, links, message }: DismissibleNotification,
  signal: AbortSignal,
): Promise<boolean> {
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
    return selected === undefined && signal.aborted;
  } finally {
    for (const { id } of linksWithId) {
      linkHandlers.delete(id);
    }
  }
}
