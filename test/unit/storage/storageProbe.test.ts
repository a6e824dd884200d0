import assert from 'node:assert/strict';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { StorageProbe } from '../../../src/storage/storageProbe.ts';
import { folderWithTimeout, storeWithTimeout } from '../../../src/storage/timeouts.ts';
import { FakeClock } from '../../support/fakeClock.ts';
import { FakeFolder, FakeStore } from '../../support/fakeStore.ts';

describe('StorageProbe', () => {
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

  it('reports that both stores work, and leaves nothing behind, when everything works', async () => {
    const health = open();
    assert.deepEqual([await health.store(), await health.folder()], ['works', 'works']);
    assert.deepEqual([[...store.secrets.keys()], [...folder.files.keys()], clock.pending], [[], [], 0]);
  });

  it('reports that SecretStorage accepts a secret and forgets it', async () => {
    store.store = () => Promise.resolve();
    assert.deepEqual(await open().store(), { code: 'secret-not-persistent' });
  });

  it('reports that SecretStorage rejects, without its error message', async () => {
    for (const call of ['store', 'get'] as const) {
      store.failing.clear();
      store.failing.add(call);
      assert.deepEqual(await open().store(), { code: 'secret-failed' }, call);
    }
  });

  it('gives up after five seconds when SecretStorage or the folder hangs', async () => {
    store.beforeStore = () => new Promise(() => {});
    folder.write = () => new Promise(() => {});
    const health = open();
    const outcome = Promise.all([health.store(), health.folder(), health.checkPersistence('one')]);
    await clock.advance(5 * SECOND);
    assert.deepEqual(await outcome, [{ code: 'storage-timeout' }, { code: 'storage-timeout' }, 'unknown']);
  });

  it('reports that the folder is read-only, or forgets', async () => {
    folder.failing = 'writing';
    assert.deepEqual(await open().folder(), { code: 'folder-failed' });
    folder.failing = false;
    folder.write = () => Promise.resolve();
    assert.deepEqual(await open().folder(), { code: 'folder-not-persistent' });
  });

  describe('of whether secrets persist', () => {
    it('is unknown at first, or within the same VS Code session', async () => {
      assert.equal(await open().checkPersistence('one'), 'unknown');
      await clock.advance(HOUR);
      assert.equal(await open().checkPersistence('one'), 'unknown');
    });

    it('reports that they do when a later VS Code session finds the secret', async () => {
      await open().checkPersistence('one');
      assert.equal(await open().checkPersistence('two'), 'persistent');
    });

    it("reports that they don't when the secret is gone, for as long as the window is open", async () => {
      await open().checkPersistence('one');
      store.secrets.clear();
      await clock.advance(HOUR);
      const health = open();
      assert.equal(await health.checkPersistence('two'), 'not-persistent');
      assert.equal(await health.checkPersistence('two'), 'not-persistent');
    });

    it('tries again in the next VS Code session when the secret is gone', async () => {
      await open().checkPersistence('one');
      store.secrets.clear();
      await clock.advance(HOUR);
      await open().checkPersistence('two');
      assert.equal(await open().checkPersistence('three'), 'persistent');
    });

    it('is unknown in a window that was open, or just opened, when another one stored the secret', async () => {
      const early = open();
      await clock.advance(HOUR);
      await open().checkPersistence('one');
      await clock.advance(MINUTE / 2);
      const late = open();
      store.secrets.clear();
      assert.equal(await early.checkPersistence('two'), 'unknown');
      store.secrets.clear();
      assert.equal(await late.checkPersistence('three'), 'unknown');
    });

    it('is unknown when SecretStorage or the folder fails, or its file is damaged', async () => {
      await open().checkPersistence('one');
      store.failing.add('get');
      assert.equal(await open().checkPersistence('two'), 'unknown');
      store.failing.clear();
      store.secrets.set('probe', 'nonsense');
      folder.files.set('marker.probe', '{');
      assert.equal(await open().checkPersistence('two'), 'unknown');
    });

    it('stores nothing that is a session, or relates to one', async () => {
      await open().checkPersistence('one');
      assert.deepEqual([...store.secrets.keys(), ...folder.files.keys()], ['probe', 'marker.probe']);
    });
  });
});
