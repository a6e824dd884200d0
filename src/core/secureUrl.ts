// Addresses that credentials may go to: over TLS, or not off this machine.

/** Whether a URL goes over TLS, or does not leave this machine. A text that is no URL is not judged here. */
export function isSecureUrl(value: string): boolean {
  if (!URL.canParse(value)) {
    return true;
  }
  const url = new URL(value);
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname));
}

/** Whether a host name as `URL` gives it is this machine (RFC 8252 section 7.3). */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
