// A fuzz target: a property of one border of the product that must hold for any input.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Failure } from '../../src/core/failure.ts';
import { CATEGORIES } from '../../src/core/failurePolicies.ts';

/** A border, and its property. */
export interface Target {
  readonly name: string;
  readonly property: fc.IAsyncPropertyWithHooks<never> | fc.IRawProperty<never>;
}

/** Creates a target from an arbitrary and a check that throws if the product does something wrong. */
export function target<T>(name: string, input: fc.Arbitrary<T>, check: (input: T) => unknown): Target {
  return { name, property: fc.asyncProperty(input, async (one) => void (await check(one))) as Target['property'] };
}

/** How many inputs are tried before the time is checked again. */
const BATCH = 10;

/**
 * Tries inputs until the time is over.
 * @param duration in ms.
 * @returns the number of inputs.
 * @throws Error with the smallest failing input that was found, and its seed.
 */
export async function fuzz({ property }: Target, seed: number, duration: number): Promise<number> {
  const end = performance.now() + duration;
  let inputs = 0;
  for (let batch = 0; performance.now() < end; batch += 1) {
    await fc.assert(property, { seed: seed + batch, numRuns: BATCH, endOnFailure: false });
    inputs += BATCH;
  }
  return inputs;
}

/** The longest message of an error, in characters. */
const MAX_MESSAGE_LENGTH = 1000;

/**
 * Runs a task that may reject with a Failure of a known category, and with nothing else.
 * @param secrets values that the message must not contain.
 */
export async function resultOrFailure<T>(
  task: () => T | Promise<T>,
  secrets: readonly string[] = [],
): Promise<T | undefined> {
  try {
    return await task();
  } catch (error) {
    assert.ok(error instanceof Failure, `It isn't a Failure: ${String(error)}`);
    assert.ok(CATEGORIES.includes(error.category), error.category);
    assert.notEqual(error.category, 'unexpected', error.cause instanceof Error ? error.cause.stack : undefined);
    assertClean(error.message, secrets);
    return undefined;
  }
}

/** Asserts that text can be displayed and logged. */
export function assertClean(text: string, secrets: readonly string[] = []): void {
  assert.ok(text.length <= MAX_MESSAGE_LENGTH, `${text.length} characters`);
  assert.doesNotMatch(text, /[\u0000-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/u);
  assert.doesNotMatch(text, /\]\(/);
  for (const secret of secrets) {
    assert.ok(!text.includes(secret), 'The message contains a secret.');
  }
}
