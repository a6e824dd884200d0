// Sockets on loopback addresses, all with the same port. The only file below the host module that opens sockets.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { SECOND } from '../core/clock.ts';
import { proposedPort } from '../core/redirectUri.ts';

/**
 * The maximum size of a request's headers, in bytes. Cookies aren't separated by port: a browser sends those of every
 * program that serves pages on this machine.
 */
const MAX_HEADER_SIZE = 256 * 1024;
/** The maximum number of open connections on one address. A browser opens up to six, and some in advance. */
const MAX_CONNECTIONS = 64;
/** How long, in ms, a connection may be open without a complete request, and how often that is checked. */
const HEADERS_TIMEOUT = 5 * SECOND;
const REQUEST_TIMEOUT = 10 * SECOND;
const CHECK_INTERVAL = SECOND;

/** How many other free ports are tried if one that is free on one address is taken on the other. */
const TRIES = 10;
/** The error codes of an address that doesn't exist on this machine, as opposed to a port that is taken. */
const NO_SUCH_ADDRESS: readonly unknown[] = ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EPROTONOSUPPORT', 'EINVAL'];

/** Handles a request of the browser. */
export type Serve = (request: IncomingMessage, response: ServerResponse) => void;

/** Sockets that listen on the same port. */
export interface Listener {
  readonly port: number;
  /** Starts handling requests. */
  serve(serve: Serve): void;
  /** Resolves once all of them are closed. */
  readonly closed: Promise<void>;
  /** Lets the process exit while it's still listening. */
  unref(): void;
  /** Stops listening and closes all connections. */
  close(): void;
}

/** The addresses to listen on for the host of a redirect URI: a browser may resolve "localhost" to either of two. */
export function loopbackHosts(hostname: string): string[] {
  return hostname === 'localhost' ? ['127.0.0.1', '::1'] : [hostname.replace(/^\[|\]$/g, '')];
}

/**
 * Listens on a port of every loopback address of this machine; 0 is any port that is free on all of them.
 * @throws the system's error if a port is taken on one of them, or if no address exists.
 */
export async function listenOn(hosts: readonly string[], port: number): Promise<Listener> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await listenOnce(hosts, port);
    } catch (error) {
      if (port !== 0 || tries === TRIES || !isPortTaken(error)) {
        throw error;
      }
    }
  }
}

/** Whether a port is free on every loopback address. */
async function isPortFree(port: number): Promise<boolean> {
  try {
    const listener = await listenOn(loopbackHosts('localhost'), port);
    listener.close();
    await listener.closed;
    return true;
  } catch {
    return false;
  }
}

async function listenOnce(hosts: readonly string[], wanted: number): Promise<Listener> {
  const servers: Server[] = [];
  let port = wanted;
  let missing: unknown = new Error('No address to listen on.');
  for (const host of hosts) {
    const server = createServer({
      maxHeaderSize: MAX_HEADER_SIZE,
      headersTimeout: HEADERS_TIMEOUT,
      requestTimeout: REQUEST_TIMEOUT,
      connectionsCheckingInterval: CHECK_INTERVAL,
    });
    limitConnections(server);
    try {
      port = await start(server, host, port);
      servers.push(server);
    } catch (error) {
      if (!NO_SUCH_ADDRESS.includes(codeOf(error))) {
        servers.forEach(stop);
        throw error;
      }
      missing = error;
    }
  }
  if (servers.length === 0) {
    throw missing;
  }
  return {
    port,
    serve: (serve) => servers.forEach((server) => server.on('request', serve)),
    closed: Promise.all(servers.map((server) => new Promise((resolve) => server.once('close', resolve)))).then(
      () => {},
    ),
    unref: () => servers.forEach((server) => server.unref()),
    close: () => servers.forEach(stop),
  };
}

/**
 * Prevents other programs on this machine from exhausting the process's file handles or blocking the browser: beyond the
 * limit, the oldest connection without a request is closed, so that a new one is always accepted.
 */
function limitConnections(server: Server): void {
  const idle = new Set<IncomingMessage['socket']>();
  let open = 0;
  server.on('connection', (socket) => {
    open += 1;
    idle.add(socket);
    socket.once('close', () => {
      open -= 1;
      idle.delete(socket);
    });
    if (open > MAX_CONNECTIONS) {
      const [oldest = socket] = idle;
      idle.delete(oldest);
      oldest.destroy();
    }
  });
  server.on('request', ({ socket }, response) => {
    idle.delete(socket);
    response.once('close', () => {
      if (!socket.destroyed) {
        idle.add(socket);
      }
    });
  });
}

/** Listens on a port of one address, 0 being any free one, and returns the port. */
async function start(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, resolve);
  });
  const address = server.address();
  return address === null || typeof address === 'string' ? port : address.port;
}

function stop(server: Server): void {
  server.close();
  server.closeAllConnections();
}

/** Whether an error of {@link listenOn} means that another program uses the port. */
export function isPortTaken(error: unknown): boolean {
  return codeOf(error) === 'EADDRINUSE';
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/** The number of ports to try before proposing one. */
const PROPOSALS = 20;

/** A free port to register: one of the given ports, otherwise one determined by the numbers in [0, 1). */
export async function freePortFor(preferred: readonly number[], random: () => number): Promise<number> {
  for (const port of [...preferred, ...Array.from({ length: PROPOSALS }, () => proposedPort(random()))]) {
    if (await isPortFree(port)) {
      return port;
    }
  }
  return proposedPort(random());
}
