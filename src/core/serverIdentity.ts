// What of an entry tells servers apart, and where the entry sends credentials.
import type { Destination } from './fieldRow.ts';
import type { Provider } from './provider.ts';
import { FIELD_ROWS } from './providerFields.ts';
import type { SessionRecord } from './session.ts';

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

/**
 * The provider that a record belongs to as it is configured now: its tokens came from that issuer, for that client, and
 * go to no address of the entry that was not one then. Undefined where there is none.
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

/** Whether a record is of a provider's client at its issuer, though its credentials may go elsewhere by now. */
export function belongsToClient(
  record: SessionRecord,
  { clientId, issuer }: Pick<Provider, 'issuer' | 'clientId'>,
): boolean {
  return issuer === record.issuer && clientId === record.clientId;
}

/** An entry that has lost its endpoints, or its metadata URL, leads to wherever the server of that name says, which is elsewhere, too. */
function endpointsChanged({ origins }: SessionRecord, provider: Destination): boolean {
  const now = credentialOrigins(provider);
  return (
    origins !== undefined &&
    (now.some((origin) => !origins.includes(origin)) || (now.length === 0 && origins.length > 0))
  );
}
