import { connect, type Socket } from 'node:net';

/** How long, in ms, a process may take to accept a connection. */
const CONNECT_TIMEOUT = 10_000;

/** A connection, or why there is none: no socket, no process that listens, or anything else. */
export type Connection =
  | { readonly socket: Socket; readonly problem?: undefined }
  | { readonly socket?: undefined; readonly problem: 'gone' | 'refused' | 'other' };

/** Connects to a socket or named pipe. Never rejects. */
export function connectToSocket(address: string): Promise<Connection> {
  return new Promise((resolve) => {
    const socket = connect({ path: address });
    const fail = (problem: 'gone' | 'refused' | 'other'): void => {
      socket.destroy();
      resolve({ problem });
    };
    socket.setTimeout(CONNECT_TIMEOUT, () => fail('other'));
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.removeAllListeners('timeout');
      resolve({ socket });
    });
    socket.on('error', (error) => {
      const code = 'code' in error ? error.code : undefined;
      fail(code === 'ECONNREFUSED' ? 'refused' : code === 'ENOENT' ? 'gone' : 'other');
    });
  });
}
