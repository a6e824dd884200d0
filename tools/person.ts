// What a person does in the browser: at the identity server's pages, and at VS Code's own questions.
import type { BrowserContext, Page } from 'playwright-core';

/** What the person does when a sign-in page opens. */
export type Behaviour =
  /** Signs in with a demo account and allows. */
  | { readonly kind: 'signIn'; readonly account: string }
  /** Signs in and denies. */
  | { readonly kind: 'deny'; readonly account: string }
  /** Looks away; the page stays open. */
  | { readonly kind: 'ignore' };

/**
 * Signs in at the identity server's pages, the way a person would: name and password where they are asked for,
 * then the consent page. Returns when the browser has arrived where VS Code sent it.
 *
 * @param page the page that VS Code opened
 * @param account the name of a demo account, which is its password too
 * @param answer the button to press on the consent page
 */
export async function signInAt(page: Page, account: string, answer: 'Allow' | 'Deny' = 'Allow'): Promise<void> {
  await answerPages(page, account, answer);
  await page.waitForURL((url) => url.pathname === '/done');
  await page.waitForLoadState('load');
}

/**
 * The same without the way back, for a sign-in that ends at the server.
 *
 * @param page the page that VS Code opened
 * @param account the name of a demo account, which is its password too
 * @param answer the button to press on the consent page
 */
export async function answerPages(page: Page, account: string, answer: 'Allow' | 'Deny' = 'Allow'): Promise<void> {
  const name = page.locator('[name=name]');
  const consent = page.getByRole('button', { name: answer });
  await name.or(consent).first().waitFor();
  if (await name.isVisible()) {
    await name.fill(account);
    await page.locator('[name=password]').fill(account);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }
  await consent.click();
}

/**
 * Confirms the code that is in the address of a page, then signs in there.
 *
 * @param page the page that VS Code opened
 * @param account the name of a demo account, which is its password too
 * @param answer the button to press on the consent page
 */
export async function confirmCode(page: Page, account: string, answer: 'Allow' | 'Deny' = 'Allow'): Promise<void> {
  await page.getByRole('button', { name: 'Yes' }).click();
  await answerPages(page, account, answer);
  await page.getByText('You can close this page.').waitFor();
}

/**
 * Signs out of the identity server in this browser, and returns when the browser is where that leads.
 *
 * @param page the page that VS Code opened
 */
export async function signOutAt(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL((url) => url.pathname === '/session/end/success' || url.pathname === '/done');
}

/** The paths of the pages at an identity server that the editor opens. */
const openedPaths = /^\/(?:interaction|auth|device|session\/end)(?:\/|$)/u;

/**
 * Lets a person sit before a browser: every page that the editor opens at an identity server is answered, every dialog
 * in which VS Code asks whether an extension may sign in or use an account is allowed, a sign-out is confirmed, and of one
 * that shows a code the page is opened.
 *
 * @param context the browser's context
 * @param behaviour what the person does now; asked anew for each page
 * @param reads is told the heading of each page on which that ends
 */
export async function seatPerson(
  context: BrowserContext,
  behaviour: () => Behaviour,
  reads: (heading: string) => void = () => {},
): Promise<void> {
  await context.addInitScript(allowDialogs);
  context.on('page', (page) => {
    void (async () => {
      await page.waitForURL((url) => openedPaths.test(url.pathname));
      const does = behaviour();
      if (does.kind === 'ignore') {
        return;
      }
      const answer = does.kind === 'deny' ? 'Deny' : 'Allow';
      const { pathname } = new URL(page.url());
      if (pathname.startsWith('/session/end')) {
        await signOutAt(page);
      } else {
        await (pathname.startsWith('/device') ? confirmCode : signInAt)(page, does.account, answer);
      }
      reads((await page.locator('h1').textContent()) ?? '');
    })().catch(() => {
      // The window itself is a page too, and a page may be closed before it has been answered.
    });
  });
}

/** Runs in a page: presses "Allow", "Open Page" or "Sign Out" in VS Code's dialogs as they appear, and keeps the account that somebody has signed in with. */
export function allowDialogs(): void {
  const press = (): void => {
    for (const button of document.querySelectorAll<HTMLElement>('.monaco-dialog-box .monaco-button')) {
      if (['Allow', 'Open Page', 'Sign Out'].includes(button.textContent) || button.textContent.startsWith('Keep ')) {
        button.click();
      }
    }
  };
  new MutationObserver(press).observe(document, { childList: true, subtree: true });
}
