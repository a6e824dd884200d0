// The file of the organization.
import assert from 'node:assert/strict';
import { MINUTE, SECOND } from '../../../src/core/clock.ts';
import { configureProviders, type Declaration } from '../../../src/core/declaredProviders.ts';
import { limitIdleTimeout, parseManagedSettings, UNMANAGED } from '../../../src/core/managedSettings.ts';
import { BUILT_IN_PROVIDER_IDS } from '../../../src/core/provider.ts';

const ENTRY = { id: 'acme', label: 'Acme', issuer: 'https://id.acme.example', clientId: 'c' } as const;
const parse = (file: unknown): ReturnType<typeof parseManagedSettings> => parseManagedSettings(JSON.stringify(file));

/** Configures the providers with the organization's, and those of the user. */
function configure(
  providers: readonly unknown[],
  setting?: unknown,
  declarations: readonly Declaration[] = [],
): ReturnType<typeof configureProviders> {
  return configureProviders(setting, BUILT_IN_PROVIDER_IDS, declarations, parse({ providers }).providers);
}

describe('parseManagedSettings', () => {
  it('accepts a file with nothing in it, which limits nothing', () => {
    assert.deepEqual(parse({}), UNMANAGED);
    assert.deepEqual(parse({ providers: [], limits: {} }), UNMANAGED);
  });

  it('converts the limits to ms', () => {
    const limits = { maximumIdleTimeout: 30, minimumRefreshLeeway: 120, terminal: false, mcpServers: false };
    assert.deepEqual(parse({ limits }), {
      ...UNMANAGED,
      maximumIdleTimeout: 30 * MINUTE,
      minimumRefreshLeeway: 120 * SECOND,
      allowsTerminal: false,
      allowsMcpServers: false,
    });
  });

  for (const text of ['', '{', '[]', 'null', '"x"', '{"limits": {} } x']) {
    it(`reports text that isn't a JSON object, and then allows neither terminals nor MCP servers: ${text}`, () => {
      const { allowsMcpServers, allowsTerminal, problems, providers } = parseManagedSettings(text);
      assert.deepEqual([allowsTerminal, allowsMcpServers, providers], [false, false, []]);
      assert.deepEqual(problems, [{ entry: '', field: '', code: 'managed-not-json', isManaged: true }]);
    });
  }

  for (const limits of [
    { maximumIdleTimeout: 0 },
    { maximumIdleTimeout: -1 },
    { maximumIdleTimeout: '30' },
    { minimumRefreshLeeway: 1e9 },
    { terminal: 'no' },
    { mcp: false },
    [],
    'x',
    null,
  ]) {
    it(`reports limits that can't be understood, and then applies the strictest ones: ${JSON.stringify(limits)}`, () => {
      const { allowsMcpServers, allowsTerminal, problems, providers } = parse({ limits, providers: [ENTRY] });
      assert.deepEqual([allowsTerminal, allowsMcpServers, providers.length], [false, false, 1]);
      assert.deepEqual(
        problems.map(({ code, field }) => [field, code]),
        [['limits', 'wrong-type']],
      );
    });
  }

  it('reports unknown fields and invalid entries, and uses the others', () => {
    const { problems, providers } = parse({
      provider: [],
      providers: [null, { ...ENTRY, id: 'github' }, { ...ENTRY, id: 'a', locked: 'yes' }, { id: 'b' }, ENTRY, ENTRY],
    });
    assert.ok(problems.every(({ isManaged }) => isManaged));
    assert.ok(problems.some(({ code, field }) => code === 'unknown-field' && field === 'provider'));
    assert.ok(problems.some(({ field }) => field === 'locked'));
    assert.ok(providers.some(({ provider: { id } }) => id === 'acme'));
    assert.ok(!providers.some(({ provider: { id } }) => id === 'b'));
  });

  it('locks entries unless they say otherwise', () => {
    const { providers } = parse({ providers: [ENTRY, { ...ENTRY, id: 'b', locked: false }] });
    assert.deepEqual(
      providers.map(({ isLocked }) => isLocked),
      [true, false],
    );
  });
});

describe('the providers of the organization', () => {
  it('take precedence over the settings, with a problem', () => {
    const own = { ...ENTRY, issuer: 'https://own.example' };
    const { managedIds, problems, providers } = configure([ENTRY], [own, { ...own, id: 'own' }]);
    assert.deepEqual(
      providers.map(({ id, issuer }) => [id, issuer]),
      [
        ['acme', ENTRY.issuer],
        ['own', 'https://own.example'],
      ],
    );
    assert.deepEqual([...managedIds], ['acme']);
    assert.deepEqual(
      problems.map(({ code, field }) => [field, code]),
      [['id', 'id-managed']],
    );
  });

  it("aren't changed by an entry without an issuer if they are locked", () => {
    const { problems, providers } = configure([ENTRY], [{ id: 'acme', scopes: ['a'] }]);
    assert.deepEqual([providers.length, providers[0]?.scopes.includes('a')], [1, false]);
    assert.ok(problems.length > 0);
  });

  it("are changed field by field if they aren't locked", () => {
    const { managedIds, problems, providers } = configure(
      [{ ...ENTRY, locked: false }],
      [{ id: 'acme', scopes: ['a'] }],
    );
    assert.deepEqual(
      [providers.length, providers[0]?.scopes, providers[0]?.issuer, problems, [...managedIds]],
      [1, ['a'], ENTRY.issuer, [], ['acme']],
    );
  });

  it("aren't replaced by an entry with an issuer, even if they aren't locked", () => {
    const { problems, providers } = configure(
      [{ ...ENTRY, locked: false }],
      [{ ...ENTRY, issuer: 'https://own.example' }],
    );
    assert.deepEqual(
      providers.map(({ issuer }) => issuer),
      [ENTRY.issuer],
    );
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['id-managed'],
    );
  });

  it('take precedence over those that extensions declare', () => {
    const declaration = {
      declarer: { id: 'acme.notes', name: 'Notes' },
      entry: { ...ENTRY, issuer: 'https://declared.example' },
      isAuthentication: true,
    };
    for (const setting of [undefined, [{ id: 'acme', scopes: ['a'] }]]) {
      const { declarers, providers } = configure([ENTRY], setting, [declaration]);
      assert.deepEqual([providers.map(({ issuer }) => issuer), declarers.size], [[ENTRY.issuer], 0]);
    }
  });
});

describe('limitIdleTimeout', () => {
  it('returns the shorter one', () => {
    const limited = { ...UNMANAGED, maximumIdleTimeout: 10 };
    assert.deepEqual(
      [0, 5, 10, 20].map((timeout) => limitIdleTimeout(timeout, limited)),
      [10, 5, 10, 10],
    );
    assert.deepEqual(
      [0, 20].map((timeout) => limitIdleTimeout(timeout, UNMANAGED)),
      [0, 20],
    );
  });
});
