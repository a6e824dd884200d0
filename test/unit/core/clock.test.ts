import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { DAY, HOUR, MAX_DELAY, MINUTE, SECOND, systemClock } from '../../../src/core/clock.ts';
import { silentLog } from '../../../src/core/log.ts';

describe('systemClock', () => {
  afterEach(() => mock.reset());

  /** The delays that were passed to the platform's timer. */
  function delaysFor(...delays: readonly number[]): (number | undefined)[] {
    const timer = mock.method(globalThis, 'setTimeout', () => ({}));
    for (const delay of delays) {
      systemClock.after(delay, () => {});
    }
    return timer.mock.calls.map((call) => (call.arguments as unknown as [unknown, number?])[1]);
  }

  it('passes a delay on unchanged', () => {
    assert.deepEqual(delaysFor(0, 1, MINUTE, 20 * DAY), [0, 1, MINUTE, 20 * DAY]);
  });

  it('limits a delay that would overflow the timer and fire immediately', () => {
    assert.equal(MAX_DELAY, 2_147_483_647);
    assert.deepEqual(delaysFor(25 * DAY, 3650 * DAY, Infinity), [MAX_DELAY, MAX_DELAY, MAX_DELAY]);
  });

  it('fires immediately when the delay is negative', () => {
    assert.deepEqual(delaysFor(-1, -DAY, -Infinity), [0, 0, 0]);
  });

  it('runs a function once when the delay has passed', () => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 5000 });
    let runs = 0;
    systemClock.after(SECOND, () => {
      runs += 1;
    });
    mock.timers.tick(999);
    assert.equal(runs, 0);
    mock.timers.tick(1);
    mock.timers.tick(HOUR);
    assert.equal(runs, 1);
    assert.equal(systemClock.now(), 5000 + SECOND + HOUR);
  });

  it("doesn't run a function after its timer is disposed of", () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    let runs = 0;
    const waiting = systemClock.after(SECOND, () => {
      runs += 1;
    });
    waiting.dispose();
    waiting.dispose();
    mock.timers.tick(MINUTE);
    assert.equal(runs, 0);
  });

  it('counts in ms', () => {
    assert.deepEqual([SECOND, MINUTE, HOUR, DAY], [1000, 60_000, 3_600_000, 86_400_000]);
  });
});

describe('silentLog', () => {
  it('discards every line', () => {
    for (const level of ['trace', 'debug', 'info', 'warn', 'error'] as const) {
      assert.doesNotThrow(() => silentLog[level]('a line'));
    }
  });
});
