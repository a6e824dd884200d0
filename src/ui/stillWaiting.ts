// What the person is told when the browser doesn't come back: most likely the server shows an error, or a blank page,
// because it doesn't accept the redirect URI. The notification goes away with the sign-in.
import type { RecoveryActions, ActionTarget } from './recoveryActions.ts';
import type { StillWaiting } from '../auth/signInController.ts';
import * as button from '../host/buttonLabels.ts';
import * as notification from '../host/notificationMessages.ts';
import { showDismissibleNotification, type NotificationAction } from './dismissibleNotification.ts';

/** Tells that the browser hasn't come back, and offers what to do about it. Never rejects. */
export async function showStillWaiting(
  { over, waiting: { provider, redirect } }: StillWaiting,
  actions: RecoveryActions,
  subject: ActionTarget,
): Promise<void> {
  const offers = await actions.offers(['copy-redirect', 'fixed-port', 'other-method'], subject);
  if (redirect === undefined || over.aborted) {
    return;
  }
  // The name of the other method alone would not say what it is for here.
  const [first, ...others] = offers.map(({ action, label, run }): NotificationAction => ({
    label: action === 'other-method' ? button.tryAnotherMethod() : label,
    run,
  }));
  const dismiss: NotificationAction = { label: button.dismiss(), run: () => {} };
  await showDismissibleNotification(
    {
      words: notification.stillWaiting(provider.label, redirect.redirectUri),
      button: first,
      links: [...others, dismiss],
      isBusy: true,
    },
    over,
  );
}
