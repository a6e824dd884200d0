// The notification for a browser that doesn't return: most likely the server shows an error or a blank page because it
// doesn't accept the client ID or the redirect URI. It's closed when the sign-in ends.
import type { RecoveryActions, ActionTarget } from './recoveryActions.ts';
import type { StillWaiting } from '../auth/signInController.ts';
import * as button from '../host/buttonLabels.ts';
import * as notification from '../host/notificationMessages.ts';
import { showDismissibleNotification, type NotificationAction } from './dismissibleNotification.ts';

/**
 * Shows that the browser hasn't returned, and offers what to do about it. Never rejects.
 * @param editProvider edits the provider, whose client ID may be wrong.
 */
export async function showStillWaiting(
  { signal, pending: { provider, redirect } }: StillWaiting,
  actions: RecoveryActions,
  target: ActionTarget,
  editProvider: () => unknown,
): Promise<void> {
  const items = await actions.getItems(['copy-redirect', 'fixed-port', 'other-method'], target);
  if (redirect === undefined || signal.aborted) {
    return;
  }
  // The name of a method wouldn't show that it's an alternative.
  const [first, ...others] = items.map(({ action, label, run }): NotificationAction => ({
    label: action === 'other-method' ? button.forAction('other-method') : label,
    run,
  }));
  const dismiss: NotificationAction = { label: button.dismiss(), run: () => {} };
  await showDismissibleNotification(
    {
      message: notification.stillWaiting(provider.label, redirect.redirectUri),
      button: first,
      links: [{ label: button.editProvider(), run: editProvider }, ...others, dismiss],
    },
    signal,
  );
}
