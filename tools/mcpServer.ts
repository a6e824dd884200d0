// An MCP server (Streamable HTTP) that requires access tokens of an identity server, and keeps a state for each MCP session.
import { createHash, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';

import type { IdentityServer } from './identityServer.ts';
import { listenOnLoopback } from './loopback.ts';

/** A request that reached an MCP server. */
export interface McpRequest {
  /** The HTTP method, and the method of the message. */
  readonly method: string;
  /** The SHA-256 digest of the access token; undefined if there was none. */
  readonly token: string | undefined;
  /** Whether the identity server accepted the token at that time. */
  readonly isAlive: boolean;
  /** The HTTP status of the response. */
  readonly status: number;
  /** The MCP session of the request, or the one that it started. */
  readonly session: string | undefined;
}

/** An MCP server that is listening. */
export interface McpServer {
  /** Its URL. Next to it, `/requests` returns the requests so far, as {@link McpRequest}s. */
  readonly url: string;
  /** The requests so far, oldest first. */
  readonly requests: readonly McpRequest[];
  /** Closes the server. */
  stop(): void;
}

/** The version of the protocol that it answers with if the client names none. */
const protocolVersion = '2025-06-18';

/** Its only tool, which counts the calls of the MCP session. */
const tool = {
  name: 'count',
  description: 'Counts the calls of this MCP session, and returns the user of the access token.',
  inputSchema: { type: 'object', properties: {} },
  annotations: { readOnlyHint: true, openWorldHint: false },
};

const metadataPath = '/.well-known/oauth-protected-resource/mcp';

/** The status, the result of the message, and the MCP session if one was started. */
interface Answer {
  readonly status: number;
  readonly result?: unknown;
  readonly session?: string;
}

interface Message {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

/**
 * Starts an MCP server on 127.0.0.1 that trusts one identity server.
 *
 * @param identity the identity server
 * @param name its name, which is the start of its tools' names in the editor
 * @param scopes the scopes in its metadata
 * @returns the MCP server, once it's listening
 */
export async function startMcpServer(
  identity: Pick<IdentityServer, 'issuer' | 'provider' | 'tokenIsActive'>,
  name = 'counter',
  scopes: readonly string[] = ['openid'],
): Promise<McpServer> {
  const requests: McpRequest[] = [];
  const counts = new Map<string, number>();
  let home = '';

  /** Answers a message in an MCP session. */
  const inSession = async (message: Message, session: string, token: string): Promise<Answer> => {
    const count = counts.get(session);
    if (count === undefined) {
      return { status: 404 };
    }
    switch (message.method) {
      case 'tools/list':
        return { status: 200, result: { tools: [tool] } };
      case 'tools/call': {
        counts.set(session, count + 1);
        const user = (await identity.provider.AccessToken.find(token))?.accountId ?? '';
        return { status: 200, result: { content: [{ type: 'text', text: `${user} ${String(count + 1)}` }] } };
      }
      case 'ping':
        return { status: 200, result: {} };
      case undefined:
      default:
        return { status: 202 };
    }
  };

  const start = ({ params }: Message): Answer => {
    const session = randomUUID();
    counts.set(session, 0);
    const version = params?.['protocolVersion'] ?? protocolVersion;
    const serverInfo = { name, version: '1.0.0' };
    return { status: 200, result: { protocolVersion: version, capabilities: { tools: {} }, serverInfo }, session };
  };

  const authenticated = async (request: McpRequest, message: Message, token: string): Promise<Answer> => {
    if (request.method === 'DELETE') {
      counts.delete(request.session ?? '');
      return { status: 200 };
    }
    if (request.method === 'GET') {
      // It has no stream of notifications.
      return { status: 405 };
    }
    if (message.method === 'initialize') {
      return start(message);
    }
    return request.session === undefined ? { status: 400 } : inSession(message, request.session, token);
  };

  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [, token = ''] = /^Bearer (\S+)$/iu.exec(incoming.headers.authorization ?? '') ?? [];
    const message = incoming.method === 'POST' ? ((await json(incoming)) as Message) : {};
    const request: McpRequest = {
      method: `${incoming.method ?? ''} ${message.method ?? ''}`.trim(),
      token: token === '' ? undefined : createHash('sha256').update(token).digest('hex'),
      isAlive: await identity.tokenIsActive(token),
      session: incoming.headers['mcp-session-id']?.toString(),
      status: 401,
    };
    const error = token === '' ? '' : 'error="invalid_token", ';
    const metadata = `resource_metadata="${home}${metadataPath}"`;
    const {
      result,
      session = request.session,
      status,
    } = request.isAlive ? await authenticated(request, message, token) : { status: 401 };
    requests.push({ ...request, session, status });
    response.writeHead(status, {
      'content-type': 'application/json',
      ...(status === 401 ? { 'www-authenticate': `Bearer ${error}${metadata}` } : {}),
      ...(session === undefined ? {} : { 'mcp-session-id': session }),
    });
    response.end(result === undefined ? undefined : JSON.stringify({ jsonrpc: '2.0', id: message.id, result }));
  };

  const documents: Readonly<Record<string, () => unknown>> = {
    '/requests': () => requests,
    [metadataPath]: () => ({
      resource: `${home}/mcp`,
      authorization_servers: [identity.issuer],
      scopes_supported: scopes,
    }),
  };

  const server = createServer((request, response) => {
    const document = documents[request.url ?? ''];
    if (document !== undefined) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document()));
    } else if (request.url === '/mcp') {
      answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
    } else {
      response.writeHead(404).end();
    }
  });
  home = `http://127.0.0.1:${String(await listenOnLoopback(server))}`;
  return {
    url: `${home}/mcp`,
    requests,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
