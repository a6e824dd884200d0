// Checks where a server's metadata sends users and credentials. Metadata may name endpoints at any origin, so an attacker
// who controls a well-known file could collect codes and refresh tokens (RFC 9700 section 4.4).
import { Failure, sanitizeDisplayName } from '../core/failure.ts';
import type { Provider } from '../core/provider.ts';
import type { SessionRecord } from '../core/session.ts';
import type { ServerContext } from './discovery.ts';

/** The endpoints that receive credentials. */
const CREDENTIAL_ENDPOINTS = [
  'token_endpoint',
  'revocation_endpoint',
  'device_authorization_endpoint',
  'pushed_authorization_request_endpoint',
] as const;

/** The origins of the endpoints that receive credentials, sorted. */
export function endpointOriginsOf({ metadata }: Pick<ServerContext, 'metadata'>): string[] {
  const urls = CREDENTIAL_ENDPOINTS.map((name) => metadata[name]).filter((url) => url !== undefined);
  return [...new Set(urls.map((url) => new URL(url).origin))].sort();
}

/**
 * Returns the origins to which tokens may be sent if the issuer isn't verified: only the one they came from. The metadata
 * may be another server's, with a revocation endpoint that collects tokens.
 */
export function unverifiedOriginsOf({
  metadata: { token_endpoint: endpoint },
}: Pick<ServerContext, 'metadata'>): string[] {
  return endpoint === undefined ? [] : [new URL(endpoint).origin];
}

/**
 * Blocks a refresh if the metadata contains a token endpoint at an origin that the session has never used.
 * @throws Failure `endpoint-moved` with both hosts.
 */
export function assertKnownTokenEndpoint({ endpointOrigins }: SessionRecord, { metadata }: ServerContext): void {
  const { token_endpoint: endpoint } = metadata;
  if (endpoint === undefined || endpointOrigins === undefined) {
    return;
  }
  const { host, origin } = new URL(endpoint);
  if (!endpointOrigins.includes(origin)) {
    const before = endpointOrigins.map((one) => new URL(one).host).join(', ');
    throw new Failure('endpoint-moved', 'endpoint-moved', {
      detail: `${sanitizeDisplayName(host)} (${sanitizeDisplayName(before)})`,
    });
  }
}

/** Another configured provider, with its cached metadata, if any. */
export interface OtherProvider {
  readonly provider: Provider;
  readonly metadata: ServerContext['metadata'] | undefined;
}

/**
 * Rejects a page on which the user would sign in to a provider other than the one that receives the code or the tokens
 * (a mix-up, RFC 9700 section 4.4).
 * @param page the URL of the page.
 * @throws Failure `endpoint-conflict` with its host.
 */
export function assertOwnPage(page: string, own: Provider, others: readonly OtherProvider[]): void {
  const { host, origin } = new URL(page);
  if (origin === new URL(own.issuer).origin) {
    return;
  }
  const conflict = others.find(
    ({ metadata, provider }) => provider.issuer !== own.issuer && originsOf(provider, metadata).has(origin),
  );
  if (conflict !== undefined) {
    throw new Failure('endpoint-conflict', 'endpoint-of-other-provider', {
      detail: `${sanitizeDisplayName(host)} (${sanitizeDisplayName(conflict.provider.label)})`,
    });
  }
}

function originsOf({ endpoints, issuer }: Provider, metadata: OtherProvider['metadata']): ReadonlySet<string> {
  const urls: readonly (string | undefined)[] = [
    issuer,
    ...Object.values(endpoints ?? {}),
    metadata?.authorization_endpoint,
    metadata?.token_endpoint,
    metadata?.device_authorization_endpoint,
  ];
  return new Set(urls.filter((url) => url !== undefined).map((url) => new URL(url).origin));
}

/** The hosts of a sign-in that leads away from the issuer. */
export interface UnusualDestination {
  readonly issuer: string;
  /** The host at which the user signs in. */
  readonly pageHost: string;
  /** The host that receives the code. */
  readonly tokenHost: string;
}

/**
 * The hosts of a sign-in if the user signs in at an origin other than those of the issuer and the token endpoint;
 * undefined otherwise.
 */
export function unusualDestination(server: ServerContext): UnusualDestination | undefined {
  const { authorization_endpoint: page, issuer, token_endpoint: token } = server.metadata;
  if (page === undefined || token === undefined) {
    return undefined;
  }
  const [pageUrl, tokenUrl] = [new URL(page), new URL(token)];
  const isUsual = [new URL(server.provider.issuer).origin, tokenUrl.origin].includes(pageUrl.origin);
  return isUsual ? undefined : { issuer, pageHost: pageUrl.host, tokenHost: tokenUrl.host };
}
