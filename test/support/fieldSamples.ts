// For each field of a provider, a value other than the default, in an entry and in the provider, and the default.
import { HOUR, MINUTE, SECOND } from '../../src/core/clock.ts';
import { DEFAULT_PROVIDER_ID, DEFAULT_SCOPES, type Provider, type ProviderField } from '../../src/core/provider.ts';

/** A value of one field. */
export interface FieldSample<Field extends ProviderField = ProviderField> {
  /** In a settings entry. */
  readonly setting: unknown;
  /** In the provider. */
  readonly value: Provider[Field];
  /** In the provider of {@link MINIMAL_ENTRY}. */
  readonly byDefault: Provider[Field];
}

/** The shortest entry. */
export const MINIMAL_ENTRY = { issuer: 'https://id.example.com', clientId: 'client-1' } as const;

/** A sample whose value is the same in the entry and in the provider. */
function same<Value>(
  value: Value,
  byDefault: Value,
): { readonly setting: Value; readonly value: Value; readonly byDefault: Value } {
  return { setting: value, value, byDefault };
}

/** The samples. */
export const FIELD_SAMPLES: { readonly [Field in ProviderField]: FieldSample<Field> } = {
  id: same('acme.prod_1-x', DEFAULT_PROVIDER_ID),
  label: { setting: ' Acme \u202E[x] ', value: 'Acme x', byDefault: 'id.example.com' },
  issuer: same('https://id.example.com/realms/a/', MINIMAL_ENTRY.issuer),
  metadataUrl: same<string | undefined>('https://id.example.com/meta?p=a', undefined),
  clientId: { setting: ' sample-client ', value: 'sample-client', byDefault: MINIMAL_ENTRY.clientId },
  scopes: { setting: ['a', 'b', 'a'], value: ['a', 'b'], byDefault: DEFAULT_SCOPES },
  assumedLifetime: { setting: 90, value: 90 * SECOND, byDefault: undefined },
  sessionLifetime: { setting: 480, value: 8 * HOUR, byDefault: undefined },
  idleTimeout: { setting: 30, value: 30 * MINUTE, byDefault: undefined },
  accountsMenu: same(false, true),
  signInMethod: same<Provider['signInMethod']>('device', undefined),
  redirectPorts: { setting: [33418, 33419, 33418], value: [33418, 33419], byDefault: [] },
  redirectUri: same<string | undefined>('http://localhost/auth', undefined),
  authorizationParameters: same({ audience: 'https://api.example.com', max_age: '600' }, {}),
  tokenParameters: same({ audience: 'https://api.example.com' }, {}),
  scopeOnRefresh: same(true, false),
  combineScopes: same(true, false),
  resource: {
    setting: ['https://api.example.com', 'urn:example:api', 'https://api.example.com'],
    value: ['https://api.example.com', 'urn:example:api'],
    byDefault: [],
  },
  pushedAuthorization: same(true, false),
  dpop: same(true, false),
  endpoints: same<Provider['endpoints']>(
    {
      authorization: 'https://id.example.com/a?b=c',
      token: 'https://id.example.com/t',
      userinfo: 'https://api.example.com/me',
    },
    undefined,
  ),
  account: same<Provider['account']>({ id: 'id', label: 'login' }, undefined),
  allowedAccounts: same<Provider['allowedAccounts']>({ name: ['*@example.com'], tid: ['t'] }, undefined),
  clientAuthentication: same<Provider['clientAuthentication']>('client_secret_post', undefined),
  sessionToken: same<Provider['sessionToken']>('id_token', 'access_token'),
  revokeReplacedSession: same(false, undefined),
  git: {
    setting: ['https://git.example.com', 'https://GIT.example.com/', 'http://127.0.0.1:3000'],
    value: ['https://git.example.com', 'http://127.0.0.1:3000'],
    byDefault: [],
  },
  mcpServers: {
    setting: [
      {
        label: ' Notes [x](y) ',
        url: 'https://mcp.example.com/mcp?a=b',
        scopes: ['notes'],
        account: 'ada@example.com',
      },
      { label: 'Local', url: 'http://127.0.0.1:3000/mcp' },
    ],
    value: [
      { label: 'Notes x(y)', url: 'https://mcp.example.com/mcp?a=b', scopes: ['notes'], account: 'ada@example.com' },
      { label: 'Local', url: 'http://127.0.0.1:3000/mcp' },
    ],
    byDefault: [],
  },
  signOutAtServer: same<Provider['signOutAtServer']>('return', false),
};

/** An entry with every field. */
export const FULL_ENTRY: Readonly<Record<string, unknown>> = Object.fromEntries(
  Object.entries(FIELD_SAMPLES).map(([field, { setting }]) => [field, setting]),
);

/** What the value of one field of a provider is replaced with. */
export function withSample(provider: Provider, field: ProviderField): Provider {
  return { ...provider, [field]: FIELD_SAMPLES[field].value };
}
