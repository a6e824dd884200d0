import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import type { IPackageOptions } from '@vscode/vsce';

import { root } from './places.ts';

/** Folders with tens of thousands of files, none of which is in a package. */
const leftOut = new Set(['.git', '.vscode-test', 'node_modules', 'out']);

/** The environment variable that tells child processes that everything is built. */
const IS_BUILT = 'SESSION_KEEPER_IS_BUILT';

/**
 * Builds the extension, unless {@link buildOnce} has.
 *
 * @throws Error with esbuild's message if the build fails
 */
export async function buildExtension(): Promise<void> {
  await build();
}

/**
 * Builds the suite that runs inside VS Code, unless {@link buildOnce} has.
 *
 * @throws Error with esbuild's message if the build fails
 */
export async function buildEditorSuite(): Promise<void> {
  await build('--tests');
}

/**
 * Builds everything for this process and those that it starts: a build replaces the files that another process may be
 * reading.
 *
 * @throws Error with esbuild's message if a build fails
 */
export async function buildOnce(): Promise<void> {
  await Promise.all([buildExtension(), buildEditorSuite()]);
  process.env[IS_BUILT] = 'true';
}

async function build(...args: readonly string[]): Promise<void> {
  if (process.env[IS_BUILT] === undefined) {
    await runNode(['esbuild.mjs', ...args], 'esbuild');
  }
}

/**
 * Builds the extension, and packages it and the consumer.
 *
 * @param into the folder for the package files; it must exist
 * @returns the absolute paths of the package files
 * @throws Error with the message of the tool that failed
 */
export async function packageExtensions(into: string): Promise<string[]> {
  await buildExtension();
  const [extension, consumer] = packageFiles(into);
  await Promise.all([packageExtension(root, extension), packageExtension(join(root, 'test', 'consumer'), consumer)]);
  return [extension, consumer];
}

/**
 * Returns where {@link packageExtensions} puts the package files.
 *
 * @param into the folder for the package files
 * @returns the absolute paths of the package files of the extension and of the consumer
 */
export function packageFiles(into: string): [extension: string, consumer: string] {
  return [join(into, 'session-keeper.vsix'), join(into, 'consumer.vsix')];
}

/**
 * Packages an extension that is already built.
 *
 * @param folder the extension's folder, as an absolute path
 * @param file the absolute path of the .vsix file; an existing file is replaced
 * @throws Error with vsce's message if it fails
 */
export async function packageExtension(folder: string, file: string): Promise<void> {
  const staged = await mkdtemp(join(tmpdir(), 'sk-package-'));
  try {
    await cp(folder, staged, { recursive: true, filter: (path) => !leftOut.has(basename(path)) });
    const readme = join(staged, 'README.md');
    await writeFile(readme, omitRelativeImages(await readFile(readme, 'utf8')));
    const options: IPackageOptions = {
      cwd: staged,
      packagePath: file,
      dependencies: false,
      allowMissingRepository: true,
      rewriteRelativeLinks: false,
      skipLicense: true,
    };
    // vsce prints a lot, and exits its process if it fails.
    const script = `import { createVSIX } from '@vscode/vsce'; await createVSIX(${JSON.stringify(options)});`;
    await runNode(['--input-type=module', '--eval', script], 'vsce');
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
}

async function runNode(args: readonly string[], name: string): Promise<void> {
  try {
    const running = promisify(execFile)(process.execPath, args, { cwd: root });
    // Questions can't be answered here.
    running.child.stdin?.end();
    await running;
  } catch (error) {
    const said =
      error instanceof Error && 'stderr' in error && 'stdout' in error
        ? `${String(error.stdout)}\n${String(error.stderr)}`
        : String(error);
    throw new Error(`${name} failed:\n${said.trim()}`, { cause: error });
  }
}

/**
 * Removes relative images from a Markdown text. VS Code's page of an extension only shows images with an `https:` URL, and
 * without a known repository there is none, so that it would show broken images.
 *
 * @param markdown the text; images are in paragraphs of their own
 */
export function omitRelativeImages(markdown: string): string {
  return markdown.replaceAll(/^!\[[^\]]*\]\((?!https:)[^)]*\)\n\n/gmu, '');
}
