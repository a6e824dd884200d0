// Builds the extension, and the test suite that runs inside VS Code.
//   node esbuild.mjs            the extension, minified: dist/extension.js
//   node esbuild.mjs --dev      the same with a source map, not minified
//   node esbuild.mjs --tests    the in-editor suite: out/test/suite.js
//   --watch                     goes on building
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { context } from 'esbuild';

const args = new Set(process.argv.slice(2));
const dev = args.has('--dev') || args.has('--watch');

/** Requires `vscode` once for the whole bundle, where esbuild would do it anew for each file that imports it. */
const oneDoorToVscode = {
  name: 'one-door-to-vscode',
  setup(build) {
    build.onResolve({ filter: /^vscode$/ }, ({ namespace }) =>
      namespace === 'door' ? { path: 'vscode', external: true } : { path: 'vscode', namespace: 'door' },
    );
    build.onLoad({ filter: /^vscode$/, namespace: 'door' }, () => ({ contents: `export * from 'vscode';` }));
  },
};

const shared = {
  bundle: true,
  format: 'cjs',
  platform: 'node',
  // What the extension host of the oldest supported VS Code understands.
  target: 'es2023',
  external: ['vscode'],
  // In watch mode esbuild itself says when a build starts and ends, which the editor's task waits for.
  logLevel: args.has('--watch') ? 'info' : 'warning',
  metafile: true,
};

const extension = {
  ...shared,
  entryPoints: ['src/extension.ts'],
  outfile: 'dist/extension.js',
  minify: !dev,
  sourcemap: dev,
  legalComments: 'none',
  charset: 'utf8',
  plugins: [oneDoorToVscode],
};

/** The suite is an extension of its own, because VS Code shows no dialogs to a module given as `extensionTestsPath`. */
async function suite() {
  const only = process.env['SESSION_KEEPER_SUITE'] ?? '';
  const files = (await readdir('test/vscode')).filter((name) => name.endsWith('.test.ts') && name.includes(only)).sort();
  await mkdir('out/test', { recursive: true });
  const manifest = {
    name: 'session-keeper-suite',
    publisher: 'session-keeper',
    version: '0.0.1',
    engines: { vscode: '^1.105.0' },
    main: './suite.js',
    activationEvents: ['onStartupFinished'],
  };
  await writeFile('out/test/package.json', JSON.stringify(manifest, undefined, 2));
  return {
    ...shared,
    stdin: {
      contents: [
        `import { runSuite } from './test/vscode/run.ts';`,
        `export const activate = () => runSuite(() => {`,
        ...files.map((name) => `  require('./test/vscode/${name}');`),
        `});`,
      ].join('\n'),
      resolveDir: process.cwd(),
      loader: 'ts',
    },
    outfile: 'out/test/suite.js',
    external: ['vscode', 'mocha'],
    sourcemap: 'inline',
  };
}

const build = await context(args.has('--tests') ? await suite() : extension);
if (args.has('--watch')) {
  await build.watch();
} else {
  const { metafile } = await build.rebuild();
  await build.dispose();
  for (const [file, { bytes }] of Object.entries(metafile.outputs)) {
    if (!file.endsWith('.map')) {
      console.log(`${file}  ${(bytes / 1000).toFixed(1)} kB`);
    }
  }
}
