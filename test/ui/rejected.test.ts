// A person whose refresh token is dead at a server that doesn't say so in a standard way.
import assert from 'node:assert/strict';
import { LONG, MUTE, offersOf, renewNow, signIn, signInAgain, toast } from './acts.ts';
import { setScene } from './scene.ts';

const SENTENCE = 'Acme no longer renews your session. Sign in again. The server says: “This session is unknown.”';

describe('a person whose server rejects each renewal', () => {
  const scene = setScene({ accessTokenSeconds: LONG });

  it('reads of the first time only because they asked, and is asked to sign in after the second', async function () {
    this.timeout(180_000);
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
    await told.waitFor({ timeout: 120_000 });
    assert.deepEqual(await offersOf(told), { buttons: ['Sign In Again'], links: ['Open Settings', 'Dismiss', MUTE] });
    await workbench.statusSays(/Acme: ends in \d+ (hour|minutes)/);
    assert.ok(await workbench.statusWarns());
    await workbench.picture('90-rejected-twice');
  });

  it('goes on with a new sign-in, and the old session is gone', async () => {
    const { identity, workbench } = scene;
    identity.faults.clear();
    await signInAgain(workbench, SENTENCE);
    assert.ok(!(await workbench.statusWarns()));
  });
});
