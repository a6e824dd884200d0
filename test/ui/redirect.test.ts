// A browser that doesn't come back because the server accepts only the redirect URIs that it knows, and a server that
// issues a refresh token only after the person has consented.
import assert from 'node:assert/strict';
import { answerPages, signInAt } from '../../tools/person.ts';
import { LONG, MUTE, callOff, offersOf, signIn, toast } from './acts.ts';
import { entryFor, setScene } from './scene.ts';

/** What the hint after 30 seconds begins with. */
const WAITING =
  'Still waiting for your browser. If Acme shows an error or a blank page, it may not accept this redirect URI: http://127.0.0.1:';
/** How long, in ms, it may take until the hint is there. */
const HINT = 45_000;

describe('a person whose server accepts only the redirect URIs that it knows', () => {
  const scene = setScene({}, (issuer) => ({ 'sessionKeeper.providers': [entryFor(issuer)] }));
  const registered = new Set<string>();

  it('reads after 30 seconds what may be wrong, and copies what to register', async () => {
    const { identity, workbench } = scene;
    identity.provider.Client.prototype.redirectUriAllowed = (uri: string): boolean => registered.has(uri);
    await workbench.statusSays('Acme: signed out');
    const page = await workbench.opens(() => workbench.run('Session Keeper: Sign In…'));
    await workbench.picture('190-server-shows-error', page);
    await workbench.comeBackFrom(page);
    const hint = workbench.told(WAITING);
    assert.equal(await hint.count(), 0, 'not at once');
    await hint.waitFor({ timeout: HINT });
    assert.deepEqual(await offersOf(hint), {
      buttons: ['Copy Redirect URI'],
      links: ['Use a Fixed Port…', 'Try Another Method', 'Dismiss'],
    });
    await workbench.picture('191-still-waiting');
    // It goes away with the sign-in, and comes again with the next one.
    await (await callOff(workbench)).getByRole('button', { name: 'Copy Redirect URI' }).waitFor();
    await hint.waitFor({ state: 'detached' });
    await workbench.clearNotifications();
    await workbench.comeBackFrom(await workbench.opens(() => workbench.run('Session Keeper: Sign In…')));
    await hint.waitFor({ timeout: HINT });
    assert.equal(await hint.count(), 1);
    await hint.getByRole('button', { name: 'Copy Redirect URI' }).click();
    await workbench
      .told('Copied http://127.0.0.1/callback. Add it to your client at Acme as a redirect URI for any port.')
      .waitFor();
    assert.equal(await workbench.clipboard(), 'http://127.0.0.1/callback');
    await workbench.picture('192-redirect-uri-copied');
  });

  it('uses a fixed port: it is written into the entry, what to register is shown and copied, and the sign-in starts again', async () => {
    const { identity, workbench } = scene;
    await workbench.press('Use a Fixed Port…', 'Copied http://127.0.0.1/callback.');
    await workbench.page.locator('.quick-input-widget', { hasText: 'Use a Fixed Port for Acme' }).waitFor();
    const port = await workbench.box.inputValue();
    assert.match(port, /^(?:28|29|30|31)\d{3}$/);
    await workbench.box.fill('70000');
    await workbench.page.getByText('Enter a port between 1 and 65535').waitFor();
    await workbench.box.fill(port);
    await workbench.page.getByText(`Redirect URI to register: http://127.0.0.1:${port}/callback`).waitFor();
    await workbench.picture('193-fixed-port');
    await workbench.page.keyboard.press('Enter');
    await workbench.dialog
      .filter({ hasText: `Add this redirect URI to your client at Acme: http://127.0.0.1:${port}/callback` })
      .waitFor();
    await workbench.picture('194-fixed-port-register');
    assert.equal(await workbench.clipboard(), `http://127.0.0.1:${port}/callback`);
    assert.deepEqual((await workbench.userSettings())['sessionKeeper.providers'], [
      { ...entryFor(identity.issuer), redirectPorts: [Number(port)] },
    ]);
    registered.add(`http://127.0.0.1:${port}/callback`);
    const page = await workbench.opens(() => workbench.dialog.getByRole('button', { name: 'Sign In' }).click());
    await signInAt(page, 'demo');
    // The last page is still there for a reload.
    await page.reload();
    assert.equal(await page.getByRole('heading').textContent(), 'You are signed in to Acme');
    await workbench.comeBackFrom(page);
    await workbench.told('Signed in to Acme as demo.').waitFor();
    assert.equal(await workbench.told(WAITING).count(), 0);
    await workbench.clearNotifications();
  });

  it('names the redirect URI that is registered already, and the browser comes back to that on localhost', async () => {
    const { identity, workbench } = scene;
    const page = await workbench.opens(() => workbench.run('Session Keeper: Sign In…'));
    await workbench.comeBackFrom(page);
    await workbench.status.click();
    await workbench.rows.filter({ hasText: 'Use a Fixed Port…' }).click();
    await workbench.page.locator('.quick-input-widget', { hasText: 'Use a Fixed Port for Acme' }).waitFor();
    const port = await workbench.box.inputValue();
    await workbench.box.fill(`http://localhost:${port}/auth`);
    await workbench.page.getByText(`Redirect URI to register: http://localhost:${port}/auth`).waitFor();
    await workbench.page.keyboard.press('Enter');
    registered.clear();
    registered.add(`http://localhost:${port}/auth`);
    const again = await workbench.opens(() => workbench.dialog.getByRole('button', { name: 'Sign In' }).click());
    await signInAt(again, 'demo');
    assert.equal(new URL(again.url()).origin, `http://localhost:${port}`);
    await workbench.comeBackFrom(again);
    await workbench.told('Signed in to Acme as demo.').waitFor();
    const [entry] = (await workbench.userSettings())['sessionKeeper.providers'] as Readonly<Record<string, unknown>>[];
    assert.equal(entry?.['redirectUri'], `http://localhost:${port}/auth`);
    assert.equal(
      identity.journal.entries.findLast(({ path }) => path === '/auth')?.parameters['redirect_uri'],
      `http://localhost:${port}/auth`,
    );
  });
});

describe('a person whom another extension asks to sign in, at such a server', () => {
  const scene = setScene({}, (issuer) => ({
    'sessionKeeper.providers': [{ ...entryFor(issuer), redirectUri: 'http://localhost/auth' }],
  }));
  const registered = new Set<string>();

  it('reads after 30 seconds what may be wrong, uses a fixed port, and the extension gets its session', async () => {
    const { identity, workbench } = scene;
    identity.provider.Client.prototype.redirectUriAllowed = (uri: string): boolean => registered.has(uri);
    await workbench.statusSays('Acme: signed out');
    await workbench.run('Consumer: Who Am I?');
    const first = await workbench.opens(() =>
      workbench.dialog
        .filter({ hasText: 'wants to sign in using Acme' })
        .getByRole('button', { name: 'Allow' })
        .click(),
    );
    await workbench.comeBackFrom(first);
    const words = 'it may not accept this redirect URI: http://localhost:';
    await workbench.told(words).waitFor({ timeout: HINT });
    await workbench.sync('Use a Fixed Port…', words);
    await workbench.page.locator('.quick-input-widget', { hasText: 'Use a Fixed Port for Acme' }).waitFor();
    const uri = `http://localhost:${await workbench.box.inputValue()}/auth`;
    await workbench.page.keyboard.press('Enter');
    await workbench.dialog.filter({ hasText: uri }).waitFor();
    registered.add(uri);
    const page = await workbench.opens(() => workbench.dialog.getByRole('button', { name: 'Sign In' }).click());
    await signInAt(page, 'demo');
    await workbench.comeBackFrom(page);
    await workbench.told('Acme says: you are Demo Account').waitFor();
    assert.equal(await workbench.told(words).count(), 0);
    assert.deepEqual((await workbench.userSettings())['sessionKeeper.providers'], [
      { ...entryFor(identity.issuer), redirectUri: uri },
    ]);
    await workbench.clearNotifications();
  });
});

describe('a person whose server issues a refresh token only after consent', () => {
  const scene = setScene({ issueRefreshToken: 'never', accessTokenSeconds: LONG }, (issuer) => ({
    'sessionKeeper.providers': [{ ...entryFor(issuer), authorizationParameters: { ui_locales: 'en' } }],
  }));
  const SENTENCE = 'Acme didn’t issue a refresh token for demo, so the session can’t be renewed.';

  it('is told so once, and asks for consent', async () => {
    const { identity, workbench } = scene;
    await workbench.statusSays('Acme: signed out');
    await signIn(workbench);
    const told = toast(workbench, SENTENCE);
    assert.deepEqual(await offersOf(told), { buttons: ['Ask for Consent'], links: ['Dismiss', MUTE] });
    await workbench.picture('195-no-refresh-token');
    await workbench.status.click();
    await workbench.rows.filter({ hasText: 'Ask for Consent' }).waitFor();
    await workbench.picture('196-ask-for-consent-pick');
    await workbench.page.keyboard.press('Escape');
    identity.policy.issueRefreshToken = 'whenAsked';
    const page = await workbench.opens(() => told.getByRole('button', { name: 'Ask for Consent' }).click());
    await page.getByRole('button', { name: 'Allow' }).waitFor();
    await workbench.picture('197-consent-page', page);
    await answerPages(page, 'demo');
    await page.waitForURL((url) => url.pathname === '/done');
    await workbench.comeBackFrom(page);
    await workbench
      .told('Your Acme session can be renewed now. Session Keeper will ask for consent whenever you sign in.')
      .waitFor();
    await workbench.picture('198-consent-helped');
    const request = identity.journal.entries.findLast(({ path }) => path === '/auth');
    assert.equal(request?.parameters['prompt'], 'consent');
    await workbench.statusSays('Acme: renews in');
    await told.waitFor({ state: 'detached' });
    assert.deepEqual((await workbench.userSettings())['sessionKeeper.providers'], [
      { ...entryFor(identity.issuer), authorizationParameters: { ui_locales: 'en', prompt: 'consent' } },
    ]);
  });
});
