import { build } from 'esbuild';
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { minimumVersion } from '../../tools/editor.ts';
import { root } from '../../tools/places.ts';
import { startFiles } from '../../tools/startFiles.ts';

/** What stands side by side, in the order of the table. */
export const alternatives = ['Session Keeper', 'floor', 'github-authentication', 'microsoft-authentication'] as const;

/** One of {@link alternatives}. */
export type Alternative = (typeof alternatives)[number];

/** One extension of the bench. */
export interface Workpiece {
  /** The extension id. */
  readonly id: string;
  /** The absolute path of its folder. */
  readonly folder: string;
  /** The bytes of what is loaded at its start. */
  readonly size: number;
}

/** The alternatives, and the extension that measures them. */
export type Workpieces = Readonly<Record<Alternative | 'measurer', Workpiece>>;

/** The part of a package.json that is needed here. */
interface Manifest {
  readonly name: string;
  readonly publisher: string;
  readonly contributes?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** The folder, ignored by git, for everything that the bench makes. */
const benchFolder = join(root, 'out', 'bench');

/**
 * Builds the extension, and copies of all four that nobody but the bench activates: without an event at start, and
 * without the declaration of a provider, for which VS Code itself would wake them. The copies of VS Code's own
 * extensions have the ids of the originals, and stand in for them while the bench runs.
 *
 * @param home the folder of VS Code
 * @returns what to load
 * @throws Error with the compiler's words, if something does not build
 */
export async function makeWorkpieces(home: string): Promise<Workpieces> {
  await promisify(execFile)(process.execPath, ['esbuild.mjs'], { cwd: root });
  await rm(benchFolder, { recursive: true, force: true });
  const { names } = await startFiles();
  return {
    'Session Keeper': await copyOf(root, {
      name: 'session-keeper',
      parts: ['dist', 'media', 'l10n', 'package.nls.json'],
      startFiles: names,
    }),
    floor: await ownExtension('floor', {}),
    'github-authentication': await copyOf(join(home, 'extensions', 'github-authentication')),
    'microsoft-authentication': await copyOf(join(home, 'extensions', 'microsoft-authentication')),
    measurer: await ownExtension('measurer', { activationEvents: ['onStartupFinished'] }),
  };
}

interface Copying {
  /** The name of the copy's folder; without it, that of the extension. */
  readonly name?: string;
  /** What of the folder is copied; everything without it. */
  readonly parts?: readonly string[];
  /** The files in dist/ that are loaded at the start; without it, the one that the manifest names. */
  readonly startFiles?: readonly string[];
}

async function copyOf(original: string, { name, parts = ['.'], startFiles }: Copying = {}): Promise<Workpiece> {
  const manifest = JSON.parse(await readFile(join(original, 'package.json'), 'utf8')) as Manifest;
  const folder = join(benchFolder, name ?? manifest.name);
  for (const part of parts) {
    await cp(join(original, part), join(folder, part), { recursive: true });
  }
  const { authentication: _, ...contributes } = manifest.contributes ?? {};
  return await finished(folder, { ...manifest, activationEvents: [], contributes }, startFiles);
}

async function ownExtension(name: string, more: Readonly<Record<string, unknown>>): Promise<Workpiece> {
  const folder = join(benchFolder, name);
  await build({
    entryPoints: [join(import.meta.dirname, `${name}.ts`)],
    outfile: bundleIn(folder),
    bundle: true,
    minify: true,
    format: 'cjs',
    platform: 'node',
    target: 'node22',
    external: ['vscode'],
    logLevel: 'warning',
  });
  const engines = { vscode: `^${minimumVersion}` };
  return await finished(folder, {
    name,
    publisher: 'bench',
    version: '0.0.0',
    engines,
    main: './dist/extension.js',
    ...more,
  });
}

async function finished(
  folder: string,
  manifest: Manifest,
  startFiles: readonly string[] = ['extension.js'],
): Promise<Workpiece> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest, undefined, 2));
  const sizes = await Promise.all(startFiles.map(async (name) => (await stat(join(folder, 'dist', name))).size));
  const size = sizes.reduce((sum, one) => sum + one);
  return { id: `${manifest.publisher}.${manifest.name}`, folder, size };
}

function bundleIn(folder: string): string {
  return join(folder, 'dist', 'extension.js');
}
