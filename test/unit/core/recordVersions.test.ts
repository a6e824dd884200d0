// Which of two records of a session is newer.
import assert from 'node:assert/strict';
import { compareVersions, isNewer, versionOf, type SessionRecord } from '../../../src/core/session.ts';
import { SAMPLE, SIGNED_IN_AT } from '../../support/coreSamples.ts';

const ended = { at: SIGNED_IN_AT, category: 'session-ended', code: 'invalid_grant' };
/** From the oldest to the newest. */
const records: readonly SessionRecord[] = [1, 2, 10].flatMap((generation) => [
  { ...SAMPLE, generation, isComplete: false },
  { ...SAMPLE, generation },
  { ...SAMPLE, generation, ended },
]);

describe('versionOf', () => {
  it('returns only the properties that determine which record is newer', () => {
    assert.deepEqual(versionOf({ ...SAMPLE, generation: 7 }), { generation: 7, isComplete: true, isEnded: false });
    assert.deepEqual(versionOf({ ...SAMPLE, isComplete: false, ended }), {
      generation: 1,
      isComplete: false,
      isEnded: true,
    });
  });
});

describe('compareVersions', () => {
  it('is positive, negative or 0 when the first version is newer, older or neither', () => {
    for (const [index, one] of records.entries()) {
      for (const [other, two] of records.entries()) {
        const result = compareVersions(versionOf(one), versionOf(two));
        assert.equal(Math.sign(result), Math.sign(index - other), `${index} and ${other}`);
        assert.equal(isNewer(one, two), result > 0);
      }
    }
  });

  it('is 0 when both have ended, whether or not the last refresh was complete', () => {
    const [half, whole] = [versionOf({ ...SAMPLE, isComplete: false, ended }), versionOf({ ...SAMPLE, ended })];
    assert.deepEqual([compareVersions(half, whole), compareVersions(whole, half)], [0, 0]);
  });
});
