// Which URLs credentials may be sent to: over TLS, or to this machine only, and without user information.

/**
 * Parses a URL; undefined if the text isn't one. Unlike `URL.canParse`, this always agrees with the constructor, which
 * throws for some hosts that `canParse` accepts.
 */
export function parseUrl(value: string, base?: string | URL): URL | undefined {
  try {
    return new URL(value, base);
  } catch {
    return undefined;
  }
}

/** Whether a URL uses TLS or a loopback address. Returns true for text that isn't a URL; other checks reject that. */
export function isSecureUrl(value: string): boolean {
  const url = parseUrl(value);
  return url === undefined || url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname));
}

/**
 * Whether a URL contains user information (RFC 3986 section 3.2.1), even if it's empty. A URL that credentials are sent
 * to, or that a user is shown, has none: `https://id.example.com@evil.example/` looks like another host.
 */
export function hasUserInfo(value: string): boolean {
  const url = parseUrl(value);
  return (
    (url !== undefined && (url.username !== '' || url.password !== '')) ||
    /^\s*[a-z][a-z0-9+.-]*:[/\\]*[^/\\?#]*@/i.test(value)
  );
}

/** Whether a host name, as `URL.hostname` returns it, is a loopback address (RFC 8252 section 7.3). */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
