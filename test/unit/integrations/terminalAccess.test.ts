import assert from 'node:assert/strict';
import type * as vscode from 'vscode';
import { PREFIX, SETTINGS } from '../../../src/host/ids.ts';
import { Settings } from '../../../src/host/settings.ts';
import { TerminalAccess, readWindowId, type TerminalFiles } from '../../../src/integrations/terminalAccess.ts';
import { TerminalConsent, permissionFor } from '../../../src/integrations/terminalConsent.ts';
import { SAMPLE } from '../../support/coreSamples.ts';
import { FakeClock } from '../../support/fakeClock.ts';
import { FakeVariables, fakeMemento } from '../../support/fakeContext.ts';
import { editor } from '../../support/fakeEditor.ts';

const ID = 'a'.repeat(16);
const ENABLED = `${PREFIX}.${SETTINGS.terminalEnabled}`;
const ON = { PATH: '…:/bin/of/terminal', SESSION_KEEPER_WINDOW: ID };

describe('terminal access', () => {
  let settings: Settings;
  let variables: FakeVariables;
  let access: TerminalAccess;
  let consent: TerminalConsent;
  let events: string[];
  let installed: string | undefined;
  let isListed: boolean;
  let extensionKind: number;
  let failure: Error | undefined;

  const create = (): TerminalAccess => {
    const files: TerminalFiles = {
      install: () => (failure === undefined ? Promise.resolve(installed) : Promise.reject(failure)),
      newWindowId: () => ID,
      listen: (id) => {
        events.push(`listen ${id}`);
        return Promise.resolve({
          touch: () => Promise.resolve(isListed),
          dispose: () => void events.push('close'),
        });
      },
      deleteKey: () => Promise.resolve(void events.push('delete key')),
    };
    const log = (line: string): void => void events.push(line.split(':')[0] ?? '');
    return new TerminalAccess({
      consent,
      context: {
        environmentVariableCollection: variables as unknown as vscode.GlobalEnvironmentVariableCollection,
        extension: { extensionKind } as unknown as vscode.Extension<unknown>,
      },
      files,
      log: { trace: log, debug: log, info: () => {}, warn: log, error: log },
      requests: { handle: () => Promise.resolve('') },
      settings,
      windowId: ID,
    });
  };

  beforeEach(() => {
    editor.reset();
    editor.configure(`${PREFIX}.${SETTINGS.providers}`, [
      { id: 'acme', label: 'Acme', issuer: SAMPLE.issuer, clientId: SAMPLE.clientId },
    ]);
    settings = new Settings(0);
    variables = new FakeVariables();
    events = [];
    installed = '/bin/of/terminal';
    isListed = true;
    extensionKind = 1;
    failure = undefined;
    consent = new TerminalConsent({
      clock: new FakeClock(),
      workspaceState: fakeMemento(),
      nameOf: (id) => settings.nameOf(id),
    });
    access = create();
  });

  afterEach(() => {
    access.dispose();
    settings.dispose();
  });

  it("provides the command but doesn't listen while the user hasn't decided", async () => {
    assert.equal(await access.update(), false);
    assert.deepEqual(variables.values, ON);
    assert.deepEqual(events, ['delete key']);
  });

  it("provides nothing without a provider, and nothing if it's off", async () => {
    editor.configure(`${PREFIX}.${SETTINGS.providers}`, []);
    await access.update();
    assert.deepEqual(variables.values, {});
    editor.configure(`${PREFIX}.${SETTINGS.providers}`, [{ issuer: SAMPLE.issuer, clientId: 'c' }]);
    editor.configure(ENABLED, false);
    await access.update();
    assert.deepEqual(variables.values, {});
    assert.ok(!events.some((event) => event.startsWith('listen')));
  });

  it("listens once while it's on, and stops and deletes the key when it's turned off", async () => {
    editor.configure(ENABLED, true);
    assert.equal(await access.update(), true);
    await access.update();
    assert.deepEqual(variables.values, ON);
    editor.configure(ENABLED, false);
    await access.update();
    assert.deepEqual(events, [`listen ${ID}`, 'close', 'delete key']);
    assert.deepEqual(variables.values, {});
  });

  it('accepts no other value than true', async () => {
    for (const value of ['true', 1, {}, null]) {
      editor.configure(ENABLED, value);
      assert.equal(await access.update(), false);
    }
    assert.ok(!events.some((event) => event.startsWith('listen')));
  });

  it("doesn't apply to terminals on another computer", async () => {
    editor.configure(ENABLED, true);
    editor.remote.name = 'ssh-remote';
    assert.equal(await access.update(), false);
    assert.deepEqual(variables.values, {});
    await access.manage();
    assert.match(editor.messages[0]?.text ?? '', /run on a remote host/u);
    access.dispose();
    extensionKind = 2;
    access = create();
    assert.equal(await access.update(), true);
    assert.deepEqual(variables.values, ON);
  });

  it("logs why it can't be set up", async () => {
    editor.configure(ENABLED, true);
    installed = undefined;
    assert.equal(await access.update(), false);
    failure = new Error('EROFS');
    assert.equal(await access.update(), false);
    assert.deepEqual(events, ["Couldn't set up terminal access", "Couldn't set up terminal access"]);
    assert.deepEqual(variables.values, {});
    failure = undefined;
    installed = '/bin/of/terminal';
    assert.equal(await access.update(), true);
  });

  it('listens again if its folder was deleted', async () => {
    editor.configure(ENABLED, true);
    await access.update();
    isListed = false;
    editor.focus(true);
    while (events.length < 3) {
      await Promise.resolve();
    }
    assert.deepEqual(events, [`listen ${ID}`, 'close', `listen ${ID}`]);
  });

  it("doesn't listen after the window was closed", async () => {
    editor.configure(ENABLED, true);
    const updating = access.update();
    access.dispose();
    await updating;
    await access.update();
    assert.deepEqual(events, []);
  });

  it('is turned on and off by its command', async () => {
    await access.manage();
    assert.deepEqual(editor.messages[0]?.buttons, ['Turn On Terminal Access']);
    assert.equal(settings.isTerminalEnabled, undefined);
    editor.respond = ({ buttons }) => buttons[0];
    await access.manage();
    assert.equal(editor.settings.get(ENABLED), true);
    assert.match(editor.messages.at(-1)?.text ?? '', /^Terminal access is on\./u);
    editor.pick = (items) => items.at(-1);
    await access.manage();
    assert.equal(editor.settings.get(ENABLED), false);
    assert.equal(events.at(-1), 'delete key');
  });

  it("reports that it couldn't be turned on", async () => {
    installed = undefined;
    editor.respond = ({ buttons }) => buttons[0];
    await access.manage();
    assert.match(editor.messages.at(-1)?.text ?? '', /^Couldn't turn on terminal access/u);
  });

  it('lists the permissions of this workspace, and removes the selected one', async () => {
    editor.configure(ENABLED, true);
    const signal = new AbortController().signal;
    editor.respond = () => 'Allow for This Workspace';
    await consent.decide(permissionFor(SAMPLE, ['b', 'a']), true, () => {}, signal);
    editor.respond = () => 'Deny';
    await consent.decide(permissionFor(SAMPLE, undefined), true, () => {}, signal);
    const shown: unknown[] = [];
    editor.pick = (items) => {
      shown.push(...items.map(({ description, detail, label }) => [label, description, detail]));
      return items[0];
    };
    await access.manage();
    assert.deepEqual(shown, [
      ['Acme', 'ada@example.com a b', 'Allowed for this workspace'],
      ['Acme', 'ada@example.com', 'Denied until the window closes'],
      ['Turn Off Terminal Access', undefined, undefined],
    ]);
    assert.deepEqual([consent.allowed.length, consent.denied.length], [0, 1]);
    await access.manage();
    assert.deepEqual(consent.denied, []);
  });
});

describe('the ID of a window', () => {
  it('stays the same for a workspace', () => {
    const memento = fakeMemento();
    assert.equal(readWindowId(memento, ID), ID);
    assert.equal(readWindowId(memento, 'b'.repeat(16)), ID);
    void memento.update('terminalWindowId', 'x/../y');
    assert.equal(readWindowId(memento, ID), ID);
  });
});
