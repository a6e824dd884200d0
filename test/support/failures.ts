import assert from 'node:assert/strict';
import { Failure } from '../../src/core/failure.ts';
import type { Category } from '../../src/core/failurePolicies.ts';

/** Waits for a promise to reject with a failure of a category and, if given, a code; returns the failure. */
export async function rejectsWith(promise: Promise<unknown>, category: Category, code?: string): Promise<Failure> {
  const outcome = await promise.then(
    () => "It didn't reject.",
    (error: unknown) => error,
  );
  if (!(outcome instanceof Failure)) {
    assert.fail(`Not a failure: ${outcome instanceof Error ? (outcome.stack ?? outcome.message) : String(outcome)}`);
  }
  assert.deepEqual(
    [outcome.category, code === undefined ? undefined : outcome.code],
    [category, code],
    outcome.message,
  );
  return outcome;
}
