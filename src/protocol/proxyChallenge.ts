// Whether it is something between here and the server that wants to know who asks.

/** The schemes with which a client authenticates itself, or shows a token: RFC 7617, RFC 6750, RFC 9449, and the drafts of OAuth 2. */
const CLIENT_SCHEMES = /(?:^|,)\s*(?:basic|bearer|dpop|oauth2?|token|mac)(?=[\s,]|$)/i;
/** The schemes with which people authenticate themselves to a network or to a web server: RFC 4559. */
const NETWORK_SCHEMES = /(?:^|,)\s*(?:negotiate|ntlm|kerberos)(?=[\s,]|$)/i;

/**
 * Whether an answer that refuses is from a proxy, a firewall or a web server in front of the identity server: it says so
 * by `Proxy-Authenticate`, or by a scheme (RFC 9110 section 11) that no OAuth server has.
 */
export function isProxyChallenge({ headers, status }: Response): boolean {
  if (status !== 401 && status !== 403 && status !== 407) {
    return false;
  }
  // What stands between quotation marks is the name of a realm.
  const challenges = (headers.get('www-authenticate') ?? '').replace(/"(?:[^"\\]|\\.)*"/g, '""').trim();
  return (
    headers.has('proxy-authenticate') ||
    NETWORK_SCHEMES.test(challenges) ||
    (/^[\w!#$%&'*+.^`|~-]+(?=[\s,]|$)/.test(challenges) && !CLIENT_SCHEMES.test(challenges))
  );
}
