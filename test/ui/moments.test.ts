// What a person meets now and then, each moment in a VS Code of its own at a server of its own.
import assert from 'node:assert/strict';
import { signInAt } from '../../tools/person.ts';
import { entryFor, setScene, type Scene } from './scene.ts';

/** Signs in by the command palette, and comes back to VS Code. */
async function signIn({ workbench }: Scene): Promise<void> {
  const page = await workbench.opens(() => workbench.run('Session Keeper: Sign In…'));
  await signInAt(page, 'demo');
  await workbench.comeBackFrom(page);
  await workbench.notifications.filter({ hasText: 'Signed in to Acme as demo.' }).waitFor();
}

/** Presses "Sign In Again" in a notification, and signs in. */
async function signInAgain({ workbench }: Scene, words: string): Promise<void> {
  const page = await workbench.opens(() => workbench.press('Sign In Again', words));
  await signInAt(page, 'demo');
  await workbench.comeBackFrom(page);
  await workbench.notifications.filter({ hasText: 'finish in the browser' }).waitFor({ state: 'detached' });
}

describe('a person who has set nothing up', () => {
  const scene = setScene({}, () => ({}), { isSignInTried: false });

  it('is led to the guide by the first thing they try, and has nothing in the status bar', async () => {
    const { workbench } = scene;
    await workbench.run('Session Keeper: Sign In…');
    await workbench.notifications.filter({ hasText: 'No provider is set up yet.' }).waitFor();
    assert.equal(await workbench.status.count(), 0);
    await workbench.badgeSays(0);
    await workbench.picture('20-nothing-set-up');
    await workbench.press('Add Provider…', 'No provider is set up yet.');
    await workbench.rows.filter({ hasText: 'Another Server' }).waitFor();
    await workbench.picture('21-guide');
  });
});

describe('a person with a bad entry beside a good one', () => {
  const bad = { id: 'intranet', label: 'Intranet', issuer: 'http://id.example.com', clientId: 'some-client' };
  const scene = setScene({}, (issuer) => ({ 'sessionKeeper.providers': [bad, entryFor(issuer)] }));

  it('is told once which entry and which field is wrong, and is led there', async () => {
    const { workbench } = scene;
    const told = workbench.notifications.filter({
      hasText: 'Provider “Intranet” in the settings is not used: "issuer" must start with https://',
    });
    await told.waitFor();
    assert.equal(await workbench.notifications.count(), 1);
    await workbench.picture('22-bad-entry');
    await told.getByRole('button', { name: 'Open Settings' }).click();
    await workbench.settingIsShown('Providers');
    await workbench.picture('23-bad-entry-setting');
    await workbench.page.keyboard.press('Escape');
  });

  it('can use the good one', async () => {
    await scene.workbench.statusSays('Acme: signed out');
    await signIn(scene);
    await scene.workbench.statusSays('Acme: renews in');
  });
});

describe('a person whose session cannot be renewed', () => {
  const seconds = 30;
  const scene = setScene({ issueRefreshToken: 'never', accessTokenSeconds: seconds });
  let signedInAt = 0;

  it('sees it count down', async () => {
    await scene.workbench.statusSays('Acme: signed out');
    await signIn(scene);
    signedInAt = Date.now();
    await scene.workbench.statusSays(/Acme: (25|20) s left/);
    await scene.workbench.picture('30-counts-down');
  });

  it('is warned in the last third, in words and in colour', async () => {
    const { workbench } = scene;
    const warning = workbench.notifications.filter({
      hasText: /Your session of demo at Acme ends at \d+:\d\d:\d\d [AP]M\. Sign in again now/,
    });
    await warning.waitFor({ timeout: seconds * 1000 });
    const share = (Date.now() - signedInAt) / (seconds * 1000);
    assert.ok(share > 0.6, `warned after ${share.toFixed(2)} of the session`);
    assert.equal(
      await warning.getByRole('button', { name: 'Remind Me Later' }).count(),
      0,
      'in the last minute there is no later',
    );
    await workbench.statusSays(/Acme: ends in \d+ s/);
    assert.ok(await workbench.statusWarns());
    await workbench.picture('31-warning');
  });

  it('signs in again from the warning, and goes on without it', async () => {
    const { identity, workbench } = scene;
    identity.policy.accessTokenSeconds = 3600;
    await signInAgain(scene, 'Your session of demo at Acme ends at');
    await workbench.statusSays(/Acme: (59|60) minutes left/);
    assert.ok(!(await workbench.statusWarns()));
    assert.equal(await workbench.notifications.filter({ hasText: 'ends at' }).count(), 0);
    await workbench.picture('32-signed-in-again');
  });
});

describe('a person whose session the server ends', () => {
  const scene = setScene({ accessTokenSeconds: 12 });

  it('is told so, with a way on', async () => {
    const { identity, workbench } = scene;
    await workbench.statusSays('Acme: signed out');
    await signIn(scene);
    await workbench.statusSays('Acme: renews in');
    identity.revokeEverything();
    await workbench.notifications.filter({ hasText: 'Acme ended your session. Sign in again.' }).waitFor();
    await workbench.statusSays('Acme: sign in again');
    assert.ok(await workbench.statusWarns());
    await workbench.picture('40-session-ended');
  });

  it('is offered to sign in again by the Accounts menu, too', async () => {
    const { workbench } = scene;
    const items = await workbench.accountsMenu();
    await items.filter({ hasText: 'Sign in with Acme' }).waitFor();
    await workbench.picture('41-accounts-menu');
    await workbench.page.keyboard.press('Escape');
  });

  it('signs in again with the button of the notification', async () => {
    const { workbench } = scene;
    await signInAgain(scene, 'Acme ended your session.');
    await workbench.statusSays('Acme: renews in');
    await workbench.badgeSays(0);
    assert.ok(!(await workbench.statusWarns()));
    await workbench.picture('42-signed-in-again');
  });
});

describe('a person whose server is down for a while', () => {
  const scene = setScene({ accessTokenSeconds: 12 });

  it('sees when it is tried again, and is not disturbed', async () => {
    const { identity, workbench } = scene;
    await workbench.statusSays('Acme: signed out');
    await signIn(scene);
    await workbench.statusSays('Acme: renews in');
    identity.faults.add({ path: '/token', action: { kind: 'answer', status: 503 } });
    await workbench.statusSays(/Acme: retrying at \d+:\d\d:\d\d/);
    await workbench.picture('50-retrying');
    assert.equal(await workbench.notifications.filter({ hasText: 'problem' }).count(), 0);
    assert.ok(!(await workbench.statusWarns()));
  });

  it('is signed in again without doing anything, once the server is back', async () => {
    const { identity, workbench } = scene;
    identity.faults.clear();
    await workbench.statusSays('Acme: renews in');
    assert.equal(identity.journal.refreshRequests().at(-1)?.status, 200);
  });
});

describe('a person who denies at the consent page', () => {
  const scene = setScene({});

  it('reads in the browser and in VS Code that it did not work, and why', async () => {
    const { workbench } = scene;
    await workbench.statusSays('Acme: signed out');
    const page = await workbench.opens(() => workbench.run('Session Keeper: Sign In…'));
    await signInAt(page, 'demo', 'Deny');
    assert.equal(await page.getByRole('heading').textContent(), 'Signing in did not work');
    await page.getByText('Acme reports that access was denied').waitFor();
    await workbench.picture('60-denied-page', page);
    await workbench.comeBackFrom(page);
    const notification = workbench.notifications.filter({ hasText: 'Acme reports that access was denied' });
    await notification.getByRole('button', { name: 'Sign In Again' }).waitFor();
    await workbench.statusSays('Acme: signed out');
    await workbench.picture('61-denied');
  });
});
