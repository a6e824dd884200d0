// Steps shared by several tests.
import type { WindowProcess } from './windowProcess.ts';
import type { Outcome, Point } from './wire.ts';
import { assertDone } from './simulation.ts';

/**
 * Makes windows renew while another one has the lock, and waits until each has checked that window a number of times.
 * @returns the outcomes of their renewals.
 */
export async function queue(windows: readonly WindowProcess[], looks = 1): Promise<Promise<Outcome>[]> {
  await Promise.all(windows.map((window) => window.do({ kind: 'report', point: 'looking' })));
  const renewals = windows.map((window) => window.do({ kind: 'renew' }));
  await Promise.all(windows.map((window) => window.passed('looking', looks)));
  return renewals;
}

/**
 * Makes a window renew until it reaches a point for the n-th time.
 * @returns the outcome, in an object because `await` would otherwise wait for it.
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

/** Sets the clocks of windows forward by a number of ms, or back if that is negative. */
export async function setClock(windows: readonly WindowProcess[], by: number): Promise<void> {
  await Promise.all(windows.map((window) => window.do({ kind: 'shiftClock', by })));
}

/** Resumes and releases a window that is both stopped and held. */
export async function wake(window: WindowProcess): Promise<void> {
  const going = window.release();
  window.resume();
  await going;
}

/** Waits for renewals, and asserts that all of them succeed. */
export async function assertSucceed(...renewals: readonly Promise<Outcome>[]): Promise<void> {
  (await Promise.all(renewals)).forEach(assertDone);
}

/** Returns the results of a number of successful requests. */
export function renewals(count: number): number[] {
  return Array.from({ length: count }, () => 200);
}

/** Defines tests that mostly wait: they are started together, and each reports its own result. */
export function together(tests: Readonly<Record<string, () => Promise<void>>>): void {
  const running = new Map<string, Promise<void>>();
  before(() => {
    for (const [title, test] of Object.entries(tests)) {
      const run = test();
      // Its own test reports the failure, later.
      run.catch(() => {});
      running.set(title, run);
    }
  });
  for (const title of Object.keys(tests)) {
    it(title, () => running.get(title));
  }
}
