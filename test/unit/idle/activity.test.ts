import assert from 'node:assert/strict';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import {
  formatActivityTimestamp,
  reportInterval,
  parseActivityTimestamp,
  elapsed,
  elapsedAcrossRestart,
  warningLeadTime,
} from '../../../src/idle/activity.ts';

const LAST = { at: Date.UTC(2032, 5, 6), uptime: 10 * HOUR };
const after = (wall: number, uptime: number): typeof LAST => ({ at: LAST.at + wall, uptime });

describe('The time without activity', () => {
  const cases: readonly (readonly [what: string, wall: number, uptime: number, within: number, across: number])[] = [
    ['counts as both clocks say', MINUTE, 10 * HOUR + MINUTE, MINUTE, MINUTE],
    [
      'does not grow with a clock that is set forward, while VS Code runs',
      DAY + MINUTE,
      10 * HOUR + MINUTE,
      MINUTE,
      DAY + MINUTE,
    ],
    ['does not shrink with a clock that is set back', MINUTE - DAY, 10 * HOUR + MINUTE, MINUTE, MINUTE],
    ['goes by the wall clock after a restart of the machine', HOUR, 5 * MINUTE, HOUR, HOUR],
    [
      'goes by the wall clock after a restart since which more time has passed than before it',
      DAY,
      11 * HOUR,
      HOUR,
      DAY,
    ],
    ['is never negative', -DAY, 5 * MINUTE, 0, 0],
  ];
  for (const [what, wall, uptime, within, across] of cases) {
    it(what, () => {
      assert.deepEqual(
        [elapsed(LAST, after(wall, uptime)), elapsedAcrossRestart(LAST, after(wall, uptime))],
        [within, across],
      );
    });
  }
});

describe('A moment of activity', () => {
  it('is the same after it was a text', () => {
    assert.deepEqual({ ...parseActivityTimestamp(formatActivityTimestamp(LAST)) }, { version: 1, ...LAST });
  });

  for (const text of [
    '',
    '{',
    'null',
    '[]',
    '{"version":1}',
    '{"version":2,"at":1,"uptime":1}',
    '{"version":1,"at":"1","uptime":1}',
    '{"version":1,"at":1e999,"uptime":1}',
  ]) {
    it(`is none in ${JSON.stringify(text)}`, () => {
      assert.equal(parseActivityTimestamp(text), undefined);
    });
  }
});

describe('The warning before a sign-out', () => {
  it('comes a third of the limit before, 5 minutes at most, and leaves time to read where it can', () => {
    assert.deepEqual([8 * HOUR, 15 * MINUTE, 6 * MINUTE, 30 * SECOND, 6 * SECOND].map(warningLeadTime), [
      5 * MINUTE,
      5 * MINUTE,
      2 * MINUTE,
      15 * SECOND,
      3 * SECOND,
    ]);
  });
});

describe('Activity', () => {
  it('is noted at a tenth of the limit, not more often than each second, nor less often than each 15 s', () => {
    assert.deepEqual([HOUR, MINUTE, SECOND].map(reportInterval), [15 * SECOND, 6 * SECOND, SECOND]);
  });
});
