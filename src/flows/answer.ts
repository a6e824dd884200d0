// Reading an authorization response from a query: RFC 6749 section 4.1.2.

/**
 * The parameters in a query. Its encoding has "+" for a space (RFC 6749 appendix B), but a code has no spaces as a rule,
 * and there are servers that don't encode it: a "+" in a code stays one.
 */
export function answerParameters(query: string): URLSearchParams {
  return new URLSearchParams(
    query.replace(/(^|[?&])([^=&]*)=([^&]*)/g, (pair, before: string, name: string, value: string) =>
      isCode(name) ? `${before}${name}=${value.replaceAll('+', '%2B')}` : pair,
    ),
  );
}

function isCode(name: string): boolean {
  return new URLSearchParams(`${name}=`).has('code');
}
