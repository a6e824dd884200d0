/**
 * The middle of several values.
 *
 * @param values at least one
 * @returns the middle one; of an even number, the mean of the middle two
 */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [upper = NaN, lower = NaN] = [sorted[middle], sorted[middle - 1]];
  return sorted.length % 2 === 1 ? upper : (lower + upper) / 2;
}

/**
 * How many times as much one thing takes as another: round by round, so that a round in which the machine was busy
 * counts for both sides alike.
 *
 * @param values the values of the one, one for each round
 * @param others the values of the other
 * @returns the ratios of the rounds in which there are both
 */
export function ratios(
  values: readonly (number | undefined)[] = [],
  others: readonly (number | undefined)[] = [],
): number[] {
  return values.flatMap((value, round) => {
    const beside = others[round];
    return value === undefined || beside === undefined ? [] : [value / beside];
  });
}

/**
 * The middle of several values, in words.
 *
 * @param values any number of them
 * @param say says one
 * @returns the words; a dash where there is no value
 */
export function present(values: readonly number[], say: (value: number) => string): string {
  return values.length === 0 ? '–' : say(median(values));
}

/**
 * A table in Markdown whose columns stand below each other in plain text too.
 *
 * @param rows the cells, the head first; the first column is words, the others are numbers
 * @returns one line for each row, and one below the head
 */
export function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const widths = head.map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string => {
    const padded = widths.map((width, column) => {
      const cell = cells[column] ?? '';
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `| ${padded.join(' | ')} |`;
  };
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(head), `| ${rule.join(' | ')} |`, ...body.map(line)].join('\n');
}
