// Detects authentication challenges from a proxy or firewall between this machine and the server.

/** The schemes for client authentication and access tokens: RFC 7617, RFC 6750, RFC 9449, and drafts of OAuth 2. */
const CLIENT_SCHEMES = /(?:^|,)\s*(?:basic|bearer|dpop|oauth2?|token|mac)(?=[\s,]|$)/i;
/** The schemes for users of a network or web server: RFC 4559. */
const NETWORK_SCHEMES = /(?:^|,)\s*(?:negotiate|ntlm|kerberos)(?=[\s,]|$)/i;

/**
 * Whether an error response is from a proxy, a firewall or a web server in front of the identity server: it has a
 * `Proxy-Authenticate` header, or a challenge with a scheme (RFC 9110 section 11) that isn't used in OAuth 2.
 */
export function isProxyChallenge({ headers, status }: Response): boolean {
  if (status !== 401 && status !== 403 && status !== 407) {
    return false;
  }
  // Quoted strings are names of realms.
  const challenges = (headers.get('www-authenticate') ?? '').replace(/"(?:[^"\\]|\\.)*"/g, '""').trim();
  return (
    headers.has('proxy-authenticate') ||
    NETWORK_SCHEMES.test(challenges) ||
    (/^[\w!#$%&'*+.^`|~-]+(?=[\s,]|$)/.test(challenges) && !CLIENT_SCHEMES.test(challenges))
  );
}
