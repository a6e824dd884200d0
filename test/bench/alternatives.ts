import { build } from 'esbuild';
import { cp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { minimumVersion } from '../../tools/editorVersions.ts';
import { buildExtension } from '../../tools/package.ts';
import { root } from '../../tools/places.ts';
import { startFiles } from '../../tools/startFiles.ts';

/** The compared extensions, in the order of the table. */
export const alternatives = ['Session Keeper', 'floor', 'github-authentication', 'microsoft-authentication'] as const;

/** One of {@link alternatives}. */
export type Alternative = (typeof alternatives)[number];

/** One extension of the benchmark. */
export interface BenchExtension {
  /** The extension ID. */
  readonly id: string;
  /** The absolute path of its folder. */
  readonly folder: string;
  /** The size, in bytes, of what is loaded at start. */
  readonly size: number;
}

/** The alternatives, and the extension that measures them. */
export type BenchExtensions = Readonly<Record<Alternative | 'measurer', BenchExtension>>;

/** The required parts of a package.json. */
interface Manifest {
  readonly name: string;
  readonly publisher: string;
  readonly contributes?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** The folder, ignored by git, for everything that the benchmark creates. */
const benchFolder = join(root, 'out', 'bench');

/**
 * Builds the extension, and copies of all four that only the benchmark activates: without a startup event, and without
 * the declaration of a provider, for which VS Code would activate them. The copies of VS Code's own extensions have the
 * IDs of the originals, and replace them during the benchmark.
 *
 * @param home the folder of VS Code
 * @returns what to load
 * @throws Error with the compiler's output if something doesn't build
 */
export async function buildExtensions(home: string): Promise<BenchExtensions> {
  await buildExtension();
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
  /** The name of the copy's folder; if undefined, that of the extension. */
  readonly name?: string;
  /** The parts of the folder to copy; if undefined, all. */
  readonly parts?: readonly string[];
  /** The files in dist/ that are loaded at start; if undefined, the file in the manifest. */
  readonly startFiles?: readonly string[];
}

async function copyOf(original: string, { name, parts = ['.'], startFiles }: Copying = {}): Promise<BenchExtension> {
  const manifest = JSON.parse(await readFile(join(original, 'package.json'), 'utf8')) as Manifest;
  const folder = join(benchFolder, name ?? manifest.name);
  for (const part of parts) {
    await cp(join(original, part), join(folder, part), { recursive: true });
  }
  const { authentication: _, ...contributes } = manifest.contributes ?? {};
  return await finished(folder, { ...manifest, activationEvents: [], contributes }, startFiles);
}

async function ownExtension(name: string, more: Readonly<Record<string, unknown>>): Promise<BenchExtension> {
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
): Promise<BenchExtension> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest, undefined, 2));
  const sizes = await Promise.all(startFiles.map(async (name) => (await stat(join(folder, 'dist', name))).size));
  const size = sizes.reduce((sum, one) => sum + one);
  return { id: `${manifest.publisher}.${manifest.name}`, folder, size };
}

function bundleIn(folder: string): string {
  return join(folder, 'dist', 'extension.js');
}
