import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CATEGORIES } from '../../src/core/failurePolicies.ts';
import { DEFAULT_SCOPES, PROVIDER_FIELDS, SIGN_IN_METHODS } from '../../src/core/provider.ts';
import { UNAVAILABLE_REASONS } from '../../src/flows/availability.ts';
import { PREFIX, SETTINGS } from '../../src/host/ids.ts';
import { failuresPage } from '../../tools/failuresPage.ts';
import { readManifest, wherePage } from '../../tools/wherePage.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8').replaceAll('\r\n', '\n');

describe('the page of what can go wrong', () => {
  it('says what the code says; `npm run docs` writes it anew', () => {
    assert.ok(
      read('docs/failures.md') === failuresPage(),
      'docs/failures.md is not what the code says any more. Write it anew: npm run docs',
    );
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
    const rows = failuresPage()
      .split('\n')
      .filter((line) => line.startsWith('|'));
    const columns = rows.map((row) => row.replace(/^\||\|$/g, '').split('|').length);
    assert.deepEqual([...new Set(columns)], [5, 3]);
    assert.deepEqual(
      rows.filter((row) => /undefined|\{\w+\}/.test(row)),
      [],
    );
    const advice = rows.flatMap((row) => (row.split(' | ').length === 5 ? [row.split(' | ')[1] ?? ''] : []));
    assert.deepEqual(
      advice.filter((one) => !/^(?:what to do|---|[A-Z].*[.])$/.test(one)),
      [],
    );
  });
});

describe('the page of where VS Code runs', () => {
  const manifest = readManifest();
  const rows = wherePage(manifest)
    .split('\n')
    .filter((line) => line.startsWith('|'));
  const cellsOf = (row: string): string[] =>
    row
      .replace(/^\|\s?|\s?\|$/g, '')
      .split('|')
      .map((cell) => cell.trim());
  /** The methods of the first place whose name starts like this, at an extension of this manifest. */
  const methodsAt = (start: string, changes: Partial<typeof manifest> = {}): string[] => {
    const row =
      wherePage({ ...manifest, ...changes })
        .split('\n')
        .find((line) => line.startsWith(`| ${start}`)) ?? '';
    return cellsOf(row).slice(1, 3);
  };

  it('says what the code says; `npm run docs` writes it anew', () => {
    assert.ok(
      read('docs/where-it-runs.md') === wherePage(manifest),
      'docs/where-it-runs.md is not what the code says any more. Write it anew: npm run docs',
    );
  });

  it('has whole tables, with each method, and each reason that can come up', () => {
    assert.deepEqual([...new Set(rows.map((row) => cellsOf(row).length))], [4, 5, 3]);
    assert.deepEqual(
      rows.filter((row) => /undefined|\{\w+\}/.test(row)),
      [],
    );
    const firsts = rows.map((row) => cellsOf(row)[0]);
    for (const name of [...SIGN_IN_METHODS, ...Object.keys(UNAVAILABLE_REASONS)].filter(
      (one) => one !== 'cannot-listen',
    )) {
      assert.equal(firsts.filter((first) => first === `\`${name}\``).length, 1, name);
    }
  });

  it('follows the manifest, too', () => {
    assert.deepEqual(methodsAt('Desktop, connected'), ['`loopback`, `device`, `paste`', '`uri`']);
    assert.deepEqual(methodsAt('Browser, with vscode.dev'), ['does not run', '']);
    assert.deepEqual(methodsAt('Browser, with vscode.dev', { browser: 'dist/web.js' }), ['`device`, `paste`', '`uri`']);
    assert.ok(wherePage({ ...manifest, browser: 'dist/web.js' }).includes('| `cannot-listen` |'));
    assert.notEqual(wherePage({ ...manifest, extensionKind: ['workspace'] }), wherePage(manifest));
  });
});

describe('the page of settings', () => {
  const rows = [...read('docs/settings.md').matchAll(/^\| `([\w.]+)` \| ?(.*?) \| \S.* \|$/gm)].map(
    ([, name = '', said = '']) => [name, said] as const,
  );
  const defaults = new Map(rows);

  it('has every setting, and every field of a provider, once', () => {
    const names = [...Object.values(SETTINGS).map((name) => `${PREFIX}.${name}`), ...PROVIDER_FIELDS];
    assert.deepEqual(rows.map(([name]) => name).sort(), names.sort());
  });

  it('has the defaults of the manifest', () => {
    const { contributes } = JSON.parse(read('package.json')) as {
      readonly contributes: { readonly configuration: { readonly properties: Readonly<Record<string, Schema>> } };
    };
    const settings = contributes.configuration.properties;
    const fields = settings[`${PREFIX}.${SETTINGS.providers}`]?.items?.properties ?? {};
    for (const [name, { default: value }] of [...Object.entries(settings), ...Object.entries(fields)]) {
      if (value !== undefined) {
        const said = (defaults.get(name) ?? '').replace(/ (?:s|min)$/, '').replaceAll('`', '');
        assert.equal(
          said,
          name === 'scopes' ? DEFAULT_SCOPES.join(' ') : typeof value === 'string' ? value : JSON.stringify(value),
          name,
        );
      }
    }
  });
});

interface Schema {
  readonly default?: unknown;
  readonly items?: { readonly properties?: Readonly<Record<string, Schema>> };
}

describe('the README', () => {
  it('leads to these pages, and names no failure that there is not', () => {
    const front = read('README.md');
    for (const name of ['failures', 'where-it-runs', 'settings', 'for-extensions']) {
      assert.ok(front.includes(`](docs/${name}.md)`), name);
    }
    const text = `${front}${read('docs/for-extensions.md')}`;
    const named = [...text.matchAll(/SessionKeeper\.([a-z][a-z-]*)/g)].map(([, name = '']) => name);
    assert.deepEqual(
      named.filter((name) => !(CATEGORIES as readonly string[]).includes(name)),
      [],
    );
    assert.ok(named.length > 0);
  });
});
