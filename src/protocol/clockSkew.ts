// How far a server's clock is ahead: from the `Date` and `Age` headers of an answer, at the middle of its round trip (RFC 9110 section 6.6.1).
import type { Provider } from '../core/provider.ts';
import { metadataUrls } from './metadata.ts';
import { createFetch, type Transport } from './transport.ts';

/**
 * Asks a server for its discovery document, only to compare the clocks.
 * @returns how far, in ms, the server's clock is ahead of this machine's; undefined where its answer tells no time.
 * @throws Failure where the server does not answer.
 */
export async function measureClockSkew(provider: Provider, transport: Transport): Promise<number | undefined> {
  let skew: number | undefined;
  const ask = createFetch(transport, undefined, (answer) => {
    skew = answer.skew;
    return answer.response;
  });
  await ask(metadataUrls(provider)[0] ?? provider.issuer, { method: 'GET', headers: {} });
  return skew;
}
