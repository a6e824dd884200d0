// Signing out at the server in the browser, and the callback.
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { finishSignIn, signIn, signOut } from './userActions.ts';
import { entryFor, createUiFixture } from './fixture.ts';

describe('signing out in the browser, too', () => {
  const fixture = createUiFixture({}, (issuer) => ({
    'sessionKeeper.providers': [{ ...entryFor(issuer), signOutAtServer: 'return' }],
  }));

  const signOutAtServer = async (): Promise<Page> => {
    const { workbench } = fixture;
    const page = await workbench.waitForPage(() => signOut(workbench));
    await page.getByText('Sign out?').waitFor();
    // VS Code is already signed out, whatever happens on the page.
    await workbench.page.bringToFront();
    await workbench.waitForStatus('Acme: signed out');
    await page.bringToFront();
    return page;
  };

  it('ends on a confirmation page after the user has confirmed it at the server', async () => {
    const { identity, workbench } = fixture;
    await signIn(workbench);
    const page = await signOutAtServer();
    await workbench.screenshot('70-sign-out-at-server', page);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText("You're signed out of Acme").waitFor();
    const { hostname, pathname, search } = new URL(page.url());
    assert.deepEqual([hostname, pathname, search], ['127.0.0.1', '/done', '']);
    assert.equal(await page.getByRole('status').textContent(), 'You can close this tab.');
    await workbench.screenshot('71-signed-out-page', page);
    assert.ok(identity.journal.entries.some(({ path }) => path === '/session/end/confirm'));
    await workbench.returnFrom(page);
  });

  it('makes the server ask for the password at the next sign-in', async () => {
    const { workbench } = fixture;
    await workbench.clearNotifications();
    await finishSignIn(workbench, async () => {
      const opened = workbench.context.waitForEvent('page');
      await workbench.run('Session Keeper: Sign In…');
      await (await opened).locator('[name=password]').waitFor();
    });
    await workbench.notification('Signed in to Acme as demo.').waitFor();
  });

  it("shows that the link is no longer valid if its state doesn't match", async () => {
    const { workbench } = fixture;
    const page = await signOutAtServer();
    const answer = new URL(new URL(page.url()).searchParams.get('post_logout_redirect_uri') ?? '');
    await page.goto(`${answer.href}?state=another`);
    await page.getByText('This sign-out link is no longer valid').waitFor();
    await workbench.screenshot('72-stray-sign-out', page);
    await page.goto(answer.href);
    await page.getByText('This sign-out link is no longer valid').waitFor();
    await workbench.returnFrom(page);
    await workbench.waitForStatus('Acme: signed out');
  });
});
