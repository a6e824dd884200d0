import assert from 'node:assert/strict';
import { DAY } from '../../../src/core/clock.ts';
import { formatRecord, parseRecord, type SessionRecord } from '../../../src/core/session.ts';
import type { Contents } from '../../../src/storage/sessionStore.ts';
import { SessionStoreFixture, generation, half, type ArchiveWindow } from '../../support/sessionStoreFixture.ts';
import { rejectsWith } from '../../support/failures.ts';
import type { FakeFolder, FakeStore } from '../../support/fakeStore.ts';
import type { ManualAsyncClock } from '../../support/manualAsyncClock.ts';

describe('The session store at a start', function () {
  this.timeout(20_000);
  let bench: SessionStoreFixture;
  let folder: FakeFolder;
  let store: FakeStore;
  let clock: ManualAsyncClock;

  beforeEach(() => {
    bench = new SessionStoreFixture();
    ({ folder, store, clock } = bench);
  });

  const openWindow = (): ArchiveWindow => bench.openWindow();
  const generations = ({ records }: Contents): number[] => records.map((record) => record.generation);
  const stored = (): unknown => parseRecord(store.secrets.get('session:s1') ?? '');

  describe('after a window that ended between any two steps', () => {
    /** What a start finds, and what the first renewal goes by. */
    const startAnew = async (): Promise<SessionRecord> => {
      const window = openWindow();
      const { records, missing } = await window.load();
      assert.deepEqual([records.length, missing], [1, []]);
      const [record] = records;
      assert.ok(record !== undefined);
      const standing = await window.waitAndCompare(record);
      assert.ok(standing.kind === 'newest' || standing.kind === 'newer', standing.kind);
      return standing.kind === 'newer' ? standing.record : record;
    };

    const cutAfter = async (changes: number, ...records: readonly SessionRecord[]): Promise<void> => {
      const window = openWindow();
      await window.save(generation(1));
      window.life.end(changes);
      void records.reduce<Promise<void>>(
        (before, record) => before.then(async () => void (await window.save(record, record.isComplete))),
        Promise.resolve(),
      );
      await clock.rest();
    };

    for (let changes = 0; changes <= 3; changes += 1) {
      it(`leaves a renewal readable at the newest (${changes} done)`, async () => {
        await cutAfter(changes, generation(2));
        assert.deepEqual(await startAnew(), generation(changes === 0 ? 1 : 2));
      });

      it(`leaves the first sign-in there or not, never lost (${changes} done)`, async () => {
        const window = openWindow();
        window.life.end(changes);
        void window.save(generation(1));
        await clock.rest();
        const { records, missing, findings } = await openWindow().load();
        assert.deepEqual([missing, findings], [[], []]);
        assert.ok(records.length === 0 || records[0]?.refreshToken === 'refresh-1');
      });
    }

    for (let changes = 0; changes <= 5; changes += 1) {
      it(`leaves the refresh token of a renewal in two steps readable (${changes} done)`, async () => {
        await cutAfter(changes, half(2), generation(2));
        assert.deepEqual(await startAnew(), changes === 0 ? generation(1) : changes <= 2 ? half(2) : generation(2));
      });

      it(`lets the next window go on from there (${changes} done)`, async () => {
        await cutAfter(changes, half(2), generation(2));
        const next = generation((await startAnew()).generation + 1);
        await openWindow().save(next);
        assert.deepEqual(await startAnew(), next);
      });
    }

    for (let changes = 1; changes <= 4; changes += 1) {
      it(`does not bring back what is signed out (${changes} done)`, async () => {
        const window = openWindow();
        await window.save(generation(1));
        window.life.end(changes);
        void window.forget('s1');
        await clock.rest();
        assert.deepEqual(await openWindow().load(), { records: [], findings: [], missing: [] });
        assert.equal(store.secrets.has('session:s1'), false);
      });
    }
  });

  describe('of a window', () => {
    it('takes the sealed copy where the store has none, and puts it back', async () => {
      const window = openWindow();
      await window.save(generation(2));
      store.secrets.delete('session:s1');
      assert.deepEqual(await openWindow().load(), { records: [generation(2)], findings: [], missing: [] });
      assert.deepEqual(stored(), { kind: 'record', record: generation(2) });
    });

    it('takes the sealed copy where the store has an older one, and puts it back', async () => {
      const window = openWindow();
      await window.save(generation(2));
      store.secrets.set('session:s1', formatRecord(generation(1)));
      assert.deepEqual(await openWindow().load(), { records: [generation(2)], findings: [], missing: [] });
      assert.deepEqual(stored(), { kind: 'record', record: generation(2) });
    });

    it('takes what the store has where the sealed copy is older, broken or not to be opened', async () => {
      const window = openWindow();
      await window.save(generation(1));
      const older = folder.files.get('s1.sealed') ?? '';
      await window.save(generation(2));
      for (const sealed of [older, 'broken', undefined]) {
        folder.files.delete('s1.sealed');
        if (sealed !== undefined) {
          folder.files.set('s1.sealed', sealed);
        }
        assert.deepEqual(generations(await openWindow().load()), [2]);
      }
      await window.save(generation(3));
      store.secrets.forEach((_, key) => key.startsWith('hand-over') && store.secrets.delete(key));
      assert.deepEqual(generations(await openWindow().load()), [3]);
    });

    it('takes the newest that is left where the session index knows of one that is gone', async () => {
      const window = openWindow();
      await window.sealedCopies.write(generation(1));
      await window.secretStorage.write(generation(2));
      await window.sessionIndex.write(generation(3));
      assert.deepEqual(generations(await openWindow().load()), [2]);
    });

    it('takes what is older than the session index says where there is nothing else, and says how it stands', async () => {
      const window = openWindow();
      await window.secretStorage.write(generation(1));
      await window.sessionIndex.write(generation(2));
      assert.deepEqual(generations(await window.load()), [1]);
      assert.deepEqual(await window.compareWithStored(generation(1)), { kind: 'behind' });
    });

    it('enters what the session index does not know', async () => {
      await openWindow().secretStorage.write(generation(3));
      assert.deepEqual(generations(await openWindow().load()), [3]);
      assert.equal((await openWindow().sessionIndex.read('s1'))?.generation, 3);
    });

    it('names what the session index knows and nobody has', async () => {
      const window = openWindow();
      await window.save(generation(2));
      store.secrets.clear();
      const { records, missing, findings } = await openWindow().load();
      assert.deepEqual([records, findings, missing.map(({ id }) => id)], [[], [], ['s1']]);
    });

    it('does not take what is signed out, however it has come back, and clears it away', async () => {
      const window = openWindow();
      await window.save(generation(2));
      const [sealed, stored] = [folder.files.get('s1.sealed') ?? '', store.secrets.get('session:s1') ?? ''];
      await window.forget('s1');
      assert.deepEqual(
        [folder.files.has('s1.sealed'), store.secrets.has('session:s1'), folder.files.has('s1.json')],
        [false, false, false],
      );
      folder.files.set('s1.sealed', sealed).set('s1.json', '{}');
      store.secrets.set('session:s1', stored);
      assert.deepEqual(await openWindow().load(), { records: [], findings: [], missing: [] });
      assert.deepEqual([folder.files.has('s1.sealed'), store.secrets.has('session:s1')], [false, false]);
      assert.ok(folder.files.has('s1.gone'), 'that is remembered');
    });

    it('forgets a sign-out when no window can know the session any more', async () => {
      const window = openWindow();
      await window.forget('s1');
      await clock.pass(179 * DAY);
      await window.load();
      assert.ok(folder.files.has('s1.gone'));
      await clock.pass(2 * DAY);
      await window.load();
      assert.ok(!folder.files.has('s1.gone'));
    });

    it('leaves alone what a later version has written', async () => {
      const window = openWindow();
      await window.save(generation(2));
      const later = JSON.stringify({ ...generation(3), version: 99 });
      store.secrets.set('session:s1', later);
      const { records, missing, findings } = await openWindow().load();
      assert.deepEqual([records, missing, findings.map(({ id, kind }) => [id, kind])], [[], [], [['s1', 'newer']]]);
      await openWindow()
        .save(generation(4))
        .catch(() => {});
      assert.equal(store.secrets.get('session:s1'), later);
    });

    it('takes the sealed copy of what is unreadable in the store, and has nothing to tell then', async () => {
      await openWindow().save(generation(2));
      store.secrets.set('session:s1', 'broken');
      assert.deepEqual(await openWindow().load(), { records: [generation(2)], findings: [], missing: [] });
    });

    it('tells of what is unreadable where nothing else is left, once', async () => {
      await openWindow().save(generation(2));
      store.secrets.set('session:s1', 'broken');
      folder.files.delete('s1.sealed');
      const { records, missing, findings } = await openWindow().load();
      assert.deepEqual([records, missing, findings.map(({ kind }) => kind)], [[], [], ['set-aside']]);
      assert.deepEqual(await openWindow().load(), { records: [], findings: [], missing: [] });
    });

    it('keeps sessions apart', async () => {
      const window = openWindow();
      await window.save(generation(1));
      await window.save(generation(7, { id: 's2' }));
      await window.save(generation(3, { id: 's3' }));
      store.secrets.delete('session:s2');
      await window.forget('s3');
      const { records } = await openWindow().load();
      assert.deepEqual(records.map((record) => [record.id, record.generation]).sort(), [
        ['s1', 1],
        ['s2', 7],
      ]);
    });

    it('says that the store cannot be read', async () => {
      store.failing.add('keys');
      await rejectsWith(openWindow().load(), 'storage');
    });
  });
});
