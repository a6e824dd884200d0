// The sign-in methods other than the default, and the alternatives that each offers.
import assert from 'node:assert/strict';
import { answerPages, confirmCode, signInAt } from '../../tools/simulatedUser.ts';
import { cancelSignIn, getUnreachableUrl, getActions } from './userActions.ts';
import { entryFor, createUiFixture } from './fixture.ts';
import { pressButton, type Workbench } from './workbench.ts';

const BROWSER = 'Sign In with Browser';
const CODE = 'Sign In with Device Code';
const PASTE = 'Sign In and Paste URL';

/** Presses Use Another Sign-In Method, and checks the methods and their order. */
async function mustOffer(workbench: Workbench, sentence: string, names: readonly string[]): Promise<void> {
  await workbench.press('Use Another Sign-In Method', sentence);
  await workbench.rows.nth(names.length - 1).waitFor();
  const rows = await workbench.rows.all();
  // The detail of the method is below its name.
  assert.deepEqual(await Promise.all(rows.map((row) => row.locator('.label-name').first().textContent())), names);
}

describe('signing in with a device code', () => {
  const fixture = createUiFixture({}, (issuer) => ({
    'sessionKeeper.providers': [{ ...entryFor(issuer), signInMethod: 'device' }],
  }));

  it('shows the code, copies it, and fills it in on the page that the user opens', async () => {
    const { workbench } = fixture;
    await workbench.run('Session Keeper: Sign In…');
    await workbench.dialog
      .filter({
        hasText: /Enter this code at 127\.0\.0\.1:\d+\/device to sign in to Acme\. It expires at \d+:\d\d [AP]M/,
      })
      .waitFor();
    const code = /[A-Z]{4}-[A-Z]{4}/.exec((await workbench.dialog.textContent()) ?? '')?.[0];
    assert.ok(code !== undefined);
    await workbench.screenshot('60-code');
    const page = await workbench.waitForPage(() =>
      workbench.dialog.getByRole('button', { name: 'Copy Code and Open Page' }).click(),
    );
    await page.getByText(`show the code ${code}?`).waitFor();
    await workbench.screenshot('61-code-page', page);
    await page.getByRole('button', { name: 'Yes' }).click();
    await answerPages(page, 'demo');
    await page.getByText('You can close this page.').waitFor();
    await workbench.returnFrom(page);
    await workbench.notifications.filter({ hasText: 'Signed in to Acme as demo.' }).waitFor();
    await workbench.waitForStatus('Acme: renews in');
  });

  it('offers the other methods by name after the user has canceled the code on another device', async () => {
    const { workbench } = fixture;
    await workbench.run('Session Keeper: Sign In…');
    await workbench.dialog.getByRole('button', { name: 'Use Another Device' }).click();
    const waiting = workbench.notifications.filter({
      hasText: /Enter code [A-Z]{4}-[A-Z]{4} at 127\.0\.0\.1:\d+\/device/,
    });
    await waiting.waitFor();
    await workbench.screenshot('62-code-waits');
    await workbench.status.click();
    await workbench.rows.filter({ hasText: 'Copy Code' }).waitFor();
    assert.equal(
      await workbench.rows.filter({ hasText: 'Copy Redirect URI' }).count(),
      0,
      'a code needs no redirect URI',
    );
    await workbench.page.keyboard.press('Escape');
    await pressButton(waiting, 'Cancel');
    await mustOffer(workbench, 'Sign-in to Acme was canceled.', [BROWSER, PASTE]);
    await workbench.screenshot('63-other-ways');
    const page = await workbench.waitForPage(() => workbench.rows.filter({ hasText: BROWSER }).click());
    await signInAt(page, 'demo');
    await workbench.returnFrom(page);
    await workbench.notifications.filter({ hasText: 'Signed in to Acme as demo.' }).last().waitFor();
  });
});

describe('signing in when the browser returns to VS Code', () => {
  const fixture = createUiFixture({});

  it('offers the other methods by name when it is canceled, and signs in with a pasted URL', async () => {
    const { workbench } = fixture;
    const first = await workbench.waitForPage(() => workbench.run('Session Keeper: Sign In…'));
    await workbench.returnFrom(first);
    await cancelSignIn(workbench);
    await mustOffer(workbench, 'Sign-in to Acme was canceled.', [CODE, PASTE]);
    await workbench.screenshot('69-other-ways-than-the-browser');
    const page = await workbench.waitForPage(() => workbench.rows.filter({ hasText: PASTE }).click());
    const address = await getUnreachableUrl(page, () => answerPages(page, 'demo'));
    await workbench.returnFrom(page);
    await workbench.box.waitFor();
    await workbench.screenshot('69-paste');
    await workbench.box.fill(address);
    await workbench.box.press('Enter');
    await workbench.notification('Signed in to Acme as demo.').waitFor();
    await workbench.clearNotifications();
  });

  it('offers the other methods when another program uses the registered port', async () => {
    const { identity, workbench } = fixture;
    await workbench.changeSettings({
      'sessionKeeper.providers': [{ ...entryFor(identity.issuer), label: 'Works', redirectPorts: [identity.port] }],
    });
    await workbench.reloadSettings();
    await workbench.waitForStatus('Works: renews in');
    await workbench.run('Session Keeper: Sign In…');
    const sentence = 'Couldn\'t sign in to Works. All ports in "redirectPorts" are in use by other programs.';
    assert.deepEqual(await getActions(workbench.notification(sentence)), {
      buttons: ['Use Another Sign-In Method', 'Open Settings'],
      links: [],
    });
    await workbench.screenshot('69-port-taken');
    await mustOffer(workbench, sentence, [CODE, PASTE]);
    await workbench.rows.filter({ hasText: CODE }).click();
    const page = await workbench.waitForPage(() =>
      workbench.dialog.getByRole('button', { name: 'Open Page', exact: true }).click(),
    );
    await confirmCode(page, 'demo');
    await workbench.returnFrom(page);
    await workbench.notification('Signed in to Works as demo.').waitFor();
  });
});

describe('signing in when the browser returns with a link to the editor', () => {
  const fixture = createUiFixture({}, (issuer) => ({
    'sessionKeeper.providers': [{ ...entryFor(issuer), signInMethod: 'uri' }],
  }));

  it('ends in the waiting window when the link is opened', async () => {
    const { identity, workbench } = fixture;
    // In a browser, VS Code creates a different URL for the link each time. This server compares only its start, as some do.
    identity.provider.Client.prototype.redirectUriAllowed = (address: string): boolean =>
      new URL(address).searchParams.has('vscode-reqid') || /^http:\/\/127\.0\.0\.1:\d+\/callback$/.test(address);
    const page = await workbench.waitForPage(() => workbench.run('Session Keeper: Sign In…'));
    // VS Code rewrites URLs of 127.0.0.1 in the query of the URLs that it opens, and doesn't restore them.
    await page.goto(
      page
        .url()
        .replace(/(?<=redirect_uri=).*(?=&scope=)/, (address) =>
          encodeURIComponent(decodeURIComponent(address.replace('%253F', '%3F'))),
        ),
    );
    await answerPages(page, 'demo');
    await page.waitForURL((url) => url.pathname.endsWith('/callback'));
    await workbench.page.bringToFront();
    await workbench.notifications.filter({ hasText: 'Signed in to Acme as demo.' }).waitFor();
    await page.close();
    await workbench.clearNotifications();
  });

  it('offers the other methods by name when it is canceled', async () => {
    const { workbench } = fixture;
    const first = await workbench.waitForPage(() => workbench.run('Session Keeper: Sign In…'));
    await workbench.returnFrom(first);
    await cancelSignIn(workbench);
    await mustOffer(workbench, 'Sign-in to Acme was canceled.', [BROWSER, CODE, PASTE]);
    const page = await workbench.waitForPage(() => workbench.rows.filter({ hasText: BROWSER }).click());
    await signInAt(page, 'demo');
    await workbench.returnFrom(page);
    await workbench.notification('Signed in to Acme as demo.').waitFor();
  });
});
