// Which scopes to request from a server that may not support OpenID Connect.
import type * as oauth from 'oauth4webapi';
import { isPermission } from '../core/scopes.ts';

/** The metadata members that are defined in OpenID Connect Discovery 1.0 section 3 and not in RFC 8414. */
const OPENID_METADATA = [
  'subject_types_supported',
  'id_token_signing_alg_values_supported',
  'userinfo_endpoint',
  'claims_supported',
] as const satisfies readonly (keyof oauth.AuthorizationServer)[];

/**
 * Whether a server supports OpenID Connect, as far as its metadata shows: it's at the OpenID Connect location, or has a
 * member or a scope of OpenID Connect.
 * @param location the URL of the metadata.
 */
export function supportsOpenId(location: string, metadata: oauth.AuthorizationServer): boolean {
  const isListed = Array.isArray(metadata.scopes_supported) && metadata.scopes_supported.includes('openid');
  return (
    !location.includes('/oauth-authorization-server') ||
    isListed ||
    OPENID_METADATA.some((name) => metadata[name] !== undefined)
  );
}

/**
 * The scopes to send to a server. If it doesn't support OpenID Connect but lists its scopes, `openid`, `profile`,
 * `email` and `offline_access` are only sent if they're listed, because it may reject them (RFC 6749 section 5.2).
 */
export function requestedScopes(
  server: { readonly isOpenId: boolean; readonly metadata: oauth.AuthorizationServer },
  scopes: readonly string[],
): readonly string[] {
  const { scopes_supported: listed } = server.metadata;
  return server.isOpenId || !Array.isArray(listed)
    ? scopes
    : scopes.filter((scope) => isPermission(scope) || listed.includes(scope));
}
