// VS Code in a browser on a different computer: the browser can't return to VS Code automatically.
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { answerPages, confirmCode } from '../../tools/simulatedUser.ts';
import { cancelSignIn, getUnreachableUrl, getActions } from './userActions.ts';
import { entryFor, createUiFixture } from './fixture.ts';
import { pressButton } from './workbench.ts';

const CODE = /[A-Z]{4}-[A-Z]{4}/;

describe('signing in when the browser and VS Code are on different computers', () => {
  const fixture = createUiFixture({}, (issuer) => ({ 'sessionKeeper.providers': [entryFor(issuer)] }), {
    host: 'code.example.com',
  });

  it("shows a code first, because the browser can't return to VS Code", async () => {
    const { workbench } = fixture;
    await workbench.run('Session Keeper: Sign In…');
    await workbench.dialog.filter({ hasText: 'Enter this code' }).waitFor();
    assert.match(workbench.page.url(), /^http:\/\/code\.example\.com:\d+\//);
    await workbench.screenshot('64-elsewhere-code');
    await workbench.dialog.getByRole('button', { name: 'Use Another Device' }).click();
  });

  it('offers to paste the URL when the code was canceled, and rejects the URL of another sign-in', async () => {
    const { workbench } = fixture;
    const shown = await cancelSignIn(workbench);
    assert.deepEqual(await getActions(shown), {
      buttons: ['Sign In', 'Sign In and Paste URL'],
      links: [],
    });
    await workbench.screenshot('65-elsewhere-offer');
    const page = await workbench.waitForPage(() => pressButton(shown, 'Sign In and Paste URL'));
    await workbench.returnFrom(page);
    await workbench.box.fill('http://127.0.0.1:50000/callback?code=a&state=of-another');
    await workbench.page.getByText('This URL is from a different sign-in.').waitFor();
    await workbench.screenshot('66-elsewhere-wrong-address');
    await workbench.box.fill('http://127.0.0.1:50000/login');
    await workbench.page.getByText("This isn't the URL from the final sign-in page.").waitFor();
  });

  it('offers the code by name when pasting was canceled', async () => {
    const { workbench } = fixture;
    await workbench.page.keyboard.press('Escape');
    const shown = workbench.notification('Sign-in to Acme was canceled.').last();
    assert.deepEqual(await getActions(shown), {
      buttons: ['Sign In', 'Sign In with Device Code', 'Copy Redirect URI'],
      links: [],
    });
    await workbench.notification('Complete sign-in in your browser').waitFor({ state: 'detached' });
    await workbench.screenshot('67-elsewhere-code-again');
    await workbench.clearNotifications();
  });

  it('signs in with the pasted URL of the final page', async () => {
    const { workbench } = fixture;
    await workbench.run('Session Keeper: Sign In…');
    await workbench.dialog.getByRole('button', { name: 'Use Another Device' }).click();
    const shown = await cancelSignIn(workbench);
    const page = await workbench.waitForPage(() => pressButton(shown, 'Sign In and Paste URL'));
    const address = await getUnreachableUrl(page, () => answerPages(page, 'demo'));
    assert.match(address, /^http:\/\/127\.0\.0\.1:\d+\/callback\?code=/);
    await workbench.returnFrom(page);
    await workbench.box.fill(address);
    await workbench.box.press('Enter');
    await workbench.notification('Signed in to Acme as demo.').waitFor();
    await workbench.waitForStatus('Acme: renews in');
  });

  it('signs in with a new code when the first one has expired', async () => {
    const { identity, workbench } = fixture;
    await workbench.clearNotifications();
    identity.policy.deviceCodeSeconds = 2;
    await workbench.run('Session Keeper: Sign In…');
    const old = await codeShown();
    await workbench.dialog.getByRole('button', { name: 'Use Another Device' }).click();
    const shown = workbench.notification('The code for Acme expired before it was used.');
    assert.deepEqual(await getActions(shown), {
      buttons: ['Get New Code', 'Sign In and Paste URL'],
      links: [],
    });
    await workbench.screenshot('68-elsewhere-code-over');
    identity.policy.deviceCodeSeconds = 600;
    await pressButton(shown, 'Get New Code');
    const fresh = await codeShown();
    assert.notEqual(fresh, old);
    const page: Page = await workbench.waitForPage(() =>
      workbench.dialog.getByRole('button', { name: 'Open Page', exact: true }).click(),
    );
    await page.getByText(`show the code ${fresh}?`).waitFor();
    await confirmCode(page, 'demo');
    await workbench.returnFrom(page);
    await workbench.notification('Signed in to Acme as demo.').waitFor();
  });

  async function codeShown(): Promise<string> {
    const { dialog } = fixture.workbench;
    await dialog.filter({ hasText: CODE }).waitFor();
    return CODE.exec((await dialog.textContent()) ?? '')?.[0] ?? '';
  }
});
