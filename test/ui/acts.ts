// What people do in several of the tests, and what they see then.
import type { Locator, Page } from 'playwright-core';
import { signInAt } from '../../tools/person.ts';
import type { Scene } from './scene.ts';
import type { Workbench } from './workbench.ts';

/** So short, in seconds, that the token has run out before it is renewed by itself. */
export const SHORT = 2;
/** No renewal is due while a test runs. */
export const LONG = 3600;

/** The link that every notification has that comes by itself. */
export const MUTE = 'Do Not Show Again';

/** Signs in by the command palette, and comes back to VS Code. */
export async function signIn(workbench: Workbench, provider = 'Acme'): Promise<void> {
  const told = workbench.told(`Signed in to ${provider} as demo.`);
  if ((await told.count()) > 0) {
    await workbench.clearNotifications();
  }
  await finishSignIn(workbench, () => startSignIn(workbench, provider));
  await told.waitFor();
}

/** Starts to sign in by the command palette, where there may be several providers. */
export async function startSignIn(workbench: Workbench, provider: string): Promise<void> {
  await workbench.run('Session Keeper: Sign In…');
  const row = workbench.rows.filter({ hasText: provider });
  await row.or(workbench.told('finish in the browser')).first().waitFor();
  if (await row.isVisible()) {
    await row.click();
  }
}

/** Signs in at the page that an action opens. */
export async function finishSignIn(workbench: Workbench, action: () => Promise<void>): Promise<void> {
  const page = await workbench.opens(action);
  await signInAt(page, 'demo');
  await workbench.comeBackFrom(page);
  await workbench.told('finish in the browser').waitFor({ state: 'detached' });
}

/** Calls off the sign-in that waits, and gives the notification that then offers how to go on. */
export async function callOff(workbench: Workbench, provider = 'Acme'): Promise<Locator> {
  await workbench.told(`Signing in to ${provider}`).getByRole('button', { name: 'Cancel' }).click();
  const told = workbench.told(`Signing in to ${provider} was canceled.`);
  await told.waitFor();
  return told;
}

/** Does something at the end of which the browser looks for a page where nobody is, and gives the address of that page. */
export async function landsOn(page: Page, action: () => Promise<void>): Promise<string> {
  const [request] = await Promise.all([
    page.waitForEvent('requestfailed', (one) => one.isNavigationRequest()),
    action(),
  ]);
  return request.url();
}

/** Presses "Sign In Again" beside a sentence, signs in, and is signed in. */
export async function signInAgain(workbench: Workbench, sentence: string): Promise<void> {
  await finishSignIn(workbench, () => workbench.press('Sign In Again', sentence));
  await workbench.told('Signed in to Acme as demo.').waitFor();
  await workbench.statusSays('Acme: renews in');
  await workbench.told(sentence).waitFor({ state: 'detached' });
  await workbench.clearNotifications();
}

/** The notification that goes away by itself, beside an ordinary one that says the same. */
export function toast(workbench: Workbench, sentence: string): Locator {
  return workbench.told(sentence).filter({ hasText: MUTE });
}

/** What a notification offers: its buttons, and the links in its words. */
export async function offersOf(
  notification: Locator,
): Promise<{ readonly buttons: string[]; readonly links: string[] }> {
  await notification.waitFor();
  return {
    buttons: await notification.locator('.notification-list-item-buttons-container .monaco-button').allTextContents(),
    links: await notification.locator('.notification-list-item-message a').allTextContents(),
  };
}

/** Renews by the command palette. */
export async function renewNow({ identity, workbench }: Scene, accessTokenSeconds = LONG): Promise<void> {
  await workbench.clearNotifications();
  identity.policy.accessTokenSeconds = accessTokenSeconds;
  await workbench.run('Session Keeper: Renew Now');
  await workbench.told('The session of demo at Acme is renewed.').waitFor();
  identity.policy.accessTokenSeconds = LONG;
  await workbench.clearNotifications();
}
