// Measures a server's clock skew: from the `Date` and `Age` headers of a response, at the middle of its round trip (RFC
// 9110 section 6.6.1).
import type { Provider } from '../core/provider.ts';
import { metadataUrls } from './metadata.ts';
import { createFetch, type Transport } from './transport.ts';

/**
 * Requests a server's discovery document, only to compare the clocks.
 * @returns how far, in ms, the server's clock is ahead of this machine's; undefined if the response has no `Date`.
 * @throws Failure if the server doesn't respond.
 */
export async function measureClockSkew(provider: Provider, transport: Transport): Promise<number | undefined> {
  let skew: number | undefined;
  const request = createFetch(transport, undefined, (response) => {
    skew = response.skew;
    return response.response;
  });
  await request(metadataUrls(provider)[0] ?? provider.issuer, { method: 'GET', headers: {} });
  return skew;
}
