// A process listens on a local socket for as long as it holds something. The operating system closes the socket when the
// process ends, however it ends, and keeps it open while the process is stopped.
import { randomBytes } from 'node:crypto';
import { readlink, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { hostname, tmpdir, uptime } from 'node:os';
import { join } from 'node:path';
import type { ProcessLiveness } from '../locking/processLiveness.ts';

/** What a process that isn't stopped sends to whoever connects. */
const GREETING = 'alive';

/** The processes of this machine: a Unix domain socket, or a named pipe, for each; the process ID if neither can be had. */
export function nodeProcessLiveness(): ProcessLiveness {
  return {
    async register() {
      const name = `sk-${randomBytes(8).toString('hex')}`;
      const address = process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
      const server = createServer((socket) => {
        socket.on('error', () => {});
        socket.end(GREETING);
      });
      const listens = await new Promise<boolean>((resolve) => {
        server.once('error', () => resolve(false));
        server.listen(address, () => resolve(true));
      });
      server.unref();
      const token = JSON.stringify([await machine(), process.pid, listens ? address : '', uptime()]);
      return { token, name: `process ${process.pid}`, dispose: () => void server.close() };
    },
    async isAlive(token) {
      const { address, machine: where, pid, uptimeAtStart } = parse(token);
      const socket = address === '' ? undefined : await probe(address);
      if (socket === 'open' || socket === 'responding') {
        return true;
      }
      if (where !== (await machine())) {
        return undefined;
      }
      if (uptimeAtStart > uptime()) {
        // The machine was restarted since.
        return false;
      }
      // A socket that is gone was closed on purpose. A refused connection is certain on Linux; elsewhere a stopped
      // process refuses, too, once its queue is full.
      const isCertain = socket === 'gone' || (socket === 'refused' && process.platform === 'linux');
      return isCertain ? false : isRunning(pid);
    },
    async isResponding(token) {
      const { address } = parse(token);
      // Without a socket, there is nobody to ask.
      return address === '' || (await probe(address, true)) === 'responding';
    },
  };
}

/** Where a process runs. About one on another machine, or in another container, nothing can be known. */
async function machine(): Promise<string> {
  return `${hostname()} ${await readlink('/proc/self/ns/mnt').catch(() => '')}`;
}

interface Token {
  readonly machine: unknown;
  readonly pid: number;
  readonly address: string;
  /** The machine's uptime, in s, when the process registered. */
  readonly uptimeAtStart: number;
}

function parse(token: string): Token {
  let parts: unknown;
  try {
    parts = JSON.parse(token);
  } catch {
    parts = undefined;
  }
  const [where, pid, address, uptimeAtStart] = Array.isArray(parts) ? (parts as unknown[]) : [];
  return { machine: where, pid: Number(pid), address: String(address), uptimeAtStart: Number(uptimeAtStart) };
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

type SocketState = 'open' | 'responding' | 'refused' | 'gone';

/**
 * Connects to a socket.
 * @param waitsForGreeting whether to wait until the process answers, after the operating system has accepted.
 */
function probe(address: string, waitsForGreeting = false): Promise<SocketState> {
  return new Promise((resolve) => {
    const socket = connect(address);
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
