// Gets and caches the metadata of servers, from their discovery documents or from the entry.
import * as oauth from 'oauth4webapi';
import { isLoopbackHost } from '../core/secureUrl.ts';
import { HOUR, MINUTE } from '../core/clock.ts';
import { Failure, sanitizeDisplayName } from '../core/failure.ts';
import { formatFailure } from '../core/log.ts';
import type { Provider, RequestParameters } from '../core/provider.ts';
import { serverKeyOf } from '../core/serverIdentity.ts';
import { distrustsMetadata, stopsDiscovery } from '../core/failurePolicies.ts';
import type { SessionRecord } from '../core/session.ts';
import { classify } from './classify.ts';
import {
  basicCredentials,
  clientWithSecret,
  publicClient,
  type ClientAuthenticator,
  type AcceptedAuthentication,
} from './clientAuthentication.ts';
import { fetchDocument } from './document.ts';
import { DPOP_ALGORITHM, DpopKeys, type DpopContext, type DpopKey } from './dpop.ts';
import { KnownSecrets } from './knownSecrets.ts';
import {
  ENDPOINTS,
  configuredMetadata,
  metadataUrls,
  parseMetadata,
  assertUsable,
  significanceOf,
} from './metadata.ts';
import { supportsOpenId } from './requestedScopes.ts';
import { createFetch, type Fetch, type Transport } from './transport.ts';

/** How long, in ms, cached metadata is used after it couldn't be refetched, until the next attempt. */
const STALE_CACHE_TTL = 5 * MINUTE;
/** How long metadata is cached, in ms. */
const CACHE_TTL = HOUR;

/** A provider with the validated metadata of its server, and everything needed to send requests to it. */
export interface ServerContext extends DpopContext {
  readonly provider: Provider;
  readonly metadata: oauth.AuthorizationServer;
  /** Whether the server supports OpenID Connect, as far as its metadata shows. */
  readonly isOpenId: boolean;
  /** The client, as oauth4webapi expects it. */
  readonly client: oauth.Client;
  /** Whether the client has a secret. */
  readonly hasSecret: boolean;
  /** The client authentication: none for a public client (RFC 6749 section 2.3). */
  readonly authentication: ClientAuthenticator;
  /** The client authentication method that the server has accepted, shared by all contexts of the server. */
  readonly acceptedAuthentication: AcceptedAuthentication;
  /** Whether requests without TLS are allowed, because the server is on this machine. */
  readonly allowInsecureRequests: boolean;
  /** The secrets that were sent and received with this context, which no text from the server may contain. */
  readonly secrets: KnownSecrets;
  /** Called with the tokens of each token response before it's verified. */
  readonly onTokens?: (tokens: ReceivedTokens) => void;
}

/** Tokens that the server has issued, not verified. At least one of them is there. */
export interface ReceivedTokens {
  readonly accessToken: string | undefined;
  readonly refreshToken: string | undefined;
}

/** What is cached about a server. Points in time are in ms since the Unix epoch. */
export interface KnownServer {
  /** The latest metadata, and when it was requested. */
  readonly metadata: { readonly at: number; readonly value: oauth.AuthorizationServer } | undefined;
  /** The failure of the latest request, if it came after that. */
  readonly error: { readonly at: number; readonly failure: Failure } | undefined;
}

/** Gets the metadata of servers and caches it for an hour. */
export class Discovery {
  readonly #transport: Transport;
  readonly #clientSecret: (provider: Provider) => Promise<string | undefined>;
  readonly #servers = new Map<string, { readonly server: Promise<ServerContext>; readonly at: number }>();
  readonly #loggedEndpoints = new Set<string>();
  /** The results of the requests, for {@link getCached}. */
  readonly #results = new Map<string, KnownServer>();

  /**
   * Creates an empty cache.
   * @param clientSecret returns the secret of a client that has one.
   */
  constructor(
    transport: Transport,
    clientSecret: (provider: Provider) => Promise<string | undefined> = () => Promise.resolve(undefined),
  ) {
    this.#transport = transport;
    this.#clientSecret = clientSecret;
  }

  /**
   * The server of a provider. Concurrent callers share one request; failures aren't cached.
   * @throws Failure `network` and similar if the server doesn't respond; `issuer-mismatch`, `unsupported-server` or
   * `insecure` if its metadata is for another issuer or lacks an endpoint or PKCE with S256; `storage` if the client
   * secret can't be read.
   */
  async find(provider: Provider): Promise<ServerContext> {
    const server = await this.#find(provider);
    const secret = await this.#clientSecret(provider);
    const authentication =
      secret === undefined
        ? publicClient
        : clientWithSecret(secret, provider, server.metadata, server.acceptedAuthentication);
    const secrets = new KnownSecrets();
    if (secret !== undefined) {
      const { clientId } = provider;
      secrets.add(secret, `${clientId}:${secret}`, basicCredentials(clientId, secret));
    }
    return { ...server, provider, hasSecret: secret !== undefined, authentication, secrets };
  }

  async #find(provider: Provider): Promise<ServerContext> {
    const key = serverKeyOf(provider);
    const cached = this.#servers.get(key);
    if (cached !== undefined && Math.abs(this.#transport.clock.now() - cached.at) < CACHE_TTL) {
      return cached.server;
    }
    const metadataRequest = discover(provider, this.#transport, this.#loggedEndpoints);
    const { clock } = this.#transport;
    const at = clock.now();
    const server = metadataRequest.catch(async (error: unknown) => {
      const failure = classify(error, 'discovery');
      this.#results.set(key, { metadata: this.#results.get(key)?.metadata, error: { at, failure } });
      // The cached metadata is most likely still valid, and a failing metadata endpoint must not prevent a refresh.
      if (cached === undefined || distrustsMetadata(failure.category)) {
        throw error;
      }
      const before = await cached.server;
      this.#transport.log.warn(
        `Couldn't read the metadata of ${provider.id} again: ${formatFailure(failure)}; using the cached metadata.`,
      );
      if (this.#servers.get(key) === entry) {
        this.#servers.set(key, { server: cached.server, at: clock.now() - CACHE_TTL + STALE_CACHE_TTL });
      }
      return before;
    });
    const entry = { server, at };
    this.#servers.set(key, entry);
    metadataRequest.then(
      ({ metadata }) => this.#results.set(key, { metadata: { at, value: metadata }, error: undefined }),
      () => {},
    );
    server.catch(() => {
      if (this.#servers.get(key) === entry) {
        this.#servers.delete(key);
      }
    });
    return server;
  }

  /** What is cached about the server of a provider, without a request; undefined if it wasn't requested yet. */
  getCached(provider: Provider): KnownServer | undefined {
    return this.#results.get(serverKeyOf(provider));
  }

  /** Clears the cache, so that the next use requests the metadata again. */
  clear(): void {
    this.#servers.clear();
    this.#results.clear();
  }
}

/**
 * Gets the metadata of a provider's server.
 * @param loggedEndpoints the ignored endpoints that have been logged already.
 */
async function discover(
  provider: Provider,
  transport: Transport,
  loggedEndpoints: Set<string>,
): Promise<ServerContext> {
  const { log } = transport;
  const dpopKeys = new DpopKeys();
  const allowInsecureRequests = isLoopbackHost(new URL(provider.issuer).hostname);
  const fetch = createFetch(transport, undefined, (response) => {
    dpopKeys.recordServerClock(response);
    return response.response;
  });
  const configured = configuredMetadata(provider);
  // If the entry contains the endpoints, its scopes are used as they are.
  const { isOpenId, metadata } =
    configured === undefined ? await fetchMetadata() : { isOpenId: true, metadata: configured };
  assertUsable(metadata, allowInsecureRequests);
  const offered = ENDPOINTS.filter((endpoint) => metadata[endpoint] !== undefined).join(', ');
  const method = metadata.code_challenge_methods_supported === undefined ? 'not specified' : 'S256';
  log.debug(`Provider ${provider.id} has ${offered}; PKCE: ${method}; OpenID Connect: ${isOpenId ? 'yes' : 'no'}.`);
  return {
    provider,
    metadata,
    isOpenId,
    client: { client_id: provider.clientId },
    hasSecret: false,
    authentication: publicClient,
    acceptedAuthentication: {},
    dpopKeys,
    allowInsecureRequests,
    secrets: new KnownSecrets(),
  };

  /** Requests the metadata from each location. Stops if the network fails, because then all of them would. */
  async function fetchMetadata(): Promise<Pick<ServerContext, 'isOpenId' | 'metadata'>> {
    const failures: Failure[] = [];
    for (const location of metadataUrls(provider)) {
      try {
        const parsed = parseMetadata(
          await fetchDocument(fetch, location),
          provider,
          allowInsecureRequests,
          logIgnoredEndpoint,
        );
        assertUsable(parsed, allowInsecureRequests);
        return { isOpenId: supportsOpenId(location, parsed), metadata: parsed };
      } catch (error) {
        const failure = classify(error, 'discovery');
        if (stopsDiscovery(failure.category, failure.status)) {
          throw failure;
        }
        failures.push(failure);
        log.debug(
          `Provider ${provider.id} has no metadata at ${sanitizeDisplayName(new URL(location).pathname)} (${formatFailure(failure)}).`,
        );
      }
    }
    const [mostSignificant] = failures.toSorted((one, other) => significanceOf(other) - significanceOf(one));
    throw mostSignificant === undefined || significanceOf(mostSignificant) === 0
      ? new Failure('no-server', 'no-discovery', { cause: mostSignificant, status: mostSignificant?.status })
      : mostSignificant;
  }

  function logIgnoredEndpoint(endpoint: string): void {
    const key = `${serverKeyOf(provider)} ${endpoint}`;
    if (!loggedEndpoints.has(key)) {
      loggedEndpoints.add(key);
      log.warn(`Provider ${provider.id} has an invalid ${endpoint}; it's ignored.`);
    }
  }
}

/**
 * The server context for a new session, with a new key if the entry requires DPoP.
 * @throws Failure `unsupported-server` if the server doesn't support the algorithm of the key.
 */
export async function withNewDpopKey(server: ServerContext): Promise<ServerContext> {
  if (!server.provider.dpop) {
    return server;
  }
  const algorithms: unknown = server.metadata.dpop_signing_alg_values_supported;
  if (Array.isArray(algorithms) && !algorithms.includes(DPOP_ALGORITHM)) {
    throw new Failure('unsupported-server', 'no-es256', { detail: 'dpop_signing_alg_values_supported' });
  }
  return withDpopKey(server, await server.dpopKeys.create());
}

/**
 * The server context for a stored session, with the key that its tokens are bound to, even if the entry was changed.
 */
export async function withSessionDpopKey(server: ServerContext, { dpopKey }: SessionRecord): Promise<ServerContext> {
  return dpopKey === undefined ? server : withDpopKey(server, await server.dpopKeys.getOrImport(dpopKey));
}

function withDpopKey(server: ServerContext, dpopKey: DpopKey): ServerContext {
  server.secrets.add(dpopKey.jwk.d);
  return { ...server, dpopKey };
}

/** The options for requests to the token endpoint. */
export function tokenRequestOptions(
  server: ServerContext,
  fetch: Fetch,
): ReturnType<typeof requestOptions> & { readonly additionalParameters: URLSearchParams } {
  const { resource, tokenParameters } = server.provider;
  return { ...requestOptions(server, fetch), additionalParameters: withResources(tokenParameters, resource) };
}

/** Adds a `resource` parameter for each resource (RFC 8707 section 2). */
export function withResources(parameters: RequestParameters, resources: readonly string[]): URLSearchParams {
  return new URLSearchParams([
    ...Object.entries(parameters),
    ...resources.map((resource): [string, string] => ['resource', resource]),
  ]);
}

/** The options for all requests of oauth4webapi to this server. */
export function requestOptions(
  { allowInsecureRequests, dpopKey }: ServerContext,
  fetch: Fetch,
): { [oauth.customFetch]: Fetch; [oauth.allowInsecureRequests]: boolean; DPoP?: oauth.DPoPHandle } {
  return {
    [oauth.customFetch]: fetch,
    [oauth.allowInsecureRequests]: allowInsecureRequests,
    ...(dpopKey === undefined ? {} : { DPoP: dpopKey.handle }),
  };
}
