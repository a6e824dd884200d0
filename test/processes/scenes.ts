// What the tests have in common: how windows come to wait for one another, and how tests do not.
import type { WindowProcess } from './windowProcess.ts';
import type { Outcome } from './wire.ts';
import { noFailure } from './world.ts';

/**
 * Has windows renew while another one has the turn, and waits until each has looked at that so many times.
 * @returns what will come of their renewals.
 */
export async function queue(windows: readonly WindowProcess[], looks = 1): Promise<Promise<Outcome>[]> {
  await Promise.all(windows.map((window) => window.do({ kind: 'tell', point: 'looking' })));
  const renewals = windows.map((window) => window.do({ kind: 'renew' }));
  await Promise.all(windows.map((window) => window.passed('looking', looks)));
  return renewals;
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
