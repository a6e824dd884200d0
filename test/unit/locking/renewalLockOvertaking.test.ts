// A process that has the lock and is stopped or hangs: it's alive, and may resume at any time.
import assert from 'node:assert/strict';
import { DAY, SECOND } from '../../../src/core/clock.ts';
import type { LockOptions, RenewalLock } from '../../../src/locking/renewalLock.ts';
import { rejectsWith } from '../../support/failures.ts';
import { settle, type FakeClock } from '../../support/fakeClock.ts';
import type { FakeProcessLiveness } from '../../support/fakeStore.ts';
import { lockContent } from '../../support/sharedFiles.ts';
import {
  JUST_WAIT,
  RenewalLockFixture,
  type HeldLock,
  type LockWindow,
  type WatchedFolder,
} from '../../support/renewalLockFixture.ts';

const OVERTAKE: LockOptions<never> = { ...JUST_WAIT, mayOvertake: () => true };

describe('An unresponsive holder of the renewal lock', () => {
  let fixture: RenewalLockFixture;
  let folder: WatchedFolder;
  let liveness: FakeProcessLiveness;
  let clock: FakeClock;

  beforeEach(() => {
    fixture = new RenewalLockFixture();
    ({ folder, liveness, clock } = fixture);
  });

  const openWindow = (): LockWindow => fixture.openWindow();
  const overtake = (renewalLock: RenewalLock): Promise<HeldLock> => fixture.hold(renewalLock, OVERTAKE);
  /** Acquires the lock in a window that then stops. */
  const holdAndStop = async (): Promise<HeldLock> => {
    const held = await fixture.hold(openWindow());
    fixture.stop(folder.created.at(-1) ?? '');
    return held;
  };

  it('is overtaken after ten seconds without a response', async () => {
    await holdAndStop();
    const waiting = overtake(openWindow());
    await clock.advance(10 * SECOND - 1);
    assert.deepEqual(folder.created, ['s1.1.locked']);
    await clock.advance(SECOND);
    const { handle } = await waiting;
    assert.deepEqual([handle.isCrossWindow, await handle.isHeld()], [true, true]);
    assert.deepEqual(folder.created, ['s1.1.locked', 's1.2.locked']);
  });

  it("isn't overtaken until ten seconds after the caller allows it", async () => {
    await holdAndStop();
    let mayOvertake = false;
    const waiting = fixture.hold(openWindow(), { ...JUST_WAIT, mayOvertake: () => mayOvertake });
    await clock.advance(20 * SECOND);
    mayOvertake = true;
    await clock.advance(9 * SECOND);
    assert.deepEqual(folder.created, ['s1.1.locked'], 'the time before counted, too');
    await clock.advance(3 * SECOND);
    await waiting;
    assert.deepEqual(folder.created, ['s1.1.locked', 's1.2.locked']);
  });

  it("is neither overtaken nor probed when the caller doesn't mention overtaking", async () => {
    await holdAndStop();
    let asked = 0;
    liveness.isResponding = () => Promise.resolve((asked += 1) < 0);
    const waiting = rejectsWith(fixture.hold(openWindow()), 'lock-timeout');
    await clock.advance(50 * SECOND);
    await waiting;
    assert.deepEqual([asked, folder.created], [0, ['s1.1.locked']]);
  });

  it("isn't overtaken when it responds", async () => {
    const held = await fixture.hold(openWindow());
    const waiting = rejectsWith(overtake(openWindow()), 'lock-timeout');
    await clock.advance(50 * SECOND);
    await waiting;
    assert.deepEqual([folder.created, await held.handle.isHeld()], [['s1.1.locked'], true]);
    await held.release();
  });

  it("isn't overtaken when it responds occasionally, until ten seconds after the last response", async () => {
    await holdAndStop();
    const waiting = overtake(openWindow());
    for (let time = 0; time < 3; time += 1) {
      await clock.advance(8 * SECOND);
      fixture.resume('s1.1.locked');
      await clock.advance(SECOND);
      fixture.stop('s1.1.locked');
    }
    assert.deepEqual(folder.created, ['s1.1.locked']);
    await clock.advance(9 * SECOND);
    assert.deepEqual(folder.created, ['s1.1.locked']);
    await clock.advance(3 * SECOND);
    await waiting;
    assert.deepEqual(folder.created, ['s1.1.locked', 's1.2.locked']);
  });

  it('is probed once a second, because probing a stopped process takes time', async () => {
    await holdAndStop();
    let asked = 0;
    liveness.isResponding = () => {
      asked += 1;
      return Promise.resolve(true);
    };
    const waiting = rejectsWith(overtake(openWindow()), 'lock-timeout');
    await clock.advance(20 * SECOND - 1);
    assert.equal(asked, 20);
    await clock.advance(30 * SECOND);
    await waiting;
  });

  it("isn't overtaken earlier when the clock jumps in either direction", async () => {
    await holdAndStop();
    const waiting = overtake(openWindow());
    for (const leap of [DAY, -2 * DAY, DAY]) {
      await clock.advance(3 * SECOND);
      clock.jump(leap);
    }
    assert.deepEqual(folder.created, ['s1.1.locked']);
    await clock.advance(2 * SECOND);
    await waiting;
    assert.deepEqual(folder.created, ['s1.1.locked', 's1.2.locked']);
  });

  it("isn't overtaken after ten seconds when it runs on another machine", async () => {
    folder.files.set('s1.1.locked', lockContent('elsewhere-1'));
    const waiting = rejectsWith(overtake(openWindow()), 'lock-timeout');
    await clock.advance(50 * SECOND);
    await waiting;
    assert.deepEqual(folder.created, []);
  });

  it('detects that it was overtaken, and does no harm when it releases the lock', async () => {
    const overtaken = await holdAndStop();
    const waiting = overtake(openWindow());
    await clock.advance(12 * SECOND);
    const present = await waiting;
    fixture.resume('s1.1.locked');
    assert.deepEqual([await overtaken.handle.isHeld(), await present.handle.isHeld()], [false, true]);
    await overtaken.release();
    assert.deepEqual([...folder.files.keys()].sort(), ['s1.1.locked', 's1.1.released', 's1.2.locked']);
    const third = fixture.hold(openWindow());
    await clock.advance(20 * SECOND);
    assert.deepEqual(folder.created, ['s1.1.locked', 's1.2.locked'], 'the lock of the current holder was acquired');
    await present.release();
    await clock.advance(SECOND);
    assert.equal(await (await third).handle.isHeld(), true);
    assert.deepEqual(folder.created, ['s1.1.locked', 's1.2.locked', 's1.3.locked']);
  });

  it('leaves no file when it releases an outdated lock', async () => {
    const overtaken = await holdAndStop();
    const waiting = overtake(openWindow());
    await clock.advance(12 * SECOND);
    await (await waiting).release();
    for (let count = 0; count < 5; count += 1) {
      await fixture.pass(openWindow());
    }
    const before = [...folder.files.keys()].sort();
    fixture.resume(folder.created.at(-1) ?? '');
    assert.equal(await overtaken.handle.isHeld(), false);
    await overtaken.release();
    assert.deepEqual([...folder.files.keys()].sort(), before);
    assert.equal(before[0], 's1.5.locked');
  });

  it('is overtaken by one window, and the others follow one after another, when many wait', async () => {
    await holdAndStop();
    const windows = Array.from({ length: 5 }, openWindow);
    let running = 0;
    const waiting = windows.map((window) =>
      window.runExclusive(
        's1',
        async () => {
          assert.equal((running += 1), 1);
          await settle();
          running -= 1;
        },
        OVERTAKE,
      ),
    );
    await clock.advance(15 * SECOND);
    await Promise.all(waiting);
    assert.equal(folder.created.length, 6);
    assert.equal(
      windows.flatMap(({ warnings }) => warnings).length,
      1,
      'not exactly one window logs that it takes over',
    );
  });

  it('is overtaken again when the window that has overtaken it stops, too', async () => {
    await holdAndStop();
    const second = overtake(openWindow());
    await clock.advance(12 * SECOND);
    const { handle } = await second;
    fixture.stop('s1.2.locked');
    const third = overtake(openWindow());
    await clock.advance(9 * SECOND);
    assert.equal(await handle.isHeld(), true);
    await clock.advance(3 * SECOND);
    assert.equal(await (await third).handle.isHeld(), true);
    assert.equal(await handle.isHeld(), false);
  });
});
