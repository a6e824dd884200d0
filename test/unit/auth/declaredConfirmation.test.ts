// The question before the first sign-in to a provider that another extension declares.
import assert from 'node:assert/strict';
import { createDeclaredConfirmation } from '../../../src/auth/destinationConfirmation.ts';
import type { Provider } from '../../../src/core/provider.ts';
import { createRememberedNames } from '../../../src/host/rememberedNames.ts';
import { fakeMemento } from '../../support/fakeContext.ts';
import { editor } from '../../support/fakeEditor.ts';
import { providerAt } from '../../support/fixtures.ts';

const PROVIDER = providerAt('https://id.acme.example');

describe('the question before the first sign-in to a declared provider', () => {
  let ask: (provider: Provider) => Promise<boolean>;
  let declarer: string | undefined;

  beforeEach(() => {
    editor.reset();
    declarer = 'acme.notes';
    const confirmed = createRememberedNames(fakeMemento(), 'declared');
    ask = createDeclaredConfirmation(confirmed, () =>
      declarer === undefined ? undefined : { id: declarer, name: 'Acme Notes' },
    );
    editor.respond = () => 'Continue';
  });

  it('names the extension and the server, once', async () => {
    assert.deepEqual([await ask(PROVIDER), await ask(PROVIDER)], [true, true]);
    assert.equal(editor.messages.length, 1);
    const [{ isModal, text } = { isModal: false, text: '' }] = editor.messages;
    assert.ok(isModal && text.includes('"Acme Notes"'), text);
  });

  it('is asked again until the user agrees', async () => {
    editor.respond = () => undefined;
    assert.equal(await ask(PROVIDER), false);
    editor.respond = () => 'Continue';
    assert.equal(await ask(PROVIDER), true);
    assert.equal(editor.messages.length, 2);
  });

  for (const [what, change] of Object.entries({
    'another issuer': { issuer: 'https://other.example' },
    'another client ID': { clientId: 'other' },
    'another endpoint': { endpoints: { authorization: 'https://a.example', token: 'https://t.example' } },
    'another location of the metadata': { metadataUrl: 'https://m.example/metadata' },
  } satisfies Record<string, Partial<Provider>>)) {
    it(`is asked again for ${what}`, async () => {
      await ask(PROVIDER);
      await ask({ ...PROVIDER, ...change });
      assert.equal(editor.messages.length, 2);
    });
  }

  it('is asked again if another extension declares it', async () => {
    await ask(PROVIDER);
    declarer = 'evil.notes';
    await ask(PROVIDER);
    assert.equal(editor.messages.length, 2);
  });

  it("isn't asked for another label, or for a provider of the settings", async () => {
    await ask(PROVIDER);
    await ask({ ...PROVIDER, label: 'Other', scopes: ['openid'] });
    declarer = undefined;
    await ask({ ...PROVIDER, issuer: 'https://other.example' });
    assert.equal(editor.messages.length, 1);
  });
});
