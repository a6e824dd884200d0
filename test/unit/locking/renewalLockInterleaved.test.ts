// The renewal lock with steps in any order: seeded with an in-memory folder, and random with a real one.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SECOND, systemClock, type Clock } from '../../../src/core/clock.ts';
import { toFailure } from '../../../src/core/failure.ts';
import { silentLog as log } from '../../../src/core/log.ts';
import { nodeCipher as cipher } from '../../../src/node/cipher.ts';
import { nodeSharedFolder } from '../../../src/node/sharedFolder.ts';
import { nodeProcessLiveness } from '../../../src/node/processLiveness.ts';
import { Mutex } from '../../../src/locking/mutex.ts';
import { RenewalLock, type LockHandle } from '../../../src/locking/renewalLock.ts';
import type { SharedFolder } from '../../../src/locking/sharedFolder.ts';
import { EncryptionKeys } from '../../../src/storage/encryptionKeys.ts';
import { LiveSessions } from '../../../src/storage/liveSessions.ts';
import { SecretSessionStorage } from '../../../src/storage/secretSessionStorage.ts';
import { withRecord } from '../../../src/storage/sessionFile.ts';
import { SessionFiles } from '../../../src/storage/sessionFiles.ts';
import { SessionStore } from '../../../src/storage/sessionStore.ts';
import { rejectsWith } from '../../support/failures.ts';
import { FakeStore } from '../../support/fakeStore.ts';
import { Interleaver } from '../../support/interleaver.ts';
import { allKeyNames } from '../../support/keyNames.ts';
import { endOthers, startOther } from '../../support/processes.ts';
import { JUST_WAIT } from '../../support/renewalLockFixture.ts';
import { generation as recordOf } from '../../support/sessionStoreFixture.ts';

/** Windows that each acquire the lock a few times, in an order of steps decided by a seed. */
abstract class Crowd {
  protected readonly steps: Interleaver;
  /** The windows that aren't done. */
  protected readonly open = new Set<number>();
  readonly #faults: Error[] = [];
  #opened = 0;
  /** How often the lock was acquired. */
  done = 0;

  constructor(seed: number) {
    this.steps = new Interleaver(seed);
  }

  /** Runs a number of windows until each is done. */
  async run(windows: number, most: number): Promise<void> {
    for (let count = 0; count < windows; count += 1) {
      this.openWindow();
    }
    await this.steps.run(most, () => this.disturb());
    assert.deepEqual(this.#faults, []);
    assert.equal(this.open.size, 0, 'a window never got the lock');
  }

  protected openWindow(): void {
    const window = (this.#opened += 1);
    this.open.add(window);
    this.#live(window).catch((error: unknown) =>
      this.#faults.push(error instanceof Error ? error : new Error(String(error))),
    );
  }

  protected lockOf(window: number, folder: SharedFolder = this.steps.folderOf(window)): RenewalLock {
    return new RenewalLock({
      clock: this.steps.clockOf(window),
      log,
      folder,
      liveness: this.steps.livenessOf(window),
      mutex: new Mutex(),
      onDidDegrade: () => assert.fail('the folder works'),
    });
  }

  /** Returns a random window that isn't done; undefined if all are. */
  protected pick(): number | undefined {
    const windows = [...this.open];
    return windows[this.steps.below(windows.length)];
  }

  async #live(window: number): Promise<void> {
    const acquire = this.start(window);
    for (let had = 0; had < 3;) {
      try {
        await acquire();
        had += 1;
        this.done += 1;
      } catch (error) {
        if (toFailure(error).category !== 'lock-timeout') {
          throw error;
        }
      }
    }
    this.open.delete(window);
  }

  /** Starts a window, and returns a function that acquires the lock once. */
  protected abstract start(window: number): () => Promise<void>;
  /** Runs between two steps. */
  protected abstract disturb(): void;
}

/** What the next holder must find for the refresh token of a generation. */
type Mark =
  /** It's marked as in flight. */
  | 'marked'
  /** The window that was about to set or clear the mark was killed. */
  | 'either';

/** Windows that refresh a session while some are stopped for a while, and some are killed and replaced. */
class MortalCrowd extends Crowd {
  readonly #holders = new Set<number>();
  /** The generations that are in flight, or may be. */
  readonly #marks = new Map<number, Mark>();
  /** The generation whose mark each window is about to change. */
  readonly #changing = new Map<number, number>();
  #killsLeft = 6;
  /** How often a holder found that the outcome of the previous request is unknown. */
  losses = 0;

  protected override start(window: number): () => Promise<void> {
    const renewalLock = this.lockOf(window);
    const folder = this.steps.folderOf(window);
    const clock = this.steps.clockOf(window);
    const secrets = new FakeStore();
    const keys = new EncryptionKeys(secrets, allKeyNames, () => cipher.newKey());
    const files = new SessionFiles({ clock, log, folder, cipher, keys });
    const secretStorage = new SecretSessionStorage(secrets);
    const liveSessions = new LiveSessions(log, clock);
    const store = new SessionStore({ clock, log, secretStorage, files, liveSessions });
    return () => renewalLock.runExclusive('s1', (lock) => this.#refresh(window, lock, store, files), JUST_WAIT);
  }

  async #refresh(window: number, lock: LockHandle, store: SessionStore, files: SessionFiles): Promise<void> {
    assert.deepEqual([...this.#holders], [], 'two at once');
    assert.ok(lock.isCrossWindow);
    this.#holders.add(window);
    const { generation = 1 } = (await store.header('s1')) ?? {};
    const before = this.#marks.get(generation);
    const isUnknown = await this.#change(window, generation, 'marked', () =>
      store.markRefreshInFlight(recordOf(generation)),
    );
    if (before !== 'either') {
      assert.equal(isUnknown, before === 'marked', `generation ${generation} was ${before ?? 'not in flight'}`);
    }
    this.losses += isUnknown ? 1 : 0;
    do {
      await this.steps.step(window);
    } while (this.steps.chance(0.6));
    if (this.steps.chance(0.5)) {
      // The mark is stored with the generation, in one step.
      await files.update('s1', (file) => withRecord(file, recordOf(generation + 1), undefined));
      assert.equal((await store.header('s1'))?.inFlight, undefined);
    } else if (this.steps.chance(0.6)) {
      await this.#change(window, generation, undefined, () => store.clearRefreshInFlight('s1'));
    }
    assert.equal(await lock.isHeld(), true);
    this.#holders.delete(window);
  }

  /** Changes the mark. A window that is killed meanwhile may or may not have done so. */
  async #change<T>(window: number, generation: number, after: 'marked' | undefined, run: () => Promise<T>): Promise<T> {
    this.#changing.set(window, generation);
    const result = await run();
    this.#changing.delete(window);
    if (after === undefined) {
      this.#marks.delete(generation);
    } else {
      this.#marks.set(generation, after);
    }
    return result;
  }

  protected override disturb(): void {
    const one = this.pick();
    if (one !== undefined && this.steps.chance(0.02)) {
      this.steps.freeze(one, this.steps.below(300));
    }
    if (one !== undefined && this.#killsLeft > 0 && this.steps.chance(0.004)) {
      this.#killsLeft -= 1;
      this.steps.kill(one);
      this.#holders.delete(one);
      const changing = this.#changing.get(one);
      if (changing !== undefined) {
        this.#marks.set(changing, 'either');
      }
      this.open.delete(one);
      this.openWindow();
    }
  }
}

/** Windows that overtake one another, because some are stopped for a long time. */
class OvertakingCrowd extends Crowd {
  /** Which window has acquired each number. */
  readonly #owners = new Map<number, number>();
  /** The newest lock that each window has created. */
  readonly #created = new Map<number, number>();
  readonly #stopped = new Set<number>();
  readonly #holders = new Map<number, number>();
  /** How often a window found that it was overtaken. */
  overtaken = 0;

  protected override start(window: number): () => Promise<void> {
    const folder = this.steps.folderOf(window);
    const renewalLock = this.lockOf(window, {
      ...folder,
      create: async (name, text) => {
        const isCreated = await folder.create(name, text);
        const number = /^s1\.(\d+)\.locked$/.exec(name)?.[1];
        if (isCreated && number !== undefined) {
          this.#created.set(window, Number(number));
        }
        return isCreated;
      },
    });
    return () =>
      renewalLock.runExclusive('s1', (lock) => this.#work(window, lock), { ...JUST_WAIT, mayOvertake: () => true });
  }

  async #work(window: number, lock: LockHandle): Promise<void> {
    const number = this.#created.get(window) ?? 0;
    assert.equal(this.#owners.has(number), false, `two windows have lock ${number}`);
    this.#owners.set(number, window);
    for (const [other, held] of this.#holders) {
      assert.ok(held > number || this.#stopped.has(other), `window ${other} was overtaken although it responds`);
    }
    this.#holders.set(window, number);
    for (let count = 0; count < 5; count += 1) {
      const isOvertakenBefore = this.#newest() > number;
      const isHeld = await lock.isHeld();
      const isOvertakenAfter = this.#newest() > number;
      assert.ok(!isHeld || !isOvertakenBefore, 'a window that was overtaken considers the lock its own');
      assert.ok(isHeld || isOvertakenAfter, "a window that wasn't overtaken considers the lock lost");
      this.overtaken += isHeld ? 0 : 1;
    }
    this.#holders.delete(window);
    this.#stopped.delete(window);
  }

  /** Returns the newest lock that any window has worked with. */
  #newest(): number {
    return Math.max(...this.#owners.keys());
  }

  protected override disturb(): void {
    const one = this.pick();
    if (one !== undefined && this.#holders.has(one) && !this.steps.isFrozen(one) && this.steps.chance(0.1)) {
      this.steps.freeze(one, this.steps.below(4000));
      this.#stopped.add(one);
    }
  }
}

describe('The renewal lock with steps in any order', () => {
  it('has one holder at a time, is taken over from killed windows, and reports exactly the losses that occurred', async () => {
    let done = 0;
    let losses = 0;
    for (let seed = 1; seed <= 400; seed += 1) {
      const crowd = new MortalCrowd(seed);
      await crowd.run(5, 40_000).catch((error: unknown) => {
        throw new Error(`with seed ${seed}`, { cause: error });
      });
      done += crowd.done;
      losses += crowd.losses;
    }
    assert.ok(done > 400 * 15 && losses > 400, `acquired ${done} times, ${losses} losses`);
  });

  it('has one holder for each number when stopped windows are overtaken, and resume later', async () => {
    let overtaken = 0;
    for (let seed = 1; seed <= 60; seed += 1) {
      const crowd = new OvertakingCrowd(seed);
      await crowd.run(3, 200_000).catch((error: unknown) => {
        throw new Error(`with seed ${seed}`, { cause: error });
      });
      overtaken += crowd.overtaken;
    }
    assert.ok(overtaken > 60, `overtaken ${overtaken} times`);
  });
});

describe('The renewal lock in a real folder', () => {
  /** A machine clock on which a tenth of a second passes immediately. */
  const hasty: Clock = { now: () => systemClock.now(), after: (delay, run) => systemClock.after(delay / 50, run) };
  let path: string;

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'sk-'));
  });

  afterEach(async () => {
    await endOthers();
    await rm(path, { recursive: true });
  });

  const openWindow = (): RenewalLock =>
    new RenewalLock({
      clock: hasty,
      log,
      folder: nodeSharedFolder(path),
      liveness: nodeProcessLiveness(),
      mutex: new Mutex(),
      onDidDegrade: () => assert.fail('the folder works'),
    });

  it('has one holder at a time when many windows request it', async () => {
    let running = 0;
    let done = 0;
    const task = async ({ isCrossWindow }: LockHandle): Promise<void> => {
      assert.deepEqual([(running += 1), isCrossWindow], [1, true]);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      done += 1;
    };
    await Promise.all(
      Array.from({ length: 10 }, openWindow).flatMap((renewalLock) =>
        [1, 2, 3].map(() => renewalLock.runExclusive('s1', task, JUST_WAIT)),
      ),
    );
    assert.equal(done, 30);
    assert.ok((await readdir(path)).includes('s1.30.locked'));
  });

  const module = (name: string): string => JSON.stringify(import.meta.resolve(`../../../src/${name}.ts`));

  /** Returns a program that acquires the lock. */
  const programThat = (task: string): string => `
    import { appendFileSync } from 'node:fs';
    import { systemClock } from ${module('core/clock')};
    import { nodeSharedFolder } from ${module('node/sharedFolder')};
    import { nodeProcessLiveness } from ${module('node/processLiveness')};
    import { Mutex } from ${module('locking/mutex')};
    import { RenewalLock } from ${module('locking/renewalLock')};
    const path = ${JSON.stringify(path)};
    const clock = { now: systemClock.now, after: (delay, run) => systemClock.after(delay / 50, run) };
    const log = { trace() {}, debug() {}, info() {}, warn: console.log, error: console.log };
    const onDidDegrade = () => console.log('degraded');
    const renewalLock = new RenewalLock({ clock, log, folder: nodeSharedFolder(path), liveness: nodeProcessLiveness(), mutex: new Mutex(), onDidDegrade });
    const run = (task) => renewalLock.runExclusive('s1', task, { whileWaiting: async () => undefined });
    ${task}
  `;

  it('has one holder at a time when several processes request it', async () => {
    const program = programThat(`
      for (let count = 0; count < 8; count += 1) {
        await run(async () => {
          appendFileSync(path + '/log', '<');
          await new Promise((resolve) => setTimeout(resolve, 1));
          appendFileSync(path + '/log', '>');
        });
      }
      console.log('done');
    `);
    const others = Array.from({ length: 3 }, () => startOther(program, { TMPDIR: path }));
    assert.deepEqual(await Promise.all(others.map((other) => other.next())), ['done', 'done', 'done']);
    assert.equal(await readFile(join(path, 'log'), 'utf8'), '<>'.repeat(24));
  });

  const holder = (): string =>
    programThat(
      `await run(() => { console.log('acquired'); return new Promise(() => setInterval(() => {}, 1000)); });`,
    );

  it('is acquired immediately when its process is killed while holding it', async () => {
    const other = startOther(holder(), { TMPDIR: path });
    await other.next();
    const waiting = openWindow().runExclusive<LockHandle>('s1', (lock) => Promise.resolve(lock), JUST_WAIT);
    await other.kill();
    assert.deepEqual([(await waiting).isCrossWindow, (await readdir(path)).includes('s1.2.locked')], [true, true]);
  });

  it("isn't acquired when its process is stopped", async function () {
    if (process.platform === 'win32') {
      this.skip();
    }
    const other = startOther(holder(), { TMPDIR: path });
    await other.next();
    other.process.kill('SIGSTOP');
    await rejectsWith(
      openWindow().runExclusive('s1', () => Promise.resolve(assert.fail('acquired')), {
        ...JUST_WAIT,
        timeout: 10 * SECOND,
      }),
      'lock-timeout',
    );
    other.process.kill('SIGCONT');
  });
});
