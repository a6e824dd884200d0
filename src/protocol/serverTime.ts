// The server's time at which a response was sent: RFC 9110 section 6.6.1, RFC 9111 section 5.1.

/** The maximum `Age`, in seconds. It stands for anything beyond, so it's ignored. */
const MAX_AGE = 2 ** 31 - 1;

/**
 * The server's time when a response was received, in ms since the Unix epoch: `Date` plus the `Age` in a cache;
 * undefined without a `Date`. An invalid `Age` counts as 0.
 */
export function serverTimeOf(headers: Headers): number | undefined {
  const date = Date.parse(headers.get('date') ?? '');
  // If there are several ages, the first one is used.
  const age = Number(/^\s*(\d+)\s*(?:,|$)/.exec(headers.get('age') ?? '')?.[1] ?? 0);
  return Number.isNaN(date) ? undefined : date + (age < MAX_AGE ? age * 1000 : 0);
}
