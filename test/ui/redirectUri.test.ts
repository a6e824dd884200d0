// A browser that doesn't return because the server accepts only registered redirect URIs.
import assert from 'node:assert/strict';
import { signInAt } from '../../tools/simulatedUser.ts';
import { LONG, cancelSignIn, getActions, signOut } from './userActions.ts';
import { entryFor, createUiFixture, type UiFixture } from './fixture.ts';
import { pressButton } from './workbench.ts';

/** The start of the hint. */
const WAITING =
  'Still waiting for your browser. If Acme shows an error, check the client ID and register this redirect URI: http://127.0.0.1:';
const COPIED = 'Copied http://127.0.0.1/callback. Add it to the redirect URIs of your client at Acme, for any port.';
/** How long, in ms, a sign-in waits before the hint. */
const HINT_AFTER = 30_000;

/** Signs out, and changes the entry of the server in the settings; its new label shows that the change took effect. */
async function changeEntry(
  { identity, workbench }: UiFixture,
  change: Readonly<Record<string, unknown>>,
): Promise<void> {
  await workbench.clearNotifications();
  await signOut(workbench);
  await workbench.waitForStatus('signed out');
  await workbench.clearNotifications();
  await workbench.changeSettings({ 'sessionKeeper.providers': [{ ...entryFor(identity.issuer), ...change }] });
  await workbench.reloadSettings();
  await workbench.waitForStatus(`${String(change['label'])}: signed out`);
}

describe("a redirect URI that the server doesn't know", () => {
  const fixture = createUiFixture({ accessTokenSeconds: LONG }, (issuer) => ({
    'sessionKeeper.providers': [entryFor(issuer)],
  }));
  const registered = new Set<string>();

  before(() => {
    fixture.identity.provider.Client.prototype.redirectUriAllowed = (uri: string): boolean => registered.has(uri);
  });

  it("is shown, and copied, if the browser hasn't returned after 30 seconds", async () => {
    const { workbench } = fixture;
    await workbench.waitForStatus('Acme: signed out');
    const startedAt = Date.now();
    const page = await workbench.waitForPage(() => workbench.run('Session Keeper: Sign In…'));
    await workbench.screenshot('190-server-shows-error', page);
    await workbench.returnFrom(page);
    const hint = workbench.notification(WAITING);
    await hint.waitFor();
    assert.ok(Date.now() - startedAt >= HINT_AFTER, 'not immediately');
    assert.deepEqual(await getActions(hint), {
      buttons: ['Copy Redirect URI'],
      links: ['Edit Provider…', 'Use Fixed Port…', 'Use Another Sign-In Method', 'Dismiss'],
    });
    await workbench.screenshot('191-still-waiting');
    await pressButton(hint, 'Copy Redirect URI');
    await workbench.notification(COPIED).waitFor();
    assert.equal(await workbench.clipboard(), 'http://127.0.0.1/callback');
    await workbench.screenshot('192-redirect-uri-copied');
    await (await cancelSignIn(workbench)).getByRole('button', { name: 'Copy Redirect URI' }).waitFor();
    await hint.waitFor({ state: 'detached' });
    await workbench.clearNotifications();
  });

  it('is replaced by a fixed port if the user chooses that, and the sign-in starts again', async () => {
    const { identity, workbench } = fixture;
    await workbench.returnFrom(await workbench.waitForPage(() => workbench.run('Session Keeper: Sign In…')));
    await workbench.status.click();
    await workbench.rows.filter({ hasText: 'Copy Redirect URI' }).click();
    await workbench.press('Use Fixed Port…', COPIED);
    await workbench.page.locator('.quick-input-widget', { hasText: 'Fixed Port for Acme' }).waitFor();
    const port = await workbench.box.inputValue();
    assert.match(port, /^(?:28|29|30|31)\d{3}$/);
    await workbench.box.fill('70000');
    await workbench.page.getByText('Enter a port between 1 and 65535').waitFor();
    await workbench.box.fill(port);
    await workbench.page.getByText(`Redirect URI to register: http://127.0.0.1:${port}/callback`).waitFor();
    await workbench.screenshot('193-fixed-port');
    await workbench.box.press('Enter');
    await workbench.dialog
      .filter({ hasText: `Add this redirect URI to your client at Acme: http://127.0.0.1:${port}/callback` })
      .waitFor();
    await workbench.screenshot('194-fixed-port-register');
    assert.equal(await workbench.clipboard(), `http://127.0.0.1:${port}/callback`);
    assert.deepEqual((await workbench.userSettings())['sessionKeeper.providers'], [
      { ...entryFor(identity.issuer), redirectPorts: [Number(port)] },
    ]);
    registered.add(`http://127.0.0.1:${port}/callback`);
    const page = await workbench.waitForPage(() => workbench.dialog.getByRole('button', { name: 'Sign In' }).click());
    await signInAt(page, 'demo');
    // The final page can still be reloaded.
    await page.reload();
    assert.equal(await page.getByRole('heading').textContent(), "You're signed in to Acme");
    await workbench.returnFrom(page);
    await workbench.notification('Signed in to Acme as demo.').waitFor();
    await workbench.clearNotifications();
  });

  it('is replaced by the registered one that the user enters, and the browser returns to localhost', async () => {
    const { identity, workbench } = fixture;
    const page = await workbench.waitForPage(() => workbench.run('Session Keeper: Sign In…'));
    await workbench.returnFrom(page);
    await workbench.status.click();
    await workbench.rows.filter({ hasText: 'Use Fixed Port…' }).click();
    await workbench.page.locator('.quick-input-widget', { hasText: 'Fixed Port for Acme' }).waitFor();
    const port = await workbench.box.inputValue();
    await workbench.box.fill(`http://localhost:${port}/auth`);
    await workbench.page.getByText(`Redirect URI to register: http://localhost:${port}/auth`).waitFor();
    await workbench.box.press('Enter');
    registered.clear();
    registered.add(`http://localhost:${port}/auth`);
    const again = await workbench.waitForPage(() => workbench.dialog.getByRole('button', { name: 'Sign In' }).click());
    await signInAt(again, 'demo');
    assert.equal(new URL(again.url()).origin, `http://localhost:${port}`);
    await workbench.returnFrom(again);
    await workbench.notification('Signed in to Acme as demo.').waitFor();
    const [entry] = (await workbench.userSettings())['sessionKeeper.providers'] as Readonly<Record<string, unknown>>[];
    assert.equal(entry?.['redirectUri'], `http://localhost:${port}/auth`);
    assert.equal(
      identity.journal.entries.findLast(({ path }) => path === '/auth')?.parameters['redirect_uri'],
      `http://localhost:${port}/auth`,
    );
  });

  it('is replaced by a fixed port while another extension waits for the session, which it then gets', async () => {
    const { identity, workbench } = fixture;
    await changeEntry(fixture, { label: 'Globex', redirectUri: 'http://localhost/auth' });
    registered.clear();
    await workbench.run('Consumer: Who Am I?');
    const first = await workbench.waitForPage(() =>
      workbench.dialog
        .filter({ hasText: 'wants to sign in using Globex' })
        .getByRole('button', { name: 'Allow' })
        .click(),
    );
    await workbench.returnFrom(first);
    const words = 'check the client ID and register this redirect URI: http://localhost:';
    await workbench.notification(words).waitFor();
    await workbench.followLink('Use Fixed Port…', words);
    await workbench.page.locator('.quick-input-widget', { hasText: 'Fixed Port for Globex' }).waitFor();
    const uri = `http://localhost:${await workbench.box.inputValue()}/auth`;
    await workbench.box.press('Enter');
    await workbench.dialog.filter({ hasText: uri }).waitFor();
    registered.add(uri);
    const page = await workbench.waitForPage(() => workbench.dialog.getByRole('button', { name: 'Sign In' }).click());
    await signInAt(page, 'demo');
    await workbench.returnFrom(page);
    await workbench.notification('Globex says: you are Demo Account').waitFor();
    await workbench.notification(words).waitFor({ state: 'detached' });
    assert.deepEqual((await workbench.userSettings())['sessionKeeper.providers'], [
      { ...entryFor(identity.issuer), label: 'Globex', redirectUri: uri },
    ]);
  });
});
