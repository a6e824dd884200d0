// The protocol fields of an entry: the settings editor accepts what the code accepts.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENDPOINT_FIELDS, RESERVED_PARAMETERS } from '../../src/core/fieldSchemas.ts';
import { parseProviders } from '../../src/core/parseProviders.ts';
import { CLIENT_AUTHENTICATIONS, SESSION_TOKENS } from '../../src/core/provider.ts';

interface Field {
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly minItems?: number;
  readonly pattern?: string;
  readonly required?: readonly string[];
  readonly items?: Field;
  readonly properties?: Readonly<Record<string, Field>>;
  readonly additionalProperties?: boolean | { readonly type: string; readonly minLength: number };
  readonly propertyNames?: { readonly not: { readonly enum: readonly string[] } };
}

interface Manifest {
  readonly contributes: {
    readonly configuration: {
      readonly properties: {
        readonly 'sessionKeeper.providers': {
          readonly items: { readonly properties: Readonly<Record<string, Field>> };
        };
      };
    };
  };
}

const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as Manifest;
const fields = manifest.contributes.configuration.properties['sessionKeeper.providers'].items.properties;

/** The endpoints that an entry with endpoints must have. */
const ENDPOINTS = { authorization: 'https://a.example/a', token: 'https://a.example/t' };

/** The schema of one field of a provider. */
function field(name: string): Field {
  const schema = fields[name];
  assert.ok(schema !== undefined, `the manifest has no field "${name}"`);
  return schema;
}

/** Whether the code accepts an entry with a field of a certain value. */
function isTaken(name: string, value: unknown): boolean {
  return parseProviders([{ issuer: 'https://id.example.com', clientId: 'c', [name]: value }]).problems.length === 0;
}

/** Whether the manifest's pattern of a field matches a text. */
function matches({ pattern }: Field, value: string): boolean {
  assert.ok(pattern !== undefined);
  return new RegExp(pattern, 'u').test(value);
}

describe('the protocol fields of an entry', () => {
  it('have the same parameter names in the editor and in the code', () => {
    for (const name of ['authorizationParameters', 'tokenParameters']) {
      assert.deepEqual(field(name).propertyNames?.not.enum, RESERVED_PARAMETERS, name);
      assert.deepEqual(field(name).additionalProperties, { type: 'string', minLength: 1 }, name);
    }
  });

  it('have the same session tokens in the editor and in the code', () => {
    assert.deepEqual(
      [field('sessionToken').enum, field('sessionToken').default],
      [
        SESSION_TOKENS,
        parseProviders([{ issuer: 'https://id.example.com', clientId: 'c' }]).providers[0]?.sessionToken,
      ],
    );
    for (const kind of [...SESSION_TOKENS, 'refresh_token', '']) {
      assert.equal(isTaken('sessionToken', kind), field('sessionToken').enum?.includes(kind), kind);
    }
  });

  it('have the same redirect URIs in the editor and in the code', () => {
    for (const uri of [
      'http://localhost/auth',
      'http://LOCALHOST:8400',
      'http://127.0.0.1:65535/',
      'http://[::1]:5000/cb',
      "http://localhost/a!$&'()*+,;=:@b/%20",
      'http://localhost:65536',
      'http://localhost:0',
      'http://localhost:01',
      'http://127.0.0.256',
      'http://example.com',
      'https://localhost',
      'http://localhost?a',
      'http://localhost#a',
      'http://a@localhost',
      'http://localhost.example',
      'http://localhost/[a]',
      'http://localhost/a b',
      'x',
    ]) {
      assert.equal(isTaken('redirectUri', uri), matches(field('redirectUri'), uri), uri);
    }
  });

  it('have the same client authentication methods in the editor and in the code', () => {
    assert.deepEqual(
      [field('clientAuthentication').enum, field('clientAuthentication').default],
      [CLIENT_AUTHENTICATIONS, undefined],
    );
    for (const one of [...CLIENT_AUTHENTICATIONS, 'none', '']) {
      assert.equal(isTaken('clientAuthentication', one), field('clientAuthentication').enum?.includes(one), one);
    }
  });

  it('have the same resources in the editor and in the code', () => {
    const { items, minItems } = field('resource');
    assert.deepEqual([items?.pattern, minItems], [field('resource').pattern, 1]);
    for (const resource of [
      'https://api.example.com/a?b',
      'api://x',
      'urn:a:b',
      'api',
      '/api',
      'https://a.example#b',
      'https://a b',
      'a:',
    ]) {
      assert.equal(isTaken('resource', resource), matches(field('resource'), resource), resource);
      assert.equal(isTaken('resource', [resource]), isTaken('resource', resource), resource);
    }
  });

  it('have the same endpoints in the editor and in the code', () => {
    const { additionalProperties, properties = {}, required } = field('endpoints');
    assert.deepEqual(
      [Object.keys(properties), additionalProperties, required],
      [ENDPOINT_FIELDS, false, Object.keys(ENDPOINTS)],
    );
    for (const [name, schema] of Object.entries(properties)) {
      for (const address of [
        'https://a.example/b?c=d',
        'http://localhost:1/a',
        'http://127.0.0.1?a',
        'http://a.example',
        'https://a.example#b',
        'https://a b',
        'ftp://a.example',
        '/a',
        'https://',
      ]) {
        assert.equal(
          isTaken('endpoints', { ...ENDPOINTS, [name]: address }),
          matches(schema, address),
          `${name}: ${address}`,
        );
      }
    }
  });

  it('have the same account claims in the editor and in the code', () => {
    const { additionalProperties, properties = {}, required } = field('account');
    assert.deepEqual([Object.keys(properties), additionalProperties, required], [['id', 'label'], false, ['id']]);
    assert.deepEqual(
      [
        isTaken('account', { id: 'a', label: 'b' }),
        isTaken('account', { id: '' }),
        isTaken('account', { id: 'a', name: 'b' }),
      ],
      [true, false, false],
    );
  });
});
