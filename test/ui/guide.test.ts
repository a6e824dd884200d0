// The guide to a first provider, from empty settings to signed in, at a real identity server.
import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import { demoClientId } from '../workshop/identityServer.ts';
import { signInAt } from '../workshop/person.ts';
import { entryFor, setScene, type Scene } from './scene.ts';

/** The box that is open: what can be seen of it, and waited for. */
interface Box {
  readonly widget: Locator;
  readonly input: Locator;
  readonly title: (words: string) => Promise<void>;
  readonly says: (words: string | RegExp) => Promise<void>;
}

function partsOf({ workbench }: Scene): Box {
  const widget = workbench.page.locator('.quick-input-widget');
  return {
    widget,
    input: widget.locator('.quick-input-filter input').last(),
    title: (words) => widget.locator('.quick-input-title', { hasText: words }).waitFor(),
    says: (words) => widget.getByText(words).first().waitFor(),
  };
}

describe('a person with empty settings', () => {
  const scene = setScene({}, () => ({}));

  it('is led to the guide by the first thing they try', async () => {
    const { workbench } = scene;
    await workbench.run('Session Keeper: Sign In…');
    await workbench.press('Add Provider…', 'No provider is set up yet.');
    await partsOf(scene).title('Add Provider (1/8)');
    for (const name of ['Another Server', 'Keycloak', 'Microsoft Entra ID']) {
      await workbench.rows.filter({ hasText: name }).waitFor();
    }
    await workbench.picture('120-guide-server');
  });

  it('chooses a ready-made definition, sees what to fill in, and goes back for another', async () => {
    const { workbench } = scene;
    const { input, says, title, widget } = partsOf(scene);
    await workbench.rows.filter({ hasText: 'Keycloak' }).click();
    await title('Add Provider (2/7)');
    assert.equal(await input.inputValue(), 'https://{host}/realms/{realm}');
    await says('The host of Keycloak, and the name of the realm.');
    await workbench.picture('121-guide-issuer-of-preset');
    await workbench.page.keyboard.type('id.example.com');
    await says('Fill in {realm}.');
    await widget.getByRole('button', { name: 'Back' }).click();
    await workbench.rows.filter({ hasText: 'Another Server' }).click();
    await title('Add Provider (2/8)');
    await says('The address of the issuer');
  });

  it('types a wrong issuer, reads what is wrong with it, and corrects it', async () => {
    const { identity, workbench } = scene;
    const { input, says, widget } = partsOf(scene);
    await input.fill('http://id.example.com');
    await says('"issuer" must start with https://');
    await workbench.picture('121-guide-bad-issuer');
    await input.fill(`${identity.issuer}/wrong`);
    await workbench.page.keyboard.press('Enter');
    await says('There is no OpenID Connect or OAuth server at this address. Correct the address, or press Enter again to go on anyway.');
    await workbench.picture('122-guide-wrong-issuer');
    await input.fill(`${identity.issuer}/.well-known/openid-configuration`);
    await workbench.page.keyboard.press('Enter');
    await widget.getByPlaceholder(`${identity.issuer} has answered. This is what it offers.`).waitFor();
    for (const fact of ['You can sign in in the browser.', 'You can sign in with a code, on any device.', 'with the scope “offline_access”']) {
      await workbench.rows.filter({ hasText: fact }).waitFor();
    }
    await workbench.picture('123-guide-found');
    await workbench.page.keyboard.press('Enter');
  });

  it('copies the redirect address, and enters the client id', async () => {
    const { workbench } = scene;
    const { input, says, widget } = partsOf(scene);
    await says('Redirect address to register: http://127.0.0.1/callback (any port).');
    await workbench.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await widget.getByRole('button', { name: 'Copy the Redirect Addresses' }).click();
    await says('Copied. Register');
    assert.equal(await workbench.page.evaluate(() => navigator.clipboard.readText()), 'http://127.0.0.1/callback');
    await workbench.picture('124-guide-client');
    await input.fill(demoClientId);
    await workbench.page.keyboard.press('Enter');
  });

  it('finds the sensible scopes picked, and a step back where it was', async () => {
    const { workbench } = scene;
    const { input, title, widget } = partsOf(scene);
    await workbench.rows.filter({ hasText: 'offline_access' }).waitFor();
    const checked = widget.locator('.monaco-list-row [role=checkbox][aria-checked=true], .monaco-list-row input:checked');
    assert.equal(await checked.count(), 4);
    await workbench.picture('125-guide-scopes');
    await widget.getByRole('button', { name: 'Back' }).click();
    await title('Add Provider (4/8)');
    assert.equal(await input.inputValue(), demoClientId);
    await workbench.page.keyboard.press('Enter');
    await title('Add Provider (5/8)');
    await workbench.page.keyboard.press('Enter');
  });

  it('names it, and reads everything once more', async () => {
    const { workbench } = scene;
    const { input, says, title } = partsOf(scene);
    await title('Add Provider (6/8)');
    await input.fill('Acme');
    await workbench.page.keyboard.press('Enter');
    await title('Add Provider (7/8)');
    assert.equal(await input.inputValue(), 'acme');
    await input.fill('github');
    await says('"id" belongs to a provider of VS Code itself');
    await workbench.picture('126-guide-id');
    await input.fill('acme');
    await workbench.page.keyboard.press('Enter');
    await title('Add Provider (8/8)');
    await workbench.rows.filter({ hasText: 'openid profile email offline_access' }).waitFor();
    await workbench.picture('127-guide-summary');
  });

  it('signs in now, and is signed in', async () => {
    const { identity, workbench } = scene;
    const page = await workbench.opens(() => workbench.rows.filter({ hasText: 'Sign In Now' }).click());
    await signInAt(page, 'demo');
    await workbench.comeBackFrom(page);
    await workbench.notifications.filter({ hasText: 'Signed in to Acme as demo.' }).waitFor();
    await workbench.statusSays('Acme: renews in');
    await workbench.picture('128-guide-signed-in');
    const stored = (await workbench.allSettings())['sessionKeeper.providers'];
    assert.deepEqual(stored, [{ ...entryFor(identity.issuer), scopes: ['openid', 'profile', 'email', 'offline_access'] }]);
  });

  it('changes the label of it later, and nothing else', async () => {
    const { identity, workbench } = scene;
    const { input, title } = partsOf(scene);
    await workbench.run('Session Keeper: Add Provider…');
    await workbench.rows.filter({ hasText: 'Acme' }).click();
    await title('Edit Provider Acme (2/8)');
    await workbench.picture('129-guide-edit');
    await workbench.page.keyboard.press('Enter');
    for (const step of [3, 4, 5]) {
      await title(`Edit Provider Acme (${step}/8)`);
      await workbench.page.keyboard.press('Enter');
    }
    await title('Edit Provider Acme (6/8)');
    await input.fill('Acme Corporation');
    await workbench.page.keyboard.press('Enter');
    await title('Edit Provider Acme (7/8)');
    await workbench.page.keyboard.press('Enter');
    await workbench.rows.filter({ hasText: 'Save' }).last().click();
    await workbench.notifications.filter({ hasText: 'The changes to Acme Corporation are saved.' }).waitFor();
    await workbench.statusSays('Acme Corporation: renews in');
    const stored = (await workbench.allSettings())['sessionKeeper.providers'];
    assert.deepEqual(stored, [{ ...entryFor(identity.issuer), label: 'Acme Corporation', scopes: ['openid', 'profile', 'email', 'offline_access'] }]);
    await workbench.picture('130-guide-edited');
  });
});
