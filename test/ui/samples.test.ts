// The sample extensions, whose manifests declare their identity server: nothing is configured in the settings.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demoClientId, type IdentityServer } from '../../tools/identityServer.ts';
import { startNotesServer, type NotesServer } from '../../tools/notesServer.ts';
import { signInAt } from '../../tools/simulatedUser.ts';
import { packageSample } from '../../tools/samples.ts';
import { createUiFixture } from './fixture.ts';
import { LONG } from './userActions.ts';

describe('the sample extensions', () => {
  let folder = '';
  let notes: NotesServer | undefined;

  /** Makes the package files, for the identity server of this test. */
  async function packageSamples(identity: IdentityServer): Promise<string[]> {
    folder = await mkdtemp(join(tmpdir(), 'sk-samples-'));
    notes = await startNotesServer(identity);
    const server = { issuer: identity.issuer, clientId: demoClientId };
    const files = (['acme-notes', 'acme-status'] as const).map(
      (sample) => [sample, join(folder, `${sample}.vsix`)] as const,
    );
    await Promise.all(files.map(([sample, file]) => packageSample(sample, server, file)));
    return files.map(([, file]) => file);
  }

  const fixture = createUiFixture(
    { accessTokenSeconds: LONG },
    () => ({}),
    (identity) => ({
      extensions: () => packageSamples(identity),
    }),
  );

  after(async () => {
    notes?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('ask who wants the user to sign in, and where, before the first sign-in', async () => {
    const { workbench, identity } = fixture;
    await workbench.changeSettings({ 'acmeNotes.server': notes?.address });
    await workbench.reloadSettings();
    await workbench.run('Acme: Show Notes');
    await workbench.dialog.getByText('Acme Notes', { exact: false }).first().waitFor();
    await workbench.screenshot('240-declared-allow');
    await workbench.dialog.getByRole('button', { name: 'Allow' }).click();
    const question = workbench.dialog.filter({ hasText: 'Sign in to Acme for the extension "Acme Notes"?' });
    await question.waitFor();
    const { host } = new URL(identity.issuer);
    assert.match(
      (await question.textContent()) ?? '',
      new RegExp(`added by acme\\.acme-notes, not by you.*${host}`, 'u'),
    );
    await workbench.screenshot('241-declared-question');
    const page = await workbench.waitForPage(() => question.getByRole('button', { name: 'Continue' }).click());
    await signInAt(page, 'demo');
    await workbench.returnFrom(page);
    await workbench.notification('Your notes: {"method":"GET","path":"/notes"').waitFor();
    await workbench.waitForStatus('Acme: renews in');
    await workbench.screenshot('242-declared-signed-in');
    await workbench.clearNotifications();
  });

  it('get the notes again without a question', async () => {
    const { workbench } = fixture;
    await workbench.run('Acme: Show Notes');
    await workbench.notification('Your notes:').waitFor();
    assert.equal(await workbench.dialog.count(), 0);
    await workbench.clearNotifications();
  });

  it('declare a provider by a command, and show the state of its session', async () => {
    const { workbench } = fixture;
    const item = workbench.page.locator('[id="acme.acme-status.acmeStatus"]');
    await item.filter({ hasText: 'Acme: not signed in' }).waitFor();
    await item.click();
    await workbench.dialog.getByRole('button', { name: 'Allow' }).click();
    const question = workbench.dialog.filter({ hasText: 'Sign in to Acme for the extension "Acme Status"?' });
    const page = await workbench.waitForPage(() => question.getByRole('button', { name: 'Continue' }).click());
    await signInAt(page, 'demo');
    await workbench.returnFrom(page);
    await item.filter({ hasText: 'Acme: demo' }).waitFor();
    await workbench.screenshot('243-declared-state');
  });

  it('are named in the diagnostics', async () => {
    const { workbench } = fixture;
    await workbench.run('Session Keeper: Copy Diagnostics');
    await workbench.notification('Diagnostics copied').waitFor();
    const report = await workbench.clipboard();
    assert.match(report, /Configured in: the extension `acme\.acme-notes`/u);
    assert.match(report, /Configured in: the extension `acme\.acme-status`/u);
  });
});
