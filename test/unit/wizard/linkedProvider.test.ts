// The wizard when a link proposes a provider.
import assert from 'node:assert/strict';
import { Settings } from '../../../src/host/settings.ts';
import type { AddProviderWizard } from '../../../src/wizard/addProviderWizard.ts';
import { editor } from '../../support/fakeEditor.ts';
import { nextQuickInput, type FakeQuickInput } from '../../support/fakeQuickInput.ts';
import { ScriptedServer } from '../../support/scriptedServer.ts';
import { createWizard } from '../../support/wizardFixture.ts';

const SETTING = 'sessionKeeper.providers';

describe('AddProviderWizard with a link', () => {
  let server: ScriptedServer;
  let settings: Settings;
  let wizard: AddProviderWizard;
  let signedIn: string[];

  beforeEach(async () => {
    editor.reset();
    server = await ScriptedServer.start();
    settings = new Settings(0);
    signedIn = [];
    wizard = createWizard({ settings, signIn: ({ id }) => Promise.resolve(void signedIn.push(id)) });
  });
  afterEach(async () => {
    settings.dispose();
    await server.stop();
  });

  const query = (more: Readonly<Record<string, string>> = {}): string =>
    new URLSearchParams({ issuer: server.issuer, clientId: 'linked', label: 'Linked', ...more }).toString();
  const descriptionsIn = ({ items }: FakeQuickInput): (string | undefined)[] =>
    (items as readonly { readonly description?: string }[]).map(({ description }) => description);

  it('shows the summary after the user has agreed, and writes and requests nothing before', async () => {
    editor.respond = ({ text }) => (text.includes('from a link?') ? 'Continue' : undefined);
    const shown = nextQuickInput();
    const running = wizard.addFromLink(query());
    const summary = await shown;
    assert.deepEqual([server.requests.length, editor.settings.get(SETTING)], [0, undefined]);
    const [question] = editor.messages;
    assert.ok(question?.isModal && question.text.includes('"Linked"'));
    for (const value of [server.issuer, 'linked', 'Linked']) {
      assert.ok(descriptionsIn(summary).includes(value), value);
    }
    summary.pick('$(save)');
    await running;
    const entries = editor.settings.get(SETTING) as readonly Readonly<Record<string, unknown>>[];
    assert.deepEqual(
      entries.map(({ clientId, issuer, label }) => [issuer, clientId, label]),
      [[server.issuer, 'linked', 'Linked']],
    );
  });

  it('does nothing if the user disagrees', async () => {
    await wizard.addFromLink(query());
    assert.equal(editor.messages.length, 1);
    assert.deepEqual([server.requests.length, editor.settings.get(SETTING)], [0, undefined]);
  });

  it('reports an invalid link', async () => {
    for (const more of [{ clientSecret: 's' }, { issuer: 'javascript:alert(1)' }, { clientId: '' }] as const) {
      await wizard.addFromLink(query(more));
      assert.match(editor.messages.at(-1)?.text ?? '', /link to add a provider is invalid/u);
    }
    assert.equal(editor.settings.get(SETTING), undefined);
  });

  it('offers to sign in to a provider that is already there', async () => {
    editor.configure(SETTING, [{ id: 'known', label: 'Known', issuer: server.issuer, clientId: 'linked' }]);
    editor.respond = () => 'Sign In';
    await wizard.addFromLink(query());
    assert.match(editor.messages.at(-1)?.text ?? '', /Known was already added\./u);
    assert.deepEqual(signedIn, ['known']);
  });

  it('copies a link from the summary', async () => {
    editor.configure(SETTING, [{ id: 'known', label: 'Known', issuer: server.issuer, clientId: 'c' }]);
    const shown = nextQuickInput();
    const running = wizard.edit('known');
    const again = (await shown, nextQuickInput());
    (await shown).pick('Copy Link');
    (await again).leave();
    await running;
    const link = new URL(editor.clipboard.at(-1) ?? '');
    assert.deepEqual(
      [link.pathname, Object.fromEntries(link.searchParams)],
      ['/add', { issuer: server.issuer, clientId: 'c', label: 'Known' }],
    );
  });
});
