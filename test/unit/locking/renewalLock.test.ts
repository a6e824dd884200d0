import assert from 'node:assert/strict';
import { DAY, SECOND } from '../../../src/core/clock.ts';
import type { LockHandle, RenewalLock } from '../../../src/locking/renewalLock.ts';
import type { FakeFolder, FakeProcessLiveness } from '../../support/fakeStore.ts';
import { settle, type FakeClock } from '../../support/fakeClock.ts';
import { rejectsWith } from '../../support/failures.ts';
import { lockContent } from '../../support/sharedFiles.ts';
import {
  JUST_WAIT,
  RenewalLockFixture,
  WatchedFolder,
  type HeldLock,
  type LockWindow,
} from '../../support/renewalLockFixture.ts';

describe('The renewal lock', () => {
  let fixture: RenewalLockFixture;
  let folder: WatchedFolder;
  let liveness: FakeProcessLiveness;
  let clock: FakeClock;

  beforeEach(() => {
    fixture = new RenewalLockFixture();
    ({ folder, liveness, clock } = fixture);
  });

  const openWindow = (own: FakeFolder = folder): LockWindow => fixture.openWindow(own);
  const hold = (renewalLock: RenewalLock): Promise<HeldLock> => fixture.hold(renewalLock);
  const pass = (renewalLock: RenewalLock): Promise<LockHandle> => fixture.pass(renewalLock);

  it('runs one task at a time when many windows have many tasks each', async () => {
    let running = 0;
    let done = 0;
    const tasks = Array.from({ length: 8 }, () => openWindow()).flatMap((renewalLock) =>
      Array.from({ length: 5 }, () =>
        renewalLock.runExclusive(
          's1',
          async (lock): Promise<void> => {
            assert.deepEqual([(running += 1), lock.isCrossWindow], [1, true]);
            await settle();
            assert.equal(await lock.isHeld(), true);
            running -= 1;
            done += 1;
          },
          JUST_WAIT,
        ),
      ),
    );
    const all = Promise.all(tasks);
    await clock.advance(40 * SECOND);
    await all;
    assert.equal(done, 40);
    const numbers = folder.created.map((name) => Number(name.split('.')[1]));
    assert.deepEqual(
      numbers,
      Array.from({ length: 40 }, (_, index) => index + 1),
      'numbers only grow, by one each',
    );
  });

  it('keeps only a few files, including those of the last lock, when it was acquired often', async () => {
    const renewalLock = openWindow();
    for (let count = 1; count <= 30; count += 1) {
      await pass(renewalLock);
      assert.ok(folder.files.has(`s1.${count}.locked`) && folder.files.has(`s1.${count}.released`));
      assert.ok(folder.files.size <= 6, [...folder.files.keys()].join());
    }
  });

  it('runs a task when another window has the lock of another session', async () => {
    const [one, other] = [openWindow(), openWindow()];
    const held = await hold(one);
    const handle = await other.runExclusive<LockHandle>('s2', (lock) => Promise.resolve(lock), JUST_WAIT);
    assert.equal(handle.isCrossWindow, true);
    await held.release();
  });

  for (const [number, isAlive] of [
    [1, true],
    [7, true],
    [1_000_000_000, true],
    [7, false],
  ] as const) {
    it(`is taken from its holder at the timeout when the task allows it, the holder is ${isAlive ? 'alive' : 'elsewhere'} and the number is ${number}`, async () => {
      const token = isAlive ? (await liveness.register()).token : 'elsewhere';
      folder.files.set(`s1.${number}.locked`, lockContent(token));
      const renewalLock = openWindow();
      const options = { ...JUST_WAIT, timeout: 3 * SECOND, overtakesAtTimeout: true };
      const taking = renewalLock.runExclusive<LockHandle>('s1', (lock) => Promise.resolve(lock), options);
      await clock.advance(4 * SECOND);
      const { hasOvertaken, isCrossWindow } = await taking;
      assert.deepEqual([hasOvertaken, isCrossWindow], [true, true]);
      assert.equal((await pass(openWindow())).hasOvertaken, false, 'it is still held');
    });
  }

  it("isn't taken from its holder at the timeout when the task uses the refresh token", async () => {
    folder.files.set('s1.1.locked', lockContent((await liveness.register()).token));
    const taking = rejectsWith(
      openWindow().runExclusive('s1', () => Promise.resolve(), { ...JUST_WAIT, timeout: 3 * SECOND }),
      'lock-timeout',
      'lock-timeout',
    );
    await clock.advance(4 * SECOND);
    await taking;
  });

  it('returns the result of the task, or its failure, and is released in both cases', async () => {
    const [one, other] = [openWindow(), openWindow()];
    assert.equal(await one.runExclusive<string>('s1', () => Promise.resolve('done'), JUST_WAIT), 'done');
    await assert.rejects(
      one.runExclusive('s1', () => Promise.reject(new Error('no')), JUST_WAIT),
      /no/,
    );
    assert.equal((await pass(other)).isCrossWindow, true);
    assert.deepEqual([clock.pending, other.lines], [0, []]);
    assert.equal(await liveness.isAlive('window-1'), false, 'its process is still registered');
  });

  describe('of a process that has ended', () => {
    it('is acquired immediately', async () => {
      await fixture.die();
      assert.equal((await pass(openWindow())).isCrossWindow, true);
      assert.deepEqual([folder.created, clock.pending], [['s1.1.locked', 's1.2.locked'], 0]);
    });

    it('is acquired immediately when any number of processes has ended with it', async () => {
      for (let count = 0; count < 5; count += 1) {
        await fixture.die();
      }
      assert.equal((await pass(openWindow())).isCrossWindow, true);
      assert.deepEqual([folder.created.at(-1), clock.pending], ['s1.6.locked', 0]);
    });

    it("is acquired as soon as the process ends while it's awaited", async () => {
      await hold(openWindow());
      const waiting = hold(openWindow());
      await clock.advance(10 * SECOND);
      fixture.kill('s1.1.locked');
      await clock.advance(SECOND / 10);
      assert.equal((await waiting).handle.isCrossWindow, true);
    });

    it("is acquired immediately when the release couldn't be written", async () => {
      const one = openWindow();
      const held = await hold(one);
      folder.failing = 'writing';
      await held.release();
      folder.failing = false;
      assert.equal((await pass(openWindow())).isCrossWindow, true);
      assert.deepEqual([clock.pending, one.lines.length], [0, 1]);
    });

    it('is acquired once when it was released while another window checked whether the process is alive', async () => {
      const held = await hold(openWindow());
      const isAlive = liveness.isAlive.bind(liveness);
      liveness.isAlive = async (token) => {
        await held.release();
        return isAlive(token);
      };
      const next = hold(openWindow());
      await clock.advance(SECOND);
      assert.equal(await (await next).handle.isHeld(), true);
      assert.deepEqual(folder.created, ['s1.1.locked', 's1.2.locked']);
    });
  });

  describe('of a process that is alive', () => {
    it('is waited for, and not acquired, until the wait times out', async () => {
      const held = await hold(openWindow());
      let isRun = false;
      const waiting = rejectsWith(
        openWindow().runExclusive<boolean>('s1', () => Promise.resolve((isRun = true)), JUST_WAIT),
        'lock-timeout',
      );
      await clock.advance(44 * SECOND);
      assert.ok(clock.pending > 0, 'no window waits');
      await clock.advance(6 * SECOND);
      await waiting;
      assert.equal(isRun, false);
      await held.release();
      assert.equal((await pass(openWindow())).isCrossWindow, true);
    });

    it("isn't acquired when others wait often and long, regardless of the clock", async () => {
      const held = await hold(openWindow());
      const other = openWindow();
      for (let time = 0; time < 5; time += 1) {
        const waiting = rejectsWith(hold(other), 'lock-timeout');
        clock.jump(time % 2 === 0 ? DAY : -2 * DAY);
        await clock.advance(50 * SECOND);
        await waiting;
      }
      assert.deepEqual(folder.created, ['s1.1.locked']);
      assert.equal(await held.handle.isHeld(), true);
      await held.release();
    });

    it('is awaited as long as the caller specifies', async () => {
      const held = await hold(openWindow());
      const waiting = rejectsWith(fixture.hold(openWindow(), { ...JUST_WAIT, timeout: 3 * SECOND }), 'lock-timeout');
      await clock.advance(3 * SECOND + 200);
      await waiting;
      await held.release();
    });

    it('is acquired when its process resumes and releases it', async () => {
      const held = await hold(openWindow());
      const waiting = hold(openWindow());
      await clock.advance(30 * SECOND);
      await held.release();
      await clock.advance(SECOND);
      assert.equal((await waiting).handle.isCrossWindow, true);
    });

    it('is no longer awaited when there is a result', async () => {
      const held = await hold(openWindow());
      const results: string[] = [];
      const waiting = openWindow().runExclusive<string>('s1', () => Promise.resolve('of the task'), {
        whileWaiting: () => Promise.resolve(results[0]),
      });
      await clock.advance(SECOND);
      results.push('of another window');
      await clock.advance(SECOND / 5);
      assert.deepEqual([await waiting, folder.created.length], ['of another window', 1]);
      await held.release();
    });

    it('is no longer awaited, and leaves nothing of the wait, when waiting fails', async () => {
      const held = await hold(openWindow());
      const failed = assert.rejects(
        openWindow().runExclusive('s1', () => Promise.resolve(), {
          whileWaiting: () => Promise.reject(new Error('signed out')),
        }),
        /signed out/,
      );
      await clock.advance(SECOND);
      await failed;
      assert.deepEqual([folder.created.length, clock.pending, await liveness.isAlive('window-2')], [1, 0, false]);
      await held.release();
    });

    it('reports its holder at each check while another window waits', async () => {
      const held = await hold(openWindow());
      const names = new Set<string | undefined>();
      const waiting = openWindow().runExclusive<string>('s1', () => Promise.resolve('of the task'), {
        whileWaiting: (holder) => {
          names.add(holder?.name);
          return Promise.resolve(undefined);
        },
      });
      await clock.advance(SECOND);
      await held.release();
      await clock.advance(SECOND);
      assert.equal(await waiting, 'of the task');
      assert.deepEqual([...names], ['process 1']);
    });
  });

  it("is given up when it's outdated, and acquired again, when a window creates it long after the check", async () => {
    // A window with its own folder over the same files, so that only this window is delayed.
    const slow = new WatchedFolder();
    Object.assign(slow, { files: folder.files });
    const gate = Promise.withResolvers<undefined>();
    const reached = Promise.withResolvers<undefined>();
    slow.beforeCreate = () => {
      reached.resolve(undefined);
      return gate.promise;
    };
    let isRunning = false;
    const late = openWindow(slow).runExclusive<boolean>('s1', () => Promise.resolve((isRunning = true)), JUST_WAIT);
    await reached.promise;
    const other = openWindow();
    for (let count = 0; count < 5; count += 1) {
      await pass(other);
    }
    const held = await hold(other);
    assert.equal(folder.files.has('s1.1.locked'), false, 'its number is not outdated');
    slow.beforeCreate = () => Promise.resolve();
    gate.resolve(undefined);
    await settle();
    assert.deepEqual([slow.created, isRunning, folder.files.has('s1.1.locked')], [['s1.1.locked'], false, false]);
    await held.release();
    await clock.advance(SECOND);
    await late;
    assert.deepEqual([slow.created.at(-1), isRunning], ['s1.7.locked', true]);
  });

  it('is checked again when its file was deleted between listing and reading', async () => {
    const held = await hold(openWindow());
    const read = folder.read.bind(folder);
    // What is listed now is outdated when it's read.
    folder.read = (name) => (name === 's1.1.locked' ? Promise.resolve(undefined) : read(name));
    const waiting = hold(openWindow());
    await clock.advance(SECOND);
    assert.deepEqual(folder.created, ['s1.1.locked'], 'it was acquired although another window has it');
    folder.read = read;
    await held.release();
    await clock.advance(SECOND);
    assert.equal((await waiting).handle.isCrossWindow, true);
  });

  describe('of a process on another machine', () => {
    const lockElsewhere = (): void => void folder.files.set('s1.1.locked', lockContent('elsewhere-1'));

    it('is respected for two minutes of polling', async () => {
      lockElsewhere();
      const renewalLock = openWindow();
      for (let time = 0; time < 2; time += 1) {
        const waiting = rejectsWith(hold(renewalLock), 'lock-timeout');
        await clock.advance(46 * SECOND);
        await waiting;
      }
      const third = hold(renewalLock);
      await clock.advance(27 * SECOND);
      assert.deepEqual(folder.created, []);
      await clock.advance(3 * SECOND);
      assert.equal(await (await third).handle.isHeld(), true);
      assert.deepEqual(folder.created, ['s1.2.locked']);
    });

    it('is respected just as long when the clock jumps in either direction', async () => {
      lockElsewhere();
      const renewalLock = openWindow();
      for (let time = 0; time < 2; time += 1) {
        const waiting = rejectsWith(hold(renewalLock), 'lock-timeout');
        await clock.advance(20 * SECOND);
        clock.jump(time === 0 ? DAY : -3 * DAY);
        await clock.advance(26 * SECOND);
        await waiting;
      }
      assert.deepEqual(folder.created, []);
    });

    it("is acquired immediately when it's released", async () => {
      lockElsewhere();
      const waiting = hold(openWindow());
      await clock.advance(SECOND);
      folder.files.set('s1.1.released', '');
      await clock.advance(SECOND / 10);
      assert.equal((await waiting).handle.isCrossWindow, true);
    });
  });

  for (const text of ['', '{', '{"token":1}', '{"name":"process 1","since":0}']) {
    it(`is respected for two minutes of polling when its file contains ${JSON.stringify(text)}`, async () => {
      folder.files.set('s1.1.locked', text);
      const renewalLock = openWindow();
      const waiting = rejectsWith(fixture.hold(renewalLock, { ...JUST_WAIT, timeout: 119 * SECOND }), 'lock-timeout');
      await clock.advance(120 * SECOND);
      await waiting;
      assert.deepEqual(folder.created, []);
      const next = hold(renewalLock);
      await clock.advance(2 * SECOND);
      assert.equal(await (await next).handle.isHeld(), true);
      assert.deepEqual(folder.created, ['s1.2.locked']);
    });
  }

  describe('in a folder that fails', () => {
    /** Acquires and releases, within the time that it takes to detect that the folder doesn't work. */
    const passSlowly = async (renewalLock: RenewalLock): Promise<LockHandle> => {
      const [handle] = await Promise.all([pass(renewalLock), clock.advance(2 * SECOND)]);
      return handle;
    };

    for (const [failing, what] of [
      [true, 'nothing works'],
      ['writing', 'nothing can be written'],
    ] as const) {
      it(`covers only this window, and reports that once, when ${what}`, async () => {
        const renewalLock = openWindow();
        assert.equal(renewalLock.isDegraded, false);
        folder.failing = failing;
        const handles = [await passSlowly(renewalLock), await pass(renewalLock)];
        assert.deepEqual(
          handles.map(({ isCrossWindow }) => isCrossWindow),
          [false, false],
        );
        assert.equal(await handles[0]?.isHeld(), true);
        assert.deepEqual(
          [renewalLock.isDegraded, renewalLock.reported.degraded, renewalLock.lines.length],
          [true, 1, 1],
        );
        folder.failing = false;
        assert.equal((await pass(renewalLock)).isCrossWindow, true);
        assert.equal(renewalLock.isDegraded, false);
        folder.failing = failing;
        assert.equal((await passSlowly(renewalLock)).isCrossWindow, false);
        assert.deepEqual([renewalLock.reported.degraded, renewalLock.lines.length], [2, 2]);
      });

      it(`is awaited when ${what} for a moment`, async () => {
        const renewalLock = openWindow();
        folder.failing = failing;
        const waiting = pass(renewalLock);
        await clock.advance(SECOND);
        folder.failing = false;
        await clock.advance(SECOND);
        const { isCrossWindow } = await waiting;
        assert.deepEqual([isCrossWindow, renewalLock.reported.degraded, renewalLock.lines], [true, 0, []]);
      });
    }

    it('still runs one task at a time in this window when it has several', async () => {
      folder.failing = true;
      const renewalLock = openWindow();
      const [held] = await Promise.all([hold(renewalLock), clock.advance(2 * SECOND)]);
      let isRun = false;
      const next = renewalLock.runExclusive<boolean>('s1', () => Promise.resolve((isRun = true)), JUST_WAIT);
      await clock.advance(2 * SECOND);
      assert.equal(isRun, false);
      await held.release();
      assert.equal(await next, true);
    });

    it('counts as held when the folder fails only after it was acquired', async () => {
      const held = await hold(openWindow());
      folder.failing = true;
      assert.equal(await held.handle.isHeld(), true);
    });

    it('leaves no timer when a process has ended with the lock', async () => {
      await fixture.die();
      folder.failing = true;
      assert.deepEqual([(await passSlowly(openWindow())).isCrossWindow, clock.pending], [false, 0]);
    });

    it('is acquired when its file was created although the folder seemed to fail', async () => {
      const create = folder.create.bind(folder);
      folder.create = async (name, text) => {
        await create(name, text);
        folder.create = create;
        throw new Error('too slow');
      };
      const waiting = hold(openWindow());
      await clock.advance(SECOND);
      assert.deepEqual([(await waiting).handle.isCrossWindow, folder.created], [true, ['s1.1.locked']]);
    });
  });

  it('is deleted with all its files when its session is over, without affecting other sessions', async () => {
    const renewalLock = openWindow();
    await pass(renewalLock);
    await renewalLock.runExclusive('s11', () => Promise.resolve(), JUST_WAIT);
    folder.files.set('s1.1.session', '{}');
    await renewalLock.delete('s1');
    assert.deepEqual([...folder.files.keys()].sort(), ['s1.1.session', 's11.1.locked', 's11.1.released']);
    folder.failing = true;
    await renewalLock.delete('s11');
  });

  it('lists the holder, and whether that process is alive, without changing anything', async () => {
    const [window, observer] = [openWindow(), openWindow()];
    assert.deepEqual(await observer.listHolders(), []);
    const held = await hold(window);
    const before = [...folder.files];
    const holder = { id: 's1', number: 1, token: 'window-1', name: 'process 1', since: clock.now() };
    assert.deepEqual(await observer.listHolders(), [{ ...holder, isAlive: true }]);
    fixture.stop('s1.1.locked');
    assert.deepEqual(await observer.listHolders(), [{ ...holder, isAlive: true }], 'a stopped process is alive');
    assert.deepEqual([...folder.files], before);
    await held.release();
    assert.deepEqual(await observer.listHolders(), []);
    await fixture.die();
    const dead = { ...holder, number: 2, token: 'window-2', name: 'process 2' };
    assert.deepEqual(await observer.listHolders(), [{ ...dead, isAlive: false }]);
    folder.files.set('s2.1.locked', lockContent('elsewhere-1'));
    folder.files.set('s3.1.locked', 'no sense');
    const isAlive = new Map((await observer.listHolders()).map((one) => [one.id, one.isAlive]));
    assert.deepEqual([isAlive.get('s2'), isAlive.get('s3')], [undefined, undefined]);
    folder.failing = true;
    await assert.rejects(observer.listHolders(), /EROFS/);
  });
});
