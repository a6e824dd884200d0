import assert from 'node:assert/strict';
import { DAY, SECOND } from '../../../src/core/clock.ts';
import type { LockHandle, RenewalLock } from '../../../src/locking/renewalLock.ts';
import type { FakeFolder, FakeProcessLiveness } from '../../support/fakeStore.ts';
import { settle, type FakeClock } from '../../support/fakeClock.ts';
import { rejectsWith } from '../../support/failures.ts';
import {
  never,
  RenewalLockFixture,
  WatchedFolder,
  type LockHolder,
  type TurnWindow,
} from '../../support/renewalLockFixture.ts';

describe('Turns', function () {
  this.timeout(20_000);
  let bench: RenewalLockFixture;
  let folder: WatchedFolder;
  let life: FakeProcessLiveness;
  let clock: FakeClock;

  beforeEach(() => {
    bench = new RenewalLockFixture();
    ({ folder, life, clock } = bench);
  });

  const openWindow = (own: FakeFolder = folder): TurnWindow => bench.openWindow(own);
  const hold = (renewalLock: RenewalLock, generation = 1, isLost = false): Promise<LockHolder> =>
    bench.hold(renewalLock, generation, isLost);
  const pass = (renewalLock: RenewalLock, generation = 1): Promise<LockHandle> => bench.pass(renewalLock, generation);

  it('are the only ones, of many windows and many tasks in each', async () => {
    let running = 0;
    let done = 0;
    const tasks = Array.from({ length: 8 }, () => openWindow()).flatMap((renewalLock) =>
      Array.from({ length: 5 }, () =>
        renewalLock.take(
          's1',
          1,
          async ({ isCrossWindow }) => {
            assert.deepEqual([(running += 1), isCrossWindow], [1, true]);
            await settle();
            running -= 1;
            done += 1;
          },
          never,
        ),
      ),
    );
    const all = Promise.all(tasks);
    await clock.advance(40 * SECOND);
    await all;
    assert.equal(done, 40);
    const numbers = folder.made.map((name) => Number(name.split('.')[1]));
    assert.deepEqual(
      numbers,
      Array.from({ length: 40 }, (_, index) => index + 1),
      'numbers only grow, by one each',
    );
  });

  it('leave a few files behind, that of the last turn always among them', async () => {
    const renewalLock = openWindow();
    for (let count = 1; count <= 30; count += 1) {
      await pass(renewalLock);
      assert.ok(folder.files.has(`s1.${count}.held`) && folder.files.has(`s1.${count}.over`));
      assert.ok(folder.files.size <= 6, [...folder.files.keys()].join());
    }
  });

  it('do not keep those of one session waiting for those of another', async () => {
    const [one, other] = [openWindow(), openWindow()];
    const held = await hold(one);
    assert.equal((await other.take('s2', 1, (turn) => Promise.resolve(turn), never)).isCrossWindow, true);
    await held.end();
  });

  it('give the result of the task, or its failure, and pass on after either', async () => {
    const [one, other] = [openWindow(), openWindow()];
    assert.equal(await one.take('s1', 1, () => Promise.resolve('done'), never), 'done');
    await assert.rejects(
      one.take('s1', 1, () => Promise.reject(new Error('no')), never),
      /no/,
    );
    assert.equal((await pass(other)).previousAttemptUnknown, false);
    assert.equal(await life.lives('window-1'), false, 'its sign has gone out');
  });

  describe('whose window has died', () => {
    it('pass on at once, and say that one was cut off', async () => {
      await bench.die();
      const { previousAttemptUnknown, isCrossWindow } = await pass(openWindow());
      assert.deepEqual([previousAttemptUnknown, isCrossWindow, clock.pending], [true, true, 0]);
    });

    it('pass on as if nothing had happened to another generation', async () => {
      await bench.die(1);
      assert.equal((await pass(openWindow(), 2)).previousAttemptUnknown, false);
    });

    it('pass on over any number of dead windows', async () => {
      for (let count = 0; count < 5; count += 1) {
        await bench.die();
      }
      assert.equal((await pass(openWindow())).previousAttemptUnknown, true);
      assert.equal(clock.pending, 0);
    });

    it('pass on as soon as a window dies that is being waited for', async () => {
      await hold(openWindow());
      const waiting = hold(openWindow());
      await clock.advance(10 * SECOND);
      bench.kill('s1.1.held');
      await clock.advance(SECOND / 10);
      assert.equal((await waiting).turn.previousAttemptUnknown, true);
    });

    it('pass on where the end of a turn could not be marked', async () => {
      const one = openWindow();
      const held = await hold(one);
      folder.failing = 'writing';
      await held.end();
      folder.failing = false;
      assert.equal((await pass(openWindow())).isCrossWindow, true);
      assert.deepEqual([clock.pending, one.lines.length], [0, 1]);
    });
  });

  describe('that ended without knowing what became of the request', () => {
    it('say so to the next of the same generation, in whichever window, until an answer comes', async () => {
      await (await hold(openWindow(), 1, true)).end();
      assert.equal((await pass(openWindow())).previousAttemptUnknown, true);
      // That one has not sent anything, so it is still not known.
      const third = await hold(openWindow(), 1, false);
      assert.equal(third.turn.previousAttemptUnknown, true);
      await third.end();
      assert.equal((await pass(openWindow())).previousAttemptUnknown, false);
    });

    it('do not say so where they end while somebody looks whether their window lives', async () => {
      const held = await hold(openWindow());
      const lives = life.lives.bind(life);
      life.lives = async (sign) => {
        await held.end();
        return lives(sign);
      };
      const next = hold(openWindow());
      await clock.advance(SECOND);
      assert.equal((await next).turn.previousAttemptUnknown, false);
    });

    it('say nothing of it to another generation', async () => {
      await (await hold(openWindow(), 1, true)).end();
      assert.equal((await pass(openWindow(), 2)).previousAttemptUnknown, false);
    });
  });

  describe('whose window is stopped, but lives', () => {
    it('are waited for and never taken, and the wait has an end', async () => {
      const held = await hold(openWindow());
      let isRun = false;
      const waiting = rejectsWith(
        openWindow().take('s1', 1, () => Promise.resolve((isRun = true)), never),
        'lock-timeout',
      );
      await clock.advance(50 * SECOND);
      await waiting;
      assert.equal(isRun, false);
      await held.end();
      assert.equal((await pass(openWindow())).previousAttemptUnknown, false);
    });

    it('are not taken however often and however long others wait, whatever the clock shows', async () => {
      const held = await hold(openWindow());
      const other = openWindow();
      for (let time = 0; time < 5; time += 1) {
        const waiting = rejectsWith(hold(other), 'lock-timeout');
        clock.jump(time % 2 === 0 ? DAY : -2 * DAY);
        await clock.advance(50 * SECOND);
        await waiting;
      }
      assert.deepEqual(folder.made, ['s1.1.held']);
      await held.end();
    });

    it('are waited for as long as the caller says', async () => {
      const held = await hold(openWindow());
      const waiting = rejectsWith(openWindow().take('s1', 1, never, never, 3 * SECOND), 'lock-timeout');
      await clock.advance(3 * SECOND + 200);
      await waiting;
      await held.end();
    });

    it('pass on when it goes on and is done', async () => {
      const held = await hold(openWindow());
      const waiting = hold(openWindow());
      await clock.advance(30 * SECOND);
      await held.end();
      await clock.advance(SECOND);
      assert.equal((await waiting).turn.previousAttemptUnknown, false);
    });
  });

  it('of a window that looked long ago are given up, and it waits for its real one', async () => {
    // A window of its own folder, so that only it is kept waiting, over the same files.
    const slow = new WatchedFolder();
    Object.assign(slow, { files: folder.files });
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    const reached = new Promise<void>((resolve) => {
      slow.beforeCreate = () => {
        resolve();
        return gate;
      };
    });
    let isRunning = false;
    const late = openWindow(slow).take('s1', 1, () => Promise.resolve((isRunning = true)), never);
    await reached;
    const other = openWindow();
    for (let count = 0; count < 5; count += 1) {
      await pass(other);
    }
    const held = await hold(other);
    assert.equal(folder.files.has('s1.1.held'), false, 'its number is long past');
    open();
    slow.beforeCreate = () => Promise.resolve();
    await settle();
    assert.deepEqual([slow.made, isRunning, folder.files.has('s1.1.held')], [['s1.1.held'], false, false]);
    await held.end();
    await clock.advance(SECOND);
    await late;
    assert.deepEqual([slow.made.at(-1), isRunning], ['s1.7.held', true]);
  });

  describe('of a window on another machine', () => {
    const elsewhere = (): void =>
      void folder.files.set('s1.1.held', JSON.stringify({ sign: 'elsewhere-1', generation: 1 }));

    it('are respected for two minutes of looking', async () => {
      elsewhere();
      const renewalLock = openWindow();
      for (let time = 0; time < 2; time += 1) {
        const waiting = rejectsWith(hold(renewalLock), 'lock-timeout');
        await clock.advance(46 * SECOND);
        await waiting;
      }
      const third = hold(renewalLock);
      await clock.advance(27 * SECOND);
      assert.deepEqual(folder.made, []);
      await clock.advance(3 * SECOND);
      assert.equal((await third).turn.previousAttemptUnknown, true);
    });

    it('are respected just as long where the clock leaps, either way', async () => {
      elsewhere();
      const renewalLock = openWindow();
      for (let time = 0; time < 2; time += 1) {
        const waiting = rejectsWith(hold(renewalLock), 'lock-timeout');
        await clock.advance(20 * SECOND);
        clock.jump(time === 0 ? DAY : -3 * DAY);
        await clock.advance(26 * SECOND);
        await waiting;
      }
      assert.deepEqual(folder.made, []);
    });

    it('pass on at once when they end', async () => {
      elsewhere();
      const waiting = hold(openWindow());
      await clock.advance(SECOND);
      folder.files.set('s1.1.over', '');
      await clock.advance(SECOND / 10);
      assert.equal((await waiting).turn.previousAttemptUnknown, false);
    });

    for (const text of ['', '{', '{"sign":1}']) {
      it(`and those whose file says ${JSON.stringify(text)} are respected as long`, async () => {
        folder.files.set('s1.1.held', text);
        const waiting = rejectsWith(hold(openWindow()), 'lock-timeout');
        await clock.advance(46 * SECOND);
        await waiting;
        assert.deepEqual(folder.made, []);
      });
    }
  });

  describe('in a folder that fails', () => {
    /** The same as a pass, with the time that it takes to be sure that the folder does not work. */
    const passSlowly = async (renewalLock: RenewalLock): Promise<LockHandle> => {
      const [turn] = await Promise.all([pass(renewalLock), clock.advance(2 * SECOND)]);
      return turn;
    };

    for (const failing of [true, 'writing'] as const) {
      it(`are of this window alone, which says so once (${failing === true ? 'nothing works' : 'nothing can be written'})`, async () => {
        const renewalLock = openWindow();
        folder.failing = failing;
        assert.deepEqual(
          [(await passSlowly(renewalLock)).isCrossWindow, (await pass(renewalLock)).isCrossWindow],
          [false, false],
        );
        assert.deepEqual([renewalLock.told.alone, renewalLock.lines.length], [1, 1]);
        folder.failing = false;
        assert.equal((await pass(renewalLock)).isCrossWindow, true);
        folder.failing = failing;
        assert.equal((await passSlowly(renewalLock)).isCrossWindow, false);
        assert.deepEqual([renewalLock.told.alone, renewalLock.lines.length], [2, 2]);
      });

      it(`are waited for where it fails for a moment (${failing === true ? 'nothing works' : 'nothing can be written'})`, async () => {
        const renewalLock = openWindow();
        folder.failing = failing;
        const waiting = pass(renewalLock);
        await clock.advance(SECOND);
        folder.failing = false;
        await clock.advance(SECOND);
        assert.deepEqual([(await waiting).isCrossWindow, renewalLock.told.alone, renewalLock.lines], [true, 0, []]);
      });
    }

    it('are still one after another in this window', async () => {
      folder.failing = true;
      const renewalLock = openWindow();
      const [held] = await Promise.all([hold(renewalLock), clock.advance(2 * SECOND)]);
      let isRun = false;
      const next = renewalLock.take('s1', 1, () => Promise.resolve((isRun = true)), never);
      await clock.advance(2 * SECOND);
      assert.equal(isRun, false);
      await held.end();
      assert.equal(await next, true);
    });

    it('know of no loss', async () => {
      await bench.die();
      folder.failing = true;
      assert.deepEqual([(await passSlowly(openWindow())).previousAttemptUnknown, clock.pending], [false, 0]);
    });
  });

  describe('that another window has', () => {
    it('are not waited for any more once there is a result', async () => {
      const held = await hold(openWindow());
      const results: string[] = [];
      const waiting = openWindow().take(
        's1',
        1,
        () => Promise.resolve('of its own'),
        () => Promise.resolve(results[0]),
      );
      await clock.advance(SECOND);
      results.push('from elsewhere');
      await clock.advance(SECOND / 5);
      assert.deepEqual([await waiting, folder.made.length], ['from elsewhere', 1]);
      await held.end();
    });

    it('are not waited for any more once that makes no sense, and nothing is left of the wait', async () => {
      const held = await hold(openWindow());
      const failed = assert.rejects(
        openWindow().take('s1', 1, never, () => Promise.reject(new Error('signed out'))),
        /signed out/,
      );
      await clock.advance(SECOND);
      await failed;
      assert.deepEqual([folder.made.length, clock.pending, await life.lives('window-2')], [1, 0, false]);
      await held.end();
    });
  });

  it('of a session that is over are taken away, those of others are not', async () => {
    const renewalLock = openWindow();
    await pass(renewalLock);
    await renewalLock.take('s11', 1, never, never);
    folder.files.set('s1.json', '{}');
    await renewalLock.forget('s1');
    assert.deepEqual([...folder.files.keys()].sort(), ['s1.json', 's11.1.held', 's11.1.over']);
    folder.failing = true;
    await renewalLock.forget('s11');
  });

  it('can be looked at without being touched: who has one, and whether that window lives', async () => {
    const [window, looker] = [openWindow(), openWindow()];
    assert.deepEqual(await looker.held(), []);
    const held = await hold(window);
    const before = [...folder.files];
    assert.deepEqual(await looker.held(), [{ id: 's1', number: 1, generation: 1, lives: true }]);
    assert.deepEqual([...folder.files], before);
    await held.end();
    assert.deepEqual(await looker.held(), []);
    await bench.die();
    assert.deepEqual(await looker.held(), [{ id: 's1', number: 2, generation: 1, lives: false }]);
  });
});
