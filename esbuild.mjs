// Builds the extension, and the test suite that runs inside VS Code.
//   node esbuild.mjs            the extension, minified: dist/extension.js, and beside it what is loaded on demand
//   node esbuild.mjs --dev      the same with source maps, not minified
//   node esbuild.mjs --tests    the in-editor suite: out/test/suite.js
//   --watch                     goes on building
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { build, context } from 'esbuild';

const args = new Set(process.argv.slice(2));
const dev = args.has('--dev') || args.has('--watch');

/** Requires `vscode` once for the whole bundle, where esbuild would do it anew for each file that imports it. */
const oneDoorToVscode = {
  name: 'one-door-to-vscode',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^vscode$/ }, ({ namespace }) =>
      namespace === 'door' ? { path: 'vscode', external: true } : { path: 'vscode', namespace: 'door' },
    );
    onLoad({ filter: /^vscode$/, namespace: 'door' }, () => ({ contents: `export * from 'vscode';` }));
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

/**
 * The first of two steps, because esbuild splits ES modules only, and VS Code takes three times as long to load those as
 * CommonJS. It makes the start, what is loaded on demand (src/onDemand.ts), and a chunk of what both need.
 */
const extension = {
  ...shared,
  format: 'esm',
  splitting: true,
  entryPoints: ['src/extension.ts'],
  outdir: 'out/parts',
  chunkNames: '[name]-[hash]',
  sourcemap: dev && 'inline',
  plugins: [{ name: 'two-files', setup: ({ onEnd }) => onEnd(makeTwoFiles) }],
};

/**
 * The second step makes two CommonJS files of those. The chunk goes into the first, and the second takes from there what
 * it needs, so that there is one of each class and of each state. The name of the second changes with all that it holds
 * or takes: a window that runs on after another build was put in its place finds nothing, rather than what does not fit.
 */
async function makeTwoFiles({ errors, metafile }) {
  if (errors.length > 0) {
    return;
  }
  const made = Object.keys(metafile.outputs).map((path) => basename(path));
  const onDemand = made.find((name) => name.startsWith('onDemand-'));
  const chunk = made.find((name) => name.startsWith('chunk-'));
  const text = await readFile(`out/parts/${onDemand}`, 'utf8');
  const [, taken] = /^import \{([^}]*)\} from "\.\/chunk-/m.exec(text);
  const chunkIsInFirst = {
    name: 'chunk-is-in-first',
    setup: ({ onResolve }) => onResolve({ filter: /^\.\/chunk-/ }, () => ({ path: './extension.js', external: true })),
  };
  const options = {
    ...shared,
    minify: !dev,
    sourcemap: dev,
    legalComments: 'none',
    // With `import()` it would be Node, and not VS Code, that gives the second file its modules.
    supported: { 'dynamic-import': false },
    logLevel: 'warning',
  };
  const built = await Promise.all([
    build({
      ...options,
      stdin: {
        contents: `export * from './extension.js'; export {${taken.replace(/ as \w+/g, '')}} from './${chunk}';`,
        resolveDir: 'out/parts',
      },
      outfile: 'dist/extension.js',
      external: ['vscode', `./${onDemand}`],
      plugins: [oneDoorToVscode],
    }),
    build({
      ...options,
      entryPoints: [`out/parts/${onDemand}`],
      outdir: 'dist',
      plugins: [oneDoorToVscode, chunkIsInFirst],
    }),
  ]);
  const files = built.flatMap(({ metafile: { outputs } }) => Object.keys(outputs));
  const old = (await readdir('dist')).map((name) => `dist/${name}`).filter((path) => !files.includes(path));
  await Promise.all(old.map((path) => rm(path, { recursive: true })));
  built.forEach(saySizes);
}

/** The suite is an extension of its own, because VS Code shows no dialogs to a module given as `extensionTestsPath`. */
async function suite() {
  const only = process.env['SESSION_KEEPER_SUITE'] ?? '';
  const files = (await readdir('test/vscode'))
    .filter((name) => name.endsWith('.test.ts') && name.includes(only))
    .sort();
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
    plugins: [{ name: 'sizes', setup: ({ onEnd }) => onEnd(saySizes) }],
  };
}

function saySizes({ metafile }) {
  for (const [file, { bytes }] of Object.entries(metafile?.outputs ?? {})) {
    if (!file.endsWith('.map')) {
      console.log(`${file}  ${(bytes / 1000).toFixed(1)} kB`);
    }
  }
}

const made = await context(args.has('--tests') ? await suite() : extension);
if (args.has('--watch')) {
  await made.watch();
} else {
  await made.rebuild();
  await made.dispose();
}
