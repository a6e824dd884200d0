// The file of the organization on this computer, and what it changes.
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MINUTE } from '../../../src/core/clock.ts';
import { changeEntry } from '../../../src/host/changeSettings.ts';
import { Settings } from '../../../src/host/settings.ts';
import { describeEntryProblem } from '../../../src/host/settingsMessages.ts';
import { managedFilePath, readManagedSettings } from '../../../src/node/managedFile.ts';
import { editor } from '../../support/fakeEditor.ts';

const ENTRY = { id: 'acme', label: 'Acme', issuer: 'https://id.acme.example', clientId: 'c' } as const;
const FILE = { providers: [ENTRY], limits: { maximumIdleTimeout: 30, minimumRefreshLeeway: 600, terminal: false } };

describe('the settings of the organization', () => {
  const owner = process.getuid?.();
  let folder: string;
  let path: string;
  const read = (): ReturnType<typeof readManagedSettings> => readManagedSettings(path, owner);
  const problemsOf = (): unknown[] => read().problems.map(({ code, field }) => [code, field]);

  beforeEach(() => {
    editor.reset();
    folder = mkdtempSync(join(tmpdir(), 'sk-managed-'));
    path = join(folder, 'managed.json');
    writeFileSync(path, JSON.stringify(FILE), { mode: 0o644 });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('are in a folder of the administrator', () => {
    assert.deepEqual((['linux', 'darwin', 'win32'] as const).map(managedFilePath), [
      '/etc/session-keeper/managed.json',
      '/Library/Application Support/Session Keeper/managed.json',
      String.raw`C:\Program Files\Session Keeper\managed.json`,
    ]);
  });

  it('are read, and are empty if there is no file', () => {
    assert.deepEqual([read().providers.length, problemsOf()], [1, []]);
    for (const absent of [join(folder, 'other.json'), join(path, 'managed.json')]) {
      assert.deepEqual(readManagedSettings(absent, owner).problems, []);
    }
  });

  it("aren't read from a file that is a link, a folder, or too large", () => {
    rmSync(path);
    const other = join(folder, 'other.json');
    writeFileSync(other, JSON.stringify(FILE));
    symlinkSync(other, path);
    assert.deepEqual([problemsOf(), read().providers], [[['managed-refused', 'link']], []]);
    rmSync(path);
    mkdirSync(path);
    assert.deepEqual(problemsOf(), [['managed-refused', 'unreadable']]);
    rmSync(path, { recursive: true });
    writeFileSync(path, `{"x":"${'x'.repeat(1_000_001)}"}`);
    assert.deepEqual(problemsOf(), [['managed-refused', 'unreadable']]);
  });

  for (const [what, change] of Object.entries({
    'everyone can write to it': () => chmodSync(path, 0o646),
    'a group can write to it': () => chmodSync(path, 0o664),
    'everyone can write to its folder': () => chmodSync(folder, 0o777),
  })) {
    it(`aren't read from a file if ${what}`, function () {
      if (owner === undefined) {
        this.skip();
      }
      change();
      assert.deepEqual([problemsOf(), read().providers], [[['managed-refused', 'writable']], []]);
    });
  }

  it("aren't read from a file or a folder of another user", function () {
    if (owner === undefined) {
      this.skip();
    }
    assert.deepEqual(
      readManagedSettings(path, owner + 1).problems.map(({ field }) => field),
      ['owner'],
    );
    if (owner !== 0) {
      return;
    }
    chownSync(folder, 1, 1);
    assert.deepEqual(problemsOf(), [['managed-refused', 'owner']]);
  });

  it('name the file and the administrator in each problem', () => {
    const messages = readManagedSettings(path, (owner ?? 0) + 1).problems.map(describeEntryProblem);
    writeFileSync(path, '{"providers":[{"id":"acme"}],"limits":1}');
    for (const message of [...messages, ...read().problems.map(describeEntryProblem)]) {
      assert.match(message, /organization's settings.*Contact your administrator\./u);
    }
  });

  it('limit the settings of users', () => {
    editor.settings.set('sessionKeeper.refreshLeeway', 10);
    editor.settings.set('sessionKeeper.idleTimeout', 0);
    editor.settings.set('sessionKeeper.terminal.enabled', true);
    editor.settings.set('sessionKeeper.providers', [{ ...ENTRY, id: 'own', idleTimeout: 5 }]);
    const settings = new Settings(0, undefined, read());
    assert.equal(settings.lifetimes().leeway, 10 * MINUTE);
    assert.deepEqual(
      [...settings.idleTimeouts()],
      [
        ['acme', 30 * MINUTE],
        ['own', 5 * MINUTE],
      ],
    );
    assert.equal(settings.isTerminalEnabled, false);
    assert.deepEqual(
      ['acme', 'own'].map((id) => [settings.isManaged(id), settings.isLocked(id)]),
      [
        [true, true],
        [false, false],
      ],
    );
    settings.dispose();
  });

  it('turn off MCP servers', () => {
    const mcpServers = [{ label: 'Notes', url: 'https://mcp.example.com' }];
    editor.settings.set('sessionKeeper.providers', [{ ...ENTRY, id: 'own', mcpServers }]);
    const serversWith = (limits: object): number => {
      writeFileSync(path, JSON.stringify({ limits }));
      const settings = new Settings(0, undefined, read());
      settings.dispose();
      return settings.provider('own')?.mcpServers.length ?? -1;
    };
    assert.deepEqual([serversWith({}), serversWith({ mcpServers: false })], [1, 0]);
  });

  it("can't be changed if they are locked; otherwise, the change is an entry with its fields only", async () => {
    const change = (): Promise<void> => changeEntry(settings, 'acme', () => ({ redirectPorts: [8400] }));
    let settings = new Settings(0, undefined, read());
    await assert.rejects(change(), /set by your organization/u);
    settings.dispose();
    writeFileSync(path, JSON.stringify({ providers: [{ ...ENTRY, locked: false }] }));
    settings = new Settings(0, undefined, read());
    await change();
    assert.deepEqual(editor.settings.get('sessionKeeper.providers'), [{ id: 'acme', redirectPorts: [8400] }]);
    await change();
    assert.deepEqual(settings.provider('acme')?.redirectPorts, [8400]);
    assert.deepEqual(settings.problems, []);
    settings.dispose();
  });
});
