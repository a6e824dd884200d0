// The figures that the tests of this folder find, as one table at the end.
import type { StoreModel } from '../support/simulation/sharedSecrets.ts';

/** What one case has come to, with one store. */
export interface Figure {
  readonly what: string;
  readonly model: StoreModel;
  readonly windows: number;
  readonly renewals: number;
  readonly requests: number;
  /** From the end of one window to the outcome of all that waited, in ms. */
  readonly takeOver?: number;
}

const figures: Figure[] = [];

/** Notes a figure. */
export function note(figure: Figure): void {
  figures.push(figure);
}

/** One line for a case, whatever the store; of figures that differ, the largest. */
function lineOf(same: readonly Figure[]): string {
  const largest = (of: (figure: Figure) => number): number => Math.max(...same.map(of));
  const counts = [
    largest(({ windows }) => windows),
    largest(({ renewals }) => renewals),
    largest(({ requests }) => requests),
  ];
  const takeOver = largest(({ takeOver: time = -1 }) => time);
  return [
    (same[0]?.what ?? '').padEnd(56),
    same
      .map(({ model }) => model)
      .sort()
      .join(' ')
      .padEnd(25),
    ...counts.map((count) => String(count).padStart(8)),
    (takeOver < 0 ? '' : `${Math.round(takeOver)} ms`).padStart(10),
  ].join(' ');
}

after(() => {
  const cases = Map.groupBy(figures, ({ what, windows }) => `${what} ${windows}`);
  const head = `${'case'.padEnd(56)} ${'stores'.padEnd(25)}  windows renewals requests  take-over`;
  console.log(['', head, ...[...cases.values()].map(lineOf), ''].join('\n'));
});
