import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isLoopbackHost, isSecureUrl } from '../../../src/core/secureUrl.ts';
import { RESERVED_PARAMETERS } from '../../../src/core/fieldSchemas.ts';
import { parseProviders, type ProblemCode } from '../../../src/core/parseProviders.ts';
import {
  BUILT_IN_PROVIDER_IDS,
  DEFAULT_PROVIDER_ID,
  DEFAULT_SCOPES,
  PROVIDER_ID_PATTERN,
} from '../../../src/core/provider.ts';
import { FIELD_ROWS } from '../../../src/core/providerFields.ts';
import { FIELD_SAMPLES, FULL_ENTRY, MINIMAL_ENTRY } from '../../support/fieldSamples.ts';
import { holds } from '../../support/seeded.ts';

const GOOD = MINIMAL_ENTRY;

/** The first problem of an entry: the field and the code. Fails if there is none. */
function wrongWith(entry: unknown): string {
  const { providers, problems } = parseProviders([entry]);
  assert.deepEqual(providers, [], "an entry with a problem isn't used");
  const [problem] = problems;
  assert.ok(problem !== undefined, "an entry that isn't used has a problem");
  return `${problem.field} ${problem.code}`.trim();
}

/** A valid entry except for some fields. */
const but = (fields: Record<string, unknown>): Record<string, unknown> => ({ ...GOOD, ...fields });

describe('parseProviders', () => {
  describe('with a valid setting', () => {
    it('requires only an issuer and a client ID, and has defaults for everything else', () => {
      assert.deepEqual(parseProviders([GOOD]), {
        providers: [
          Object.fromEntries(Object.entries(FIELD_SAMPLES).map(([field, { byDefault }]) => [field, byDefault])),
        ],
        problems: [],
      });
    });

    it('accepts all fields and converts seconds and minutes to ms', () => {
      assert.deepEqual(parseProviders([FULL_ENTRY]), {
        providers: [Object.fromEntries(Object.entries(FIELD_SAMPLES).map(([field, { value }]) => [field, value]))],
        problems: [],
      });
    });

    it('converts the URL of the metadata to the issuer', () => {
      const issuers = {
        'https://id.example.com/.well-known/openid-configuration': 'https://id.example.com',
        'https://id.example.com/.well-known/openid-configuration/': 'https://id.example.com',
        'https://id.example.com/a/.well-known/openid-configuration': 'https://id.example.com/a',
        'https://id.example.com/a/.well-known/oauth-authorization-server': 'https://id.example.com/a',
        'https://id.example.com/.well-known/oauth-authorization-server/a/b': 'https://id.example.com/a/b',
        'https://id.example.com/.well-known/openid-configuration/a/': 'https://id.example.com/a/',
        'http://localhost:8080/.well-known/openid-configuration': 'http://localhost:8080',
        'https://id.example.com/.well-known': 'https://id.example.com/.well-known',
        'https://id.example.com/.well-known/openid-configurations':
          'https://id.example.com/.well-known/openid-configurations',
      };
      assert.deepEqual(
        Object.keys(issuers).map((issuer) => parseProviders([but({ issuer })]).providers[0]?.issuer),
        Object.values(issuers),
      );
      assert.equal(
        parseProviders([but({ issuer: 'https://id.example.com/.well-known/openid-configuration?p=x' })]).problems[0]
          ?.code,
        'bad-url',
      );
    });

    it('converts a single resource to a list', () => {
      assert.deepEqual(parseProviders([but({ resource: 'api://5c7e/x' })]).providers[0]?.resource, ['api://5c7e/x']);
    });

    it('keeps the issuer exactly as it is, including a trailing slash', () => {
      for (const issuer of ['https://id.example.com', 'https://id.example.com/', 'https://ID.example.com:443/Realm']) {
        assert.equal(parseProviders([but({ issuer })]).providers[0]?.issuer, issuer);
      }
    });

    it('accepts a setting that is absent or empty', () => {
      for (const nothing of [undefined, null, []]) {
        assert.deepEqual(parseProviders(nothing), { providers: [], problems: [] });
      }
    });

    it("doesn't share its default scopes with the entries or change its input", () => {
      const entry = Object.freeze({ ...GOOD, scopes: Object.freeze(['b', 'a', 'b']) });
      assert.notEqual(parseProviders([GOOD]).providers[0]?.scopes, DEFAULT_SCOPES);
      parseProviders(Object.freeze([entry]));
      assert.deepEqual(entry.scopes, ['b', 'a', 'b']);
    });
  });

  describe("with a setting that isn't a list", () => {
    for (const value of [{}, GOOD, 'https://id.example.com', 1, true]) {
      it(`reports ${JSON.stringify(value)}`, () => {
        assert.deepEqual(parseProviders(value), {
          providers: [],
          problems: [{ entry: '', field: '', code: 'not-a-list' }],
        });
      });
    }
  });

  describe('with one entry that has a problem, reports', () => {
    const cases: readonly (readonly [what: string, entry: unknown, expected: `${string}${ProblemCode}`])[] = [
      ['a string', 'https://id.example.com', 'not-an-object'],
      ['a number', 7, 'not-an-object'],
      ['null', null, 'not-an-object'],
      ['no issuer', { clientId: 'c' }, 'issuer missing'],
      ['no client ID', { issuer: GOOD.issuer }, 'clientId missing'],
      ['an empty issuer', but({ issuer: ' ' }), 'issuer missing'],
      ['an empty client ID', but({ clientId: '' }), 'clientId missing'],
      ['an empty label', but({ label: '' }), 'label missing'],
      ['an issuer that is not a string', but({ issuer: 7 }), 'issuer wrong-type'],
      ['a client ID that is null', but({ clientId: null }), 'clientId wrong-type'],
      ['an ID that is not a string', but({ id: 7 }), 'id wrong-type'],
      ['scopes in one string', but({ scopes: 'openid profile' }), 'scopes wrong-type'],
      ['a scope that is not a string', but({ scopes: ['openid', 7] }), 'scopes.1 wrong-type'],
      ['a lifetime that is not a number', but({ assumedLifetime: '300' }), 'assumedLifetime wrong-type'],
      ['a session lifetime that is null', but({ sessionLifetime: null }), 'sessionLifetime wrong-type'],
      ['an idle timeout that is not a number', but({ idleTimeout: '30' }), 'idleTimeout wrong-type'],
      ['a negative idle timeout', but({ idleTimeout: -1 }), 'idleTimeout out-of-range'],
      ['a flag that is a string', but({ accountsMenu: 'true' }), 'accountsMenu wrong-type'],
      ['an issuer that is not a URL', but({ issuer: 'id.example.com' }), 'issuer bad-url'],
      ['an issuer with another scheme', but({ issuer: 'ftp://id.example.com' }), 'issuer bad-url'],
      ['an issuer with a query', but({ issuer: 'https://id.example.com/?tenant=1' }), 'issuer bad-url'],
      ['an issuer with a fragment', but({ issuer: 'https://id.example.com/#a' }), 'issuer bad-url'],
      ['an issuer with a user name', but({ issuer: 'https://ada@id.example.com' }), 'issuer bad-url'],
      ['an issuer with a password', but({ issuer: 'https://ada:pw@id.example.com' }), 'issuer bad-url'],
      ['an issuer with an empty query', but({ issuer: 'https://id.example.com?' }), 'issuer bad-url'],
      ['an issuer with an empty fragment', but({ issuer: 'https://id.example.com#' }), 'issuer bad-url'],
      ['an issuer with a line break', but({ issuer: 'https://id.exam\nple.com' }), 'issuer bad-url'],
      ['an issuer without TLS', but({ issuer: 'http://id.example.com' }), 'issuer not-https'],
      [
        'an issuer whose host starts with localhost',
        but({ issuer: 'http://localhost.example.com' }),
        'issuer not-https',
      ],
      [
        'an issuer whose host starts with a loopback address',
        but({ issuer: 'http://127.0.0.1.example.com' }),
        'issuer not-https',
      ],
      ['an issuer on the unspecified address', but({ issuer: 'http://0.0.0.0:8080' }), 'issuer not-https'],
      ['an issuer in the local network', but({ issuer: 'http://192.168.0.1' }), 'issuer not-https'],
      ['an ID with a space', but({ id: 'my id' }), 'id bad-id'],
      ['an ID that starts with a digit', but({ id: '1st' }), 'id bad-id'],
      ['an ID with a slash', but({ id: '../x' }), 'id bad-id'],
      ['an ID of 65 characters', but({ id: 'a'.repeat(65) }), 'id bad-id'],
      ['an ID of VS Code itself', but({ id: 'github' }), 'id id-of-built-in'],
      ['metadata without TLS', but({ metadataUrl: 'http://id.example.com/meta' }), 'metadataUrl not-https'],
      ["metadata that isn't at a URL", but({ metadataUrl: '/meta' }), 'metadataUrl bad-endpoint'],
      ['a scopeOnRefresh that is not a flag', but({ scopeOnRefresh: 'yes' }), 'scopeOnRefresh wrong-type'],
      [
        'an unknown client authentication',
        but({ clientAuthentication: 'none' }),
        'clientAuthentication bad-client-authentication',
      ],
      ['a scope that is empty', but({ scopes: ['openid', ''] }), 'scopes.1 missing'],
      ['two scopes in one value', but({ scopes: ['openid profile'] }), 'scopes.0 bad-scope'],
      ['a scope with a quote', but({ scopes: ['"openid"'] }), 'scopes.0 bad-scope'],
      ['a scope with non-ASCII characters', but({ scopes: ['öffnen'] }), 'scopes.0 bad-scope'],
      ['a lifetime of 0', but({ assumedLifetime: 0 }), 'assumedLifetime out-of-range'],
      ['a negative session lifetime', but({ sessionLifetime: -5 }), 'sessionLifetime out-of-range'],
      ['parameters in an array', but({ tokenParameters: ['a'] }), 'tokenParameters wrong-type'],
      [
        'a parameter that is a number',
        but({ authorizationParameters: { max_age: 5 } }),
        'authorizationParameters.max_age wrong-type',
      ],
      [
        'a parameter that is empty',
        but({ authorizationParameters: { prompt: '' } }),
        'authorizationParameters.prompt missing',
      ],
      [
        'a security parameter',
        but({ authorizationParameters: { prompt: 'login', state: 'x' } }),
        'authorizationParameters.state reserved-parameter',
      ],
      [
        'a security parameter in another case',
        but({ authorizationParameters: { Redirect_URI: 'x' } }),
        'authorizationParameters.Redirect_URI reserved-parameter',
      ],
      [
        'a secret among the parameters',
        but({ tokenParameters: { client_secret: 's' } }),
        'tokenParameters.client_secret reserved-parameter',
      ],
      ['a resource that is not a URI', but({ resource: 'api' }), 'resource.0 bad-resource'],
      [
        'a resource with a fragment',
        but({ resource: ['https://api.example.com', 'https://api.example.com/#a'] }),
        'resource.1 bad-resource',
      ],
      ['a resource that is a number', but({ resource: 7 }), 'resource wrong-type'],
      ['an empty list of resources', but({ resource: [] }), 'resource missing'],
      ['a pushedAuthorization that is a string', but({ pushedAuthorization: 'yes' }), 'pushedAuthorization wrong-type'],
      ['a dpop that is a string', but({ dpop: 'yes' }), 'dpop wrong-type'],
      [
        'endpoints without a token endpoint',
        but({ endpoints: { authorization: 'https://a.example' } }),
        'endpoints.token missing',
      ],
      [
        'a misspelled endpoint',
        but({
          endpoints: { authorization: 'https://a.example', token: 'https://a.example', userInfo: 'https://a.example' },
        }),
        'endpoints.userInfo unknown-field',
      ],
      [
        'an endpoint that is not a URL',
        but({ endpoints: { authorization: '/a', token: 'https://a.example' } }),
        'endpoints.authorization bad-endpoint',
      ],
      [
        'an endpoint without TLS',
        but({ endpoints: { authorization: 'https://a.example', token: 'http://a.example' } }),
        'endpoints.token not-https',
      ],
      ['endpoints in an array', but({ endpoints: [] }), 'endpoints wrong-type'],
      ['an account without an ID', but({ account: { label: 'login' } }), 'account.id missing'],
      ['an account that is a string', but({ account: 'login' }), 'account wrong-type'],
      ['an unknown sign-in method', but({ signInMethod: 'browser' }), 'signInMethod bad-sign-in-method'],
      ['an unknown session token', but({ sessionToken: 'refresh_token' }), 'sessionToken bad-session-token'],
      ['a signOutAtServer that is a string', but({ signOutAtServer: 'yes' }), 'signOutAtServer bad-sign-out'],
      ['a misspelled field', but({ clientID: 'c' }), 'clientID unknown-field'],
      ['a client secret', but({ clientSecret: 's' }), 'clientSecret unknown-field'],
    ];
    for (const [what, entry, expected] of cases) {
      it(what, () => {
        assert.equal(wrongWith(entry), expected);
      });
    }

    it('an entry that is a list', () => {
      assert.ok(wrongWith([GOOD]) !== '');
    });

    it('all problems at once, not only the first', () => {
      const { problems } = parseProviders([{ id: '1', clientId: '', extra: 1, other: 2 }]);
      const found = new Set(problems.map(({ field, code }) => `${field} ${code}`));
      for (const expected of [
        'id bad-id',
        'issuer missing',
        'clientId missing',
        'extra unknown-field',
        'other unknown-field',
      ]) {
        assert.ok(found.has(expected), expected);
      }
    });

    it('an inherited object member that is used as a field name', () => {
      assert.equal(
        wrongWith(JSON.parse('{"issuer":"https://a.example","clientId":"c","__proto__":{"id":"x"}}')),
        '__proto__ unknown-field',
      );
      assert.equal(wrongWith(but({ constructor: 1 })), 'constructor unknown-field');
    });
  });

  describe('accepts http on this machine only:', () => {
    for (const issuer of [
      'http://localhost',
      'http://localhost:8080/realms/a',
      'http://127.0.0.1:3000',
      'http://127.255.1.2/',
      'http://[::1]:9000',
    ]) {
      it(issuer, () => {
        assert.deepEqual(parseProviders([but({ issuer })]).problems, []);
      });
    }

    it('and reports http for every URL', () => {
      for (const [address, expected] of [
        ['https://id.example.com', true],
        ['http://localhost:1', true],
        ['http://id.example.com', false],
        ['ws://localhost', false],
        ['file:///etc/passwd', false],
        ['not an address', true],
      ] as const) {
        assert.equal(isSecureUrl(address), expected, address);
      }
      for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '[::1]']) {
        assert.equal(isLoopbackHost(host), true, host);
      }
      for (const host of [
        '',
        'localhost.',
        'xlocalhost',
        '128.0.0.1',
        '127.0.0',
        '1127.0.0.1',
        '127.0.0.1.example',
        '[::2]',
        '0.0.0.0',
      ]) {
        assert.equal(isLoopbackHost(host), false, host);
      }
    });
  });

  describe('with several entries', () => {
    const other = { ...GOOD, id: 'other', issuer: 'https://other.example.com' };

    it('uses the valid ones in their order', () => {
      const { providers, problems } = parseProviders([{ id: 'bad' }, other, 'bad', GOOD]);
      assert.deepEqual(
        providers.map(({ id }) => id),
        ['other', DEFAULT_PROVIDER_ID],
      );
      assert.deepEqual(new Set(problems.map(({ entry }) => entry)), new Set(['bad', '3']));
    });

    it('uses the first of two with the same ID, and reports the second', () => {
      const second = { ...GOOD, id: 'other', label: 'Second' };
      const { providers, problems } = parseProviders([other, second]);
      assert.deepEqual(
        providers.map(({ issuer }) => issuer),
        ['https://other.example.com'],
      );
      assert.deepEqual(problems, [{ entry: 'Second', field: 'id', code: 'id-twice' }]);
    });

    it('treats two without an ID as two with the same ID', () => {
      assert.deepEqual(parseProviders([GOOD, GOOD]).problems, [{ entry: '2', field: 'id', code: 'id-twice' }]);
      assert.equal(parseProviders([GOOD, but({ id: DEFAULT_PROVIDER_ID })]).problems.length, 1);
    });

    it('ignores the ID of an invalid entry when a valid one has the same', () => {
      const { providers } = parseProviders([{ id: 'other', issuer: 'http://id.example.com', clientId: 'c' }, other]);
      assert.deepEqual(
        providers.map(({ id }) => id),
        ['other'],
      );
    });
  });

  it('rejects every parameter that the protocol sets itself, for both kinds of requests', () => {
    for (const field of ['authorizationParameters', 'tokenParameters']) {
      for (const name of RESERVED_PARAMETERS) {
        assert.equal(wrongWith(but({ [field]: { [name]: 'x' } })), `${field}.${name} reserved-parameter`);
      }
    }
  });

  it('rejects the IDs of all providers of VS Code itself', () => {
    for (const id of BUILT_IN_PROVIDER_IDS) {
      assert.equal(wrongWith(but({ id })), 'id id-of-built-in', id);
    }
  });

  it('rejects the IDs of other extensions when it gets them', () => {
    const { providers, problems } = parseProviders([but({ id: 'theirs', label: 'Acme' })], ['theirs']);
    assert.deepEqual(providers, []);
    assert.deepEqual(problems, [{ entry: 'Acme', field: 'id', code: 'id-of-built-in' }]);
  });

  it('names an invalid entry by its label, its ID or its position', () => {
    const nameOf = (entry: unknown): string | undefined => parseProviders([GOOD, entry]).problems[0]?.entry;
    assert.equal(nameOf({ label: ' Acme ', id: 'acme' }), 'Acme');
    assert.equal(nameOf({ label: '', id: 'acme' }), 'acme');
    assert.equal(nameOf({ label: 7 }), '2');
    assert.equal(nameOf('text'), '2');
  });

  it('names entries and fields without anything that becomes a link or changes the text around it', () => {
    const link = '[Open Settings](command:workbench.action.quit)';
    const entry = { label: ` ${link}\u202E\n`, id: 'acme', issuer: 'x', clientId: 'c', [link]: 1, 'a\u0000\u2066b': 1 };
    const { problems } = parseProviders([entry, { label: '[]', id: '<`>', [`\u202E${'x'.repeat(500)}`]: 1 }]);
    for (const { entry: name, field } of problems) {
      for (const text of [name, field]) {
        assert.doesNotMatch(text, /[[\]<>`\p{Cc}\p{Cf}]/u);
        assert.ok(text.length <= 100);
      }
    }
    assert.ok(problems.some(({ field }) => field === 'Open Settings(command:workbench.action.quit)'));
    assert.ok(problems.some(({ entry: name }) => name === '2'));
    const inside = parseProviders([
      { issuer: 'https://id.example.com', clientId: 'c', endpoints: { [link]: 'x' }, tokenParameters: { [link]: 1 } },
    ]);
    assert.ok(inside.problems.length > 1 && inside.problems.every(({ field }) => !field.includes('[')));
  });

  it('never throws and never uses an invalid entry, whatever JSON the setting contains', () => {
    const field = fc.constantFrom(...FIELD_ROWS.map(([name]) => name), 'extra');
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('https://a.example', 'http://a.example', 'http://localhost', 'acme', 'github', 1, 0, 1e308, true),
      fc.array(fc.constantFrom('openid', 'a b', '')),
    );
    const entry = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(field, value),
      fc.dictionary(field, value).map((fields) => but(fields)),
    );
    holds(
      fc.property(fc.oneof(fc.jsonValue(), fc.array(entry, { maxLength: 4 })), (setting) => {
        const { providers, problems } = parseProviders(setting);
        assert.equal(new Set(providers.map(({ id }) => id)).size, providers.length);
        for (const provider of providers) {
          assert.match(provider.id, PROVIDER_ID_PATTERN);
          assert.ok(!BUILT_IN_PROVIDER_IDS.includes(provider.id));
          assert.ok(isSecureUrl(provider.issuer) && URL.canParse(provider.issuer));
          assert.ok(provider.label !== '' && provider.clientId !== '');
        }
        if (Array.isArray(setting)) {
          assert.ok(providers.length + problems.length >= setting.length, 'each entry is used or reported');
        }
      }),
      600,
    );
  });

  it('limits lifetimes so that their end is always a valid time', () => {
    for (const length of [1e13, 1e300, 1e308, Number.MAX_VALUE]) {
      for (const field of ['assumedLifetime', 'sessionLifetime'] as const) {
        for (const provider of parseProviders([but({ [field]: length })]).providers) {
          const end = Date.UTC(2030, 0, 1) + (provider[field] ?? 0);
          assert.ok(!Number.isNaN(new Date(end).getTime()), `${field} of ${length}`);
        }
      }
    }
  });
});
