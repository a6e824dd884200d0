// What an organization gives its users: settings in a file, and a link that proposes a provider.
import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import { demoClientId } from '../../tools/identityServer.ts';
import { canMountManagedSettings } from '../../tools/managedSettingsMount.ts';
import { signInAt } from '../../tools/simulatedUser.ts';
import { createUiFixture, entryFor } from './fixture.ts';
import { LONG } from './userActions.ts';
import type { Workbench } from './workbench.ts';

const rowIn = ({ rows }: Workbench, text: string): Locator => rows.filter({ hasText: text });

(canMountManagedSettings() ? describe : describe.skip)('the settings of an organization', () => {
  const fixture = createUiFixture(
    { accessTokenSeconds: LONG },
    (issuer) => ({
      // An entry with the ID of a locked one has no effect.
      'sessionKeeper.providers': [
        { ...entryFor('https://attacker.example.com'), label: 'Replaced' },
        { ...entryFor(issuer), id: 'own', label: 'My Own' },
      ],
      'sessionKeeper.terminal.enabled': true,
    }),
    ({ issuer }) => ({
      managedSettings: JSON.stringify({
        providers: [
          { ...entryFor(issuer), label: 'Acme Corporation' },
          { ...entryFor(issuer), id: 'partner', label: 'Partner', locked: false },
        ],
        limits: { terminal: false, maximumIdleTimeout: 60 },
      }),
    }),
  );

  it('let the user sign in to a provider that is in no settings of theirs', async () => {
    const { workbench } = fixture;
    await workbench.run('Session Keeper: Sign In…');
    await workbench.screenshot('250-managed-providers');
    const page = await workbench.waitForPage(() => rowIn(workbench, 'Acme Corporation').click());
    await signInAt(page, 'demo');
    await workbench.returnFrom(page);
    await workbench.waitForStatus('Acme Corporation: renews in');
  });

  it('are reported if the user has an entry with the same ID', async () => {
    const { workbench } = fixture;
    await workbench.notification('a provider with this ID is set by your organization').waitFor();
    await workbench.screenshot('251-managed-conflict');
    await workbench.clearNotifications();
  });

  it('can be seen, but not edited', async () => {
    const { workbench } = fixture;
    await workbench.run('Session Keeper: Edit Provider…');
    await rowIn(workbench, 'Set by your organization').nth(1).waitFor();
    assert.equal(await rowIn(workbench, 'My Own').filter({ hasText: 'Set by' }).count(), 0);
    await workbench.screenshot('252-managed-list');
    assert.equal(await rowIn(workbench, 'Replaced').count(), 0);
    await rowIn(workbench, 'Acme Corporation').click();
    await workbench.notification("is set by your organization and can't be changed.").waitFor();
    await workbench.screenshot('253-managed-locked');
    await workbench.clearNotifications();
  });

  it('can be changed in the settings if the organization allows that', async () => {
    const { workbench } = fixture;
    await workbench.run('Session Keeper: Edit Provider…');
    await rowIn(workbench, 'Partner').click();
    await workbench.press('Open Settings', 'Partner is set by your organization. To change single fields');
    await workbench.waitForSetting('Providers');
    await workbench.page.keyboard.press('Escape');
  });

  it('turn off terminal access', async () => {
    const { workbench } = fixture;
    await workbench.run('Session Keeper: Manage Terminal Access…');
    await workbench.notification('Terminal access is turned off by your organization.').waitFor();
    await workbench.screenshot('254-managed-terminal');
    await workbench.clearNotifications();
  });

  it('are named in the diagnostics', async () => {
    const { workbench } = fixture;
    await workbench.run('Session Keeper: Copy Diagnostics');
    await workbench.notification('Diagnostics copied').waitFor();
    assert.match(await workbench.clipboard(), /Configured in: settings of the organization/u);
  });
});

describe('a link that proposes a provider', () => {
  const fixture = createUiFixture({ accessTokenSeconds: LONG });
  let link = '';

  /** Opens a link, as the operating system does, and allows that. */
  async function open(url: string): Promise<void> {
    const { workbench } = fixture;
    await workbench.run('Developer: Open URL');
    const input = workbench.page.locator('.quick-input-widget input').first();
    await input.fill(url);
    await input.press('Enter');
    const question = workbench.dialog.filter({ hasText: 'to open this URI?' });
    await question.getByRole('button', { name: 'Open' }).click();
  }

  it('is copied from the summary of a provider', async () => {
    const { workbench } = fixture;
    await workbench.run('Session Keeper: Edit Provider…');
    await rowIn(workbench, 'Copy Link').click();
    await workbench.notification('Link copied.').waitFor();
    await workbench.screenshot('255-link-copied');
    await workbench.page.keyboard.press('Escape');
    await workbench.clearNotifications();
    link = await workbench.clipboard();
  });

  it('is refused if it has more than the issuer, the client ID, and the label', async () => {
    const { workbench } = fixture;
    await open(`${link}&tokenParameters=a`);
    await workbench.notification('The link to add a provider is invalid (link).').waitFor();
    await workbench.screenshot('256-link-invalid');
    await workbench.clearNotifications();
  });

  it('asks, shows what it proposes, and writes and requests nothing before the user saves it', async () => {
    const { identity, workbench } = fixture;
    await workbench.changeSettings({ 'sessionKeeper.providers': [] });
    await workbench.reloadSettings();
    await workbench.status.waitFor({ state: 'hidden' });
    const requests = identity.journal.traffic.length;
    const ownSettings = async (): Promise<unknown> =>
      Object.entries(await workbench.userSettings()).filter(([name]) => name.startsWith('sessionKeeper.'));
    const before = await ownSettings();
    await open(link);
    const question = workbench.dialog.filter({ hasText: 'Add the provider "Acme" from a link?' });
    await question.waitFor();
    const { host } = new URL(identity.issuer);
    assert.match((await question.textContent()) ?? '', new RegExp(`${host} with the client ID "${demoClientId}"`, 'u'));
    await workbench.screenshot('257-link-question');
    await question.getByRole('button', { name: 'Continue' }).click();
    await rowIn(workbench, 'Save and Sign In').waitFor();
    await workbench.screenshot('258-link-summary');
    assert.deepEqual([await ownSettings(), identity.journal.traffic.length], [before, requests]);
    const page = await workbench.waitForPage(() => rowIn(workbench, 'Save and Sign In').click());
    await signInAt(page, 'demo');
    await workbench.returnFrom(page);
    await workbench.notification('Signed in to Acme as demo.').waitFor();
  });
});
