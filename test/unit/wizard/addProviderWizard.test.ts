import assert from 'node:assert/strict';
import { setImmediate as aTurn } from 'node:timers/promises';
import { SECOND, systemClock } from '../../../src/core/clock.ts';
import type { Provider } from '../../../src/core/provider.ts';
import { Settings } from '../../../src/host/settings.ts';
import { Discovery } from '../../../src/protocol/discovery.ts';
import { ClientSecrets } from '../../../src/storage/clientSecrets.ts';
import { AddProviderWizard } from '../../../src/wizard/addProviderWizard.ts';
import { nextQuickInput, type FakeQuickInput } from '../../support/fakeQuickInput.ts';
import { editor, QuickInputButtons, Uri } from '../../support/fakeEditor.ts';
import { FakeFolder, FakeStore } from '../../support/fakeStore.ts';
import { transportWith } from '../../support/fixtures.ts';
import { ScriptedServer } from '../../support/scriptedServer.ts';

const SETTING = 'sessionKeeper.providers';

describe('the wizard', () => {
  let server: ScriptedServer;
  let settings: Settings;
  let secrets: ClientSecrets;
  let signedIn: Provider[];
  let isRunning: Promise<void>;

  /** Starts the wizard; the first box. */
  function start(): Promise<FakeQuickInput> {
    const wizard = new AddProviderWizard({
      clientSecrets: secrets,
      discovery: new Discovery(transportWith(systemClock, 10 * SECOND)),
      settings,
      getInstructions: () => Uri.from({}) as never,
      callbackUri: 'vscode://session-keeper.session-keeper/callback',
      proposePort: () => Promise.resolve(28_500),
      signIn: (provider) => Promise.resolve(void signedIn.push(provider)),
    });
    return following(() => {
      isRunning = wizard.run();
    });
  }

  /** Does something in a box; the box that is shown then. */
  async function following(act: () => void): Promise<FakeQuickInput> {
    const next = nextQuickInput();
    act();
    return next;
  }

  const typing = (box: FakeQuickInput, value: string): Promise<FakeQuickInput> =>
    following(() => {
      box.type(value);
      box.accept();
    });
  const picking = (box: FakeQuickInput, words: string): Promise<FakeQuickInput> => following(() => box.pick(words));
  const accepting = (box: FakeQuickInput): Promise<FakeQuickInput> => following(() => box.accept());
  const goingBack = (box: FakeQuickInput): Promise<FakeQuickInput> =>
    following(() => box.press(QuickInputButtons.Back));

  beforeEach(async () => {
    editor.reset();
    server = await ScriptedServer.start();
    settings = new Settings(0);
    secrets = new ClientSecrets(new FakeStore(), new FakeFolder());
    signedIn = [];
  });

  afterEach(async () => {
    settings.dispose();
    await server.stop();
  });

  /** Goes from the first box to that for the client ID. */
  async function toClient(box: FakeQuickInput): Promise<FakeQuickInput> {
    const issuer = await picking(box, 'Another Server');
    const found = await typing(issuer, server.issuer);
    const redirect = await picking(found, 'Continue');
    return picking(redirect, 'Any Port');
  }

  it('writes an entry and signs in when every step has been answered', async () => {
    const client = await toClient(await start());
    assert.match(client.prompt, /127\.0\.0\.1\/callback \(any port\)/);
    const secret = await typing(client, 'editor');
    assert.ok(secret.password);
    const scopes = await typing(secret, 'a-secret');
    const label = await accepting(scopes);
    assert.equal(label.value, '127.0.0.1');
    const id = await typing(label, 'Acme');
    assert.equal(id.value, 'acme');
    const summary = await accepting(id);
    assert.deepEqual(
      [summary.title, summary.step, summary.totalSteps],
      ['Add Provider', summary.totalSteps, summary.totalSteps],
    );
    const lines = summary.items as readonly { readonly label: string; readonly description?: string }[];
    assert.deepEqual(
      lines.filter(({ description }) => description !== undefined).map(({ label: name }) => name),
      ['Label', 'Id', 'Issuer', 'Redirect URI', 'Client id', 'Client secret', 'Scopes'],
    );
    summary.pick('Sign In Now');
    await isRunning;
    const [entry] = editor.settings.get(SETTING) as readonly Readonly<Record<string, unknown>>[];
    assert.deepEqual(
      { id: entry?.['id'], label: entry?.['label'], issuer: entry?.['issuer'], clientId: entry?.['clientId'] },
      { id: 'acme', label: 'Acme', issuer: server.issuer, clientId: 'editor' },
    );
    assert.deepEqual(
      signedIn.map(({ id: one }) => one),
      ['acme'],
    );
    const [provider] = signedIn;
    assert.equal(provider && (await secrets.read(provider)), 'a-secret');
  });

  it('says what is wrong with an answer, and keeps the box open', async () => {
    const issuer = await picking(await start(), 'Another Server');
    issuer.type('http://id.example.com');
    assert.match(String(issuer.validationMessage), /must start with https/);
    issuer.accept();
    await aTurn();
    assert.match(String(issuer.validationMessage), /must start with https/);
    issuer.type('');
    assert.equal(issuer.validationMessage, undefined);
    const found = await typing(issuer, server.issuer);
    assert.match(found.placeholder, /has answered/);
    found.leave();
    await isRunning;
    assert.equal(editor.settings.get(SETTING), undefined);
  });

  it('asks for the ports when the server accepts only fixed ones', async () => {
    const issuer = await picking(await start(), 'Another Server');
    const found = await typing(issuer, server.issuer);
    const redirect = await picking(found, 'Continue');
    const ports = await picking(redirect, 'A Fixed Port');
    assert.equal(ports.value, '28500');
    ports.type('0');
    assert.match(String(ports.validationMessage), /between 1 and 65535/);
    const client = await typing(ports, '8400, 8401');
    assert.match((await goingBack(client)).value, /^8400, 8401$/);
  });

  it('goes back to what was answered, and forgets the secret of another client', async () => {
    const client = await toClient(await start());
    const scopes = await typing(await typing(client, 'editor'), 'a-secret');
    const again = await goingBack(scopes);
    assert.equal(again.value, 'a-secret');
    const clientAgain = await goingBack(again);
    assert.equal(clientAgain.value, 'editor');
    assert.equal((await typing(clientAgain, 'another')).value, '');
  });

  it('changes an entry and leaves what it does not ask for when one is edited', async () => {
    const old = { id: 'acme', issuer: server.issuer, clientId: 'old', scopes: ['a'], idleTimeout: 5, dpop: true };
    editor.configure(SETTING, [{ id: 'first' }, old]);
    const issuer = await picking(await start(), 'acme');
    assert.match(issuer.title, /Edit Provider acme/);
    const found = await accepting(issuer);
    const client = await picking(await picking(found, 'Continue'), 'Any Port');
    const label = await accepting(await accepting(await typing(client, 'new')));
    const summary = await accepting(await accepting(label));
    summary.pick('Save');
    await isRunning;
    assert.deepEqual(editor.settings.get(SETTING), [{ id: 'first' }, { ...old, clientId: 'new', label: '127.0.0.1' }]);
    assert.deepEqual(signedIn, []);
  });

  it('starts from a line of the summary when that is picked', async () => {
    const old = { id: 'acme', label: 'Acme', issuer: server.issuer, clientId: 'old', scopes: ['a'] };
    editor.configure(SETTING, [old]);
    const found = await accepting(await picking(await start(), 'Acme'));
    const client = await picking(await picking(found, 'Continue'), 'Any Port');
    const summary = await accepting(await accepting(await accepting(await accepting(await accepting(client)))));
    const label = await picking(summary, 'Label');
    assert.equal(label.value, 'Acme');
    label.leave();
    await isRunning;
  });
});
