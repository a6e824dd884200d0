import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const HOOKS = './test/support/rejections.ts';

describe('a suite', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'session-keeper-suite-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs a small suite with the root hooks of all suites. Returns its exit code and output. */
  function run(text: string): { readonly code: number | null; readonly printed: string } {
    const file = join(folder, 'a.test.mjs');
    writeFileSync(file, text);
    return mocha(file);
  }

  function mocha(...args: string[]): { readonly code: number | null; readonly printed: string } {
    const program = join(root, 'node_modules/mocha/bin/mocha.js');
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [program, '--no-config', '--require', HOOKS, ...args],
      { cwd: root, encoding: 'utf8' },
    );
    return { code: status, printed: stdout + stderr };
  }

  it("passes when every rejection is handled, even if it's handled later", () => {
    assert.equal(
      run("it('one', async () => { const lost = Promise.reject(new Error('x')); await Promise.allSettled([lost]); });")
        .code,
      0,
    );
  });

  for (const [when, text] of [
    ['in a test', "it('one', () => { Promise.reject(new Error('lost')); }); it('two', () => {});"],
    [
      'in the last test',
      "it('zero', () => {}); it('one', () => { void (async () => { await null; throw new Error('lost'); })(); });",
    ],
    ['in a hook', "before('one', () => { Promise.reject(new Error('lost')); }); it('two', () => {});"],
    [
      'between two tests',
      "it('one', () => { setImmediate(() => Promise.reject(new Error('lost'))); }); it('two', () => new Promise((resolve) => setTimeout(resolve, 20)));",
    ],
    ["with something that isn't an error", "it('one', () => { Promise.reject('lost'); });"],
    ['after the last test', "it('one', () => { setTimeout(() => Promise.reject(new Error('lost')), 50); });"],
  ] as const) {
    it(`fails on an unhandled rejection ${when}`, () => {
      const { code, printed } = run(text);
      assert.notEqual(code, 0);
      assert.match(printed, /lost/);
    });
  }

  it('names the test that ran, and still runs the others', () => {
    const { code, printed } = run(
      "it('one', () => { Promise.reject(new Error('lost')); }); it('two', () => {}); it('three', () => { Promise.reject(new Error('gone')); });",
    );
    assert.equal(code, 1);
    assert.match(printed, /3 passing/);
    assert.match(printed, /2 unhandled promise rejection\(s\)\.[^]*one: Error: lost[^]*three: Error: gone/);
  });

  it('fails when something is thrown outside of a test', () => {
    assert.notEqual(run("it('one', () => { setTimeout(() => { throw new Error('lost'); }, 50); });").code, 0);
  });

  it('fails for each file when a worker runs several', () => {
    const files = ['a', 'b', 'c', 'd'].map((name) => join(folder, `${name}.test.mjs`));
    for (const file of files) {
      writeFileSync(file, "it('one', () => { Promise.reject(new Error('lost')); });");
    }
    const { code, printed } = mocha('--parallel', '--jobs', '2', ...files);
    assert.equal(code, files.length);
    assert.match(printed, /4 passing[^]*4 failing/);
  });

  it('has these hooks in every configuration', () => {
    const { require: required } = JSON.parse(readFileSync(join(root, '.mocharc.json'), 'utf8')) as {
      require: string[];
    };
    assert.ok(required.includes(HOOKS));
    assert.match(readFileSync(join(root, 'test/vscode/run.ts'), 'utf8'), /rootHooks: mochaHooks/);
  });
});
