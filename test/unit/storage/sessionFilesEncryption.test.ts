// Which parts of a session file can be read with which key.
import assert from 'node:assert/strict';
import type { Log } from '../../../src/core/log.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import { nodeCipher } from '../../../src/node/cipher.ts';
import { EncryptionKeys, type KeyNames } from '../../../src/storage/encryptionKeys.ts';
import { headerOf } from '../../../src/storage/sessionFile.ts';
import { SessionFiles } from '../../../src/storage/sessionFiles.ts';
import { FakeClock } from '../../support/fakeClock.ts';
import { FakeFolder, FakeStore } from '../../support/fakeStore.ts';
import { allKeyNames, rememberedKeyNames } from '../../support/keyNames.ts';
import { generation } from '../../support/sessionStoreFixture.ts';
import { sessionFile, setSessionFile } from '../../support/sharedFiles.ts';

const KEY = 'encryption-key:';
const record = generation(1, {
  refreshToken: 'refresh-of-sam',
  accessToken: 'access-of-sam',
  idToken: 'id-of-sam',
});
const other = generation(1, {
  id: 's2',
  account: { id: 'person-2', label: 'Kim' },
  refreshToken: 'refresh-of-kim',
});

describe('SessionFiles with encryption', () => {
  let folder: FakeFolder;
  let store: FakeStore;
  let lines: string[];

  beforeEach(() => {
    folder = new FakeFolder();
    store = new FakeStore();
    lines = [];
  });

  /** Opens a window, which shares no memory with others. */
  const openWindow = (own: { readonly store?: FakeStore; readonly names?: KeyNames } = {}): SessionFiles => {
    const tell = (line: string): void => void lines.push(line);
    const log: Log = { trace: tell, debug: tell, info: tell, warn: tell, error: tell };
    const keys = new EncryptionKeys(own.store ?? store, own.names ?? allKeyNames, () => nodeCipher.newKey());
    return new SessionFiles({ clock: new FakeClock(), log, folder, cipher: nodeCipher, keys });
  };

  const read = async (id = 's1', window = openWindow()): Promise<SessionRecord | undefined> =>
    window.open(id, await window.read(id));
  const generationIn = async (window = openWindow()): Promise<number | undefined> =>
    headerOf(await window.read('s1'))?.generation;
  const keyNames = (): string[] => [...store.secrets.keys()].filter((key) => key.startsWith(KEY));
  const sealedIn = (id = 's1'): { readonly key: string; readonly text: string } => {
    const sealed = headerOf(sessionFile(folder.files, id))?.sealed;
    assert.ok(sealed !== undefined);
    return sealed;
  };

  it('leaves no secret in the file or in the log', async () => {
    await openWindow().write(record);
    const text = [...folder.files].flat().join('\n') + Buffer.from(sealedIn().text, 'base64').toString('latin1');
    const keys = keyNames().map((key) => store.secrets.get(key) ?? '');
    for (const secret of ['refresh-of-sam', 'access-of-sam', 'id-of-sam', 'Sam', 'person-1', ...keys]) {
      assert.ok(secret !== '' && !text.includes(secret), secret);
    }
    assert.deepEqual(lines, []);
  });

  it('protects a record from windows of another editor, which has its own keys', async () => {
    await openWindow().write(record);
    assert.equal(await read('s1', openWindow({ store: new FakeStore() })), undefined);
    const otherStore = new FakeStore();
    await openWindow({ store: otherStore }).write(other);
    assert.equal(await read('s1', openWindow({ store: otherStore })), undefined);
  });

  it('reads nothing when there is another key under the same name', async () => {
    await openWindow().write(record);
    for (const key of [nodeCipher.newKey().key, 'no key']) {
      store.secrets.set(keyNames()[0] ?? '', key);
      assert.equal(await read(), undefined);
    }
  });

  it('uses one key for all windows that can see it', async () => {
    await openWindow().write(record);
    await openWindow().write(other);
    assert.deepEqual([keyNames(), sealedIn('s2').key], [[KEY + sealedIn('s1').key], sealedIn('s1').key]);
  });

  it('continues when the keyring fails after the key was read', async () => {
    const window = openWindow();
    await window.write(record);
    store.failing.add('get').add('keys').add('store');
    assert.equal(await window.write(other), true);
    assert.deepEqual([await read('s2', window), lines], [other, []]);
  });

  it('stores the key again when the keyring has lost it, so that later windows can read everything', async () => {
    const window = openWindow();
    await window.write(record);
    store.secrets.clear();
    await window.write(other);
    assert.deepEqual([await read('s1'), await read('s2')], [record, other]);
  });

  it("lets windows that each create a key at the same time read each other's files, and agree on one", async () => {
    const windows = [openWindow(), openWindow()] as const;
    await Promise.all([windows[0].write(record), windows[1].write(other)]);
    assert.equal(keyNames().length, 2, "they didn't create one at the same time");
    for (const window of [...windows, openWindow()]) {
      assert.deepEqual([await read('s1', window), await read('s2', window)], [record, other]);
    }
    await windows[0].write(record);
    await windows[1].write(other);
    assert.deepEqual([sealedIn('s1').key, sealedIn('s2').key], Array(2).fill(keyNames().sort()[0]?.slice(KEY.length)));
    assert.equal(keyNames().length, 2, 'a key was deleted');
  });

  it("shows another window that there is something newer, even if it can't read that", async () => {
    const window = openWindow();
    await window.write(record);
    await openWindow({ store: new FakeStore() }).write({ ...record, generation: 2 });
    assert.deepEqual([await read('s1', window), await generationIn(window), lines], [undefined, 2, []]);
  });

  it('rejects a file of another session under this name', async () => {
    await openWindow().write(record);
    setSessionFile(folder.files, sessionFile(folder.files), 's2');
    assert.equal(await read('s2'), undefined);
    assert.deepEqual(await read('s1'), record);
  });

  /** Changes the encrypted part of the file of `s1`. */
  const tamper = (sealed: { readonly key?: string; readonly text?: string }): void => {
    const header = headerOf(sessionFile(folder.files));
    assert.ok(header !== undefined);
    setSessionFile(folder.files, { ...header, sealed: { ...sealedIn(), ...sealed } });
  };

  it('rejects a text that was changed anywhere, truncated or encrypted with an unknown key', async () => {
    await openWindow().write(record);
    const { key, text } = sealedIn();
    // The last characters before the padding have unused bits.
    for (let index = 0; index < text.length - 4; index += 7) {
      tamper({ text: `${text.slice(0, index)}${text[index] === 'A' ? 'B' : 'A'}${text.slice(index + 1)}` });
      assert.equal(await read(), undefined, `character ${index}`);
    }
    for (const cut of ['', text.slice(0, 10), text.slice(0, 40)]) {
      tamper({ text: cut });
      assert.equal(await read(), undefined, cut);
    }
    tamper({ text, key: 'another' });
    assert.equal(await read(), undefined);
    tamper({ text, key });
    assert.deepEqual(await read(), record);
    assert.doesNotMatch(lines.join('\n'), /of-sam/);
  });

  it("rejects a text that isn't a session of this version, although the key is right", async () => {
    await openWindow().write(record);
    const key = store.secrets.get(KEY + sealedIn().key) ?? '';
    for (const text of ['refresh-of-sam', JSON.stringify({ ...record, version: 99 }), JSON.stringify(other)]) {
      tamper({ text: await nodeCipher.seal(key, text, 's1') });
      assert.equal(await read(), undefined, text.slice(0, 40));
    }
    assert.doesNotMatch(lines.join('\n'), /of-sam/);
  });

  for (const call of ['keys', 'store'] as const) {
    it(`writes the header without the record, and logs it once, when "${call}" of the keyring fails`, async () => {
      const window = openWindow();
      store.failing.add(call);
      assert.equal(await window.write(record), false);
      assert.equal(await window.write({ ...record, generation: 2 }), false);
      assert.deepEqual([headerOf(sessionFile(folder.files))?.sealed, await generationIn()], [undefined, 2]);
      assert.deepEqual(lines, ['Unable to encrypt session files for other windows: unexpected (unexpected): Error.']);
      store.failing.clear();
      assert.equal(await window.write({ ...record, generation: 2 }), true);
      assert.deepEqual(await read(), { ...record, generation: 2 });
    });
  }

  it("creates no second key when the keyring can't read the existing one", async () => {
    await openWindow().write(record);
    store.failing.add('get');
    assert.equal(await openWindow().write(other), false);
    assert.deepEqual([keyNames().length, headerOf(sessionFile(folder.files, 's2'))?.sealed], [1, undefined]);
  });

  it('reads nothing, and logs that, when the keyring fails', async () => {
    await openWindow().write(record);
    store.failing.add('get');
    assert.equal(await read(), undefined);
    assert.deepEqual(lines, ["Couldn't decrypt the file of session s1: unexpected (unexpected): Error."]);
  });

  describe('isOfAnotherEditor', () => {
    it('is true when the file was encrypted with a key that this editor has never had', async () => {
      await openWindow({ store: new FakeStore() }).write(record);
      assert.equal(await openWindow({ names: rememberedKeyNames() }).isOfAnotherEditor('s1'), true);
    });

    it('is false when the editor has had the key, even if the keyring has lost it', async () => {
      const own = rememberedKeyNames();
      await openWindow({ names: own }).write(record);
      store.secrets.clear();
      assert.equal(await openWindow({ names: own }).isOfAnotherEditor('s1'), false);
    });

    it('is false while the key exists, even if the names of the keys were lost', async () => {
      await openWindow().write(record);
      assert.equal(await openWindow({ names: rememberedKeyNames() }).isOfAnotherEditor('s1'), false);
    });

    it('is false when there is no file, or nothing encrypted in it', async () => {
      const window = openWindow({ names: rememberedKeyNames() });
      assert.equal(await window.isOfAnotherEditor('s1'), false);
      await window.update('s1', () => ({
        version: 1,
        providerId: 'acme',
        generation: 1,
        isComplete: true,
        isEnded: false,
      }));
      assert.equal(await window.isOfAnotherEditor('s1'), false);
      await window.update('s1', () => ({ version: 1, signedOutAt: 1 }));
      assert.equal(await window.isOfAnotherEditor('s1'), false);
    });
  });
});
