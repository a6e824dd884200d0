// User actions that several tests share.
import type { Locator, Page } from 'playwright-core';
import { signInAt } from '../../tools/simulatedUser.ts';
import type { UiFixture } from './fixture.ts';
import { pressButton, type Workbench } from './workbench.ts';

/** A token lifetime, in seconds, that ends before an automatic renewal. */
export const SHORT = 2;
/** A token lifetime, in seconds, with which no renewal is due while a test runs. */
export const LONG = 3600;

/** The action of every notification that the user hasn't requested. */
export const MUTE = "Don't Show Again";

/** Signs in by the Command Palette, and returns to VS Code. */
export async function signIn(workbench: Workbench, provider = 'Acme'): Promise<void> {
  const shown = workbench.notification(`Signed in to ${provider} as demo.`);
  if ((await shown.count()) > 0) {
    await workbench.clearNotifications();
  }
  await finishSignIn(workbench, () => startSignIn(workbench, provider));
  await shown.waitFor();
}

/** Signs out of the only session by the Command Palette. */
export async function signOut(workbench: Workbench): Promise<void> {
  await workbench.run('Session Keeper: Sign Out…');
  await workbench.dialog.getByRole('button', { name: 'Sign Out' }).click();
}

/** Starts a sign-in by the Command Palette; there may be several providers. */
export async function startSignIn(workbench: Workbench, provider: string): Promise<void> {
  await workbench.run('Session Keeper: Sign In…');
  const row = workbench.rows.filter({ hasText: provider });
  await row.or(workbench.notification('Complete sign-in in your browser')).first().waitFor();
  if (await row.isVisible()) {
    await row.click();
  }
}

/** Signs in on the page that an action opens. */
export async function finishSignIn(workbench: Workbench, action: () => Promise<void>): Promise<void> {
  const page = await workbench.waitForPage(action);
  await signInAt(page, 'demo');
  await workbench.returnFrom(page);
  await workbench.notification('Complete sign-in in your browser').waitFor({ state: 'detached' });
}

/** Cancels the pending sign-in, and returns the notification that follows. */
export async function cancelSignIn(workbench: Workbench, provider = 'Acme'): Promise<Locator> {
  await pressButton(workbench.notification(`Signing in to ${provider}`), 'Cancel');
  const shown = workbench.notification(`Sign-in to ${provider} was canceled.`);
  await shown.waitFor();
  return shown;
}

/** Runs an action that ends with the browser at a URL where no server listens, and returns that URL. */
export async function getUnreachableUrl(page: Page, action: () => Promise<void>): Promise<string> {
  const [request] = await Promise.all([
    page.waitForEvent('requestfailed', (one) => one.isNavigationRequest()),
    action(),
  ]);
  return request.url();
}

/** Presses "Sign In Again" in a notification, and signs in. */
export async function signInAgain(workbench: Workbench, sentence: string): Promise<void> {
  await finishSignIn(workbench, () => workbench.press('Sign In Again', sentence));
  await workbench.notification('Signed in to Acme as demo.').waitFor();
  await workbench.waitForStatus('Acme: renews in');
  await workbench.notification(sentence).waitFor({ state: 'detached' });
  await workbench.clearNotifications();
}

/** Returns the notification with a text that the user hasn't requested; the outcome of a command may have the same text. */
export function dismissibleNotification(workbench: Workbench, sentence: string): Locator {
  return workbench.notification(sentence).filter({ hasText: MUTE });
}

/** Returns the actions of a notification: its buttons, and the links in its text. */
export async function getActions(
  notification: Locator,
): Promise<{ readonly buttons: string[]; readonly links: string[] }> {
  await notification.waitFor();
  return {
    buttons: await notification.locator('.notification-list-item-buttons-container .monaco-button').allTextContents(),
    // The spaces in a link are non-breaking.
    links: (await notification.locator('.notification-list-item-message a').allTextContents()).map((label) =>
      label.replaceAll('\u00A0', ' '),
    ),
  };
}

/** Renews with the Command Palette. */
export async function renewNow({ identity, workbench }: UiFixture, accessTokenSeconds = LONG): Promise<void> {
  await workbench.clearNotifications();
  identity.policy.accessTokenSeconds = accessTokenSeconds;
  await workbench.runRenewNow();
  await workbench.notification('Renewed your Acme session (demo).').waitFor();
  identity.policy.accessTokenSeconds = LONG;
  await workbench.clearNotifications();
}
