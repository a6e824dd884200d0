// What a person meets when a session is over for good: one sentence in one of the windows, and a way back in.
import assert from 'node:assert/strict';
import type { JournalEntry } from '../../tools/identityJournal.ts';
import { LONG, MUTE, offersOf, renewNow, signIn, signInAgain, toast } from './acts.ts';
import { setScene, type Scene } from './scene.ts';
import type { Workbench } from './workbench.ts';

/** The latest authorization request. */
function latestAuthorization({ identity: { journal } }: Scene): JournalEntry['parameters'] {
  return journal.entries.findLast(({ path }) => path === '/auth')?.parameters ?? {};
}

describe('a person whose session ends', () => {
  const scene = setScene({ accessTokenSeconds: LONG });
  const ended = 'Acme ended your session. Sign in again.';
  let second: Workbench;

  /** Lets the next renewal be answered with an error, and renews. */
  async function refuseRenewal(body: Readonly<Record<string, unknown>>): Promise<void> {
    scene.identity.faults.add({
      path: '/token',
      grantType: 'refresh_token',
      times: 1,
      action: { kind: 'answer', status: 400, body },
    });
    await scene.workbench.run('Session Keeper: Renew Now');
  }

  it('has a session that the server ends: is told so in one of two windows, and signs in again', async () => {
    const { identity, workbench } = scene;
    await workbench.statusSays('Acme: signed out');
    await signIn(workbench);
    second = await workbench.another();
    await second.statusSays('Acme: renews in 5');
    identity.revokeEverything();
    await workbench.run('Session Keeper: Renew Now');
    assert.deepEqual(await offersOf(toast(workbench, ended)), { buttons: ['Sign In Again'], links: ['Dismiss', MUTE] });
    assert.equal(await workbench.told(ended).count(), 1);
    await workbench.statusSays('Acme: ends in 4 minutes');
    await second.page.bringToFront();
    await second.statusSays('Acme: ends in 4 minutes');
    await second.page.waitForTimeout(1000);
    assert.equal(await second.told(ended).count(), 0);
    await workbench.page.bringToFront();
    await workbench.picture('91-ended');
    await signInAgain(workbench, ended);
    await second.statusSays('Acme: renews in 5');
  });

  it('has a refresh token that has expired: signs in again', async () => {
    const { identity, workbench } = scene;
    const { refreshTokenSeconds } = identity.policy;
    identity.policy.refreshTokenSeconds = 1;
    await renewNow(scene);
    identity.policy.refreshTokenSeconds = refreshTokenSeconds;
    await workbench.page.waitForTimeout(1000);
    await workbench.run('Session Keeper: Renew Now');
    await toast(workbench, ended).waitFor();
    assert.equal(identity.journal.refreshRequests().at(-1)?.error, 'invalid_grant');
    await signInAgain(workbench, ended);
  });

  it('has not consented yet: is asked to at the server', async () => {
    const { workbench } = scene;
    const sentence =
      'Acme needs your consent before it goes on. Sign in again to give it. The server says: “The terms have changed.”';
    await refuseRenewal({ error: 'consent_required', error_description: 'The terms have changed.' });
    assert.deepEqual(await offersOf(toast(workbench, sentence)), {
      buttons: ['Sign In Again'],
      links: ['Dismiss', MUTE],
    });
    await workbench.picture('92-consent');
    await signInAgain(workbench, sentence);
    const { prompt, login_hint: hint } = latestAuthorization(scene);
    assert.deepEqual({ prompt, hint }, { prompt: 'consent', hint: 'demo' });
  });

  it('meets a rule of the organisation: signs in with what it asks for', async () => {
    const { workbench } = scene;
    const claims = JSON.stringify({ access_token: { acrs: { essential: true, value: 'c1' } } });
    const sentence = 'A rule of your organisation at Acme asks for a new sign-in. This is no fault of yours.';
    await refuseRenewal({ error: 'invalid_grant', suberror: 'basic_action', claims });
    assert.deepEqual(await offersOf(toast(workbench, sentence)), {
      buttons: ['Sign In Again'],
      links: ['Dismiss', MUTE],
    });
    await workbench.picture('93-rule');
    await signInAgain(workbench, sentence);
    const { claims: asked, login_hint: hint } = latestAuthorization(scene);
    assert.deepEqual({ asked, hint }, { asked: claims, hint: 'demo' });
  });

  it('loses the answer to a renewal twice: reads what has happened, and signs in again', async () => {
    const { identity, workbench } = scene;
    const sentence = 'Your Acme session couldn’t be renewed because the connection was interrupted. Sign in again.';
    identity.faults.add({ path: '/token', grantType: 'refresh_token', times: 2, action: { kind: 'dropAfter' } });
    await workbench.run('Session Keeper: Renew Now');
    assert.deepEqual(await offersOf(toast(workbench, sentence)), {
      buttons: ['Sign In Again'],
      links: ['Dismiss', MUTE],
    });
    await workbench.picture('94-answer-lost');
    await signInAgain(workbench, sentence);
  });

  it('does not want to be told: is told no more, and finds the setting that undoes it', async () => {
    const { identity, workbench } = scene;
    identity.revokeEverything();
    await workbench.run('Session Keeper: Renew Now');
    await workbench.sync(MUTE, ended);
    const told = workbench.told('You will not be told of this kind of thing any more. The settings can undo that.');
    await told.waitFor();
    await workbench.told(ended).waitFor({ state: 'detached' });
    await workbench.picture('95-muted');
    assert.deepEqual((await workbench.userSettings())['sessionKeeper.mutedNotifications'], ['ended']);
    await told.getByRole('button', { name: 'Open Settings' }).click();
    await workbench.settingIsShown('Muted Notifications');
    await workbench.picture('95-muted-setting');
    await signIn(workbench);
    await workbench.clearNotifications();
    identity.revokeEverything();
    await workbench.run('Session Keeper: Renew Now');
    await workbench.statusSays('Acme: ends in');
    // Who asks is answered all the same; nobody is told who does not.
    await workbench.told(ended).waitFor();
    assert.equal(await toast(workbench, ended).count(), 0);
  });
});
