// Copying an access token from the status bar and from the Command Palette.
import assert from 'node:assert/strict';
import { createUiFixture } from './fixture.ts';
import { LONG, signIn } from './userActions.ts';

describe('copying an access token', () => {
  const fixture = createUiFixture({ accessTokenSeconds: LONG });

  it('asks for the session, warns, and copies a token that works', async () => {
    const { identity, workbench } = fixture;
    await workbench.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await signIn(workbench);
    await workbench.clearNotifications();
    await workbench.status.click();
    await workbench.rows.filter({ hasText: 'Copy Access Token…' }).waitFor();
    await workbench.screenshot('clipboard-1-sessions');
    await workbench.rows.filter({ hasText: 'Copy Access Token…' }).click();
    await workbench.rows.filter({ hasText: 'Scopes: openid' }).waitFor();
    await workbench.screenshot('clipboard-2-session');
    await workbench.rows.filter({ hasText: 'Scopes: openid' }).click();
    await workbench.dialog.filter({ hasText: 'Copy an access token to the clipboard?' }).waitFor();
    await workbench.screenshot('clipboard-3-warning');
    await workbench.dialog.getByRole('button', { name: 'Copy' }).click();
    await workbench.notification(/Token copied\. Expires at .+\. Clipboard clears in one minute\./).waitFor();
    await workbench.screenshot('clipboard-4-copied');
    assert.equal(await identity.tokenIsActive(await workbench.clipboard()), true);
  });

  it('copies a curl header without warning again', async () => {
    const { identity, workbench } = fixture;
    await workbench.clearNotifications();
    await workbench.run('Session Keeper: Copy as curl Header…');
    await workbench.rows.filter({ hasText: 'Scopes: openid' }).click();
    await workbench.notification('curl option copied. Paste it after the command. Expires at').waitFor();
    const [, token = ''] = /^-H "Authorization: Bearer (\S+)"$/u.exec(await workbench.clipboard()) ?? [];
    assert.equal(await identity.tokenIsActive(token), true);
  });
});
