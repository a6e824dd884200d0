// A process listens at a local address for as long as it holds something. The operating system closes that door when
// the process ends, however it ends, and keeps it open while it is merely stopped.
import { randomBytes } from 'node:crypto';
import { readlink, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { hostname, tmpdir, uptime } from 'node:os';
import { join } from 'node:path';
import type { ProcessLiveness } from '../locking/processLiveness.ts';

/** The signs of life of this machine: a Unix domain socket, or a named pipe, for each; the process id where neither can be had. */
export function nodeProcessLiveness(): ProcessLiveness {
  return {
    async begin() {
      const name = `sk-${randomBytes(8).toString('hex')}`;
      const address = process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
      const server = createServer((socket) => socket.destroy());
      const listens = await new Promise<boolean>((resolve) => {
        server.once('error', () => resolve(false));
        server.listen(address, () => resolve(true));
      });
      server.unref();
      const sign = JSON.stringify([await place(), process.pid, listens ? address : '', uptime()]);
      return { sign, name: `process ${process.pid}`, dispose: () => void server.close() };
    },
    async lives(sign) {
      const { where, pid, address, bornAt } = parse(sign);
      const door = address === '' ? undefined : await knock(address);
      if (door === 'open') {
        return true;
      }
      if (where !== (await place())) {
        return undefined;
      }
      if (bornAt > uptime()) {
        // The machine has started anew since.
        return false;
      }
      // A door that is gone was taken away on purpose. A closed one is certain on Linux; elsewhere a stopped process
      // closes it, too, once its queue is full.
      const isCertain = door === 'gone' || (door === 'closed' && process.platform === 'linux');
      return isCertain ? false : processLives(pid);
    },
  };
}

/** Where a process runs: one that runs elsewhere, on another machine or in another container, cannot be asked after. */
async function place(): Promise<string> {
  return `${hostname()} ${await readlink('/proc/self/ns/mnt').catch(() => '')}`;
}

interface Sign {
  readonly where: unknown;
  readonly pid: number;
  readonly address: string;
  readonly bornAt: number;
}

function parse(sign: string): Sign {
  let parts: unknown;
  try {
    parts = JSON.parse(sign);
  } catch {
    parts = undefined;
  }
  const [where, pid, address, bornAt] = Array.isArray(parts) ? (parts as unknown[]) : [];
  return { where, pid: Number(pid), address: String(address), bornAt: Number(bornAt) };
}

function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of somebody else lives, too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** How long, in ms, a door may take to answer before it counts as open: a named pipe whose process is stopped answers late. */
const PATIENCE = 1000;

/** Whether somebody is behind a door: `gone` where there is none any more, `closed` where nobody opens. */
function knock(address: string): Promise<'open' | 'closed' | 'gone'> {
  return new Promise((resolve) => {
    const socket = connect(address);
    const answer = (door: 'open' | 'closed' | 'gone'): void => {
      socket.destroy();
      resolve(door);
    };
    socket.setTimeout(PATIENCE, () => answer('open'));
    socket.once('connect', () => answer('open'));
    socket.once('error', (error) => {
      const code = 'code' in error ? error.code : undefined;
      if (code === 'ECONNREFUSED' && process.platform === 'linux') {
        // What a killed process leaves behind is of use to nobody.
        rm(address, { force: true }).catch(() => {});
      }
      answer(code === 'ECONNREFUSED' ? 'closed' : code === 'ENOENT' ? 'gone' : 'open');
    });
  });
}
