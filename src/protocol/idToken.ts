// Adapts ID tokens to the stricter checks of the library.
import type * as oauth from 'oauth4webapi';
import { decodeJwtClaims } from '../core/jwt.ts';
import { Failure } from '../core/failure.ts';
import { resolveTenantIssuer, isIssuerUrl } from '../core/issuer.ts';
import type { ServerContext } from './discovery.ts';
import { ALGORITHMS } from './keys.ts';

/**
 * Prepares an ID token for the library, which rejects one with several audiences if its `azp` isn't this client. But
 * `azp` is optional (OpenID Connect Core 2), so if it's absent, the audiences are reduced to this client. Claims that
 * are null are removed. The signature is over the original token, so the copy can't be used for anything else.
 * @throws Failure `untrusted-response` if `azp` is another client.
 */
export function normalizeIdToken(idToken: string, clientId: string): string {
  const claims = decodeJwtClaims(idToken);
  if (claims === undefined) {
    return idToken;
  }
  const { aud, azp } = claims;
  if (azp !== undefined && azp !== null && azp !== clientId) {
    throw new Failure('untrusted-response', 'wrong-party', { detail: 'azp' });
  }
  const isNarrowed = azp !== clientId && Array.isArray(aud) && aud.includes(clientId);
  const present = Object.entries(claims).filter(([, value]) => value !== null);
  if (!isNarrowed && present.length === Object.keys(claims).length) {
    return idToken;
  }
  const [header = '', , signature = ''] = idToken.split('.');
  return [
    header,
    encodeBase64Url(JSON.stringify({ ...Object.fromEntries(present), ...(isNarrowed ? { aud: clientId } : {}) })),
    signature,
  ].join('.');
}

function encodeBase64Url(text: string): string {
  const bytes = Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte));
  return btoa(bytes.join('')).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/**
 * The metadata with which the library compares the `iss` of a JWT: a token with a tenant must be from that tenant's
 * issuer. The caller verifies the signature. If the server doesn't list its algorithms, all supported ones are
 * accepted.
 */
export function withTenantIssuer({ metadata }: ServerContext, jwt: string): oauth.AuthorizationServer {
  const { id_token_signing_alg_values_supported: listed } = metadata;
  return {
    ...metadata,
    issuer: resolveTenantIssuer(metadata.issuer, decodeJwtClaims(jwt)?.['tid']),
    id_token_signing_alg_values_supported: listed ?? [...ALGORITHMS],
  };
}

/**
 * If the entry contains the endpoints, its issuer may be wrong. Then the failure names the issuer of the token.
 * @throws Failure `issuer-mismatch` with the issuer of the token.
 */
export function assertConfiguredIssuer({ metadata, provider, secrets }: ServerContext, idToken: string): void {
  const { iss, tid } = decodeJwtClaims(idToken) ?? {};
  if (
    provider.endpoints !== undefined &&
    typeof iss === 'string' &&
    isIssuerUrl(iss) &&
    iss !== resolveTenantIssuer(metadata.issuer, tid)
  ) {
    throw new Failure('issuer-mismatch', 'issuer-setting', { detail: secrets.sanitizeName(iss) });
  }
}
