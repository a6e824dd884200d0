import assert from 'node:assert/strict';
import { SECOND } from '../../../src/core/clock.ts';
import { formatRecord } from '../../../src/core/session.ts';
import type { Contents } from '../../../src/storage/sessionStore.ts';
import {
  SessionStoreFixture,
  ended,
  generation,
  half,
  ISSUER,
  type ArchiveWindow,
} from '../../support/sessionStoreFixture.ts';
import { rejectsWith } from '../../support/failures.ts';
import { FakeStore, type FakeFolder } from '../../support/fakeStore.ts';
import { createTestWindow, type TestWindow } from '../../support/testWindow.ts';
import type { ManualAsyncClock } from '../../support/manualAsyncClock.ts';

describe('The session store', function () {
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
  const within = <T>(time: number, task: Promise<T>): Promise<T> => bench.within(time, task);
  const generations = ({ records }: Contents): number[] => records.map((record) => record.generation);

  describe('that keeps a record', () => {
    it('seals it first, then stores it, and enters it last', async () => {
      const window = openWindow();
      await window.save(generation(1));
      window.life.changes.length = 0;
      await window.save(generation(2));
      assert.deepEqual(window.life.changes, ['write s1.sealed', 'store session:s1', 'write s1.json']);
    });

    it('does not enter what is not final, so that no other window looks yet', async () => {
      const [window, other] = [openWindow(), openWindow()];
      await window.save(generation(1));
      window.life.changes.length = 0;
      await window.save(half(2), false);
      assert.deepEqual(window.life.changes, ['write s1.sealed', 'store session:s1']);
      assert.equal(await other.isStale(generation(1)), false);
      await window.save(generation(2));
      assert.equal(await other.isStale(generation(1)), true);
    });

    it('does everything else where the store does not take it, and says so', async () => {
      const window = openWindow();
      await window.save(generation(1));
      store.failing.add('store');
      await rejectsWith(window.save(generation(2)), 'storage');
      assert.equal((await window.sessionIndex.read('s1'))?.generation, 2);
      store.failing.clear();
      assert.deepEqual(generations(await openWindow().load()), [2]);
    });

    it('stores it all the same where the folder does not work', async () => {
      folder.failing = true;
      await openWindow().save(generation(1));
      assert.equal(store.secrets.get('session:s1'), formatRecord(generation(1)));
    });

    it('says whether the other windows can know of it, and lets them know later', async () => {
      const [window, other] = [openWindow(), openWindow()];
      assert.equal(await window.save(generation(1)), true);
      folder.failing = 'writing';
      assert.equal(await window.save(generation(2)), false);
      assert.equal(await window.share(generation(2)), false);
      folder.failing = false;
      assert.equal(await other.isStale(generation(1)), false);
      assert.equal(await window.share(generation(2)), true);
      assert.equal(await other.isStale(generation(1)), true);
      assert.deepEqual(await other.sealedCopies.read('s1'), generation(2));
    });

    it('does not let them know of one that is not the newest any more, or is signed out', async () => {
      const [window, other] = [openWindow(), openWindow()];
      await other.save(generation(3));
      assert.equal(await window.share(generation(2)), true);
      assert.deepEqual(
        [(await other.sessionIndex.read('s1'))?.generation, await other.sealedCopies.read('s1')],
        [3, generation(3)],
      );
      await other.forget('s1');
      assert.equal(await window.share(generation(4)), true);
      assert.deepEqual([...folder.files.keys()], ['s1.gone']);
    });

    it('never puts an older one over a newer one, in whichever of its places, and takes that for no failure', async () => {
      const [window, other] = [openWindow(), openWindow()];
      for (const newer of [generation(3), ended(generation(3))]) {
        await other.save(newer);
        const before = new Map([...folder.files, ...store.secrets]);
        for (const older of [generation(2), half(3), ...(newer.ended === undefined ? [] : [generation(3)])]) {
          await window.save(older);
          await window.enter(older);
          assert.deepEqual(new Map([...folder.files, ...store.secrets]), before);
        }
      }
    });

    it('never puts one over a newer one that is in one of its places only', async () => {
      const window = openWindow();
      await window.save(generation(1));
      await openWindow().secretStorage.write(generation(5));
      await window.save(generation(2)).catch(() => {});
      assert.match(store.secrets.get('session:s1') ?? '', /refresh-5/);
      await openWindow().sealedCopies.write(generation(6));
      await window.save(generation(3)).catch(() => {});
      assert.equal((await window.sealedCopies.read('s1'))?.generation, 6);
    });

    it('does not keep one that is signed out, here or elsewhere', async () => {
      const [window, other] = [openWindow(), openWindow()];
      await window.save(generation(1));
      await window.forget('s1');
      await window.save(generation(2));
      await other.save(generation(2));
      assert.deepEqual(
        [...folder.files.keys(), ...store.secrets.keys()].filter((name) => !name.startsWith('hand-over')),
        ['s1.gone'],
      );
    });

    it('never lets the session index go back, in whatever order windows enter', async () => {
      const window = openWindow();
      let highest = 0;
      for (const number of [2, 1, 4, 3, 3, 5, 2]) {
        highest = Math.max(highest, number);
        await openWindow().enter(generation(number));
        assert.equal((await window.sessionIndex.read('s1'))?.generation, highest);
      }
      await window.enter(ended(generation(5)));
      await window.enter(generation(5));
      assert.equal((await window.sessionIndex.read('s1'))?.endedAt, 1, 'an end stays within its generation');
      await window.enter(generation(6));
      assert.equal((await window.sessionIndex.read('s1'))?.endedAt, undefined);
    });
  });

  describe('asked how a record stands', () => {
    it('says that it is the newest, or what is newer, in whichever place', async () => {
      const [window, other] = [openWindow(), openWindow()];
      await window.save(generation(2));
      assert.deepEqual(await other.compareWithStored(generation(2)), { kind: 'newest' });
      assert.deepEqual(await other.compareWithStored(generation(3)), { kind: 'newest' });
      assert.deepEqual(await other.compareWithStored(generation(1)), { kind: 'newer', record: generation(2) });
      await openWindow().secretStorage.write(generation(3));
      assert.deepEqual(await other.compareWithStored(generation(2)), { kind: 'newer', record: generation(3) });
      await openWindow().sealedCopies.write(generation(4));
      assert.deepEqual(await other.compareWithStored(generation(2)), { kind: 'newer', record: generation(4) });
    });

    it('tells half a renewal from a whole one, and one that has ended from one that has not', async () => {
      const window = openWindow();
      await window.save(half(2), false);
      assert.deepEqual(await window.compareWithStored(generation(1)), { kind: 'newer', record: half(2) });
      await window.save(generation(2));
      assert.deepEqual(await window.compareWithStored(half(2)), { kind: 'newer', record: generation(2) });
      await window.save(ended(generation(2)));
      assert.deepEqual(await window.compareWithStored(generation(2)), { kind: 'newer', record: ended(generation(2)) });
    });

    it('says that it is signed out before anything else', async () => {
      const window = openWindow();
      await window.save(generation(2));
      await window.sessionIndex.markSignedOut('s1', 1);
      assert.deepEqual(await openWindow().compareWithStored(generation(1)), { kind: 'signed-out' });
      assert.equal(await openWindow().read('s1'), undefined);
    });

    it('says that it is behind where only the session index shows something newer', async () => {
      const window = openWindow();
      await window.sessionIndex.write(generation(2));
      assert.deepEqual(await window.compareWithStored(generation(1)), { kind: 'behind' });
      await window.sessionIndex.write(ended(generation(2)));
      assert.deepEqual(await window.compareWithStored(generation(2)), { kind: 'behind' });
    });

    it('goes by the session index and the sealed copy where the store cannot be read', async () => {
      const window = openWindow();
      await window.save(generation(2));
      store.failing.add('get');
      assert.deepEqual(await window.compareWithStored(generation(2)), { kind: 'newest' });
      assert.deepEqual(await window.compareWithStored(generation(1)), { kind: 'newer', record: generation(2) });
      assert.deepEqual(
        await openWindow().compareWithStored(generation(1)),
        { kind: 'behind' },
        'without the key, nothing can be read',
      );
    });

    it('waits a moment for what it cannot read yet', async () => {
      const window = openWindow();
      await window.sessionIndex.write(generation(2));
      clock.after(1500, () => void openWindow().secretStorage.write(generation(2)));
      assert.deepEqual(await within(2 * SECOND, window.waitAndCompare(generation(1))), {
        kind: 'newer',
        record: generation(2),
      });
    });

    it('does not wait for long', async () => {
      const window = openWindow();
      await window.sessionIndex.write(generation(2));
      assert.deepEqual(await within(2 * SECOND, window.waitAndCompare(generation(1))), { kind: 'behind' });
    });

    it('does not wait where nothing is behind', async () => {
      const window = openWindow();
      await window.save(generation(1));
      assert.deepEqual(await window.waitAndCompare(generation(1)), { kind: 'newest' });
    });

    it('looks for something newer once, or for as long as a store lags', async () => {
      const window = openWindow();
      await window.save(generation(1));
      assert.equal(await window.findNewer(generation(1), true), undefined);
      assert.equal(await within(2 * SECOND, window.findNewer(generation(1), false)), undefined);
      clock.after(SECOND, () => void openWindow().save(generation(2)));
      assert.deepEqual(await within(2 * SECOND, window.findNewer(generation(1), false)), generation(2));
      assert.deepEqual(await window.findNewer(generation(1), true), generation(2));
    });
  });

  describe('over a store that hangs', () => {
    let testWindow: TestWindow;
    const never = (): Promise<never> => new Promise(() => {});

    beforeEach(async () => {
      testWindow = createTestWindow(ISSUER, { folder, store, clock });
      await testWindow.sessionStore.save(generation(1));
      Object.assign(store, { get: never, keys: never, store: never, delete: never });
    });

    it('does not wait for more than 10 s to load', async () => {
      await within(10 * SECOND, rejectsWith(testWindow.sessionStore.load(), 'storage', 'secret-timeout'));
    });

    it('does not wait for more than 10 s to save, and has sealed and entered it', async () => {
      await within(10 * SECOND, rejectsWith(testWindow.sessionStore.save(generation(2)), 'storage'));
      assert.equal((await testWindow.sessionIndex.read('s1'))?.generation, 2);
      Object.assign(store, {
        get: FakeStore.prototype.get.bind(store),
        keys: FakeStore.prototype.keys.bind(store),
        store: FakeStore.prototype.store.bind(store),
      });
      assert.deepEqual(generations(await openWindow().load()), [2]);
    });

    it('does not wait for more than 10 s to see how a record stands', async () => {
      assert.deepEqual(await within(10 * SECOND, testWindow.sessionStore.compareWithStored(generation(1))), {
        kind: 'newest',
      });
    });

    it('does not wait for more than 10 s in a window that has had nothing from the store yet', async () => {
      const fresh = createTestWindow(ISSUER, { folder, store, clock });
      await within(10 * SECOND, fresh.sessionStore.compareWithStored(generation(1)));
      await within(10 * SECOND, rejectsWith(fresh.sessionStore.save(generation(2)), 'storage'));
    });

    it('does not wait for more than 10 s to sign out, and remembers it', async () => {
      await within(10 * SECOND, rejectsWith(testWindow.sessionStore.forget('s1'), 'storage'));
      assert.equal(await openWindow().isSignedOut('s1'), true);
    });
  });
});
