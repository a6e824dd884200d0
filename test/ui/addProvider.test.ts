// Add Provider…, from empty settings to signed in, with the keyboard only.
import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import { issuerRedirectUri } from '../../src/wizard/redirect.ts';
import { demoClientId } from '../../tools/identityServer.ts';
import { signInAt } from '../../tools/simulatedUser.ts';
import { entryFor, createUiFixture, type UiFixture } from './fixture.ts';

/** A client with a secret. */
const CONFIDENTIAL = {
  client_id: 'confidential',
  client_secret: 'a-secret-for-the-tests-of-the-wizard-only',
  application_type: 'native',
  token_endpoint_auth_method: 'client_secret_basic',
  redirect_uris: ['http://127.0.0.1/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
} as const;

/** The open input box or quick pick. */
interface QuickInput {
  readonly input: Locator;
  readonly waitForTitle: (words: string) => Promise<void>;
  readonly waitForText: (words: string | RegExp) => Promise<void>;
  readonly waitForPlaceholder: (words: string) => Promise<void>;
  /** Waits until the summary is shown and Enter selects its first row. */
  readonly waitForSummary: () => Promise<void>;
  /** Replaces the text, and presses Enter. */
  readonly enter: (text: string) => Promise<void>;
  /** Replaces the text. */
  readonly type: (text: string) => Promise<void>;
  /** Waits for a quick pick, filters its rows, and selects the first one. */
  readonly pick: (filter: string) => Promise<void>;
  readonly press: (key: string) => Promise<void>;
  readonly goBack: () => Promise<void>;
  /** Moves the focus to a button in the title, and presses it. */
  readonly pressButton: (name: string) => Promise<void>;
}

function quickInputOf({ workbench }: UiFixture): QuickInput {
  const { keyboard } = workbench.page;
  const widget = workbench.page.locator('.quick-input-widget');
  const input = widget.locator('.quick-input-filter input').last();
  const press = (key: string): Promise<void> => keyboard.press(key);
  const type = async (text: string): Promise<void> => {
    await input.focus();
    await press('Control+a');
    await press('Delete');
    await keyboard.insertText(text);
  };
  return {
    input,
    press,
    type,
    waitForTitle: (words) => widget.locator('.quick-input-title', { hasText: words }).waitFor(),
    waitForText: (words) => widget.getByText(words).first().waitFor(),
    waitForPlaceholder: (words) => widget.getByPlaceholder(words).waitFor(),
    waitForSummary: async () => {
      await widget.getByPlaceholder(SUMMARY).waitFor();
      await widget.locator('.monaco-list-row.focused', { hasText: 'Save' }).waitFor();
    },
    enter: async (text) => {
      await type(text);
      await press('Enter');
    },
    pick: async (filter) => {
      // Until the quick pick is shown, the input box of the previous step would get the text.
      await workbench.rows.first().waitFor();
      await type(filter);
      await widget.locator('.monaco-list-row.focused', { hasText: filter }).waitFor();
      await press('Enter');
    },
    goBack: () => press('Control+Alt+-'),
    pressButton: async (name) => {
      const button = widget.getByRole('button', { name });
      await button.waitFor();
      await input.focus();
      // Tab reaches one button of a toolbar, and the arrow keys the others.
      for (const key of ['Shift+Tab', 'ArrowRight', 'ArrowRight', 'ArrowLeft', 'ArrowLeft', 'ArrowLeft']) {
        await press(key);
        if (await button.evaluate((element) => element === document.activeElement)) {
          await press('Enter');
          await input.focus();
          return;
        }
      }
      throw new Error(`The keyboard doesn't reach the button "${name}".`);
    },
  };
}

const SUMMARY = 'Review your settings. Select an item to change it.';

describe('adding a provider when none is configured', () => {
  const fixture = createUiFixture({}, () => ({}));

  it('starts when the user tries to sign in', async () => {
    const { workbench } = fixture;
    await workbench.run('Session Keeper: Sign In…');
    const words = 'No providers are configured.';
    await workbench.notification(words).waitFor();
    assert.equal(await workbench.status.count(), 0);
    await workbench.waitForBadge(0);
    await workbench.screenshot('20-no-providers');
    await workbench.press('Add Provider…', words);
    await quickInputOf(fixture).waitForTitle('Add Provider (1/4)');
    for (const name of ['Keycloak', 'Microsoft Entra ID']) {
      await workbench.rows.filter({ hasText: name }).waitFor();
    }
    await workbench.screenshot('120-wizard-server');
  });

  it('shows which placeholders of a known server to replace, and goes back to the list', async () => {
    const { workbench } = fixture;
    const { goBack, input, pick, press, type, waitForText, waitForTitle } = quickInputOf(fixture);
    await pick('Keycloak');
    await waitForTitle('Add Provider (2/4)');
    assert.equal(await input.inputValue(), 'https://{host}/realms/{realm}');
    await waitForText('Replace {host} with the host of your Keycloak server and {realm} with the name of the realm.');
    await workbench.screenshot('121-wizard-issuer-of-preset');
    await workbench.page.keyboard.type('id.example.com');
    await waitForText('Replace {realm}.');
    await goBack();
    await waitForTitle('Add Provider (1/4)');
    await type('id.example.com');
    await workbench.rows.first().filter({ hasText: 'Other Server…' }).waitFor();
    await press('Enter');
    await waitForText("The issuer URL of your server. It's checked when you press Enter.");
    assert.equal(await input.inputValue(), 'https://id.example.com');
  });

  it('shows what is wrong with the issuer, and continues with a valid one', async () => {
    const { identity, workbench } = fixture;
    const { enter, type, waitForText, waitForTitle } = quickInputOf(fixture);
    await type('http://id.example.com');
    await waitForText('The issuer URL must start with https://');
    await workbench.screenshot('121-wizard-invalid-issuer');
    await enter(`${identity.issuer}/wrong`);
    await waitForText(
      'No OpenID Connect or OAuth server found at this URL. Correct the URL, or press Enter again to continue anyway.',
    );
    await workbench.screenshot('122-wizard-wrong-issuer');
    await enter(`${identity.issuer}/.well-known/openid-configuration`);
    await waitForTitle('Add Provider (3/4)');
  });

  it('shows the redirect URI with the client ID, and copies it', async () => {
    const { workbench } = fixture;
    const { input, pressButton, waitForText } = quickInputOf(fixture);
    await waitForText('Redirect URI to register, for any port: http://127.0.0.1/callback');
    await workbench.screenshot('124-wizard-client');
    await workbench.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await pressButton('Copy Redirect URI');
    await waitForText('Copied.');
    assert.equal(await workbench.clipboard(), 'http://127.0.0.1/callback');
    await pressButton('Show Instructions');
    await workbench.page.locator('.tab', { hasText: 'Preview other.md' }).waitFor();
    await workbench.screenshot('124-wizard-instructions');
    await input.focus();
  });

  it('changes the redirect URI before the client is registered', async () => {
    const { workbench } = fixture;
    const { goBack, pick, press, pressButton, type, waitForPlaceholder, waitForText, waitForTitle } =
      quickInputOf(fixture);
    await pressButton('Change Redirect URI…');
    await workbench.rows
      .filter({ hasText: 'Any Port on 127.0.0.1' })
      .filter({ hasText: 'recommended' })
      .filter({ hasText: 'Register http://127.0.0.1/callback for any port' })
      .waitFor();
    await workbench.screenshot('123-wizard-redirect');
    await pick('Another Redirect URI…');
    await waitForText("Enter the redirect URI exactly as it's registered at the server.");
    await type('http://example.com/auth');
    await waitForText('must be http:// with localhost, 127.0.0.1, or [::1]');
    await type('http://localhost:8400/auth');
    await waitForText(/registered at the server\. \(Press/);
    await workbench.screenshot('123-wizard-redirect-uri');
    await goBack();
    await waitForPlaceholder('Select the redirect URI to register at the server');
    await pick('Fixed Ports…');
    await waitForText('Enter one or more ports, separated by commas.');
    await type('8400, 8401');
    await waitForText('Redirect URIs to register: http://127.0.0.1:8400/callback and http://127.0.0.1:8401/callback');
    await workbench.screenshot('123-wizard-redirect-port');
    await press('Enter');
    await waitForTitle('Add Provider (3/4)');
    await waitForText('Redirect URIs to register: http://127.0.0.1:8400/callback');
    await pressButton('Change Redirect URI…');
    await pick('Any Port on 127.0.0.1');
    await waitForText('Redirect URI to register, for any port: http://127.0.0.1/callback');
  });

  it('shows all defaults in the summary, and keeps the answers when the user goes back', async () => {
    const { workbench } = fixture;
    const { enter, goBack, input, press, waitForSummary, waitForTitle } = quickInputOf(fixture);
    await enter(demoClientId);
    await waitForTitle('Add Provider (4/4)');
    await waitForSummary();
    for (const row of [
      'Save and Sign In',
      'Redirect URIhttp://127.0.0.1/callback (any port)',
      'Scopesopenid profile email offline_access',
      'Label127.0.0.1',
      'Provider IDoidc',
      'Server capabilities',
    ]) {
      await workbench.rows.filter({ hasText: row }).waitFor();
    }
    await workbench.screenshot('127-wizard-summary');
    await goBack();
    await waitForTitle('Add Provider (3/4)');
    assert.equal(await input.inputValue(), demoClientId);
    await press('Enter');
  });

  it('changes the scopes, the label and the ID', async () => {
    const { workbench } = fixture;
    const { enter, goBack, input, pick, press, type, waitForPlaceholder, waitForSummary, waitForText } =
      quickInputOf(fixture);
    await waitForSummary();
    await pick('Server capabilities');
    await waitForPlaceholder('Capabilities of');
    for (const capability of ['Browser sign-in', 'Device code sign-in', 'Session renewal (offline_access)']) {
      await workbench.rows.filter({ hasText: capability }).first().waitFor();
    }
    await workbench.screenshot('123-wizard-capabilities');
    await goBack();
    await waitForSummary();
    await pick('Scopes');
    await waitForPlaceholder('Select the scopes to request');
    await workbench.rows.filter({ hasText: 'offline_access' }).first().waitFor();
    const checked = workbench.page.locator('.quick-input-widget .monaco-list-row[aria-checked=true]');
    await checked.nth(3).waitFor({ state: 'attached' });
    assert.equal(await checked.count(), 4);
    await workbench.screenshot('125-wizard-scopes');
    await press('Enter');
    await waitForSummary();
    await pick('Label');
    await waitForText('The name of this provider in VS Code');
    await enter('Acme');
    await waitForSummary();
    await pick('Provider ID');
    await waitForText('The provider ID that extensions pass to getSession.');
    assert.equal(await input.inputValue(), 'acme');
    await type('github');
    await waitForText('This provider ID is used by VS Code');
    await workbench.screenshot('126-wizard-id');
    await enter('acme');
    await waitForSummary();
  });

  it('signs in', async () => {
    const { identity, workbench } = fixture;
    const page = await workbench.waitForPage(() => quickInputOf(fixture).press('Enter'));
    await signInAt(page, 'demo');
    await workbench.returnFrom(page);
    await workbench.notifications.filter({ hasText: 'Signed in to Acme as demo.' }).waitFor();
    await workbench.waitForStatus('Acme: renews in');
    await workbench.screenshot('128-wizard-signed-in');
    const stored = (await workbench.userSettings())['sessionKeeper.providers'];
    assert.deepEqual(stored, [
      { ...entryFor(identity.issuer), scopes: ['openid', 'profile', 'email', 'offline_access'] },
    ]);
  });

  it('changes only the label of an existing provider', async () => {
    const { identity, workbench } = fixture;
    const { enter, pick, press, type, waitForSummary, waitForText, waitForTitle } = quickInputOf(fixture);
    await workbench.clearNotifications();
    await workbench.run('Session Keeper: Edit Provider…');
    await waitForTitle('Edit Provider Acme');
    await workbench.screenshot('129-wizard-edit');
    await pick('Label');
    await waitForText('The name of this provider in VS Code');
    await enter('Acme Corporation');
    await waitForSummary();
    await type('');
    await press('Enter');
    await workbench.notifications.filter({ hasText: 'Saved changes to Acme Corporation.' }).waitFor();
    await workbench.waitForStatus('Acme Corporation: renews in');
    const stored = (await workbench.userSettings())['sessionKeeper.providers'];
    assert.deepEqual(stored, [
      {
        ...entryFor(identity.issuer),
        label: 'Acme Corporation',
        scopes: ['openid', 'profile', 'email', 'offline_access'],
      },
    ]);
    await workbench.screenshot('130-wizard-edited');
  });
});

describe('adding a provider when some entries are invalid', () => {
  const invalid = {
    id: 'intranet',
    label: 'Intranet',
    issuer: 'http://id.example.com',
    clientId: 'some-client',
    later: true,
  };
  const fixture = createUiFixture(
    {
      clients: [
        {
          ...CONFIDENTIAL,
          redirect_uris: [...CONFIDENTIAL.redirect_uris],
          grant_types: [...CONFIDENTIAL.grant_types],
          response_types: ['code'],
        },
      ],
    },
    () => ({
      'sessionKeeper.providers': [invalid, 'junk'],
    }),
  );

  it('shows the invalid entries in the diagnostics, with a quick fix', async () => {
    const { workbench } = fixture;
    await workbench.clearNotifications();
    await workbench.run('Session Keeper: Show Diagnostics');
    await workbench.page.locator('.codelens-decoration', { hasText: 'Open Settings' }).first().waitFor();
    await workbench.screenshot('137-diagnostics');
    await workbench.run('View: Close Editor');
  });

  it('saves an unreachable server with a scope that was typed, and keeps the other entries', async () => {
    const { workbench } = fixture;
    const { enter, pick, press, type, waitForPlaceholder, waitForSummary, waitForText, waitForTitle } =
      quickInputOf(fixture);
    await workbench.run('Session Keeper: Add Provider…');
    await workbench.rows.filter({ hasText: 'Intranet' }).waitFor();
    await workbench.screenshot('131-wizard-existing');
    await pick('Other Server…');
    await waitForTitle('Add Provider (2/4)');
    await enter('http://127.0.0.1:9/later');
    await waitForText("Couldn't reach 127.0.0.1:9.");
    await workbench.screenshot('131-wizard-unreachable');
    await press('Enter');
    await waitForTitle('Add Provider (3/4)');
    await enter('vscode');
    await waitForSummary();
    await pick('Scopes');
    await waitForPlaceholder('Select the scopes to request');
    await workbench.rows.filter({ hasText: 'offline_access' }).first().waitFor();
    await type('notes.own');
    await workbench.rows.filter({ hasText: 'notes.own' }).waitFor();
    await press('ArrowDown');
    await press('Space');
    await type('');
    await workbench.rows.filter({ hasText: 'offline_access' }).first().waitFor();
    await workbench.screenshot('132-wizard-own-scope');
    await press('Enter');
    await workbench.rows.filter({ hasText: 'openid profile email offline_access notes.own' }).waitFor();
    await waitForSummary();
    await press('ArrowDown');
    await press('Enter');
    await workbench.notifications
      .filter({ hasText: 'Added 127.0.0.1. You can sign in now, or later from the Accounts menu.' })
      .waitFor();
    const [first, second, third] = (await workbench.userSettings())['sessionKeeper.providers'] as unknown[];
    assert.deepEqual([first, second], [invalid, 'junk']);
    assert.deepEqual(third, {
      id: 'oidc',
      label: '127.0.0.1',
      issuer: 'http://127.0.0.1:9/later',
      clientId: 'vscode',
      scopes: ['openid', 'profile', 'email', 'offline_access', 'notes.own'],
    });
  });

  it("signs in with the client secret that was entered, and doesn't write it to the settings", async () => {
    const { identity, workbench } = fixture;
    const { enter, pick, press, type, waitForPlaceholder, waitForSummary, waitForText, waitForTitle } =
      quickInputOf(fixture);
    await workbench.run('Session Keeper: Add Provider…');
    await workbench.rows.filter({ hasText: 'Keycloak' }).waitFor();
    await pick('Other Server…');
    await waitForTitle('Add Provider (2/4)');
    await enter(`${identity.issuer}/`);
    await waitForTitle('Add Provider (3/4)');
    await enter(CONFIDENTIAL.client_id);
    await waitForSummary();
    await pick('Client secret');
    await waitForPlaceholder('Client secret');
    await type(CONFIDENTIAL.client_secret);
    await workbench.screenshot('133-wizard-secret');
    await press('Enter');
    await waitForSummary();
    await pick('Label');
    await waitForText('The name of this provider in VS Code');
    await enter('Acme');
    await workbench.rows.filter({ hasText: 'Client secretentered' }).waitFor();
    await waitForSummary();
    await workbench.screenshot('134-wizard-summary-secret');
    const page = await workbench.waitForPage(() => press('Enter'));
    await signInAt(page, 'demo');
    await workbench.returnFrom(page);
    await workbench.notifications.filter({ hasText: 'Signed in to Acme as demo.' }).waitFor();
    const settings = JSON.stringify(await workbench.userSettings());
    assert.ok(!settings.includes(CONFIDENTIAL.client_secret));
    assert.ok(settings.includes(`"issuer":"${identity.issuer}"`), 'the issuer of the server metadata');
  });

  it('selects the device code flow for a product without metadata if there is no secret, and proposes a redirect URI for its issuer only', async () => {
    const { workbench } = fixture;
    const { enter, pick, press, waitForSummary, waitForText, waitForTitle } = quickInputOf(fixture);
    await workbench.run('Session Keeper: Add Provider…');
    await workbench.rows.filter({ hasText: 'GitHub OAuth App' }).waitFor();
    await pick('GitHub OAuth App');
    await waitForTitle('Add Provider (2/4)');
    const redirectUri = issuerRedirectUri('https://github.com/login/oauth');
    await waitForText(`Redirect URI to register, for any port: ${redirectUri}`);
    await workbench.screenshot('135-wizard-known');
    await enter('Ov23liAbCdEf');
    await waitForTitle('Add Provider (3/4)');
    await waitForText('Leave empty to sign in with a device code instead.');
    await workbench.screenshot('136-wizard-secret-or-code');
    await press('Enter');
    await workbench.rows.filter({ hasText: 'read:user user:email' }).waitFor();
    await pick('Redirect URI');
    await workbench.rows
      .filter({ hasText: 'Separate Path for This Server' })
      .filter({ hasText: "Other servers then can't receive this server's authorization codes." })
      .waitFor();
    await workbench.screenshot('136-wizard-redirect-for-issuer');
    await press('Enter');
    await waitForSummary();
    await press('ArrowDown');
    await press('Enter');
    await workbench.notifications.filter({ hasText: 'Added GitHub OAuth App.' }).waitFor();
    const entry = ((await workbench.userSettings())['sessionKeeper.providers'] as unknown[]).at(-1) as Readonly<
      Record<string, unknown>
    >;
    assert.deepEqual(
      [entry['id'], entry['clientId'], entry['signInMethod'], entry['account'], entry['redirectUri']],
      ['github-oauth-app', 'Ov23liAbCdEf', 'device', { id: 'id', label: 'login' }, redirectUri],
    );
    assert.equal(
      (entry['endpoints'] as Readonly<Record<string, unknown>>)['token'],
      'https://github.com/login/oauth/access_token',
    );
  });
});
