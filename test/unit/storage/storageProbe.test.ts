import assert from 'node:assert/strict';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { StorageProbe } from '../../../src/storage/storageProbe.ts';
import { folderWithTimeout, storeWithTimeout } from '../../../src/storage/timeouts.ts';
import { FakeClock } from '../../support/fakeClock.ts';
import { FakeFolder, FakeStore } from '../../support/fakeStore.ts';

describe('The health of the places', () => {
  let clock: FakeClock;
  let store: FakeStore;
  let folder: FakeFolder;
  let ids = 0;

  beforeEach(() => {
    clock = new FakeClock();
    store = new FakeStore();
    folder = new FakeFolder();
  });

  const open = (): StorageProbe =>
    new StorageProbe({
      clock,
      secrets: storeWithTimeout(store, clock),
      folder: folderWithTimeout(folder, clock),
      newId: () => `id-${(ids += 1)}`,
    });

  it('is good where everything works, and leaves nothing behind', async () => {
    const health = open();
    assert.deepEqual([await health.store(), await health.folder()], ['works', 'works']);
    assert.deepEqual([[...store.secrets.keys()], [...folder.files.keys()], clock.pending], [[], [], 0]);
  });

  it('tells a store that accepts and forgets', async () => {
    store.store = () => Promise.resolve();
    assert.deepEqual(await open().store(), { code: 'secret-not-persistent' });
  });

  it('tells a store that rejects, without its words', async () => {
    for (const call of ['store', 'get'] as const) {
      store.failing.clear();
      store.failing.add(call);
      assert.deepEqual(await open().store(), { code: 'secret-failed' }, call);
    }
  });

  it('gives up after five seconds on a store or folder that hangs', async () => {
    store.beforeStore = () => new Promise(() => {});
    folder.write = () => new Promise(() => {});
    const health = open();
    const outcome = Promise.all([health.store(), health.folder(), health.persistence('one')]);
    await clock.advance(5 * SECOND);
    assert.deepEqual(await outcome, [{ code: 'storage-timeout' }, { code: 'storage-timeout' }, 'unknown']);
  });

  it('tells a folder that is read-only, and one that forgets', async () => {
    folder.failing = 'writing';
    assert.deepEqual(await open().folder(), { code: 'folder-failed' });
    folder.failing = false;
    folder.write = () => Promise.resolve();
    assert.deepEqual(await open().folder(), { code: 'folder-not-persistent' });
  });

  describe('over time', () => {
    it('cannot be known at first, nor within the same session of the editor', async () => {
      assert.equal(await open().persistence('one'), 'unknown');
      await clock.advance(HOUR);
      assert.equal(await open().persistence('one'), 'unknown');
    });

    it('is good where a later session of the editor finds the secret', async () => {
      await open().persistence('one');
      assert.equal(await open().persistence('two'), 'persistent');
    });

    it('is bad where the secret is gone, which this window goes on knowing', async () => {
      await open().persistence('one');
      store.secrets.clear();
      await clock.advance(HOUR);
      const health = open();
      assert.equal(await health.persistence('two'), 'forgets');
      assert.equal(await health.persistence('two'), 'forgets');
    });

    it('is tried anew where the secret is gone: the next session of the editor can find it', async () => {
      await open().persistence('one');
      store.secrets.clear();
      await clock.advance(HOUR);
      await open().persistence('two');
      assert.equal(await open().persistence('three'), 'persistent');
    });

    it('is not known to a window that was open, or just opened, when another has left the secret', async () => {
      const early = open();
      await clock.advance(HOUR);
      await open().persistence('one');
      await clock.advance(MINUTE / 2);
      const late = open();
      store.secrets.clear();
      assert.equal(await early.persistence('two'), 'unknown');
      store.secrets.clear();
      assert.equal(await late.persistence('three'), 'unknown');
    });

    it('is not known where the store or the folder fails, or what is there makes no sense', async () => {
      await open().persistence('one');
      store.failing.add('get');
      assert.equal(await open().persistence('two'), 'unknown');
      store.failing.clear();
      store.secrets.set('probe', 'nonsense');
      folder.files.set('marker.probe', '{');
      assert.equal(await open().persistence('two'), 'unknown');
    });

    it('leaves nothing that is a session, and no word of one', async () => {
      await open().persistence('one');
      assert.deepEqual([...store.secrets.keys(), ...folder.files.keys()], ['probe', 'marker.probe']);
    });
  });
});
