// Root hooks that fail a whole suite if a promise rejection is unhandled: mocha itself only prevents Node from exiting, and
// doesn't report it.
import type { RootHookObject } from 'mocha';
import { settle } from './fakeClock.ts';

/** The rejection as text, and the test that ran at that time. */
interface Rejection {
  readonly during: string;
  readonly reason: unknown;
}

const found: Rejection[] = [];
/** Mocha emits what it receives again, so everything arrives here twice. */
const seen = new WeakSet<Promise<unknown>>();
let during = 'before the first test';
let isOver = false;

function onRejection(reason: unknown, promise: Promise<unknown>): void {
  if (seen.has(promise)) {
    return;
  }
  seen.add(promise);
  found.push({ during, reason });
  if (isOver) {
    // Only the process is left to fail.
    throw reason;
  }
}

process.on('unhandledRejection', onRejection);

/** The unhandled rejections so far; each is returned once. */
export async function takeRejections(): Promise<string[]> {
  // Node reports them only after pending promises have run.
  await settle();
  return found
    .splice(0)
    .map(
      ({ during: test, reason }) =>
        `${test}: ${reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)}`,
    );
}

/** The root hooks: they record the running test, and fail after the last one. */
export const mochaHooks: RootHookObject = {
  beforeAll() {
    // A mocha worker runs all hooks for each of its files, and removes the listeners after each.
    isOver = false;
    if (!process.listeners('unhandledRejection').includes(onRejection)) {
      process.on('unhandledRejection', onRejection);
    }
  },
  beforeEach(this: Mocha.Context) {
    during = this.currentTest?.fullTitle() ?? during;
  },
  async afterAll() {
    const rejections = await takeRejections();
    isOver = true;
    if (rejections.length > 0) {
      throw new Error(`${rejections.length} unhandled promise rejection(s).\n\n${rejections.join('\n\n')}`);
    }
  },
};
