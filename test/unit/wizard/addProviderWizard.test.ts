import assert from 'node:assert/strict';
import { setImmediate as aTurn } from 'node:timers/promises';
import { SECOND, systemClock } from '../../../src/core/clock.ts';
import type { Provider } from '../../../src/core/provider.ts';
import { Settings } from '../../../src/host/settings.ts';
import { Discovery } from '../../../src/protocol/discovery.ts';
import { ClientSecrets } from '../../../src/storage/clientSecrets.ts';
import type { AddProviderWizard } from '../../../src/wizard/addProviderWizard.ts';
import { issuerRedirectUri } from '../../../src/wizard/redirect.ts';
import { nextQuickInput, type FakeQuickInput } from '../../support/fakeQuickInput.ts';
import { editor, QuickInputButtons } from '../../support/fakeEditor.ts';
import { FakeFolder, FakeStore } from '../../support/fakeStore.ts';
import { transportWith } from '../../support/fixtures.ts';
import { ScriptedServer } from '../../support/scriptedServer.ts';
import { createWizard } from '../../support/wizardFixture.ts';

const SETTING = 'sessionKeeper.providers';

/** What the user of the wizard had to do. */
interface Effort {
  /** The boxes and lists that were shown. */
  readonly steps: number;
  /** The values that were typed. */
  readonly typed: number;
  /** How often Enter was pressed. */
  readonly accepted: number;
}

/** Answers the wizard's boxes, and counts what that takes. */
class Driver {
  box: FakeQuickInput;
  effort: Effort = { steps: 1, typed: 0, accepted: 0 };

  constructor(box: FakeQuickInput) {
    this.box = box;
  }

  /** Types a value, and presses Enter. */
  async type(value: string): Promise<FakeQuickInput> {
    this.#count({ typed: 1 });
    return this.#proceed(() => {
      this.box.type(value);
      this.box.accept();
    });
  }

  /** Selects a row. */
  async pick(words: string): Promise<FakeQuickInput> {
    return this.#proceed(() => this.box.pick(words));
  }

  /** Presses Enter. */
  async accept(): Promise<FakeQuickInput> {
    return this.#proceed(() => this.box.accept());
  }

  /** Selects the last row that is needed. */
  finish(words: string): void {
    this.#count({ accepted: 1 });
    this.box.pick(words);
  }

  /** Presses a button in the title. */
  async press(button: unknown): Promise<FakeQuickInput> {
    const next = nextQuickInput();
    this.box.press(button);
    this.box = await next;
    return this.box;
  }

  async back(): Promise<FakeQuickInput> {
    return this.press(QuickInputButtons.Back);
  }

  async #proceed(act: () => void): Promise<FakeQuickInput> {
    const next = nextQuickInput();
    act();
    this.box = await next;
    this.#count({ steps: 1, accepted: 1 });
    return this.box;
  }

  #count({ steps = 0, typed = 0, accepted = 0 }: Partial<Effort>): void {
    const { effort } = this;
    this.effort = {
      steps: effort.steps + steps,
      typed: effort.typed + typed,
      accepted: effort.accepted + accepted,
    };
  }
}

describe('AddProviderWizard', () => {
  let server: ScriptedServer;
  let settings: Settings;
  let secrets: ClientSecrets;
  let discovery: Discovery;
  let signedIn: Provider[];
  let isRunning: Promise<void>;

  /** Starts the wizard. */
  async function start(run = (wizard: AddProviderWizard): Promise<void> => wizard.run()): Promise<Driver> {
    const wizard = createWizard({
      clientSecrets: secrets,
      discovery,
      settings,
      signIn: (provider) => Promise.resolve(void signedIn.push(provider)),
    });
    const next = nextQuickInput();
    isRunning = run(wizard);
    return new Driver(await next);
  }

  /** Starts the wizard, and goes to the step for the client ID. */
  async function startAtClient(): Promise<Driver> {
    const driver = await start();
    await driver.pick('Other Server');
    await driver.type(server.issuer);
    return driver;
  }

  const storedEntries = (): readonly Readonly<Record<string, unknown>>[] =>
    editor.settings.get(SETTING) as readonly Readonly<Record<string, unknown>>[];

  /** The rows of a summary: their labels, without icons, and descriptions. */
  const rowsOf = (box: FakeQuickInput): Record<string, string> =>
    Object.fromEntries(
      (box.items as readonly { readonly label: string; readonly description?: string }[]).flatMap(
        ({ description, label }) => (description === undefined ? [] : [[label, description]]),
      ),
    );

  const buttonNamed = (box: FakeQuickInput, words: string): unknown =>
    (box.buttons as readonly { readonly tooltip?: string }[]).find(({ tooltip }) => tooltip?.includes(words));

  /** Makes the server announce all that the wizard looks for. */
  const announceEverything = (): void => {
    Object.assign(server.metadata, {
      scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_methods_supported: ['none', 'client_secret_basic'],
      authorization_response_iss_parameter_supported: true,
    });
  };

  beforeEach(async () => {
    editor.reset();
    server = await ScriptedServer.start();
    settings = new Settings(0);
    secrets = new ClientSecrets(new FakeStore(), new FakeFolder());
    discovery = new Discovery(transportWith(systemClock, 10 * SECOND));
    signedIn = [];
  });

  afterEach(async () => {
    settings.dispose();
    await server.stop();
  });

  it('signs in after four steps with an issuer, a client ID and four times Enter', async () => {
    announceEverything();
    const driver = await startAtClient();
    await driver.type('editor');
    driver.finish('Save and Sign In');
    await isRunning;
    assert.deepEqual(driver.effort, { steps: 4, typed: 2, accepted: 4 });
    assert.deepEqual(storedEntries(), [
      {
        id: 'oidc',
        label: '127.0.0.1',
        issuer: server.issuer,
        clientId: 'editor',
        scopes: ['openid', 'profile', 'email', 'offline_access'],
      },
    ]);
    assert.deepEqual(
      signedIn.map(({ id }) => id),
      ['oidc'],
    );
  });

  it('signs in at a known server after four steps with its placeholders filled in, and a client ID', async () => {
    const driver = await start();
    const issuer = await driver.pick('Keycloak');
    assert.equal(issuer.value, 'https://{host}/realms/{realm}');
    await driver.type(server.issuer);
    await driver.type('editor');
    driver.finish('Save and Sign In');
    await isRunning;
    assert.deepEqual(driver.effort, { steps: 4, typed: 2, accepted: 4 });
    assert.deepEqual(
      storedEntries().map(({ id, label }) => [id, label]),
      [['keycloak', 'Keycloak']],
    );
  });

  it('lists every default in the summary', async () => {
    const driver = await startAtClient();
    const summary = await driver.type('editor');
    assert.deepEqual([summary.title, summary.step, summary.totalSteps], ['Add Provider', 4, 4]);
    assert.deepEqual(rowsOf(summary), {
      Issuer: server.issuer,
      'Client ID': 'editor',
      'Client secret': 'none',
      'Redirect URI': 'http://127.0.0.1/callback (any port)',
      Scopes: 'openid profile email offline_access',
      Label: '127.0.0.1',
      'Provider ID': 'oidc',
    });
  });

  it('saves what was changed in the summary', async () => {
    const driver = await startAtClient();
    await driver.type('editor');
    await driver.pick('Client secret');
    assert.ok(driver.box.password);
    await driver.type('a-secret');
    await driver.pick('Label');
    await driver.type('Acme');
    assert.equal((await driver.pick('Provider ID')).value, 'acme');
    await driver.type('acme-id');
    await driver.pick('Redirect URI');
    await driver.pick('Fixed Ports');
    assert.equal(driver.box.value, '28500');
    const summary = await driver.type('8400, 8401');
    assert.deepEqual(
      [rowsOf(summary)['Client secret'], rowsOf(summary)['Redirect URI']],
      ['entered', 'http://127.0.0.1:8400/callback and http://127.0.0.1:8401/callback'],
    );
    driver.finish('Save and Sign In');
    await isRunning;
    const [entry] = storedEntries();
    assert.deepEqual([entry?.['id'], entry?.['label'], entry?.['redirectPorts']], ['acme-id', 'Acme', [8400, 8401]]);
    const [provider] = signedIn;
    assert.equal(provider && (await secrets.read(provider)), 'a-secret');
  });

  it('returns to the summary without a change when the user goes back', async () => {
    const driver = await startAtClient();
    const rows = rowsOf(await driver.type('editor'));
    for (const row of ['Issuer', 'Client ID', 'Client secret', 'Redirect URI', 'Scopes', 'Label', 'Provider ID']) {
      const box = await driver.pick(row);
      assert.deepEqual([box.title, box.totalSteps], ['Add Provider', 0], row);
      assert.deepEqual(rowsOf(await driver.back()), rows, row);
    }
    await driver.pick('Redirect URI');
    await driver.pick('Another Redirect URI');
    await driver.back();
    assert.deepEqual(rowsOf(await driver.back()), rows);
  });

  it('shows the server capabilities from the summary', async () => {
    const driver = await startAtClient();
    await driver.type('editor');
    const capabilities = await driver.pick('Server capabilities');
    assert.ok(capabilities.items.some(({ label }) => label.includes('Browser sign-in')));
    await driver.pick('Browser sign-in');
    assert.match(driver.box.placeholder, /^Review your settings/);
  });

  it('gives every step a title, and a prompt or placeholder', async () => {
    const driver = await start();
    const check = ({ placeholder, prompt, title }: FakeQuickInput): void =>
      assert.ok(title !== '' && `${prompt}${placeholder}` !== '', `${title} ${prompt} ${placeholder}`);
    check(driver.box);
    check(await driver.pick('Other Server'));
    check(await driver.type(server.issuer));
    check(await driver.type('editor'));
    for (const row of ['Client secret', 'Scopes', 'Label', 'Provider ID', 'Server capabilities']) {
      check(await driver.pick(row));
      await driver.back();
    }
    check(await driver.pick('Redirect URI'));
    check(await driver.pick('Fixed Ports'));
  });

  it('continues with a URL or a host that is entered instead of a product', async () => {
    const driver = await start();
    const last = driver.box.items.at(-1) as { readonly label: string; readonly alwaysShow?: boolean };
    assert.deepEqual(
      [last.label, last.alwaysShow, driver.box.placeholder],
      ['Other Server…', true, 'Select a product, or enter the issuer URL of your server'],
    );
    for (const [entered, issuer] of [
      ['https://id.example.com/realms/a', 'https://id.example.com/realms/a'],
      [' id.example.com ', 'https://id.example.com'],
      ['localhost:8080/', 'http://localhost:8080/'],
    ] as const) {
      driver.box.type(entered);
      assert.equal((await driver.pick('Other Server')).value, issuer);
      await driver.back();
    }
    driver.box.type('my server');
    assert.equal((await driver.pick('Other Server')).value, 'http://localhost:8080/', 'what was entered before');
    driver.box.leave();
    await isRunning;
  });

  it('shows what is wrong with an answer, and keeps the box open', async () => {
    const driver = await start();
    const issuer = await driver.pick('Other Server');
    issuer.type('http://id.example.com');
    assert.match(String(issuer.validationMessage), /must start with https/);
    issuer.accept();
    await aTurn();
    assert.match(String(issuer.validationMessage), /must start with https/);
    issuer.type('');
    assert.equal(issuer.validationMessage, undefined);
    const client = await driver.type(server.issuer);
    assert.match(client.prompt, /http:\/\/127\.0\.0\.1\/callback$/);
    client.leave();
    await isRunning;
    assert.equal(editor.settings.get(SETTING), undefined);
  });

  it('adds a server that is unreachable when Enter is pressed again', async () => {
    await server.stop();
    const driver = await start();
    const issuer = await driver.pick('Other Server');
    issuer.type(server.issuer);
    issuer.accept();
    while (issuer.validationMessage === undefined) {
      await aTurn();
    }
    await driver.accept();
    const summary = await driver.type('editor');
    assert.equal(rowsOf(summary)['Scopes'], 'openid profile email offline_access');
    assert.ok(!summary.items.some(({ label }) => label.includes('Server capabilities')));
    driver.finish('$(save)');
    await isRunning;
  });

  it('changes the redirect URI before the client is registered, and keeps the client ID', async () => {
    const driver = await startAtClient();
    driver.box.value = 'edit';
    await driver.press(buttonNamed(driver.box, 'Change Redirect URI'));
    assert.equal((await driver.back()).value, 'edit');
    await driver.press(buttonNamed(driver.box, 'Change Redirect URI'));
    const ports = await driver.pick('Fixed Ports');
    ports.type('0');
    assert.equal(ports.validationMessage, 'Enter 1 to 20 ports between 1 and 65535.');
    const client = await driver.type('8400');
    assert.equal(client.value, 'edit');
    assert.match(client.prompt, /http:\/\/127\.0\.0\.1:8400\/callback$/);
  });

  it('asks for the client secret if the server lists no client without one', async () => {
    Object.assign(server.metadata, { token_endpoint_auth_methods_supported: ['client_secret_basic'] });
    const driver = await startAtClient();
    const secret = await driver.type('editor');
    assert.ok(secret.password);
    assert.equal(rowsOf(await driver.accept())['Client secret'], 'none');
  });

  it('returns to earlier answers, and discards the secret of another client', async () => {
    Object.assign(server.metadata, { token_endpoint_auth_methods_supported: ['client_secret_basic'] });
    const driver = await startAtClient();
    await driver.type('editor');
    await driver.type('a-secret');
    assert.equal((await driver.back()).value, 'a-secret');
    assert.equal((await driver.back()).value, 'editor');
    assert.equal((await driver.type('another')).value, '');
  });

  it('asks for the secret again when the client of a product that requires one is changed', async () => {
    const driver = await start();
    const client = await driver.pick('Google');
    assert.match(client.placeholder, /Client ID/);
    await driver.type('editor');
    await driver.type('a-secret');
    await driver.pick('Client ID');
    const secret = await driver.type('another');
    assert.ok(secret.password);
    secret.accept();
    await aTurn();
    assert.equal(secret.validationMessage, 'Google requires a client secret.');
    assert.equal(rowsOf(await driver.type('b-secret'))['Client secret'], 'entered');
    await driver.pick('Client ID');
    await driver.type('third');
    await driver.back();
    assert.deepEqual(
      [rowsOf(await driver.back())['Client ID'], rowsOf(driver.box)['Client secret']],
      ['another', 'entered'],
    );
  });

  describe('for an existing entry', () => {
    it('starts with the summary, and keeps the other fields', async () => {
      const old = { id: 'acme', issuer: server.issuer, clientId: 'old', scopes: ['a'], idleTimeout: 5, dpop: true };
      editor.configure(SETTING, [{ id: 'first' }, old]);
      const driver = await start();
      const summary = await driver.pick('acme');
      assert.deepEqual([summary.title, summary.totalSteps], ['Edit Provider acme', 0]);
      await driver.pick('Client ID');
      await driver.type('new');
      driver.finish('$(save)');
      await isRunning;
      assert.deepEqual(storedEntries(), [{ id: 'first' }, { ...old, clientId: 'new' }]);
      assert.deepEqual(signedIn, []);
    });

    it('is edited at once if it has the ID, is the only one, or is selected', async () => {
      const entry = { id: 'acme', issuer: server.issuer, clientId: 'c' };
      editor.configure(SETTING, [entry]);
      const titles: string[] = [];
      const edit = async (id?: string): Promise<void> => {
        const driver = await start((wizard) => wizard.edit(id));
        titles.push(driver.box.title);
        driver.box.leave();
        await isRunning;
      };
      await edit();
      editor.configure(SETTING, [{ ...entry, id: 'first' }, entry]);
      await edit('acme');
      editor.pick = (items) => items[0];
      await edit();
      await edit('unknown');
      assert.deepEqual(titles, ['Edit Provider acme', 'Edit Provider acme', 'Edit Provider first', 'Add Provider']);
      const driver = await start((wizard) => wizard.edit('acme'));
      await driver.pick('Client ID');
      await driver.type('new');
      driver.finish('$(save)');
      await isRunning;
      assert.deepEqual(storedEntries(), [
        { ...entry, id: 'first' },
        { ...entry, clientId: 'new' },
      ]);
    });

    it('offers to save before it offers to sign in', async () => {
      editor.configure(SETTING, [{ id: 'acme', issuer: server.issuer, clientId: 'c' }]);
      const firstRows = ({ items }: FakeQuickInput): string[] => items.slice(0, 2).map(({ label }) => label);
      const summary = await (await start()).pick('acme');
      assert.deepEqual(firstRows(summary), ['$(save) Save', '$(sign-in) Save and Sign In']);
      summary.leave();
      await isRunning;
      const driver = await startAtClient();
      assert.deepEqual(firstRows(await driver.type('another')), ['$(sign-in) Save and Sign In', '$(save) Save']);
    });

    it('adds no defaults to the entry', async () => {
      const old = { id: 'acme', issuer: server.issuer, clientId: 'old' };
      editor.configure(SETTING, [old, { id: 'other', issuer: 'https://other.example', clientId: 'c' }]);
      const driver = await start();
      assert.equal(rowsOf(await driver.pick('acme'))['Redirect URI'], 'http://127.0.0.1/callback (any port)');
      await driver.pick('Label');
      await driver.type('Acme');
      driver.finish('$(save)');
      await isRunning;
      assert.deepEqual(storedEntries()[0], { ...old, label: 'Acme' });
    });

    it('leads to an invalid field before it saves', async () => {
      editor.configure(SETTING, [{ id: 'acme', issuer: 'http://id.example.com', clientId: 'c' }]);
      const driver = await start();
      const summary = await driver.pick('acme');
      assert.ok(summary.items.some(({ label }) => label === '$(warning) Issuer'));
      const issuer = await driver.pick('Save and Sign In');
      assert.match(String(issuer.validationMessage), /must start with https/);
      await driver.type(server.issuer);
      driver.finish('$(save)');
      await isRunning;
      assert.equal(storedEntries()[0]?.['issuer'], server.issuer);
    });

    it('shows the capabilities of a server whose metadata are known', async () => {
      const entry = { id: 'acme', issuer: server.issuer, clientId: 'c' };
      editor.configure(SETTING, [entry]);
      const [provider] = settings.providers;
      assert.ok(provider !== undefined);
      await discovery.find(provider);
      const driver = await start();
      const summary = await driver.pick('acme');
      assert.ok(summary.items.some(({ label }) => label === 'Server capabilities'));
    });

    it('returns to the list of servers', async () => {
      editor.configure(SETTING, [{ id: 'acme', issuer: server.issuer, clientId: 'c' }]);
      const driver = await start();
      await driver.pick('acme');
      assert.match((await driver.back()).placeholder, /^Select a product or a provider to edit/);
    });
  });

  describe('with another provider', () => {
    const other = { id: 'other', issuer: 'https://other.example', clientId: 'c' };

    beforeEach(() => editor.configure(SETTING, [other]));

    it('proposes a redirect URI for this issuer only', async () => {
      const uri = issuerRedirectUri(server.issuer);
      const driver = await startAtClient();
      assert.ok(driver.box.prompt.endsWith(uri));
      const summary = await driver.type('editor');
      assert.equal(rowsOf(summary)['Redirect URI'], `${uri} (any port)`);
      driver.finish('$(save)');
      await isRunning;
      assert.equal(storedEntries()[1]?.['redirectUri'], uri);
      const again = await start();
      await again.pick('127.0.0.1');
      await again.pick('Redirect URI');
      assert.deepEqual(
        again.box.activeItems.map(({ label }) => label),
        ['Separate Path for This Server'],
      );
    });

    it('keeps the default if that was chosen, also for another issuer', async () => {
      const driver = await startAtClient();
      await driver.type('editor');
      await driver.pick('Redirect URI');
      await driver.pick('Any Port');
      await driver.pick('Issuer');
      const summary = await driver.type(`${server.issuer}/`);
      assert.equal(rowsOf(summary)['Redirect URI'], 'http://127.0.0.1/callback (any port)');
    });

    it('proposes the default for a server that identifies itself in the callback', async () => {
      announceEverything();
      const driver = await startAtClient();
      assert.ok(driver.box.prompt.endsWith('http://127.0.0.1/callback'));
      await driver.press(buttonNamed(driver.box, 'Change Redirect URI'));
      assert.ok(!driver.box.items.some(({ label }) => label.includes('Separate Path')));
    });
  });
});
