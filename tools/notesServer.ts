// An API for notes that accepts the tokens of an identity server, with everything that a client of it must cope with: rejected
// tokens, required scopes, streams, and redirects.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

import type { IdentityServer } from './identityServer.ts';
import { listenOnLoopback } from './loopback.ts';

/** An API that is listening. */
export interface NotesServer {
  /** Its URL. */
  readonly address: string;
  /** Closes the server. */
  stop(): void;
}

/** A request as the API reports it. It has no token, only its SHA-256 digest. */
export interface NotesRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  /** Undefined if there was none. */
  readonly tokenDigest?: string | undefined;
  readonly status: number;
}

/**
 * Starts the API on 127.0.0.1:
 * - `/notes` returns the request.
 * - `/events` streams two server-sent events; the second one follows after another request to `/notes`.
 * - `/admin` requires the scope `notes.write`.
 * - `/moved` redirects to `/notes`, and `/away?to=URL` to any URL.
 * - `DELETE /token` rejects the token from then on.
 * - `/requests` returns all requests; it needs no token.
 *
 * @param identity the identity server
 * @returns the API, once it's listening
 */
export async function startNotesServer({ provider }: Pick<IdentityServer, 'provider'>): Promise<NotesServer> {
  const rejected = new Set<string>();
  const requests: NotesRequest[] = [];
  let continueEvents = (): void => {};

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) {
      body += String(chunk);
    }
    const { method = '' } = request;
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (url.pathname === '/requests') {
      sendJson(response, requests);
      return;
    }
    const [, token] = /^Bearer (\S+)$/u.exec(request.headers.authorization ?? '') ?? [];
    const challenge = await challengeFor(token, url.pathname);
    const status = challenge === undefined ? statusOf(url) : challenge.includes('insufficient_scope') ? 403 : 401;
    const seen = { method, path: url.pathname, body, tokenDigest: digestOf(token), status };
    requests.push(seen);
    if (challenge === undefined) {
      accept(seen, token, url, response);
    } else {
      response.writeHead(status, { 'www-authenticate': challenge }).end();
    }
  }

  function accept(seen: NotesRequest, token: string | undefined, url: URL, response: ServerResponse): void {
    if (seen.path === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
      continueEvents = () => response.end('data: 2\n\n');
    } else if (seen.status >= 300) {
      response.writeHead(seen.status, { location: url.searchParams.get('to') ?? '/notes' }).end();
    } else {
      if (seen.method === 'DELETE' && seen.path === '/token' && token !== undefined) {
        rejected.add(token);
      }
      continueEvents();
      sendJson(response, seen);
    }
  }

  /** Returns what is wrong with a token (RFC 6750 section 3); undefined if it's accepted. */
  async function challengeFor(token: string | undefined, path: string): Promise<string | undefined> {
    const found = token === undefined || rejected.has(token) ? undefined : await provider.AccessToken.find(token);
    if (found?.isValid !== true) {
      return 'Bearer realm="notes", error="invalid_token"';
    }
    const isAllowed = path !== '/admin' || found.scope?.split(' ').includes('notes.write') === true;
    return isAllowed ? undefined : 'Bearer realm="notes", error="insufficient_scope", scope="notes.write"';
  }

  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  const port = await listenOnLoopback(server);
  return {
    address: `http://127.0.0.1:${String(port)}`,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function statusOf({ pathname }: URL): number {
  return pathname === '/moved' ? 307 : pathname === '/away' ? 302 : 200;
}

function digestOf(token: string | undefined): string | undefined {
  return token === undefined ? undefined : createHash('sha256').update(token).digest('hex');
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
