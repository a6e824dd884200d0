// What a window finds at start, after any sequence of events in earlier windows.
import assert from 'node:assert/strict';
import { DAY, SECOND } from '../../../src/core/clock.ts';
import { formatRecord, parseRecord, type SessionRecord } from '../../../src/core/session.ts';
import type { StoreSnapshot } from '../../../src/storage/loadStoredSessions.ts';
import { headerOf, type SessionHeader } from '../../../src/storage/sessionFile.ts';
import { SessionStoreFixture, generation, half, type StoreWindow } from '../../support/sessionStoreFixture.ts';
import { rejectsWith } from '../../support/failures.ts';
import type { FakeFolder, FakeStore } from '../../support/fakeStore.ts';
import { rememberedKeyNames } from '../../support/keyNames.ts';
import type { ManualAsyncClock } from '../../support/manualAsyncClock.ts';
import { deleteSealed, hasTombstone, sessionFile, sessionFileName, setSessionFile } from '../../support/sharedFiles.ts';
import { STORE_MODELS } from '../../support/simulation/sharedSecrets.ts';

const NOTHING: StoreSnapshot = { records: [], issues: [], missing: [] };
const generations = ({ records }: StoreSnapshot): number[] => records.map((record) => record.generation);

for (const kind of STORE_MODELS) {
  describe(`SessionStore at start after a window has ended between any two steps (${kind} secrets)`, () => {
    let fixture: SessionStoreFixture;

    beforeEach(() => {
      fixture = new SessionStoreFixture(kind);
    });

    /** Returns what a start finds, and what the first refresh uses. */
    const start = async (): Promise<SessionRecord> => {
      const window = fixture.openWindow();
      const { records, missing } = await window.list();
      assert.deepEqual([records.length, missing], [1, []]);
      const [record] = records;
      assert.ok(record !== undefined);
      const state = await window.compare(record, 'wait');
      assert.ok(state.kind === 'current' || state.kind === 'superseded', state.kind);
      return state.kind === 'superseded' ? state.record : record;
    };

    /** Runs a refresh in a window that ends after a number of changes of the folder and the secrets. */
    const refreshUntil = async (changes: number): Promise<StoreWindow> => {
      const window = fixture.openWindow();
      await window.put(generation(1));
      window.life.end(changes);
      void window
        .markRefreshInFlight(generation(1))
        .then(() => window.put(half(2)))
        .then(() => window.put(generation(2)));
      await fixture.clock.pass(DAY);
      return window;
    };

    it('takes two changes for the mark, and three for each record', async () => {
      const window = await refreshUntil(100);
      assert.deepEqual(window.life.changes.slice(3), [
        'create s1.2.session',
        'delete s1.1.session',
        'create s1.3.session',
        'delete s1.2.session',
        'store session:s1',
        'create s1.4.session',
        'delete s1.3.session',
        'store session:s1',
      ]);
    });

    for (let changes = 0; changes <= 8; changes += 1) {
      const newest = changes <= 2 ? generation(1) : changes <= 5 ? half(2) : generation(2);

      it(`finds the newest refresh token when a refresh ended after ${changes} changes`, async () => {
        await refreshUntil(changes);
        assert.deepEqual(await start(), newest);
        assert.deepEqual(await start(), newest);
      });

      it(`knows whether its refresh token was sent when a refresh ended after ${changes} changes`, async () => {
        await refreshUntil(changes);
        const wasSent = changes === 1 || changes === 2;
        assert.equal(await fixture.openWindow().markRefreshInFlight(await start()), wasSent);
      });

      it(`continues from there when a refresh ended after ${changes} changes`, async () => {
        await refreshUntil(changes);
        const next = generation((await start()).generation + 1);
        await fixture.openWindow().put(next);
        assert.deepEqual(await start(), next);
        assert.equal(fixture.folder.files.size, 1);
      });
    }

    for (let changes = 0; changes <= 3; changes += 1) {
      it(`finds the first sign-in or none, and none lost, when it ended after ${changes} changes`, async () => {
        const window = fixture.openWindow();
        window.life.end(changes);
        void window.put(generation(1));
        await fixture.clock.pass(DAY);
        const { records, missing, issues } = await fixture.openWindow().list();
        assert.deepEqual([records, missing, issues], [changes <= 1 ? [] : [generation(1)], [], []]);
      });
    }

    for (let changes = 1; changes <= 4; changes += 1) {
      it(`doesn't restore a signed-out session when the sign-out ended after ${changes} changes`, async () => {
        const window = fixture.openWindow();
        await window.put(generation(1));
        window.life.end(changes);
        void window.remove('s1');
        await fixture.clock.pass(DAY);
        assert.deepEqual(await fixture.openWindow().list(), NOTHING);
        assert.equal(fixture.secrets.has('session:s1'), false);
      });

      it(`signs out although the folder fails when the sign-out ended after ${changes} changes`, async () => {
        const window = fixture.openWindow();
        await window.put(generation(1));
        fixture.folder.failing = 'writing';
        window.life.end(changes + 1);
        void window.remove('s1');
        await fixture.clock.pass(DAY);
        fixture.folder.failing = false;
        assert.deepEqual(await fixture.openWindow().list(), NOTHING);
        assert.equal(fixture.secrets.has('session:s1'), false);
      });
    }
  });

  describe(`SessionStore in windows that are open at the same time (${kind} secrets)`, () => {
    let fixture: SessionStoreFixture;
    let window: StoreWindow;
    let other: StoreWindow;

    beforeEach(async () => {
      fixture = new SessionStoreFixture(kind);
      window = fixture.openWindow();
      await window.put(generation(1));
      // The time until a new window sees what was stored.
      await fixture.clock.pass(2 * SECOND);
      other = fixture.openWindow();
      assert.deepEqual(generations(await other.list()), [1]);
    });

    it('shows a newer record immediately, in both directions', async () => {
      await window.put(generation(2));
      assert.deepEqual(await other.compare(generation(1), 'file'), { kind: 'superseded', record: generation(2) });
      await other.put(generation(3));
      assert.deepEqual(await window.compare(generation(2), 'file'), { kind: 'superseded', record: generation(3) });
    });

    it('shows a sign-out immediately', async () => {
      await window.remove('s1');
      assert.deepEqual(await other.compare(generation(1), 'file'), { kind: 'signed-out' });
      assert.equal(await other.get('s1'), undefined);
    });

    it('shows a new session immediately', async () => {
      const record = generation(1, { id: 's2' });
      await other.put(record);
      assert.deepEqual(await window.get('s2'), record);
    });

    it('finds the newest record at the next start, no matter which window wrote to SecretStorage last', async () => {
      await window.put(generation(2));
      await other.put(generation(1, { id: 's2' }));
      await fixture.clock.pass(DAY);
      const { records } = await fixture.openWindow().list();
      assert.deepEqual(records.map((record) => [record.id, record.generation]).sort(), [
        ['s1', 2],
        ['s2', 1],
      ]);
    });

    it("doesn't restore a session at the next start, no matter which window wrote to SecretStorage last", async () => {
      await window.remove('s1');
      await other.put(generation(1, { id: 's2' }));
      await fixture.clock.pass(DAY);
      const { records, issues, missing } = await fixture.openWindow().list();
      assert.deepEqual([records.map(({ id }) => id), issues, missing], [['s2'], [], []]);
      assert.equal(fixture.secrets.has('session:s1'), false);
    });
  });
}

describe('SessionStore without a key of the other window', () => {
  it("reports that newer tokens can't be read when windows never see each other's secrets", async () => {
    const fixture = new SessionStoreFixture('browser');
    const [window, other] = [fixture.openWindow(), fixture.openWindow()];
    await window.put(generation(2));
    const comparing = other.compare(generation(1), 'wait');
    await fixture.clock.pass(DAY);
    assert.deepEqual(await comparing, { kind: 'unreadable-newer' });
    await other.put(generation(1));
    assert.deepEqual(await window.compare(generation(2), 'file'), { kind: 'current' });
  });

  it('reads newer tokens once SecretStorage shows them', async () => {
    const fixture = new SessionStoreFixture('lagging');
    const [window, other] = [fixture.openWindow(), fixture.openWindow()];
    await window.put(generation(2));
    const comparing = other.compare(generation(1), 'wait');
    await fixture.clock.pass(DAY);
    assert.deepEqual(await comparing, { kind: 'superseded', record: generation(2) });
  });
});

describe('SessionStore at start', () => {
  let fixture: SessionStoreFixture;
  let folder: FakeFolder;
  let store: FakeStore;
  let clock: ManualAsyncClock;

  beforeEach(() => {
    fixture = new SessionStoreFixture();
    ({ folder, store, clock } = fixture);
  });

  const openWindow = (): StoreWindow => fixture.openWindow();
  const header = (): SessionHeader | undefined => headerOf(sessionFile(folder.files));
  const stored = (): unknown => parseRecord(store.secrets.get('session:s1') ?? '');
  const fileText = (): string => folder.files.get(sessionFileName(folder.files) ?? '') ?? '';
  const setFileText = (text: string): void => void folder.files.set(sessionFileName(folder.files) ?? '', text);

  it('uses the record of the file when SecretStorage has none, and stores it there again', async () => {
    await openWindow().put(generation(2));
    store.secrets.delete('session:s1');
    assert.deepEqual(await openWindow().list(), { ...NOTHING, records: [generation(2)] });
    assert.deepEqual(stored(), { kind: 'record', record: generation(2) });
  });

  it('uses the record of the file when SecretStorage has an older one, and stores it there again', async () => {
    await openWindow().put(generation(2));
    for (const older of [generation(1), half(2)]) {
      store.secrets.set('session:s1', formatRecord(older));
      assert.deepEqual(await openWindow().list(), { ...NOTHING, records: [generation(2)] });
      assert.deepEqual(stored(), { kind: 'record', record: generation(2) });
    }
  });

  it('uses the record of SecretStorage when the file is older, damaged or missing, and stores it in the file', async () => {
    const window = openWindow();
    await window.put(generation(1));
    const older = fileText();
    await window.put(generation(2));
    for (const text of [older, 'damaged', undefined]) {
      if (text === undefined) {
        folder.files.clear();
      } else {
        setFileText(text);
      }
      assert.deepEqual(await openWindow().list(), { ...NOTHING, records: [generation(2)] });
      assert.equal(header()?.generation, 2);
      const other = openWindow();
      store.failing.add('get');
      assert.equal((await other.compare(generation(1), 'file')).kind, 'unreadable-newer');
      store.failing.clear();
      assert.deepEqual(await other.files.open('s1', header()), generation(2));
    }
  });

  it('stores the record of SecretStorage in the file when that has only the header', async () => {
    await openWindow().put(generation(2));
    deleteSealed(folder.files);
    assert.deepEqual(generations(await openWindow().list()), [2]);
    assert.deepEqual(await openWindow().files.open('s1', header()), generation(2));
  });

  it('writes nothing when both places have the same', async () => {
    await openWindow().put(generation(2));
    const window = openWindow();
    await window.list();
    assert.deepEqual(window.life.changes, []);
  });

  it("uses the record of SecretStorage when that of the file can't be decrypted", async () => {
    await openWindow().put(generation(3));
    [...store.secrets.keys()].forEach((key) => key.startsWith('encryption-key:') && store.secrets.delete(key));
    assert.deepEqual(generations(await openWindow().list()), [3]);
  });

  it('uses the newest remaining record, and knows that there is a newer one, when only the header shows it', async () => {
    const window = openWindow();
    await window.files.write(generation(1));
    const present = header();
    assert.ok(present !== undefined);
    setSessionFile(folder.files, { ...present, generation: 3 });
    assert.deepEqual(generations(await openWindow().list()), [1]);
    await window.secretStorage.write(generation(2));
    assert.deepEqual(generations(await openWindow().list()), [2]);
    assert.deepEqual(await openWindow().compare(generation(2), 'all'), { kind: 'unreadable-newer' });
    assert.equal(header()?.generation, 3);
  });

  it('reports a session as missing when it has a file but no tokens', async () => {
    await openWindow().put(generation(2));
    store.secrets.clear();
    for (let count = 0; count < 2; count += 1) {
      assert.deepEqual(await openWindow().list(), { ...NOTHING, missing: [{ id: 's1', providerId: 'acme' }] });
    }
  });

  it('deletes a secret that reappeared after the sign-out, and keeps the tombstone', async () => {
    const window = openWindow();
    await window.put(generation(2));
    const secret = store.secrets.get('session:s1') ?? '';
    await window.remove('s1');
    store.secrets.set('session:s1', secret);
    assert.deepEqual(await openWindow().list(), NOTHING);
    assert.deepEqual([store.secrets.has('session:s1'), hasTombstone(folder.files)], [false, true]);
  });

  it('writes the tombstone into the file when the folder failed at the sign-out', async () => {
    const window = openWindow();
    await window.put(generation(2));
    folder.failing = 'writing';
    await window.remove('s1');
    assert.deepEqual(await openWindow().list(), NOTHING);
    assert.equal(store.secrets.has('signed-out:s1'), true);
    folder.failing = false;
    assert.deepEqual(await openWindow().list(), NOTHING);
    assert.deepEqual([store.secrets.has('signed-out:s1'), hasTombstone(folder.files)], [false, true]);
  });

  it('deletes a tombstone when no window can still know the session', async () => {
    const window = openWindow();
    await window.put(generation(1));
    await window.remove('s1');
    await clock.pass(179 * DAY);
    await openWindow().list();
    assert.equal(hasTombstone(folder.files), true);
    await clock.pass(2 * DAY);
    await openWindow().list();
    assert.equal(folder.files.size, 0);
  });

  it('leaves a secret and its file unchanged when a later version has written the secret', async () => {
    await openWindow().put(generation(2));
    const later = JSON.stringify({ ...generation(3), version: 99 });
    store.secrets.set('session:s1', later);
    const before = [...folder.files];
    const { records, missing, issues } = await openWindow().list();
    assert.deepEqual([records, missing, issues.map(({ id, kind }) => [id, kind])], [[], [], [['s1', 'newer']]]);
    assert.deepEqual([...folder.files], before);
    await openWindow().put(generation(4));
    assert.equal(store.secrets.get('session:s1'), later);
  });

  it('uses the record of the file, and reports nothing, when the secret is damaged', async () => {
    await openWindow().put(generation(2));
    store.secrets.set('session:s1', 'damaged');
    assert.deepEqual(await openWindow().list(), { ...NOTHING, records: [generation(2)] });
    assert.equal(store.secrets.get('quarantined:s1:1'), 'damaged');
  });

  it('reports a damaged secret once when nothing else is left', async () => {
    await openWindow().put(generation(2));
    store.secrets.set('session:s1', 'damaged');
    deleteSealed(folder.files);
    const { records, missing, issues } = await openWindow().list();
    assert.deepEqual([records, missing, issues.map(({ kind }) => kind)], [[], [], ['quarantined']]);
    assert.deepEqual([await openWindow().list(), folder.files.size], [NOTHING, 0]);
  });

  it('leaves the file of another editor that shares the folder when its own secret is damaged', async () => {
    await openWindow().put(generation(2));
    store.secrets.clear();
    store.secrets.set('session:s1', 'damaged');
    const window = fixture.openWindow(rememberedKeyNames());
    const { records, issues } = await window.list();
    assert.deepEqual([records, issues.map(({ kind }) => kind)], [[], ['quarantined']]);
    assert.deepEqual([header()?.generation, await window.isOfAnotherEditor('s1')], [2, true]);
  });

  it('keeps sessions separate', async () => {
    const window = openWindow();
    await window.put(generation(1));
    await window.put(generation(7, { id: 's2' }));
    await window.put(generation(3, { id: 's3' }));
    store.secrets.delete('session:s2');
    await window.remove('s3');
    const { records } = await openWindow().list();
    assert.deepEqual(records.map((record) => [record.id, record.generation]).sort(), [
      ['s1', 1],
      ['s2', 7],
    ]);
  });

  it('continues with SecretStorage alone when the folder fails', async () => {
    await openWindow().put(generation(2));
    folder.failing = true;
    assert.deepEqual(await openWindow().list(), { ...NOTHING, records: [generation(2)] });
  });

  it("rejects when SecretStorage can't be read", async () => {
    store.failing.add('keys');
    await rejectsWith(openWindow().list(), 'storage');
  });
});
