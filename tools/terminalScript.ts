import { join } from 'node:path';
import { buildSync } from 'esbuild';

import { root } from './places.ts';

/**
 * Builds the script behind the command `session-keeper`, as it is in the package.
 *
 * @param file the absolute path of the script
 * @throws Error with esbuild's message if the build fails
 */
export function buildTerminalScript(file: string): void {
  buildSync({
    entryPoints: [join(root, 'src/cli/main.ts')],
    outfile: file,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
  });
}
