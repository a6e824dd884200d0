// Several windows that change one session's file at the same time: seeded with an in-memory folder, and random with a
// real one.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, type Clock } from '../../../src/core/clock.ts';
import { silentLog } from '../../../src/core/log.ts';
import type { SharedFolder } from '../../../src/locking/sharedFolder.ts';
import { nodeCipher } from '../../../src/node/cipher.ts';
import { nodeSharedFolder } from '../../../src/node/sharedFolder.ts';
import { EncryptionKeys } from '../../../src/storage/encryptionKeys.ts';
import { headerOf, type SessionFile, type SessionHeader } from '../../../src/storage/sessionFile.ts';
import { SessionFiles } from '../../../src/storage/sessionFiles.ts';
import { FakeStore } from '../../support/fakeStore.ts';
import { Interleaver } from '../../support/interleaver.ts';
import { allKeyNames } from '../../support/keyNames.ts';
import { sessionFile } from '../../support/sharedFiles.ts';

const WINDOWS = 4;
/** How many changes each window makes, one after the other. */
const CHANGES = 3;

/** A header that lists the changes that were made to it. */
const headerListing = (changes: readonly string[]): SessionHeader => ({
  version: 1,
  providerId: 'acme',
  generation: 1,
  isComplete: true,
  isEnded: false,
  sealed: { key: 'changes', text: changes.join(' ') },
});

const changesIn = (file: SessionFile | undefined): string[] =>
  headerOf(file)
    ?.sealed?.text.split(' ')
    .filter((change) => change !== '') ?? [];

/** Adds a change to the list, unless it's already there. */
const change =
  (name: string) =>
  (file: SessionFile | undefined): SessionFile | undefined => {
    const changes = changesIn(file);
    return changes.includes(name) ? undefined : headerListing([...changes, name]);
  };

const openFiles = (folder: SharedFolder, clock: Clock): SessionFiles =>
  new SessionFiles({
    clock,
    log: silentLog,
    folder,
    cipher: nodeCipher,
    keys: new EncryptionKeys(new FakeStore(), allKeyNames, () => nodeCipher.newKey()),
  });

/** The disturbances of a crowd's windows. */
interface Disturbance {
  /** How many windows are killed and replaced. */
  readonly kills: number;
  /** Whether windows are stopped for a while. */
  readonly stops: boolean;
  /** If not, a created file is empty until its window's next step. */
  readonly hasHardLinks: boolean;
}

/** Windows that change the same file, in an order of steps decided by a seed. */
class Crowd {
  readonly #steps: Interleaver;
  readonly #disturbance: Disturbance;
  /** The windows that aren't done. */
  readonly #open = new Set<number>();
  /** The changes that were reported as made. */
  readonly #made: string[] = [];
  /** The changes that were reported as not made. */
  readonly #givenUp: string[] = [];
  #killsLeft: number;
  #opened = 0;

  constructor(seed: number, disturbance: Disturbance) {
    this.#steps = new Interleaver(seed);
    this.#disturbance = disturbance;
    this.#killsLeft = disturbance.kills;
  }

  async run(): Promise<void> {
    for (let count = 0; count < WINDOWS; count += 1) {
      void this.#live(CHANGES);
    }
    await this.#steps.run(20_000, () => this.#disturb());
    assert.equal(this.#open.size, 0, 'a window never finished');
    assert.deepEqual(this.#givenUp, []);
    if (this.#disturbance.kills === 0) {
      assert.equal(this.#steps.files.size, 1, 'files have remained');
    }
    void this.#live(1);
    await this.#steps.run(1000, () => {});
    assert.equal(this.#steps.files.size, 1, 'files have remained after one more change');
    const changes = changesIn(sessionFile(this.#steps.files));
    assert.equal(new Set(changes).size, changes.length, 'a change was made twice');
    assert.deepEqual(
      this.#made.filter((one) => !changes.includes(one)),
      [],
      'a change is lost',
    );
  }

  async #live(changes: number): Promise<void> {
    const window = (this.#opened += 1);
    this.#open.add(window);
    const steps = this.#steps;
    const files = openFiles(steps.folderOf(window, this.#disturbance.hasHardLinks), steps.clockOf(window));
    for (let count = 1; count <= changes; count += 1) {
      const name = `${window}-${count}`;
      const list = (await files.update('s1', change(name))) ? this.#made : this.#givenUp;
      list.push(name);
    }
    this.#open.delete(window);
  }

  /** Between two steps, a window may be stopped for a while or end. */
  #disturb(): void {
    const windows = [...this.#open];
    const one = windows[this.#steps.below(windows.length)];
    if (one === undefined) {
      return;
    }
    if (this.#disturbance.stops && this.#steps.chance(0.05)) {
      this.#steps.freeze(one, this.#steps.below(100));
    }
    if (this.#killsLeft > 0 && this.#steps.chance(0.02)) {
      this.#killsLeft -= 1;
      this.#steps.kill(one);
      this.#open.delete(one);
      void this.#live(CHANGES);
    }
  }
}

describe('SessionFiles in several windows', () => {
  const disturbances: Readonly<Record<string, Disturbance>> = {
    'windows are stopped at any step': { kills: 0, stops: true, hasHardLinks: true },
    'windows are stopped and killed at any step': { kills: 4, stops: true, hasHardLinks: true },
    'windows are killed at any step and files are empty at first': { kills: 4, stops: false, hasHardLinks: false },
  };
  for (const [name, disturbance] of Object.entries(disturbances)) {
    it(`loses no change and leaves one file when ${name}`, async () => {
      for (let seed = 1; seed <= 600; seed += 1) {
        await new Crowd(seed, disturbance).run().catch((error: unknown) => {
          throw new Error(`with seed ${seed}`, { cause: error });
        });
      }
    });
  }

  describe('with a folder on disk', () => {
    let path: string;

    beforeEach(async () => {
      path = await mkdtemp(join(tmpdir(), 'sk-'));
    });

    afterEach(async () => {
      await rm(path, { recursive: true });
    });

    it('loses no change and leaves one file when all windows change it at once', async () => {
      const windows = Array.from({ length: WINDOWS }, () => openFiles(nodeSharedFolder(path), systemClock));
      const names: string[] = [];
      const made = await Promise.all(
        windows.flatMap((files, window) =>
          Array.from({ length: CHANGES }, (_, count) => {
            const name = `${window}-${count}`;
            names.push(name);
            return files.update('s1', change(name));
          }),
        ),
      );
      assert.deepEqual(made, Array(names.length).fill(true));
      assert.deepEqual(changesIn(await windows[0]?.read('s1')).sort(), names);
      assert.deepEqual(await readdir(path), [`s1.${names.length}.session`]);
    });
  });
});
