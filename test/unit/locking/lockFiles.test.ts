import assert from 'node:assert/strict';
import { isLockFile, LockFiles } from '../../../src/locking/lockFiles.ts';
import { FakeFolder } from '../../support/fakeStore.ts';

const NO_DETAILS = { name: undefined, since: undefined, token: undefined };

describe('LockFiles', () => {
  let folder: FakeFolder;
  let files: LockFiles;
  let lines: string[];

  beforeEach(() => {
    folder = new FakeFolder();
    lines = [];
    const tell = (line: string): void => void lines.push(line);
    files = new LockFiles(folder, { trace: tell, debug: tell, info: tell, warn: tell, error: tell });
  });

  const names = (): string[] => [...folder.files.keys()].sort();

  it('returns number 0 and no holder when there was no lock yet', async () => {
    const { number, content, holder, isPast } = await files.latest('s1');
    assert.deepEqual(
      { number, content, holder, isPast },
      { number: 0, content: undefined, holder: undefined, isPast: false },
    );
  });

  it('returns the holder of the newest lock when the folder lists several in any order', async () => {
    folder.files.set('s1.10.locked', '{"token":"t10","name":"process 10","since":5}');
    folder.files.set('s1.9.locked', '{"token":"t9"}');
    folder.files.set('s1.9.released', '');
    folder.files.set('s12.11.locked', '{"token":"of another session"}');
    assert.deepEqual(await files.latest('s1'), {
      number: 10,
      file: 's1.10.locked',
      content: '{"token":"t10","name":"process 10","since":5}',
      holder: { id: 's1', number: 10, token: 't10', name: 'process 10', since: 5 },
      isPast: false,
    });
  });

  for (const number of ['9007199254740992', '1000000001', '1e3', '0', '01', '-1', '1.5', '99999999999999999999']) {
    it(`ignores a lock when its number is ${number}, which no window has given it`, async () => {
      folder.files.set('s1.4.locked', '{"token":"t4"}');
      folder.files.set('s1.4.released', '');
      folder.files.set(`s1.${number}.locked`, '{"token":"t5"}');
      const { content, number: latest } = await files.latest('s1');
      assert.deepEqual([latest, content], [4, undefined]);
      assert.equal(await files.create('s1', 5, 'mine'), true);
      assert.equal((await files.latest('s1')).number, 5);
    });
  }

  it('starts again when a file has the highest possible number', async () => {
    folder.files.set('s1.1000000000.locked', '{"token":"t5"}');
    const { number } = await files.latest('s1');
    assert.equal(await files.create('s1', number + 1, 'mine'), false);
    assert.deepEqual([names(), await files.create('s1', (await files.latest('s1')).number + 1, 'mine')], [[], true]);
    assert.deepEqual(names(), ['s1.1.locked']);
  });

  it("returns no session when the part before the number isn't an ID", async () => {
    for (const name of ['../s1.1.locked', 's1/2.1.locked', '.1.locked', 's 1.1.locked']) {
      folder.files.set(name, '{"token":"t1"}');
    }
    assert.deepEqual(await files.listHolders(), []);
  });

  it('returns no holder when the newest lock is released', async () => {
    folder.files.set('s1.1.locked', '{"token":"t1"}');
    folder.files.set('s1.2.locked', '{"token":"t2"}');
    folder.files.set('s1.2.released', '');
    const { number, content, holder, isPast } = await files.latest('s1');
    assert.deepEqual(
      { number, content, holder, isPast },
      { number: 2, content: undefined, holder: undefined, isPast: false },
    );
  });

  for (const content of [
    '',
    '{',
    'null',
    '[]',
    '{"token":1}',
    '{"token":"t1","since":"now"}',
    '{"name":"process 1"}',
  ]) {
    it(`returns a holder without details when the file contains ${JSON.stringify(content)}`, async () => {
      folder.files.set('s1.1.locked', content);
      const latest = await files.latest('s1');
      assert.deepEqual(latest.holder, { id: 's1', number: 1, ...NO_DETAILS });
      assert.deepEqual([latest.content, latest.isPast], [content, false]);
    });
  }

  it('reports that a lock is outdated when its file is deleted between listing and reading', async () => {
    folder.files.set('s1.1.locked', '{"token":"t1"}');
    const read = folder.read.bind(folder);
    folder.read = (name) => {
      folder.files.delete('s1.1.locked');
      folder.files.set('s1.5.locked', '{"token":"t5"}');
      return read(name);
    };
    const { number, content, holder, isPast } = await files.latest('s1');
    assert.deepEqual(
      { number, content, holder, isPast },
      { number: 1, content: undefined, holder: undefined, isPast: true },
    );
    folder.read = read;
    assert.equal((await files.latest('s1')).holder?.token, 't5');
  });

  it('lists the lock holders when there are several sessions and other files', async () => {
    folder.files.set('s1.1.locked', '{"token":"t1"}');
    folder.files.set('s1.1.released', '');
    folder.files.set('s2.3.locked', '{"token":"t3"}');
    folder.files.set('s3.1.locked', 'no sense');
    folder.files.set('s4.1.session', '{"token":"t4"}');
    folder.files.set('s5.locked', '{"token":"t5"}');
    assert.deepEqual(await files.listHolders(), [
      { id: 's2', number: 3, ...NO_DETAILS, token: 't3' },
      { id: 's3', number: 1, ...NO_DETAILS },
    ]);
  });

  it('creates no lock when another window has it', async () => {
    assert.equal(await files.create('s1', 1, 'mine'), true);
    assert.equal(await files.create('s1', 1, 'of another'), false);
    assert.equal(folder.files.get('s1.1.locked'), 'mine');
  });

  it('creates no lock, and leaves no file, when a later lock exists', async () => {
    folder.files.set('s1.7.locked', 'later');
    assert.equal(await files.create('s1', 2, 'mine'), false);
    assert.deepEqual(names(), ['s1.7.locked']);
  });

  it("leaves no file when the folder fails before it's known that there is no later lock", async () => {
    folder.list = () => Promise.reject(new Error('EIO'));
    await assert.rejects(files.create('s1', 1, 'mine'), /EIO/);
    assert.deepEqual(names(), []);
  });

  it('deletes the files of outdated locks when it creates one', async () => {
    for (const number of [1, 2, 3, 4]) {
      folder.files.set(`s1.${number}.locked`, 'past');
      folder.files.set(`s1.${number}.released`, '');
    }
    folder.files.set('s2.1.locked', 'of another session');
    assert.equal(await files.create('s1', 5, 'mine'), true);
    assert.deepEqual(names(), [
      's1.3.locked',
      's1.3.released',
      's1.4.locked',
      's1.4.released',
      's1.5.locked',
      's2.1.locked',
    ]);
  });

  it("creates a lock when outdated files can't be deleted", async () => {
    folder.files.set('s1.1.locked', 'past');
    folder.delete = () => Promise.reject(new Error('EBUSY'));
    assert.equal(await files.create('s1', 5, 'mine'), true);
    assert.deepEqual(names(), ['s1.1.locked', 's1.5.locked']);
  });

  it('releases a lock, and does nothing more when it is released again', async () => {
    await files.create('s1', 1, 'mine');
    await files.release('s1', 1);
    await files.release('s1', 1);
    assert.deepEqual(names(), ['s1.1.locked', 's1.1.released']);
    assert.deepEqual(lines, []);
  });

  it('writes nothing when a lock is released whose file is already deleted', async () => {
    folder.files.set('s1.9.locked', 'of another');
    await files.release('s1', 1);
    assert.deepEqual(names(), ['s1.9.locked']);
  });

  it("logs that a lock couldn't be released when the folder fails", async () => {
    await files.create('s1', 1, 'mine');
    folder.failing = 'writing';
    await files.release('s1', 1);
    assert.equal(lines.length, 1);
    assert.match(lines.join(), /^Couldn't write a lock file: /);
  });

  it('recognizes the file name of an acquired lock, but not of a released one', () => {
    assert.deepEqual(['s1.1.locked', 's1.1.released', 's1.1.session', 's1.1.locked.part'].map(isLockFile), [
      true,
      false,
      false,
      false,
    ]);
  });
});
