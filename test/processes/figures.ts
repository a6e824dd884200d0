// The figures that these tests measure, printed as a table at the end.
import type { StoreModel } from '../support/simulation/sharedSecrets.ts';

/** The figures of one case with one store model. */
export interface Figure {
  readonly what: string;
  readonly model: StoreModel;
  readonly windows: number;
  readonly renewals: number;
  readonly requests: number;
  /** The time, in ms, from the end of one window to the outcomes of all that waited. */
  readonly takeOver?: number;
}

const figures: Figure[] = [];

/** Records a figure. */
export function note(figure: Figure): void {
  figures.push(figure);
}

/** Returns one line for a case with all store models; of figures that differ, the largest. */
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
