// Finding out about servers, and remembering it: what they say of themselves, or what the entry says of them.
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
  clientWithSecret,
  publicClient,
  type ClientAuthenticator,
  type AcceptedAuthentication,
} from './clientAuthentication.ts';
import { fetchDocument } from './document.ts';
import { DPOP_ALGORITHM, DpopKeys, type DpopContext } from './dpop.ts';
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

/** How long, in ms, the metadata that were read before are used if they can't be read again, until the next attempt. */
const STALE_CACHE_TTL = 5 * MINUTE;
/** How long an answer is taken as still true, in ms. */
const CACHE_TTL = HOUR;

/** A provider together with what its server says of itself, checked; and how to speak to it. */
export interface ServerContext extends DpopContext {
  readonly provider: Provider;
  readonly metadata: oauth.AuthorizationServer;
  /** Whether it supports OpenID Connect, as far as its metadata tell. */
  readonly isOpenId: boolean;
  /** The public client, as oauth4webapi wants it. */
  readonly client: oauth.Client;
  /** Whether the client has a secret. */
  readonly hasSecret: boolean;
  /** A public client does not authenticate itself, one with a secret does (RFC 6749 section 2.3). */
  readonly authentication: ClientAuthenticator;
  /** What has been found out of how the server takes a secret. */
  readonly acceptedAuthentication: AcceptedAuthentication;
  /** Whether requests without TLS are in order: only where the server is this machine. */
  readonly allowInsecureRequests: boolean;
}

/** What is known of a server without asking it. Points in time are in ms since the Unix epoch. */
export interface KnownServer {
  /** What it said of itself when it was last asked with success, and when that was. */
  readonly metadata: { readonly at: number; readonly value: oauth.AuthorizationServer } | undefined;
  /** Why it could not be found out about, where that was tried since. */
  readonly error: { readonly at: number; readonly failure: Failure } | undefined;
}

/** Finds out about servers and remembers the answers for an hour. */
export class Discovery {
  readonly #transport: Transport;
  readonly #clientSecret: (provider: Provider) => Promise<string | undefined>;
  readonly #servers = new Map<string, { readonly server: Promise<ServerContext>; readonly at: number }>();
  readonly #loggedEndpoints = new Set<string>();
  /** What has come of it, for those who only look. */
  readonly #results = new Map<string, KnownServer>();

  /**
   * Knows nothing yet.
   * @param clientSecret gives the secret of a client that has one.
   */
  constructor(
    transport: Transport,
    clientSecret: (provider: Provider) => Promise<string | undefined> = () => Promise.resolve(undefined),
  ) {
    this.#transport = transport;
    this.#clientSecret = clientSecret;
  }

  /**
   * The server of a provider. Callers at the same time share one request; a failure is not remembered.
   * @throws Failure `network` and its like where the server does not answer; `issuer-mismatch`, `unsupported-server` or
   * `insecure` where what it says does not fit: another issuer, a missing endpoint, no PKCE with S256; `storage` where the client's secret cannot be read.
   */
  async find(provider: Provider): Promise<ServerContext> {
    const server = await this.#find(provider);
    const secret = await this.#clientSecret(provider);
    const authentication =
      secret === undefined
        ? publicClient
        : clientWithSecret(secret, provider, server.metadata, server.acceptedAuthentication);
    return { ...server, provider, hasSecret: secret !== undefined, authentication };
  }

  async #find(provider: Provider): Promise<ServerContext> {
    const key = serverKeyOf(provider);
    const cached = this.#servers.get(key);
    if (cached !== undefined && Math.abs(this.#transport.clock.now() - cached.at) < CACHE_TTL) {
      return cached.server;
    }
    const asked = discover(provider, this.#transport, this.#loggedEndpoints);
    const { clock } = this.#transport;
    const at = clock.now();
    const server = asked.catch(async (error: unknown) => {
      const failure = classify(error, 'discovery');
      this.#results.set(key, { metadata: this.#results.get(key)?.metadata, error: { at, failure } });
      // What the server said before is most likely still true: an outage of its metadata must not hold up a renewal.
      if (cached === undefined || distrustsMetadata(failure.category)) {
        throw error;
      }
      const before = await cached.server;
      this.#transport.log.warn(
        `Couldn't read the metadata of ${provider.id} again: ${formatFailure(failure)}; using what is known.`,
      );
      if (this.#servers.get(key) === entry) {
        this.#servers.set(key, { server: cached.server, at: clock.now() - CACHE_TTL + STALE_CACHE_TTL });
      }
      return before;
    });
    const entry = { server, at };
    this.#servers.set(key, entry);
    asked.then(
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

  /** What is known of the server of a provider, without a request; undefined where nobody has asked it yet. */
  getCached(provider: Provider): KnownServer | undefined {
    return this.#results.get(serverKeyOf(provider));
  }

  /** Forgets everything, so that the next use asks the servers again. */
  clear(): void {
    this.#servers.clear();
    this.#results.clear();
  }
}

/**
 * Finds out about the server of a provider.
 * @param loggedEndpoints the oddities that the log has told of already.
 */
async function discover(
  provider: Provider,
  transport: Transport,
  loggedEndpoints: Set<string>,
): Promise<ServerContext> {
  const { log } = transport;
  const dpopKeys = new DpopKeys();
  const allowInsecureRequests = isLoopbackHost(new URL(provider.issuer).hostname);
  const fetch = createFetch(transport, undefined, (answer) => {
    dpopKeys.recordServerClock(answer);
    return answer.response;
  });
  const described = configuredMetadata(provider);
  // What an entry says of its server, it says of its scopes, too.
  const { isOpenId, metadata } =
    described === undefined ? await fetchMetadata() : { isOpenId: true, metadata: described };
  assertUsable(metadata, allowInsecureRequests);
  const offered = ENDPOINTS.filter((endpoint) => metadata[endpoint] !== undefined).join(', ');
  const method = metadata.code_challenge_methods_supported === undefined ? 'not said' : 'S256';
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
  };

  /** Looks for the metadata in each place, unless the network fails: then nothing is known of any of them. */
  async function fetchMetadata(): Promise<Pick<ServerContext, 'isOpenId' | 'metadata'>> {
    const failures: Failure[] = [];
    for (const location of metadataUrls(provider)) {
      try {
        const said = parseMetadata(
          await fetchDocument(fetch, location),
          provider,
          allowInsecureRequests,
          logIgnoredEndpoint,
        );
        assertUsable(said, allowInsecureRequests);
        return { isOpenId: supportsOpenId(location, said), metadata: said };
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
    const [telling] = failures.toSorted((one, other) => significanceOf(other) - significanceOf(one));
    throw telling === undefined || significanceOf(telling) === 0
      ? new Failure('no-server', 'no-discovery', { cause: telling, status: telling?.status })
      : telling;
  }

  function logIgnoredEndpoint(endpoint: string): void {
    const key = `${serverKeyOf(provider)} ${endpoint}`;
    if (!loggedEndpoints.has(key)) {
      loggedEndpoints.add(key);
      log.warn(`Provider ${provider.id} names a ${endpoint} that cannot be used; it is ignored.`);
    }
  }
}

/** The server for a new session: with a key of its own where the entry wants the tokens bound to one. */
export async function withNewDpopKey(server: ServerContext): Promise<ServerContext> {
  if (!server.provider.dpop) {
    return server;
  }
  const algorithms: unknown = server.metadata.dpop_signing_alg_values_supported;
  if (Array.isArray(algorithms) && !algorithms.includes(DPOP_ALGORITHM)) {
    throw new Failure('unsupported-server', 'no-es256', { detail: 'dpop_signing_alg_values_supported' });
  }
  return { ...server, dpopKey: await server.dpopKeys.create() };
}

/** The server for a stored session: with the key that its tokens are bound to, whatever the entry says by now. */
export async function withSessionDpopKey(server: ServerContext, { dpopKey }: SessionRecord): Promise<ServerContext> {
  return dpopKey === undefined ? server : { ...server, dpopKey: await server.dpopKeys.getOrImport(dpopKey) };
}

/** The options that every request to the token endpoint carries. */
export function tokenRequestOptions(
  server: ServerContext,
  fetch: Fetch,
): ReturnType<typeof requestOptions> & { readonly additionalParameters: URLSearchParams } {
  const { resource, tokenParameters } = server.provider;
  return { ...requestOptions(server, fetch), additionalParameters: withResources(tokenParameters, resource) };
}

/** Parameters, and one `resource` for each (RFC 8707 section 2). */
export function withResources(parameters: RequestParameters, resources: readonly string[]): URLSearchParams {
  return new URLSearchParams([
    ...Object.entries(parameters),
    ...resources.map((resource): [string, string] => ['resource', resource]),
  ]);
}

/** The options that every request of oauth4webapi to this server carries. */
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
