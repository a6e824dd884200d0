import assert from 'node:assert/strict';
import type { FieldRow } from '../../../src/core/fieldRow.ts';
import { parseProviders } from '../../../src/core/parseProviders.ts';
import type { Provider, ProviderField } from '../../../src/core/provider.ts';
import { FIELD_ROWS } from '../../../src/core/providerFields.ts';
import { refreshSettingsOf } from '../../../src/core/refreshSettings.ts';
import { credentialOrigins, serverKeyOf } from '../../../src/core/serverIdentity.ts';
import { MINIMAL_ENTRY, withSample } from '../../support/fieldSamples.ts';

const ELSEWHERE = 'https://elsewhere.example/x';

function minimal(): Provider {
  const [provider] = parseProviders([MINIMAL_ENTRY]).providers;
  assert.ok(provider !== undefined);
  return provider;
}

/** The fields whose sample value changes the result of a function for a provider. */
function changing(describe: (provider: Provider) => unknown): ProviderField[] {
  const usual = JSON.stringify(describe(minimal()));
  return FIELD_ROWS.map(([field]) => field).filter(
    (field) => JSON.stringify(describe(withSample(minimal(), field))) !== usual,
  );
}

/** The fields whose rows match. */
const having = (isSo: (row: FieldRow) => boolean): ProviderField[] =>
  FIELD_ROWS.filter(([, row]) => isSo(row)).map(([field]) => field);

describe('PROVIDER_FIELDS', () => {
  it('distinguishes servers by the fields that identify one', () => {
    const identifying = having(({ server }) => server === 'identifies');
    assert.deepEqual(changing(serverKeyOf), identifying);
    for (const field of ['issuer', 'clientId', 'endpoints', 'metadataUrl'] as const) {
      assert.ok(identifying.includes(field), field);
    }
  });

  it('compares refresh settings by the fields that affect a refresh', () => {
    assert.deepEqual(
      changing(refreshSettingsOf),
      having(({ affectsRefresh }) => affectsRefresh),
    );
  });

  it('has the credential URLs of every field that contains the URL of an endpoint', () => {
    const takesUrl = (field: ProviderField): boolean =>
      [ELSEWHERE, { authorization: ELSEWHERE, token: ELSEWHERE }].some((value) => {
        const isTaken = (one: unknown): boolean =>
          parseProviders([{ ...MINIMAL_ENTRY, [field]: one }]).problems.length === 0;
        // A string, a list or an object that accepts anything isn't for URLs.
        return isTaken(value) && !isTaken(JSON.parse(JSON.stringify(value).replaceAll(ELSEWHERE, 'x')));
      });
    assert.deepEqual(
      having((row) => !('credentialUrls' in row)).filter(takesUrl),
      // The issuer is in the record itself, and a resource only uses a URL as a name.
      ['issuer', 'resource'],
    );
  });

  it('sends credentials only to the origins in the entry', () => {
    const endpoints = { authorization: 'https://login.example/a', token: 'https://id.example.com/t', jwks: ELSEWHERE };
    const origins = (more: Partial<Provider>): string[] => credentialOrigins({ ...minimal(), ...more });
    assert.deepEqual(origins({}), []);
    assert.deepEqual(origins({ metadataUrl: 'https://id.example.com/meta' }), []);
    assert.deepEqual(origins({ metadataUrl: ELSEWHERE }), ['https://elsewhere.example']);
    assert.deepEqual(origins({ endpoints }), ['https://id.example.com']);
    assert.deepEqual(origins({ endpoints, metadataUrl: ELSEWHERE }), ['https://id.example.com']);
    for (const field of [
      'revocation',
      'userinfo',
      'deviceAuthorization',
      'pushedAuthorizationRequest',
      'endSession',
    ] as const) {
      assert.deepEqual(
        origins({ endpoints: { ...endpoints, [field]: ELSEWHERE } }),
        ['https://elsewhere.example', 'https://id.example.com'],
        field,
      );
    }
  });
});
