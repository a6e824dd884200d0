// Parses an authorization response from a query: RFC 6749 section 4.1.2.

/**
 * The parameters in a query. "+" encodes a space (RFC 6749 appendix B), but codes normally have no spaces, and some
 * servers don't encode a "+": in a code, it stays unchanged.
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
