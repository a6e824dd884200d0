import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SessionKeeperErrorName } from '../../client/src/errorNames.ts';
import { errorName } from '../../src/core/failure.ts';
import { CATEGORIES, type Category } from '../../src/core/failurePolicies.ts';
import { SIGN_IN_METHODS } from '../../src/core/provider.ts';
import { parseManagedSettings } from '../../src/core/managedSettings.ts';
import { managedFilePath } from '../../src/node/managedFile.ts';
import { FIELD_ROWS } from '../../src/core/providerFields.ts';
import { UNAVAILABLE_REASONS } from '../../src/flows/availability.ts';
import { PREFIX, SETTINGS } from '../../src/host/ids.ts';
import { ERROR_NAMES_FILE, errorNames } from '../../tools/errorNames.ts';
import { MANIFEST_SCHEMA_FILE, manifestSchema } from '../../tools/manifestSchema.ts';
import { failuresPage } from '../../tools/failuresPage.ts';
import { settingsPage } from '../../tools/settingsPage.ts';
import { readManifest, wherePage } from '../../tools/wherePage.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8').replaceAll('\r\n', '\n');

describe('the page about errors', () => {
  it('is up to date (otherwise, run `npm run docs`)', () => {
    assert.ok(read('docs/failures.md') === failuresPage(), 'docs/failures.md is out of date. Run npm run docs.');
  });

  it('has each name once with its message and once with its codes', () => {
    const rows = failuresPage().split('\n');
    for (const category of CATEGORIES) {
      const withCodes = rows.filter((row) => row.startsWith(`| \`${category}\` | `));
      const withMessage = rows.filter((row) => !row.startsWith('| `') && row.endsWith(` | \`${category}\` |`));
      assert.deepEqual([withCodes.length, withMessage.length], [1, 1], category);
    }
  });

  it('has complete tables and complete sentences', () => {
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

describe('the page about rolling out', () => {
  it('has an example without problems, with every limit', () => {
    const [, example = ''] = /```json\n(.*?)```/su.exec(read('docs/roll-out.md')) ?? [];
    const { allowsMcpServers, allowsTerminal, problems, providers } = parseManagedSettings(example);
    assert.deepEqual([problems, providers.length, allowsTerminal, allowsMcpServers], [[], 1, false, false]);
    const { limits } = JSON.parse(example) as { readonly limits: object };
    for (const limit of Object.keys(limits)) {
      assert.ok(read('docs/roll-out.md').includes(`| \`${limit}\` |`), limit);
    }
    assert.ok(read('docs/roll-out.md').includes(managedFilePath('linux')));
  });
});

describe('the schema of manifests', () => {
  it('is up to date (otherwise, run `npm run docs`)', () => {
    assert.ok(
      read(MANIFEST_SCHEMA_FILE) === manifestSchema(),
      `${MANIFEST_SCHEMA_FILE} is out of date. Run npm run docs.`,
    );
  });

  it('has texts, and every field that an extension may set', () => {
    assert.doesNotMatch(manifestSchema(), /"%/u);
    const fields = FIELD_ROWS.filter(([, { isUserOnly }]) => isUserOnly !== true).map(([field]) => field);
    for (const field of fields) {
      assert.ok(manifestSchema().includes(`"${field}": {`), field);
    }
  });
});

describe('the declaration of the error names', () => {
  it('is up to date (otherwise, run `npm run docs`)', () => {
    assert.ok(read(ERROR_NAMES_FILE) === errorNames(), `${ERROR_NAMES_FILE} is out of date. Run npm run docs.`);
  });

  it('has each name once, with one line of description and advice', () => {
    const union = /ErrorName =\n(.*?);\n/s.exec(errorNames())?.[1] ?? '';
    const [comments, names] = [/^ {2}\/\*\* [A-Z].*[.)] [A-Z].*\. \*\/$/, /^ {2}\| '(.*)'$/].map((pattern) =>
      union.split('\n').flatMap((line) => pattern.exec(line) ?? []),
    );
    assert.equal(comments?.length, CATEGORIES.length);
    assert.deepEqual(
      names?.filter((name) => !name.startsWith(' ')),
      CATEGORIES.map(errorName),
    );
  });

  it('has exactly the names that the extension throws', () => {
    // The compiler checks both directions.
    const thrown = (category: Category): SessionKeeperErrorName => errorName(category);
    const declared = (name: SessionKeeperErrorName): ReturnType<typeof errorName> => name;
    assert.equal(declared(thrown('network')), 'SessionKeeper.network');
  });
});

describe('the page about environments', () => {
  const manifest = readManifest();
  const rows = wherePage(manifest)
    .split('\n')
    .filter((line) => line.startsWith('|'));
  const cellsOf = (row: string): string[] =>
    row
      .replace(/^\|\s?|\s?\|$/g, '')
      .split('|')
      .map((cell) => cell.trim());
  /** Returns the methods of the first environment with this prefix, for an extension with this manifest. */
  const methodsAt = (start: string, changes: Partial<typeof manifest> = {}): string[] => {
    const row =
      wherePage({ ...manifest, ...changes })
        .split('\n')
        .find((line) => line.startsWith(`| ${start}`)) ?? '';
    return cellsOf(row).slice(1, 3);
  };

  it('is up to date (otherwise, run `npm run docs`)', () => {
    assert.ok(
      read('docs/where-it-runs.md') === wherePage(manifest),
      'docs/where-it-runs.md is out of date. Run npm run docs.',
    );
  });

  it('has complete tables with each method and each reason that can occur', () => {
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

  it('depends on the manifest', () => {
    assert.deepEqual(methodsAt('Desktop, connected'), ['`loopback`, `device`, `paste`', '`uri`']);
    assert.deepEqual(methodsAt('Browser, with vscode.dev'), ["doesn't run", '']);
    assert.deepEqual(methodsAt('Browser, with vscode.dev', { browser: 'dist/web.js' }), ['`device`, `paste`', '`uri`']);
    assert.ok(wherePage({ ...manifest, browser: 'dist/web.js' }).includes('| `cannot-listen` |'));
    assert.notEqual(wherePage({ ...manifest, extensionKind: ['workspace'] }), wherePage(manifest));
  });
});

describe('the page about settings', () => {
  const rows = [...read('docs/settings.md').matchAll(/^\| `([\w.]+)` \| ?(.*?) \| \S.* \|$/gm)].map(
    ([, name = '', said = '']) => [name, said] as const,
  );
  const defaults = new Map(rows);

  it('has the provider fields of the code (otherwise, run `npm run docs`)', () => {
    assert.ok(read('docs/settings.md') === settingsPage(), 'docs/settings.md is out of date. Run npm run docs.');
  });

  it('has every setting and every provider field once', () => {
    const names = [...Object.values(SETTINGS).map((name) => `${PREFIX}.${name}`), ...FIELD_ROWS.map(([name]) => name)];
    assert.deepEqual(rows.map(([name]) => name).sort(), names.sort());
  });

  it('has the defaults of the manifest', () => {
    const { contributes } = JSON.parse(read('package.json')) as {
      readonly contributes: {
        readonly configuration: { readonly properties: Readonly<Record<string, { readonly default?: unknown }>> };
      };
    };
    for (const [name, { default: value }] of Object.entries(contributes.configuration.properties)) {
      const said = (defaults.get(name) ?? '').replace(/ (?:s|min)$/, '').replaceAll('`', '');
      assert.equal(said, JSON.stringify(value), name);
    }
  });
});

describe('the README', () => {
  it('links to these pages and only names existing failures', () => {
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
