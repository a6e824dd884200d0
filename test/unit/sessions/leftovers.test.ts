import assert from 'node:assert/strict';
import { DAY, MINUTE } from '../../../src/core/clock.ts';
import { claimFileName } from '../../../src/locking/notificationClaims.ts';
import { lockContent } from '../../support/sharedFiles.ts';
import {
  createTestWindow,
  createTestWindowWithServer,
  recordAt,
  seedSession,
  type TestWindow,
} from '../../support/testWindow.ts';
import { rememberedKeyNames } from '../../support/keyNames.ts';
import type { ScriptedServer } from '../../support/scriptedServer.ts';

describe('Leftovers', () => {
  let server: ScriptedServer;
  let testWindow: TestWindow;
  let files: Map<string, string>;

  beforeEach(async () => {
    ({ testWindow, server } = await createTestWindowWithServer());
    ({ files } = testWindow.folder);
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now(), { accessExpiresAt: undefined }));
  });

  afterEach(async () => {
    await server.stop();
  });

  /** Opens another window with the same folder and keyring. */
  const again = async (more: Parameters<typeof createTestWindow>[1] = {}): Promise<TestWindow> => {
    const { clock, folder, life, store } = testWindow;
    const next = createTestWindow(server.issuer, { clock, folder, life, store, ...more });
    await next.sessionManager.ready();
    await clock.rest();
    return next;
  };
  /** Runs a window's cleanup after it has been open for a time in ms. */
  const sweep = async (window: TestWindow, time = 2 * MINUTE): Promise<void> => {
    testWindow.clock.sleep(time);
    window.sessions.onDemand.onTick();
    await testWindow.clock.rest();
  };
  const claim = (id: string, kind = 'ended'): string => `${claimFileName({ kind, id, since: 5 })}.0.claimed`;
  const names = (id: string): string[] => [...files.keys()].filter((name) => name.startsWith(`${id}.`)).sort();

  it("deletes the lock files of a session that doesn't exist when the lock is free", async () => {
    const { token } = await testWindow.life.register();
    files.set('gone.4.locked', lockContent('ended')).set('gone.3.locked', '').set('gone.3.released', '');
    files.set('released.1.locked', lockContent(token)).set('released.1.released', '');
    files.set('held.1.locked', lockContent(token));
    files.set('elsewhere.1.locked', lockContent('elsewhere-1'));
    files.set('s1.1.locked', lockContent('ended'));
    await sweep(testWindow);
    assert.deepEqual(
      ['gone', 'released', 'held', 'elsewhere'].map((id) => names(id).length),
      [0, 0, 1, 1],
    );
    assert.ok(names('s1').includes('s1.1.locked'));
  });

  it('deletes the lock files of a session when a window ended during its sign-out', async () => {
    await testWindow.sessionStore.remove('s1');
    testWindow.liveSessions.remove('s1');
    files.set('s1.1.locked', lockContent('ended'));
    await sweep(testWindow);
    assert.deepEqual(names('s1'), ['s1.2.session']);
  });

  it('keeps the files of a session when another editor has it or its file is damaged', async () => {
    files.set('other.1.session', JSON.stringify({ version: 1, signedOutAt: 5, mac: { key: 'x', code: 'y' } }));
    files.set('damaged.1.session', '{');
    for (const id of ['other', 'damaged']) {
      files.set(`${id}.1.locked`, lockContent('ended')).set(claim(id), '');
    }
    await sweep(testWindow);
    for (const id of ['other', 'damaged']) {
      assert.deepEqual([names(id), files.has(claim(id))], [[`${id}.1.locked`, `${id}.1.session`], true]);
    }
  });

  it("deletes only claims about sessions that don't exist", async () => {
    const kept = [claim('s1'), claim('acme', 'attention'), claim('a provider', 'attention'), claim('later', 'newer')];
    [...kept, claim('gone'), claim('gone', 'lost')].forEach((name) => files.set(name, ''));
    files.set(`${claimFileName({ kind: 'ending', id: 'gone', since: 5 })}.snoozed`, '{}');
    await sweep(testWindow);
    const left = [...files.keys()].filter((name) => name.endsWith('.claimed') || name.endsWith('.snoozed'));
    assert.deepEqual(left.sort(), kept.sort());
  });

  it('runs once a day, and not while the window starts', async () => {
    const plant = (): unknown => files.set('gone.1.released', '').set('gone.1.locked', lockContent('ended'));
    plant();
    await sweep(testWindow, MINUTE / 2);
    assert.equal(names('gone').length, 2);
    await sweep(testWindow);
    assert.equal(names('gone').length, 0);
    plant();
    await sweep(testWindow, DAY / 2);
    assert.equal(names('gone').length, 2);
    await sweep(testWindow, DAY);
    assert.equal(names('gone').length, 0);
  });

  it('deletes all files of a session 30 days after it was reported as lost', async () => {
    testWindow.store.secrets.delete('session:s1');
    testWindow.store.secrets.forEach((_value, key) => testWindow.store.secrets.delete(key));
    const next = await again();
    await testWindow.clock.pass(MINUTE);
    assert.deepEqual(
      next.findings.map(({ kind }) => kind),
      ['lost'],
    );
    files.set('s1.1.locked', lockContent('ended')).set('s1.1.released', '');
    await sweep(next, 29 * DAY);
    assert.ok(names('s1').some((name) => name.endsWith('.session')));
    await sweep(next, 2 * DAY);
    assert.deepEqual([names('s1'), [...files.keys()].filter((name) => name.endsWith('.claimed'))], [[], []]);
  });

  for (const [what, prepare] of [
    ["it's back in the keyring", (secrets: Map<string, string>, record: string) => secrets.set('session:s1', record)],
    ["the keyring can't be read", () => testWindow.store.failing.add('get')],
  ] as const) {
    it(`keeps the file of a session that was reported as lost when ${what}`, async () => {
      const secrets = new Map(testWindow.store.secrets);
      testWindow.store.secrets.clear();
      const next = await again();
      await testWindow.clock.pass(MINUTE);
      assert.deepEqual(
        next.findings.map(({ kind }) => kind),
        ['lost'],
      );
      prepare(testWindow.store.secrets, secrets.get('session:s1') ?? '');
      await sweep(next, 31 * DAY);
      assert.ok(names('s1').some((name) => name.endsWith('.session')));
    });
  }

  it('keeps the file of a session permanently when its key belongs to another editor', async () => {
    testWindow.store.secrets.clear();
    const next = await again({ keyNames: rememberedKeyNames() });
    files.set(`${claimFileName({ kind: 'lost', id: 's1', since: 0 })}.0.claimed`, '1');
    await sweep(next, 31 * DAY);
    assert.ok(names('s1').some((name) => name.endsWith('.session')));
  });

  it('keeps the claim of the notification about TLS, which would be shown again', async () => {
    const name = `${claimFileName({ kind: 'tls', id: 'certificates', since: 0, variant: 'setting' })}.0.claimed`;
    files.set(name, '1');
    await sweep(testWindow);
    await sweep(testWindow, 2 * DAY);
    assert.ok(files.has(name));
  });

  it('deletes a quarantined secret 30 days after a window first saw it', async () => {
    const { secrets } = testWindow.store;
    secrets.set('quarantined:a:1', 'refresh-token');
    await sweep(testWindow);
    await sweep(testWindow, 29 * DAY);
    assert.equal(secrets.has('quarantined:a:1'), true);
    secrets.set('quarantined:b:1', 'of later');
    await sweep(testWindow, 2 * DAY);
    assert.deepEqual(
      ['a:1', 'b:1'].map((id) => secrets.has(`quarantined:${id}`)),
      [false, true],
    );
    await sweep(testWindow, 31 * DAY);
    await sweep(testWindow, DAY);
    assert.deepEqual(
      [secrets.has('quarantined:b:1'), [...files.keys()].filter((name) => name.includes('quarantined'))],
      [false, []],
    );
  });
});
