// A session that can't be renewed: the remaining time is shown, and the user is warned before it ends.
import assert from 'node:assert/strict';
import { LONG, MUTE, getActions, signIn } from './userActions.ts';
import { createUiFixture } from './fixture.ts';

/** The lifetime, in s, of the session: its last third is more than a minute, so that the warning can be snoozed. */
const LIFETIME = 186;
/** The maximum time, in ms, until the warning. */
const UNTIL_WARNING = LIFETIME * 1000;

describe("a session that can't be renewed", () => {
  const fixture = createUiFixture({ issueRefreshToken: 'never', accessTokenSeconds: LIFETIME });
  const warning =
    /Your Acme session \(demo\) expires at \d+:\d\d(?::\d\d)? [AP]M\. Sign in again to avoid interruption\./;

  it('shows the remaining time after the sign-in', async () => {
    const { workbench } = fixture;
    await workbench.waitForStatus('Acme: signed out');
    await signIn(workbench);
    await workbench.waitForStatus(/Acme: [23] minutes left/);
    await workbench.followLink('Dismiss', "Your Acme session (demo) can't be renewed");
    await workbench.clearNotifications();
  });

  it('warns again after the user has snoozed the warning', async () => {
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

  it('closes the warning when the user signs in by command', async () => {
    const { identity, workbench } = fixture;
    identity.policy.accessTokenSeconds = LONG;
    await signIn(workbench);
    await workbench.notification(warning).waitFor({ state: 'detached' });
    await workbench.waitForStatus(/Acme: (59|60) minutes left/);
  });
});
