import assert from 'node:assert/strict';
import { join, relative, sep } from 'node:path';
import ts from 'typescript';
import { CATEGORIES } from '../../src/core/failurePolicies.ts';
import { categoryRules, programOf } from '../support/categoryRules.ts';
import { TEXTS } from '../support/layers.ts';

const root = join(import.meta.dirname, '../..');
const SRC = join(root, 'src');

const names: ReadonlySet<string> = new Set(CATEGORIES);

/** The places in src/, outside of the table, that decide by a failure category. */
function rulesInSource(): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    readonly config: unknown;
  };
  const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const program = ts.createProgram(fileNames, options);
  const checker = program.getTypeChecker();
  return program
    .getSourceFiles()
    .map((file) => ({ file, path: relative(SRC, file.fileName).split(sep).join('/') }))
    .filter(({ path }) => !path.startsWith('..') && !path.startsWith('core/failurePolicies'))
    .flatMap(({ file, path }) =>
      categoryRules(file, checker, names, TEXTS.has(path)).map((rule) => `${path}: ${rule}`),
    );
}

/** The rules in an example in which `failure` is a failure and `category` a category. */
function rulesIn(text: string, mayHaveMessages = false): string[] {
  const { checker, file } = programOf(`
    type Category = ${CATEGORIES.map((category) => `'${category}'`).join(' | ')};
    declare const failure: { readonly category: Category; readonly code: string };
    declare const kind: Category;
    ${text}`);
  return categoryRules(file, checker, names, mayHaveMessages);
}

describe('the table of failure policies', () => {
  it('is the only place that decides by a category', () => {
    assert.deepEqual(rulesInSource(), []);
  });

  it('is bypassed when a category is compared, switched on, or looked up elsewhere', () => {
    for (const rule of [
      `failure.category === 'network'`,
      `'network' !== failure.category`,
      `kind == 'storage'`,
      `(kind as Category | undefined) === 'storage'`,
      `['network', 'server'].includes(kind)`,
      `[failure.category, 'x'].indexOf(failure.category)`,
      `declared.has(failure.category)`,
      `declared[failure.category]`,
      `kind in declared`,
    ]) {
      assert.deepEqual(rulesIn(`declare const declared: any; ${rule};`), [rule]);
    }
    assert.deepEqual(rulesIn(`switch (kind) { case 'network': }`), [`switch (kind) { case 'network': }`]);
    assert.deepEqual(rulesIn(`const { category } = { category: '' as string }; category === 'network';`), [
      `category === 'network'`,
    ]);
    assert.deepEqual(rulesIn(`declare const other: Category; other !== 'network' && other === 'server';`).length, 2);
  });

  it("isn't bypassed when one of its functions is called, a row is read, or other things have the same name", () => {
    for (const rule of [
      'endsSession(failure.category)',
      'FAILURE_POLICIES[failure.category].actions',
      `failure.code === 'network'`,
      `state === 'storage'`,
      `new Failure('network', 'deadline')`,
    ]) {
      assert.deepEqual(
        rulesIn(`
          declare const endsSession: any, FAILURE_POLICIES: any, Failure: any;
          declare const state: 'storage' | 'clock' | 'muted';
          ${rule};`),
        [],
      );
    }
    assert.deepEqual(rulesIn('declare const SENTENCES: any; SENTENCES[failure.category]();', true), []);
  });
});
