// A session from signing in to signing out, in a real VS Code at a real identity server.
import assert from 'node:assert/strict';
import { leaks } from '../../tools/leaks.ts';
import { signInAt } from '../../tools/simulatedUser.ts';
import { createUiFixture } from './fixture.ts';
import { LIMIT } from './workbench.ts';

describe('a session from signing in to signing out', () => {
  const fixture = createUiFixture({ accessTokenSeconds: 3600 });

  /** The tokens that the server has issued and still accepts. */
  async function activeTokens(): Promise<string[]> {
    const { identity } = fixture;
    const active: string[] = [];
    for (const secret of identity.journal.secrets.keys()) {
      if (await identity.tokenIsActive(secret)) {
        active.push(secret);
      }
    }
    return active;
  }

  it('is offered by the Accounts menu and the status bar while no user is signed in, without commands for sessions', async () => {
    const { workbench } = fixture;
    await workbench.waitForStatus('Acme: signed out');
    await workbench.waitForBadge(1);
    const offered = await workbench.listCommands('Session Keeper:');
    assert.ok(offered.includes('Session Keeper: Sign In…'), offered.join());
    assert.ok(!offered.includes('Session Keeper: Sign Out…'), offered.join());
    assert.ok(!offered.includes('Session Keeper: Renew Now'), offered.join());
    const items = await workbench.accountsMenu();
    await items.filter({ hasText: 'Sign in with Acme to use Session Keeper (1)' }).waitFor();
    await workbench.screenshot('1-accounts-menu');
    await workbench.page.keyboard.press('Escape');
  });

  it("starts when the user signs in on the server's page, which the Accounts menu opens", async () => {
    const { workbench } = fixture;
    const items = await workbench.accountsMenu();
    const page = await workbench.waitForPage(() => workbench.select(items.filter({ hasText: 'Sign in with Acme' })));
    await workbench.screenshot('2-login-page', page);
    await workbench.waitForStatus('Acme: signing in…');
    await signInAt(page, 'demo');
    assert.equal(await page.getByRole('heading').textContent(), "You're signed in to Acme");
    assert.ok(!page.url().includes('code='), 'no code remains in the URL');
    await workbench.screenshot('3-signed-in-page', page);
    await page.emulateMedia({ colorScheme: 'dark' });
    await workbench.screenshot('3-signed-in-page-dark', page);
    await workbench.returnFrom(page);
  });

  it('was requested with PKCE, the default scopes and a loopback redirect URI', () => {
    const { identity } = fixture;
    const sent = identity.journal.entries.find(({ path }) => path === '/auth')?.parameters ?? {};
    assert.equal(sent['scope'], 'openid profile email offline_access');
    assert.match(sent['redirect_uri'] ?? '', /^http:\/\/127\.0\.0\.1:\d+\/callback$/);
    assert.equal(sent['code_challenge_method'], 'S256');
  });

  it('is in the status bar and in the Accounts menu, and the badge is gone', async () => {
    const { workbench } = fixture;
    await workbench.waitForStatus('Acme: renews in 5');
    await workbench.waitForBadge(0);
    const items = await workbench.accountsMenu();
    await items.filter({ hasText: 'demo (Acme)' }).waitFor();
    await workbench.screenshot('4-signed-in');
    await workbench.page.keyboard.press('Escape');
  });

  it('is described, with actions, in the tooltip of the status bar item', async () => {
    const { workbench } = fixture;
    await workbench.moveMouseAway();
    await workbench.status.hover();
    const tooltip = workbench.page.locator('.monaco-hover', { hasText: 'Account: demo' });
    await tooltip.waitFor();
    const words = ((await tooltip.textContent()) ?? '').replaceAll('\u00a0', ' ');
    for (const expected of [
      'State: Signed in',
      'Session ends:',
      'Access token expires:',
      'Signed in at:',
      'Next renewal:',
      'Sign Out',
      'Renew Now',
      'Show Log',
    ]) {
      assert.ok(words.includes(expected), `${expected} in ${words}`);
    }
    await workbench.screenshot('5-tooltip');
    await workbench.moveMouseAway();
  });

  it('is renewed when the user selects that after a click on the status bar item', async () => {
    const { identity, workbench } = fixture;
    await workbench.status.click();
    const renewNow = workbench.rows.filter({ hasText: 'Renew Now' });
    await renewNow.waitFor();
    await workbench.screenshot('6-actions');
    const renewed = identity.journal.waitForRequest(({ grantType }) => grantType === 'refresh_token', {
      limitMilliseconds: LIMIT,
    });
    await renewNow.click();
    assert.equal((await renewed).status, 200);
    await workbench.notifications.filter({ hasText: 'Renewed your Acme session (demo).' }).waitFor();
    await workbench.moveMouseAway();
    await workbench.screenshot('7-renewed');
  });

  it('is renewed automatically when the token is about to expire', async () => {
    const { identity, workbench } = fixture;
    identity.policy.accessTokenSeconds = 9;
    await workbench.runRenewNow();
    const before = identity.journal.refreshRequests().length;
    await identity.journal.waitForRequest(
      ({ grantType }) => grantType === 'refresh_token' && identity.journal.refreshRequests().length > before + 1,
      {
        limitMilliseconds: LIMIT,
      },
    );
    identity.policy.accessTokenSeconds = 3600;
    await workbench.waitForStatus('Acme: renews in 5');
  });

  it('is still available, without a request to the server, after the window was reloaded', async () => {
    const { identity, workbench } = fixture;
    const { length } = identity.journal.entries;
    await workbench.reload();
    await workbench.waitForStatus('Acme: renews in 5');
    assert.equal(identity.journal.entries.length, length);
    await workbench.waitForBadge(0);
  });

  it('provides another extension with a valid token if the user allows it', async () => {
    const { identity, workbench } = fixture;
    await workbench.run('Consumer: Who Am I?');
    await workbench.dialog.filter({ hasText: 'wants to sign in using Acme' }).waitFor();
    await workbench.screenshot('8-consent');
    await workbench.dialog.getByRole('button', { name: 'Allow' }).click();
    const account = workbench.rows.filter({ hasText: 'demo' });
    await account.waitFor();
    await workbench.screenshot('8-consent-account');
    await account.click();
    await workbench.notifications.filter({ hasText: /Acme says: you are / }).waitFor();
    await workbench.screenshot('9-consumer');
    assert.ok(identity.journal.entries.some(({ path, status }) => path === '/me' && status === 200));
  });

  it('is in the log, without any secret', async () => {
    const { identity, workbench } = fixture;
    await workbench.clearNotifications();
    await workbench.run('Session Keeper: Show Log');
    const lines = workbench.page.locator('.output-view-content, .part.panel').locator('.view-line');
    await lines
      .filter({ hasText: /Session\s\w+\sat\sacme/ })
      .first()
      .waitFor();
    await workbench.screenshot('10-log');
    const log = await workbench.logs();
    assert.ok(log.includes('Session Keeper started'));
    assert.ok(log.includes('(requested by the user)'));
    assert.ok(identity.journal.secrets.size > 5);
    assert.deepEqual(leaks(identity.journal, await workbench.logTexts()), []);
    await workbench.page.keyboard.press('Control+j');
  });

  it('ends here and at the server when the user signs out in the Accounts menu', async () => {
    const { identity, workbench } = fixture;
    assert.ok((await activeTokens()).length > 0);
    const items = await workbench.accountsMenu();
    await items.filter({ hasText: 'demo (Acme)' }).hover();
    await workbench.select(workbench.page.locator('.action-menu-item', { hasText: 'Sign Out' }));
    await workbench.dialog.getByRole('button', { name: 'Sign Out' }).click();
    await workbench.waitForStatus('Acme: signed out');
    await identity.journal.waitForRequest(({ path, status }) => path === '/token/revocation' && status === 200, {
      limitMilliseconds: LIMIT,
    });
    await workbench.waitForBadge(1);
    await workbench.screenshot('11-signed-out');
    assert.deepEqual(await activeTokens(), []);
  });
});
