import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, delimiter, dirname, join } from 'node:path';

import { takeFromRegistry } from './registryOnly.ts';

/** An npm package with its dependencies, in a folder outside of the project's dependencies. */
export interface NpmFolder {
  /** The absolute path of the folder, whose last segment should contain the version. */
  readonly folder: string;
  /** The package's name. */
  readonly name: string;
  /** The exact version. */
  readonly version: string;
  /** A folder inside the package that has its own package.json, whose dependencies are installed, too. */
  readonly nested?: string;
  /** Additional steps once the package is installed, given its folder. */
  readonly finish?: (packageFolder: string) => Promise<void>;
}

/** Written last, so that an interrupted download is detected and repeated. */
const marker = 'complete.json';

/**
 * Whether a package is completely installed.
 *
 * @param wanted the package
 * @returns whether no download is needed
 */
export async function isFetched(wanted: NpmFolder): Promise<boolean> {
  try {
    const written: unknown = JSON.parse(await readFile(join(wanted.folder, marker), 'utf8'));
    return (
      typeof written === 'object' && written !== null && 'version' in written && written.version === wanted.version
    );
  } catch {
    return false;
  }
}

/**
 * Downloads a package and its dependencies through npm, without running install scripts. It's prepared next to the final
 * folder, which is then created atomically: if two processes download the same package at the same time, they don't
 * interfere, and the later one discards its copy.
 *
 * @param wanted the package
 * @throws Error with npm's output, if npm is missing or fails
 */
export async function fetchNpmFolder(wanted: NpmFolder): Promise<void> {
  await removeAbandoned(wanted.folder);
  const partial = `${wanted.folder}.partial-${String(process.pid)}`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  try {
    await writeFile(join(partial, 'package.json'), '{ "private": true }\n');
    await npm(partial, ['install', '--ignore-scripts', '--save-exact', `${wanted.name}@${wanted.version}`]);
    const packageFolder = join(partial, 'node_modules', wanted.name);
    if (wanted.nested !== undefined) {
      const nested = join(packageFolder, wanted.nested);
      await takeFromRegistry(nested);
      await npm(nested, ['install', '--omit=dev', '--ignore-scripts']);
    }
    await wanted.finish?.(packageFolder);
    await writeFile(join(partial, marker), `${JSON.stringify({ name: wanted.name, version: wanted.version })}\n`);
    await putInPlace(partial, wanted);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function putInPlace(partial: string, wanted: NpmFolder): Promise<void> {
  if (await isFetched(wanted)) {
    return;
  }
  await rm(wanted.folder, { recursive: true, force: true });
  try {
    await rename(partial, wanted.folder);
  } catch (error) {
    // Another process may have created the folder in the meantime, which is equivalent.
    if (!(await isFetched(wanted))) {
      throw error;
    }
  }
}

/** Removes the incomplete folders of processes that no longer run. */
async function removeAbandoned(folder: string): Promise<void> {
  const prefix = `${basename(folder)}.partial-`;
  const siblings = await readdir(dirname(folder)).catch(() => []);
  for (const sibling of siblings) {
    if (sibling.startsWith(prefix) && !isRunning(Number(sibling.slice(prefix.length)))) {
      await rm(join(dirname(folder), sibling), { recursive: true, force: true });
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function npm(folder: string, args: readonly string[]): Promise<void> {
  const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error', '--prefix', folder];
  const child = spawn(process.execPath, [findNpm(), ...args, ...quiet], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) {
    throw new Error(`npm ${args.join(' ')} ended with ${String(code)}:\n${said.trim()}`);
  }
}

/** Finds npm's script; running it with this Node needs no shell, even on Windows. */
function findNpm(): string {
  const inNodeFolder = (folder: string): string[] => [
    join(folder, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(folder, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ];
  const onPath = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const started = process.env['npm_execpath'];
  const candidates = [
    ...(started === undefined ? [] : [started]),
    ...inNodeFolder(dirname(process.execPath)),
    ...onPath.flatMap((folder) => [join(folder, 'npm'), ...inNodeFolder(folder)]),
  ];
  for (const candidate of candidates) {
    if (existsSync(candidate)) {
      const program = realpathSync(candidate);
      if (basename(program) === 'npm-cli.js') {
        return program;
      }
    }
  }
  throw new Error("Couldn't find npm, neither next to the running Node nor on the PATH.");
}
