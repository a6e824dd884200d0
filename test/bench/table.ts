/**
 * Returns the median.
 *
 * @param values at least one value
 * @returns the middle value, or the mean of the middle two
 */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [upper = NaN, lower = NaN] = [sorted[middle], sorted[middle - 1]];
  return sorted.length % 2 === 1 ? upper : (lower + upper) / 2;
}

/**
 * Returns the ratios of two measurements round by round, so that a round in which the machine was busy affects both
 * equally.
 *
 * @param values the values of the first one, one per round
 * @param others the values of the second one
 * @returns the ratios of the rounds that have both
 */
export function ratios(
  values: readonly (number | undefined)[] = [],
  others: readonly (number | undefined)[] = [],
): number[] {
  return values.flatMap((value, round) => {
    const other = others[round];
    return value === undefined || other === undefined ? [] : [value / other];
  });
}

/**
 * Formats the median of several values.
 *
 * @param values any number of values
 * @param format formats one value
 * @returns the text; a dash if there is no value
 */
export function formatMedian(values: readonly number[], format: (value: number) => string): string {
  return values.length === 0 ? '–' : format(median(values));
}

/**
 * Returns a table in Markdown whose columns are aligned in plain text, too.
 *
 * @param rows the cells, starting with the header; the first column has text, the others have numbers
 * @returns one line per row, and one below the header
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
