// What is shown about things around the sessions that keep them from being safe: TLS, the shared folder, and another
// extension that answers in place of Session Keeper.
import assert from 'node:assert/strict';
import { chown, readdir, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageExtension } from '../../tools/package.ts';
import { root } from '../../tools/places.ts';
import { entryFor, createUiFixture } from './fixture.ts';
import { LONG, signIn } from './userActions.ts';
import { pressButton } from './workbench.ts';

/** Makes the package file of the extension that registers the ID of a provider. */
async function packageRival(): Promise<readonly string[]> {
  const file = join(tmpdir(), `sk-rival-${process.pid}.vsix`);
  await packageExtension(join(root, 'test', 'rival'), file);
  return [file];
}

describe('what is unsafe around the sessions', () => {
  const fixture = createUiFixture(
    { accessTokenSeconds: LONG },
    (issuer) => ({ 'http.proxyStrictSSL': false, 'sessionKeeper.providers': [entryFor(issuer)] }),
    { extensions: packageRival },
  );

  it('shows that TLS certificates are not verified, with the setting', async () => {
    const { workbench } = fixture;
    const shown = workbench.notification('TLS certificates aren\'t verified because "http.proxyStrictSSL" is off.');
    await shown.waitFor();
    await workbench.screenshot('90-tls-not-verified');
    assert.equal(await shown.count(), 1);
    await pressButton(shown, 'Open Settings');
    await workbench.waitForSetting('Proxy Strict SSL');
    await workbench.run('View: Close All Editors');
    await workbench.clearNotifications();
  });

  it('does not keep the user from signing in', async () => {
    await signIn(fixture.workbench);
    await fixture.workbench.clearNotifications();
  });

  it('names the extension that has registered the ID of a provider, in the status bar and in the log', async () => {
    const { workbench } = fixture;
    await workbench.waitForStatus('Acme:');
    await workbench.status.and(workbench.page.locator('.warning-kind')).waitFor();
    await workbench.status.hover();
    const tooltip = workbench.page.locator('.monaco-hover', { hasText: 'session-keeper.rival' });
    await tooltip.waitFor();
    assert.match(
      (await tooltip.textContent()) ?? '',
      /The provider ID "acme" is already used by session-keeper\.rival/,
    );
    await workbench.screenshot('91-id-of-another-extension');
    assert.match(
      await workbench.logs(),
      /VS Code sends session requests for acme to another extension \(session-keeper\.rival\)\./,
    );
  });

  it('shows that the shared folder is a link, and that nothing is written there', async () => {
    const { workbench } = fixture;
    const elsewhere = `${workbench.sharedFolder}-elsewhere`;
    await rename(workbench.sharedFolder, elsewhere);
    await symlink(elsewhere, workbench.sharedFolder);
    try {
      const before = await readdir(elsewhere);
      await workbench.reload();
      await workbench.notification(/storage folder .*sessions isn't used because it's a symbolic link/).waitFor();
      await workbench.screenshot('92-folder-is-link');
      assert.deepEqual(await readdir(elsewhere), before);
    } finally {
      await rm(workbench.sharedFolder);
      await rename(elsewhere, workbench.sharedFolder);
    }
  });

  it('shows that the shared folder belongs to another user', async function () {
    if (process.getuid?.() !== 0) {
      // Only root can give a folder away.
      this.skip();
    }
    const { workbench } = fixture;
    await chown(workbench.sharedFolder, 65_534, 65_534);
    try {
      await workbench.reload();
      await workbench.notification(/storage folder .*sessions isn't used because another user owns it/).waitFor();
      await workbench.screenshot('93-folder-of-another-user');
    } finally {
      await chown(workbench.sharedFolder, 0, 0);
    }
  });
});
