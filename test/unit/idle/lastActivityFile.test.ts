import assert from 'node:assert/strict';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import type { Log } from '../../../src/core/log.ts';
import { formatActivityTimestamp } from '../../../src/idle/activity.ts';
import { ACTIVITY_FILE, LastActivityFile } from '../../../src/idle/lastActivityFile.ts';
import { FakeClock } from '../../support/fakeClock.ts';
import { FakeFolder } from '../../support/fakeStore.ts';

describe('LastActivityFile', () => {
  let clock: FakeClock;
  let uptime: number;
  let folder: FakeFolder;
  let warnings: string[];
  let file: LastActivityFile;

  beforeEach(() => {
    clock = new FakeClock();
    uptime = 10 * HOUR;
    folder = new FakeFolder();
    warnings = [];
    const ignore = (): void => {};
    const log: Log = { trace: ignore, debug: ignore, info: ignore, error: ignore, warn: (line) => warnings.push(line) };
    file = new LastActivityFile({ clock, folder, log, uptime: () => uptime });
  });

  const pass = (time: number): void => {
    clock.jump(time);
    uptime += time;
  };
  /** Writes activity like another window, a given time ago, in ms, on both clocks. */
  const writeElsewhere = (ago: number, byUptime = uptime - ago): void =>
    void folder.files.set(ACTIVITY_FILE, formatActivityTimestamp({ at: clock.now() - ago, uptime: byUptime }));

  it('returns how long ago the last activity was when it is read at the start', async () => {
    writeElsewhere(HOUR);
    assert.equal(await file.readAtStart(), HOUR);
  });

  it('returns undefined at the start when there is no file or it is invalid', async () => {
    assert.equal(await file.readAtStart(), undefined);
    folder.files.set(ACTIVITY_FILE, '{}');
    assert.equal(await file.readAtStart(), undefined);
    assert.equal(await file.read(), -Infinity);
  });

  it('returns what another window has written since', async () => {
    await file.readAtStart();
    pass(MINUTE);
    writeElsewhere(SECOND);
    assert.equal(await file.read(), uptime - SECOND);
    const last = uptime - SECOND;
    pass(MINUTE);
    assert.equal(await file.read(), last);
  });

  it('counts new activity as at most 30 s older than the last read when a machine with another uptime wrote it', async () => {
    await file.readAtStart();
    pass(MINUTE);
    writeElsewhere(SECOND, 5 * HOUR);
    assert.equal(await file.read(), uptime - MINUTE - 30 * SECOND);
  });

  it("keeps its information when the file can't be read, and warns once", async () => {
    await file.write(uptime);
    const last = uptime;
    folder.failing = true;
    pass(MINUTE);
    assert.deepEqual([await file.read(), await file.read()], [last, last]);
    await file.write(uptime);
    await file.delete();
    assert.equal(warnings.length, 1);
  });
});
