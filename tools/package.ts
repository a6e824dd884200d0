import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import type { IPackageOptions } from '@vscode/vsce';

import { root } from './places.ts';

/** Folders that no package contains, and whose tens of thousands of files needn't be searched. */
const leftOut = new Set(['.git', '.vscode-test', 'node_modules', 'out']);

/**
 * Builds the extension.
 *
 * @throws Error with esbuild's output, if the build fails
 */
export async function buildExtension(): Promise<void> {
  await runNode(['esbuild.mjs'], 'esbuild');
}

/**
 * Builds the extension, and creates the package files of it and of the consumer, as users would get them.
 *
 * @param into the folder for the package files, which must exist
 * @returns the absolute paths of the package files
 * @throws Error with the output of the tool that failed
 */
export async function packageExtensions(into: string): Promise<string[]> {
  await buildExtension();
  const [extension, consumer] = packageFiles(into);
  await Promise.all([packageExtension(root, extension), packageExtension(join(root, 'test', 'consumer'), consumer)]);
  return [extension, consumer];
}

/**
 * The paths of the package files that {@link packageExtensions} creates.
 *
 * @param into the folder for the package files
 * @returns the absolute paths of the package files of the extension and of the consumer
 */
export function packageFiles(into: string): [extension: string, consumer: string] {
  return [join(into, 'session-keeper.vsix'), join(into, 'consumer.vsix')];
}

/**
 * Creates the package file of an extension that is already built.
 *
 * @param folder the extension's folder, as an absolute path
 * @param file the absolute path of the .vsix file; an existing one is replaced
 * @throws Error with vsce's output, if it fails
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
    // It prints a lot, and if it fails, it ends its process.
    const script = `import { createVSIX } from '@vscode/vsce'; await createVSIX(${JSON.stringify(options)});`;
    await runNode(['--input-type=module', '--eval', script], 'vsce');
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
}

async function runNode(args: readonly string[], name: string): Promise<void> {
  try {
    const running = promisify(execFile)(process.execPath, args, { cwd: root });
    // If it prompts, there is no input.
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
