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

describe('elapsed and elapsedAcrossRestart', () => {
  const cases: readonly (readonly [what: string, wall: number, uptime: number, within: number, across: number])[] = [
    ['return the time that both clocks show when neither was set', MINUTE, 10 * HOUR + MINUTE, MINUTE, MINUTE],
    [
      'differ when the clock was set forward: only across a restart does that count',
      DAY + MINUTE,
      10 * HOUR + MINUTE,
      MINUTE,
      DAY + MINUTE,
    ],
    ['use the uptime when the clock was set back', MINUTE - DAY, 10 * HOUR + MINUTE, MINUTE, MINUTE],
    ['use the wall clock when the machine was restarted', HOUR, 5 * MINUTE, HOUR, HOUR],
    ['differ when the machine was restarted and has been up for longer than before', DAY, 11 * HOUR, HOUR, DAY],
    ['return 0 when the time would be negative', -DAY, 5 * MINUTE, 0, 0],
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

describe('parseActivityTimestamp', () => {
  it('returns what formatActivityTimestamp was given when the text is unchanged', () => {
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
    it(`returns undefined when the text is ${JSON.stringify(text)}`, () => {
      assert.equal(parseActivityTimestamp(text), undefined);
    });
  }
});

describe('warningLeadTime', () => {
  it('returns a third of the timeout, but at most 5 minutes, and at least 15 s when the timeout is long enough', () => {
    assert.deepEqual([8 * HOUR, 15 * MINUTE, 6 * MINUTE, 30 * SECOND, 6 * SECOND].map(warningLeadTime), [
      5 * MINUTE,
      5 * MINUTE,
      2 * MINUTE,
      15 * SECOND,
      3 * SECOND,
    ]);
  });
});

describe('reportInterval', () => {
  it('returns a tenth of the timeout, but at least 1 s and at most 15 s', () => {
    assert.deepEqual([HOUR, MINUTE, SECOND].map(reportInterval), [15 * SECOND, 6 * SECOND, SECOND]);
  });
});
