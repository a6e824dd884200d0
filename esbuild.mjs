// Builds the extension, and the test suite that runs inside VS Code.
//   node esbuild.mjs            the extension, minified: dist/extension.js, and beside it the files that it loads
//   node esbuild.mjs --dev      the same with source maps, not minified
//   node esbuild.mjs --tests    the in-editor suite: out/test/suite.js
//   --watch                     goes on building
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { build, context } from 'esbuild';

const args = new Set(process.argv.slice(2));
const dev = args.has('--dev') || args.has('--watch');

/** What is used of VS Code's API. A name that is missing here is an error of the build. */
const vscodeApi = `
  authentication, CancellationTokenSource, CodeLens, commands, ConfigurationTarget, Disposable, env, EventEmitter,
  ExtensionKind, extensions, InputBoxValidationSeverity, l10n, languages, MarkdownString, ProgressLocation, QuickInputButtons,
  QuickPickItemKind, Range, Selection, StatusBarAlignment, TextEditorRevealType, TextEditorSelectionChangeKind, ThemeColor,
  ThemeIcon, UIKind, Uri, version, window, workspace`;

/** Imports these names: of an import of everything, a CommonJS file copies hundreds of names, one by one, at each start. */
const namesOfVscode = {
  name: 'names-of-vscode',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^vscode$/ }, ({ namespace }) =>
      namespace === 'vscode' ? { path: 'vscode', external: true } : { path: 'vscode', namespace: 'vscode' },
    );
    onLoad({ filter: /^vscode$/, namespace: 'vscode' }, () => ({
      contents: `export { ${vscodeApi} } from 'vscode';`,
    }));
  },
};

const shared = {
  platform: 'node',
  // What the extension host of the oldest supported VS Code understands.
  target: 'es2023',
  // In watch mode esbuild itself says when a build starts and ends, which the editor's task waits for.
  logLevel: args.has('--watch') ? 'info' : 'warning',
  metafile: true,
};

/**
 * The first of two steps, because esbuild splits ES modules only, and VS Code takes three times as long to load those as
 * CommonJS. It makes a file of what only the start needs, one of what is loaded on demand (src/onDemand.ts), and one of
 * what both need. The names of the latter two change with their content and with that of the files that they import: a
 * window that is still open after an update finds no file, rather than one that doesn't fit.
 */
const extension = {
  ...shared,
  bundle: true,
  format: 'esm',
  splitting: true,
  entryPoints: ['src/extension.ts'],
  outdir: 'out/esm',
  chunkNames: '[name]-[hash]',
  minify: !dev,
  legalComments: 'none',
  sourcemap: dev && 'inline',
  logOverride: { 'import-is-undefined': 'error' },
  plugins: [namesOfVscode, { name: 'commonjs', setup: ({ onEnd }) => onEnd(convertToCommonJs) }],
};

/** The second step makes a CommonJS file of each of those. What imports what is left in out/esm/meta.json. */
async function convertToCommonJs({ errors, metafile }) {
  if (errors.length > 0) {
    return;
  }
  await rm('dist', { recursive: true, force: true });
  const built = await build({
    ...shared,
    format: 'cjs',
    entryPoints: Object.keys(metafile.outputs),
    outdir: 'dist',
    minify: !dev,
    sourcemap: dev,
    // With `import()` it would be Node, and not VS Code, that gives the file its modules.
    supported: { 'dynamic-import': false },
    logLevel: 'warning',
  });
  await writeFile('out/esm/meta.json', JSON.stringify(metafile));
  printSizes(built);
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
    bundle: true,
    format: 'cjs',
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
    plugins: [{ name: 'sizes', setup: ({ onEnd }) => onEnd(printSizes) }],
  };
}

function printSizes({ metafile }) {
  for (const [file, { bytes }] of Object.entries(metafile?.outputs ?? {})) {
    if (!file.endsWith('.map')) {
      console.log(`${file}  ${(bytes / 1000).toFixed(1)} kB`);
    }
  }
}

const building = await context(args.has('--tests') ? await suite() : extension);
if (args.has('--watch')) {
  await building.watch();
} else {
  await building.rebuild();
  await building.dispose();
}
