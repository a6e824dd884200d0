import assert from 'node:assert/strict';
import { SECOND } from '../../../src/core/clock.ts';
import { rejectsWith } from '../../support/failures.ts';
import { never, RenewalLockFixture } from '../../support/renewalLockFixture.ts';

describe('The renewal lock', () => {
  it('logs which process a window waits for if it takes longer than a moment, and no link that a file holds', async () => {
    const bench = new RenewalLockFixture();
    const { clock, folder } = bench;
    const held = await bench.hold(bench.openWindow());
    const since = new Date(clock.now()).toISOString();
    const other = bench.openWindow();
    const waiting = bench.pass(other);
    await clock.advance(900);
    assert.deepEqual(other.lines, []);
    await clock.advance(30 * SECOND);
    assert.deepEqual(other.lines, [
      `Session s1: waiting for another window to finish its renewal; the lock is held by process 1 since ${since}.`,
    ]);
    await held.end();
    await clock.advance(SECOND);
    await waiting;
    const file = folder.made.at(-1) ?? '';
    folder.files.delete(file.replace('held', 'over'));
    folder.files.set(file, JSON.stringify({ sign: 'elsewhere', generation: 1, name: '[evil](command:x)' }));
    const third = bench.openWindow();
    const late = rejectsWith(third.take('s1', 1, never, never, 5 * SECOND), 'lock-timeout');
    await clock.advance(10 * SECOND);
    await late;
    assert.match(third.lines.join(), /held by evil\(command:x\)\.$/);
  });
});
