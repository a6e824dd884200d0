// A host name for the servers of this computer that only the processes of a test resolve.
import dns from 'node:dns';
import tls from 'node:tls';

/** The host name. `.test` is reserved for this purpose (RFC 6761 section 6.2), so it resolves nowhere else. */
export const testHostName = 'id.session-keeper.test';

/** The environment variable with the path of the certificate, for `hostNamePreload.ts`. */
export const certificateVariable = 'SESSION_KEEPER_TEST_CERTIFICATE';

/**
 * Resolves {@link testHostName} to 127.0.0.1, without a proxy, and trusts its certificate, in this process only.
 *
 * @param certificate the self-signed certificate in PEM
 */
export function useTestHostName(certificate: string): void {
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), certificate]);
  const withoutProxy = process.env['no_proxy'] ?? process.env['NO_PROXY'] ?? '';
  process.env['no_proxy'] = [withoutProxy, testHostName].filter(Boolean).join(',');
  dns.lookup = new Proxy(dns.lookup, {
    apply: (lookup, self, [host, ...others]: readonly unknown[]): unknown =>
      Reflect.apply(lookup, self, [host === testHostName ? '127.0.0.1' : host, ...others]),
  });
}
