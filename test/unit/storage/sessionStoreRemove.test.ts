// Sign-outs in the session store, and stores that hang.
import assert from 'node:assert/strict';
import { SECOND } from '../../../src/core/clock.ts';
import { headerOf } from '../../../src/storage/sessionFile.ts';
import { SessionStoreFixture, generation, ISSUER, type StoreWindow } from '../../support/sessionStoreFixture.ts';
import { rejectsWith } from '../../support/failures.ts';
import { FakeFolder, FakeStore } from '../../support/fakeStore.ts';
import { createTestWindow, seedSession, type TestWindow } from '../../support/testWindow.ts';
import type { ManualAsyncClock } from '../../support/manualAsyncClock.ts';
import { hasTombstone, sessionFile } from '../../support/sharedFiles.ts';

describe('SessionStore', () => {
  let fixture: SessionStoreFixture;
  let folder: FakeFolder;
  let store: FakeStore;
  let clock: ManualAsyncClock;

  beforeEach(() => {
    fixture = new SessionStoreFixture();
    ({ folder, store, clock } = fixture);
  });

  const openWindow = (): StoreWindow => fixture.openWindow();
  const within = <T>(time: number, task: Promise<T>): Promise<T> => fixture.within(time, task);

  describe('remove', () => {
    it('writes the tombstone before deleting the secret', async () => {
      const window = openWindow();
      await window.put(generation(1));
      window.life.changes.length = 0;
      await window.remove('s1');
      assert.deepEqual(window.life.changes, ['create s1.2.session', 'delete s1.1.session', 'delete session:s1']);
      const { mac, ...tombstone } = sessionFile(folder.files) ?? {};
      assert.deepEqual([tombstone, typeof mac?.code], [{ version: 1, signedOutAt: clock.now() }, 'string']);
      assert.deepEqual([window.isRemoved('s1'), openWindow().isRemoved('s1')], [true, false]);
      assert.equal(await openWindow().isSignedOut('s1'), true);
    });

    it("keeps the first tombstone when it's repeated, in this window or another", async () => {
      const window = openWindow();
      await window.put(generation(1));
      await window.remove('s1');
      const before = [...folder.files];
      await clock.pass(SECOND);
      await window.remove('s1');
      await openWindow().remove('s1');
      assert.deepEqual([...folder.files], before);
    });

    it("rejects when SecretStorage doesn't delete the secret, after writing the tombstone", async () => {
      const window = openWindow();
      await window.put(generation(1));
      store.failing.add('delete');
      await rejectsWith(window.remove('s1'), 'storage', 'secret-delete');
      assert.equal(await openWindow().isSignedOut('s1'), true);
      store.failing.clear();
      assert.deepEqual(await openWindow().list(), { records: [], issues: [], missing: [] });
      assert.equal(store.secrets.has('session:s1'), false);
    });

    it('records it in SecretStorage when the folder fails, and in the folder once that works', async () => {
      const [window, other] = [openWindow(), openWindow()];
      await window.put(generation(1));
      folder.failing = 'writing';
      await window.remove('s1');
      assert.deepEqual(
        [store.secrets.has('session:s1'), store.secrets.has('signed-out:s1'), hasTombstone(folder.files)],
        [false, true, false],
      );
      assert.deepEqual([await window.isSignedOut('s1'), await other.isSignedOutAnywhere('s1')], [true, true]);
      assert.deepEqual(await window.compare(generation(1), 'file'), { kind: 'signed-out' });
      await window.retryPendingRemovals();
      folder.failing = false;
      await window.retryPendingRemovals();
      assert.deepEqual([hasTombstone(folder.files), await other.isSignedOut('s1')], [true, true]);
    });

    it('removes nothing again when the other windows can know it', async () => {
      const window = openWindow();
      await window.put(generation(1));
      await window.remove('s1');
      window.life.changes.length = 0;
      await window.retryPendingRemovals();
      assert.deepEqual(window.life.changes, []);
    });

    it('never rejects when a pending removal fails again', async () => {
      const window = openWindow();
      folder.failing = true;
      store.failing.add('delete').add('store');
      await rejectsWith(window.remove('s1'), 'storage');
      await window.retryPendingRemovals();
    });
  });

  describe('purgeSignedOut', () => {
    it('deletes the tokens of a session that were stored after the sign-out', async () => {
      const window = openWindow();
      await window.put(generation(1));
      const secret = store.secrets.get('session:s1') ?? '';
      await window.remove('s1');
      store.secrets.set('session:s1', secret);
      assert.equal(await openWindow().purgeSignedOut('s1'), true);
      assert.equal(store.secrets.has('session:s1'), false);
    });

    it('tries once when SecretStorage keeps the tokens anyway, and fires a change each time', async () => {
      const window = openWindow();
      await window.put(generation(1));
      const secret = store.secrets.get('session:s1') ?? '';
      await window.remove('s1');
      store.secrets.set('session:s1', secret);
      let attempts = 0;
      window.secretStorage.delete = async () => {
        attempts += 1;
        if (attempts < 5) {
          await window.purgeSignedOut('s1');
        }
      };
      await window.purgeSignedOut('s1');
      await window.purgeSignedOut('s1');
      assert.equal(attempts, 1);
    });

    it('tries again when SecretStorage has failed', async () => {
      const window = openWindow();
      await window.put(generation(1));
      const secret = store.secrets.get('session:s1') ?? '';
      await window.remove('s1');
      store.secrets.set('session:s1', secret);
      store.failing.add('delete');
      await window.purgeSignedOut('s1');
      store.failing.clear();
      await window.purgeSignedOut('s1');
      assert.equal(store.secrets.has('session:s1'), false);
      store.secrets.set('session:s1', secret);
      await window.purgeSignedOut('s1');
      assert.equal(store.secrets.has('session:s1'), false);
    });

    it("deletes nothing when the session isn't signed out", async () => {
      const window = openWindow();
      await window.put(generation(1));
      window.life.changes.length = 0;
      assert.equal(await window.purgeSignedOut('s1'), false);
      assert.deepEqual(window.life.changes, []);
    });

    it("deletes nothing, and doesn't reject, when there are no tokens or SecretStorage fails", async () => {
      const window = openWindow();
      await window.put(generation(1));
      await window.remove('s1');
      window.life.changes.length = 0;
      await window.purgeSignedOut('s1');
      store.failing.add('get').add('delete');
      await window.purgeSignedOut('s1');
      assert.deepEqual(window.life.changes, []);
    });
  });

  describe('with a SecretStorage that hangs', () => {
    let testWindow: TestWindow;
    const never = (): Promise<never> => new Promise(() => {});

    beforeEach(async () => {
      testWindow = createTestWindow(ISSUER, { folder, store, clock });
      await seedSession(testWindow, generation(1));
      Object.assign(store, { get: never, keys: never, store: never, delete: never });
    });

    const revive = (): void =>
      void Object.assign(store, {
        get: FakeStore.prototype.get.bind(store),
        keys: FakeStore.prototype.keys.bind(store),
        store: FakeStore.prototype.store.bind(store),
      });

    it('waits at most 10 s to list', async () => {
      await within(10 * SECOND, rejectsWith(testWindow.sessionStore.list(), 'storage', 'secret-timeout'));
    });

    it('waits at most 10 s to put, and has written the file', async () => {
      await within(10 * SECOND, seedSession(testWindow, generation(2)));
      assert.equal(testWindow.liveSessions.get('s1')?.unsaved, true);
      revive();
      const { records } = await openWindow().list();
      assert.deepEqual(
        records.map((record) => record.refreshToken),
        ['refresh-2'],
      );
    });

    it('waits at most 10 s to compare', async () => {
      const comparing = testWindow.sessionStore.compare(testWindow.record(), 'all');
      assert.deepEqual(await within(10 * SECOND, comparing), { kind: 'current' });
    });

    it('waits at most 10 s in a window that has read nothing from SecretStorage yet', async () => {
      const fresh = createTestWindow(ISSUER, { folder, store, clock });
      await within(10 * SECOND, fresh.sessionStore.compare(generation(1), 'all'));
      await within(10 * SECOND, seedSession(fresh, generation(2)));
      const { unsaved, unshared } = fresh.liveSessions.get('s1') ?? {};
      assert.deepEqual([unsaved, unshared], [true, true]);
    });

    it('waits at most 10 s to remove, and has written the tombstone', async () => {
      await within(10 * SECOND, rejectsWith(testWindow.sessionStore.remove('s1'), 'storage'));
      assert.equal(hasTombstone(folder.files), true);
    });
  });

  describe('with a folder whose calls take effect after their timeout', () => {
    /** A folder in which files are created late. */
    class LateFolder extends FakeFolder {
      readonly gate = Promise.withResolvers<undefined>();
      isLate = false;
      override readonly files = folder.files;

      override async create(name: string, text: string): Promise<boolean> {
        if (this.isLate) {
          await this.gate.promise;
        }
        return super.create(name, text);
      }
    }
    let late: LateFolder;
    let testWindow: TestWindow;
    let other: StoreWindow;

    beforeEach(async () => {
      other = openWindow();
      late = new LateFolder();
      testWindow = createTestWindow(ISSUER, { folder: late, store, clock });
      await seedSession(testWindow, generation(1));
      late.isLate = true;
    });

    /** Completes the calls that timed out. */
    const arrive = async (): Promise<void> => {
      late.isLate = false;
      late.gate.resolve(undefined);
      await clock.pass(30 * SECOND);
    };
    const generationIn = (): number | undefined => headerOf(sessionFile(folder.files))?.generation;

    it('marks a record as unshared, and shares it when the file is written late after all', async () => {
      await within(5 * SECOND, seedSession(testWindow, generation(2)));
      assert.deepEqual([testWindow.liveSessions.get('s1')?.unshared, generationIn()], [true, 1]);
      await arrive();
      assert.equal(generationIn(), 2);
      testWindow.sessionStore.retryPendingWrites();
      await clock.rest();
      assert.deepEqual([testWindow.liveSessions.get('s1')?.unshared, folder.files.size], [false, 1]);
    });

    it("doesn't replace what other windows have stored meanwhile with an older record", async () => {
      await within(5 * SECOND, seedSession(testWindow, generation(2)));
      for (const number of [3, 4, 5]) {
        await other.put(generation(number));
      }
      await arrive();
      assert.equal(generationIn(), 5);
      await other.put(generation(6));
      assert.deepEqual([generationIn(), folder.files.size], [6, 1]);
    });

    it("doesn't restore a session that was signed out meanwhile", async () => {
      await within(5 * SECOND, seedSession(testWindow, generation(2)));
      await other.remove('s1');
      await arrive();
      testWindow.sessionStore.retryPendingWrites();
      await clock.rest();
      assert.deepEqual([hasTombstone(folder.files), store.secrets.has('session:s1')], [true, false]);
      assert.deepEqual(await openWindow().list(), { records: [], issues: [], missing: [] });
    });

    it('signs out although the tombstone is written late', async () => {
      await within(5 * SECOND, testWindow.sessionStore.remove('s1'));
      assert.deepEqual([hasTombstone(folder.files), store.secrets.has('signed-out:s1')], [false, true]);
      assert.equal(await other.get('s1'), undefined);
      await arrive();
      await testWindow.sessionStore.retryPendingRemovals();
      assert.deepEqual([hasTombstone(folder.files), folder.files.size], [true, 1]);
      assert.deepEqual(await openWindow().list(), { records: [], issues: [], missing: [] });
      assert.equal(store.secrets.has('signed-out:s1'), false);
    });
  });
});
