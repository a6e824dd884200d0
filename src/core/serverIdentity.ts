// Distinguishes servers by their entries, and determines where an entry sends credentials.
import type { Destination } from './fieldRow.ts';
import type { Provider } from './provider.ts';
import { FIELD_ROWS } from './providerFields.ts';
import type { SessionRecord } from './session.ts';

/**
 * A key that is equal for two providers if they're the same client at the same server, as far as their entries show.
 */
export function serverKeyOf(provider: Provider): string {
  return JSON.stringify(
    FIELD_ROWS.filter(([, { server }]) => server === 'identifies').map(([field]) => provider[field]),
  );
}

/**
 * The origins to which an entry sends credentials, sorted; empty if the endpoints come from the server's metadata.
 * Metadata at an origin other than the issuer's are included, because they decide about the endpoints. A server may
 * move its endpoints and a path may be corrected, but another origin is a different party.
 */
export function credentialOrigins(destination: Destination): string[] {
  const urls = FIELD_ROWS.flatMap(([, row]) => row.credentialUrls?.(destination) ?? []);
  return [...new Set(urls.map((url) => new URL(url).origin))].sort();
}

/**
 * The configured provider that a record belongs to: its tokens are from that issuer and client, and the entry sends
 * credentials to no origin that it didn't have when the session started. Undefined if there is none.
 */
export function configuredProviderOf<P extends Destination & Pick<Provider, 'clientId'>>(
  record: SessionRecord,
  providerWith: (id: string) => P | undefined,
): P | undefined {
  const provider = providerWith(record.providerId);
  return provider !== undefined && belongsToClient(record, provider) && !endpointsChanged(record, provider)
    ? provider
    : undefined;
}

/** Whether a record has a provider's issuer and client ID, even if credentials would now be sent to other origins. */
export function belongsToClient(
  record: SessionRecord,
  { clientId, issuer }: Pick<Provider, 'issuer' | 'clientId'>,
): boolean {
  return issuer === record.issuer && clientId === record.clientId;
}

/**
 * Whether an entry sends credentials to new origins. If endpoints or metadata URL were removed, the server's metadata
 * decide, which counts as a change, too.
 */
function endpointsChanged({ origins }: SessionRecord, provider: Destination): boolean {
  const now = credentialOrigins(provider);
  return (
    origins !== undefined &&
    (now.some((origin) => !origins.includes(origin)) || (now.length === 0 && origins.length > 0))
  );
}
