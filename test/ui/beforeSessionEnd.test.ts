// A session that cannot be renewed: how long it lasts is shown, and the person is warned before it ends.
import assert from 'node:assert/strict';
import { LONG, MUTE, getActions, signIn } from './userActions.ts';
import { createUiFixture } from './fixture.ts';

/** How long, in s, the session lasts: its last third is more than a minute, so that the warning can be put off. */
const LIFETIME = 186;
/** How long, in ms, it takes at most until a warning. */
const UNTIL_WARNING = LIFETIME * 1000;

describe('a session that cannot be renewed', () => {
  const fixture = createUiFixture({ issueRefreshToken: 'never', accessTokenSeconds: LIFETIME });
  const warning = /Your Acme session \(demo\) expires at \d+:\d\d:\d\d [AP]M\. Sign in again to avoid interruption\./;

  it('shows how long it lasts when the person has signed in', async () => {
    const { workbench } = fixture;
    await workbench.waitForStatus('Acme: signed out');
    await signIn(workbench);
    await workbench.waitForStatus(/Acme: [23] minutes left/);
    await workbench.followLink('Dismiss', 'Your Acme session (demo) can’t be renewed');
    await workbench.clearNotifications();
  });

  it('warns again when the person has put the warning off', async () => {
    const { workbench } = fixture;
    const shown = workbench.notification(warning);
    await shown.waitFor({ timeout: UNTIL_WARNING });
    assert.deepEqual(await getActions(shown), {
      buttons: ['Sign In Again'],
      links: ['Remind Me Later', 'Dismiss', MUTE],
    });
    await workbench.screenshot('96-warning');
    await workbench.followLink('Remind Me Later', warning);
    await shown.waitFor({ state: 'detached' });
    await shown.waitFor();
    assert.deepEqual(await getActions(shown), { buttons: ['Sign In Again'], links: ['Dismiss', MUTE] });
    await workbench.screenshot('97-warning-again');
  });

  it('removes the warning when the person signs in without it', async () => {
    const { identity, workbench } = fixture;
    identity.policy.accessTokenSeconds = LONG;
    await signIn(workbench);
    await workbench.notification(warning).waitFor({ state: 'detached' });
    await workbench.waitForStatus(/Acme: (59|60) minutes left/);
  });
});
