// A sign-in method is one object in one file; all other code uses the objects.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import { SIGN_IN_METHODS } from '../../src/core/provider.ts';
import { describeFieldProblem } from '../../src/host/settingsMessages.ts';
import { flowFileOf, methodComparisons } from '../support/methodComparisons.ts';

const SRC = join(import.meta.dirname, '../../src');
const FILES = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => path.split(sep).join('/'));

describe('the sign-in methods in src', () => {
  it('have one file each', () => {
    for (const method of SIGN_IN_METHODS) {
      assert.ok(FILES.includes(flowFileOf(method)), flowFileOf(method));
    }
  });

  it('are all in docs/sign-in-methods.md, in docs/settings.md and in the message about an invalid one', () => {
    const root = join(SRC, '..');
    const page = readFileSync(join(root, 'docs/sign-in-methods.md'), 'utf8');
    const settings = readFileSync(join(root, 'docs/settings.md'), 'utf8');
    const row = settings.split(/\r?\n/).find((line) => line.startsWith('| `signInMethod` |')) ?? '';
    const sentence = describeFieldProblem('bad-sign-in-method', 'signInMethod');
    for (const method of SIGN_IN_METHODS) {
      assert.ok(page.includes(`\n| \`${method}\` |`), `docs/sign-in-methods.md: ${method}`);
      assert.ok(row.includes(`\`${method}\``), `docs/settings.md: ${method}`);
      assert.ok(sentence.includes(`"${method}"`), `${sentence}: ${method}`);
    }
  });

  it('are compared only in their own files', () => {
    assert.deepEqual(
      FILES.flatMap((file) => methodComparisons(file, readFileSync(join(SRC, file), 'utf8'))),
      [],
    );
  });
});

describe('the checker of sign-in methods', () => {
  for (const text of [
    `if (method === 'uri') { use(); }`,
    `const isDevice = 'device' !== provider.signInMethod;`,
    `const isPaste = method == ('paste' as SignInMethod);`,
    'const isLoopback = method === `loopback`;',
    `switch (method) { case 'loopback': break; default: }`,
    `const isByBrowser = ['browser', 'loopback'].includes(method);`,
    `const hasCode = (['device'] as const).indexOf(method) >= 0;`,
    `const isShown = new Set<string>(['uri']).has(method);`,
    `const hasCode = method === deviceFlow.id;`,
    `const is = ['paste'].some((one) => one === method);`,
  ]) {
    it(`reports a decision by a method's ID in: ${text}`, () => {
      const [found = '', ...others] = methodComparisons('ui/a.ts', text);
      assert.match(found, /^ui\/a\.ts:1 decides by the sign-in method '(?:loopback|uri|device|paste)'$/);
      assert.deepEqual(others, []);
    });
  }

  it("allows a flow its own ID, but not another one's", () => {
    const text = `const is = [method === 'uri', method === 'device'];`;
    assert.deepEqual(methodComparisons('flows/uriFlow.ts', text), [
      `flows/uriFlow.ts:1 decides by the sign-in method 'device'`,
    ]);
  });

  for (const text of [
    `const NAMES = { loopback: 'a', uri: 'b' }; const name = NAMES[method];`,
    `await start('device'); const flow = { id: 'uri' };`,
    `if (flow.redirectsTo === 'editor' || provider.id === method) { await start(deviceFlow.id); }`,
    `const all = ['loopback', 'uri'].map(use); // method === 'uri'`,
  ]) {
    it(`reports nothing in: ${text}`, () => {
      assert.deepEqual(methodComparisons('ui/a.ts', text), []);
    });
  }
});
