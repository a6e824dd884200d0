// Runs a program that finds the file of an organization in /etc, where other programs don't: in a mount namespace of its own,
// over a copy of /etc. That needs Linux and root.
import { spawnSync } from 'node:child_process';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { managedFilePath } from '../src/node/managedFile.ts';

/** Returns whether that works here. */
export function canMountManagedSettings(): boolean {
  return (
    process.platform === 'linux' && process.getuid?.() === 0 && spawnSync('unshare', ['--mount', 'true']).status === 0
  );
}

/**
 * Prepares the copy of /etc.
 *
 * @param folder where to create it
 * @param content the content of the file
 * @param command the program and its arguments
 * @returns the program and the arguments that run it with the file
 */
export async function withManagedSettings(
  folder: string,
  content: string,
  command: readonly string[],
): Promise<{ readonly program: string; readonly args: readonly string[] }> {
  const copy = join(folder, 'etc');
  await cp('/etc', copy, { recursive: true, verbatimSymlinks: true });
  const file = join(folder, managedFilePath('linux'));
  await mkdir(join(file, '..'), { recursive: true, mode: 0o755 });
  await writeFile(file, content, { mode: 0o644 });
  return {
    program: 'unshare',
    args: ['--mount', 'sh', '-c', 'mount --bind "$0" /etc && exec "$@"', copy, ...command],
  };
}
