// The ways to sign in beside the usual one, and how one leads to the next.
import assert from 'node:assert/strict';
import { answerPages, signInAt } from '../workshop/person.ts';
import { entryFor, setScene } from './scene.ts';

describe('a person who signs in with a code', () => {
  const scene = setScene({}, (issuer) => ({ 'sessionKeeper.providers': [{ ...entryFor(issuer), signInWay: 'device' }] }));

  it('sees the code in large letters, copies it, and finds it filled in on the page', async () => {
    const { workbench } = scene;
    await workbench.run('Session Keeper: Sign In…');
    await workbench.dialog.filter({ hasText: /Enter this code at 127\.0\.0\.1:\d+\/device to sign in to Acme\./ }).waitFor();
    const code = /[A-Z]{4}-[A-Z]{4}/.exec((await workbench.dialog.textContent()) ?? '')?.[0];
    assert.ok(code !== undefined);
    await workbench.picture('60-code');
    const page = await workbench.opens(() => workbench.dialog.getByRole('button', { name: 'Copy Code and Open Page' }).click());
    await page.getByText(`shows the code ${code}?`).waitFor();
    await workbench.picture('61-code-page', page);
    await page.getByRole('button', { name: 'Yes' }).click();
    await answerPages(page, 'demo');
    await page.getByText('You can close this page.').waitFor();
    await workbench.comeBackFrom(page);
    await workbench.notifications.filter({ hasText: 'Signed in to Acme as demo.' }).waitFor();
    await workbench.statusSays('Acme: renews in');
  });

  it('can type it on another device, call it off, and is offered the other ways by name', async () => {
    const { workbench } = scene;
    await workbench.run('Session Keeper: Sign In…');
    await workbench.dialog.getByRole('button', { name: 'Use Another Device' }).click();
    const waiting = workbench.notifications.filter({ hasText: /enter the code [A-Z]{4}-[A-Z]{4} at 127\.0\.0\.1:\d+\/device/ });
    await waiting.waitFor();
    await workbench.picture('62-code-waits');
    await waiting.getByRole('button', { name: 'Cancel' }).click();
    await workbench.press('Use Another Way to Sign In', 'Signing in to Acme was cancelled.');
    await workbench.rows.nth(0).filter({ hasText: 'Sign In in the Browser' }).waitFor();
    await workbench.rows.nth(1).filter({ hasText: 'Sign In and Paste the Address' }).waitFor();
    assert.equal(await workbench.rows.count(), 2);
    await workbench.picture('63-other-ways');
    const page = await workbench.opens(() => workbench.rows.filter({ hasText: 'Sign In in the Browser' }).click());
    await signInAt(page, 'demo');
    await workbench.comeBackFrom(page);
    await workbench.notifications.filter({ hasText: 'Signed in to Acme as demo.' }).last().waitFor();
  });
});

describe('a person whose browser comes back by a link to the editor', () => {
  const scene = setScene({}, (issuer) => ({ 'sessionKeeper.providers': [{ ...entryFor(issuer), signInWay: 'uri' }] }));

  it('is signed in, in the window that waits for it', async () => {
    const { identity, workbench } = scene;
    // In a browser VS Code makes another address of the link each time; this server takes it by its beginning, as some do.
    identity.provider.Client.prototype.redirectUriAllowed = (address: string): boolean => new URL(address).searchParams.has('vscode-reqid');
    const page = await workbench.opens(() => workbench.run('Session Keeper: Sign In…'));
    // Of what it opens, VS Code takes addresses of 127.0.0.1 in the query apart, to bring them here from elsewhere, and does not put them together again.
    await page.goto(page.url().replace(/(?<=redirect_uri=).*(?=&scope=)/, (address) => encodeURIComponent(decodeURIComponent(address.replace('%253F', '%3F')))));
    await answerPages(page, 'demo');
    await page.waitForURL((url) => url.pathname.endsWith('/callback'));
    await workbench.page.bringToFront();
    await workbench.notifications.filter({ hasText: 'Signed in to Acme as demo.' }).waitFor();
  });
});
