// The ownership of a provider ID: in one extension host, VS Code keeps the first registration of an ID and ignores others,
// and the handle of any of them removes whichever is registered.
import assert from 'node:assert/strict';
import { MINUTE, SECOND } from '../../../src/core/clock.ts';
import type { TakenIds } from '../../../src/auth/idConflicts.ts';
import { IdOwnership, type IdConflict } from '../../../src/auth/idOwnership.ts';
import { PendingSignIns } from '../../../src/auth/pendingSignIns.ts';
import { ProviderRegistry, type RegistryDependencies } from '../../../src/auth/providerRegistry.ts';
import { PREFIX, SETTINGS } from '../../../src/host/ids.ts';
import { Settings } from '../../../src/host/settings.ts';
import { StatusBar } from '../../../src/ui/statusBar.ts';
import { settle } from '../../support/fakeClock.ts';
import { authentication, editor } from '../../support/fakeEditor.ts';
import { logTo } from '../../support/logTo.ts';
import { createTestWindow, recordAt, seedSession, type TestWindow } from '../../support/testWindow.ts';

const ISSUER = 'https://id.example.com';
const OWN = 'session-keeper.session-keeper';

describe('The ID of a provider', () => {
  let settings: Settings;
  let takenIds: TakenIds;
  let conflicts: readonly IdConflict[];
  let ownership: IdOwnership;
  let registry: ProviderRegistry;
  let statusBar: StatusBar;
  let testWindow: TestWindow;
  let lines: string[];
  /** How often a request from another extension counted as activity. */
  let calls: number;

  beforeEach(async () => {
    editor.reset();
    lines = [];
    calls = 0;
    testWindow = createTestWindow(ISSUER);
    await seedSession(testWindow, recordAt(ISSUER, testWindow.clock.now()));
    configure({});
    settings = new Settings(0);
    takenIds = new Map();
    conflicts = [];
  });

  afterEach(() => {
    registry.dispose();
    statusBar.dispose();
    settings.dispose();
    testWindow.sessions.dispose();
  });

  const configure = (...entries: readonly Readonly<Record<string, unknown>>[]): void =>
    editor.configure(
      `${PREFIX}.${SETTINGS.providers}`,
      entries.map((entry) => ({
        id: 'acme',
        label: 'Acme',
        issuer: ISSUER,
        clientId: 'editor',
        scopes: ['read'],
        ...entry,
      })),
    );
  const getSession = async (id = 'acme'): Promise<unknown> => authentication.getSession(id, ['read'], {});
  const isOurs = async (): Promise<boolean> =>
    ((await getSession()) as { readonly accessToken?: string } | undefined)?.accessToken === 'access-1';

  /** Registers a provider of another extension, which is never unregistered. */
  const registerOther = (answer: () => unknown = () => []): void => {
    authentication.registerAuthenticationProvider('acme', 'Other', { getSessions: answer });
  };
  const declare = (id: string, packageJSON: unknown): void => void editor.extensions.push({ id, packageJSON });
  const manifest = (id: string): unknown => ({ contributes: { authentication: [{ id: 'else' }, { id }] } });

  /** Creates the extension's parts, without a check. */
  const start = (): void => {
    const { clock, sessionManager } = testWindow;
    const log = logTo((line) => lines.push(line));
    ownership = new IdOwnership({
      clock,
      log,
      takenIds,
      settings,
      extensionId: OWN,
      onDidChangeTakenIds: () => statusBar.update(),
      providers: { getRegistered: () => registry.getRegistered() },
    });
    const parts = { idOwnership: ownership } as never;
    registry = new ProviderRegistry(settings, new PendingSignIns(), {
      clock,
      takenIds,
      extensionId: OWN,
      log,
      sessionManager,
      onDemand: { value: parts, load: () => Promise.resolve(parts) },
      onCall: () => (calls += 1),
    } satisfies RegistryDependencies);
    statusBar = new StatusBar(clock, sessionManager, new PendingSignIns(), settings, takenIds);
    settings.onDidChange(() => registry.update());
  };
  const check = async (): Promise<void> => {
    await settle();
    editor.sessionRequests.length = 0;
    const checking = ownership.check();
    await testWindow.clock.pass(MINUTE);
    conflicts = await checking;
    statusBar.update();
  };
  const shown = (): { readonly text: string; readonly tooltip: string } => {
    const [item] = editor.statusItems;
    const tooltip = (item?.tooltip?.value ?? '').replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
    return { text: item?.text ?? '', tooltip };
  };

  it('is reported as owned when VS Code asks this extension', async () => {
    start();
    await check();
    assert.deepEqual([conflicts, takenIds.size, ownership.isOwned('acme')], [[], 0, true]);
    assert.match(shown().text, /Acme: (?:renews|renewing)/);
    assert.ok(await isOurs());
  });

  it('is checked silently, without a prompt, a sign-in badge, a renewal, or user activity', async () => {
    await testWindow.clock.pass(6 * MINUTE);
    start();
    await check();
    const own = editor.sessionRequests.filter(({ id }) => id === 'acme');
    assert.deepEqual(
      own.map(({ options }) => options),
      [{ silent: true }],
    );
    assert.ok(
      own.every(({ wanted }) => !(wanted as string[]).includes('read')),
      'no scope that a caller could request at the same time',
    );
    assert.equal(calls, 0);
    assert.deepEqual([editor.messages, testWindow.liveSessions.get('s1')?.failure], [[], undefined]);
    // A caller at the same time gets its session.
    await testWindow.clock.pass(0);
    assert.equal(testWindow.record().generation, 1);
  });

  it('is reported if another extension has registered it before, and stays with that extension', async () => {
    declare('evil.other', manifest('acme'));
    registerOther();
    start();
    await check();
    assert.deepEqual(conflicts, [{ providerId: 'acme', isTaken: true, declaredBy: 'evil.other' }]);
    assert.match(shown().text, /Acme: needs attention/);
    assert.match(shown().tooltip, /The provider ID "acme" is already used by evil\.other/);
    assert.equal(
      lines.filter((line) => line.includes('VS Code sends session requests for acme to another extension (evil.other)'))
        .length,
      1,
    );
    await check();
    assert.equal(lines.filter((line) => line.includes('to another extension')).length, 1, 'once');
    registry.dispose();
    assert.equal(editor.providers.get('acme')?.label, 'Other');
  });

  it('is reported without a name if no manifest declares it', async () => {
    declare(OWN, manifest('acme'));
    declare('some.extension', manifest('other'));
    for (const odd of [
      undefined,
      null,
      5,
      'acme',
      [],
      { contributes: 7 },
      { contributes: { authentication: 'acme' } },
      { contributes: { authentication: [null, 'acme'] } },
    ]) {
      declare('odd.manifest', odd);
    }
    registerOther();
    start();
    await check();
    assert.deepEqual(conflicts, [{ providerId: 'acme', isTaken: true, declaredBy: undefined }]);
    assert.match(shown().tooltip, /The provider ID "acme" is already used by another extension/);
  });

  it('is reported before it is registered if the manifest of another extension declares it', async () => {
    declare('some.other', manifest('acme'));
    start();
    const declared = lines.findIndex((line) => line.includes('Provider ID acme is also declared by some.other'));
    const registered = lines.findIndex((line) => line.includes('Registered provider acme'));
    assert.ok(declared >= 0 && declared < registered);
    await check();
    assert.deepEqual(conflicts, [{ providerId: 'acme', isTaken: false, declaredBy: 'some.other' }]);
    assert.match(shown().text, /Acme: (?:renews|renewing)/);
  });

  for (const [name, answer] of [
    ['returns a session', () => [{ accessToken: 'x' }]],
    ['rejects', () => Promise.reject(new Error('No.'))],
    [
      'throws',
      () => {
        throw new Error('No.');
      },
    ],
  ] as const) {
    it(`is reported if the provider of the other extension ${name}`, async () => {
      registerOther(answer);
      start();
      await check();
      assert.match(takenIds.get('acme') ?? '', /already used by another extension/);
    });
  }

  it("isn't reported while VS Code hasn't answered, and its provider is kept", async () => {
    registerOther(() => new Promise(() => {}));
    start();
    await check();
    assert.deepEqual([conflicts, ownership.isOwned('acme')], [[], false]);
    registry.dispose();
    assert.equal(editor.providers.get('acme')?.label, 'Other');
  });

  for (const [name, change] of [
    ['its entry is removed', () => configure()],
    ['its label changes', () => configure({ label: 'New' })],
    ['its ID changes', () => configure({ id: 'mine' })],
  ] as const) {
    it(`stays with the other extension when ${name}`, async () => {
      registerOther();
      start();
      change();
      await check();
      assert.equal(editor.providers.get('acme')?.label, 'Other');
      change();
      await check();
      assert.equal(editor.providers.get('acme')?.label, 'Other');
    });

    it(`stays with another extension that took it over since the last check when ${name}`, async () => {
      start();
      await check();
      // As if another extension host had registered it.
      editor.providers.set('acme', { label: 'Later', provider: { getSessions: () => [] } });
      change();
      await check();
      assert.equal(editor.providers.get('acme')?.label, 'Later');
    });
  }

  it('is unregistered when its entry is removed, and registered again with a new label', async () => {
    start();
    configure({ label: 'New' });
    await check();
    assert.equal(editor.providers.get('acme')?.label, 'New');
    assert.ok(await isOurs());
    configure({ label: 'Newer' });
    configure({ label: 'Newest' });
    await check();
    assert.equal(editor.providers.get('acme')?.label, 'Newest');
    configure();
    await check();
    assert.deepEqual([editor.providers.has('acme'), registry.getRegistered().has('acme')], [false, false]);
    configure({});
    await check();
    assert.ok(await isOurs());
  });

  it('is kept when its entry is removed and immediately added again', async () => {
    start();
    configure();
    configure({});
    await check();
    assert.ok(await isOurs());
    assert.equal(registry.getRegistered().size, 2);
  });

  it('is owned again, and logged, when the other extension is gone', async () => {
    registerOther();
    start();
    await check();
    const provider = registry.getRegistered().get('acme');
    assert.ok(provider);
    editor.providers.set('acme', { label: 'Acme', provider: provider as never });
    await check();
    assert.deepEqual(conflicts, []);
    assert.match(shown().text, /Acme: renew/);
    assert.ok(lines.some((line) => line.includes('VS Code sends session requests for acme to Session Keeper')));
  });

  it('is checked every ten minutes, and no more often', async () => {
    start();
    await check();
    editor.sessionRequests.length = 0;
    for (let time = 0; time < 10; time += 1) {
      ownership.checkIfStale();
      await settle();
    }
    assert.equal(editor.sessionRequests.length, 0);
    await testWindow.clock.pass(10 * MINUTE);
    ownership.checkIfStale();
    await testWindow.clock.pass(SECOND);
    assert.deepEqual(editor.sessionRequests.map(({ id }) => id).sort(), ['acme', 'oidc']);
  });

  it("isn't reported for the default provider without configuration", async () => {
    authentication.registerAuthenticationProvider('oidc', 'Other', { getSessions: () => [] });
    start();
    await check();
    assert.deepEqual([takenIds.size, ownership.isOwned('oidc'), conflicts], [0, false, []]);
    registry.dispose();
    assert.equal(editor.providers.get('oidc')?.label, 'Other');
  });
});
