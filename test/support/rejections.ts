// Root hooks that make a whole suite fail on a promise that was rejected without anybody listening: mocha itself only
// keeps Node from ending the process, and tells nobody.
import type { RootHookObject } from 'mocha';
import { settle } from './fakeClock.ts';

/** What was rejected, in words, and which test ran at that time. */
interface Rejection {
  readonly during: string;
  readonly reason: unknown;
}

const found: Rejection[] = [];
/** Mocha emits what it hears once more, so that everything arrives here twice. */
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
    // Nothing is left to fail but the process.
    throw reason;
  }
}

process.on('unhandledRejection', onRejection);

/** The rejections so far that nobody has handled; they are not given again. */
export async function takeRejections(): Promise<string[]> {
  // Node tells of them only after the promises that wait have had their turn.
  await settle();
  return found
    .splice(0)
    .map(
      ({ during: test, reason }) =>
        `${test}: ${reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)}`,
    );
}

/** The root hooks: they note which test runs, and fail after the last one. */
export const mochaHooks: RootHookObject = {
  beforeAll() {
    // A worker of mocha runs all hooks for each of its files, and removes the listeners after each.
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
      throw new Error(
        `${rejections.length} promise(s) were rejected, and nobody listened.\n\n${rejections.join('\n\n')}`,
      );
    }
  },
};
