import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { fetchNpmFolder, isFetched } from './npmFolder.ts';
import type { NpmFolder } from './npmFolder.ts';
import { fetchedFolder } from './places.ts';
import { withProgress } from './progress.ts';
import type { Log } from './progress.ts';

/** The releases of older lines of Node that some VS Code may ask for. */
const releases: Readonly<Record<string, string>> = { '22': '22.22.2' };

/**
 * The Node that an editor's server runs on: the one that runs this, unless the server is made for another line.
 * That matters: the extension host of VS Code 1.105, made for Node 22, locks up on Node 24 while it loads
 * the first extension.
 *
 * @param packageFolder the folder of the package that carries the server; its manifest names the line of Node
 * @param log receives the progress of a fetch, should one be needed
 * @returns the absolute path of a Node program
 * @throws Error with npm's own words, if a fetch is needed and fails
 */
export async function nodeProgramFor(packageFolder: string, log: Log): Promise<string> {
  const manifest = await readFile(join(packageFolder, 'package.json'), 'utf8');
  const line = /"engines":\s*\{\s*"node":\s*"(\d+)/u.exec(manifest)?.[1] ?? '';
  const version = releases[line];
  if (version === undefined || process.versions.node.startsWith(`${line}.`)) {
    return process.execPath;
  }
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const prefix = platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
  const wanted: NpmFolder = {
    folder: join(fetchedFolder, `node-${version}`),
    name: `${prefix}-${platform}-${process.arch}`,
    version,
  };
  if (!(await isFetched(wanted))) {
    await withProgress(log, `Fetching Node ${version} (about 120 MB on disk)`, async () => {
      await fetchNpmFolder(wanted);
    });
  }
  return join(wanted.folder, 'node_modules', wanted.name, 'bin', platform === 'win' ? 'node.exe' : 'node');
}
