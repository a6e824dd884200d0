// Builds the extension, and the test suite that runs inside VS Code.
//   node esbuild.mjs            the extension, minified: dist/extension.js and the files that it loads
//   node esbuild.mjs --dev      with source maps, not minified
//   node esbuild.mjs --tests    the in-editor suite: out/test/suite.js
//   --watch                     rebuilds on changes
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { build, context } from 'esbuild';

const args = new Set(process.argv.slice(2));
const dev = args.has('--dev') || args.has('--watch');

/** The parts of VS Code's API that are used. The build fails if a name is missing here. */
const vscodeApi = `
  authentication, CancellationTokenSource, CodeLens, commands, ConfigurationTarget, Disposable, env, EventEmitter,
  ExtensionKind, extensions, InputBoxValidationSeverity, l10n, LanguageModelTextPart, LanguageModelToolResult, languages, lm, MarkdownString, McpHttpServerDefinition,
  ProgressLocation, QuickInputButtons, QuickPickItemKind, Range, Selection, StatusBarAlignment, TextEditorRevealType, TextEditorSelectionChangeKind, ThemeColor,
  ThemeIcon, UIKind, Uri, version, window, workspace`;

/** Imports only these names. For a namespace import, a CommonJS file would copy hundreds of names at each start. */
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
  // The language level of the extension host in the oldest supported VS Code.
  target: 'es2023',
  // In watch mode, esbuild reports when a build starts and ends, which the editor's task waits for.
  logLevel: args.has('--watch') ? 'info' : 'warning',
  metafile: true,
};

/**
 * The first of two steps, because esbuild splits only ES modules, and VS Code takes three times as long to load those
 * as CommonJS. It creates a file for what only the start needs, one for what is loaded on demand (src/onDemand.ts), and
 * one for what both need. The names of the latter two change with their content and that of their imports: a window
 * that is still open after an update finds no file rather than a mismatched one.
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

/** The command for terminals, which runs outside VS Code, with VS Code's Node or that of the system. */
const command = {
  ...shared,
  bundle: true,
  format: 'cjs',
  target: 'node20',
  entryPoints: ['src/cli/main.ts'],
  outfile: 'dist/session-keeper.cjs',
  minify: !dev,
  legalComments: 'none',
  logLevel: 'warning',
};

/** The second step converts each of those to a CommonJS file. The imports are listed in out/esm/meta.json. */
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
    // With `import()`, Node rather than VS Code would resolve the modules of the file.
    supported: { 'dynamic-import': false },
    logLevel: 'warning',
  });
  await writeFile('out/esm/meta.json', JSON.stringify(metafile));
  printSizes(built);
  printSizes(await build(command));
}

/**
 * The suite is a separate extension, because VS Code shows no dialogs to a module specified as `extensionTestsPath`.
 */
async function suite() {
  const only = (process.env['SESSION_KEEPER_SUITE'] ?? '').split(',');
  const files = (await readdir('test/vscode'))
    .filter((name) => name.endsWith('.test.ts') && only.some((text) => name.includes(text)))
    .sort();
  await mkdir('out/test', { recursive: true });
  const manifest = {
    name: 'session-keeper-suite',
    publisher: 'session-keeper',
    version: '0.0.1',
    engines: { vscode: '^1.108.0' },
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
