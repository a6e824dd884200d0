// What a server says of itself, and where: OpenID Connect Discovery 1.0, RFC 8414. Made regular, and held to what signing in needs.
import type * as oauth from 'oauth4webapi';
import { isLoopbackHost } from '../core/secureUrl.ts';
import { Failure } from '../core/failure.ts';
import { discoverySignificance } from '../core/failurePolicies.ts';
import { isSameIssuer } from '../core/issuer.ts';
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

/** The lists that are looked into. */
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
 * Where the metadata of a server can be, the most likely place first: as the entry says; else by OpenID Connect, then by
 * RFC 8414 section 3.1, and then where servers put them that have read either the other way round.
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

/** What the entry says of a server that does not say it itself. */
export function configuredMetadata({ endpoints, issuer }: Provider): oauth.AuthorizationServer | undefined {
  if (endpoints === undefined) {
    return undefined;
  }
  const named = ENDPOINT_FIELDS.flatMap((field) =>
    endpoints[field] === undefined ? [] : [[METADATA_NAMES[field], endpoints[field]] as const],
  );
  return { issuer, ...Object.fromEntries(named) };
}

/** What the metadata of a server (RFC 8414 section 2, OpenID Connect) call the endpoints of an entry. */
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
 * A document as metadata of the server at an issuer. What is optional in it and makes no sense counts as absent; a list
 * may be a text.
 * @param ignore is told of each endpoint that counts as absent although it is there.
 * @throws Failure `issuer-mismatch` where it is of another server.
 */
export function parseMetadata(
  document: JsonObject,
  { issuer }: Provider,
  insecure: boolean,
  ignore: (endpoint: string) => void,
): oauth.AuthorizationServer {
  const { issuer: said } = document;
  if (typeof said !== 'string' || said === '') {
    throw new Failure('invalid-response', 'OAUTH_INVALID_RESPONSE', { detail: 'issuer' });
  }
  if (!URL.canParse(said) || (new URL(said).href !== new URL(issuer).href && !isSameIssuer(said, issuer))) {
    throw new Failure('issuer-mismatch', 'issuer-mismatch');
  }
  // From here on it goes by the name that the server has for itself, to the letter.
  const metadata: Record<string, unknown> = { ...document };
  for (const name of LIST_FIELDS) {
    metadata[name] = parseList(metadata[name], name);
  }
  for (const name of ENDPOINTS) {
    const fault = endpointProblem(metadata[name], insecure);
    const isRequired =
      name === 'token_endpoint' ||
      (name === 'authorization_endpoint' &&
        endpointProblem(metadata['device_authorization_endpoint'], insecure) !== undefined);
    if (fault !== undefined && !isRequired) {
      if (metadata[name] !== undefined && metadata[name] !== null) {
        ignore(name);
      }
      metadata[name] = undefined;
    }
  }
  const present = Object.entries(metadata).filter(([, value]) => value !== undefined && value !== null);
  return { ...Object.fromEntries(present), issuer: said };
}

/** A list, or a text with one in it; undefined where there is nothing in it. Of what the server can show, or can check, only a list is one. */
function parseList(value: unknown, name: string): string[] | undefined {
  const isText =
    typeof value === 'string' && name !== 'prompt_values_supported' && name !== 'code_challenge_methods_supported';
  const words = isText ? value.split(/[\s,]+/) : Array.isArray(value) ? (value as unknown[]) : [];
  const list = words.filter((word) => typeof word === 'string').filter((word) => word !== '');
  return list.length === 0 ? undefined : list;
}

/** What is wrong with an endpoint; undefined where it is good. */
function endpointProblem(address: unknown, insecure: boolean): 'missing' | 'bad' | 'insecure' | undefined {
  if (address === undefined || address === null || address === '') {
    return 'missing';
  }
  if (
    typeof address !== 'string' ||
    !URL.canParse(address) ||
    new URL(address).username !== '' ||
    new URL(address).password !== ''
  ) {
    return 'bad';
  }
  const { hostname, protocol } = new URL(address);
  return protocol === 'https:' || (insecure && protocol === 'http:' && isLoopbackHost(hostname))
    ? undefined
    : 'insecure';
}

/**
 * Checks that everything is there that signing in needs, and that nothing goes over a network in the clear.
 * @throws Failure
 */
export function assertUsable(metadata: oauth.AuthorizationServer, insecure: boolean): void {
  for (const endpoint of ENDPOINTS) {
    const fault = endpointProblem(metadata[endpoint], insecure);
    const isRequired =
      endpoint === 'token_endpoint' ||
      (endpoint === 'authorization_endpoint' && metadata.device_authorization_endpoint === undefined);
    if (fault === 'missing' && isRequired) {
      throw new Failure('unsupported-server', 'missing-endpoint', { detail: endpoint });
    }
    if (fault === 'bad') {
      throw new Failure('unsupported-server', 'bad-endpoint', { detail: endpoint });
    }
    if (fault === 'insecure') {
      throw new Failure('insecure', 'http-endpoint', { detail: endpoint });
    }
  }
  // Servers that support S256 without saying so are common; a server that lists others only does not.
  const methods = metadata.code_challenge_methods_supported;
  if (methods !== undefined && !methods.includes('S256')) {
    throw new Failure('unsupported-server', 'no-s256');
  }
}

/** How much a failure tells of a server, where its metadata was looked for in several places: what it has said of itself most. */
export function significanceOf({ category, code, status }: Failure): number {
  const isAbsent = status === 404 || status === 405 || status === 410;
  // A web page in the place of JSON tells no more than that nothing is there.
  const significance = code === 'not-json' ? 1 : discoverySignificance(category);
  return significance === 1 && isAbsent ? 0 : significance;
}
