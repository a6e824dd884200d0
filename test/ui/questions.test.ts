// The confirmations before users and credentials are sent to other hosts, and for sessions whose provider was removed.
import assert from 'node:assert/strict';
import { entryFor, createUiFixture } from './fixture.ts';
import { finishSignIn, getActions, signIn, LONG } from './userActions.ts';
import { pressButton } from './workbench.ts';

const METADATA = '/.well-known/openid-configuration';

/** The end of the notification about a session whose provider was removed from the settings. */
const REMOVED = "is no longer configured, but you're still signed in. Sign out to revoke its tokens.";

describe('a confirmation about hosts and sessions', () => {
  const fixture = createUiFixture({ accessTokenSeconds: LONG });

  const configure = async (entries: readonly Readonly<Record<string, unknown>>[]): Promise<void> => {
    const { workbench } = fixture;
    await workbench.changeSettings({ 'sessionKeeper.providers': entries });
    await workbench.reloadSettings();
  };

  let restoreMetadata = (): void => {};

  /**
   * Moves an endpoint in the server metadata to another origin, and makes Session Keeper read the metadata. It can be read
   * more than once, because VS Code can report a changed setting late.
   */
  const moveEndpoint = async (name: string, path: string): Promise<string> => {
    const { identity } = fixture;
    restoreMetadata();
    const metadata = (await (await fetch(new URL(METADATA, identity.issuer))).json()) as Record<string, unknown>;
    const { port } = new URL(identity.issuer);
    const body = { ...metadata, [name]: `http://localhost:${port}${path}` };
    restoreMetadata = identity.faults.add({ path: METADATA, action: { kind: 'answer', status: 200, body } });
    // After a change in the settings, the metadata is read again.
    await configure([{ ...entryFor(identity.issuer), authorizationParameters: { ui_locales: name } }]);
    return `localhost:${port}`;
  };

  it('is shown with both hosts before a sign-in at an unusual host, and remembered', async () => {
    const { identity, workbench } = fixture;
    await workbench.waitForStatus('Acme: signed out');
    const host = await moveEndpoint('authorization_endpoint', '/auth');
    const question = workbench.dialog.filter({ hasText: `Signing in to Acme opens a page at ${host}. Continue?` });
    await workbench.run('Session Keeper: Sign In…');
    await question.waitFor();
    await question.getByText(`The authorization code is then sent to ${new URL(identity.issuer).host}.`).waitFor();
    await workbench.screenshot('220-unusual-destination');
    await pressButton(question, 'Cancel');
    await workbench.waitForStatus('Acme: signed out');
    assert.ok(!identity.journal.entries.some(({ path }) => path === '/auth'));
    await workbench.clearNotifications();
    await finishSignIn(workbench, async () => {
      await workbench.run('Session Keeper: Sign In…');
      await pressButton(question, 'Continue');
    });
    await workbench.waitForStatus('Acme: renews in');
  });

  it('is shown with both hosts when the token endpoint has moved, and the refresh token is sent after Trust New Host', async () => {
    const { identity, workbench } = fixture;
    await workbench.clearNotifications();
    const host = await moveEndpoint('token_endpoint', '/token');
    const sentence = `Acme now requires tokens to be sent to a different host: ${host} (previously ${new URL(identity.issuer).host}).`;
    const requests = identity.journal.refreshRequests().length;
    await workbench.runRenewNow();
    await workbench.notification(sentence).first().waitFor();
    await workbench.screenshot('221-endpoint-moved');
    assert.equal(identity.journal.refreshRequests().length, requests);
    await workbench.press('Trust New Host', sentence);
    await workbench.notification('Renewed your Acme session (demo).').waitFor();
    assert.equal(identity.journal.refreshRequests().length, requests + 1);
    restoreMetadata();
    await workbench.clearNotifications();
  });

  it('is shown before the command signs out of the only account', async () => {
    const { workbench } = fixture;
    await workbench.run('Session Keeper: Sign Out…');
    await workbench.dialog.getByText('Sign out of Acme (demo)?').waitFor();
    await workbench.screenshot('222-confirm-sign-out');
    await workbench.dialog.getByRole('button', { name: 'Cancel' }).click();
    await workbench.waitForStatus('Acme: renews in');
  });

  it('is shown once when the provider is removed from the settings, and Sign Out revokes the tokens', async () => {
    const { identity, workbench } = fixture;
    await configure([]);
    const shown = workbench.notification(REMOVED);
    await shown.waitFor();
    assert.deepEqual(await getActions(shown), { buttons: ['Sign Out'], links: ['Keep Session'] });
    await workbench.screenshot('223-provider-removed');
    await configure([entryFor(identity.issuer)]);
    await shown.waitFor({ state: 'detached' });
    await workbench.waitForStatus('Acme: renews in');
    await configure([]);
    await shown.waitFor();
    await workbench.press('Sign Out', REMOVED);
    await workbench.notification('Signed out of Acme.').waitFor();
    await identity.journal.waitForRequest(({ path }) => path === '/token/revocation');
    await configure([entryFor(identity.issuer)]);
    await workbench.waitForStatus('Acme: signed out');
    await signIn(workbench);
  });

  it('can be signed out later if the user keeps the session', async () => {
    const { identity, workbench } = fixture;
    const revoked = (): number => identity.journal.entries.filter(({ path }) => path === '/token/revocation').length;
    await workbench.clearNotifications();
    await configure([]);
    await workbench.notification(REMOVED).waitFor();
    const before = revoked();
    await workbench.followLink('Keep\u00A0Session', REMOVED);
    await workbench.run('Session Keeper: Sign Out…');
    const dialog = workbench.dialog.filter({ hasText: 'Sign out of Acme (demo)?' });
    await dialog.waitFor();
    await workbench.screenshot('224-sign-out-later');
    await dialog.getByRole('button', { name: 'Sign Out' }).click();
    await workbench.notification('Signed out of Acme').waitFor();
    assert.ok(revoked() > before);
  });
});
