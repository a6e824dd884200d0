// Several windows of one VS Code, each with its own extension host: pages of one browser share its storage and the folder
// of the extension. In the browser, a window reads the secrets when it loads, and each write replaces all of them with its
// own copy.
import assert from 'node:assert/strict';
import type { JournalEntry } from '../../tools/identityJournal.ts';
import type { IdentityServer } from '../../tools/identityServer.ts';
import { signInAt } from '../../tools/simulatedUser.ts';
import { entryFor, createUiFixture } from './fixture.ts';
import { signOut } from './userActions.ts';
import { LIMIT, pressButton, type Workbench } from './workbench.ts';

/** A lifetime with which a renewal is due about every six seconds. */
const SHORT = 10;
/** A lifetime with which no renewal is due while a test runs. */
const LONG = 3600;
/** The maximum time, in ms, until a window detects a change: far less than until its next regular check. */
const AT_ONCE = 20_000;
/**
 * The least time, in ms, between two renewals at the server that are both due: they are due after two thirds of the life
 * of a short token, and on a busy machine the first of two can arrive late.
 */
const LEAST_GAP = (SHORT / 3) * 1000;

/** Signs in from a window, and returns to it. */
async function signIn(window: Workbench): Promise<void> {
  await finishSignIn(window, 'Acme', () => window.run('Session Keeper: Sign In…'));
}

/** The same with several providers. */
async function signInTo(window: Workbench, provider: string): Promise<void> {
  await window.run('Session Keeper: Sign In…');
  await finishSignIn(window, provider, () => window.rows.filter({ hasText: provider }).click());
}

async function finishSignIn(window: Workbench, provider: string, begin: () => Promise<void>): Promise<void> {
  const page = await window.waitForPage(begin);
  await signInAt(page, 'demo');
  await window.returnFrom(page);
  await window.notifications.filter({ hasText: `Signed in to ${provider} as demo.` }).waitFor();
}

/** Requests the session as another extension, and answers VS Code's prompts. */
async function whoAmI(window: Workbench): Promise<void> {
  await window.run('Consumer: Who Am I?');
  await window.dialog.filter({ hasText: 'wants to sign in using Acme' }).getByRole('button', { name: 'Allow' }).click();
  await window.rows.filter({ hasText: 'demo' }).click();
  await window.notifications.filter({ hasText: 'Acme says: you are Demo Account' }).waitFor();
}

/** Waits until the status bars of all windows show a text. */
async function allSay(windows: readonly Workbench[], words: string | RegExp, within?: number): Promise<void> {
  await Promise.all(windows.map((window) => window.waitForStatus(words, within)));
}

/** Changes the providers in the settings that all windows share. */
async function changeProviders(windows: readonly Workbench[], providers: readonly unknown[]): Promise<void> {
  await windows[0]?.changeSettings({ 'sessionKeeper.providers': providers });
  for (const window of windows) {
    await window.reloadSettings();
  }
}

/** Waits until no window shows the status bar item. */
async function noneSaysAnything(windows: readonly Workbench[]): Promise<void> {
  await Promise.all(windows.map((window) => window.status.waitFor({ state: 'detached' })));
}

/** Waits for a number of further renewals. */
async function renewals({ journal }: IdentityServer, count: number): Promise<void> {
  const wanted = journal.refreshRequests().length + count;
  await journal.waitForRequest((entry) => journal.refreshRequests().indexOf(entry) === wanted - 1, {
    limitMilliseconds: LIMIT,
  });
}

/** Checks that each renewal was one request by one window: each refresh token was sent once, when it was due. */
function eachRenewalWasOneRequest({ grantsRevoked, journal }: IdentityServer): void {
  const token = ({ status, newRefreshTokenHash }: JournalEntry): boolean =>
    status === 200 && newRefreshTokenHash !== undefined;
  const chain = journal.entries.filter(token);
  const sent = journal.refreshRequests();
  assert.deepEqual(
    sent.map(({ status }) => status),
    sent.map(() => 200),
  );
  assert.deepEqual(
    sent.map(({ refreshTokenHash }) => refreshTokenHash),
    chain.slice(0, -1).map(({ newRefreshTokenHash }) => newRefreshTokenHash),
  );
  const gaps = sent.slice(1).map(({ at }, index) => at - (sent[index]?.at ?? 0));
  assert.ok(
    gaps.every((gap) => gap > LEAST_GAP),
    `times between renewals, in ms: ${gaps.join()}`,
  );
  assert.deepEqual(grantsRevoked, []);
}

describe('a session in several windows', () => {
  const fixture = createUiFixture({ accessTokenSeconds: SHORT });
  let second: Workbench;
  let third: Workbench;

  it('is in the second window when the user signs in in the first and reloads the second', async () => {
    const { workbench } = fixture;
    second = await workbench.openWindow();
    await allSay([workbench, second], 'Acme: signed out');
    await signIn(workbench);
    await second.reload();
    await allSay([workbench, second], 'Acme: renews in');
    await workbench.screenshot('70-first-of-two-windows');
    await second.screenshot('71-second-of-two-windows');
  });

  it('is renewed with one request each time when two windows are open', async () => {
    const { identity, workbench } = fixture;
    await renewals(identity, 3);
    await allSay([workbench, second], 'Acme: renews in');
    eachRenewalWasOneRequest(identity);
  });

  it('is renewed with one request each time when three windows are open', async () => {
    const { identity, workbench } = fixture;
    third = await workbench.openWindow();
    await allSay([workbench, second, third], 'Acme: renews in');
    await renewals(identity, 3);
    await allSay([workbench, second, third], 'Acme: renews in');
    eachRenewalWasOneRequest(identity);
  });

  it('ends in all windows when the user signs out in one, and stays ended after a reload', async () => {
    const { workbench } = fixture;
    await signOut(workbench);
    await allSay([workbench, second, third], 'Acme: signed out', AT_ONCE);
    await second.reload();
    await second.waitForStatus('Acme: signed out');
  });

  it('is available to another extension in another window, without a reload, when the user signs in again', async () => {
    const { identity, workbench } = fixture;
    identity.policy.accessTokenSeconds = LONG;
    await signIn(workbench);
    await allSay([second, third], 'Acme: renews in 5', AT_ONCE);
    await whoAmI(second);
  });

  it('disappears from all windows when the provider is removed from the settings, and returns with it', async () => {
    const { identity, workbench } = fixture;
    const windows = [workbench, second, third];
    await changeProviders(windows, []);
    await noneSaysAnything(windows);
    await changeProviders(windows, [entryFor(identity.issuer)]);
    await allSay(windows, 'Acme: renews in 5');
  });

  it('continues in a new window when all others were closed', async () => {
    const { identity, workbench } = fixture;
    for (const window of [workbench, second, third]) {
      await window.closeWindow();
    }
    const only = await workbench.openWindow();
    await only.waitForStatus('Acme: renews in 5');
    await only.runRenewNow();
    await only.notifications.filter({ hasText: 'Renewed your Acme session (demo).' }).waitFor();
    assert.equal(identity.journal.refreshRequests().at(-1)?.status, 200);
  });
});

describe('a session whose secret another window has overwritten', () => {
  const fixture = createUiFixture({ accessTokenSeconds: LONG }, (issuer) => ({
    'sessionKeeper.providers': [entryFor(issuer), { ...entryFor(issuer), id: 'intranet', label: 'Intranet' }],
  }));

  it('is reported as lost, not as ended, when a new window opens, and is replaced with the button', async () => {
    const { workbench } = fixture;
    const second = await workbench.openWindow();
    await allSay([workbench, second], 'Signed out');
    await signInTo(workbench, 'Acme');
    await signInTo(second, 'Intranet');
    await workbench.closeWindow();
    await second.closeWindow();
    const only = await workbench.openWindow();
    await only.waitForStatus('Intranet: renews in 5');
    const shown = only.notifications.filter({
      hasText: 'Your stored Acme session is missing from the keyring. Sign in again.',
    });
    await shown.waitFor();
    await only.screenshot('72-session-gone');
    assert.equal(await only.notifications.filter({ hasText: 'ended' }).count(), 0);
    assert.ok(!(await only.hasStatusWarning()));
    assert.doesNotMatch(await only.logs(), /Session \w+ .* has ended/);
    const page = await only.waitForPage(() => pressButton(shown, 'Sign In'));
    await signInAt(page, 'demo');
    await only.returnFrom(page);
    await only.notifications.filter({ hasText: 'Signed in to Acme as demo.' }).waitFor();
    await only.waitForStatus('(+1)');
  });
});
