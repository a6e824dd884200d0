import fc from 'fast-check';

/** Checks a property with the same examples in every run, so that failures are reproducible. */
export function holds<T>(property: fc.IProperty<T>, numRuns = 300): void {
  fc.assert(property, { seed: 20_300_101, numRuns });
}
