import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

import type { SelfSigned } from './certificate.ts';

/** A host name, and the certificate for it. */
export interface TlsHost extends SelfSigned {
  /** The host name, which the clients resolve to 127.0.0.1. */
  readonly name: string;
}

/** A server that is listening. */
export interface LoopbackServer {
  /** The server. */
  readonly server: Server;
  /** Its port on 127.0.0.1. */
  readonly port: number;
  /** Its origin: `http://127.0.0.1:PORT`, or `https://NAME:PORT` with a host name. */
  readonly origin: string;
}

/**
 * Starts an HTTP server on 127.0.0.1.
 *
 * @param listener handles each request
 * @param options where it listens, as in {@link listenOnLoopback}
 * @param options.host the host name, if it's served over TLS
 * @param options.port the port to use
 * @param options.portTries how many ports to try
 * @returns the server, once it's listening
 * @throws the server's own error (such as EADDRINUSE), if no port is available
 */
export async function serveOnLoopback(
  listener: RequestListener,
  options: { readonly host?: TlsHost | undefined; readonly port?: number; readonly portTries?: number } = {},
): Promise<LoopbackServer> {
  const { host } = options;
  const server = host === undefined ? createServer(listener) : createTlsServer(host, listener);
  const port = await listenOnLoopback(server, options.port, options.portTries);
  const origin = host === undefined ? 'http://127.0.0.1' : `https://${host.name}`;
  return { server, port, origin: `${origin}:${String(port)}` };
}

/**
 * Makes an HTTP server listen on 127.0.0.1.
 *
 * @param server the server, not listening yet
 * @param port the port to use; 0, the default, is any free one
 * @param tries how many ports to try, counting up from `port`, while they are in use
 * @returns the port it listens on
 * @throws the server's own error (such as EADDRINUSE), if none is available
 */
export async function listenOnLoopback(server: Server, port = 0, tries = 1): Promise<number> {
  for (let offset = 0; ; offset += 1) {
    try {
      return await listen(server, port === 0 ? 0 : port + offset);
    } catch (error) {
      const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      if (!taken || offset + 1 >= tries) {
        throw error;
      }
    }
  }
}

async function listen(server: Server, port: number): Promise<number> {
  return await new Promise((resolve, reject) => {
    const onError = (error: Error): void => {
      reject(error);
    };
    server.once('error', onError);
    server.listen(port, '127.0.0.1', () => {
      server.removeListener('error', onError);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
