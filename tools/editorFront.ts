import { createServer, request } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';

import { listenOnLoopback } from './loopback.ts';

/** Where the editor is served to the browser. */
export interface EditorFront {
  /** The port of the front on 127.0.0.1. */
  readonly port: number;
  /** Closes the front and every connection through it. */
  close(): Promise<void>;
}

/** The options of the front. */
export interface EditorFrontOptions {
  /** The port of the editor's own server on 127.0.0.1. */
  readonly target: number;
  /** The port to use; 0 is any free one. */
  readonly port: number;
  /** How many ports to try, counting up from `port`, while they are in use. */
  readonly tries: number;
  /** 32 bytes, always the same for a data folder. */
  readonly secretKey: Uint8Array;
}

/**
 * The workbench in the browser opens a URL on this machine as `/proxy/PORT/…`, because its server may run on another
 * machine than the browser. Here both are on the same machine, so the browser can open the URL directly.
 */
function forwardedPort(incoming: IncomingMessage): string | undefined {
  const [, port, rest] = /^\/proxy\/(\d+)(\/.*)?$/.exec(incoming.url ?? '') ?? [];
  return port === undefined ? undefined : `http://127.0.0.1:${port}${rest ?? '/'}`;
}

/**
 * Serves the editor through a thin front with the only route that the editor's own server lacks: the workbench in the
 * browser requests `POST …/mint-key` for half of the key that encrypts its secrets. With a constant response, secrets
 * survive a reload and a restart.
 *
 * @param options what to serve, and where
 * @returns the front, once it's listening
 * @throws the listen error, if no port is available
 */
export async function startEditorFront(options: EditorFrontOptions): Promise<EditorFront> {
  const open = new Set<Duplex>();
  const server = createServer((incoming, answer) => {
    if (incoming.method === 'POST' && pathOf(incoming).endsWith('/mint-key')) {
      incoming.resume();
      answer.writeHead(200, { 'content-type': 'application/octet-stream' }).end(options.secretKey);
      return;
    }
    const forwarded = forwardedPort(incoming);
    if (forwarded !== undefined) {
      answer.writeHead(302, { location: forwarded }).end();
      return;
    }
    forward(options.target, incoming, answer);
  });
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.on('upgrade', (incoming, socket, head) => {
    tunnel(options.target, incoming, socket, head);
  });
  const port = await listenOnLoopback(server, options.port, options.tries);

  return {
    port,
    close: async () => {
      for (const socket of open) {
        socket.destroy();
      }
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}

function pathOf(incoming: IncomingMessage): string {
  return (incoming.url ?? '/').split('?', 1)[0] ?? '/';
}

function forward(port: number, incoming: IncomingMessage, answer: ServerResponse): void {
  const onward = request(
    { host: '127.0.0.1', port, method: incoming.method, path: incoming.url, headers: incoming.headers },
    (reply) => {
      answer.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(answer);
      reply.once('error', () => answer.destroy());
    },
  );
  onward.once('error', () => {
    if (answer.headersSent) {
      answer.destroy();
    } else {
      answer.writeHead(502).end();
    }
  });
  answer.once('close', () => onward.destroy());
  incoming.pipe(onward);
}

/** Forwards a WebSocket byte by byte, including its handshake. */
function tunnel(port: number, incoming: IncomingMessage, socket: Duplex, head: Buffer): void {
  const onward = connect(port, '127.0.0.1', () => {
    const lines = [`${incoming.method ?? 'GET'} ${incoming.url ?? '/'} HTTP/1.1`];
    for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2) {
      lines.push(`${incoming.rawHeaders[index] ?? ''}: ${incoming.rawHeaders[index + 1] ?? ''}`);
    }
    onward.write(`${lines.join('\r\n')}\r\n\r\n`);
    onward.write(head);
    onward.setNoDelay(true);
    onward.pipe(socket);
    socket.pipe(onward);
  });
  const drop = (): void => {
    socket.destroy();
    onward.destroy();
  };
  onward.once('error', drop).once('close', drop);
  socket.once('error', drop).once('close', drop);
}
