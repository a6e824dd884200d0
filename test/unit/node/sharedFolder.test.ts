import assert from 'node:assert/strict';
import fsPromises from 'node:fs/promises';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/core/clock.ts';
import { nodeSharedFolder } from '../../../src/node/sharedFolder.ts';
import type { Folder } from '../../../src/locking/sharedFolder.ts';
import { endOthers, startOther } from '../../support/processes.ts';

const MODULE = JSON.stringify(import.meta.resolve('../../../src/node/sharedFolder.ts'));

describe('A folder on disk', function () {
  this.timeout(20_000);
  let base: string;
  let path: string;
  let folder: Folder;

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'sk-'));
    path = join(base, 'not', 'yet', 'there');
    folder = nodeSharedFolder(path);
  });

  afterEach(async () => {
    await endOthers();
    await rm(base, { recursive: true, force: true });
  });

  const parts = async (): Promise<string[]> => (await readdir(path)).filter((name) => name.endsWith('.part'));

  it('is empty before it exists, and comes into being with the first file', async () => {
    assert.deepEqual(await folder.list(), []);
    assert.equal(await folder.read('a'), undefined);
    await folder.delete('a');
    await folder.write('a', 'text');
    assert.deepEqual([await folder.list(), await folder.read('a')], [['a'], 'text']);
  });

  it('comes into being with a file that is made, too', async () => {
    assert.equal(await folder.create('a', 'text'), true);
    assert.deepEqual([await folder.list(), await folder.read('a')], [['a'], 'text']);
  });

  it('replaces, makes only what is not there, and deletes', async () => {
    await folder.write('a', 'one');
    await folder.write('a', 'two');
    assert.equal(await folder.create('a', 'three'), false);
    assert.equal(await folder.read('a'), 'two');
    await folder.delete('a');
    assert.deepEqual([await folder.read('a'), await folder.list()], [undefined, []]);
    assert.equal(await folder.create('a', 'four'), true);
    assert.equal(await folder.read('a'), 'four');
  });

  it('keeps its files to their owner', async function () {
    if (process.platform === 'win32') {
      this.skip();
    }
    await folder.write('written', 'x');
    await folder.create('made', 'x');
    const modes = await Promise.all(
      [path, join(path, 'written'), join(path, 'made')].map(async (one) => (await stat(one)).mode & 0o777),
    );
    assert.deepEqual(modes, [0o700, 0o600, 0o600]);
  });

  it('lets one succeed of many who make a file at once', async () => {
    const made = await Promise.all(Array.from({ length: 50 }, (_, index) => folder.create('a', `text ${index}`)));
    assert.equal(made.filter((one) => one).length, 1);
    assert.equal(await folder.read('a'), `text ${made.indexOf(true)}`);
    assert.deepEqual(await parts(), []);
  });

  it('lets one succeed of several processes, for each of many files', async () => {
    const program = `
      import { nodeSharedFolder } from ${MODULE};
      const folder = nodeSharedFolder(${JSON.stringify(path)});
      const made = [];
      for (let index = 0; index < 60; index += 1) {
        made.push(await folder.create(String(index), String(process.pid)));
      }
      console.log(JSON.stringify(made));
    `;
    const others = Array.from({ length: 4 }, () => startOther(program));
    const made = await Promise.all(others.map(async (other) => JSON.parse(await other.next()) as boolean[]));
    for (let index = 0; index < 60; index += 1) {
      const owners = others.filter((_, which) => made[which]?.[index]);
      assert.equal(owners.length, 1, `file ${index} has ${owners.length} owners`);
      assert.equal(await folder.read(String(index)), String(owners[0]?.process.pid));
    }
  });

  it('shows a reader the old text or the new one, never a part, while other processes write', async function () {
    if (process.platform === 'win32') {
      // There a file that is being read cannot always be replaced.
      this.skip();
    }
    const program = `
      import { nodeSharedFolder } from ${MODULE};
      const folder = nodeSharedFolder(${JSON.stringify(path)});
      for (let count = 0; count < 60; count += 1) {
        await folder.write('a', String(process.pid).padEnd(20000, 'x') + 'end');
      }
      console.log('done');
    `;
    await folder.write('a', 'first'.padEnd(20_000, 'x') + 'end');
    const others = Array.from({ length: 2 }, () => startOther(program));
    const busy = new Set(others);
    const writing = Promise.all(others.map((other) => other.next().finally(() => busy.delete(other))));
    const seen = new Set<string>();
    while (busy.size > 0) {
      const text = await folder.read('a');
      assert.deepEqual([text?.length, text?.endsWith('xend')], [20_003, true]);
      seen.add(text?.slice(0, 5) ?? '');
    }
    await writing;
    assert.ok(seen.size > 1, 'nothing was written while it read');
    assert.deepEqual(await parts(), []);
  });

  it('has the text on the disk where a process is killed right after the write', async () => {
    const other = startOther(`
      import { nodeSharedFolder } from ${MODULE};
      await nodeSharedFolder(${JSON.stringify(path)}).write('a', 'the newest');
      console.log('written');
      setInterval(() => {}, 1000);
    `);
    await other.next();
    await other.kill();
    assert.equal(await folder.read('a'), 'the newest');
  });

  it('rejects where it cannot be, and leaves what is there alone', async () => {
    const file = join(base, 'file');
    await writeFile(file, 'mine');
    const nowhere = nodeSharedFolder(join(file, 'below'));
    await assert.rejects(nowhere.write('a', 'x'));
    await assert.rejects(nowhere.create('a', 'x'));
    if (process.platform !== 'win32') {
      // There it merely does not exist.
      await assert.rejects(nowhere.list());
      await assert.rejects(nowhere.read('a'));
    }
    assert.equal(await readFile(file, 'utf8'), 'mine');
  });

  it('rejects where a folder has the name of a file', async () => {
    await mkdir(join(path, 'a'), { recursive: true });
    await assert.rejects(folder.read('a'));
    await assert.rejects(folder.write('a', 'x'));
    assert.equal(await folder.create('a', 'x'), false);
    assert.deepEqual(await parts(), []);
  });

  describe('told of changes', () => {
    /** Waits until a name is told that a change brings about. */
    const formatFailure = (name: string, change: () => Promise<unknown>): Promise<void> =>
      new Promise((resolve, reject) => {
        const watching = folder.watch((one) => {
          if (one === name) {
            watching.dispose();
            resolve();
          }
        });
        change().catch(reject);
      });

    it('tells of a file that is written, made or deleted, also before there was a folder', async () => {
      await formatFailure('a.json', () => folder.write('a.json', 'x'));
      await formatFailure('b.held', () => folder.create('b.held', 'x'));
      await formatFailure('a.json', () => folder.delete('a.json'));
    });

    it('tells of what another process writes', async () => {
      await formatFailure('a.json', () =>
        startOther(`
          import { nodeSharedFolder } from ${MODULE};
          await nodeSharedFolder(${JSON.stringify(path)}).write('a.json', 'x');
          console.log('written');
        `).next(),
      );
    });

    it('tells nothing any more once nobody listens', async () => {
      const told: string[] = [];
      folder.watch((name) => told.push(name)).dispose();
      await formatFailure('b', () => folder.write('b', 'x'));
      assert.deepEqual(told, []);
    });

    it('does without where the folder cannot be watched', async () => {
      const file = join(base, 'file');
      await writeFile(file, 'mine');
      nodeSharedFolder(join(file, 'below'))
        .watch(() => {})
        .dispose();
    });
  });

  describe('on a file system with less to offer', () => {
    const real = { link: fsPromises.link, rename: fsPromises.rename };
    /** How long it waits between two tries; here that is over at once. */
    let waits: number[];

    beforeEach(() => {
      waits = [];
      folder = nodeSharedFolder(path, {
        now: () => systemClock.now(),
        after: (delay, run) => {
          waits.push(delay);
          return systemClock.after(0, run);
        },
      });
    });

    afterEach(() => {
      Object.assign(fsPromises, real);
      syncBuiltinESMExports();
    });

    const replaceWith = (functions: Partial<typeof real>): void => {
      Object.assign(fsPromises, functions);
      syncBuiltinESMExports();
    };
    const failWith = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }));

    for (const code of ['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK']) {
      it(`lets one succeed of many who make a file at once where it has no second name for it (${code})`, async () => {
        replaceWith({ link: failWith(code) });
        const made = await Promise.all(Array.from({ length: 20 }, (_, index) => folder.create('a', `text ${index}`)));
        assert.equal(made.filter((one) => one).length, 1);
        assert.equal(await folder.read('a'), `text ${made.indexOf(true)}`);
        assert.deepEqual(await parts(), []);
      });
    }

    it('replaces a file that a scanner has open for a moment', async () => {
      let tries = 0;
      replaceWith({ rename: (from, to) => ((tries += 1) < 3 ? failWith('EBUSY')() : real.rename(from, to)) });
      await folder.write('a', 'x');
      assert.deepEqual([await folder.read('a'), tries, waits], ['x', 3, [10, 20]]);
    });

    it('rejects where a file stays open, or may not be replaced, and leaves nothing half behind', async () => {
      await folder.write('a', 'old');
      for (const code of ['EACCES', 'EROFS']) {
        replaceWith({ rename: failWith(code) });
        await assert.rejects(folder.write('a', 'new'), { code });
      }
      assert.deepEqual([await folder.read('a'), await parts()], ['old', []]);
      assert.ok(waits.reduce((sum, wait) => sum + wait, 0) <= 2000, waits.join());
    });

    it('rejects where the disk is full, and leaves nothing half behind', async () => {
      await folder.write('a', 'old');
      const { open } = fsPromises;
      const full: typeof open = async (...opening) =>
        Object.assign(await open(...opening), { writeFile: failWith('ENOSPC') });
      Object.assign(fsPromises, { open: full });
      syncBuiltinESMExports();
      try {
        await assert.rejects(folder.write('a', 'new'), { code: 'ENOSPC' });
        await assert.rejects(folder.create('b', 'new'), { code: 'ENOSPC' });
      } finally {
        Object.assign(fsPromises, { open });
        syncBuiltinESMExports();
      }
      assert.deepEqual([await folder.read('a'), await folder.read('b'), await parts()], ['old', undefined, []]);
    });
  });
});
