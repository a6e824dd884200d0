// The metadata of a server: its locations (OpenID Connect Discovery 1.0, RFC 8414), normalizing, and validating.
import type * as oauth from 'oauth4webapi';
import { hasUserInfo, isLoopbackHost, parseUrl } from '../core/secureUrl.ts';
import { Failure } from '../core/failure.ts';
import { discoverySignificance } from '../core/failurePolicies.ts';
import { isSameIssuer, withConfiguredTenant } from '../core/issuer.ts';
import { ENDPOINT_FIELDS } from '../core/fieldSchemas.ts';
import type { EndpointField, Provider } from '../core/provider.ts';
import type { JsonObject } from './responseBody.ts';

/** The endpoints that are used. */
export const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'jwks_uri',
  'userinfo_endpoint',
  'revocation_endpoint',
  'device_authorization_endpoint',
  'pushed_authorization_request_endpoint',
  'end_session_endpoint',
] as const;

/** The lists that are used. */
const LIST_FIELDS = [
  'scopes_supported',
  'response_types_supported',
  'response_modes_supported',
  'grant_types_supported',
  'code_challenge_methods_supported',
  'prompt_values_supported',
  'token_endpoint_auth_methods_supported',
  'id_token_signing_alg_values_supported',
  'userinfo_signing_alg_values_supported',
  'dpop_signing_alg_values_supported',
  'acr_values_supported',
] as const;

/**
 * The possible URLs of a server's metadata, the most likely first: as the entry specifies; otherwise those of OpenID
 * Connect Discovery and RFC 8414 section 3.1, then those of servers that mix up the two.
 */
export function metadataUrls({ issuer, metadataUrl }: Pick<Provider, 'issuer' | 'metadataUrl'>): string[] {
  if (metadataUrl !== undefined) {
    return [metadataUrl];
  }
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/+$/, '');
  const appended = (name: string): string => `${origin}${path}/.well-known/${name}`;
  const inserted = (name: string): string => `${origin}/.well-known/${name}${path}`;
  const [openId, oauth2] = ['openid-configuration', 'oauth-authorization-server'];
  return [...new Set([appended(openId), inserted(oauth2), appended(oauth2), inserted(openId)])];
}

/** The metadata in the entry, for a server that publishes none. */
export function configuredMetadata({ endpoints, issuer }: Provider): oauth.AuthorizationServer | undefined {
  if (endpoints === undefined) {
    return undefined;
  }
  const urls = ENDPOINT_FIELDS.flatMap((field) =>
    endpoints[field] === undefined ? [] : [[METADATA_NAMES[field], endpoints[field]] as const],
  );
  return { issuer, ...Object.fromEntries(urls) };
}

/** The metadata names (RFC 8414 section 2, OpenID Connect) of the endpoints in an entry. */
const METADATA_NAMES = {
  authorization: 'authorization_endpoint',
  token: 'token_endpoint',
  revocation: 'revocation_endpoint',
  userinfo: 'userinfo_endpoint',
  deviceAuthorization: 'device_authorization_endpoint',
  jwks: 'jwks_uri',
  pushedAuthorizationRequest: 'pushed_authorization_request_endpoint',
  endSession: 'end_session_endpoint',
} as const satisfies Readonly<Record<EndpointField, keyof oauth.AuthorizationServer>>;

/**
 * Converts a document to the metadata of the server with an issuer. Invalid optional members are removed; a list may be
 * a string.
 * @param onIgnored called with each endpoint that is removed because it's invalid.
 * @throws Failure `issuer-mismatch` if the metadata is for another issuer.
 */
export function parseMetadata(
  document: JsonObject,
  { issuer }: Provider,
  allowInsecureRequests: boolean,
  onIgnored: (endpoint: string) => void,
): oauth.AuthorizationServer {
  const { issuer: reported } = document;
  if (typeof reported !== 'string' || reported === '') {
    throw new Failure('invalid-response', 'OAUTH_INVALID_RESPONSE', { detail: 'issuer' });
  }
  const { href } = parseUrl(reported) ?? {};
  if (href === undefined || hasUserInfo(reported) || !isSameAddress(href, reported, issuer)) {
    throw new Failure('issuer-mismatch', 'issuer-mismatch');
  }
  // From here on, the issuer is as the metadata has it, with the tenant of the entry if that names one.
  const metadata: Record<string, unknown> = { ...document };
  for (const name of LIST_FIELDS) {
    metadata[name] = parseList(metadata[name], name);
  }
  for (const name of ENDPOINTS) {
    const problem = endpointProblem(metadata[name], allowInsecureRequests);
    const isRequired =
      name === 'token_endpoint' ||
      (name === 'authorization_endpoint' &&
        endpointProblem(metadata['device_authorization_endpoint'], allowInsecureRequests) !== undefined);
    if (problem !== undefined && !isRequired) {
      if (metadata[name] !== undefined && metadata[name] !== null) {
        onIgnored(name);
      }
      metadata[name] = undefined;
    }
  }
  const present = Object.entries(metadata).filter(([, value]) => value !== undefined && value !== null);
  return { ...Object.fromEntries(present), issuer: withConfiguredTenant(reported, issuer) };
}

/**
 * Parses a list, or a string with separated values; undefined if it's empty. For prompts and PKCE methods, only an
 * array is accepted.
 */
function parseList(value: unknown, name: string): string[] | undefined {
  const isText =
    typeof value === 'string' && name !== 'prompt_values_supported' && name !== 'code_challenge_methods_supported';
  const words = isText ? value.split(/[\s,]+/) : Array.isArray(value) ? (value as unknown[]) : [];
  const list = words.filter((word) => typeof word === 'string').filter((word) => word !== '');
  return list.length === 0 ? undefined : list;
}

/** The problem of an endpoint's URL; undefined if it's valid. */
function endpointProblem(url: unknown, allowInsecureRequests: boolean): 'missing' | 'bad' | 'insecure' | undefined {
  if (url === undefined || url === null || url === '') {
    return 'missing';
  }
  if (typeof url !== 'string' || parseUrl(url) === undefined || hasUserInfo(url)) {
    return 'bad';
  }
  const { hostname, protocol } = new URL(url);
  return protocol === 'https:' || (allowInsecureRequests && protocol === 'http:' && isLoopbackHost(hostname))
    ? undefined
    : 'insecure';
}

/**
 * Checks that the metadata has everything that a sign-in needs, and that all endpoints use TLS.
 * @throws Failure `unsupported-server` or `insecure`.
 */
export function assertUsable(metadata: oauth.AuthorizationServer, allowInsecureRequests: boolean): void {
  for (const endpoint of ENDPOINTS) {
    const problem = endpointProblem(metadata[endpoint], allowInsecureRequests);
    const isRequired =
      endpoint === 'token_endpoint' ||
      (endpoint === 'authorization_endpoint' && metadata.device_authorization_endpoint === undefined);
    if (problem === 'missing' && isRequired) {
      throw new Failure('unsupported-server', 'missing-endpoint', { detail: endpoint });
    }
    if (problem === 'bad') {
      throw new Failure('unsupported-server', 'bad-endpoint', { detail: endpoint });
    }
    if (problem === 'insecure') {
      throw new Failure('insecure', 'http-endpoint', { detail: endpoint });
    }
  }
  // Many servers support S256 without listing it; a server that lists only other methods doesn't.
  const methods = metadata.code_challenge_methods_supported;
  if (methods !== undefined && !methods.includes('S256')) {
    throw new Failure('unsupported-server', 'no-s256');
  }
}

/**
 * How significant a failure is if the metadata was requested from several locations; failures in the metadata itself
 * are the most significant.
 */
export function significanceOf({ category, code, status }: Failure): number {
  const isAbsent = status === 404 || status === 405 || status === 410;
  // An HTML page means no more than that there is no metadata.
  const significance = code === 'not-json' ? 1 : discoverySignificance(category);
  return significance === 1 && isAbsent ? 0 : significance;
}

/** Whether the issuer in metadata is the configured one, as a URL or as an issuer. */
function isSameAddress(href: string, reported: string, issuer: string): boolean {
  return href === new URL(issuer).href || isSameIssuer(reported, issuer);
}
