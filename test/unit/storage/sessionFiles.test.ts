import assert from 'node:assert/strict';
import type { Log } from '../../../src/core/log.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import { nodeCipher } from '../../../src/node/cipher.ts';
import { EncryptionKeys } from '../../../src/storage/encryptionKeys.ts';
import { headerOf, type SessionFile, type SessionHeader } from '../../../src/storage/sessionFile.ts';
import { SessionFiles } from '../../../src/storage/sessionFiles.ts';
import { Crashable, CrashableFolder } from '../../support/crashable.ts';
import { FakeClock } from '../../support/fakeClock.ts';
import { FakeFolder, FakeStore } from '../../support/fakeStore.ts';
import { allKeyNames } from '../../support/keyNames.ts';
import { generation } from '../../support/sessionStoreFixture.ts';
import { sessionFile } from '../../support/sharedFiles.ts';

const record = generation(1);
const other = generation(1, { id: 's2' });

/** Returns a change that sets the generation of a file. */
const toGeneration =
  (number: number) =>
  (file: SessionFile | undefined): SessionHeader => ({
    version: 1,
    providerId: 'acme',
    isComplete: true,
    isEnded: false,
    ...headerOf(file),
    generation: number,
  });

/** Returns a change that marks a generation as in flight. */
const inFlight =
  (number: number) =>
  (file: SessionFile | undefined): SessionHeader => ({
    ...(headerOf(file) ?? toGeneration(1)(file)),
    inFlight: number,
  });

/** The folder of one window, which can be stopped before it creates a file. */
class StoppableFolder extends CrashableFolder {
  beforeCreate: () => Promise<void> = () => Promise.resolve();
  afterCreate: () => Promise<void> = () => Promise.resolve();

  override async create(name: string, text: string): Promise<boolean> {
    await this.beforeCreate();
    const isCreated = await super.create(name, text);
    await this.afterCreate();
    return isCreated;
  }
}

describe('SessionFiles', () => {
  let clock: FakeClock;
  let folder: FakeFolder;
  let store: FakeStore;
  let lines: string[];

  beforeEach(() => {
    clock = new FakeClock();
    folder = new FakeFolder();
    store = new FakeStore();
    lines = [];
  });

  /** Opens a window, which shares no memory with others. */
  const openWindow = (own: { readonly folder?: FakeFolder } = {}): SessionFiles => {
    const tell = (line: string): void => void lines.push(line);
    const log: Log = { trace: tell, debug: tell, info: tell, warn: tell, error: tell };
    const keys = new EncryptionKeys(store, allKeyNames, () => nodeCipher.newKey());
    return new SessionFiles({ clock, log, folder: own.folder ?? folder, cipher: nodeCipher, keys });
  };

  const names = (): string[] => [...folder.files.keys()].sort();
  const read = async (id = 's1', window = openWindow()): Promise<SessionRecord | undefined> =>
    window.open(id, await window.read(id));
  const generationIn = async (window = openWindow()): Promise<number | undefined> =>
    headerOf(await window.read('s1'))?.generation;

  describe('write', () => {
    it('makes the whole record readable in other windows, and then the newer one', async () => {
      assert.equal(await openWindow().write(record), true);
      assert.deepEqual(await read(), record);
      const newer = { ...record, generation: 2, refreshToken: 'refresh-2' };
      assert.equal(await openWindow().write(newer), true);
      assert.deepEqual([await read(), lines], [newer, []]);
    });

    it('keeps a newer record, and reports that other windows can read one', async () => {
      await openWindow().write({ ...record, generation: 2 });
      assert.equal(await openWindow().write(record), true);
      assert.equal(await generationIn(), 2);
      assert.deepEqual(names(), ['s1.1.session']);
    });

    it('keeps sessions separate', async () => {
      await openWindow().write(record);
      await openWindow().write(other);
      assert.deepEqual([await read('s1'), await read('s2')], [record, other]);
      await openWindow().delete('s1');
      assert.deepEqual([await read('s1'), await read('s2')], [undefined, other]);
    });
  });

  describe('update', () => {
    it('replaces the file with its next revision', async () => {
      const window = openWindow();
      for (let number = 1; number <= 3; number += 1) {
        assert.equal(await window.update('s1', toGeneration(number)), true);
        assert.deepEqual([names(), await generationIn()], [[`s1.${number}.session`], number]);
      }
    });

    it('changes nothing when the file should stay unchanged', async () => {
      const crashable = new Crashable();
      const window = openWindow({ folder: new CrashableFolder(folder, crashable) });
      assert.equal(await window.update('s1', () => undefined), true);
      await openWindow().update('s1', toGeneration(1));
      assert.equal(await window.update('s1', () => undefined), true);
      assert.deepEqual([crashable.changes, names()], [[], ['s1.1.session']]);
    });

    it('runs the changes of a window in sequence', async () => {
      const window = openWindow();
      const seen: (number | undefined)[] = [];
      await Promise.all(
        [1, 2, 3].map((number) =>
          window.update('s1', (file) => {
            seen.push(headerOf(file)?.generation);
            return toGeneration(number)(file);
          }),
        ),
      );
      assert.deepEqual(seen, [undefined, 1, 2]);
    });

    it('repeats a change on the file that another window has changed meanwhile', async () => {
      const slow = new StoppableFolder(folder, new Crashable());
      slow.beforeCreate = async () => {
        slow.beforeCreate = () => Promise.resolve();
        await openWindow().update('s1', toGeneration(5));
      };
      assert.equal(await openWindow({ folder: slow }).update('s1', inFlight(3)), true);
      const header = headerOf(sessionFile(folder.files));
      assert.deepEqual([header?.generation, header?.inFlight, names()], [5, 3, ['s1.2.session']]);
    });

    it('repeats a change when the revision that it created is outdated', async () => {
      await openWindow().update('s1', toGeneration(1));
      const slow = new StoppableFolder(folder, new Crashable());
      slow.beforeCreate = async () => {
        slow.beforeCreate = () => Promise.resolve();
        for (const number of [2, 3, 4]) {
          await openWindow().update('s1', toGeneration(number));
        }
        assert.deepEqual(names(), ['s1.4.session']);
      };
      const seen: (number | undefined)[] = [];
      const isDone = await openWindow({ folder: slow }).update('s1', (file) => {
        seen.push(headerOf(file)?.generation);
        const header = headerOf(file);
        return header === undefined ? undefined : { ...header, inFlight: 9 };
      });
      const header = headerOf(sessionFile(folder.files));
      assert.deepEqual([isDone, seen, header?.generation, header?.inFlight], [true, [1, 4], 4, 9]);
      assert.deepEqual(names(), ['s1.5.session']);
    });

    it('deletes an outdated revision that it created even when the file should then stay unchanged', async () => {
      await openWindow().update('s1', toGeneration(1));
      const slow = new StoppableFolder(folder, new Crashable());
      slow.beforeCreate = async () => {
        for (const number of [2, 3, 4]) {
          await openWindow().update('s1', toGeneration(number));
        }
      };
      const isDone = await openWindow({ folder: slow }).update('s1', (file) =>
        headerOf(file)?.generation === 1 ? toGeneration(2)(file) : undefined,
      );
      assert.deepEqual([isDone, names(), await generationIn()], [true, ['s1.4.session'], 4]);
    });

    it("doesn't report a change as made when its revision was deleted while the later ones were listed", async () => {
      await openWindow().update('s1', toGeneration(1));
      const slow = new StoppableFolder(folder, new Crashable());
      slow.beforeCreate = async () => {
        slow.beforeCreate = () => Promise.resolve();
        await openWindow().update('s1', toGeneration(2));
        await openWindow().update('s1', toGeneration(3));
      };
      slow.afterCreate = async () => {
        slow.afterCreate = () => Promise.resolve();
        // A list made during this change shows the revision that is deleted first, and neither of the others.
        slow.list = () => {
          slow.list = CrashableFolder.prototype.list.bind(slow);
          return Promise.resolve(['s1.2.session']);
        };
        await openWindow().update('s1', toGeneration(4));
      };
      assert.equal(await openWindow({ folder: slow }).update('s1', inFlight(4)), true);
      const header = headerOf(sessionFile(folder.files));
      assert.deepEqual([header?.generation, header?.inFlight, names()], [4, 4, ['s1.5.session']]);
    });

    it('gives up and logs it when other windows keep changing the file', async () => {
      const busy = new StoppableFolder(folder, new Crashable());
      let number = 1;
      busy.beforeCreate = async () => void (await openWindow().update('s1', toGeneration((number += 1))));
      assert.equal(await openWindow({ folder: busy }).update('s1', inFlight(1)), false);
      assert.equal(headerOf(sessionFile(folder.files))?.generation, number);
      assert.equal(headerOf(sessionFile(folder.files))?.inFlight, undefined);
      assert.equal(lines.length, 1);
    });
  });

  describe('after a window that has ended during a change', () => {
    for (const [changes, result] of [
      [0, 1],
      [1, 2],
      [2, 2],
    ] as const) {
      it(`reads the ${result === 1 ? 'old' : 'new'} file when it ended after ${changes} steps, and leaves one after the next change`, async () => {
        await openWindow().update('s1', toGeneration(1));
        const crashable = new Crashable();
        crashable.end(changes);
        void openWindow({ folder: new CrashableFolder(folder, crashable) }).update('s1', toGeneration(2));
        await clock.advance(0);
        assert.equal(await generationIn(), result);
        assert.equal(await openWindow().update('s1', inFlight(7)), true);
        const header = headerOf(sessionFile(folder.files));
        assert.deepEqual([header?.generation, header?.inFlight, names().length], [result, 7, 1]);
      });
    }

    it("reads the newest file when older ones couldn't be deleted, and deletes them with the next change", async () => {
      const window = openWindow();
      await window.update('s1', toGeneration(1));
      const remove = folder.delete.bind(folder);
      folder.delete = () => Promise.reject(new Error('EBUSY: in use by another program'));
      assert.equal(await window.update('s1', toGeneration(2)), true);
      assert.equal(await window.update('s1', toGeneration(3)), true);
      assert.deepEqual([names().length, await generationIn(), lines], [3, 3, []]);
      folder.delete = remove;
      await openWindow().update('s1', toGeneration(4));
      assert.deepEqual(names(), ['s1.4.session']);
    });
  });

  describe('on a file system without hard links, where a new file is empty for a moment', () => {
    beforeEach(async () => {
      await openWindow().update('s1', toGeneration(1));
      folder.files.set('s1.2.session', '');
    });

    it('waits for the content', async () => {
      clock.after(400, () => folder.files.set('s1.2.session', JSON.stringify(toGeneration(2)(undefined))));
      const reading = generationIn();
      await clock.advance(400);
      assert.deepEqual([await reading, lines], [2, []]);
    });

    it('reads the previous one when it stays empty because its window has ended', async () => {
      const reading = generationIn();
      await clock.advance(500);
      assert.equal(await reading, 1);
    });

    it('replaces both when it stays empty', async () => {
      const writing = openWindow().update('s1', inFlight(3));
      await clock.advance(500);
      assert.equal(await writing, true);
      const header = headerOf(sessionFile(folder.files));
      assert.deepEqual([header?.generation, header?.inFlight, names()], [1, 3, ['s1.3.session']]);
    });

    it('waits again as long when another window creates the next one meanwhile', async () => {
      clock.after(450, () => folder.files.set('s1.3.session', ''));
      clock.after(900, () => folder.files.set('s1.3.session', JSON.stringify(toGeneration(3)(undefined))));
      const reading = generationIn();
      await clock.advance(1000);
      assert.equal(await reading, 3);
    });

    it('deletes neither when the file should stay unchanged', async () => {
      const updating = openWindow().update('s1', () => undefined);
      await clock.advance(500);
      assert.deepEqual([await updating, names()], [true, ['s1.1.session', 's1.2.session']]);
    });

    it("logs it once no matter how often it's read", async () => {
      const window = openWindow();
      for (let count = 0; count < 3; count += 1) {
        const reading = generationIn(window);
        await clock.advance(500);
        assert.equal(await reading, 1);
      }
      assert.deepEqual(lines, ['A file of session s1 is damaged or belongs to another editor.']);
    });
  });

  describe('when a file is damaged', () => {
    it('reads nothing, logs it once, and replaces the file with the next change', async () => {
      const window = openWindow();
      await window.update('s1', toGeneration(1));
      folder.files.set('s1.1.session', 'damaged');
      for (let count = 0; count < 3; count += 1) {
        assert.equal(await window.read('s1'), undefined);
      }
      assert.deepEqual(
        [await window.list(), lines],
        [new Map(), ['A file of session s1 is damaged or belongs to another editor.']],
      );
      await window.update('s1', toGeneration(2));
      assert.deepEqual([names(), await generationIn(window)], [['s1.2.session'], 2]);
      folder.files.set('s1.2.session', '{');
      await window.read('s1');
      assert.equal(lines.length, 2, 'damaged again');
    });

    it("reads the previous one if it still exists, and doesn't delete that", async () => {
      await openWindow().update('s1', toGeneration(1));
      folder.files.set('s1.2.session', '{"version":1');
      assert.equal(await generationIn(), 1);
      await openWindow().update('s1', () => undefined);
      assert.deepEqual(names(), ['s1.1.session', 's1.2.session']);
    });
  });

  describe('when a list is made while another window replaces the file', () => {
    it('lists again when neither the old file nor the new one is shown', async () => {
      await openWindow().update('s1', toGeneration(4));
      const list = folder.list.bind(folder);
      folder.list = () => {
        folder.list = list;
        return Promise.resolve([]);
      };
      assert.equal(await generationIn(), 4);
    });

    it("lists again when the file is gone by the time it's read", async () => {
      const window = openWindow();
      await window.update('s1', toGeneration(1));
      const readFile = folder.read.bind(folder);
      folder.read = async (name) => {
        folder.read = readFile;
        await openWindow().update('s1', toGeneration(2));
        return readFile(name);
      };
      assert.equal(await generationIn(window), 2);
    });
  });

  describe('list', () => {
    it('returns the newest file of each session, and no other file', async () => {
      await openWindow().update('s1', toGeneration(1));
      await openWindow().update('s-2', () => ({ version: 1, signedOutAt: 5 }));
      await openWindow().update('s3', toGeneration(3));
      folder.files.set('s3.10.session', JSON.stringify(toGeneration(4)(undefined)));
      folder.files.set('s3.9.session', JSON.stringify(toGeneration(5)(undefined)));
      folder.files.set('s4.1.session', 'damaged');
      for (const name of [
        's5.session',
        's5.x.session',
        's5.1.locked',
        's5.1.session.part',
        'a b.1.session',
        '.1.session',
      ]) {
        folder.files.set(name, JSON.stringify(toGeneration(1)(undefined)));
      }
      const contents = [...(await openWindow().list())].map(([id, { mac: _mac, ...file }]) => {
        const {
          isUnverified: _isUnverified,
          lastFailure: _lastFailure,
          ...content
        } = {
          isUnverified: undefined,
          lastFailure: undefined,
          ...file,
        };
        return [id, content] as const;
      });
      assert.deepEqual(
        new Map(contents),
        new Map<string, unknown>([
          ['s1', toGeneration(1)(undefined)],
          ['s-2', { version: 1, signedOutAt: 5 }],
          ['s3', toGeneration(4)(undefined)],
        ]),
      );
    });
  });

  describe('onDidChange', () => {
    it('fires with the ID of the session whose file changes, and for no other file', async () => {
      const fired = new Set<string>();
      const listening = openWindow().onDidChange((id) => fired.add(id));
      await folder.write('s9.1.locked', '');
      await folder.write('s8.1.session.part', '');
      assert.deepEqual(fired, new Set());
      await openWindow().update('s1', toGeneration(1));
      assert.deepEqual(fired, new Set(['s1']));
      listening.dispose();
      await openWindow().update('s2', toGeneration(1));
      assert.deepEqual(fired, new Set(['s1']));
    });
  });

  describe('delete', () => {
    it('deletes all revisions of the session, and no other', async () => {
      await openWindow().update('s1', toGeneration(1));
      await openWindow().update('s10', toGeneration(1));
      folder.files.set('s1.7.session', 'damaged');
      await openWindow().delete('s1');
      assert.deepEqual(names(), ['s10.1.session']);
      assert.equal(await openWindow().read('s1'), undefined);
    });
  });

  describe('when the folder fails', () => {
    const operations = {
      list: async (window: SessionFiles) => assert.deepEqual(await window.list(), new Map()),
      read: async (window: SessionFiles) => assert.equal(await window.read('s1'), undefined),
      write: async (window: SessionFiles) => assert.equal(await window.update('s1', toGeneration(2)), false),
      delete: async (window: SessionFiles) => window.delete('s1'),
    };
    for (const [operation, run] of Object.entries(operations)) {
      it(`never rejects, and logs once that it can't ${operation}, and again after it has worked`, async () => {
        const window = openWindow();
        await window.update('s1', toGeneration(1));
        for (const expected of [1, 2]) {
          folder.failing = true;
          await run(window);
          await run(window);
          assert.deepEqual(
            lines,
            Array(expected).fill(
              `Unable to ${operation} session files for other windows: unexpected (unexpected): Error.`,
            ),
          );
          folder.failing = false;
          await window.list();
          await window.update('s1', toGeneration(1));
          await window.delete('s1');
          await window.update('s1', toGeneration(1));
        }
      });
    }

    it("reports that other windows can't read a record when only writing fails", async () => {
      const window = openWindow();
      await window.write(record);
      folder.failing = 'writing';
      assert.equal(await window.write({ ...record, generation: 2 }), false);
      assert.deepEqual(await read('s1', window), record);
      folder.failing = false;
      assert.equal(await window.write({ ...record, generation: 2 }), true);
      assert.equal(await generationIn(), 2);
    });
  });
});
