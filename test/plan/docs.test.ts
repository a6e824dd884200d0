import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CATEGORIES } from '../../src/core/remedy.ts';
import { failuresPage } from '../workshop/failuresPage.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8').replaceAll('\r\n', '\n');

describe('the page of what can go wrong', () => {
  it('says what the code says; `npm run docs` writes it anew', () => {
    assert.ok(read('docs/failures.md') === failuresPage(), 'docs/failures.md is not what the code says any more. Write it anew: npm run docs');
  });

  it('has each name once with its sentence, and once with its codes', () => {
    const rows = failuresPage().split('\n');
    for (const category of CATEGORIES) {
      const withCodes = rows.filter((row) => row.startsWith(`| \`${category}\` | `));
      const withSentence = rows.filter((row) => !row.startsWith('| `') && row.endsWith(` | \`${category}\` |`));
      assert.deepEqual([withCodes.length, withSentence.length], [1, 1], category);
    }
  });

  it('has whole tables and whole sentences', () => {
    const rows = failuresPage().split('\n').filter((line) => line.startsWith('|'));
    const columns = rows.map((row) => row.replace(/^\||\|$/g, '').split('|').length);
    assert.deepEqual([...new Set(columns)], [5, 3]);
    assert.deepEqual(rows.filter((row) => /undefined|\{\w+\}/.test(row)), []);
    const advice = rows.flatMap((row) => (row.split(' | ').length === 5 ? [row.split(' | ')[1] ?? ''] : []));
    assert.deepEqual(advice.filter((one) => !/^(?:what to do|---|[A-Z].*[.])$/.test(one)), []);
  });
});

describe('the README', () => {
  it('leads to that page, and names no failure that there is not', () => {
    const text = read('README.md');
    assert.ok(text.includes('](docs/failures.md)'));
    const named = [...text.matchAll(/SessionKeeper\.([a-z][a-z-]*)/g)].map(([, name = '']) => name);
    assert.deepEqual(named.filter((name) => !(CATEGORIES as readonly string[]).includes(name)), []);
    assert.ok(named.length > 0);
  });
});
