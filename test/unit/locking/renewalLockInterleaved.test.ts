// Turns under whatever order of steps there is: by seed over a folder in memory, and by chance over a real one.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SECOND, systemClock, type Clock } from '../../../src/core/clock.ts';
import { toFailure } from '../../../src/core/failure.ts';
import type { Log } from '../../../src/core/log.ts';
import { nodeSharedFolder } from '../../../src/node/sharedFolder.ts';
import { nodeProcessLiveness } from '../../../src/node/processLiveness.ts';
import { Mutex } from '../../../src/locking/mutex.ts';
import { RenewalLock, type LockHandle } from '../../../src/locking/renewalLock.ts';
import { rejectsWith } from '../../support/failures.ts';
import { Interleaver } from '../../support/interleaver.ts';
import { endOthers, startOther } from '../../support/processes.ts';
import { never } from '../../support/renewalLockFixture.ts';

const silent = (): void => {};
const log: Log = { trace: silent, debug: silent, info: silent, warn: silent, error: silent };

/** Five windows that each want three turns, in an order of steps that a seed decides; some are killed and replaced. */
class Crowd {
  readonly #steps: Interleaver;
  readonly #holders = new Set<number>();
  /** The windows that are not done, with the generation that each wants a turn for. */
  readonly #open = new Map<number, number>();
  #killsLeft = 6;
  #opened = 0;
  #generation = 1;
  /** The latest turn that anybody had: for what, and how it went. */
  #latest = { generation: 0, isKnown: true };
  #killsSince = 0;
  readonly #faults: Error[] = [];
  /** How many turns were had. */
  done = 0;
  /** How often a loss was told of that never was. */
  falseAlarms = 0;

  constructor(seed: number) {
    this.#steps = new Interleaver(seed);
  }

  async run(): Promise<void> {
    for (let count = 0; count < 5; count += 1) {
      this.#openWindow();
    }
    await this.#steps.run(20_000, () => this.#disturb());
    assert.deepEqual(this.#faults, []);
    assert.equal(this.#open.size, 0, 'somebody never had a turn');
  }

  #openWindow(): void {
    const window = (this.#opened += 1);
    this.#open.set(window, this.#generation);
    const steps = this.#steps;
    const ports = { log, clock: steps.clockOf(window), folder: steps.folderOf(window), life: steps.lifeOf(window) };
    const renewalLock = new RenewalLock({ ...ports, lock: new Mutex(), onDidDegrade: () => assert.fail('alone') });
    this.#live(window, renewalLock).catch((error: unknown) =>
      this.#faults.push(error instanceof Error ? error : new Error(String(error))),
    );
  }

  async #live(window: number, renewalLock: RenewalLock): Promise<void> {
    for (let had = 0; had < 3;) {
      try {
        this.#open.set(window, this.#generation);
        await renewalLock.take('s1', this.#generation, (turn) => this.#beAtIt(window, turn), never);
        had += 1;
      } catch (error) {
        if (toFailure(error).category !== 'lock-timeout') {
          throw error;
        }
      }
    }
    this.#open.delete(window);
  }

  async #beAtIt(window: number, turn: LockHandle): Promise<void> {
    this.#begin(window, turn);
    do {
      await this.#steps.step(window);
    } while (this.#steps.chance(0.6));
    const isLost = this.#steps.chance(0.2);
    turn.markOutcomeUnknown(isLost);
    this.#latest = { generation: turn.generation, isKnown: !isLost };
    this.#generation += this.#steps.chance(0.5) ? 1 : 0;
    this.#holders.delete(window);
    this.done += 1;
  }

  #begin(window: number, { generation, previousAttemptUnknown, isCrossWindow }: LockHandle): void {
    assert.deepEqual([...this.#holders], [], 'two at once');
    assert.ok(isCrossWindow);
    if (!this.#latest.isKnown && this.#latest.generation === generation) {
      assert.ok(previousAttemptUnknown, 'a loss was not told of');
    }
    this.falseAlarms += previousAttemptUnknown && this.#latest.isKnown && this.#killsSince === 0 ? 1 : 0;
    this.#holders.add(window);
    this.#latest = { generation, isKnown: true };
    this.#killsSince = 0;
  }

  /** Between two steps, a window may be stopped for long, or end. */
  #disturb(): void {
    const windows = [...this.#open.keys()];
    const one = windows[this.#steps.below(windows.length)];
    if (one !== undefined && this.#steps.chance(0.02)) {
      this.#steps.freeze(one, this.#steps.below(300));
    }
    if (one !== undefined && this.#killsLeft > 0 && this.#steps.chance(0.01)) {
      this.#kill(one);
    }
  }

  #kill(window: number): void {
    this.#killsLeft -= 1;
    this.#killsSince += 1;
    this.#steps.kill(window);
    if (this.#holders.delete(window)) {
      this.#latest = { ...this.#latest, isKnown: false };
    } else if (this.#open.get(window) !== this.#latest.generation) {
      // It may just have made a turn for another generation, and it is the latest turn that tells of a loss.
      this.#latest = { ...this.#latest, isKnown: true };
    }
    this.#open.delete(window);
    this.#openWindow();
  }
}

describe('Turns in whatever order their steps come', function () {
  this.timeout(20_000);
  const total = { done: 0, falseAlarms: 0 };

  it('are never two at once, pass on from the dead, and tell of every loss', async () => {
    for (let seed = 1; seed <= 400; seed += 1) {
      const crowd = new Crowd(seed);
      await crowd.run().catch((error: unknown) => {
        throw new Error(`with seed ${seed}`, { cause: error });
      });
      total.done += crowd.done;
      total.falseAlarms += crowd.falseAlarms;
    }
    assert.ok(total.done > 400 * 15);
  }).timeout(60_000);

  it('tell of no loss that never was', () => {
    assert.equal(total.falseAlarms, 0, `${total.falseAlarms} of ${total.done}`);
  });
});

describe('Turns in a real folder', function () {
  this.timeout(20_000);
  /** A clock of the machine on which a tenth of a second is over at once. */
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
      life: nodeProcessLiveness(),
      lock: new Mutex(),
      onDidDegrade: () => assert.fail('alone'),
    });

  it('are the only ones, of many windows', async () => {
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
        [1, 2, 3].map(() => renewalLock.take('s1', 1, task, never)),
      ),
    );
    assert.equal(done, 30);
    assert.ok((await readdir(path)).includes('s1.30.held'));
  });

  const module = (name: string): string => JSON.stringify(import.meta.resolve(`../../../src/${name}.ts`));

  /** A process that takes turns, and writes down when it is at it. */
  const taker = (task: string): string => `
    import { appendFileSync } from 'node:fs';
    import { systemClock } from ${module('core/clock')};
    import { nodeSharedFolder } from ${module('node/sharedFolder')};
    import { nodeProcessLiveness } from ${module('node/processLiveness')};
    import { Mutex } from ${module('locking/mutex')};
    import { RenewalLock } from ${module('locking/renewalLock')};
    const path = ${JSON.stringify(path)};
    const clock = { now: systemClock.now, after: (delay, run) => systemClock.after(delay / 50, run) };
    const log = { trace() {}, debug() {}, info() {}, warn: console.log, error: console.log };
    const onDidDegrade = () => console.log('alone');
    const renewalLock = new RenewalLock({ clock, log, folder: nodeSharedFolder(path), life: nodeProcessLiveness(), lock: new Mutex(), onDidDegrade });
    const take = (task) => renewalLock.take('s1', 1, task, async () => undefined);
    ${task}
  `;

  it('are the only ones, of several processes', async () => {
    const program = taker(`
      for (let count = 0; count < 8; count += 1) {
        await take(async () => {
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
    taker(`await take(() => { console.log('held'); return new Promise(() => setInterval(() => {}, 1000)); });`);

  it('pass on at once from a process that is killed in the middle', async () => {
    const other = startOther(holder(), { TMPDIR: path });
    await other.next();
    const waiting = openWindow().take('s1', 1, (turn) => Promise.resolve(turn), never);
    await other.kill();
    assert.deepEqual(
      [(await waiting).previousAttemptUnknown, (await readdir(path)).includes('s1.2.held')],
      [true, true],
    );
  });

  it('are never taken from a process that is stopped', async function () {
    if (process.platform === 'win32') {
      this.skip();
    }
    const other = startOther(holder(), { TMPDIR: path });
    await other.next();
    other.process.kill('SIGSTOP');
    await rejectsWith(
      openWindow().take('s1', 1, () => Promise.resolve(assert.fail('taken')), never, 10 * SECOND),
      'lock-timeout',
    );
    other.process.kill('SIGCONT');
  });
});
