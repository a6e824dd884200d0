// The person's whole path, in a real VS Code at a real identity server.
import assert from 'node:assert/strict';
import { leaks } from '../../tools/leaks.ts';
import { signInAt } from '../../tools/person.ts';
import { setScene } from './scene.ts';

describe('a person with one provider in the settings', () => {
  const scene = setScene({ accessTokenSeconds: 3600 });

  /** The tokens that the server has given out and still honours. */
  async function activeTokens(): Promise<string[]> {
    const { identity } = scene;
    const active: string[] = [];
    for (const secret of identity.journal.secrets.keys()) {
      if (await identity.tokenIsActive(secret)) {
        active.push(secret);
      }
    }
    return active;
  }

  it('sees that nobody is signed in, and is offered to sign in by the Accounts menu, and only what makes sense by the palette', async () => {
    const { workbench } = scene;
    await workbench.statusSays('Acme: signed out');
    await workbench.badgeSays(1);
    const offered = await workbench.offered('Session Keeper:');
    assert.ok(offered.includes('Session Keeper: Sign In…'), offered.join());
    assert.ok(!offered.includes('Session Keeper: Sign Out…'), offered.join());
    assert.ok(!offered.includes('Session Keeper: Renew Now'), offered.join());
    const items = await workbench.accountsMenu();
    await items.filter({ hasText: 'Sign in with Acme to use Session Keeper (1)' }).waitFor();
    await workbench.picture('1-accounts-menu');
    await workbench.page.keyboard.press('Escape');
  });

  it('signs in at the server’s own page, and reads that it worked', async () => {
    const { workbench } = scene;
    const items = await workbench.accountsMenu();
    const page = await workbench.opens(() => workbench.choose(items.filter({ hasText: 'Sign in with Acme' })));
    await workbench.picture('2-login-page', page);
    await workbench.statusSays('Acme: signing in…');
    await signInAt(page, 'demo');
    assert.equal(await page.getByRole('heading').textContent(), 'You are signed in to Acme');
    assert.ok(!page.url().includes('code='), 'no code stays in the address');
    await workbench.picture('3-signed-in-page', page);
    await page.emulateMedia({ colorScheme: 'dark' });
    await workbench.picture('3-signed-in-page-dark', page);
    await workbench.comeBackFrom(page);
  });

  it('sent the request to the server to the letter', () => {
    const { identity } = scene;
    const sent = identity.journal.entries.find(({ path }) => path === '/auth')?.parameters ?? {};
    assert.equal(sent['scope'], 'openid profile email offline_access');
    assert.match(sent['redirect_uri'] ?? '', /^http:\/\/127\.0\.0\.1:\d+\/callback$/);
    assert.equal(sent['code_challenge_method'], 'S256');
  });

  it('sees how long it lasts, has the account in the menu, and no badge any more', async () => {
    const { workbench } = scene;
    await workbench.statusSays('Acme: renews in 5');
    await workbench.badgeSays(0);
    const items = await workbench.accountsMenu();
    await items.filter({ hasText: 'demo (Acme)' }).waitFor();
    await workbench.picture('4-signed-in');
    await workbench.page.keyboard.press('Escape');
  });

  it('reads more in the tooltip, and can act from there', async () => {
    const { workbench } = scene;
    await workbench.page.mouse.move(500, 300);
    await workbench.status.hover();
    const tooltip = workbench.page.locator('.monaco-hover', { hasText: 'Account: demo' });
    await tooltip.waitFor();
    const words = ((await tooltip.textContent()) ?? '').replaceAll('\u00a0', ' ');
    for (const expected of [
      'State: signed in',
      'Session ends:',
      'Access token expires:',
      'Signed in:',
      'Next renewal:',
      'Sign Out',
      'Renew Now',
      'Show Log',
    ]) {
      assert.ok(words.includes(expected), `${expected} in ${words}`);
    }
    await workbench.picture('5-tooltip');
    await workbench.page.mouse.move(500, 300);
  });

  it('finds every action behind a click, and renews by hand', async () => {
    const { identity, workbench } = scene;
    await workbench.status.click();
    const renewNow = workbench.rows.filter({ hasText: 'Renew Now' });
    await renewNow.waitFor();
    await workbench.picture('6-actions');
    const renewed = identity.journal.waitForRequest(({ grantType }) => grantType === 'refresh_token');
    await renewNow.click();
    assert.equal((await renewed).status, 200);
    await workbench.notifications.filter({ hasText: 'The session of demo at Acme is renewed.' }).waitFor();
    await workbench.picture('7-renewed');
  });

  it('is renewed ahead of time without doing anything, as the server can tell', async () => {
    const { identity, workbench } = scene;
    identity.policy.accessTokenSeconds = 9;
    await workbench.run('Session Keeper: Renew Now');
    const before = identity.journal.refreshRequests().length;
    await identity.journal.waitForRequest(
      ({ grantType }) => grantType === 'refresh_token' && identity.journal.refreshRequests().length > before + 1,
      {
        limitMilliseconds: 20_000,
      },
    );
    identity.policy.accessTokenSeconds = 3600;
    await workbench.statusSays('Acme: renews in 5');
  });

  it('is still signed in after a restart, without a request to the server', async () => {
    const { identity, workbench } = scene;
    const { length } = identity.journal.entries;
    await workbench.reload();
    await workbench.statusSays('Acme: renews in 5');
    assert.equal(identity.journal.entries.length, length);
    await workbench.badgeSays(0);
  });

  it('lets another extension in, which then reaches the server with the token', async () => {
    const { identity, workbench } = scene;
    await workbench.run('Consumer: Who Am I?');
    await workbench.dialog.filter({ hasText: 'wants to sign in using Acme' }).waitFor();
    await workbench.picture('8-consent');
    await workbench.dialog.getByRole('button', { name: 'Allow' }).click();
    const account = workbench.rows.filter({ hasText: 'demo' });
    await account.waitFor();
    await workbench.picture('8-consent-account');
    await account.click();
    await workbench.notifications.filter({ hasText: /Acme says: you are / }).waitFor();
    await workbench.picture('9-consumer');
    assert.ok(identity.journal.entries.some(({ path, status }) => path === '/me' && status === 200));
  });

  it('reads the story in the log, which holds no secret', async () => {
    const { identity, workbench } = scene;
    await workbench.run('Session Keeper: Show Log');
    const lines = workbench.page.locator('.output-view-content, .part.panel').locator('.view-line');
    await lines
      .filter({ hasText: /Session\s\w+\sat\sacme/ })
      .first()
      .waitFor();
    await workbench.picture('10-log');
    const log = await workbench.logs();
    assert.ok(log.includes('Session Keeper starts'));
    assert.ok(log.includes('starts (asked for by the person)'));
    assert.ok(identity.journal.secrets.size > 5);
    assert.deepEqual(leaks(identity.journal, await workbench.logTexts()), []);
    await workbench.page.keyboard.press('Control+j');
  });

  it('signs out from the Accounts menu, here and at the server', async () => {
    const { identity, workbench } = scene;
    assert.ok((await activeTokens()).length > 0);
    const items = await workbench.accountsMenu();
    await items.filter({ hasText: 'demo (Acme)' }).hover();
    await workbench.choose(workbench.page.locator('.action-menu-item', { hasText: 'Sign Out' }));
    await workbench.dialog.getByRole('button', { name: 'Sign Out' }).click();
    await workbench.statusSays('Acme: signed out');
    await identity.journal.waitForRequest(({ path, status }) => path === '/token/revocation' && status === 200);
    await workbench.badgeSays(1);
    await workbench.picture('11-signed-out');
    assert.deepEqual(await activeTokens(), []);
  });
});
