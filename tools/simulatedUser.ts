// What a user does in the browser: on the identity server's pages, and in VS Code's own dialogs.
import type { BrowserContext, Page } from 'playwright-core';

/** What the user does when a sign-in page opens. */
export type Behavior =
  /** Signs in with a demo account and allows access. */
  | { readonly kind: 'signIn'; readonly account: string }
  /** Signs in and denies access. */
  | { readonly kind: 'deny'; readonly account: string }
  /** Does nothing; the page stays open. */
  | { readonly kind: 'ignore' };

/**
 * Signs in at the identity server's pages, like a user: name and password if they're requested, then the
 * consent page. Returns when the browser has reached the URL that VS Code redirected it to.
 *
 * @param page the page that VS Code opened
 * @param account the name of a demo account, which is also its password
 * @param answer the button to press on the consent page
 */
export async function signInAt(page: Page, account: string, answer: 'Allow' | 'Deny' = 'Allow'): Promise<void> {
  await answerPages(page, account, answer);
  await page.waitForURL((url) => url.pathname === '/done');
  await page.waitForLoadState('load');
}

/**
 * The same without the return, for a sign-in that ends at the server.
 *
 * @param page the page that VS Code opened
 * @param account the name of a demo account, which is also its password
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
 * Confirms the code in the URL of a page, then signs in there.
 *
 * @param page the page that VS Code opened
 * @param account the name of a demo account, which is also its password
 * @param answer the button to press on the consent page
 */
export async function confirmCode(page: Page, account: string, answer: 'Allow' | 'Deny' = 'Allow'): Promise<void> {
  await page.getByRole('button', { name: 'Yes' }).click();
  await answerPages(page, account, answer);
  await page.getByText('You can close this page.').waitFor();
}

/**
 * Signs out of the identity server in this browser, and returns when the browser is at the final page.
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
 * Simulates a user of the browser: completes every page that the editor opens at an identity server, allows every dialog
 * in which VS Code asks whether an extension may sign in, use an account or open a page, confirms a sign-out, and opens the
 * page for a code.
 *
 * @param context the browser's context
 * @param behavior what the user does now; called for each page
 * @param reads called with the heading of each final page
 */
export async function simulateUser(
  context: BrowserContext,
  behavior: () => Behavior,
  reads: (heading: string) => void = () => {},
): Promise<void> {
  await context.addInitScript(allowDialogs);
  context.on('page', (page) => {
    void (async () => {
      await page.waitForURL((url) => openedPaths.test(url.pathname));
      const does = behavior();
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
      // The window itself is a page, too, and a page may be closed before it's completed.
    });
  });
}

/**
 * Runs in a page: clicks "Allow", "Continue", "Open Page" or "Sign Out" in VS Code's dialogs as they appear, keeps the signed-in
 * account, and opens pages of other computers.
 */
export function allowDialogs(): void {
  const press = (): void => {
    for (const box of document.querySelectorAll('.monaco-dialog-box')) {
      const opens = box.textContent.includes('open the external website?');
      for (const button of box.querySelectorAll<HTMLElement>('.monaco-button')) {
        const { textContent: label } = button;
        const isMeant = ['Allow', 'Continue', 'Open Page', 'Sign Out'].includes(label) || label.startsWith('Keep ');
        if (isMeant || (opens && label === 'Open')) {
          button.click();
        }
      }
    }
  };
  new MutationObserver(press).observe(document, { childList: true, subtree: true });
}
