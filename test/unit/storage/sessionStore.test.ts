import assert from 'node:assert/strict';
import { SECOND } from '../../../src/core/clock.ts';
import { formatRecord, type SessionRecord } from '../../../src/core/session.ts';
import {
  headerOf,
  isBeingCompleted,
  type RefreshFailure,
  type SessionHeader,
} from '../../../src/storage/sessionFile.ts';
import { SessionStoreFixture, ended, generation, half, type StoreWindow } from '../../support/sessionStoreFixture.ts';
import { settle } from '../../support/fakeClock.ts';
import type { FakeFolder, FakeStore } from '../../support/fakeStore.ts';
import type { ManualAsyncClock } from '../../support/manualAsyncClock.ts';
import { deleteSealed, hasTombstone, sessionFile, setSessionFile } from '../../support/sharedFiles.ts';

const FAILURE: RefreshFailure = { generation: 1, at: 5, category: 'server', code: 'http-503', failures: 1 };

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
  const header = (): SessionHeader | undefined => headerOf(sessionFile(folder.files));
  /** Returns everything that is stored, without the keys. */
  const everything = (): [string, string][] =>
    [...folder.files, ...store.secrets].filter(([name]) => !name.startsWith('encryption-key:'));
  /** Adds a record to the memory of a window, and stores it. */
  const signIn = async (window: StoreWindow, record: SessionRecord): Promise<void> => {
    window.liveSessions.set(record);
    await window.put(record);
  };
  const isUnsaved = (window: StoreWindow): readonly (boolean | undefined)[] => {
    const { unsaved, unshared } = window.liveSessions.get('s1') ?? {};
    return [unsaved, unshared];
  };

  describe('put', () => {
    it('writes the file before SecretStorage', async () => {
      const window = openWindow();
      await window.put(generation(1));
      window.life.changes.length = 0;
      await window.put(generation(2));
      assert.deepEqual(window.life.changes, ['create s1.2.session', 'delete s1.1.session', 'store session:s1']);
    });

    it('stores a record so that windows opened later get it', async () => {
      await openWindow().put(generation(2));
      assert.deepEqual(await openWindow().get('s1'), generation(2));
      assert.deepEqual((await openWindow().list()).records, [generation(2)]);
    });

    it('shows other windows that an incomplete record is being completed, until it is', async () => {
      const window = openWindow();
      await window.put(generation(1));
      await window.markRefreshInFlight(generation(1));
      await window.put(half(2));
      assert.deepEqual([isBeingCompleted(await openWindow().header('s1')), header()?.generation], [true, 2]);
      await window.put(generation(2));
      assert.equal(isBeingCompleted(await openWindow().header('s1')), false);
      assert.deepEqual([header()?.isComplete, header()?.inFlight], [true, undefined]);
    });

    it('marks the session as unsaved when SecretStorage fails, and does everything else', async () => {
      const window = openWindow();
      await signIn(window, generation(1));
      store.failing.add('store');
      await signIn(window, generation(2));
      assert.deepEqual([isUnsaved(window), header()?.generation], [[true, false], 2]);
      store.failing.clear();
      assert.deepEqual((await openWindow().list()).records, [generation(2)]);
      assert.match(fixture.lines.join('\n'), /couldn't be stored \(secret-store\). Retrying later/);
    });

    it('marks the session as unshared when the folder fails, and writes to SecretStorage', async () => {
      folder.failing = true;
      const window = openWindow();
      await signIn(window, generation(1));
      assert.equal(store.secrets.get('session:s1'), formatRecord(generation(1)));
      assert.deepEqual(isUnsaved(window), [false, true]);
    });

    it("marks the session as unshared when it can't be encrypted, and shows other windows that it has changed", async () => {
      await signIn(openWindow(), generation(1));
      const window = openWindow();
      store.secrets.delete([...store.secrets.keys()].find((key) => key.startsWith('encryption-key:')) ?? '');
      store.failing.add('keys');
      await signIn(window, generation(2));
      assert.deepEqual([isUnsaved(window), header()?.generation], [[false, true], 2]);
    });

    it('removes the marks once everything is stored', async () => {
      const window = openWindow();
      folder.failing = true;
      store.failing.add('store');
      await signIn(window, generation(1));
      assert.deepEqual(isUnsaved(window), [true, true]);
      folder.failing = false;
      store.failing.clear();
      await window.put(window.liveSessions.get('s1')?.record ?? generation(9));
      assert.deepEqual(isUnsaved(window), [false, false]);
    });

    it('keeps the marks of a session whose record has changed while it was being stored', async () => {
      const window = openWindow();
      await signIn(window, generation(1));
      store.failing.add('store');
      const storing = window.put(generation(1));
      window.liveSessions.set(generation(2));
      await storing;
      assert.deepEqual(isUnsaved(window), [false, undefined]);
    });

    it('stores the records of a window in order', async () => {
      const window = openWindow();
      await window.put(generation(1));
      store.beforeStore = async () => {
        store.beforeStore = () => Promise.resolve();
        await settle();
      };
      await Promise.all([window.put(half(2)), window.put(generation(2))]);
      assert.deepEqual([await openWindow().get('s1'), header()?.isComplete], [generation(2), true]);
      assert.equal(store.secrets.get('session:s1'), formatRecord(generation(2)));
    });

    it("never overwrites a newer record, in either place, which isn't a failure", async () => {
      const other = openWindow();
      for (const newer of [generation(3), ended(generation(3))]) {
        await other.put(newer);
        const before = everything();
        for (const older of [generation(2), half(3), ...(newer.ended === undefined ? [] : [generation(3)])]) {
          const window = openWindow();
          store.failing.add('store').add('keys');
          await signIn(window, older);
          store.failing.clear();
          assert.deepEqual([everything(), isUnsaved(window)], [before, [false, false]]);
        }
      }
    });

    it('never overwrites a newer record that only one of the places has', async () => {
      const window = openWindow();
      await window.put(generation(1));
      await openWindow().secretStorage.write(generation(5));
      await window.put(generation(2));
      assert.match(store.secrets.get('session:s1') ?? '', /refresh-5/);
      await openWindow().files.write(generation(6));
      await window.put(generation(3));
      assert.equal(header()?.generation, 6);
      assert.deepEqual(await openWindow().get('s1'), generation(6));
    });

    it('never reverts the file, in whatever order windows write', async () => {
      let highest = 0;
      for (const number of [2, 1, 4, 3, 3, 5, 2]) {
        highest = Math.max(highest, number);
        await openWindow().put(generation(number));
        assert.equal(header()?.generation, highest);
      }
      await openWindow().put(ended(generation(5)));
      await openWindow().put(generation(5));
      assert.equal(header()?.isEnded, true, 'an end is kept within its generation');
      await openWindow().put(generation(6));
      assert.deepEqual([header()?.isEnded, folder.files.size], [false, 1]);
    });

    it('stores nothing when the user has signed out, here or in another window', async () => {
      const [window, other] = [openWindow(), openWindow()];
      await window.put(generation(1));
      await window.remove('s1');
      window.life.changes.length = 0;
      await signIn(window, generation(2));
      await signIn(other, generation(2));
      assert.deepEqual([window.life.changes, other.life.changes], [[], []]);
      assert.deepEqual([everything().map(([name]) => name), hasTombstone(folder.files)], [['s1.2.session'], true]);
    });

    for (const place of ['the file', 'SecretStorage'] as const) {
      it(`leaves no tokens when another window signs out before ${place} is written`, async () => {
        const [window, other] = [openWindow(), openWindow()];
        await signIn(window, generation(1));
        await signIn(other, generation(1));
        const create = folder.create.bind(folder);
        let hasSignedOut = false;
        const signOut = async (): Promise<void> => {
          folder.create = create;
          store.beforeStore = () => Promise.resolve();
          await other.remove('s1');
          hasSignedOut = true;
        };
        if (place === 'SecretStorage') {
          store.beforeStore = signOut;
        } else {
          folder.create = async (name, text) => {
            await signOut();
            return folder.create(name, text);
          };
        }
        await signIn(window, generation(2));
        assert.deepEqual(
          [hasSignedOut, hasTombstone(folder.files), folder.files.size, store.secrets.has('session:s1')],
          [true, true, 1, false],
        );
      });
    }
  });

  describe('retryPendingWrites', () => {
    it("stores again what SecretStorage or the folder hasn't accepted, and nothing else", async () => {
      const window = openWindow();
      await signIn(window, generation(1, { id: 's2' }));
      store.failing.add('store');
      folder.failing = 'writing';
      await signIn(window, generation(1));
      store.failing.clear();
      folder.failing = false;
      window.life.changes.length = 0;
      window.retryPendingWrites();
      await clock.rest();
      assert.deepEqual(window.life.changes, ['create s1.1.session', 'store session:s1']);
      assert.deepEqual(isUnsaved(window), [false, false]);
      window.retryPendingWrites();
      await clock.rest();
      assert.equal(window.life.changes.length, 2);
    });

    it('then shows it to other windows', async () => {
      const [window, other] = [openWindow(), openWindow()];
      await signIn(window, generation(1));
      folder.failing = 'writing';
      await signIn(window, generation(2));
      folder.failing = false;
      assert.equal((await other.compare(generation(1), 'file')).kind, 'current');
      window.retryPendingWrites();
      await clock.rest();
      assert.deepEqual(await other.compare(generation(1), 'file'), { kind: 'superseded', record: generation(2) });
    });

    it('stores nothing when the record is no longer the newest, or the user has signed out', async () => {
      const [window, other] = [openWindow(), openWindow()];
      folder.failing = 'writing';
      store.failing.add('store');
      await signIn(window, generation(2));
      folder.failing = false;
      store.failing.clear();
      await other.put(generation(3));
      const before = everything();
      window.retryPendingWrites();
      await clock.rest();
      assert.deepEqual([everything(), isUnsaved(window)], [before, [false, false]]);
      window.liveSessions.patch('s1', { unsaved: true });
      await other.remove('s1');
      window.retryPendingWrites();
      await clock.rest();
      assert.deepEqual([hasTombstone(folder.files), store.secrets.has('session:s1')], [true, false]);
    });
  });

  describe('compare', () => {
    it('reports that a record is the newest one, or which one is newer in either place', async () => {
      const [window, other] = [openWindow(), openWindow()];
      await window.put(generation(2));
      assert.deepEqual(await other.compare(generation(2), 'all'), { kind: 'current' });
      assert.deepEqual(await other.compare(generation(3), 'all'), { kind: 'current' });
      assert.deepEqual(await other.compare(generation(1), 'all'), { kind: 'superseded', record: generation(2) });
      await openWindow().secretStorage.write(generation(3));
      assert.deepEqual(await other.compare(generation(2), 'all'), { kind: 'superseded', record: generation(3) });
      await openWindow().files.write(generation(4));
      assert.deepEqual(await other.compare(generation(2), 'all'), { kind: 'superseded', record: generation(4) });
    });

    it('reads SecretStorage only when the file is newer, if the file is enough', async () => {
      const window = openWindow();
      await window.put(generation(2));
      store.failing.add('get');
      fixture.lines.length = 0;
      assert.deepEqual(await window.compare(generation(2), 'file'), { kind: 'current' });
      assert.deepEqual(fixture.lines, []);
      store.failing.clear();
      await openWindow().secretStorage.write(generation(3));
      assert.deepEqual(await window.compare(generation(2), 'file'), { kind: 'current' });
      assert.deepEqual(await window.compare(generation(1), 'file'), { kind: 'superseded', record: generation(3) });
    });

    for (const depth of ['file', 'all', 'wait'] as const) {
      it(`distinguishes incomplete, complete and ended records of a generation (depth "${depth}")`, async () => {
        const window = openWindow();
        await window.put(half(2));
        assert.deepEqual(await window.compare(generation(1), depth), { kind: 'superseded', record: half(2) });
        await window.put(generation(2));
        assert.deepEqual(await window.compare(half(2), depth), { kind: 'superseded', record: generation(2) });
        await window.put(ended(generation(2)));
        const state = { kind: 'superseded', record: ended(generation(2)) };
        assert.deepEqual(await window.compare(generation(2), depth), state);
      });

      it(`reports a sign-out before anything else (depth "${depth}")`, async () => {
        const window = openWindow();
        await window.put(generation(2));
        await window.files.update('s1', () => ({ version: 1, signedOutAt: 1 }));
        assert.deepEqual(await openWindow().compare(generation(1), depth), { kind: 'signed-out' });
        assert.deepEqual(await openWindow().compare(generation(3), depth), { kind: 'signed-out' });
        assert.equal(await openWindow().get('s1'), undefined);
      });
    }

    it("reports that newer tokens can't be read when only the header shows them", async () => {
      const window = openWindow();
      await window.put(generation(1));
      const present = header();
      assert.ok(present !== undefined);
      for (const newer of [{ generation: 2 }, { isEnded: true }]) {
        setSessionFile(folder.files, { ...present, ...newer });
        for (const depth of ['file', 'all'] as const) {
          assert.deepEqual(await window.compare(generation(1), depth), { kind: 'unreadable-newer' });
        }
      }
    });

    it("uses the file when SecretStorage can't be read", async () => {
      const window = openWindow();
      await window.put(generation(2));
      store.failing.add('get');
      assert.deepEqual(await window.compare(generation(2), 'all'), { kind: 'current' });
      assert.deepEqual(await window.compare(generation(1), 'all'), { kind: 'superseded', record: generation(2) });
      assert.deepEqual(
        await openWindow().compare(generation(1), 'all'),
        { kind: 'unreadable-newer' },
        'without the key, nothing can be read',
      );
    });

    it("uses SecretStorage when the folder can't be read", async () => {
      const window = openWindow();
      await window.put(generation(2));
      folder.failing = true;
      assert.deepEqual(await window.compare(generation(2), 'all'), { kind: 'current' });
      assert.deepEqual(await window.compare(generation(1), 'all'), { kind: 'superseded', record: generation(2) });
      assert.deepEqual(await window.compare(generation(1), 'file'), { kind: 'current' });
    });

    /** Opens a window that sees a second generation in the file but can't read its tokens yet. */
    const hideSecond = async (): Promise<StoreWindow> => {
      const window = openWindow();
      await window.put(generation(1));
      const first = store.secrets.get('session:s1') ?? '';
      await window.put(generation(2));
      deleteSealed(folder.files);
      store.secrets.set('session:s1', first);
      return openWindow();
    };

    it("waits for newer tokens that can't be read yet", async () => {
      const window = await hideSecond();
      clock.after(1500, () => void openWindow().secretStorage.write(generation(2)));
      assert.deepEqual(await within(2 * SECOND, window.compare(generation(1), 'wait')), {
        kind: 'superseded',
        record: generation(2),
      });
    });

    it('waits for newer tokens no longer than SecretStorage lags', async () => {
      const window = await hideSecond();
      assert.deepEqual(await within(2 * SECOND, window.compare(generation(1), 'wait')), { kind: 'unreadable-newer' });
    });

    it('stops waiting when the user signs out meanwhile', async () => {
      const window = await hideSecond();
      clock.after(SECOND, () => void openWindow().remove('s1'));
      assert.deepEqual(await within(2 * SECOND, window.compare(generation(1), 'wait')), { kind: 'signed-out' });
    });

    it("doesn't wait when there is nothing newer", async () => {
      const window = openWindow();
      await window.put(generation(1));
      assert.deepEqual(await window.compare(generation(1), 'wait'), { kind: 'current' });
    });
  });

  describe('findNewer', () => {
    it('checks once, or for as long as SecretStorage lags', async () => {
      const window = openWindow();
      await window.put(generation(1));
      assert.equal(await window.findNewer(generation(1), false), undefined);
      assert.equal(await within(2 * SECOND, window.findNewer(generation(1), true)), undefined);
      clock.after(SECOND, () => void openWindow().put(generation(2)));
      assert.deepEqual(await within(2 * SECOND, window.findNewer(generation(1), true)), generation(2));
      assert.deepEqual(await window.findNewer(generation(1), false), generation(2));
    });
  });

  describe('markRefreshInFlight', () => {
    it('returns whether the same refresh token was sent before with an unknown outcome', async () => {
      const [window, other] = [openWindow(), openWindow()];
      await window.put(generation(1));
      assert.equal(await window.markRefreshInFlight(generation(1)), false);
      assert.equal(await window.markRefreshInFlight(generation(1)), true);
      assert.equal(await other.markRefreshInFlight(generation(1)), true);
      await other.clearRefreshInFlight('s1');
      assert.deepEqual([header()?.inFlight, await window.markRefreshInFlight(generation(1))], [undefined, false]);
    });

    it('counts only for one generation', async () => {
      const window = openWindow();
      await window.put(generation(1));
      await window.markRefreshInFlight(generation(1));
      await window.put(half(2));
      assert.equal(await window.markRefreshInFlight(half(2)), false);
      assert.equal(await openWindow().markRefreshInFlight(half(2)), true);
    });

    it('marks a session that has no file yet', async () => {
      assert.equal(await openWindow().markRefreshInFlight(generation(1)), false);
      assert.equal(await openWindow().markRefreshInFlight(generation(1)), true);
      assert.equal(header()?.sealed, undefined);
    });

    it("doesn't mistake its own mark for an earlier one when another window changes the file at the same time", async () => {
      const [window, other] = [openWindow(), openWindow()];
      await window.put(generation(1));
      const create = folder.create.bind(folder);
      folder.create = async (name, text) => {
        folder.create = create;
        const isCreated = await create(name, text);
        await other.recordFailure(generation(1), FAILURE);
        return isCreated;
      };
      assert.equal(await window.markRefreshInFlight(generation(1)), false);
      assert.deepEqual([header()?.inFlight, header()?.lastFailure?.at], [1, 5]);
    });

    it('marks nothing when the file is of a later generation, or the user has signed out', async () => {
      const window = openWindow();
      await window.put(generation(2));
      assert.equal(await window.markRefreshInFlight(generation(1)), false);
      assert.deepEqual([header()?.generation, header()?.inFlight], [2, undefined]);
      await window.remove('s1');
      assert.equal(await openWindow().markRefreshInFlight(generation(2)), false);
      assert.equal(hasTombstone(folder.files), true);
    });

    it("returns false, and doesn't reject, when the folder fails", async () => {
      const window = openWindow();
      await window.put(generation(1));
      for (const failing of ['writing', true] as const) {
        folder.failing = failing;
        assert.equal(await window.markRefreshInFlight(generation(1)), false);
        await window.clearRefreshInFlight('s1');
      }
    });
  });

  describe('recordFailure', () => {
    it('shows the failure to other windows until a later generation is stored', async () => {
      const window = openWindow();
      await window.put(generation(1));
      await window.recordFailure(generation(1), FAILURE);
      assert.deepEqual((await openWindow().header('s1'))?.lastFailure, FAILURE);
      await window.put(generation(1));
      assert.deepEqual((await openWindow().header('s1'))?.lastFailure, FAILURE);
      await window.put(generation(2));
      assert.equal((await openWindow().header('s1'))?.lastFailure, undefined);
      await openWindow().recordFailure(generation(1), FAILURE);
      assert.equal((await openWindow().header('s1'))?.lastFailure, undefined);
    });

    it('leaves the encrypted record and the mark of a refresh unchanged', async () => {
      const window = openWindow();
      await window.put(generation(1));
      await window.markRefreshInFlight(generation(1));
      await openWindow().recordFailure(generation(1), FAILURE);
      assert.deepEqual([header()?.inFlight, await openWindow().get('s1')], [1, generation(1)]);
    });

    it('restores nothing when the user has signed out', async () => {
      const window = openWindow();
      await window.put(generation(1));
      await openWindow().remove('s1');
      await window.recordFailure(generation(1), FAILURE);
      assert.equal(hasTombstone(folder.files), true);
    });
  });

  describe('get, listFiles and isOfAnotherEditor', () => {
    it('get returns the newest record of either place, and undefined when there is none', async () => {
      const window = openWindow();
      assert.equal(await window.get('s1'), undefined);
      await window.files.write(generation(1));
      assert.deepEqual(await openWindow().get('s1'), generation(1));
      await window.secretStorage.write(generation(2));
      assert.deepEqual(await openWindow().get('s1'), generation(2));
    });

    it('get returns undefined when only SecretStorage has the sign-out', async () => {
      const window = openWindow();
      await window.put(generation(1));
      await window.secretStorage.writeTombstone('s1');
      assert.equal(await openWindow().get('s1'), undefined);
      assert.deepEqual(
        [await openWindow().isSignedOut('s1'), await openWindow().isSignedOutAnywhere('s1')],
        [false, true],
      );
    });

    it('listFiles returns the sessions that have a file, and those that are signed out', async () => {
      const window = openWindow();
      await window.put(generation(1));
      await window.put(generation(1, { id: 's2', providerId: 'other' }));
      await window.put(generation(1, { id: 's3' }));
      await window.remove('s3');
      assert.deepEqual(await openWindow().listFiles(), {
        present: [
          { id: 's1', providerId: 'acme' },
          { id: 's2', providerId: 'other' },
        ],
        signedOut: ['s3'],
      });
    });

    it('header returns undefined for a session that has no file or is signed out', async () => {
      const window = openWindow();
      assert.equal(await window.header('s1'), undefined);
      await window.put(generation(1));
      assert.equal((await window.header('s1'))?.generation, 1);
      await window.remove('s1');
      assert.equal(await window.header('s1'), undefined);
    });
  });
});
