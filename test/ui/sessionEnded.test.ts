// The end of a session: one message in one of the windows, and signing in again.
import assert from 'node:assert/strict';
import type { JournalEntry } from '../../tools/identityJournal.ts';
import { answerPages } from '../../tools/simulatedUser.ts';
import { LONG, MUTE, getActions, renewNow, signIn, signInAgain, dismissibleNotification } from './userActions.ts';
import { entryFor, createUiFixture, type UiFixture } from './fixture.ts';
import { pressButton } from './workbench.ts';

/** The parameters that the entry adds to each authorization request. */
const PARAMETERS = { ui_locales: 'en' };

/** The latest authorization request. */
function latestAuthorization({ identity: { journal } }: UiFixture): JournalEntry['parameters'] {
  return journal.entries.findLast(({ path }) => path === '/auth')?.parameters ?? {};
}

describe('a session that has ended', () => {
  const fixture = createUiFixture({ accessTokenSeconds: LONG }, (issuer) => ({
    'sessionKeeper.providers': [{ ...entryFor(issuer), authorizationParameters: PARAMETERS }],
  }));
  const ended = 'Acme ended your session. Sign in again.';

  /** Makes the next renewal fail with an error, and renews. */
  async function refuseRenewal(body: Readonly<Record<string, unknown>>): Promise<void> {
    fixture.identity.faults.add({
      path: '/token',
      grantType: 'refresh_token',
      times: 1,
      action: { kind: 'answer', status: 400, body },
    });
    await fixture.workbench.runRenewNow();
  }

  it('is reported in one of two windows when the server has revoked it, and is replaced by a new sign-in', async () => {
    const { identity, workbench } = fixture;
    await workbench.waitForStatus('Acme: signed out');
    await signIn(workbench);
    const second = await workbench.openWindow();
    await second.waitForStatus('Acme: renews in 5');
    identity.revokeEverything();
    await workbench.runRenewNow();
    assert.deepEqual(await getActions(dismissibleNotification(workbench, ended)), {
      buttons: ['Sign In Again', MUTE],
      links: [],
    });
    assert.equal(await workbench.notification(ended).count(), 1);
    await workbench.waitForStatus('Acme: sign in again');
    await second.page.bringToFront();
    await second.waitForStatus('Acme: sign in again');
    await second.page.waitForTimeout(1000);
    assert.equal(await second.notification(ended).count(), 0);
    await workbench.page.bringToFront();
    await workbench.screenshot('91-ended');
    await signInAgain(workbench, ended);
    await second.waitForStatus('Acme: renews in 5');
    // In this browser, every page has focus, so that either window could show the notifications of the other tests.
    await second.closeWindow();
  });

  it('is replaced by a new sign-in when the refresh token has expired', async () => {
    const { identity, workbench } = fixture;
    const { refreshTokenSeconds } = identity.policy;
    identity.policy.refreshTokenSeconds = 1;
    await renewNow(fixture);
    identity.policy.refreshTokenSeconds = refreshTokenSeconds;
    await workbench.page.waitForTimeout(1000);
    await workbench.runRenewNow();
    await dismissibleNotification(workbench, ended).waitFor();
    assert.equal(identity.journal.refreshRequests().at(-1)?.error, 'invalid_grant');
    await signInAgain(workbench, ended);
  });

  it('asks for consent at the server when a renewal fails with consent_required', async () => {
    const { workbench } = fixture;
    const sentence = 'Acme requires your consent. Sign in again to continue. Server message: "The terms have changed".';
    await refuseRenewal({ error: 'consent_required', error_description: 'The terms have changed.' });
    assert.deepEqual(await getActions(dismissibleNotification(workbench, sentence)), {
      buttons: ['Sign In Again', MUTE],
      links: [],
    });
    await workbench.screenshot('92-consent');
    await signInAgain(workbench, sentence);
    const { prompt, login_hint: hint } = latestAuthorization(fixture);
    assert.deepEqual({ prompt, hint }, { prompt: 'consent', hint: 'demo' });
  });

  it('sends the claims that the server requires when the user signs in again', async () => {
    const { workbench } = fixture;
    const claims = JSON.stringify({ access_token: { acrs: { essential: true, value: 'c1' } } });
    const sentence = "Your organization's policy requires you to sign in to Acme again.";
    await refuseRenewal({ error: 'invalid_grant', suberror: 'basic_action', claims });
    assert.deepEqual(await getActions(dismissibleNotification(workbench, sentence)), {
      buttons: ['Sign In Again', MUTE],
      links: [],
    });
    await workbench.screenshot('93-rule');
    await signInAgain(workbench, sentence);
    const { claims: asked, login_hint: hint } = latestAuthorization(fixture);
    assert.deepEqual({ asked, hint }, { asked: claims, hint: 'demo' });
  });

  it('is replaced by a new sign-in when the response to a renewal was lost twice', async () => {
    const { identity, workbench } = fixture;
    const sentence = "Your Acme session couldn't be renewed because the connection was interrupted. Sign in again.";
    identity.faults.add({ path: '/token', grantType: 'refresh_token', times: 2, action: { kind: 'dropAfter' } });
    await workbench.runRenewNow();
    assert.deepEqual(await getActions(dismissibleNotification(workbench, sentence)), {
      buttons: ['Sign In Again', MUTE],
      links: [],
    });
    await workbench.screenshot('94-answer-lost');
    await signInAgain(workbench, sentence);
  });

  it("is no longer reported after Don't Show Again, except to the user who requests a renewal", async () => {
    const { identity, workbench } = fixture;
    identity.revokeEverything();
    await workbench.runRenewNow();
    await workbench.press(MUTE, ended);
    const shown = workbench.notification("You won't see this notification again. You can change this in Settings.");
    await shown.waitFor();
    await workbench.notification(ended).waitFor({ state: 'detached' });
    await workbench.screenshot('95-muted');
    assert.deepEqual((await workbench.userSettings())['sessionKeeper.mutedNotifications'], ['ended']);
    await pressButton(shown, 'Open Settings');
    await workbench.waitForSetting('Muted Notifications');
    await workbench.screenshot('95-muted-setting');
    await signIn(workbench);
    await workbench.clearNotifications();
    identity.revokeEverything();
    await workbench.runRenewNow();
    await workbench.waitForStatus('Acme: sign in again');
    // The outcome of a command is shown, but no notification in addition.
    await workbench.notification(ended).waitFor();
    assert.equal(await dismissibleNotification(workbench, ended).count(), 0);
  });

  it('can be renewed after consent if the server issues no refresh token without it', async () => {
    const { identity, workbench } = fixture;
    await workbench.clearNotifications();
    identity.policy.issueRefreshToken = 'never';
    await signIn(workbench);
    const shown = dismissibleNotification(
      workbench,
      "Your Acme session (demo) can't be renewed because the server didn't issue a refresh token.",
    );
    assert.deepEqual(await getActions(shown), { buttons: ['Ask for Consent'], links: ['Dismiss', MUTE] });
    await workbench.screenshot('195-no-refresh-token');
    await workbench.status.click();
    await workbench.rows.filter({ hasText: 'Ask for Consent' }).waitFor();
    await workbench.screenshot('196-ask-for-consent-pick');
    await workbench.page.keyboard.press('Escape');
    identity.policy.issueRefreshToken = 'whenAsked';
    const page = await workbench.waitForPage(() => pressButton(shown, 'Ask for Consent'));
    await page.getByRole('button', { name: 'Allow' }).waitFor();
    await workbench.screenshot('197-consent-page', page);
    await answerPages(page, 'demo');
    await page.waitForURL((url) => url.pathname === '/done');
    await workbench.returnFrom(page);
    await workbench.notification('Your Acme session is now renewable. Each sign-in asks for consent.').waitFor();
    await workbench.moveMouseAway();
    await workbench.screenshot('198-consent-helped');
    const request = identity.journal.entries.findLast(({ path }) => path === '/auth');
    assert.equal(request?.parameters['prompt'], 'consent');
    await workbench.waitForStatus('Acme: renews in');
    await shown.waitFor({ state: 'detached' });
    assert.deepEqual((await workbench.userSettings())['sessionKeeper.providers'], [
      { ...entryFor(identity.issuer), authorizationParameters: { ...PARAMETERS, prompt: 'consent' } },
    ]);
  });
});
