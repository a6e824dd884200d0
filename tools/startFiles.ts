import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Metafile } from 'esbuild';

import { root } from './places.ts';

/**
 * The content of dist/extension.js and of the files that it loads immediately, in the latest build.
 *
 * @returns the names of these files, dist/extension.js first, and the paths of their source files from the root
 * @throws if there is no build
 */
export async function startFiles(): Promise<{ readonly names: string[]; readonly sources: string[] }> {
  const { outputs } = JSON.parse(await readFile(join(root, 'out/esm/meta.json'), 'utf8')) as Metafile;
  const paths = ['out/esm/extension.js'];
  for (const path of paths) {
    const imported = outputs[path]?.imports.filter(({ kind, external }) => kind === 'import-statement' && !external);
    paths.push(...(imported ?? []).map((one) => one.path).filter((one) => !paths.includes(one)));
  }
  return {
    names: paths.map((path) => basename(path)),
    sources: paths.flatMap((path) => Object.keys(outputs[path]?.inputs ?? {})),
  };
}
