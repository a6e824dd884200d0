// What the server says of itself: OpenID Connect Discovery 1.0, with RFC 8414 as the fallback; or what the entry says of it.
import * as oauth from 'oauth4webapi';
import { isLoopbackHost } from '../core/address.ts';
import { HOUR } from '../core/clock.ts';
import { Failure } from '../core/failure.ts';
import { isSelfSame } from '../core/issuer.ts';
import { toldOf } from '../core/log.ts';
import { ENDPOINT_FIELDS, type EndpointField, type Provider, type RequestParameters } from '../core/provider.ts';
import type { SessionRecord } from '../core/session.ts';
import { classify } from './classify.ts';
import { clientWithSecret, publicClient, type Authentication, type KnownAuthentication } from './clientAuthentication.ts';
import { PROOF_ALGORITHM, ProofKeys, type Proving } from './dpop.ts';
import { fetchWith, type Fetch, type Transport } from './transport.ts';

/** How long an answer is taken as still true, in ms. */
const TRUE_FOR = HOUR;

/** A provider together with what its server says of itself, checked; and how to speak to it. */
export interface Server extends Proving {
  readonly provider: Provider;
  readonly metadata: oauth.AuthorizationServer;
  /** The public client, as oauth4webapi wants it. */
  readonly client: oauth.Client;
  /** Whether the client has a secret. */
  readonly hasSecret: boolean;
  /** A public client does not authenticate itself, one with a secret does (RFC 6749 section 2.3). */
  readonly authentication: Authentication;
  /** What has been found out of how the server takes a secret. */
  readonly knownAuthentication: KnownAuthentication;
  /** Whether requests without TLS are in order: only where the server is this machine. */
  readonly insecure: boolean;
}

/** What is known of a server without asking it. Points in time are in ms since the Unix epoch. */
export interface KnownServer {
  /** What it said of itself when it was last asked with success, and when that was. */
  readonly said: { readonly at: number; readonly metadata: oauth.AuthorizationServer } | undefined;
  /** Why it could not be found out about, where that was tried since. */
  readonly failed: { readonly at: number; readonly failure: Failure } | undefined;
}

/** Finds out about servers and remembers the answers for an hour. */
export class Discovery {
  readonly #transport: Transport;
  readonly #clientSecret: (provider: Provider) => Promise<string | undefined>;
  readonly #known = new Map<string, { readonly server: Promise<Server>; readonly at: number }>();
  /** What has come of it, for those who only look. */
  readonly #outcomes = new Map<string, KnownServer>();

  /**
   * Knows nothing yet.
   * @param clientSecret gives the secret of a client that has one.
   */
  constructor(transport: Transport, clientSecret: (provider: Provider) => Promise<string | undefined> = () => Promise.resolve(undefined)) {
    this.#transport = transport;
    this.#clientSecret = clientSecret;
  }

  /**
   * The server of a provider. Callers at the same time share one request; a failure is not remembered.
   * @throws Failure `network` and its like where the server does not answer; `issuer-mismatch`, `server-unfit` or
   * `insecure` where what it says does not fit: another issuer, a missing endpoint, no PKCE with S256; `storage` where the client's secret cannot be read.
   */
  async find(provider: Provider): Promise<Server> {
    const server = await this.#find(provider);
    const secret = await this.#clientSecret(provider);
    const authentication = secret === undefined ? publicClient : clientWithSecret(secret, provider, server.metadata, server.knownAuthentication);
    return { ...server, provider, hasSecret: secret !== undefined, authentication };
  }

  async #find(provider: Provider): Promise<Server> {
    const key = keyOf(provider);
    const known = this.#known.get(key);
    if (known !== undefined && Math.abs(this.#transport.clock.now() - known.at) < TRUE_FOR) {
      return known.server;
    }
    const server = discover(provider, this.#transport);
    const entry = { server, at: this.#transport.clock.now() };
    this.#known.set(key, entry);
    server.then(
      ({ metadata }) => this.#outcomes.set(key, { said: { at: entry.at, metadata }, failed: undefined }),
      (error: unknown) => {
        this.#outcomes.set(key, { said: this.#outcomes.get(key)?.said, failed: { at: entry.at, failure: classify(error, 'discovery') } });
        if (this.#known.get(key) === entry) {
          this.#known.delete(key);
        }
      },
    );
    return server;
  }

  /** What is known of the server of a provider, without a request; undefined where nobody has asked it yet. */
  known(provider: Provider): KnownServer | undefined {
    return this.#outcomes.get(keyOf(provider));
  }

  /** Forgets everything, so that the next use asks the servers again. */
  forget(): void {
    this.#known.clear();
    this.#outcomes.clear();
  }
}

function keyOf({ clientId, endpoints, issuer }: Provider): string {
  return JSON.stringify([issuer, clientId, endpoints]);
}

async function discover(provider: Provider, transport: Transport): Promise<Server> {
  const issuer = new URL(provider.issuer);
  const proofKeys = new ProofKeys();
  const insecure = isLoopbackHost(issuer.hostname);
  const metadata = configured(provider) ?? (await ask('oidc').catch(async (error: unknown) => {
    const failure = classify(error, 'discovery');
    // Only "there is no such page" leads on to RFC 8414; an outage, or another issuer, is the answer.
    if (!isMissing(failure)) {
      throw failure;
    }
    transport.log.debug(`Provider ${provider.id} has no OpenID configuration (${toldOf(failure)}); RFC 8414 is asked for.`);
    return ask('oauth2').catch((second: unknown) => {
      const other = classify(second, 'discovery');
      throw isMissing(other) ? new Failure('no-server', 'no-discovery', { cause: second, status: other.status }) : other;
    });
  }));
  check(metadata, insecure);
  const offered = ENDPOINTS.filter((endpoint) => metadata[endpoint] !== undefined).join(', ');
  const method = metadata.code_challenge_methods_supported === undefined ? 'not said' : 'S256';
  transport.log.debug(`Provider ${provider.id} has ${offered}; PKCE: ${method}.`);
  return {
    provider,
    metadata,
    client: { client_id: provider.clientId },
    hasSecret: false,
    authentication: publicClient,
    knownAuthentication: {},
    proofKeys,
    insecure,
  };

  async function ask(algorithm: 'oidc' | 'oauth2'): Promise<oauth.AuthorizationServer> {
    const response = await oauth.discoveryRequest(issuer, {
      algorithm,
      [oauth.customFetch]: fetchWith(transport, undefined, (answer) => {
        proofKeys.hear(answer);
        return answer.response;
      }),
      [oauth.allowInsecureRequests]: insecure,
    });
    return oauth.processDiscoveryResponse(issuer, response.clone()).catch(async (error: unknown) => {
      // The library throws a TypeError for a name that is no address.
      const isOther = error instanceof TypeError || (error instanceof oauth.OperationProcessingError && error.code === oauth.JSON_ATTRIBUTE_COMPARISON);
      if (!isOther) {
        throw error;
      }
      const { issuer: said = '' } = (await response.clone().json()) as { readonly issuer?: string };
      if (!isSelfSame(said, provider.issuer)) {
        throw new Failure('issuer-mismatch', 'issuer-mismatch', { cause: error });
      }
      // From here on it goes by the name that the server has for itself, to the letter.
      return oauth.processDiscoveryResponse(new URL(said), response);
    });
  }
}

/** What the entry says of a server that does not say it itself. */
function configured({ endpoints, issuer }: Provider): oauth.AuthorizationServer | undefined {
  if (endpoints === undefined) {
    return undefined;
  }
  const named = ENDPOINT_FIELDS.flatMap((field) => (endpoints[field] === undefined ? [] : [[METADATA_NAMES[field], endpoints[field]] as const]));
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

const isMissing = ({ status }: Failure): boolean => status === 404 || status === 405 || status === 410;

/** The endpoints that are used; the first {@link REQUIRED} of them have to be there. */
export const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'jwks_uri',
  'userinfo_endpoint',
  'revocation_endpoint',
  'device_authorization_endpoint',
  'pushed_authorization_request_endpoint',
] as const;
const REQUIRED = 2;

/** Checks that everything the spine needs is there, and that nothing goes over a network in the clear. */
function check(metadata: oauth.AuthorizationServer, insecure: boolean): void {
  for (const endpoint of ENDPOINTS) {
    const address: unknown = metadata[endpoint];
    if (address === undefined) {
      if (ENDPOINTS.indexOf(endpoint) < REQUIRED) {
        throw new Failure('server-unfit', 'missing-endpoint', { detail: endpoint });
      }
      continue;
    }
    if (typeof address !== 'string' || !URL.canParse(address)) {
      throw new Failure('server-unfit', 'bad-endpoint', { detail: endpoint });
    }
    const url = new URL(address);
    if (url.protocol !== 'https:' && !(insecure && url.protocol === 'http:' && isLoopbackHost(url.hostname))) {
      throw new Failure('insecure', 'http-endpoint', { detail: endpoint });
    }
  }
  // Servers that support S256 without saying so are common; a server that lists others only does not.
  const methods = metadata.code_challenge_methods_supported;
  if (Array.isArray(methods) && !methods.includes('S256')) {
    throw new Failure('server-unfit', 'no-s256');
  }
}

/** The server for a new session: with a key of its own where the entry wants the tokens bound to one. */
export async function withNewKey(server: Server): Promise<Server> {
  if (!server.provider.dpop) {
    return server;
  }
  const algorithms: unknown = server.metadata.dpop_signing_alg_values_supported;
  if (Array.isArray(algorithms) && !algorithms.includes(PROOF_ALGORITHM)) {
    throw new Failure('server-unfit', 'no-es256', { detail: 'dpop_signing_alg_values_supported' });
  }
  return { ...server, proofKey: await server.proofKeys.make() };
}

/** The server for a stored session: with the key that its tokens are bound to, whatever the entry says by now. */
export async function withKeyOf(server: Server, { proofKey }: SessionRecord): Promise<Server> {
  return proofKey === undefined ? server : { ...server, proofKey: await server.proofKeys.of(proofKey) };
}

/** The options that every request to the token endpoint carries. */
export function tokenOptionsFor(server: Server, fetch: Fetch): ReturnType<typeof optionsFor> & { readonly additionalParameters: URLSearchParams } {
  const { resource, tokenParameters } = server.provider;
  return { ...optionsFor(server, fetch), additionalParameters: withResources(tokenParameters, resource) };
}

/** Parameters, and one `resource` for each (RFC 8707 section 2). */
export function withResources(parameters: RequestParameters, resources: readonly string[]): URLSearchParams {
  return new URLSearchParams([...Object.entries(parameters), ...resources.map((resource): [string, string] => ['resource', resource])]);
}

/** The options that every request of oauth4webapi to this server carries. */
export function optionsFor({ insecure, proofKey }: Server, fetch: Fetch): { [oauth.customFetch]: Fetch; [oauth.allowInsecureRequests]: boolean; DPoP?: oauth.DPoPHandle } {
  return { [oauth.customFetch]: fetch, [oauth.allowInsecureRequests]: insecure, ...(proofKey === undefined ? {} : { DPoP: proofKey.handle }) };
}
