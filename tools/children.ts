import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { constants } from 'node:os';

/** A program started by this process that ends with it. */
export interface Child {
  /** The running program, for its output and its exit. */
  readonly process: ChildProcess;
  /**
   * Ends the program and everything that it started, gracefully if possible.
   *
   * @returns when it has ended
   */
  end(): Promise<void>;
}

/** How long a program may take to exit on its own before it's killed. */
const patienceMilliseconds = 4000;

const running = new Set<ChildProcess>();
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Starts a program that ends with this process, however this process ends. It gets its own process group, so that its
 * children can be ended with it.
 *
 * @param command the executable
 * @param args its arguments
 * @param options as in Node's `spawn`
 * @returns the running program
 */
export function startChild(command: string, args: readonly string[], options: SpawnOptions = {}): Child {
  endWithSignals();
  const child = spawn(command, args, {
    ...options,
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  running.add(child);
  const ended = new Promise<void>((resolve) => {
    const forget = (): void => {
      running.delete(child);
      resolve();
    };
    child.once('exit', forget);
    child.once('error', forget);
  });

  return {
    process: child,
    end: async () => {
      if (running.has(child)) {
        kill(child, 'SIGTERM');
        const force = setTimeout(() => {
          kill(child, 'SIGKILL');
        }, patienceMilliseconds);
        await ended;
        clearTimeout(force);
      }
      // The program itself has ended; programs that it started may still run.
      kill(child, 'SIGKILL');
    },
  };
}

function kill(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined) {
    return;
  }
  if (process.platform === 'win32') {
    spawnSync('taskkill', ['/pid', String(child.pid), '/T', '/F'], { stdio: 'ignore' });
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group has no more processes.
  }
}

function killAll(): void {
  for (const child of running) {
    kill(child, 'SIGKILL');
  }
}

let watching = false;

/**
 * Makes a signal end this process in a way that also ends everything that it started; a browser of Playwright, for
 * example, ends with Node's `exit` event. If there is another handler for the signal, a graceful exit is already in
 * progress, and nothing is done.
 */
export function endWithSignals(): void {
  if (watching) {
    return;
  }
  watching = true;
  process.once('exit', killAll);
  for (const signal of signals) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) {
        process.exit(128 + constants.signals[signal]);
      }
    });
  }
}
