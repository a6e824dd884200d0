import assert from 'node:assert/strict';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { CATEGORIES } from '../../../src/core/failurePolicies.ts';
import { MAX_RETRY_AFTER } from '../../../src/core/retry.ts';
import { versionOf, type SessionRecord } from '../../../src/core/session.ts';
import {
  headerOf,
  isBeingCompleted,
  isTombstone,
  isWait,
  longestWait,
  parseSessionFile,
  toSharedFailure,
  withFailure,
  withoutRefreshInFlight,
  withRecord,
  withRefreshInFlight,
  type RefreshFailure,
  type SessionHeader,
  type Tombstone,
} from '../../../src/storage/sessionFile.ts';
import { ended, generation, half } from '../../support/sessionStoreFixture.ts';

const NOW = Date.UTC(2031, 0, 1);
const SEALED = { key: 'key-1', text: 'sealed-1' };
const TOMBSTONE: Tombstone = { version: 1, signedOutAt: NOW };

/** Returns the header of a record with additional fields. */
const headerWith = (record: SessionRecord, more: Partial<SessionHeader> = {}): SessionHeader => ({
  version: 1,
  providerId: 'acme',
  ...versionOf(record),
  sealed: SEALED,
  ...more,
});

/** Returns a failure of generation 1. */
const failure = (more: Partial<RefreshFailure> = {}): RefreshFailure => ({
  generation: 1,
  at: NOW,
  category: 'server',
  code: 'http-503',
  failures: 2,
  ...more,
});

/** Returns the content of a file after it was written and parsed. */
const stored = (file: SessionHeader | undefined): unknown => parseSessionFile(JSON.stringify(file));

describe('parseSessionFile', () => {
  it('returns a header or a tombstone as it was written', () => {
    const full = headerWith(generation(3), {
      inFlight: 3,
      lastFailure: failure({
        generation: 3,
        nextAttemptAt: NOW + 1,
        waitUntil: NOW + 2,
        detail: 'words',
        listensUntil: NOW + 3,
        rejectedAt: NOW + 4,
      }),
    });
    for (const file of [full, headerWith(generation(1), { sealed: undefined }), TOMBSTONE]) {
      assert.deepEqual(parseSessionFile(JSON.stringify(file)), JSON.parse(JSON.stringify(file)));
    }
  });

  it('returns undefined when the text is damaged, of another version, or something else', () => {
    const header = headerWith(generation(1));
    const changes = [
      { version: 2 },
      { version: undefined },
      { providerId: undefined },
      { generation: '1' },
      { isComplete: undefined },
      { isEnded: 1 },
      { inFlight: 'yes' },
      { sealed: 'sealed' },
      { sealed: { key: 'key-1' } },
      { sealed: { key: 'key-1', text: 17 } },
    ];
    const texts = ['', ' ', 'null', '[]', '17', '{}', 'refresh-1', '{"version":1', '{"version":1,"signedOutAt":"now"}'];
    const damaged = [...texts, ...changes.map((change) => JSON.stringify({ ...header, ...change }))];
    for (const text of damaged) {
      assert.equal(parseSessionFile(text), undefined, text);
    }
    const text = JSON.stringify(header);
    for (let length = 0; length < text.length; length += 1) {
      assert.equal(parseSessionFile(text.slice(0, length)), undefined, text.slice(0, length));
    }
  });

  it('returns the header without its failure when only a later version knows the category', () => {
    for (const category of CATEGORIES) {
      const header = headerWith(generation(1), { lastFailure: failure({ category }) });
      assert.deepEqual(stored(header), JSON.parse(JSON.stringify(header)), category);
    }
    const later = { ...headerWith(generation(3)), lastFailure: { ...failure(), category: 'full-moon' } };
    assert.deepEqual(parseSessionFile(JSON.stringify(later)), { ...headerWith(generation(3)), lastFailure: undefined });
  });

  it('distinguishes a tombstone from a header, even if it has the fields of both', () => {
    const both = parseSessionFile(JSON.stringify({ ...headerWith(generation(1)), ...TOMBSTONE }));
    assert.deepEqual([isTombstone(both), headerOf(both)], [true, undefined]);
    assert.deepEqual([isTombstone(undefined), headerOf(undefined)], [false, undefined]);
    assert.deepEqual([isTombstone(headerWith(generation(1))), isTombstone(TOMBSTONE)], [false, true]);
  });
});

describe('withRecord', () => {
  it('returns a header with the version of the record when there is no file', () => {
    assert.deepEqual(stored(withRecord(undefined, generation(1), SEALED)), {
      version: 1,
      providerId: 'acme',
      generation: 1,
      isComplete: true,
      isEnded: false,
      sealed: SEALED,
    });
    assert.deepEqual(stored(withRecord(undefined, ended(half(4)), undefined)), {
      version: 1,
      providerId: 'acme',
      generation: 4,
      isComplete: false,
      isEnded: true,
    });
  });

  it('has no secret of the record outside the encrypted part', () => {
    const record = generation(1, { idToken: 'id-token-1', account: { id: 'person-1', label: 'Sam' } });
    const text = JSON.stringify(withRecord(undefined, record, SEALED));
    assert.doesNotMatch(text, /access-1|refresh-1|id-token-1|person-1|Sam|example\.com/);
  });

  it("accepts a record exactly when it's as new as the file, or newer", () => {
    const stages = [1, 2, 3].flatMap((number) => [half(number), generation(number), ended(generation(number))]);
    for (const [present, inFile] of stages.entries()) {
      for (const [next, record] of stages.entries()) {
        const file = withRecord(headerWith(inFile), record, SEALED);
        assert.equal(file !== undefined, next >= present, `${next} over ${present}`);
        assert.deepEqual(file === undefined ? undefined : { ...file, ...versionOf(record) }, file);
      }
    }
  });

  it('accepts no record when the user has signed out', () => {
    for (const record of [generation(1), generation(99), ended(generation(2))]) {
      assert.equal(withRecord(TOMBSTONE, record, SEALED), undefined);
    }
  });

  it('keeps the encrypted record of the file when there is no new one', () => {
    assert.deepEqual(withRecord(headerWith(generation(1)), generation(2), undefined)?.sealed, SEALED);
    const other = { key: 'key-2', text: 'sealed-2' };
    assert.deepEqual(withRecord(headerWith(generation(1)), generation(2), other)?.sealed, other);
  });

  it('keeps the refresh in flight until its record is complete or the session has ended', () => {
    const inFlightAfter = (record: SessionRecord): number | undefined =>
      withRecord(headerWith(generation(1), { inFlight: 1 }), record, SEALED)?.inFlight;
    assert.deepEqual([generation(1), half(2)].map(inFlightAfter), [1, 1]);
    assert.deepEqual(
      [generation(2), half(3), generation(3), ended(generation(1)), ended(half(2))].map(inFlightAfter),
      Array(5).fill(undefined),
    );
  });

  it('keeps the last failure until there is a record of a later generation', () => {
    const failureAfter = (record: SessionRecord): RefreshFailure | undefined =>
      withRecord(headerWith(generation(1), { lastFailure: failure() }), record, SEALED)?.lastFailure;
    assert.deepEqual([generation(1), ended(generation(1))].map(failureAfter), [failure(), failure()]);
    assert.deepEqual([half(2), generation(2)].map(failureAfter), [undefined, undefined]);
  });
});

describe('withFailure', () => {
  it("adds the failure to the header when it's of the same generation", () => {
    const full = failure({ detail: 'words', nextAttemptAt: NOW + 5, listensUntil: NOW + 5 });
    assert.deepEqual(
      stored(withFailure(headerWith(generation(1), { inFlight: 1 }), generation(1), full)),
      stored(headerWith(generation(1), { inFlight: 1, lastFailure: full })),
    );
  });

  it('updates the header to the record first when the file is missing or older', () => {
    for (const file of [undefined, headerWith(generation(1), { inFlight: 1 })]) {
      const { lastFailure, ...header } = withFailure(file, generation(2), failure({ generation: 2 })) ?? {};
      assert.deepEqual([lastFailure?.generation, 'generation' in header && header.generation], [2, 2]);
    }
  });

  it("leaves the file unchanged when it's of a later generation, or the user has signed out", () => {
    assert.equal(withFailure(headerWith(generation(2)), generation(1), failure()), undefined);
    assert.equal(withFailure(headerWith(half(2)), generation(1), failure()), undefined);
    assert.equal(withFailure(TOMBSTONE, generation(1), failure()), undefined);
  });

  it('leaves the file unchanged when the failure is of another generation than the record', () => {
    assert.equal(withFailure(headerWith(generation(1)), generation(1), failure({ generation: 2 })), undefined);
    assert.equal(withFailure(undefined, generation(2), failure({ generation: 1 })), undefined);
  });

  /** Returns the content of the file after two failures. */
  const after = (first: Partial<RefreshFailure>, second: Partial<RefreshFailure>): RefreshFailure | undefined => {
    const file = headerWith(generation(1), { lastFailure: failure(first) });
    return withFailure(file, generation(1), failure(second))?.lastFailure;
  };

  it('keeps the longest wait that the server requested from any window', () => {
    const at = NOW + SECOND;
    const long = { waitUntil: NOW + 10 * MINUTE, nextAttemptAt: NOW + 10 * MINUTE };
    const short = { at, waitUntil: NOW + MINUTE, nextAttemptAt: NOW + MINUTE };
    assert.deepEqual(
      [after(long, short)?.waitUntil, after(long, short)?.nextAttemptAt],
      [NOW + 10 * MINUTE, NOW + 10 * MINUTE],
    );
    assert.equal(after(short, { ...long, at })?.waitUntil, NOW + 10 * MINUTE);
    assert.equal(after(long, { at, nextAttemptAt: NOW + 2 * SECOND })?.nextAttemptAt, NOW + 10 * MINUTE);
    assert.equal(after(long, { at, nextAttemptAt: NOW + HOUR })?.nextAttemptAt, NOW + HOUR);
  });

  it("schedules no attempt when the failure doesn't, no matter what wait the server requested", () => {
    const last = after({ waitUntil: NOW + MINUTE }, { nextAttemptAt: undefined });
    assert.deepEqual([last?.waitUntil, last?.nextAttemptAt], [NOW + MINUTE, undefined]);
  });

  it('drops a wait that is over, or longer than the maximum because the clock was set back', () => {
    assert.equal(after({ waitUntil: NOW + MINUTE }, { at: NOW + MINUTE })?.waitUntil, undefined);
    const setBack = after(
      { waitUntil: NOW + MINUTE },
      { at: NOW - 2 * MAX_RETRY_AFTER, nextAttemptAt: NOW - MAX_RETRY_AFTER },
    );
    assert.deepEqual([setBack?.waitUntil, setBack?.nextAttemptAt], [undefined, NOW - MAX_RETRY_AFTER]);
  });

  it('keeps the first rejection of any window', () => {
    const later = NOW + MINUTE;
    assert.equal(after({ rejectedAt: NOW }, { at: later, rejectedAt: later })?.rejectedAt, NOW);
    assert.equal(after({ rejectedAt: NOW }, { at: later })?.rejectedAt, NOW);
    assert.equal(after({}, { at: later, rejectedAt: NOW })?.rejectedAt, NOW);
    assert.equal(after({}, { at: later })?.rejectedAt, undefined);
  });

  it('drops a rejection with a time in the future because the clock was set back', () => {
    const earlier = NOW - HOUR;
    assert.equal(after({ rejectedAt: NOW }, { at: earlier })?.rejectedAt, undefined);
    assert.equal(after({ rejectedAt: NOW }, { at: earlier, rejectedAt: earlier })?.rejectedAt, earlier);
  });

  it('keeps no wait or rejection of an earlier generation', () => {
    const past = failure({ waitUntil: NOW + HOUR, rejectedAt: NOW });
    const file = { ...headerWith(generation(2)), lastFailure: past };
    const next = withFailure(file, generation(2), failure({ generation: 2, at: NOW + SECOND }))?.lastFailure;
    assert.deepEqual([next?.waitUntil, next?.rejectedAt], [undefined, undefined]);
  });
});

describe('withRefreshInFlight', () => {
  it('records the generation in flight, and changes nothing else in the header', () => {
    assert.deepEqual(
      stored(withRefreshInFlight(headerWith(generation(1)), generation(1))),
      stored(headerWith(generation(1), { inFlight: 1 })),
    );
  });

  it('updates the header to the record first when the file is missing or older', () => {
    for (const file of [undefined, headerWith(generation(1), { inFlight: 1 })]) {
      const { generation: number, inFlight } = withRefreshInFlight(file, generation(2)) ?? {};
      assert.deepEqual([number, inFlight], [2, 2]);
    }
  });

  it("leaves the file unchanged when it's of a later generation, or the user has signed out", () => {
    assert.equal(withRefreshInFlight(headerWith(half(2)), generation(1)), undefined);
    assert.equal(withRefreshInFlight(TOMBSTONE, generation(1)), undefined);
  });

  it('keeps the last failure, but not its pending response', () => {
    const lastFailure = failure({ listensUntil: NOW + MINUTE, rejectedAt: NOW });
    assert.deepEqual(
      stored(withRefreshInFlight(headerWith(generation(1), { lastFailure }), generation(1))),
      stored(headerWith(generation(1), { inFlight: 1, lastFailure: failure({ rejectedAt: NOW }) })),
    );
  });
});

describe('withoutRefreshInFlight', () => {
  it('removes the mark from the header, and changes nothing else', () => {
    const header = headerWith(half(2), { inFlight: 1, lastFailure: failure() });
    assert.deepEqual(stored(withoutRefreshInFlight(header)), stored(headerWith(half(2), { lastFailure: failure() })));
  });

  it('leaves the file unchanged when nothing is in flight, there is no file, or the user has signed out', () => {
    for (const file of [headerWith(generation(1)), undefined, TOMBSTONE]) {
      assert.equal(withoutRefreshInFlight(file), undefined);
    }
  });
});

describe('isBeingCompleted', () => {
  it('is true between the refresh token of a response and the complete record', () => {
    const sent = withRefreshInFlight(headerWith(generation(1)), generation(1));
    const received = withRecord(sent, half(2), SEALED);
    const complete = withRecord(received, generation(2), SEALED);
    assert.deepEqual([undefined, sent, received, complete].map(isBeingCompleted), [false, false, true, false]);
  });

  it('is false once the refresh has failed or the session has ended', () => {
    const received = withRecord(withRefreshInFlight(undefined, generation(1)), half(2), SEALED);
    assert.equal(isBeingCompleted(withoutRefreshInFlight(received)), false);
    assert.equal(isBeingCompleted(withRecord(received, ended(half(2)), SEALED)), false);
  });

  it('is false once another window sends the new refresh token, because the previous window has ended', () => {
    const received = withRecord(withRefreshInFlight(undefined, generation(1)), half(2), SEALED);
    assert.equal(isBeingCompleted(withRefreshInFlight(received, half(2))), false);
  });
});

describe('isWait', () => {
  it('is true until the time has passed', () => {
    assert.deepEqual(
      [undefined, NOW - 1, NOW, NOW + 1, NOW + MAX_RETRY_AFTER].map((until) => isWait(until, NOW)),
      [false, false, false, true, true],
    );
  });

  it("is false when it's longer than the maximum, because the clock was set back", () => {
    assert.equal(isWait(NOW + MAX_RETRY_AFTER + 1, NOW), false);
  });
});

describe('longestWait', () => {
  it("returns the longest of those that aren't over", () => {
    assert.equal(longestWait([NOW + 1, undefined, NOW + 3, NOW - 9, NOW + 2 * MAX_RETRY_AFTER], NOW), NOW + 3);
    assert.equal(longestWait([undefined, NOW, NOW + 2 * MAX_RETRY_AFTER], NOW), undefined);
    assert.equal(longestWait([], NOW), undefined);
  });
});

describe('toSharedFailure', () => {
  it('returns the failure of the other window, with the rest of its wait', () => {
    const { category, code, detail, retryAfter } = toSharedFailure(
      failure({ category: 'rate-limited', code: 'http-429', detail: 'slow down', waitUntil: NOW + MINUTE }),
      NOW + SECOND,
    );
    assert.deepEqual(
      { category, code, detail, retryAfter },
      { category: 'rate-limited', code: 'http-429', detail: 'slow down', retryAfter: MINUTE - SECOND },
    );
    assert.equal(toSharedFailure(failure({ host: '[x](y).example' }), NOW).host, 'x(y).example');
    assert.equal(toSharedFailure(failure({ waitUntil: NOW }), NOW).retryAfter, undefined);
    assert.equal(toSharedFailure(failure({ waitUntil: NOW + 2 * MAX_RETRY_AFTER }), NOW).retryAfter, undefined);
  });

  it("sanitizes the server's text again, because the file may be forged", () => {
    const { detail } = toSharedFailure(failure({ detail: '[click](command:x)\n' + 'y'.repeat(5000) }), NOW);
    assert.ok(detail !== undefined && detail.length < 1000 && !detail.includes('\n') && !detail.includes(']('), detail);
  });
});
