// Add Provider…, from empty settings to signed in, at a real identity server.
import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import { demoClientId } from '../../tools/identityServer.ts';
import { signInAt } from '../../tools/person.ts';
import { entryFor, createUiFixture, type UiFixture } from './fixture.ts';

/** The client with a secret that the server of the last tests has. */
const CONFIDENTIAL = {
  client_id: 'confidential',
  client_secret: 'a-secret-for-the-tests-of-the-guide-only',
  application_type: 'native',
  token_endpoint_auth_method: 'client_secret_basic',
  redirect_uris: ['http://127.0.0.1/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
} as const;

/** The box that is open: what can be seen of it, and waited for. */
interface Box {
  readonly widget: Locator;
  readonly input: Locator;
  readonly title: (words: string) => Promise<void>;
  readonly says: (words: string | RegExp) => Promise<void>;
}

function partsOf({ workbench }: UiFixture): Box {
  const widget = workbench.page.locator('.quick-input-widget');
  return {
    widget,
    input: widget.locator('.quick-input-filter input').last(),
    title: (words) => widget.locator('.quick-input-title', { hasText: words }).waitFor(),
    says: (words) => widget.getByText(words).first().waitFor(),
  };
}

describe('adding a provider when none is configured', () => {
  const fixture = createUiFixture({}, () => ({}));

  it('starts when the person tries to sign in, and nothing is in the status bar before that', async () => {
    const { workbench } = fixture;
    await workbench.run('Session Keeper: Sign In…');
    await workbench.notification('No provider is set up yet.').waitFor();
    assert.equal(await workbench.status.count(), 0);
    await workbench.waitForBadge(0);
    await workbench.screenshot('20-nothing-set-up');
    await workbench.press('Add Provider…', 'No provider is set up yet.');
    await partsOf(fixture).title('Add Provider (1/10)');
    for (const name of ['Another Server', 'Keycloak', 'Microsoft Entra ID']) {
      await workbench.rows.filter({ hasText: name }).waitFor();
    }
    await workbench.screenshot('120-guide-server');
  });

  it('shows what to fill in when a predefined server is chosen, and goes back to choose another', async () => {
    const { workbench } = fixture;
    const { input, says, title, widget } = partsOf(fixture);
    await workbench.rows.filter({ hasText: 'Keycloak' }).click();
    await title('Add Provider (2/9)');
    assert.equal(await input.inputValue(), 'https://{host}/realms/{realm}');
    await says('The host of Keycloak, and the name of the realm.');
    await workbench.screenshot('121-guide-issuer-of-preset');
    await workbench.page.keyboard.type('id.example.com');
    await says('Fill in {realm}.');
    await widget.getByRole('button', { name: 'Back' }).click();
    await workbench.rows.filter({ hasText: 'Another Server' }).click();
    await title('Add Provider (2/10)');
    await says('The address of the issuer');
  });

  it('shows what is wrong when the issuer is, and continues when it is corrected', async () => {
    const { identity, workbench } = fixture;
    const { input, says, widget } = partsOf(fixture);
    await input.fill('http://id.example.com');
    await says('"issuer" must start with https://');
    await workbench.screenshot('121-guide-bad-issuer');
    await input.fill(`${identity.issuer}/wrong`);
    await input.press('Enter');
    await says(
      'There is no OpenID Connect or OAuth server at this address. Correct the address, or press Enter again to go on anyway.',
    );
    await workbench.screenshot('122-guide-wrong-issuer');
    await input.fill(`${identity.issuer}/.well-known/openid-configuration`);
    await input.press('Enter');
    await widget.getByPlaceholder(`${identity.issuer} has answered. This is what it offers.`).waitFor();
    for (const fact of [
      'You can sign in in the browser.',
      'You can sign in with a code, on any device.',
      'with the scope “offline_access”',
    ]) {
      await workbench.rows.filter({ hasText: fact }).waitFor();
    }
    await workbench.screenshot('123-guide-found');
    await input.press('Enter');
  });

  it('shows what to register when a kind of redirect URI is chosen, and copies it', async () => {
    const { workbench } = fixture;
    const { input, says, title, widget } = partsOf(fixture);
    await title('Add Provider (4/10)');
    await workbench.rows
      .filter({ hasText: 'Any Port on 127.0.0.1' })
      .filter({ hasText: 'Recommended' })
      .filter({ hasText: 'Register http://127.0.0.1/callback, for any port.' })
      .waitFor();
    await workbench.screenshot('123-guide-redirect');
    await workbench.rows.filter({ hasText: 'A Redirect URI That’s Already Registered' }).click();
    await title('Add Provider (5/11)');
    await says('Enter the redirect URI exactly as it’s registered at the server.');
    await input.fill('http://example.com/auth');
    await says('must be http:// with localhost, 127.0.0.1 or [::1]');
    await input.fill('http://localhost:8400/auth');
    await says('Redirect URI to register: http://localhost:8400/auth');
    await widget.getByRole('button', { name: 'Copy Redirect URI' }).click();
    await says('Copied.');
    assert.equal(await workbench.clipboard(), 'http://localhost:8400/auth');
    await workbench.screenshot('123-guide-redirect-uri');
    await widget.getByRole('button', { name: 'Back' }).click();
    await workbench.rows.filter({ hasText: 'A Fixed Port' }).click();
    await says('Enter a port, or several separated by commas.');
    await input.fill('8400, 8401');
    await says('Redirect URI to register: http://127.0.0.1:8400/callback , http://127.0.0.1:8401/callback');
    await workbench.screenshot('123-guide-redirect-port');
    await input.press('Enter');
    await title('Add Provider (6/11)');
    await says('Redirect addresses to register, each of them: http://127.0.0.1:8400/callback');
    await widget.getByRole('button', { name: 'Back' }).click();
    await says('Enter a port, or several separated by commas.');
    await widget.getByRole('button', { name: 'Back' }).click();
    await workbench.rows.filter({ hasText: 'Any Port on 127.0.0.1' }).click();
    await title('Add Provider (5/10)');
  });

  it('copies the redirect URI, and opens the instructions, when the client ID is asked for', async () => {
    const { workbench } = fixture;
    const { input, says, widget } = partsOf(fixture);
    await says('Redirect address to register: http://127.0.0.1/callback (any port).');
    await workbench.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await widget.getByRole('button', { name: 'Copy the Redirect Addresses' }).click();
    await says('Copied. Register');
    assert.equal(await workbench.page.evaluate(() => navigator.clipboard.readText()), 'http://127.0.0.1/callback');
    await workbench.screenshot('124-guide-client');
    await widget.getByRole('button', { name: 'How to Register It, Step by Step' }).click();
    await workbench.page.locator('.tab', { hasText: 'Preview other.md' }).waitFor();
    await workbench.screenshot('124-guide-page');
    await input.fill(demoClientId);
    await input.press('Enter');
    await says('The client secret, if the server has given one; else leave this empty.');
    await input.press('Enter');
  });

  it('has the usual scopes selected, and keeps what was entered when the person goes back', async () => {
    const { workbench } = fixture;
    const { input, title, widget } = partsOf(fixture);
    await workbench.rows.filter({ hasText: 'offline_access' }).waitFor();
    const checked = widget.locator(
      '.monaco-list-row [role=checkbox][aria-checked=true], .monaco-list-row input:checked',
    );
    assert.equal(await checked.count(), 4);
    await workbench.screenshot('125-guide-scopes');
    await widget.getByRole('button', { name: 'Back' }).click();
    await title('Add Provider (6/10)');
    await widget.getByRole('button', { name: 'Back' }).click();
    await title('Add Provider (5/10)');
    assert.equal(await input.inputValue(), demoClientId);
    for (const step of [6, 7]) {
      await input.press('Enter');
      await title(`Add Provider (${step}/10)`);
    }
    await input.press('Enter');
  });

  it('refuses an ID that VS Code itself uses, and shows a summary when everything is entered', async () => {
    const { workbench } = fixture;
    const { input, says, title } = partsOf(fixture);
    await title('Add Provider (8/10)');
    await input.fill('Acme');
    await input.press('Enter');
    await title('Add Provider (9/10)');
    assert.equal(await input.inputValue(), 'acme');
    await input.fill('github');
    await says('"id" belongs to a provider of VS Code itself');
    await workbench.screenshot('126-guide-id');
    await input.fill('acme');
    await input.press('Enter');
    await title('Add Provider (10/10)');
    await workbench.rows.filter({ hasText: 'openid profile email offline_access' }).waitFor();
    await workbench.screenshot('127-guide-summary');
  });

  it('signs in when that is chosen at the end', async () => {
    const { identity, workbench } = fixture;
    const page = await workbench.waitForPage(() => workbench.rows.filter({ hasText: 'Sign In Now' }).click());
    await signInAt(page, 'demo');
    await workbench.returnFrom(page);
    await workbench.notifications.filter({ hasText: 'Signed in to Acme as demo.' }).waitFor();
    await workbench.waitForStatus('Acme: renews in');
    await workbench.screenshot('128-guide-signed-in');
    const stored = (await workbench.userSettings())['sessionKeeper.providers'];
    assert.deepEqual(stored, [
      { ...entryFor(identity.issuer), scopes: ['openid', 'profile', 'email', 'offline_access'] },
    ]);
  });

  it('changes nothing but the label when only that is edited later', async () => {
    const { identity, workbench } = fixture;
    const { input, title } = partsOf(fixture);
    await workbench.run('Session Keeper: Add Provider…');
    await workbench.rows.filter({ hasText: 'Acme' }).click();
    await title('Edit Provider Acme (2/10)');
    await workbench.screenshot('129-guide-edit');
    await input.press('Enter');
    for (const step of [3, 4, 5, 6, 7]) {
      await title(`Edit Provider Acme (${step}/10)`);
      await input.press('Enter');
    }
    await title('Edit Provider Acme (8/10)');
    await input.fill('Acme Corporation');
    await input.press('Enter');
    await title('Edit Provider Acme (9/10)');
    await input.press('Enter');
    await workbench.rows.filter({ hasText: 'Save' }).last().click();
    await workbench.notifications.filter({ hasText: 'The changes to Acme Corporation are saved.' }).waitFor();
    await workbench.waitForStatus('Acme Corporation: renews in');
    const stored = (await workbench.userSettings())['sessionKeeper.providers'];
    assert.deepEqual(stored, [
      {
        ...entryFor(identity.issuer),
        label: 'Acme Corporation',
        scopes: ['openid', 'profile', 'email', 'offline_access'],
      },
    ]);
    await workbench.screenshot('130-guide-edited');
  });
});

describe('adding a provider when some entries are invalid', () => {
  const bad = {
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
      'sessionKeeper.providers': [bad, 'junk'],
    }),
  );

  it('saves a server that does not answer, with a scope that was typed, and leaves the other entries as they are', async () => {
    const { workbench } = fixture;
    const { input, says, title, widget } = partsOf(fixture);
    await workbench.run('Session Keeper: Add Provider…');
    await workbench.rows.filter({ hasText: 'Intranet' }).waitFor();
    await workbench.rows.filter({ hasText: 'Another Server' }).click();
    await title('Add Provider (2/10)');
    await input.fill('http://127.0.0.1:9/later');
    await input.press('Enter');
    await says('127.0.0.1:9 cannot be reached, or takes too long to answer.');
    await workbench.screenshot('131-guide-unreachable');
    await input.press('Enter');
    await title('Add Provider (3/9)');
    await input.press('Enter');
    await title('Add Provider (4/9)');
    await input.fill('vscode');
    await input.press('Enter');
    await title('Add Provider (5/9)');
    await input.press('Enter');
    await title('Add Provider (6/9)');
    await input.fill('notes.own');
    await workbench.rows.filter({ hasText: 'notes.own' }).click();
    await input.fill('');
    await workbench.rows.filter({ hasText: 'offline_access' }).waitFor();
    await workbench.screenshot('132-guide-own-scope');
    await widget.getByRole('button', { name: 'OK' }).click();
    for (const step of [7, 8]) {
      await title(`Add Provider (${step}/9)`);
      await input.press('Enter');
    }
    await workbench.rows.filter({ hasText: 'openid profile email offline_access notes.own' }).waitFor();
    await workbench.rows.filter({ hasText: 'Save' }).last().click();
    await workbench.notifications
      .filter({ hasText: '127.0.0.1 is set up. Sign in from the Accounts menu, or from here.' })
      .waitFor();
    const [first, second, third] = (await workbench.userSettings())['sessionKeeper.providers'] as unknown[];
    assert.deepEqual([first, second], [bad, 'junk']);
    assert.deepEqual(third, {
      id: 'oidc',
      label: '127.0.0.1',
      issuer: 'http://127.0.0.1:9/later',
      clientId: 'vscode',
      scopes: ['openid', 'profile', 'email', 'offline_access', 'notes.own'],
    });
  });

  it('signs in with the client secret that was entered, and writes it into no setting', async () => {
    const { identity, workbench } = fixture;
    const { input, title } = partsOf(fixture);
    await workbench.run('Session Keeper: Add Provider…');
    await workbench.rows.filter({ hasText: 'Another Server' }).click();
    await title('Add Provider (2/10)');
    await input.fill(`${identity.issuer}/`);
    await input.press('Enter');
    for (const step of [3, 4]) {
      await title(`Add Provider (${step}/10)`);
      await input.press('Enter');
    }
    await title('Add Provider (5/10)');
    await input.fill(CONFIDENTIAL.client_id);
    await input.press('Enter');
    await title('Add Provider (6/10)');
    await input.fill(CONFIDENTIAL.client_secret);
    await workbench.screenshot('133-guide-secret');
    await input.press('Enter');
    await title('Add Provider (7/10)');
    await input.press('Enter');
    await title('Add Provider (8/10)');
    await input.fill('Acme');
    await input.press('Enter');
    await title('Add Provider (9/10)');
    await input.press('Enter');
    await workbench.rows.filter({ hasText: 'Client secretgiven' }).waitFor();
    await workbench.screenshot('134-guide-summary-secret');
    const page = await workbench.waitForPage(() => workbench.rows.filter({ hasText: 'Sign In Now' }).click());
    await signInAt(page, 'demo');
    await workbench.returnFrom(page);
    await workbench.notifications.filter({ hasText: 'Signed in to Acme as demo.' }).waitFor();
    const settings = JSON.stringify(await workbench.userSettings());
    assert.ok(!settings.includes(CONFIDENTIAL.client_secret));
    assert.ok(settings.includes(`"issuer":"${identity.issuer}"`), 'the issuer is as the server spells it');
  });

  it('asks only for what is needed when the product has no metadata, and chooses the device code when there is no secret', async () => {
    const { workbench } = fixture;
    const { input, says, title, widget } = partsOf(fixture);
    await workbench.run('Session Keeper: Add Provider…');
    await input.fill('GitHub OAuth');
    await workbench.rows.filter({ hasText: 'GitHub OAuth App' }).click();
    await title('Add Provider (2/9)');
    await says('Its tokens do not run out, so there is nothing to renew.');
    await workbench.screenshot('135-guide-known');
    await input.press('Enter');
    await title('Add Provider (3/9)');
    await input.press('Enter');
    await title('Add Provider (4/9)');
    await says('Redirect address to register: http://127.0.0.1/callback (any port).');
    await input.fill('Ov23liAbCdEf');
    await input.press('Enter');
    await title('Add Provider (5/9)');
    await says('Leave this empty to sign in with a code instead.');
    await workbench.screenshot('136-guide-secret-or-code');
    await input.press('Enter');
    await title('Add Provider (6/9)');
    await widget.getByRole('button', { name: 'OK' }).click();
    for (const step of [7, 8]) {
      await title(`Add Provider (${step}/9)`);
      await input.press('Enter');
    }
    await workbench.rows.filter({ hasText: 'read:user user:email' }).waitFor();
    await workbench.rows.filter({ hasText: 'Save' }).last().click();
    await workbench.notifications.filter({ hasText: 'GitHub OAuth App is set up.' }).waitFor();
    const entry = ((await workbench.userSettings())['sessionKeeper.providers'] as unknown[]).at(-1) as Readonly<
      Record<string, unknown>
    >;
    assert.deepEqual(
      [entry['id'], entry['clientId'], entry['signInMethod'], entry['account']],
      ['github-oauth-app', 'Ov23liAbCdEf', 'device', { id: 'id', label: 'login' }],
    );
    assert.equal(
      (entry['endpoints'] as Readonly<Record<string, unknown>>)['token'],
      'https://github.com/login/oauth/access_token',
    );
  });
});
