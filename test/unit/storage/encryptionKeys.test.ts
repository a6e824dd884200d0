import assert from 'node:assert/strict';
import { EncryptionKeys, type EncryptionKey, type KeyNames } from '../../../src/storage/encryptionKeys.ts';
import { settle } from '../../support/fakeClock.ts';
import { FakeStore, type StoreCall } from '../../support/fakeStore.ts';
import { rememberedKeyNames } from '../../support/keyNames.ts';

const PREFIX = 'encryption-key:';

describe('EncryptionKeys', () => {
  let store: FakeStore;
  let names: KeyNames;
  let created: EncryptionKey[];

  beforeEach(() => {
    store = new FakeStore();
    names = rememberedKeyNames();
    created = [];
  });

  /** Returns the keys as seen by a window that names new keys as given. */
  const openWindow = (name: string): EncryptionKeys =>
    new EncryptionKeys(store, names, () => {
      const key = { name, key: `key ${name}` };
      created.push(key);
      return key;
    });

  const stored = (): string[] => [...store.secrets.keys()].sort();

  describe('current', () => {
    it('creates a key and stores it when there is none', async () => {
      const window = openWindow('b');
      assert.deepEqual(await window.current(), { name: 'b', key: 'key b' });
      assert.deepEqual([...store.secrets], [[`${PREFIX}b`, 'key b']]);
      assert.ok(names.has('b'));
      assert.deepEqual(await window.current(), { name: 'b', key: 'key b' });
      assert.equal(created.length, 1);
    });

    it('uses the first by name when there are several, and no other secret', async () => {
      store.secrets.set(`${PREFIX}d`, 'key d').set(`${PREFIX}c`, 'key c').set('a', 'no key').set('session:a', 'none');
      assert.deepEqual(await openWindow('b').current(), { name: 'c', key: 'key c' });
      assert.deepEqual([created, names.has('c')], [[], true]);
    });

    it('makes windows agree on the first by name when each has created one and has read that of the other', async () => {
      const windows = [openWindow('c'), openWindow('b')] as const;
      const currents = await Promise.all(windows.map((window) => window.current()));
      assert.deepEqual(
        currents.map(({ name }) => name),
        ['c', 'b'],
      );
      assert.deepEqual([await windows[0].get('b'), await windows[1].get('c')], ['key b', 'key c']);
      assert.deepEqual(
        (await Promise.all(windows.map((window) => window.current()))).map(({ name }) => name),
        ['b', 'b'],
      );
      assert.deepEqual(stored(), [`${PREFIX}b`, `${PREFIX}c`]);
    });

    it("creates a key when the listed one is gone by the time it's read", async () => {
      store.secrets.set(`${PREFIX}a`, 'key a');
      const keys = store.keys.bind(store);
      store.keys = async () => {
        const all = await keys();
        store.secrets.delete(`${PREFIX}a`);
        return all;
      };
      assert.deepEqual(await openWindow('b').current(), { name: 'b', key: 'key b' });
    });

    for (const call of ['keys', 'get'] as const) {
      it(`rejects, and creates no key, when "${call}" of the keyring fails and no key is known`, async () => {
        store.secrets.set(`${PREFIX}a`, 'key a');
        store.failing.add(call);
        await assert.rejects(openWindow('b').current(), { message: 'The keyring is locked.' });
        assert.deepEqual([created, stored()], [[], [`${PREFIX}a`]]);
      });
    }

    it("doesn't use a key that couldn't be stored, because no other window could read anything", async () => {
      const window = openWindow('b');
      store.failing.add('store');
      await assert.rejects(window.current(), { message: 'The keyring is locked.' });
      assert.equal(names.has('b'), false);
      store.failing.clear();
      await window.current();
      assert.deepEqual(stored(), [`${PREFIX}b`]);
    });

    it('returns the known key when the keyring fails', async () => {
      const window = openWindow('b');
      await window.current();
      const calls: readonly StoreCall[] = ['get', 'store', 'keys', 'delete'];
      calls.forEach((call) => store.failing.add(call));
      assert.deepEqual(await window.current(), { name: 'b', key: 'key b' });
      await settle();
    });

    it("doesn't wait for a keyring that hangs when a key is known", async () => {
      const window = openWindow('b');
      await window.current();
      store.get = () => new Promise(() => {});
      assert.deepEqual(await window.current(), { name: 'b', key: 'key b' });
    });

    it('stores the key again when the keyring has lost it', async () => {
      const window = openWindow('b');
      await window.current();
      store.secrets.clear();
      await window.current();
      await settle();
      assert.deepEqual([...store.secrets], [[`${PREFIX}b`, 'key b']]);
    });

    it("doesn't store the key again while the keyring has it", async () => {
      const window = openWindow('b');
      await window.current();
      await window.current();
      await settle();
      assert.equal(store.history.length, 1);
    });
  });

  describe('get', () => {
    it('returns the key with the name, and keeps it in memory when the keyring loses it', async () => {
      store.secrets.set(`${PREFIX}a`, 'key a');
      const window = openWindow('b');
      assert.equal(await window.get('a'), 'key a');
      store.secrets.clear();
      assert.equal(await window.get('a'), 'key a');
    });

    it('returns undefined, and remembers nothing, when there is no such key', async () => {
      const window = openWindow('b');
      assert.equal(await window.get('a'), undefined);
      assert.equal(names.has('a'), false);
      store.secrets.set(`${PREFIX}a`, 'key a');
      assert.equal(await window.get('a'), 'key a');
    });

    it('rejects when the keyring fails', async () => {
      store.failing.add('get');
      await assert.rejects(openWindow('b').get('a'), { message: 'The keyring is locked.' });
    });
  });

  describe('isOwn', () => {
    it('is true when the editor has had the key, even if it is lost or the keyring fails', async () => {
      await openWindow('b').current();
      store.secrets.clear();
      assert.equal(await openWindow('c').isOwn('b'), true);
      store.failing.add('get');
      assert.equal(await openWindow('c').isOwn('b'), true);
    });

    it('is true when the keyring has the key, even if the names were lost, and remembers the name', async () => {
      store.secrets.set(`${PREFIX}a`, 'key a');
      assert.equal(await openWindow('b').isOwn('a'), true);
      assert.equal(names.has('a'), true);
    });

    it('is false when the key is unknown, or the keyring fails', async () => {
      assert.equal(await openWindow('b').isOwn('a'), false);
      store.failing.add('get');
      assert.equal(await openWindow('b').isOwn('a'), false);
    });
  });

  it('remembers the name of each key once', async () => {
    const added: string[] = [];
    const remembered = names;
    names = {
      has: (name) => remembered.has(name),
      add: (name) => {
        added.push(name);
        remembered.add(name);
      },
    };
    const window = openWindow('b');
    await window.current();
    await window.get('b');
    await openWindow('c').current();
    assert.deepEqual(added, ['b']);
  });
});
