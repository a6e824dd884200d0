// The resources that all processes share and that are created once: the package files, VS Code and a browser. Mocha loads
// this with --require, and runs the global fixture before it starts its workers.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareBrowser } from '../../tools/browser.ts';
import { prepareEditor } from '../../tools/editor.ts';
import { packageExtensions, packageFiles } from '../../tools/package.ts';
import { root } from '../../tools/places.ts';
import { printLog } from '../../tools/progress.ts';

const FOLDER = join(root, 'out', 'packages');
/** The environment variable that marks the package files as ready for the mocha workers. */
const MADE = 'SESSION_KEEPER_PACKAGES_MADE';

let making: Promise<string[]> | undefined;

/** Returns the package files of the extension and the consumer; creates them if mocha was started without the global fixture. */
export async function packages(): Promise<string[]> {
  if (process.env[MADE] !== undefined) {
    return packageFiles(FOLDER);
  }
  making ??= make();
  return making;
}

/** Global fixture of mocha: creates the package files and downloads VS Code and the browser. */
export async function mochaGlobalSetup(): Promise<void> {
  await Promise.all([make(), prepareEditor(undefined, printLog), prepareBrowser(printLog)]);
  process.env[MADE] = 'true';
}

async function make(): Promise<string[]> {
  await mkdir(FOLDER, { recursive: true });
  return packageExtensions(FOLDER);
}
