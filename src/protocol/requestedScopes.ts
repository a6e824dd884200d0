// Which scopes a server is asked for: a plain OAuth 2 server knows nothing of OpenID Connect.
import type * as oauth from 'oauth4webapi';
import { isPermission } from '../core/scopes.ts';

/** The metadata that OpenID Connect Discovery 1.0 section 3 defines and RFC 8414 doesn't. */
const OPENID_METADATA = [
  'subject_types_supported',
  'id_token_signing_alg_values_supported',
  'userinfo_endpoint',
  'claims_supported',
] as const satisfies readonly (keyof oauth.AuthorizationServer)[];

/**
 * Whether a server supports OpenID Connect, as far as its metadata tell: they are at the OpenID location, or have a field or
 * a scope of OpenID Connect.
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
 * The scopes to send to a server. One without OpenID Connect that lists its scopes is asked for `openid`, `profile`, `email`,
 * and `offline_access` only where they are listed, because it may refuse others (RFC 6749 section 5.2).
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
