import fc from 'fast-check';

/** Holds a property against the same examples in every run, so that a failure today is a failure tomorrow. */
export function holds<T>(property: fc.IProperty<T>, numRuns = 300): void {
  fc.assert(property, { seed: 20_300_101, numRuns });
}
