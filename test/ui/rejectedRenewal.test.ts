// A refresh token that is dead at a server that doesn't say so in a standard way.
import assert from 'node:assert/strict';
import { LONG, MUTE, offersOf, renewNow, signIn, signInAgain, toast } from './acts.ts';
import { setScene } from './scene.ts';
import { LIMIT } from './workbench.ts';

const SENTENCE = 'Acme no longer renews your session. Sign in again. The server says: “This session is unknown.”';

describe('a session whose renewals the server rejects without a standard error', () => {
  const scene = setScene({ accessTokenSeconds: LONG });

  it('leads to a new sign-in when the second renewal was rejected, too', async () => {
    const { identity, workbench } = scene;
    await workbench.statusSays('Acme: signed out');
    await signIn(workbench);
    await renewNow(scene);
    identity.faults.add({
      path: '/token',
      action: { kind: 'answer', status: 400, body: { status: 'UNKNOWN', message: 'This session is unknown.' } },
    });
    await workbench.run('Session Keeper: Renew Now');
    await workbench.told('Acme rejected the renewal of your session.').first().waitFor();
    await workbench.statusSays('Acme: retrying at');
    assert.ok(!(await workbench.statusWarns()), 'once can be chance');
    await workbench.clearNotifications();
    // The next try comes by itself, about a minute later.
    const told = toast(workbench, SENTENCE);
    await told.waitFor({ timeout: 2 * LIMIT });
    assert.deepEqual(await offersOf(told), { buttons: ['Sign In Again'], links: ['Open Settings', 'Dismiss', MUTE] });
    await workbench.statusSays(/Acme: ends in \d+ (hour|minutes)/);
    assert.ok(await workbench.statusWarns());
    await workbench.picture('90-rejected-twice');
  });

  it('is replaced when the person signs in again', async () => {
    const { identity, workbench } = scene;
    identity.faults.clear();
    await signInAgain(workbench, SENTENCE);
    assert.ok(!(await workbench.statusWarns()));
  });
});
