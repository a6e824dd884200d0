import { execFile } from 'node:child_process';
import { cp, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';

import { root } from './places.ts';

const run = promisify(execFile);

/** The formats in the package: most extensions are CommonJS modules. */
const FORMATS = [
  { folder: join('dist', 'esm'), format: 'esm', type: 'module' },
  { folder: join('dist', 'cjs'), format: 'cjs', type: 'commonjs' },
] as const;

/**
 * Builds the client library for other extensions, and packs it for npm.
 *
 * @param file the absolute path of the .tgz file; an existing file is replaced
 * @throws Error with the message of the tool that failed
 */
export async function packClient(file: string): Promise<void> {
  const client = join(root, 'client');
  const staged = await mkdtemp(join(tmpdir(), 'sk-client-'));
  try {
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const types = join(staged, 'types');
    await run(process.execPath, [compiler, '-p', client, '--outDir', types]);
    for (const { folder, format, type } of FORMATS) {
      const target = join(staged, folder);
      await build({
        entryPoints: [join(client, 'src', 'index.ts')],
        outfile: join(target, 'index.js'),
        bundle: true,
        format,
        platform: 'neutral',
        target: 'es2022',
        external: ['vscode'],
        legalComments: 'none',
        logLevel: 'warning',
      });
      // The package file next to them gives the type declarations the module format of the code.
      await cp(types, target, { recursive: true });
      await writeFile(join(target, 'package.json'), `${JSON.stringify({ type })}\n`);
    }
    for (const name of ['package.json', 'README.md']) {
      await cp(join(client, name), join(staged, name));
    }
    await cp(join(root, 'LICENSE'), join(staged, 'LICENSE'));
    const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts'], { cwd: staged });
    const [packed] = JSON.parse(stdout) as { readonly filename: string }[];
    await rename(join(staged, packed?.filename ?? ''), file).catch(async () => {
      // The temporary folder may be on another file system.
      await cp(join(staged, packed?.filename ?? ''), file);
    });
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
}
