import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { getL10nJson } from '@vscode/l10n-dev';
import { SECOND } from '../../src/core/clock.ts';
import { parseProviders } from '../../src/core/parseProviders.ts';
import {
  BUILT_IN_PROVIDER_IDS,
  DEFAULT_PROVIDER_ID,
  PROVIDER_ID_PATTERN,
  SIGN_IN_METHODS,
} from '../../src/core/provider.ts';
import { FIELD_ROWS } from '../../src/core/providerFields.ts';
import { COMMANDS, CONTEXT_KEYS, PREFIX, SETTINGS } from '../../src/host/ids.ts';
import { NUMBER_SETTINGS } from '../../src/host/numberSettings.ts';
import { minimumVersion } from '../../tools/editorVersions.ts';
import { manifestText } from '../../tools/settingsPage.ts';
import { FIELD_SAMPLES, MINIMAL_ENTRY } from '../support/fieldSamples.ts';
import { TEXTS } from '../support/layers.ts';

interface Schema {
  readonly type?: string | readonly string[];
  readonly order?: number;
  readonly scope?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly enumItemLabels?: readonly string[];
  readonly markdownEnumDescriptions?: readonly string[];
  readonly pattern?: string;
  readonly not?: { readonly enum: readonly string[] };
  readonly description?: string;
  readonly markdownDescription?: string;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly defaultSnippets?: readonly { readonly body: Readonly<Record<string, unknown>> }[];
}

/** A step of a walkthrough. */
interface Step {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly media: { readonly image: Readonly<Record<string, string>>; readonly altText: string };
  readonly completionEvents?: readonly string[];
}

interface Manifest {
  readonly main: string;
  readonly icon: string;
  readonly l10n: string;
  readonly engines: { readonly vscode: string };
  readonly categories: readonly string[];
  readonly activationEvents: readonly string[];
  readonly extensionKind: readonly string[];
  readonly capabilities: {
    readonly untrustedWorkspaces: { readonly supported: unknown };
    readonly virtualWorkspaces: unknown;
  };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly contributes: {
    readonly authentication: readonly { readonly id: string; readonly label: string }[];
    readonly commands: readonly { readonly command: string; readonly title: string; readonly category: string }[];
    readonly menus: Readonly<Record<string, readonly { readonly command: string; readonly when?: string }[]>>;
    readonly walkthroughs: readonly { readonly steps: readonly Step[] }[];
    readonly configuration: { readonly properties: Readonly<Record<string, Schema>> };
  };
}

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** The files with all messages. */
const MESSAGE_FILES = [...TEXTS].map((path) => ({ extension: '.ts', contents: read(`src/${path}`) }) as const);

const manifest = JSON.parse(read('package.json')) as Manifest;
const words = JSON.parse(read('package.nls.json')) as Record<string, string>;
const { contributes } = manifest;
const settings = contributes.configuration.properties;
const steps = contributes.walkthroughs.flatMap((walkthrough) => walkthrough.steps);
const providers = settings[`${PREFIX}.${SETTINGS.providers}`];
const entry = providers?.items;

/** Returns the schema of a provider field. */
function field(name: string): Schema {
  const schema = entry?.properties?.[name];
  assert.ok(schema !== undefined, `The manifest has no field "${name}".`);
  return schema;
}

/** Returns all texts in a JSON value. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') {
    return [value];
  }
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** Returns whether the code accepts an entry with this value. */
function isAccepted(name: string, value: unknown): boolean {
  return parseProviders([{ issuer: 'https://id.example.com', clientId: 'c', [name]: value }]).problems.length === 0;
}

/** Returns whether a text matches the manifest's pattern. */
function matches(schema: Schema, value: string): boolean {
  assert.ok(schema.pattern !== undefined);
  return new RegExp(schema.pattern, 'u').test(value) && schema.not?.enum.includes(value) !== true;
}

describe('the manifest', () => {
  it('has the commands of the code, each with a title and the category of the product', () => {
    assert.deepEqual(contributes.commands.map(({ command }) => command).sort(), Object.values(COMMANDS).sort());
    for (const { command, title, category } of contributes.commands) {
      assert.match(title, /^%command\.\w+%$/, command);
      assert.equal(title, `%command.${command.slice(PREFIX.length + 1)}%`);
      assert.equal(category, 'Session Keeper');
    }
  });

  it('has the settings of the code', () => {
    assert.deepEqual(
      Object.keys(settings).sort(),
      Object.values(SETTINGS)
        .map((name) => `${PREFIX}.${name}`)
        .sort(),
    );
  });

  it('has only settings with the scope application, so that no workspace controls where credentials are sent', () => {
    for (const [name, { scope }] of Object.entries(settings)) {
      assert.equal(scope, 'application', name);
    }
  });

  it('has a type, a default, a description, and its own order for each setting', () => {
    for (const [name, schema] of Object.entries(settings)) {
      assert.ok(schema.type !== undefined && schema.default !== undefined, name);
      assert.equal(schema.markdownDescription, `%setting.${name.slice(PREFIX.length + 1)}%`);
    }
    const orders = Object.values(settings).map(({ order }) => order);
    assert.deepEqual(
      orders,
      orders.map((_, index) => index + 1),
    );
  });

  it('has the defaults and limits of the code, and 0 for settings that can be off', () => {
    const inManifest = Object.entries(settings).filter(([, { type }]) => type === 'number');
    assert.deepEqual(
      Object.values(NUMBER_SETTINGS)
        .map(({ name }) => `${PREFIX}.${name}`)
        .sort(),
      inManifest.map(([name]) => name).sort(),
    );
    for (const { canBeOff, default: fallback, maximum, minimum, name } of Object.values(NUMBER_SETTINGS)) {
      const schema = settings[`${PREFIX}.${name}`];
      assert.deepEqual(
        [schema?.default, schema?.minimum, schema?.maximum],
        [fallback, canBeOff ? 0 : minimum, maximum],
        name,
      );
      assert.deepEqual(schema?.anyOf, canBeOff ? [{ const: 0 }, { minimum }] : undefined, name);
    }
  });

  it('describes each number with its unit, like the page about settings', () => {
    for (const { name, unit } of Object.values(NUMBER_SETTINGS)) {
      assert.ok(words[`setting.${name}`]?.includes(`**${unit}**`), name);
      assert.match(
        read('docs/settings.md'),
        new RegExp(`^\\| \`${PREFIX}\\.${name}\` \\| \\d+ ${unit === 'seconds' ? 's' : 'min'} \\|`, 'm'),
        name,
      );
    }
  });

  it('uses exactly the context keys that the code sets', () => {
    const clauses = Object.values(contributes.menus)
      .flat()
      .flatMap(({ when }) => when ?? []);
    const events = steps.flatMap(({ completionEvents = [] }) =>
      completionEvents.filter((name) => name.startsWith('onContext:')),
    );
    const used = [...clauses, ...events].flatMap(
      (clause) => clause.match(new RegExp(`\\b${PREFIX}\\.\\w+`, 'g')) ?? [],
    );
    assert.deepEqual([...new Set(used)].sort(), Object.values(CONTEXT_KEYS).sort());
  });

  it('has only its own commands in menus and in the walkthrough', () => {
    const known: readonly string[] = Object.values(COMMANDS);
    const links = steps.flatMap(({ description }) =>
      [...(words[description.slice(1, -1)] ?? '').matchAll(/\(command:([^)]+)\)/g)].map(([, command = '']) => command),
    );
    const events = steps.flatMap(({ completionEvents = [] }) =>
      completionEvents.flatMap((name) => /^onCommand:(.*)$/.exec(name)?.[1] ?? []),
    );
    assert.ok(links.length > 0 && events.length > 0);
    const inMenus = Object.values(contributes.menus).flatMap((items) => items.map(({ command }) => command));
    for (const command of [...inMenus, ...links, ...events]) {
      assert.ok(known.includes(command), command);
    }
  });

  it('declares the default provider ID, so that VS Code can activate the extension for it', () => {
    assert.deepEqual(
      contributes.authentication.map(({ id }) => id),
      [DEFAULT_PROVIDER_ID],
    );
    assert.ok(!BUILT_IN_PROVIDER_IDS.includes(DEFAULT_PROVIDER_ID));
  });

  it('activates the extension after VS Code has started', () => {
    assert.deepEqual(manifest.activationEvents, ['onStartupFinished']);
  });

  it('supports local and remote extension hosts, and untrusted and virtual workspaces', () => {
    assert.deepEqual(manifest.extensionKind, ['ui', 'workspace']);
    assert.equal(manifest.capabilities.untrustedWorkspaces.supported, true);
    assert.equal(manifest.capabilities.virtualWorkspaces, true);
  });

  it('requires the version of VS Code whose API it is compiled with', () => {
    assert.equal(manifest.engines.vscode, `^${manifest.devDependencies['@types/vscode'] ?? '?'}`);
  });

  it('requires the version of VS Code that the tests and the README call the oldest', () => {
    const oldest = manifest.engines.vscode.replace(/^\^(\d+\.\d+)\.0$/, '$1');
    assert.equal(minimumVersion.replace(/\.\d+$/, ''), oldest);
    assert.ok(read('README.md').includes(`\nSession Keeper requires VS Code ${oldest} or later.\n`));
    for (const path of ['test/consumer/package.json', 'test/rival/package.json']) {
      assert.equal((JSON.parse(read(path)) as Manifest).engines.vscode, manifest.engines.vscode, path);
    }
  });

  it('has a category, and no dependencies outside its bundle', () => {
    assert.ok(manifest.categories.length > 0);
    assert.deepEqual(Object.keys(manifest.dependencies ?? {}), []);
  });
});

describe('the walkthrough', () => {
  it('has pictures for all kinds of color themes in each step', () => {
    for (const { id, media } of steps) {
      assert.deepEqual(Object.keys(media.image).sort(), ['dark', 'hc', 'hcLight', 'light'], id);
    }
  });

  it('completes steps when settings of the code change', () => {
    const changed = steps.flatMap(({ completionEvents = [] }) =>
      completionEvents.flatMap((name) => /^onSettingChanged:(.*)$/.exec(name)?.[1] ?? []),
    );
    assert.deepEqual(changed, [`${PREFIX}.${SETTINGS.providers}`]);
  });
});

describe('the schema of a provider', () => {
  it('is generated from the table of provider fields (otherwise, run `npm run docs`)', () => {
    assert.equal(entry?.additionalProperties, false);
    assert.ok(
      read('package.json').replaceAll('\r\n', '\n') === manifestText(),
      'package.json is out of date. Run npm run docs.',
    );
  });

  it('requires the fields that the code requires', () => {
    const needed = FIELD_ROWS.map(([name]) => name).filter((name) => {
      const { [name]: _gone, ...rest }: Record<string, string> = MINIMAL_ENTRY;
      return parseProviders([rest]).problems.length > 0;
    });
    assert.deepEqual(entry?.required, needed);
  });

  it('has the defaults of the code', () => {
    const usual = parseProviders([MINIMAL_ENTRY]);
    for (const [name] of FIELD_ROWS) {
      const { default: value } = field(name);
      if (value !== undefined) {
        assert.deepEqual(parseProviders([{ ...MINIMAL_ENTRY, [name]: value }]), usual, name);
      }
    }
  });

  it('has the types of the code', () => {
    const typeOf = (value: unknown): string => (Array.isArray(value) ? 'array' : typeof value);
    for (const [name] of FIELD_ROWS) {
      const types = [field(name).type].flat();
      const { setting } = FIELD_SAMPLES[name];
      assert.ok(isAccepted(name, setting) && types.includes(typeOf(setting)), name);
      for (const other of ['https://abc.example', 5, true, ['a'], {}]) {
        assert.ok(types.includes(typeOf(other)) || !isAccepted(name, other), `"${name}" as ${typeOf(other)}`);
      }
    }
  });

  it('describes each duration with its unit', () => {
    for (const [name, { unitMs }] of FIELD_ROWS) {
      const unit = unitMs === SECOND ? 'seconds' : 'minutes';
      assert.ok(unitMs === undefined || words[`setting.providers.${name}`]?.includes(`**${unit}**`), name);
    }
  });

  it('has a label and a description for each value of a field', () => {
    for (const [name] of FIELD_ROWS) {
      const { enum: values, enumItemLabels, markdownEnumDescriptions } = field(name);
      assert.deepEqual(
        [enumItemLabels?.length, markdownEnumDescriptions?.length],
        [values?.length, values?.length],
        name,
      );
    }
  });

  it('rejects the IDs of built-in providers', () => {
    assert.deepEqual(field('id').not?.enum, BUILT_IN_PROVIDER_IDS);
  });

  it('has the pattern of the code for an ID', () => {
    assert.equal(field('id').pattern, PROVIDER_ID_PATTERN.source);
    for (const id of [
      'oidc',
      'a',
      'A.b_c-9',
      'a'.repeat(64),
      'a'.repeat(65),
      '1a',
      '-a',
      'a b',
      'ä',
      'a/b',
      'github',
      'github-enterprise',
      'a\n',
    ]) {
      assert.equal(isAccepted('id', id), matches(field('id'), id), id);
    }
  });

  for (const issuer of [
    'https://id.example.com',
    'https://id.example.com/',
    'https://id.example.com:8443/realms/a',
    'https://[2001:db8::1]/a',
    'https://id.example.com/%20',
    'http://localhost',
    'http://localhost:8080/realms/a',
    'http://127.0.0.1',
    'http://127.0.0.1:3000/',
    'http://127.9.9.9',
    'http://[::1]',
    'http://[::1]:9/a',
    'http://id.example.com',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
    'http://0.0.0.0',
    'http://[::2]',
    'http://10.0.0.1',
    'https://id.example.com?a',
    'https://id.example.com/?a=1',
    'https://id.example.com/#a',
    'https://ada@id.example.com',
    'https://ada:pw@id.example.com',
    'http://localhost?a',
    'http://ada@localhost',
    'http://localhost@id.example.com',
    'ftp://id.example.com',
    'id.example.com',
    'https://',
    'command:x',
    'x',
    'https://id.example.com?',
    'https://id.example.com#',
    'https://id.exam\nple.com',
  ]) {
    it(`validates the issuer ${JSON.stringify(issuer)} as the code does`, () => {
      assert.equal(isAccepted('issuer', issuer), matches(field('issuer'), issuer));
    });
  }

  it('validates scopes as the code does', () => {
    const { items, minItems } = field('scopes');
    assert.ok(items !== undefined);
    for (const scope of [
      'openid',
      'offline_access',
      'https://graph.example/.default',
      'api:read!',
      'a b',
      '"a"',
      'a\\b',
      'ä',
      'a\tb',
    ]) {
      assert.equal(isAccepted('scopes', [scope]), matches(items, scope), scope);
    }
    assert.deepEqual([isAccepted('scopes', []), minItems], [true, undefined]);
  });

  it('has the minimum values of the code', () => {
    for (const name of ['assumedLifetime', 'sessionLifetime', 'idleTimeout']) {
      const { minimum } = field(name);
      assert.ok(minimum !== undefined);
      assert.deepEqual([isAccepted(name, minimum), isAccepted(name, minimum - 0.01)], [true, false], name);
    }
    for (const name of ['label', 'clientId']) {
      assert.deepEqual([isAccepted(name, 'x'), isAccepted(name, '')], [true, field(name).minLength === 0], name);
    }
  });

  it('validates the sign-in method as the code does', () => {
    assert.deepEqual(field('signInMethod').enum, SIGN_IN_METHODS);
    assert.equal(field('signInMethod').markdownEnumDescriptions?.length, SIGN_IN_METHODS.length);
    for (const method of [...SIGN_IN_METHODS, 'browser', '', 'Paste']) {
      assert.equal(isAccepted('signInMethod', method), field('signInMethod').enum?.includes(method), method);
    }
  });

  it('validates the sign-out at the server as the code does', () => {
    assert.equal(field('signOutAtServer').markdownEnumDescriptions?.length, field('signOutAtServer').enum?.length);
    for (const value of [true, false, 'return', 'true', '', 0]) {
      assert.equal(isAccepted('signOutAtServer', value), field('signOutAtServer').enum?.includes(value), String(value));
    }
  });

  it('validates ports as the code does', () => {
    const { items, maxItems = 0, minItems } = field('redirectPorts');
    for (const [port, isValid] of [
      [items?.minimum ?? 0, true],
      [items?.maximum ?? 0, true],
      [0, false],
      [65_536, false],
      [80.5, false],
    ] as const) {
      assert.equal(isAccepted('redirectPorts', [port]), isValid, String(port));
    }
    assert.deepEqual([items?.type, minItems], ['integer', 1]);
    const ports = Array.from({ length: maxItems + 1 }, (_, index) => 3000 + index);
    assert.deepEqual(
      [
        isAccepted('redirectPorts', []),
        isAccepted('redirectPorts', ports.slice(1)),
        isAccepted('redirectPorts', ports),
      ],
      [false, true, false],
    );
  });

  it('has snippets that are valid entries with their placeholders', () => {
    const bodies = entry?.defaultSnippets?.map(({ body }) => body) ?? [];
    assert.ok(bodies.length > 0);
    for (const body of bodies) {
      const filled = Object.fromEntries(
        Object.entries(body).map(([name, value]) => [name, String(value).replace(/^\$\{\d+:(.*)\}$/, '$1')]),
      );
      assert.deepEqual(parseProviders([filled]).problems, []);
    }
  });
});

describe('package.nls.json', () => {
  it('has exactly the texts that the manifest uses', () => {
    const used = textsIn(manifest).flatMap((text) => /^%(.+)%$/.exec(text)?.[1] ?? []);
    assert.deepEqual([...new Set(used)].sort(), Object.keys(words).sort());
    for (const [key, text] of Object.entries(words)) {
      assert.ok(text.trim() !== '', key);
    }
  });

  it('has all texts that are shown, so that they can be translated', () => {
    const shown = [
      ...contributes.commands.map(({ title }) => title),
      ...contributes.authentication.map(({ label }) => label),
      ...steps.flatMap(({ title, description, media }) => [title, description, media.altText]),
      ...[settings, entry?.properties ?? {}].flatMap((schemas) =>
        Object.values(schemas).flatMap((schema) => schema.markdownDescription ?? schema.description ?? ''),
      ),
    ];
    for (const text of shown) {
      assert.match(text, /^%.+%$/);
    }
  });
});

describe('l10n/bundle.l10n.json', () => {
  it('has the messages of the code (otherwise, run `npm run l10n`)', async () => {
    const bundle = JSON.parse(read(join(manifest.l10n, 'bundle.l10n.json'))) as unknown;
    const extracted = await getL10nJson(MESSAGE_FILES);
    assert.ok(Object.keys(extracted).length > 50);
    assert.deepEqual(bundle, extracted);
  });

  it('numbers placeholders from 0 without gaps', async () => {
    const extracted = await getL10nJson(MESSAGE_FILES);
    for (const value of Object.values(extracted)) {
      const text = typeof value === 'string' ? value : value.message;
      const placeholders = [...new Set([...text.matchAll(/\{(\d+)\}/g)].map(([, number]) => Number(number)))].sort();
      assert.deepEqual(
        placeholders,
        placeholders.map((_, index) => index),
        text,
      );
    }
  });
});

describe('.vscodeignore', () => {
  const rules = read('.vscodeignore')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const shipped = rules.slice(1).map((rule) => rule.slice(1));

  it('is an allow list of files', () => {
    assert.equal(rules[0], '**');
    for (const rule of rules.slice(1)) {
      assert.match(rule, /^![^*]/, `"${rule}" is too broad`);
      assert.doesNotMatch(rule, /\*\*|\*\/|\/$/, rule);
    }
  });

  it('includes all files that the manifest and the code use', () => {
    const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.ts'),
    );
    const assets = sources.flatMap((path) =>
      [...read(join('src', path)).matchAll(/asAbsolutePath\('([^']+)'\)/g)].map(([, asset]) => asset ?? ''),
    );
    assert.ok(assets.length > 0);
    for (const needed of ['package.json', join(manifest.main), join(manifest.icon), ...assets]) {
      assert.ok(shipped.includes(needed), needed);
    }
    for (const asset of [...assets, manifest.icon]) {
      assert.ok(existsSync(join(ROOT, asset)), asset);
    }
    assert.ok(shipped.includes('package.nls*.json') && shipped.includes('l10n/bundle.l10n*.json'));
  });
});
