import assert from 'node:assert/strict';
import { SECOND } from '../../../src/core/clock.ts';
import { parseActivityTimestamp } from '../../../src/idle/activity.ts';
import { ActivityReporter } from '../../../src/idle/activityReporter.ts';
import { ACTIVITY_FILE, LastActivityFile } from '../../../src/idle/lastActivityFile.ts';
import { silentLog } from '../../../src/core/log.ts';
import { FakeClock, settle } from '../../support/fakeClock.ts';
import { FakeFolder } from '../../support/fakeStore.ts';

const INTERVAL = 10 * SECOND;

describe('ActivityReporter', () => {
  let clock: FakeClock;
  let folder: FakeFolder;
  let interval: number | undefined;
  let lastActivity: number;
  let reads: number[];
  let ready: Promise<void>;
  let reporter: ActivityReporter;
  const uptime = (): number => clock.now();

  beforeEach(() => {
    clock = new FakeClock();
    folder = new FakeFolder();
    interval = INTERVAL;
    lastActivity = clock.now();
    reads = [];
    ready = Promise.resolve(undefined);
    const file = new LastActivityFile({ clock, folder, log: silentLog, uptime });
    reporter = new ActivityReporter({
      clock,
      file,
      uptime,
      interval: () => interval,
      lastActivity: () => lastActivity,
      whenReady: () => ready,
      onRead: (time) => {
        reads.push(time);
        lastActivity = Math.max(lastActivity, time);
      },
    });
  });

  /** Returns the activity in the file, as an uptime. */
  const written = (): number | undefined => parseActivityTimestamp(folder.files.get(ACTIVITY_FILE) ?? '')?.uptime;
  const report = async (): Promise<void> => {
    lastActivity = clock.now();
    reporter.reportSoon();
    await clock.advance(0);
  };

  it('writes at once when the last report was an interval ago', async () => {
    await report();
    assert.equal(written(), clock.now());
    await clock.advance(INTERVAL);
    await report();
    assert.equal(written(), clock.now());
  });

  it('writes the last activity once when there are several within an interval', async () => {
    await report();
    const first = written();
    for (let time = SECOND; time < INTERVAL; time += SECOND) {
      await clock.advance(SECOND);
      await report();
      assert.equal(written(), first);
    }
    const last = clock.now();
    assert.equal(clock.pending, 1);
    await clock.advance(INTERVAL);
    assert.deepEqual([written(), clock.pending], [last, 0]);
  });

  it('writes nothing, and notifies the window, when another window was active later', async () => {
    await report();
    await clock.advance(INTERVAL);
    reporter.reportSoon();
    const later = JSON.stringify({ version: 1, at: clock.now(), uptime: clock.now() });
    folder.files.set(ACTIVITY_FILE, later);
    let writes = 0;
    folder.watch(() => (writes += 1));
    await clock.advance(0);
    assert.deepEqual([writes, reads.at(-1), lastActivity], [0, clock.now(), clock.now()]);
  });

  it('writes nothing before it is ready', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    ready = promise;
    await report();
    assert.equal(written(), undefined);
    resolve(undefined);
    await settle();
    assert.equal(written(), clock.now());
  });

  it('writes at once when it was reset', async () => {
    await report();
    await clock.advance(SECOND);
    reporter.reset();
    await report();
    assert.equal(written(), clock.now());
  });

  it('writes the report that is due, and no other, when it is disposed', async () => {
    await report();
    await clock.advance(SECOND);
    await report();
    reporter.dispose();
    await settle();
    assert.deepEqual([written(), clock.pending], [clock.now(), 0]);
    folder.files.clear();
    reporter.dispose();
    await settle();
    assert.equal(written(), undefined);
  });

  it("deletes the file and cancels the report that is due when it's stopped", async () => {
    await report();
    await report();
    interval = undefined;
    reporter.stop();
    reporter.reportSoon();
    await clock.advance(INTERVAL);
    assert.deepEqual([written(), clock.pending, reads.length], [undefined, 0, 1]);
  });
});
