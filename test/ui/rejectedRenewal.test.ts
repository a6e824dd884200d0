// A refresh token that a server rejects without a standard error.
import assert from 'node:assert/strict';
import { LONG, MUTE, getActions, renewNow, signIn, signInAgain, dismissibleNotification } from './userActions.ts';
import { createUiFixture } from './fixture.ts';
import { LIMIT } from './workbench.ts';

const SENTENCE = 'Acme no longer renews your session. Sign in again. Server message: "This session is unknown".';

describe('a session whose renewals the server rejects without a standard error', () => {
  const fixture = createUiFixture({ accessTokenSeconds: LONG });

  it('requires a new sign-in when the second renewal is rejected, too', async () => {
    const { identity, workbench } = fixture;
    await workbench.waitForStatus('Acme: signed out');
    await signIn(workbench);
    await renewNow(fixture);
    identity.faults.add({
      path: '/token',
      action: { kind: 'answer', status: 400, body: { status: 'UNKNOWN', message: 'This session is unknown.' } },
    });
    await workbench.runRenewNow();
    await workbench.notification('Acme rejected the renewal of your session.').first().waitFor();
    await workbench.waitForStatus('Acme: retrying at');
    assert.ok(!(await workbench.hasStatusWarning()), 'one rejection can be accidental');
    await workbench.clearNotifications();
    // The next attempt is made automatically, about a minute later.
    const shown = dismissibleNotification(workbench, SENTENCE);
    await shown.waitFor({ timeout: 2 * LIMIT });
    assert.deepEqual(await getActions(shown), {
      buttons: ['Sign In Again'],
      links: ['Open Settings', 'Dismiss', MUTE],
    });
    await workbench.waitForStatus(/Acme: expires in \d+ (hour|minutes)/);
    assert.ok(await workbench.hasStatusWarning());
    await workbench.screenshot('90-rejected-twice');
  });

  it('is replaced when the user signs in again', async () => {
    const { identity, workbench } = fixture;
    identity.faults.clear();
    await signInAgain(workbench, SENTENCE);
    assert.ok(!(await workbench.hasStatusWarning()));
  });
});
