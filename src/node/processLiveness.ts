// A process listens on a local socket while it holds a lock. The operating system closes the socket when the process
// ends for any reason, and keeps it open while the process is stopped.
import { readlink, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { hostname, uptime } from 'node:os';
import type { ProcessLiveness } from '../locking/processLiveness.ts';
import { newSocketAddress, socketKind } from './sockets.ts';
import { linuxBootId } from './uptime.ts';

/** What a running process sends to each connection. */
const GREETING = 'alive';

/**
 * The liveness of processes on this machine, by Unix domain socket or named pipe, or by process ID if neither is
 * available.
 */
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
      // A restarted machine and an ended process are certain. A socket could belong to any process.
      if (isHere && (uptimeAtStart > uptime() || !isRunning(pid))) {
        // Deletes the file that the socket left behind.
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
      // The process ID may have been reused. A missing socket was closed deliberately. A refused connection is
      // conclusive on Linux. Elsewhere, a stopped process also refuses once its queue is full.
      return !(socket === 'gone' || (socket === 'refused' && process.platform === 'linux'));
    },
    async isResponding(token) {
      const address = parse(token)?.address;
      // Without a socket, there is nothing to probe.
      return address === '' || (address !== undefined && (await probe(address, true)) === 'responding');
    },
  };
}

/**
 * Identifies where a process runs. Processes on other machines or in other containers can't be checked. Two machines
 * can have the same name and namespace numbers; on Linux, the boot ID distinguishes them. A process from before a
 * restart then counts as one of another machine, because a twin that shares the home folder looks the same.
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

/** Parses a token; undefined if it isn't valid. Its parts come from a file and aren't trusted. */
function parse(token: string): Token | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(token);
  } catch {
    parts = undefined;
  }
  const [where, pid, address, uptimeAtStart] = Array.isArray(parts) ? (parts as unknown[]) : [];
  // Zero and negative numbers mean process groups.
  const isToken = Number.isSafeInteger(pid) && Number(pid) > 0 && typeof address === 'string';
  return isToken ? { machine: where, pid: Number(pid), address, uptimeAtStart: Number(uptimeAtStart) } : undefined;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user is running as well.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** How long, in ms, a process may take to respond. The named pipe of a stopped process connects late. */
const PROBE_TIMEOUT = 1000;

type SocketState = 'open' | 'responding' | 'refused' | 'gone' | 'foreign';

/**
 * Connects to a socket if this user owns it.
 * @param waitsForGreeting whether to wait for the greeting after the operating system has accepted the connection.
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
        // Leftovers of a killed process aren't needed.
        rm(address, { force: true }).catch(() => {});
      }
      end(code === 'ECONNREFUSED' ? 'refused' : code === 'ENOENT' ? 'gone' : 'open');
    });
  });
}
