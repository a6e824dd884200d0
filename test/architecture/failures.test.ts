import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import { FAILURE_POLICIES, localCodesOf } from '../../src/core/failurePolicies.ts';
import type { FailurePolicy } from '../../src/core/failurePolicy.ts';
import { createdFailures, type CreatedFailure } from '../support/createdFailures.ts';

const SRC = join(import.meta.dirname, '../../src');
const ROWS = new Map<string, FailurePolicy>(Object.entries(FAILURE_POLICIES));

/** The failures that the extension creates. */
function inSource(): CreatedFailure[] {
  const paths = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  return paths.flatMap((path) => createdFailures(path.split(sep).join('/'), readFileSync(join(SRC, path), 'utf8')));
}

/**
 * The failures whose category or code isn't a literal, each with its reason: the table determines them, they were a failure
 * before, or the callers pass a code that is in the row.
 */
const NOT_WRITTEN_OUT: readonly string[] = [
  // From the table: error codes of servers, statuses, codes of the platform.
  `protocol/classify.ts: categoryOfError(error, step) ?? 'unknown-error', /^[\\w.-]{1,64}$/.test(error) ? error : 'unknown-error'`,
  'protocol/classify.ts: categoryOfStatus(status), `http-${status}`',
  'protocol/classify.ts: category, code',
  // Failures recorded by another window, or at an earlier start.
  `core/session.ts: CATEGORIES.find((one) => one === category) ?? 'session-ended', code`,
  'storage/sessionFile.ts: category, code',
  // "secret-timeout" and "folder-timeout", from its two callers in the same file.
  `storage/timeouts.ts: 'storage', code`,
  // A code of the library, as a constant.
  `protocol/device.ts: 'invalid-response', oauth.INVALID_RESPONSE`,
  // "entry-changed", if the user isn't the one who canceled it.
  `auth/signInController.ts: 'canceled', code ?? 'canceled'`,
];

/** Whether a row has a code, or one that matches a pattern with `*`. */
function hasCode(row: FailurePolicy, code: string): boolean {
  const pattern = new RegExp(
    `^${code
      .split('*')
      .map((part) => part.replace(/[^\w-]/g, '\\$&'))
      .join('[\\w-]+')}$`,
  );
  return localCodesOf(row).some((one) => pattern.test(one));
}

/** What is wrong with a created failure; undefined if nothing is. */
function complaintOf({ at, category, code, words }: CreatedFailure): string | undefined {
  const place = `${at.replace(/:\d+$/, '')}: ${words}`;
  if (category === undefined || code === undefined) {
    return NOT_WRITTEN_OUT.includes(place)
      ? undefined
      : `${at} creates a failure whose category or code isn't a literal: ${words}`;
  }
  const row = ROWS.get(category);
  if (row === undefined) {
    return `${at} creates a failure of "${category}", which isn't a row of the table`;
  }
  return hasCode(row, code) || NOT_WRITTEN_OUT.includes(place)
    ? undefined
    : `${at} creates a failure of "${category}" with "${code}", which isn't in its row`;
}

const complaints = (made: readonly CreatedFailure[]): string[] =>
  made.map(complaintOf).filter((one) => one !== undefined);

describe('the failures that src creates', () => {
  it('have codes from the row of their category', () => {
    assert.deepEqual(complaints(inSource()), []);
  });

  it('are all found', () => {
    assert.ok(inSource().length > 40);
    const places = inSource().map(({ at, words }) => `${at.replace(/:\d+$/, '')}: ${words}`);
    assert.deepEqual(
      NOT_WRITTEN_OUT.filter((place) => !places.includes(place)),
      [],
      'exceptions that are no longer needed',
    );
  });

  it('include each storage code that the callers pass', () => {
    const passed = [
      ...readFileSync(join(SRC, 'storage/timeouts.ts'), 'utf8').matchAll(/circuitBreaker\([^)]*'([\w-]+)'\)/g),
    ].map(([, code = '']) => code);
    assert.ok(passed.length >= 2);
    assert.deepEqual(
      passed.filter((code) => !hasCode(FAILURE_POLICIES.storage, code)),
      [],
    );
  });

  it("are reported with another code, another category, or one that isn't a literal", () => {
    const made = (text: string): string[] => complaints(createdFailures('core/a.ts', text));
    assert.deepEqual(made(`throw new Failure('network', 'deadline', { cause });`), []);
    assert.deepEqual(made('throw new Failure("storage", `secret-${operation}`);'), []);
    assert.deepEqual(made(`throw new Failure('network', 'no-code');`), [
      `core/a.ts:1 creates a failure of "network" with "no-code", which isn't in its row`,
    ]);
    assert.deepEqual(made(`throw new Failure('session-ended', 'invalid_grant');`), [
      `core/a.ts:1 creates a failure of "session-ended" with "invalid_grant", which isn't in its row`,
    ]);
    assert.deepEqual(made('\nthrow new Failure("storage", `disk-${operation}`);'), [
      `core/a.ts:2 creates a failure of "storage" with "disk-*", which isn't in its row`,
    ]);
    assert.deepEqual(made(`throw new Failure('nonsense', 'x');`), [
      `core/a.ts:1 creates a failure of "nonsense", which isn't a row of the table`,
    ]);
    assert.deepEqual(made(`throw new Failure(category, code);`), [
      `core/a.ts:1 creates a failure whose category or code isn't a literal: category, code`,
    ]);
  });
});

describe('text from servers', () => {
  it('is sanitized only in the protocol file that also removes secrets', () => {
    const folder = join(SRC, 'protocol');
    const using = readdirSync(folder).filter((name) =>
      readFileSync(join(folder, name), 'utf8').includes('sanitizeServerText('),
    );
    assert.deepEqual(using, ['knownSecrets.ts']);
  });
});
