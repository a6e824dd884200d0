// The providers that other extensions declare in their manifests.
import assert from 'node:assert/strict';
import { configureProviders, findDeclarations, type InstalledExtension } from '../../../src/core/declaredProviders.ts';
import { BUILT_IN_PROVIDER_IDS } from '../../../src/core/provider.ts';
import { FIELD_ROWS } from '../../../src/core/providerFields.ts';
import { FULL_ENTRY } from '../../support/fieldSamples.ts';

const ENTRY = { id: 'acme', label: 'Acme', issuer: 'https://id.acme.example', clientId: 'notes' } as const;

/** An extension that declares entries, and their IDs. */
function extension(id: string, entries: readonly unknown[], more: object = {}): InstalledExtension {
  const ids = entries.map((entry) => ({ id: (entry as { id?: unknown } | null)?.id, label: 'Acme' }));
  return {
    id,
    packageJSON: {
      name: 'notes',
      displayName: 'Acme Notes',
      contributes: { authentication: ids, sessionKeeper: { providers: entries } },
      ...more,
    },
  };
}

const configure = (
  extensions: readonly InstalledExtension[],
  setting?: unknown,
): ReturnType<typeof configureProviders> =>
  configureProviders(setting, BUILT_IN_PROVIDER_IDS, findDeclarations(extensions));
const codesOf = ({ problems }: ReturnType<typeof configureProviders>): unknown[] =>
  problems.map(({ code, declarer, field }) => [declarer?.id, field, code]);

describe('the providers that other extensions declare', () => {
  it("are used like an entry of the settings, but aren't offered in the Accounts menu", () => {
    const { declarers, problems, providers } = configure([extension('acme.notes', [ENTRY])]);
    const [own] = configure([], [ENTRY]).providers;
    assert.deepEqual(providers, [{ ...own, accountsMenu: false }]);
    assert.deepEqual([...declarers], [['acme', { id: 'acme.notes', name: 'Acme Notes' }]]);
    assert.deepEqual(problems, []);
    assert.equal(
      configure([extension('acme.notes', [{ ...ENTRY, accountsMenu: true }])]).providers[0]?.accountsMenu,
      true,
    );
  });

  it("accept every field that isn't the user's own", () => {
    for (const [field, { isUserOnly }] of FIELD_ROWS) {
      const value = FULL_ENTRY[field];
      const entry = field === 'id' ? ENTRY : { ...ENTRY, [field]: value };
      const parsed = configure([extension('acme.notes', [entry])]);
      assert.deepEqual(codesOf(parsed), isUserOnly ? [['acme.notes', field, 'user-only-field']] : [], field);
    }
  });

  it('are changed by an entry of the settings without an issuer, field by field', () => {
    const change = { id: 'acme', scopes: ['openid'], git: ['https://git.acme.example'], label: 'My Acme' };
    const { declarers, problems, providers } = configure([extension('acme.notes', [ENTRY])], [change]);
    const [provider] = providers;
    assert.deepEqual(
      [provider?.issuer, provider?.clientId, provider?.scopes, provider?.git, provider?.label],
      [ENTRY.issuer, ENTRY.clientId, ['openid'], ['https://git.acme.example'], 'My Acme'],
    );
    assert.deepEqual([providers.length, [...declarers.keys()], problems], [1, ['acme'], []]);
  });

  it('are replaced by an entry of the settings with an issuer', () => {
    const own = { id: 'acme', issuer: 'https://own.example', clientId: 'own' };
    const parsed = configure([extension('acme.notes', [{ ...ENTRY, resource: 'https://api.acme.example' }])], [own]);
    assert.deepEqual(parsed, { ...configure([], [own]), declarers: new Map() });
  });

  it("don't complete an invalid entry of the settings, and are used in spite of it", () => {
    const parsed = configure([extension('acme.notes', [ENTRY])], [{ id: 'acme', scopes: 'openid' }]);
    assert.deepEqual(codesOf(parsed), [[undefined, 'scopes', 'wrong-type']]);
    assert.deepEqual([...parsed.declarers.keys()], ['acme']);
    for (const setting of ['text', {}, 1]) {
      const other = configure([extension('acme.notes', [ENTRY])], setting);
      assert.deepEqual([codesOf(other), other.providers.length], [[[undefined, '', 'not-a-list']], 1]);
    }
  });

  it("are rejected if two extensions declare the same ID, but the user's own entry is used", () => {
    const both = [
      extension('acme.notes', [ENTRY]),
      extension('evil.notes', [{ ...ENTRY, issuer: 'https://evil.example' }]),
    ];
    const parsed = configure(both);
    assert.deepEqual(parsed.providers, []);
    assert.deepEqual(codesOf(parsed), [
      ['acme.notes', 'id', 'id-declared-twice'],
      ['evil.notes', 'id', 'id-declared-twice'],
    ]);
    assert.deepEqual(codesOf(configure(both, [{ id: 'acme', scopes: [] }]))[0], [undefined, 'issuer', 'missing']);
    assert.equal(configure(both, [ENTRY]).providers.length, 1);
  });

  it('are rejected if one extension declares an ID twice', () => {
    assert.equal(configure([extension('acme.notes', [ENTRY, ENTRY])]).providers.length, 0);
  });

  it("are rejected with an ID that is VS Code's, this extension's, or not declared as an authentication provider", () => {
    for (const id of [...BUILT_IN_PROVIDER_IDS, 'oidc', undefined]) {
      const parsed = configure([extension('acme.notes', [{ ...ENTRY, id }])]);
      assert.deepEqual([parsed.providers, codesOf(parsed)], [[], [['acme.notes', 'id', 'id-of-built-in']]], id);
    }
    for (const authentication of [undefined, null, 'acme', {}, [null, 'acme', { id: 'other' }]]) {
      const contributes = { authentication, sessionKeeper: { providers: [ENTRY] } };
      const parsed = configure([extension('acme.notes', [], { contributes })]);
      assert.deepEqual([parsed.providers, codesOf(parsed)], [[], [['acme.notes', 'id', 'id-not-declared']]]);
    }
  });

  it('are rejected if they are invalid, and others are used', () => {
    const bad = [
      null,
      'text',
      [],
      { id: 'a' },
      { ...ENTRY, id: 'b', issuer: 'http://id.acme.example' },
      { ...ENTRY, id: 'c', issuer: 'javascript:alert(1)' },
      { ...ENTRY, id: 'd', clientSecret: 's' },
      { ...ENTRY, id: '../e' },
    ];
    const { problems, providers } = configure([extension('acme.notes', [...bad, ENTRY])]);
    assert.deepEqual(
      providers.map(({ id }) => id),
      ['acme'],
    );
    assert.deepEqual([...new Set(problems.map(({ declarer }) => declarer?.id))], ['acme.notes']);
    assert.ok(problems.length >= bad.length);
  });

  for (const manifest of [
    undefined,
    null,
    1,
    'text',
    [],
    { contributes: null },
    { contributes: [] },
    { contributes: { sessionKeeper: 'x' } },
    { contributes: { sessionKeeper: { providers: {} } } },
    { contributes: { sessionKeeper: { providers: 'x' } } },
  ]) {
    it(`aren't found in a manifest of another form: ${JSON.stringify(manifest)}`, () => {
      assert.deepEqual(findDeclarations([{ id: 'a.b', packageJSON: manifest }]), []);
    });
  }

  it('have a name that is safe to display, or the ID of the extension', () => {
    const nameOf = (more: object): string | undefined =>
      findDeclarations([extension('acme.notes', [ENTRY], more)])[0]?.declarer.name;
    assert.equal(nameOf({ displayName: '%displayName%' }), 'notes');
    assert.equal(nameOf({ displayName: 1, name: undefined }), 'acme.notes');
    assert.ok(!/[[\]\u202E]/u.test(nameOf({ displayName: '[x](command:y)\u202E' }) ?? '['));
    assert.ok((nameOf({ displayName: 'x'.repeat(10_000) }) ?? '').length < 200);
  });

  it('are limited for one extension, and many extensions can declare some', () => {
    const many = Array.from({ length: 200 }, (_, index) =>
      extension(`acme.n${index}`, [{ ...ENTRY, id: `acme-${index}` }]),
    );
    assert.equal(configure(many).providers.length, 200);
    const entries = Array.from({ length: 200 }, (_, index) => ({ ...ENTRY, id: `acme-${index}` }));
    assert.equal(configure([extension('acme.notes', entries)]).providers.length, 20);
  });

  it("are in the order of the extensions' IDs", () => {
    const [b, a] = ['b', 'a'].map((name) => extension(`acme.${name}`, [{ ...ENTRY, id: name }]));
    assert.ok(a !== undefined && b !== undefined);
    assert.deepEqual(
      configure([b, a]).providers.map(({ id }) => id),
      ['a', 'b'],
    );
  });
});
