// Other processes, like the windows of the product: they run a few lines of a module, and end in every possible way.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A process that prints lines. */
export interface Other {
  readonly process: ChildProcess;
  /** Its exit code, once it has ended; null if it was killed. */
  readonly ended: Promise<number | null>;
  /** The next line that it prints. */
  next(): Promise<string>;
  /** Kills it, and waits until it has ended. */
  kill(): Promise<void>;
}

const running = new Set<Other>();

/**
 * Starts a process that runs a program.
 * @param program the text of an ES module; `import` accepts URLs such as those of `import.meta.resolve`.
 */
export function startOther(program: string, env: Readonly<Record<string, string>> = {}): Other {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', program],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    },
  );
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const other: Other = {
    process: child,
    ended,
    async next() {
      const line = await lines.next();
      if (line.done === true) {
        throw new Error('The process has ended without output.');
      }
      return line.value;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
      running.delete(other);
    },
  };
  running.add(other);
  return other;
}

/** Kills all that are left. */
export async function endOthers(): Promise<void> {
  await Promise.all([...running].map((other) => other.kill()));
}
