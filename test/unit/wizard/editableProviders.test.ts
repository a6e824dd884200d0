// Edit Provider with providers that an extension or the organization configures.
import assert from 'node:assert/strict';
import type { Declaration } from '../../../src/core/declaredProviders.ts';
import { Emitter } from '../../../src/core/emitter.ts';
import { parseManagedSettings } from '../../../src/core/managedSettings.ts';
import { Settings } from '../../../src/host/settings.ts';
import type { AddProviderWizard } from '../../../src/wizard/addProviderWizard.ts';
import { editor } from '../../support/fakeEditor.ts';
import { nextQuickInput, type FakeQuickInput } from '../../support/fakeQuickInput.ts';
import { createWizard } from '../../support/wizardFixture.ts';

const SETTING = 'sessionKeeper.providers';
const server = (id: string): Record<string, unknown> => ({
  id,
  label: `Label of ${id}`,
  issuer: `https://${id}.example.com`,
  clientId: 'client',
});

describe('Edit Provider', () => {
  const declaration: Declaration = {
    declarer: { id: 'acme.notes', name: 'Acme Notes' },
    entry: server('declared'),
    isAuthentication: true,
  };
  let settings: Settings;
  let wizard: AddProviderWizard;
  let listed: { readonly label: string; readonly description?: string; readonly detail?: string }[];

  /** Starts with an entry of the user, and providers from elsewhere. */
  function start(...entries: readonly object[]): void {
    editor.configure(SETTING, [server('own'), ...entries]);
    settings = new Settings(
      0,
      { onDidChange: new Emitter<void>().event, getAll: () => [declaration] },
      parseManagedSettings(JSON.stringify({ providers: [server('locked'), { ...server('open'), locked: false }] })),
    );
    wizard = createWizard({ settings });
  }

  beforeEach(() => {
    editor.reset();
    listed = [];
    editor.pick = (items) => {
      listed = items.map((item) => item);
      return undefined;
    };
  });
  afterEach(() => settings.dispose());

  const explanation = async (id: string): Promise<readonly [string | undefined, readonly string[] | undefined]> => {
    editor.messages.length = 0;
    await wizard.edit(id);
    const { buttons, text } = editor.messages.at(-1) ?? {};
    return [text, buttons];
  };

  it('shows where each provider is configured', async () => {
    start();
    await wizard.edit();
    assert.deepEqual(
      listed.map(({ description, detail, label }) => [label, description, detail]),
      [
        ['Label of own', 'own', undefined],
        ['Label of locked', 'locked', 'Set by your organization'],
        ['Label of open', 'open', 'Set by your organization'],
        ['Label of declared', 'declared', 'From the extension Acme Notes'],
      ],
    );
  });

  it('lists a provider once if the user changes some of its fields', async () => {
    start({ id: 'declared', label: 'Renamed' });
    await wizard.edit();
    assert.deepEqual(
      listed.filter(({ description }) => description === 'declared').map(({ detail, label }) => [label, detail]),
      [['Renamed', 'From the extension Acme Notes']],
    );
  });

  it('changes nothing that the organization has locked, even if the user has an entry with its ID', async () => {
    for (const entry of [
      { ...server('locked'), label: 'Replaced' },
      { id: 'locked', label: 'Renamed' },
    ]) {
      start(entry);
      assert.deepEqual(await explanation('locked'), [
        "Label of locked is set by your organization and can't be changed.",
        [],
      ]);
    }
  });

  it('opens the settings, and no summary, for a provider of which the user changes some fields', async () => {
    start({ id: 'declared', label: 'Renamed' });
    await wizard.edit('declared');
    assert.deepEqual([editor.messages, editor.executed.length], [[], 1]);
  });

  it('edits an entry that replaces a declared provider, even if it is invalid', async () => {
    start({ ...server('declared'), clientId: 7 });
    const shown = nextQuickInput();
    const running = wizard.edit('declared');
    const summary = await shown;
    assert.equal(summary.title, 'Edit Provider Label of declared');
    summary.leave();
    await running;
  });

  it("ignores an entry that would replace the organization's provider", async () => {
    start({ ...server('open'), label: 'Replaced' });
    const [text] = await explanation('open');
    assert.match(text ?? '', /^Label of open is set by your organization\./u);
  });

  it('opens the settings for a provider of which the user can change single fields', async () => {
    start();
    editor.respond = () => 'Open Settings';
    assert.deepEqual(await explanation('declared'), [
      'Label of declared comes from the extension Acme Notes. To change single fields, add an entry with the ID "declared" to your settings.',
      ['Open Settings'],
    ]);
    assert.equal(editor.executed.length, 1);
    assert.deepEqual(await explanation('open'), [
      'Label of open is set by your organization. To change single fields, add an entry with the ID "open" to your settings.',
      ['Open Settings'],
    ]);
  });

  it("edits the user's own entry", async () => {
    start();
    const shown = nextQuickInput();
    const running = wizard.edit('own');
    const summary = await shown;
    assert.equal(summary.title, 'Edit Provider Label of own');
    summary.leave();
    await running;
  });

  it("doesn't offer the others when a provider is added", async () => {
    start({ id: 'declared', label: 'Renamed' });
    const shown = nextQuickInput();
    const running = wizard.run();
    const list: FakeQuickInput = await shown;
    const labels = list.items.map(({ label }) => label);
    assert.deepEqual(
      ['Label of own', 'Renamed', 'Label of locked'].map((label) => labels.includes(label)),
      [true, false, false],
    );
    list.leave();
    await running;
  });
});
