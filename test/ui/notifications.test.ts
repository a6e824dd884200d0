// The status bar and the notifications during the life of a session, and their actions.
import assert from 'node:assert/strict';
import { signInAt } from '../../tools/simulatedUser.ts';
import { LONG, finishSignIn, signIn } from './userActions.ts';
import { entryFor, createUiFixture } from './fixture.ts';
import { pressButton } from './workbench.ts';

/** The lifetime, in s, of a token that is soon renewed. */
const SHORT = 12;
/** The lifetime, in s, of the session that can't be renewed. Its last third is long enough for the checks on a busy machine. */
const LIFETIME = 90;

describe('the notifications', () => {
  const bad = { id: 'intranet', label: 'Intranet', issuer: 'http://id.example.com', clientId: 'some-client' };
  const fixture = createUiFixture({ accessTokenSeconds: SHORT }, (issuer) => ({
    'sessionKeeper.providers': [bad, entryFor(issuer)],
  }));

  it('name the entry and the field if an entry is invalid, and open that field', async () => {
    const { workbench } = fixture;
    const shown = workbench.notification(
      'Provider "Intranet" in Settings is ignored: "issuer" must start with https://',
    );
    await shown.waitFor();
    assert.equal(await workbench.notifications.count(), 1);
    await workbench.screenshot('22-bad-entry');
    await pressButton(shown, 'Open Settings');
    assert.deepEqual(JSON.parse(`{${await workbench.selectedSettings()}}`), { issuer: bad.issuer });
    await workbench.screenshot('23-bad-entry-setting');
    await workbench.run('View: Close All Editors');
  });

  it('show why the sign-in failed when the user denies access, as does the browser', async () => {
    const { workbench } = fixture;
    await workbench.waitForStatus('Acme: signed out');
    const page = await workbench.waitForPage(() => workbench.run('Session Keeper: Sign In…'));
    await signInAt(page, 'demo', 'Deny');
    assert.equal(await page.getByRole('heading').textContent(), 'Sign-in failed');
    await page.getByText('Acme reported that access was denied').waitFor();
    await workbench.screenshot('60-denied-page', page);
    await workbench.returnFrom(page);
    const shown = workbench.notification('Acme reported that access was denied');
    await shown.getByRole('button', { name: 'Sign In', exact: true }).waitFor();
    await workbench.waitForStatus('Acme: signed out');
    await workbench.screenshot('61-denied');
    await workbench.clearNotifications();
  });

  it("don't appear when the server is down, while the status bar shows the next attempt", async () => {
    const { identity, workbench } = fixture;
    await signIn(workbench);
    await workbench.waitForStatus('Acme: renews in');
    identity.faults.add({ path: '/token', action: { kind: 'answer', status: 503 } });
    await workbench.waitForStatus(/Acme: retrying at \d+:\d\d:\d\d/);
    await workbench.screenshot('50-retrying');
    assert.equal(await workbench.notification('problem').count(), 0);
    assert.ok(!(await workbench.hasStatusWarning()));
    identity.faults.clear();
    await workbench.waitForStatus('Acme: renews in');
    assert.equal(identity.journal.refreshRequests().at(-1)?.status, 200);
  });

  it('offer to sign in again when the server has ended the session, and so does the Accounts menu', async () => {
    const { identity, workbench } = fixture;
    identity.revokeEverything();
    const sentence = 'Acme ended your session. Sign in again.';
    await workbench.notification(sentence).waitFor();
    await workbench.waitForStatus('Acme: sign in again');
    assert.ok(await workbench.hasStatusWarning());
    await workbench.screenshot('40-session-ended');
    // The Accounts menu offers to sign in only when the access token has expired, too.
    await workbench.waitForBadge(1);
    const items = await workbench.accountsMenu();
    await items.filter({ hasText: 'Sign in with Acme' }).waitFor();
    await workbench.screenshot('41-accounts-menu');
    await workbench.page.keyboard.press('Escape');
    await finishSignIn(workbench, () => workbench.press('Sign In Again', sentence));
    await workbench.notification('Signed in to Acme as demo.').waitFor();
    await workbench.waitForStatus('Acme: renews in');
    await workbench.waitForBadge(0);
    assert.ok(!(await workbench.hasStatusWarning()));
    await workbench.screenshot('42-signed-in-again');
    await workbench.clearNotifications();
  });

  it("warn in the last third if the session can't be renewed, and offer to sign in again", async () => {
    const { identity, workbench } = fixture;
    Object.assign(identity.policy, { issueRefreshToken: 'never', accessTokenSeconds: LIFETIME });
    await signIn(workbench);
    const issuedAt = identity.journal.entries.findLast(({ path }) => path === '/token')?.at ?? NaN;
    identity.policy.accessTokenSeconds = LONG;
    await workbench.followLink('Dismiss', "Your Acme session (demo) can't be renewed");
    await workbench.clearNotifications();
    await workbench.waitForStatus(/Acme: (55|50|45|40|35) seconds left/);
    await workbench.screenshot('30-counts-down');
    const warning = workbench.notification(/Your Acme session \(demo\) expires at \d+:\d\d:\d\d [AP]M\. Sign in again/);
    await warning.waitFor({ timeout: LIFETIME * 1000 });
    const share = (Date.now() - issuedAt) / (LIFETIME * 1000);
    assert.ok(share > 0.6, `warned after ${share.toFixed(2)} of the session`);
    assert.equal(
      await warning.getByRole('button', { name: 'Remind Me Later' }).count(),
      0,
      'no Remind Me Later in the last minute',
    );
    await workbench.waitForStatus(/Acme: expires in \d+ seconds?/);
    assert.ok(await workbench.hasStatusWarning());
    await workbench.screenshot('31-warning');
    await finishSignIn(workbench, () => workbench.press('Sign In Again', 'Your Acme session (demo) expires at'));
    await workbench.waitForStatus(/Acme: (59|60) minutes left/);
    assert.ok(!(await workbench.hasStatusWarning()));
    await warning.waitFor({ state: 'detached' });
    await workbench.screenshot('32-signed-in-again');
  });
});
