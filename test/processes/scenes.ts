// What the tests have in common: how windows come to wait for one another, and how tests don't.
import type { WindowProcess } from './windowProcess.ts';
import type { Outcome, Point } from './wire.ts';
import { noFailure } from './world.ts';

/**
 * Has windows renew while another one has the lock, and waits until each has looked at that so many times.
 * @returns what will come of their renewals.
 */
export async function queue(windows: readonly WindowProcess[], looks = 1): Promise<Promise<Outcome>[]> {
  await Promise.all(windows.map((window) => window.do({ kind: 'tell', point: 'looking' })));
  const renewals = windows.map((window) => window.do({ kind: 'renew' }));
  await Promise.all(windows.map((window) => window.passed('looking', looks)));
  return renewals;
}

/**
 * Has a window renew until it comes to a point for the n-th time.
 * @returns what will come of that; the promise is in an object, or it would be waited for.
 */
export async function renewUntil(
  window: WindowProcess,
  point: Point,
  time = 1,
): Promise<{ readonly renewal: Promise<Outcome> }> {
  await window.hold(point, time);
  const renewal = window.do({ kind: 'renew' });
  await window.held(point);
  return { renewal };
}

/** Sets the clocks of windows, by so many ms from what they show. */
export async function setClock(windows: readonly WindowProcess[], by: number): Promise<void> {
  await Promise.all(windows.map((window) => window.do({ kind: 'shiftClock', by })));
}

/** Lets a window go on that is both stopped and held: the one order is there when the other takes effect. */
export async function wake(window: WindowProcess): Promise<void> {
  const going = window.goOn();
  window.resume();
  await going;
}

/** Waits for renewals, all of which have to succeed. */
export async function mustSucceed(...renewals: readonly Promise<Outcome>[]): Promise<void> {
  (await Promise.all(renewals)).forEach(noFailure);
}

/** So many renewals that each brought new tokens. */
export function renewals(count: number): number[] {
  return Array.from({ length: count }, () => 200);
}

/** Tests that mostly wait: they are started together, and each reports for itself. */
export function together(tests: Readonly<Record<string, () => Promise<void>>>): void {
  const running = new Map<string, Promise<void>>();
  before(() => {
    for (const [title, test] of Object.entries(tests)) {
      const run = test();
      // Its own test tells of it, and that may come later.
      run.catch(() => {});
      running.set(title, run);
    }
  });
  for (const title of Object.keys(tests)) {
    it(title, () => running.get(title));
  }
}
