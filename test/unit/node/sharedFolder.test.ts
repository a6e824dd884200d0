import assert from 'node:assert/strict';
import fsPromises from 'node:fs/promises';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HOUR, systemClock } from '../../../src/core/clock.ts';
import { deleteAbandonedParts } from '../../../src/node/abandonedParts.ts';
import { nodeSharedFolder } from '../../../src/node/sharedFolder.ts';
import type { SharedFolder } from '../../../src/locking/sharedFolder.ts';
import { rejectsWith } from '../../support/failures.ts';
import { endOthers, startOther } from '../../support/processes.ts';

const MODULE = JSON.stringify(import.meta.resolve('../../../src/node/sharedFolder.ts'));

describe('The shared folder on disk', () => {
  let base: string;
  let path: string;
  let folder: SharedFolder;

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

  it("is empty when it doesn't exist, and is created with the first file that is written", async () => {
    assert.deepEqual(await folder.list(), []);
    assert.equal(await folder.read('a'), undefined);
    await folder.delete('a');
    await folder.write('a', 'text');
    assert.deepEqual([await folder.list(), await folder.read('a')], [['a'], 'text']);
  });

  it('is created with the first file that is created', async () => {
    assert.equal(await folder.create('a', 'text'), true);
    assert.deepEqual([await folder.list(), await folder.read('a')], [['a'], 'text']);
  });

  it("replaces a file when it's written, and creates one only when there is none", async () => {
    await folder.write('a', 'one');
    await folder.write('a', 'two');
    assert.equal(await folder.create('a', 'three'), false);
    assert.equal(await folder.read('a'), 'two');
    await folder.delete('a');
    assert.deepEqual([await folder.read('a'), await folder.list()], [undefined, []]);
    assert.equal(await folder.create('a', 'four'), true);
    assert.equal(await folder.read('a'), 'four');
  });

  it('lets only the owner read its files', async function () {
    if (process.platform === 'win32') {
      this.skip();
    }
    await folder.write('written', 'x');
    await folder.create('created', 'x');
    const modes = await Promise.all(
      [path, join(path, 'written'), join(path, 'created')].map(async (one) => (await stat(one)).mode & 0o777),
    );
    assert.deepEqual(modes, [0o700, 0o600, 0o600]);
  });

  for (const name of [
    '../out',
    '..',
    '.',
    '',
    'a/b',
    '/etc/passwd',
    'a\\b',
    'C:a',
    'a:stream',
    'a\0b',
    '../../x.session',
  ]) {
    it(`rejects a file when its name is ${JSON.stringify(name)}, and changes nothing`, async () => {
      await folder.write('a', 'x');
      await writeFile(join(path, '..', 'out'), 'outside');
      await assert.rejects(folder.read(name));
      await assert.rejects(folder.write(name, 'x'));
      await assert.rejects(folder.create(name, 'x'));
      await assert.rejects(folder.delete(name));
      assert.deepEqual([await folder.list(), await readFile(join(path, '..', 'out'), 'utf8')], [['a'], 'outside']);
    });
  }

  it('creates a file for exactly one of many concurrent calls', async () => {
    const made = await Promise.all(Array.from({ length: 50 }, (_, index) => folder.create('a', `text ${index}`)));
    assert.equal(made.filter((one) => one).length, 1);
    assert.equal(await folder.read('a'), `text ${made.indexOf(true)}`);
    assert.deepEqual(await parts(), []);
  });

  it('creates each file for exactly one of several processes', async () => {
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

  it('shows a reader the old text or the new one, never a part, when other processes write', async function () {
    if (process.platform === 'win32') {
      // On Windows, a file that is being read can't always be replaced.
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

  it('has the text when a process is killed right after writing it', async () => {
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

  it('rejects, and changes nothing, when a file is in its place', async () => {
    const file = join(base, 'file');
    await writeFile(file, 'mine');
    const nowhere = nodeSharedFolder(join(file, 'below'));
    await assert.rejects(nowhere.write('a', 'x'));
    await assert.rejects(nowhere.create('a', 'x'));
    if (process.platform !== 'win32') {
      // On Windows, it just doesn't exist.
      await assert.rejects(nowhere.list());
      await assert.rejects(nowhere.read('a'));
    }
    assert.equal(await readFile(file, 'utf8'), 'mine');
  });

  it('rejects when a folder has the name of a file', async () => {
    await mkdir(join(path, 'a'), { recursive: true });
    await assert.rejects(folder.read('a'));
    await assert.rejects(folder.write('a', 'x'));
    assert.equal(await folder.create('a', 'x'), false);
    assert.deepEqual(await parts(), []);
  });

  describe('that is found at start', () => {
    const real = Object.getOwnPropertyDescriptor(process, 'getuid') ?? {};
    const uid = process.getuid?.() ?? 0;
    /** Makes this process appear to be another user's. */
    const becomeOtherUser = (): void =>
      void Object.defineProperty(process, 'getuid', { ...real, value: () => uid + 1 });
    const restoreUser = (): void => void Object.defineProperty(process, 'getuid', real);

    beforeEach(async function () {
      if (process.platform === 'win32') {
        this.skip();
      }
      await mkdir(path, { recursive: true });
      await writeFile(join(path, 'a'), 'text');
    });

    afterEach(restoreUser);

    const calls: Readonly<Record<string, () => Promise<unknown>>> = {
      list: () => folder.list(),
      read: () => folder.read('a'),
      write: () => folder.write('a', 'x'),
      create: () => folder.create('b', 'x'),
      delete: () => folder.delete('a'),
    };

    for (const mode of [0o777, 0o755, 0o770, 0o701, 0o1777]) {
      it(`is made private when its mode is ${mode.toString(8)}`, async () => {
        await chmod(path, mode);
        assert.equal(await folder.read('a'), 'text');
        assert.equal((await stat(path)).mode & 0o777, 0o700);
      });
    }

    it("is used as is when the file system doesn't support modes", async () => {
      const { chmod: real } = fsPromises;
      await chmod(path, 0o755);
      Object.assign(fsPromises, { chmod: () => Promise.reject(new Error('EPERM')) });
      syncBuiltinESMExports();
      try {
        assert.equal(await folder.read('a'), 'text');
      } finally {
        Object.assign(fsPromises, { chmod: real });
        syncBuiltinESMExports();
      }
    });

    for (const [call, run] of Object.entries(calls)) {
      it(`is rejected when another user owns it, and nothing is changed (${call})`, async () => {
        becomeOtherUser();
        await rejectsWith(run(), 'storage', 'folder-owner');
        restoreUser();
        assert.deepEqual([await readdir(path), await readFile(join(path, 'a'), 'utf8')], [['a'], 'text']);
      });

      it(`is rejected when it's a link, and nothing is changed (${call})`, async () => {
        const link = join(base, 'link');
        await symlink(path, link);
        await chmod(path, 0o755);
        folder = nodeSharedFolder(link);
        await rejectsWith(run(), 'storage', 'folder-link');
        assert.deepEqual([await readdir(path), await readFile(join(path, 'a'), 'utf8')], [['a'], 'text']);
        assert.equal((await stat(path)).mode & 0o777, 0o755);
      });
    }

    it("is used as soon as it's repaired", async () => {
      becomeOtherUser();
      await rejectsWith(folder.list(), 'storage', 'folder-owner');
      restoreUser();
      assert.deepEqual(await folder.list(), ['a']);
    });

    it('loses the temporary files of killed windows, and no others', async () => {
      const [now, uuid] = [Date.now(), crypto.randomUUID()];
      const times = { old: now - 2 * HOUR, future: now + 2 * HOUR, new: now - HOUR / 2 };
      const parts = Object.values(times).map((time) => [`${crypto.randomUUID()}.part`, time] as const);
      for (const [name, time] of [...parts, ['a', times.old], [`${uuid}.session`, times.old], ['x.part', 0]] as const) {
        await writeFile(join(path, name), '');
        await utimes(join(path, name), time / 1000, time / 1000);
      }
      await deleteAbandonedParts(path, now);
      assert.deepEqual((await readdir(path)).sort(), ['a', `${uuid}.session`, 'x.part', parts[2]?.[0]].sort());
      await deleteAbandonedParts(join(path, 'nowhere'), now);
    });
  });

  describe('that is watched', () => {
    /** Waits until a change causes a name to be reported. */
    const reportOf = (name: string, change: () => Promise<unknown>): Promise<void> =>
      new Promise((resolve, reject) => {
        const watching = folder.watch((one) => {
          if (one === name) {
            watching.dispose();
            resolve();
          }
        });
        change().catch(reject);
      });

    it("reports a file when it's written, created or deleted, even when the folder didn't exist before", async () => {
      await reportOf('a.json', () => folder.write('a.json', 'x'));
      await reportOf('b.locked', () => folder.create('b.locked', 'x'));
      await reportOf('a.json', () => folder.delete('a.json'));
    });

    it('reports a file when another process writes it', async () => {
      await reportOf('a.json', () =>
        startOther(`
          import { nodeSharedFolder } from ${MODULE};
          await nodeSharedFolder(${JSON.stringify(path)}).write('a.json', 'x');
          console.log('written');
        `).next(),
      );
    });

    it('reports nothing after the listener is disposed of', async () => {
      const reported: string[] = [];
      folder.watch((name) => reported.push(name)).dispose();
      await reportOf('b', () => folder.write('b', 'x'));
      assert.deepEqual(reported, []);
    });

    it("reports nothing, and doesn't fail, when it can't be watched", async () => {
      const file = join(base, 'file');
      await writeFile(file, 'mine');
      nodeSharedFolder(join(file, 'below'))
        .watch(() => {})
        .dispose();
    });
  });

  describe('in a power failure', () => {
    const real = {
      link: fsPromises.link,
      open: fsPromises.open,
      rename: fsPromises.rename,
      writeFile: fsPromises.writeFile,
    };
    /** The disk operations, in order. */
    let steps: string[];

    /** Returns a name without the part that differs in each run. */
    const nameOf = (file: unknown): string =>
      String(file)
        .replace(path, 'folder')
        .replace(/[0-9a-f-]{36}/, 'temporary');

    beforeEach(function () {
      if (process.platform === 'win32') {
        // Windows flushes names automatically.
        this.skip();
      }
      steps = [];
      const open: typeof real.open = async (file, ...more) => {
        const handle = await real.open(file, ...more);
        const sync = handle.sync.bind(handle);
        handle.sync = () => {
          steps.push(`flush ${nameOf(file)}`);
          return sync();
        };
        return handle;
      };
      const link: typeof real.link = (from, to) => {
        steps.push(`link ${nameOf(to)}`);
        return real.link(from, to);
      };
      const rename: typeof real.rename = (from, to) => {
        steps.push(`rename to ${nameOf(to)}`);
        return real.rename(from, to);
      };
      Object.assign(fsPromises, { link, open, rename });
      syncBuiltinESMExports();
    });

    afterEach(() => {
      Object.assign(fsPromises, real);
      syncBuiltinESMExports();
    });

    it('has the whole text of a file when it was created: text and name are flushed to disk', async () => {
      assert.equal(await folder.create('a', 'text'), true);
      assert.deepEqual(steps, ['flush folder/temporary.part', 'link folder/a', 'flush folder']);
    });

    it('has the old text or the new one when a file was replaced: text and name are flushed to disk', async () => {
      await folder.write('a', 'text');
      assert.deepEqual(steps, ['flush folder/temporary.part', 'rename to folder/a', 'flush folder']);
    });

    it('has the text of a file when it was created without hard links: text and name are flushed to disk', async () => {
      const writeFile: typeof real.writeFile = (file, text, options) => {
        const isFlushed = typeof options === 'object' && options?.flush === true;
        steps.push(`write ${nameOf(file)}${isFlushed ? ', flushed' : ''}`);
        return real.writeFile(file, text, options);
      };
      Object.assign(fsPromises, {
        link: () => Promise.reject(Object.assign(new Error('EPERM'), { code: 'EPERM' })),
        writeFile,
      });
      syncBuiltinESMExports();
      assert.equal(await folder.create('a', 'text'), true);
      assert.deepEqual(steps, ['flush folder/temporary.part', 'write folder/a, flushed', 'flush folder']);
      assert.equal(await folder.create('a', 'other'), false);
      assert.equal(await folder.read('a'), 'text');
    });
  });

  describe('on a file system with limitations', () => {
    const real = { link: fsPromises.link, rename: fsPromises.rename };
    /** The delays between two tries, which pass immediately in this test. */
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
      it(`creates a file for exactly one of many concurrent calls when it has no hard links (${code})`, async () => {
        replaceWith({ link: failWith(code) });
        const made = await Promise.all(Array.from({ length: 20 }, (_, index) => folder.create('a', `text ${index}`)));
        assert.equal(made.filter((one) => one).length, 1);
        assert.equal(await folder.read('a'), `text ${made.indexOf(true)}`);
        assert.deepEqual(await parts(), []);
      });
    }

    it('replaces a file when a virus scanner has it open for a moment', async () => {
      let tries = 0;
      replaceWith({ rename: (from, to) => ((tries += 1) < 3 ? failWith('EBUSY')() : real.rename(from, to)) });
      await folder.write('a', 'x');
      assert.deepEqual([await folder.read('a'), tries, waits], ['x', 3, [10, 20]]);
    });

    it('rejects, and leaves no temporary file, when a file stays open or must not be replaced', async () => {
      await folder.write('a', 'old');
      for (const code of ['EACCES', 'EROFS']) {
        replaceWith({ rename: failWith(code) });
        await assert.rejects(folder.write('a', 'new'), { code });
      }
      assert.deepEqual([await folder.read('a'), await parts()], ['old', []]);
      assert.ok(waits.reduce((sum, wait) => sum + wait, 0) <= 2000, waits.join());
    });

    it('rejects, and leaves no temporary file, when the disk is full', async () => {
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
