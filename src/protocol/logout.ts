// Signing out of the server itself, in the browser: OpenID Connect RP-Initiated Logout 1.0.
import { isLoopbackHost } from '../core/address.ts';
import type { Server } from './discovery.ts';

/**
 * The address at which the person signs out of the server, so that the next sign-in asks who they are. It tells the
 * server which client asks and, by the ID token, whose session it is about; nothing comes back from there.
 * @returns undefined where the server has no such page, or has it at an address without TLS.
 */
export function signOutAddress({ client, insecure, metadata }: Server, idToken: string | undefined): URL | undefined {
  const endpoint: unknown = metadata.end_session_endpoint;
  if (typeof endpoint !== 'string' || !URL.canParse(endpoint)) {
    return undefined;
  }
  const address = new URL(endpoint);
  if (address.protocol !== 'https:' && !(insecure && address.protocol === 'http:' && isLoopbackHost(address.hostname))) {
    return undefined;
  }
  address.searchParams.set('client_id', client.client_id);
  if (idToken !== undefined) {
    address.searchParams.set('id_token_hint', idToken);
  }
  return address;
}
