import assert from 'node:assert/strict';
import { MINUTE } from '../../../src/core/clock.ts';
import type { Finding } from '../../../src/sessions/keeper.ts';
import type { Actions, Subject } from '../../../src/vscode/actions.ts';
import type { IdleNews } from '../../../src/vscode/idleNews.ts';
import { PREFIX, SETTINGS } from '../../../src/vscode/ids.ts';
import { Notifications, type NotificationPorts } from '../../../src/vscode/notifications.ts';
import { Settings } from '../../../src/vscode/settings.ts';
import { editor } from '../../support/fakeEditor.ts';
import { buildHouse, moveIn, recordAt, type House } from '../../support/house.ts';

const ISSUER = 'https://id.example.com';

describe('the report of problems in the settings', () => {
  let settings: Settings;
  let notifications: Notifications;

  beforeEach(() => {
    editor.reset();
    settings = new Settings(0);
    // Nothing but the settings takes part in it.
    notifications = new Notifications({ settings } as NotificationPorts);
  });

  afterEach(() => {
    notifications.dispose();
    settings.dispose();
  });

  const set = (name: keyof typeof SETTINGS, value: unknown): void => editor.configure(`${PREFIX}.${SETTINGS[name]}`, value);
  const INTERVAL = '"sessionKeeper.refreshInterval" must be 0 or between 5 and 10080 minutes. 10080 is used.';

  it('is made once for a number that is out of range, and again only after it was in range', async () => {
    set('refreshInterval', 20_000);
    await notifications.reportProblems();
    await notifications.reportProblems();
    set('refreshInterval', 30_000);
    await notifications.reportProblems();
    assert.deepEqual(editor.messages, [{ words: INTERVAL, buttons: ['Open Settings'], isModal: false }]);
    set('refreshInterval', 720);
    await notifications.reportProblems();
    set('refreshInterval', 20_000);
    await notifications.reportProblems();
    assert.equal(editor.messages.length, 2);
  });

  it('leads to the setting that it is about', async () => {
    editor.answer = ({ buttons: [first] }) => first;
    set('refreshInterval', 20_000);
    set('providers', 'none');
    await notifications.reportProblems();
    assert.deepEqual(editor.messages.map(({ words }) => words), ['"sessionKeeper.providers" must be a list of providers.', INTERVAL]);
    assert.deepEqual(editor.executed, ['providers', 'refreshInterval'].map((name) => ['workbench.action.openSettings', `@id:sessionKeeper.${name}`]));
  });
});

describe('the report of what was found in the store', () => {
  let house: House;
  let settings: Settings;
  let notifications: Notifications;
  /** What was handed on to other parts. */
  let done: string[];

  beforeEach(() => {
    editor.reset();
    editor.configure(`${PREFIX}.${SETTINGS.providers}`, [{ id: 'acme', label: 'Acme', issuer: ISSUER, clientId: 'editor' }]);
    settings = new Settings(0);
    house = buildHouse(ISSUER);
    done = [];
    const { clock, keeper, sessions: { notices } } = house;
    const subject = (providerId: string): Subject => ({ providerId, hasSession: true, signIn: () => Promise.resolve(void done.push(`sign in at ${providerId}`)), retry: () => Promise.resolve() });
    const actions = { run: (action: string, about: Subject) => (action === 'retry' ? about.retry() : about.signIn()) } as unknown as Actions;
    notifications = new Notifications({
      clock, keeper, notices, settings, actions,
      idleNews: { news: () => [] } as unknown as IdleNews,
      subjectOf: ({ providerId }) => subject(providerId),
      subjectAt: subject,
      remove: (id) => keeper.discard(id),
      showLog: () => done.push('log'),
    });
    house.registry.onDidChange((change) => notifications.onChange(change));
  });

  afterEach(() => {
    notifications.dispose();
    house.sessions.dispose();
    settings.dispose();
  });

  /** Moves in a session of another client, and reads what is found wrong, as a window does that is opened afresh. */
  const foreign = async (): Promise<Finding[]> => {
    await moveIn(house, recordAt(ISSUER, house.clock.now(), { id: 'stray', clientId: 'another' }));
    await house.keeper.ready();
    await house.clock.rest();
    return house.findings;
  };

  it('deletes a session of another client by Delete It, and leaves nothing of it, not even that it was told of', async () => {
    await moveIn(house, recordAt(ISSUER, house.clock.now()));
    const findings = await foreign();
    assert.deepEqual(findings.map(({ kind }) => kind), ['foreign']);
    editor.answer = ({ buttons: [first] }) => first;
    await notifications.reportFindings(findings);
    await house.clock.pass(MINUTE);
    assert.deepEqual(editor.messages.map(({ buttons }) => buttons), [['Delete It', 'Show Log']]);
    assert.deepEqual([house.registry.get('stray'), [...house.store.secrets.keys()].filter((key) => key.includes('stray'))], [undefined, []]);
    assert.deepEqual([...house.folder.files.keys()].filter((name) => name.includes('stray')), ['stray.gone'], 'which tells the other windows');
    assert.deepEqual([house.record().id, house.stored()?.includes('access-1')], ['s1', true]);
  });

  it('leaves it where the person does not press that, and shows the log where they want to see it', async () => {
    const findings = await foreign();
    await notifications.reportFindings(findings);
    editor.answer = ({ buttons }) => buttons.at(-1);
    await notifications.reportFindings(findings);
    assert.deepEqual([house.record('stray').id, house.stored('stray') !== undefined, done], ['stray', true, ['log']]);
  });

  it('signs in by Sign In where the keyring has lost a session', async () => {
    editor.answer = ({ buttons: [first] }) => first;
    await notifications.reportFindings([{ id: 's9', kind: 'lost', providerId: 'acme' }]);
    assert.deepEqual([editor.messages.map(({ buttons }) => buttons), done], [[['Sign In', 'Show Log']], ['sign in at acme']]);
  });
});
