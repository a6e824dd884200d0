// What the person is told when the browser doesn't come back: most likely the server shows an error, or a blank page,
// because it doesn't accept the redirect URI. The notification goes away with the sign-in.
import type { RecoveryActions, ActionTarget } from './recoveryActions.ts';
import type { StillWaiting } from '../auth/signInController.ts';
import * as text from '../host/messages.ts';
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
  const [button, ...others] = offers.map(({ action, label, run }): NotificationAction => ({
    label: action === 'other-method' ? text.labelTryAnotherMethod() : label,
    run,
  }));
  const dismiss: NotificationAction = { label: text.labelDismiss(), run: () => {} };
  await showDismissibleNotification(
    {
      words: text.sayStillWaiting(provider.label, redirect.redirectUri),
      button,
      links: [...others, dismiss],
      isBusy: true,
    },
    over,
  );
}
