// The client library as extensions get it: the package, and the examples on its page, which are compiled and run.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { packClient } from '../../tools/clientPackage.ts';
import { root } from '../../tools/places.ts';
import { startResource, TestProvider, type ScriptedResource } from '../support/clientFixture.ts';
import { editor } from '../support/fakeEditor.ts';

const SERVER = 'https://api.example.com';

/** Returns the complete examples of a page: those that import something. */
function examplesOn(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/```ts\n(import .*?)```/gsu)].map(([, code = '']) => code);
}

describe('the client library', () => {
  let folder: string;
  let resource: ScriptedResource;
  let hooks: ReturnType<typeof registerHooks>;

  before(async () => {
    // Like the project of an author, with the package installed.
    folder = mkdtempSync(join(tmpdir(), 'sk-author-'));
    const installed = join(folder, 'node_modules', 'session-keeper-client');
    mkdirSync(installed, { recursive: true });
    const file = join(folder, 'client.tgz');
    await packClient(file);
    execFileSync('tar', ['-xzf', file, '-C', installed, '--strip-components', '1']);
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
    mkdirSync(join(folder, 'node_modules', '@types'));
    for (const name of ['@types/vscode', '@types/node', 'undici-types']) {
      symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name), 'junction');
    }
    resource = await startResource();
    hooks = registerHooks({
      resolve: (specifier, context, next) =>
        specifier === 'session-keeper-client'
          ? { url: pathToFileURL(join(installed, 'dist', 'esm', 'index.js')).href, shortCircuit: true }
          : next(specifier, context),
    });
  });
  after(() => {
    hooks.deregister();
    resource.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    editor.reset();
    resource.seen.length = 0;
    new TestProvider('acme').signIn();
  });

  it('is a package without dependencies', () => {
    const installed = join(folder, 'node_modules', 'session-keeper-client');
    const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as Record<string, unknown>;
    assert.deepEqual(
      Object.keys(manifest).filter((name) => /dependencies/iu.test(name)),
      [],
    );
    const bundle = readFileSync(join(installed, 'dist', 'esm', 'index.js'), 'utf8');
    assert.deepEqual(
      [...bundle.matchAll(/\bfrom ?"([^"]+)"/gu)].map(([, name]) => name),
      ['vscode', 'vscode', 'vscode'],
    );
    assert.ok(!bundle.includes(root));
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };
    assert.equal(manifest['version'], version);
  });

  const examples = ['docs/client-library.md', 'docs/for-extensions.md'].flatMap((page) =>
    examplesOn(page).map((example, index) => ({ page, example, index })),
  );

  it('has examples', () => {
    assert.deepEqual(
      examples.map(({ page }) => page),
      [...Array<string>(4).fill('docs/client-library.md'), 'docs/for-extensions.md'],
    );
  });

  for (const { page, example, index } of examples) {
    it(`has example ${index + 1} in ${page} that compiles and runs`, async () => {
      const file = join(folder, `example-${page.replaceAll(/\W/gu, '-')}-${index}.ts`);
      writeFileSync(file, example.replaceAll(SERVER, resource.origin));
      assert.deepEqual(compilerErrors(file), []);
      const exported = (await import(pathToFileURL(file).href)) as Readonly<
        Record<string, (context?: { readonly subscriptions: { dispose(): void }[] }) => unknown>
      >;
      const context = { subscriptions: [] as { dispose(): void }[] };
      for (const [name, run] of Object.entries(exported)) {
        await (name === 'activate' ? run(context) : run());
      }
      context.subscriptions.forEach((one) => one.dispose());
      if (example.includes(SERVER)) {
        assert.deepEqual([...new Set(resource.seen.map(({ token }) => token))], ['token-1']);
      }
    });
  }

  it('can be used in an extension that is a CommonJS module, as most are', () => {
    const project = join(folder, 'commonjs');
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'commonjs' }));
    const file = join(project, 'extension.ts');
    writeFileSync(
      file,
      `import { createFetch, type FetchOptions } from 'session-keeper-client';
export const load = (options: FetchOptions): Promise<Response> => createFetch(options)('https://api.example.com/');
`,
    );
    for (const options of [
      { module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16 },
      { module: ts.ModuleKind.Preserve, moduleResolution: ts.ModuleResolutionKind.Bundler },
    ]) {
      assert.deepEqual(compilerErrors(file, options), []);
    }
    const { createFetch } = createRequire(file)('session-keeper-client') as Record<string, unknown>;
    assert.equal(typeof createFetch, 'function');
  });

  it('has types that find mistakes', () => {
    const file = join(folder, 'mistake.ts');
    writeFileSync(file, `import { createFetch } from 'session-keeper-client';\ncreateFetch({ provider: 'acme' });\n`);
    assert.match(compilerErrors(file).join(), /'provider' does not exist/u);
  });
});

/** Returns the compiler errors of a file, as in an author's project. */
function compilerErrors(file: string, options: ts.CompilerOptions = {}): string[] {
  const program = ts.createProgram([file], {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ['vscode', 'node'],
    typeRoots: ['node_modules', '../node_modules'].map((path) => join(file, '..', path, '@types')),
    ...options,
  });
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
}
