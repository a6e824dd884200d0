// Which URLs credentials may be sent to: over TLS, or to this machine only.

/** Whether a URL uses TLS or a loopback address. Returns true for text that isn't a URL; other checks reject that. */
export function isSecureUrl(value: string): boolean {
  if (!URL.canParse(value)) {
    return true;
  }
  const url = new URL(value);
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname));
}

/** Whether a host name, as `URL.hostname` returns it, is a loopback address (RFC 8252 section 7.3). */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
