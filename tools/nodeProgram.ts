import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { fetchNpmFolder, isFetched } from './npmFolder.ts';
import type { NpmFolder } from './npmFolder.ts';
import { fetchedFolder } from './places.ts';
import { withProgress } from './progress.ts';
import type { Log } from './progress.ts';

/** The releases of older Node versions that some versions of VS Code require. */
const releases: Readonly<Record<string, string>> = { '22': '22.22.2' };

/**
 * The Node that runs an editor's server: the current one, unless the server was built for another major version. That
 * matters: the extension host of VS Code 1.108, built for Node 22, hangs on Node 24 while it loads the first extension.
 *
 * @param packageFolder the folder of the package with the server, whose manifest specifies the major version of Node
 * @param log receives the progress of a download, if one is needed
 * @returns the absolute path of a Node executable
 * @throws Error with npm's output, if a download is needed and fails
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
    await withProgress(log, `Downloading Node ${version} (about 120 MB on disk)`, async () => {
      await fetchNpmFolder(wanted);
    });
  }
  return join(wanted.folder, 'node_modules', wanted.name, 'bin', platform === 'win' ? 'node.exe' : 'node');
}
