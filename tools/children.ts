import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { constants } from 'node:os';

/** A program that was started here and will not outlive this process. */
export interface Child {
  /** The running program, for its output and its end. */
  readonly process: ChildProcess;
  /**
   * Ends the program together with everything it has started, politely at first.
   *
   * @returns when it has ended
   */
  end(): Promise<void>;
}

/** How long a program may take to end by itself, before it is ended by force. */
const patienceMilliseconds = 4000;

const running = new Set<ChildProcess>();
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Starts a program that ends with this process, whichever way this process ends.
 * It gets a process group of its own, so that its own children can be ended with it.
 *
 * @param command the program
 * @param args its arguments
 * @param options as for Node's `spawn`
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
      // The program itself has ended; what it had started may still be there.
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
    // Nobody of that group is left.
  }
}

function killAll(): void {
  for (const child of running) {
    kill(child, 'SIGKILL');
  }
}

let watching = false;

/**
 * Makes a signal end this process in a way that lets everything it has started end too; a browser under
 * Playwright, for one, ends with Node's `exit` event. Where somebody else takes care of the signal, an orderly
 * end is under way, and nothing is done.
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
