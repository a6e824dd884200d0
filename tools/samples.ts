import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

import { packageExtension } from './package.ts';
import { root } from './places.ts';

/** A sample extension, by its folder. */
export type Sample = 'acme-notes' | 'acme-status';

/**
 * Builds and packages a sample extension, for another identity server than the one in its manifest.
 *
 * @param sample the sample
 * @param server the issuer and the client ID
 * @param file the absolute path of the .vsix file; an existing file is replaced
 * @throws Error with the message of the tool that failed
 */
export async function packageSample(
  sample: Sample,
  server: { readonly issuer: string; readonly clientId: string },
  file: string,
): Promise<void> {
  const source = join(root, 'samples', sample);
  const staged = await mkdtemp(join(tmpdir(), 'sk-sample-'));
  try {
    await build({
      entryPoints: [join(source, 'src', 'extension.ts')],
      outfile: join(staged, 'dist', 'extension.js'),
      bundle: true,
      format: 'cjs',
      platform: 'node',
      target: 'es2023',
      external: ['vscode'],
      alias: { 'session-keeper-client': join(root, 'client', 'src', 'index.ts') },
      logLevel: 'warning',
    });
    const manifest = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as {
      readonly contributes: { readonly sessionKeeper: { readonly providers: object[] } };
    };
    manifest.contributes.sessionKeeper.providers.forEach((provider) => Object.assign(provider, server));
    await writeFile(join(staged, 'package.json'), JSON.stringify(manifest));
    await cp(join(source, 'README.md'), join(staged, 'README.md'));
    await packageExtension(staged, file);
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
}
