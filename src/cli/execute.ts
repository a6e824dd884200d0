// Runs a command with the token in an environment variable, which only the command and its children have.
import spawn from 'cross-spawn';
import { constants } from 'node:os';
import { CommandFailure } from './failure.ts';
import { MESSAGES } from './messages.ts';

/** Ends the command when this process is to end. `SIGINT` isn't among them: a terminal sends it to both. */
const FORWARDED = ['SIGTERM', 'SIGHUP'] as const;

/**
 * Runs a command, and resolves with its exit code; 128 plus the number of the signal that ended it.
 * @throws CommandFailure if the command can't be started.
 */
export function execute(
  [file, ...args]: readonly [string, ...string[]],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const env = { ...environment };
  if (process.versions['electron'] !== undefined) {
    // From the launcher.
    delete env['ELECTRON_RUN_AS_NODE'];
  }
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      const name = code === 'ENOENT' ? 'command-not-found' : 'command-failed';
      const detail = /^E[A-Z0-9]+$/.test(code) ? ` ${code}.` : '';
      reject(new CommandFailure(name, `${MESSAGES[name]}${detail}`));
    };
    try {
      const child = spawn(file, args, { stdio: 'inherit', env });
      process.on('SIGINT', () => {});
      FORWARDED.forEach((signal) => process.on(signal, () => child.kill(signal)));
      child.once('error', fail);
      child.once('close', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
    } catch (error) {
      // The environment is too long.
      fail(error);
    }
  });
}
