import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import type { IPackageOptions } from '@vscode/vsce';

import { root } from './places.ts';

/** What no package holds, and what would only be searched in vain: here that is ten thousands of files. */
const leftOut = new Set(['.git', '.vscode-test', 'node_modules', 'out']);

/**
 * Builds the extension.
 *
 * @throws Error with esbuild's own words, if the source is faulty
 */
export async function buildExtension(): Promise<void> {
  await runNode(['esbuild.mjs'], 'esbuild');
}

/**
 * Builds the extension, and makes the package files of it and of the consumer, as a person would get them.
 *
 * @param into the folder for the package files; it must be there
 * @returns the absolute paths of the package files
 * @throws Error with the words of the tool that failed
 */
export async function packageExtensions(into: string): Promise<string[]> {
  await buildExtension();
  const [extension, consumer] = packageFiles(into);
  await Promise.all([packageExtension(root, extension), packageExtension(join(root, 'test', 'consumer'), consumer)]);
  return [extension, consumer];
}

/**
 * Where {@link packageExtensions} puts the package files.
 *
 * @param into the folder for the package files
 * @returns the absolute paths of the package files of the extension and of the consumer
 */
export function packageFiles(into: string): [extension: string, consumer: string] {
  return [join(into, 'session-keeper.vsix'), join(into, 'consumer.vsix')];
}

/**
 * Makes the package file of an extension that is built already.
 *
 * @param folder the extension's folder, as an absolute path
 * @param file the absolute path of the .vsix file; what is there is replaced
 * @throws Error with vsce's own words, if it refuses
 */
export async function packageExtension(folder: string, file: string): Promise<void> {
  const staged = await mkdtemp(join(tmpdir(), 'sk-package-'));
  try {
    await cp(folder, staged, { recursive: true, filter: (path) => !leftOut.has(basename(path)) });
    const options: IPackageOptions = {
      cwd: staged,
      packagePath: file,
      dependencies: false,
      allowMissingRepository: true,
      rewriteRelativeLinks: false,
      skipLicense: true,
    };
    // It prints much, and where it refuses it ends the process that it runs in.
    const script = `import { createVSIX } from '@vscode/vsce'; await createVSIX(${JSON.stringify(options)});`;
    await runNode(['--input-type=module', '--eval', script], 'vsce');
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
}

async function runNode(args: readonly string[], name: string): Promise<void> {
  try {
    const running = promisify(execFile)(process.execPath, args, { cwd: root });
    // Where it would ask a question, there is nobody to answer it.
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
