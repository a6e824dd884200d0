// ID tokens as servers write them, and as the library takes them.
import type * as oauth from 'oauth4webapi';
import { decodeJwtClaims } from '../core/jwt.ts';
import { Failure, sanitizeDisplayName } from '../core/failure.ts';
import { resolveTenantIssuer, isIssuerUrl } from '../core/issuer.ts';
import type { ServerContext } from './discovery.ts';
import { ALGORITHMS } from './keys.ts';

/**
 * An ID token for the library to check. It refuses one that is for others as well and does not name this client as its
 * authorized party (`azp`); but that is optional (OpenID Connect Core 2), and its absence proves nothing. Only then the
 * list is narrowed to this client. What is null in it is absent for everybody else. The signature is over the token as it
 * arrived, so the copy is good for nothing else.
 * @throws Failure where the token names another party, whomever it is for.
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
 * The server as the library compares it with the `iss` of a JWT: one that says which tenant it is of has to be from the
 * issuer of that tenant. Its signature is for the caller to check. Where the server does not list its algorithms, any may
 * be that its keys are for.
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
 * Where the entry itself describes the server, its issuer may have been written as a mere name: then the token that names
 * the issuer shows what belongs there.
 * @throws Failure `issuer-mismatch` with the issuer of the token.
 */
export function assertConfiguredIssuer({ metadata, provider }: ServerContext, idToken: string): void {
  const { iss, tid } = decodeJwtClaims(idToken) ?? {};
  if (
    provider.endpoints !== undefined &&
    typeof iss === 'string' &&
    isIssuerUrl(iss) &&
    iss !== resolveTenantIssuer(metadata.issuer, tid)
  ) {
    throw new Failure('issuer-mismatch', 'issuer-setting', { detail: sanitizeDisplayName(iss) });
  }
}
