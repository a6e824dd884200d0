import type { Server } from 'node:http';

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
