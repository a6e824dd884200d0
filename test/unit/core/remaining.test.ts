import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { remaining } from '../../../src/core/lifetime.ts';
import { holds } from '../../support/seeded.ts';

const words = (left: number): string => {
  const { unit, count } = remaining(left);
  return `${count} ${unit}`;
};

/** A remaining time, in ms, often close to a change of the unit. */
const left = fc.oneof(
  fc.integer({ min: SECOND, max: 5 * MINUTE }),
  fc.integer({ min: SECOND, max: 5 * HOUR }),
  fc.integer({ min: SECOND, max: 3650 * DAY }),
  fc
    .tuple(
      fc.constantFrom(SECOND, 10 * SECOND, 55 * SECOND, MINUTE, HOUR, 2 * HOUR, DAY, 2 * DAY, 3 * DAY),
      fc.integer({ min: -2, max: 2 }),
    )
    .map(([edge, beside]) => Math.max(SECOND, edge + beside)),
);

describe('remaining', () => {
  for (const [ms, expected] of [
    [400 * DAY, '400 day'],
    [2 * DAY, '2 day'],
    [2 * DAY - 1, '47 hour'],
    [25 * HOUR, '25 hour'],
    [2 * HOUR, '2 hour'],
    [2 * HOUR - 1, '119 minute'],
    [90 * SECOND, '1 minute'],
    [MINUTE, '1 minute'],
    [MINUTE - 1, '55 second'],
    [55 * SECOND, '55 second'],
    [55 * SECOND - 1, '50 second'],
    [10 * SECOND, '10 second'],
    [10 * SECOND - 1, '9 second'],
    [1500, '1 second'],
    [SECOND, '1 second'],
    [SECOND - 1, '0 second'],
    [0, '0 second'],
    [-DAY, '0 second'],
  ] as const) {
    it(`is "${expected}" for ${ms} ms`, () => {
      assert.equal(words(ms), expected);
    });
  }

  it('never returns more than the remaining time', () => {
    const sizes = { day: DAY, hour: HOUR, minute: MINUTE, second: SECOND };
    holds(
      fc.property(left, (ms) => {
        const { unit, count } = remaining(ms);
        assert.ok(Number.isInteger(count));
        assert.ok(count * sizes[unit] <= ms);
        const step = unit === 'second' && ms >= 10 * SECOND ? 5 : 1;
        assert.ok((count + step) * sizes[unit] > ms, 'less than one step below it');
      }),
    );
  });

  it('never returns one day or one hour, but uses the next smaller unit', () => {
    holds(
      fc.property(left, (ms) => {
        const { unit, count } = remaining(ms);
        assert.ok((unit !== 'day' && unit !== 'hour') || count >= 2);
      }),
    );
  });

  it('returns exactly how long the result stays valid', () => {
    holds(
      fc.property(left, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (ms, part) => {
        const { validFor } = remaining(ms);
        assert.ok(Number.isInteger(validFor) && validFor >= 1);
        assert.equal(words(ms - Math.floor(part * validFor)), words(ms), 'before that');
        assert.equal(words(ms - (validFor - 1)), words(ms), 'at the last millisecond');
        assert.notEqual(words(ms - validFor), words(ms), 'not after that');
      }),
      1000,
    );
  });

  it('returns a result that stays valid forever after the end', () => {
    assert.equal(remaining(0).validFor, Infinity);
    assert.equal(remaining(-1).validFor, Infinity);
    for (const ms of [1, 500, 999]) {
      assert.equal(words(ms - remaining(ms).validFor + 1), '0 second');
    }
  });

  it('can be updated by its own validity from start to end without skipping a step', () => {
    const seen: string[] = [];
    for (let ms = 2 * DAY + HOUR; ms > 0; ms -= remaining(ms).validFor) {
      seen.push(words(ms));
      assert.ok(remaining(ms).validFor >= 1, 'time passes');
    }
    assert.equal(new Set(seen).size, seen.length, 'no text twice');
    // 2 days, hours 47 to 2, minutes 119 to 1, seconds 55 to 10 in steps of five, then 9 to 0.
    assert.equal(seen.length, 1 + 46 + 119 + 10 + 10);
  });
});
