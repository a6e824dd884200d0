// OAuth 2.0 Protected Resource Metadata (RFC 9728): which authorization servers and scopes an MCP server requires.
import { sanitizeDisplayName, toFailure } from '../core/failure.ts';
import { stopsDiscovery } from '../core/failurePolicies.ts';
import { isSameIssuer } from '../core/issuer.ts';
import { isScope, normalizeScopes } from '../core/scopes.ts';
import { hasUserInfo, parseUrl } from '../core/secureUrl.ts';
import { fetchDocument } from './document.ts';
import type { JsonObject } from './responseBody.ts';
import { createFetch, type Fetch, type Transport } from './transport.ts';

/** What a server's metadata contain, as far as it's used. */
export interface ResourceMetadata {
  /** The issuers of the authorization servers; empty if the metadata name none. */
  readonly authorizationServers: readonly string[];
  /** The scopes that requests may need (`scopes_supported`). */
  readonly scopes: readonly string[];
}

/** What a server responds to a request without a token. */
export interface ProtectedResource {
  /** Undefined if the server has no metadata. */
  readonly metadata: ResourceMetadata | undefined;
  /** Whether it rejects requests without a token. */
  readonly requiresToken: boolean;
  /** The scopes in the challenge (RFC 6750 section 3), which the server requires. */
  readonly challengeScopes: readonly string[];
  /** Its HTTP status. */
  readonly status: number;
  /** Whether it's a web page instead of an API. */
  readonly isWebPage: boolean;
}

/** Why a server can't be used. */
export type ResourceProblemCode =
  /** It redirects to another origin. */
  | 'redirected'
  /** Its challenge refers to metadata that aren't a JSON object with valid members. */
  | 'bad-metadata'
  /** Its metadata are for another URL (RFC 9728 section 3.3). */
  | 'other-resource';

/** A server that can't be used. */
export class ResourceProblem extends Error {
  override readonly name = 'ResourceProblem';
  readonly code: ResourceProblemCode;
  /** The host that is redirected to, or the URL in the metadata; not sanitized. */
  readonly detail: string;

  constructor(code: ResourceProblemCode, detail = '') {
    super(code);
    this.code = code;
    this.detail = detail;
  }
}

/** A request that changes nothing, not even at a server that accepts it without a token. */
const PING = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'ping' });
/** The maximum length of a `WWW-Authenticate` header, in characters. */
const MAX_HEADER_LENGTH = 8000;
/** The maximum number of authorization servers, and of scopes. */
const MAX_ITEMS = 100;
const WELL_KNOWN = '/.well-known/oauth-protected-resource';

/**
 * Sends a request without a token to a server, and reads its metadata: from the URL in its challenge (RFC 9728 section
 * 5.1) if that has the same origin, or from the well-known URLs (section 3.1).
 * @throws Failure if the server can't be reached; ResourceProblem if it can't be used.
 */
export async function inspectResource(transport: Transport, url: string): Promise<ProtectedResource> {
  const fetch = createFetch(transport);
  const response = await ping(fetch, url);
  const challenge = bearerChallenge(response);
  const type = response.headers.get('content-type') ?? '';
  return {
    metadata: await findMetadata(fetch, url, challenge['resource_metadata']),
    requiresToken: response.status === 401,
    challengeScopes: scopesIn(challenge),
    status: response.status,
    isWebPage: /\bhtml\b/i.test(type) && response.status !== 401,
  };
}

/**
 * Returns the hosts of the authorization servers that a server accepts tokens of, safe to display; empty if a configured
 * issuer is among them, or if the server names none.
 */
export function otherAuthorizationServers({ metadata }: ProtectedResource, issuer: string): string[] {
  const servers = metadata?.authorizationServers ?? [];
  return servers.some((server) => isSameIssuer(server, issuer))
    ? []
    : servers.slice(0, 3).map((server) => sanitizeDisplayName(parseUrl(server)?.host ?? server));
}

/** The result of a request with a token. */
export interface Access {
  /** Whether the server rejected the token, or its scopes (RFC 6750 section 3.1). */
  readonly outcome: 'accepted' | 'rejected' | 'insufficient-scope';
  /** The scopes that the challenge names. */
  readonly scopes: readonly string[];
}

/**
 * Sends a request with a token to a server.
 * @throws Failure if the server can't be reached; ResourceProblem if it redirects to another origin.
 */
export async function checkAccess(transport: Transport, url: string, token: string): Promise<Access> {
  const response = await ping(createFetch(transport), url, token);
  const challenge = bearerChallenge(response);
  const scopes = scopesIn(challenge);
  if (challenge['error'] === 'insufficient_scope' || (response.status === 403 && scopes.length > 0)) {
    return { outcome: 'insufficient-scope', scopes };
  }
  return { outcome: response.status === 401 || response.status === 403 ? 'rejected' : 'accepted', scopes };
}

/** Sends the request. Redirects aren't followed; VS Code 1.108 follows them, and sends the token to any origin. */
async function ping(fetch: Fetch, url: string, token?: string): Promise<Response> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: PING,
  });
  const target = parseUrl(response.headers.get('location') ?? '', url);
  if (
    response.status >= 300 &&
    response.status < 400 &&
    target !== undefined &&
    target.origin !== new URL(url).origin
  ) {
    throw new ResourceProblem('redirected', target.host);
  }
  return response;
}

async function findMetadata(
  fetch: Fetch,
  url: string,
  announced: string | undefined,
): Promise<ResourceMetadata | undefined> {
  const { origin, pathname } = new URL(url);
  const target = announced === undefined ? undefined : parseUrl(announced, url);
  if (target?.origin === origin && !hasUserInfo(target.href)) {
    const document = await fetchIfPresent(fetch, target.href);
    if (document === undefined) {
      throw new ResourceProblem('bad-metadata');
    }
    return parseMetadata(document, url);
  }
  const path = pathname.replace(/\/$/, '');
  const own = await fetchIfPresent(fetch, `${origin}${WELL_KNOWN}${path}`);
  if (own !== undefined) {
    return parseMetadata(own, url);
  }
  const common = path === '' ? undefined : await fetchIfPresent(fetch, `${origin}${WELL_KNOWN}`);
  // The metadata of the host may be for another resource.
  return common !== undefined && isResourceOf(common['resource'], url) ? parseMetadata(common, url) : undefined;
}

/** Fetches a JSON object; undefined if there is none, such as a web page for every unknown path. */
async function fetchIfPresent(fetch: Fetch, url: string): Promise<JsonObject | undefined> {
  try {
    return await fetchDocument(fetch, url);
  } catch (error) {
    const { category, status } = toFailure(error);
    if (stopsDiscovery(category, status)) {
      throw error;
    }
    return undefined;
  }
}

function parseMetadata(document: JsonObject, url: string): ResourceMetadata {
  const { authorization_servers: servers = [], resource, scopes_supported: scopes = [] } = document;
  if (typeof resource !== 'string' || !isTextList(servers) || !isTextList(scopes)) {
    throw new ResourceProblem('bad-metadata');
  }
  if (!isResourceOf(resource, url)) {
    throw new ResourceProblem('other-resource', resource);
  }
  return { authorizationServers: servers, scopes: normalizeScopes(scopes.filter(isScope)) };
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.length <= MAX_ITEMS && value.every((item) => typeof item === 'string');
}

/**
 * Whether a resource identifier covers a URL: it's the URL itself, or a parent of it at the same origin, because many MCP
 * servers have metadata for their host only.
 */
function isResourceOf(resource: unknown, url: string): boolean {
  const parsed = typeof resource === 'string' ? parseUrl(resource) : undefined;
  const { origin, pathname, search } = new URL(url);
  if (parsed?.origin !== origin || parsed.hash !== '') {
    return false;
  }
  const parent = parsed.pathname.replace(/\/$/, '');
  const isParent = pathname === parent || pathname.startsWith(`${parent}/`);
  return isParent && (parsed.search === '' || parsed.search === search);
}

function scopesIn(challenge: Readonly<Record<string, string>>): string[] {
  const scopes = normalizeScopes([challenge['scope'] ?? '']).filter(isScope);
  return scopes.slice(0, MAX_ITEMS);
}

/** The parameters of the first Bearer challenge in a response (RFC 9110 section 11.6.1), by their names in lower case. */
function bearerChallenge({ headers }: Response): Readonly<Record<string, string>> {
  const text = (headers.get('www-authenticate') ?? '').slice(0, MAX_HEADER_LENGTH);
  const params: [string, string][] = [];
  let scheme = '';
  for (const [, name = '', quoted, word] of text.matchAll(
    /([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+)))?/g,
  )) {
    const value = quoted?.replace(/\\(.)/g, '$1') ?? word;
    if (value === undefined) {
      if (params.length > 0) {
        break;
      }
      scheme = name.toLowerCase();
    } else if (scheme === 'bearer') {
      params.push([name.toLowerCase(), value]);
    }
  }
  return Object.fromEntries(params);
}
