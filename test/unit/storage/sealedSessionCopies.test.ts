import assert from 'node:assert/strict';
import { silentLog, type Log } from '../../../src/core/log.ts';
import { nodeCipher } from '../../../src/node/cipher.ts';
import { SealedSessionCopies } from '../../../src/storage/sealedSessionCopies.ts';
import { FakeFolder, FakeStore } from '../../support/fakeStore.ts';
import { recordAt } from '../../support/testWindow.ts';
import { allKeyNames } from '../../support/keyNames.ts';

const NOW = Date.UTC(2031, 0, 1);
const KEY = 'hand-over-key:';
const record = recordAt('https://id.example.com', NOW, {
  refreshToken: 'refresh-of-sam',
  accessToken: 'access-of-sam',
  idToken: 'id-of-sam',
});
const other = recordAt('https://id.example.com', NOW, {
  id: 's2',
  account: { id: 'person-2', label: 'Kim' },
  refreshToken: 'refresh-of-kim',
});

describe('The sealed copy', () => {
  let folder: FakeFolder;
  let store: FakeStore;
  let lines: string[];

  beforeEach(() => {
    folder = new FakeFolder();
    store = new FakeStore();
    lines = [];
  });

  /** A window, which knows nothing of what others have in memory. */
  const openWindow = (own: FakeStore = store): SealedSessionCopies => {
    const tell = (line: string): void => void lines.push(line);
    const log: Log = { trace: tell, debug: tell, info: tell, warn: tell, error: tell };
    return new SealedSessionCopies(folder, own, nodeCipher, log, allKeyNames);
  };

  const keys = (): string[] => [...store.secrets.keys()].filter((key) => key.startsWith(KEY));
  const envelope = (id = 's1'): Record<string, string> =>
    JSON.parse(folder.files.get(`${id}.sealed`) ?? '') as Record<string, string>;

  it('is what another window reads: the whole record, and the newest one', async () => {
    assert.equal(await openWindow().write(record), true);
    assert.deepEqual(await openWindow().read('s1'), record);
    const newer = { ...record, generation: 2, refreshToken: 'refresh-2' };
    await openWindow().write(newer);
    assert.deepEqual(await openWindow().read('s1'), newer);
    assert.deepEqual(lines, []);
  });

  it('is there for each session apart', async () => {
    await openWindow().write(record);
    await openWindow().write(other);
    assert.deepEqual([await openWindow().read('s1'), await openWindow().read('s2')], [record, other]);
  });

  it('is not there where it was never made, or is deleted', async () => {
    assert.equal(await openWindow().read('s1'), undefined);
    await openWindow().write(record);
    await openWindow().delete('s1');
    assert.deepEqual([await openWindow().read('s1'), folder.files.size, lines], [undefined, 0, []]);
  });

  it('has no secret in it, nor has the log', async () => {
    await openWindow().write(record);
    const text =
      [...folder.files].flat().join('\n') + Buffer.from(envelope()['sealed'] ?? '', 'base64').toString('latin1');
    for (const secret of [
      'refresh-of-sam',
      'access-of-sam',
      'id-of-sam',
      'Sam',
      'person-1',
      ...keys().map((key) => store.secrets.get(key) ?? ''),
    ]) {
      assert.ok(!text.includes(secret), secret);
    }
    assert.deepEqual(lines, []);
  });

  describe('and its key', () => {
    it('stand apart: without the secret storage nobody opens it', async () => {
      await openWindow().write(record);
      assert.equal(await openWindow(new FakeStore()).read('s1'), undefined);
      const stranger = new FakeStore();
      await openWindow(stranger).write(other);
      assert.equal(await openWindow(stranger).read('s1'), undefined);
    });

    it('belong together: another key under the same name does not open it', async () => {
      await openWindow().write(record);
      store.secrets.set(keys()[0] ?? '', nodeCipher.newKey().key);
      assert.equal(await openWindow().read('s1'), undefined);
      store.secrets.set(keys()[0] ?? '', 'no key');
      assert.equal(await openWindow().read('s1'), undefined);
    });

    it('are made once: a window takes the key of another that it can see', async () => {
      await openWindow().write(record);
      const { key } = envelope();
      await openWindow().write(other);
      assert.deepEqual([keys(), envelope('s2')['key']], [[`${KEY}${key ?? ''}`], key]);
    });

    it('outlast a keyring that does not answer: what cannot be stored elsewhere now is sealed all the more', async () => {
      const window = openWindow();
      await window.write(record);
      store.failing.add('get').add('keys').add('store');
      assert.equal(await window.write(other), true);
      assert.deepEqual(await window.read('s2'), other);
    });

    it('are put back by a window that has had them where the store has lost them', async () => {
      const window = openWindow();
      await window.write(record);
      store.secrets.clear();
      await window.write(other);
      assert.deepEqual([await openWindow().read('s1'), await openWindow().read('s2')], [record, other]);
    });

    it('can be two where two windows start at once, which read each other all the same, and settle on one', async () => {
      const windows = [openWindow(), openWindow()] as const;
      await Promise.all([windows[0].write(record), windows[1].write(other)]);
      assert.equal(keys().length, 2, 'the race did not happen');
      for (const window of [...windows, openWindow()]) {
        assert.deepEqual([await window.read('s1'), await window.read('s2')], [record, other]);
      }
      await windows[0].write(record);
      await windows[1].write(other);
      assert.deepEqual(
        [envelope('s1')['key'], envelope('s2')['key']],
        Array(2).fill(keys().sort()[0]?.slice(KEY.length)),
      );
      assert.equal(keys().length, 2, 'none is ever taken away');
    });

    it('stay out of sight between windows that do not see what the others store', async () => {
      const window = openWindow();
      await window.write(record);
      const blind = new FakeStore();
      await openWindow(blind).write({ ...record, generation: 2 });
      assert.equal(await window.read('s1'), undefined);
      assert.deepEqual(lines, []);
    });
  });

  describe('that is not what it says', () => {
    const replace = (change: Record<string, unknown>): void =>
      void folder.files.set('s1.sealed', JSON.stringify({ ...envelope(), ...change }));

    beforeEach(async () => {
      await openWindow().write(record);
    });

    it('is not taken for that of another session', async () => {
      folder.files.set('s2.sealed', folder.files.get('s1.sealed') ?? '');
      assert.equal(await openWindow().read('s2'), undefined);
      assert.deepEqual(await openWindow().read('s1'), record);
    });

    it('is not opened where it has been changed, in whichever place', async () => {
      const sealed = envelope()['sealed'] ?? '';
      // The last characters before the padding hold bits that stand for nothing.
      for (let index = 0; index < sealed.length - 4; index += 7) {
        replace({ sealed: `${sealed.slice(0, index)}${sealed[index] === 'A' ? 'B' : 'A'}${sealed.slice(index + 1)}` });
        assert.equal(await openWindow().read('s1'), undefined, `character ${index}`);
      }
      replace({ sealed: sealed.slice(0, 40) });
      assert.equal(await openWindow().read('s1'), undefined);
    });

    it('is nothing where its key has another name, it is of a later version, or it is no copy at all', async () => {
      for (const change of [{ key: 'another' }, { version: 2 }, { sealed: 17 }, { key: undefined }]) {
        replace(change);
        assert.equal(await openWindow().read('s1'), undefined, JSON.stringify(change));
      }
      for (const text of ['', 'null', '[]', '{"version":1', 'refresh-of-sam']) {
        folder.files.set('s1.sealed', text);
        assert.equal(await openWindow().read('s1'), undefined, text);
      }
      assert.doesNotMatch(lines.join('\n'), /refresh-of-sam/);
    });

    it('is nothing where what was sealed is no session of this version', async () => {
      const name = envelope()['key'] ?? '';
      const key = store.secrets.get(KEY + name) ?? '';
      for (const text of ['refresh-of-sam', JSON.stringify({ ...record, version: 99 }), JSON.stringify(other)]) {
        replace({ sealed: await nodeCipher.seal(key, text, 's1') });
        assert.equal(await openWindow().read('s1'), undefined, text.slice(0, 40));
      }
    });
  });

  describe('where something fails', () => {
    it('is not written, and the log says so: the folder', async () => {
      folder.failing = 'writing';
      assert.equal(await openWindow().write(record), false);
      assert.match(lines.join('\n'), /^Session s1 could not be sealed for other windows: [^\n]+$/);
    });

    for (const call of ['keys', 'store'] as const) {
      it(`is not written, and the log says so: the store, at "${call}"`, async () => {
        store.failing.add(call);
        assert.equal(await openWindow().write(record), false);
        assert.deepEqual([lines.length, folder.files.size], [1, 0]);
      });
    }

    it('tells of a folder that fails once, however often that is tried, and again after it has worked', async () => {
      const window = openWindow();
      const failures = async (): Promise<number> => {
        folder.failing = 'writing';
        await window.write(record);
        await window.write({ ...record, generation: 2 });
        folder.failing = false;
        return lines.length;
      };
      assert.equal(await failures(), 1);
      assert.equal(await window.write(record), true);
      assert.equal(await failures(), 2);
    });

    it('is not written where the store cannot say what the key is, rather than with a second one', async () => {
      await openWindow().write(record);
      store.failing.add('get');
      assert.equal(await openWindow().write(other), false);
      assert.deepEqual([keys().length, folder.files.has('s2.sealed')], [1, false]);
    });

    it('is not read, and the log says so', async () => {
      await openWindow().write(record);
      store.failing.add('get');
      assert.equal(await openWindow().read('s1'), undefined);
      store.failing.clear();
      folder.failing = true;
      assert.equal(await openWindow().read('s1'), undefined);
      assert.equal(lines.length, 2);
      assert.doesNotMatch(lines.join('\n'), /of-sam/);
    });

    it('is deleted without a word, or not', async () => {
      folder.failing = true;
      await openWindow().delete('s1');
      assert.deepEqual(lines, []);
    });

    it('is written again as soon as everything works', async () => {
      const window = openWindow();
      store.failing.add('store');
      assert.equal(await window.write(record), false);
      store.failing.clear();
      assert.equal(await window.write(record), true);
      assert.deepEqual(await openWindow().read('s1'), record);
    });
  });

  it('is of this editor as long as its key is there, even if the names of the keys were lost', async () => {
    const forgetful = (own: FakeStore): SealedSessionCopies =>
      new SealedSessionCopies(folder, own, nodeCipher, silentLog, { has: () => false, add() {} });
    await openWindow().write(record);
    assert.equal(await forgetful(store).isOfAnotherEditor('s1'), false);
    assert.equal(await forgetful(new FakeStore()).isOfAnotherEditor('s1'), true);
    assert.equal(await openWindow(new FakeStore()).isOfAnotherEditor('s1'), false);
  });
});
