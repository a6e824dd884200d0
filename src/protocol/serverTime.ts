// What time it was at the server when an answer left it or the cache that keeps it: RFC 9110 section 6.6.1, RFC 9111 section 5.1.

/** The largest age that a cache can tell, in seconds: it stands for anything beyond, so it says nothing. */
const MAX_AGE = 2 ** 31 - 1;

/**
 * The server's time at the arrival of an answer, in ms since the Unix epoch: `Date`, and the `Age` that the answer has
 * reached in a cache; undefined without a `Date`. An `Age` that is none counts as 0.
 */
export function serverTimeOf(headers: Headers): number | undefined {
  const date = Date.parse(headers.get('date') ?? '');
  // Of several ages the first one counts.
  const age = Number(/^\s*(\d+)\s*(?:,|$)/.exec(headers.get('age') ?? '')?.[1] ?? 0);
  return Number.isNaN(date) ? undefined : date + (age < MAX_AGE ? age * 1000 : 0);
}
