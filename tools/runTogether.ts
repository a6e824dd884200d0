// Runs commands at the same time, while their output appears as if they ran one after another.
import { constants } from 'node:os';

import { startChild } from './children.ts';

/** A command that is running, or has ended. */
interface Running {
  /** Its output that hasn't been printed yet. */
  readonly held: { readonly text: string; readonly toError: boolean }[];
  /** Whether its output is printed immediately. */
  isShown: boolean;
  /** Its exit code, once it has ended and all its output has been received. */
  readonly ended: Promise<number>;
}

/** Starts a command in a shell, and buffers its output until it's printed. */
function start(command: string): Running {
  const { process: child } = startChild(command, [], {
    shell: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}) },
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
  const running: Running = { held: [], isShown: false, ended };
  for (const [stream, toError] of [
    [child.stdout, false],
    [child.stderr, true],
  ] as const) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      running.held.push({ text, toError });
      if (running.isShown) {
        passOn(running);
      }
    });
  }
  return running;
}

function passOn({ held }: Running): void {
  for (const { text, toError } of held.splice(0)) {
    (toError ? process.stderr : process.stdout).write(text);
  }
}

/**
 * Runs commands in shells at the same time. Each one's output is printed once those before it have ended.
 *
 * @param commands the commands, none of which depends on what another one writes
 * @returns the exit code of the first one that fails; 0 if none does
 */
export async function runTogether(commands: readonly string[]): Promise<number> {
  const codes: number[] = [];
  for (const running of commands.map(start)) {
    running.isShown = true;
    passOn(running);
    codes.push(await running.ended);
    passOn(running);
  }
  return codes.find((code) => code !== 0) ?? 0;
}
