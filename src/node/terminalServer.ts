// The socket on which a window answers the command `session-keeper`.
import { createServer, type Server, type Socket } from 'node:net';
import { rm } from 'node:fs/promises';
import { setDeadline, systemClock, type Clock } from '../core/clock.ts';
import { MAX_TERMINAL_REQUEST, TERMINAL_PROTOCOL } from '../core/terminal.ts';
import { connectToSocket } from './connectToSocket.ts';
import { newSocketAddress, socketKind } from './sockets.ts';
import { FrameReader, NONCE_LENGTH, SealedMessages, newNonce, toFrame } from './terminalChannel.ts';
import type { TerminalFolder, WindowListing } from './terminalFolder.ts';

/** How long, in ms, the command may take to send its request. */
const REQUEST_TIMEOUT = 30_000;
/** The maximum number of simultaneous connections. Further ones are closed. */
const MAX_CONNECTIONS = 500;

/**
 * Answers a request.
 * @param send sends a message before the last one.
 * @param signal is aborted when the command has ended.
 * @returns the last message.
 */
export type TerminalHandler = (
  request: string,
  send: (message: string) => void,
  signal: AbortSignal,
) => Promise<string>;

/** A window that answers. */
export interface TerminalListener {
  /** Moves the window to the top of the list; false if it's no longer listed. */
  readonly touch: () => Promise<boolean>;
  /** Closes the socket and all connections. */
  dispose(): void;
}

/**
 * Listens on a socket that only this user can access, and lists the window in the folder.
 * @param windowId the ID of the window.
 * @returns undefined if there is no private location for the socket.
 * @throws the error of the file system or of the socket.
 */
export async function listenForTerminals(
  folder: TerminalFolder,
  windowId: string,
  handler: TerminalHandler,
  clock: Clock = systemClock,
): Promise<TerminalListener | undefined> {
  const address = await newSocketAddress();
  if (address === '') {
    return undefined;
  }
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
    void serve(socket, folder, handler, clock);
  });
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, address);
  let listing: WindowListing | undefined;
  const dispose = (): void => {
    server.close();
    connections.forEach((socket) => socket.destroy());
    void listing?.remove();
  };
  try {
    listing = await folder.addWindow({ id: windowId, address });
  } catch (error) {
    dispose();
    throw error;
  }
  void removeDeadWindows(folder, address);
  return { touch: listing.touch, dispose };
}

function listen(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => {
      server.off('error', reject);
      // Failures to accept a connection concern that connection only.
      server.on('error', () => {});
      resolve();
    });
  });
}

/** Answers one request. A connection that doesn't follow the protocol is closed without an answer. */
async function serve(socket: Socket, folder: TerminalFolder, handler: TerminalHandler, clock: Clock): Promise<void> {
  const ended = new AbortController();
  socket.on('error', () => {});
  socket.once('close', () => ended.abort());
  const deadline = setDeadline(clock, REQUEST_TIMEOUT, () => socket.destroy());
  try {
    const windowNonce = newNonce();
    socket.write(toFrame(Uint8Array.of(TERMINAL_PROTOCOL), windowNonce));
    const frame = await readFrame(socket);
    deadline.dispose();
    const nonces = Buffer.concat([windowNonce, frame.subarray(0, NONCE_LENGTH)]);
    // Read each time, because deleting the file turns access off.
    const result = await folder.readKey();
    if (!('key' in result)) {
      return;
    }
    const request = new SealedMessages(result.key, nonces, 'request').open(frame.subarray(NONCE_LENGTH));
    if (request === undefined) {
      return;
    }
    const responses = new SealedMessages(result.key, nonces, 'response');
    const send = (message: string): void => void socket.write(toFrame(responses.seal(message)));
    const last = await handler(request, send, ended.signal);
    if (!ended.signal.aborted) {
      await new Promise<void>((resolve) => {
        socket.once('close', () => resolve());
        socket.end(toFrame(responses.seal(last)), () => resolve());
      });
    }
  } catch {
    // The frame is too long, or the command has ended.
  } finally {
    deadline.dispose();
    socket.destroySoon();
  }
}

/** Resolves with the first frame. Rejects if it's too long, or if the connection is closed before. */
function readFrame(socket: Socket): Promise<Buffer> {
  const frames = new FrameReader(MAX_TERMINAL_REQUEST);
  return new Promise((resolve, reject) => {
    socket.once('close', () => reject(new Error('The connection was closed.')));
    socket.on('data', (chunk) => {
      try {
        const [first] = frames.push(chunk);
        if (first !== undefined) {
          // Nothing may follow. Reading continues, so that the end of the command is noticed.
          socket.removeAllListeners('data');
          socket.resume();
          resolve(first);
        }
      } catch (error) {
        reject(error instanceof Error ? error : new Error('The frame is invalid.'));
      }
    });
  });
}

/** Removes windows that have crashed from the list, and their sockets. */
async function removeDeadWindows(folder: TerminalFolder, own: string): Promise<void> {
  for (const { address, remove } of await folder.listWindows(undefined)) {
    const kind = address === own ? undefined : await socketKind(address);
    if (kind === 'gone') {
      await remove();
    } else if (kind === 'own') {
      const { problem, socket } = await connectToSocket(address);
      socket?.destroy();
      // Elsewhere, a suspended process also refuses once its queue is full.
      if (problem === 'gone' || (problem === 'refused' && process.platform === 'linux')) {
        await rm(address, { force: true }).catch(() => {});
        await remove();
      }
    }
  }
}
