// A process listens on a local socket for as long as it holds something. The operating system closes the socket when the
// process ends, however it ends, and keeps it open while the process is stopped.
import { readlink, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { hostname, uptime } from 'node:os';
import type { ProcessLiveness } from '../locking/processLiveness.ts';
import { newSocketAddress, socketKind } from './sockets.ts';
import { linuxBootId } from './uptime.ts';

/** What a process that isn't stopped sends to whoever connects. */
const GREETING = 'alive';

/** The processes of this machine: a Unix domain socket, or a named pipe, for each; the process ID if neither can be had. */
export function nodeProcessLiveness(): ProcessLiveness {
  return {
    async register() {
      const address = await newSocketAddress();
      const server = createServer((socket) => {
        socket.on('error', () => {});
        socket.end(GREETING);
      });
      const listens = await new Promise<boolean>((resolve) => {
        if (address === '') {
          resolve(false);
          return;
        }
        server.once('error', () => resolve(false));
        server.listen(address, () => resolve(true));
      });
      server.unref();
      const token = JSON.stringify([await machine(), process.pid, listens ? address : '', uptime()]);
      return { token, name: `process ${process.pid}`, dispose: () => void server.close() };
    },
    async isAlive(token) {
      const parsed = parse(token);
      if (parsed === undefined) {
        return undefined;
      }
      const { address, machine: where, pid, uptimeAtStart } = parsed;
      const isHere = where === (await machine());
      // A machine that was restarted since, and a process that has ended, are certain; a socket could be anybody's.
      if (isHere && (uptimeAtStart > uptime() || !isRunning(pid))) {
        // Deletes what it has left behind.
        void probe(address);
        return false;
      }
      const socket = address === '' ? undefined : await probe(address);
      if (socket === 'open' || socket === 'responding') {
        return true;
      }
      if (!isHere || socket === 'foreign') {
        return undefined;
      }
      // The process ID can be that of another process by now. A socket that is gone was closed on purpose. A refused
      // connection is certain on Linux; elsewhere a stopped process refuses, too, once its queue is full.
      return !(socket === 'gone' || (socket === 'refused' && process.platform === 'linux'));
    },
    async isResponding(token) {
      const address = parse(token)?.address;
      // Without a socket, there is nobody to ask.
      return address === '' || (address !== undefined && (await probe(address, true)) === 'responding');
    },
  };
}

/**
 * Where a process runs. About one on another machine, or in another container, nothing can be known. Two machines can
 * have the same name and the same numbers of namespaces; on Linux, the boot tells them apart. A process from before a
 * restart then counts as one of another machine, since a twin that shares the home folder looks the same.
 */
async function machine(): Promise<string> {
  const namespaces = ['mnt', 'pid'].map((name) => readlink(`/proc/self/ns/${name}`).catch(() => ''));
  return [hostname(), linuxBootId(), ...(await Promise.all(namespaces))].join(' ');
}

interface Token {
  readonly machine: unknown;
  readonly pid: number;
  readonly address: string;
  /** The machine's uptime, in s, when the process registered. */
  readonly uptimeAtStart: number;
}

/** Parses a token; undefined if it isn't one. Its parts are what a file says: none of them is to be trusted. */
function parse(token: string): Token | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(token);
  } catch {
    parts = undefined;
  }
  const [where, pid, address, uptimeAtStart] = Array.isArray(parts) ? (parts as unknown[]) : [];
  // Zero and negative numbers would stand for groups of processes.
  const isToken = Number.isSafeInteger(pid) && Number(pid) > 0 && typeof address === 'string';
  return isToken ? { machine: where, pid: Number(pid), address, uptimeAtStart: Number(uptimeAtStart) } : undefined;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user is running, too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** How long, in ms, a process may take to answer. The named pipe of a stopped process connects late. */
const PROBE_TIMEOUT = 1000;

type SocketState = 'open' | 'responding' | 'refused' | 'gone' | 'foreign';

/**
 * Connects to a socket, if it's one of ours.
 * @param waitsForGreeting whether to wait until the process answers, after the operating system has accepted.
 */
async function probe(address: string, waitsForGreeting = false): Promise<SocketState> {
  const kind = await socketKind(address);
  return kind === 'own' ? connectTo(address, waitsForGreeting) : kind;
}

function connectTo(address: string, waitsForGreeting: boolean): Promise<SocketState> {
  return new Promise((resolve) => {
    const socket = connect({ path: address });
    const end = (state: SocketState): void => {
      socket.destroy();
      resolve(state);
    };
    socket.setTimeout(PROBE_TIMEOUT, () => end('open'));
    socket.once('data', () => end('responding'));
    if (!waitsForGreeting) {
      socket.once('connect', () => end('open'));
    }
    socket.once('error', (error) => {
      const code = 'code' in error ? error.code : undefined;
      if (code === 'ECONNREFUSED' && process.platform === 'linux') {
        // What a killed process leaves behind is of use to nobody.
        rm(address, { force: true }).catch(() => {});
      }
      end(code === 'ECONNREFUSED' ? 'refused' : code === 'ENOENT' ? 'gone' : 'open');
    });
  });
}
