// What of an entry tells servers apart, and where the entry sends credentials.
import type { Destination } from './fieldRow.ts';
import type { Provider } from './provider.ts';
import { FIELD_ROWS } from './providerFields.ts';

/** A text that is the same for two providers that are the same client at the same server, as far as their entries say. */
export function serverKeyOf(provider: Provider): string {
  return JSON.stringify(
    FIELD_ROWS.filter(([, { server }]) => server === 'identifies').map(([field]) => provider[field]),
  );
}

/**
 * The origins to which an entry sends credentials, sorted; none if the server itself says where its endpoints are.
 * Metadata at another origin than the issuer's count as such: whoever publishes them decides. A server may move its
 * endpoints as it likes, and a path may be corrected; another origin is somebody else.
 */
export function credentialOrigins(destination: Destination): string[] {
  const urls = FIELD_ROWS.flatMap(([, row]) => row.credentialUrls?.(destination) ?? []);
  return [...new Set(urls.map((url) => new URL(url).origin))].sort();
}
