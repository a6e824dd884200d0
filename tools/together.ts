// Runs commands at the same time: node tools/together.ts COMMAND…
// They must not depend on each other's output: the unit tests and those inside VS Code both build the extension into dist.
// Their output appears as if they ran one after another. Exits with the exit code of the first command that fails.
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

const codes: number[] = [];
for (const running of process.argv.slice(2).map(start)) {
  running.isShown = true;
  passOn(running);
  codes.push(await running.ended);
  passOn(running);
}
process.exitCode = codes.find((code) => code !== 0) ?? 0;
