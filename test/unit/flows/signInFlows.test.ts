import assert from 'node:assert/strict';
import { SIGN_IN_METHODS, type Provider, type SignInMethod } from '../../../src/core/provider.ts';
import { isRedirectUri } from '../../../src/core/redirectUri.ts';
import type { Environment, ServerCapabilities } from '../../../src/flows/availability.ts';
import {
  SIGN_IN_FLOWS,
  availableFlows,
  canUseLoopback,
  evaluateFlows,
  fallbackFlows,
  findFlow,
  getFlow,
  redirectUrisFor,
} from '../../../src/flows/signInFlows.ts';
import { DEVICE_GRANT } from '../../../src/protocol/device.ts';
import { ENVIRONMENTS } from '../../support/environments.ts';
import { providerAt } from '../../support/fixtures.ts';

const ISSUER = 'https://id.example.com';
const CALLBACK_URI = 'vscode://session-keeper.session-keeper/callback';

const PLAIN: ServerCapabilities = {};
const DEVICE: ServerCapabilities = { device_authorization_endpoint: 'https://id.example.com/device' };
const CAPABILITIES = {
  'a server with minimal metadata': PLAIN,
  'a server with the device grant': DEVICE,
  'a server with the device grant in its list': {
    ...DEVICE,
    grant_types_supported: ['authorization_code', DEVICE_GRANT],
  },
  'a server that does not list the device grant': { ...DEVICE, grant_types_supported: ['authorization_code'] },
  'a server without the code grant': { ...DEVICE, grant_types_supported: [DEVICE_GRANT] },
  'a server that issues codes and does not list the grant': {
    authorization_endpoint: 'https://id.example.com/authorize',
    response_types_supported: ['code'],
    grant_types_supported: ['refresh_token'],
  },
  'a server without a page to sign in at': { ...DEVICE, token_endpoint: 'https://id.example.com/token' },
  'a server with neither': { grant_types_supported: ['client_credentials'] },
} satisfies Record<string, ServerCapabilities>;

/** The methods in order; those that are unavailable with their reason. */
const evaluated = (environment: Environment, capabilities: ServerCapabilities, signInMethod?: SignInMethod): string =>
  evaluateFlows(environment, providerAt(ISSUER, { signInMethod }), capabilities)
    .map(({ method, reason }) => (reason === undefined ? method : `-${method}:${reason}`))
    .join(' ');

type Row = readonly [keyof typeof ENVIRONMENTS, keyof typeof CAPABILITIES, SignInMethod | undefined, string];
const NOT_REGISTERED = '-uri:not-registered';
const MATRIX: readonly Row[] = [
  [
    'a desktop',
    'a server with minimal metadata',
    undefined,
    `loopback ${NOT_REGISTERED} -device:no-device-endpoint paste`,
  ],
  ['a desktop', 'a server with the device grant', undefined, `loopback ${NOT_REGISTERED} device paste`],
  ['a desktop', 'a server with the device grant in its list', undefined, `loopback ${NOT_REGISTERED} device paste`],
  [
    'a desktop',
    'a server that does not list the device grant',
    undefined,
    `loopback ${NOT_REGISTERED} -device:no-grant paste`,
  ],
  [
    'a desktop',
    'a server without the code grant',
    undefined,
    `-loopback:no-grant ${NOT_REGISTERED} device -paste:no-grant`,
  ],
  [
    'a desktop',
    'a server that issues codes and does not list the grant',
    undefined,
    `loopback ${NOT_REGISTERED} -device:no-device-endpoint paste`,
  ],
  [
    'a desktop',
    'a server without a page to sign in at',
    undefined,
    `-loopback:no-grant ${NOT_REGISTERED} device -paste:no-grant`,
  ],
  [
    'a desktop',
    'a server with neither',
    undefined,
    `-loopback:no-grant ${NOT_REGISTERED} -device:no-device-endpoint -paste:no-grant`,
  ],
  ['a desktop', 'a server with the device grant', 'loopback', `loopback ${NOT_REGISTERED} device paste`],
  ['a desktop', 'a server with the device grant', 'uri', 'uri loopback device paste'],
  ['a desktop', 'a server with the device grant', 'device', `device loopback ${NOT_REGISTERED} paste`],
  ['a desktop', 'a server with the device grant', 'paste', `paste loopback ${NOT_REGISTERED} device`],
  [
    'a desktop',
    'a server with minimal metadata',
    'device',
    `-device:no-device-endpoint loopback ${NOT_REGISTERED} paste`,
  ],
  [
    'a desktop, beyond SSH, WSL or a container',
    'a server with the device grant',
    undefined,
    `loopback ${NOT_REGISTERED} device paste`,
  ],
  ['a desktop, beyond SSH, WSL or a container', 'a server with the device grant', 'uri', 'uri loopback device paste'],
  [
    'a browser on the same machine',
    'a server with minimal metadata',
    undefined,
    `loopback ${NOT_REGISTERED} -device:no-device-endpoint paste`,
  ],
  [
    'a browser on the same machine',
    'a server with the device grant',
    undefined,
    `loopback ${NOT_REGISTERED} device paste`,
  ],
  [
    'a browser on the same machine',
    'a server with the device grant',
    'device',
    `device loopback ${NOT_REGISTERED} paste`,
  ],
  [
    'a browser elsewhere',
    'a server with minimal metadata',
    undefined,
    `-loopback:browser-elsewhere ${NOT_REGISTERED} -device:no-device-endpoint paste`,
  ],
  [
    'a browser elsewhere',
    'a server with the device grant',
    undefined,
    `-loopback:browser-elsewhere ${NOT_REGISTERED} device paste`,
  ],
  ['a browser elsewhere', 'a server with the device grant', 'loopback', `loopback ${NOT_REGISTERED} device paste`],
  ['a browser elsewhere', 'a server with the device grant', 'uri', 'uri -loopback:browser-elsewhere device paste'],
  [
    'a browser elsewhere',
    'a server with the device grant',
    'paste',
    `paste -loopback:browser-elsewhere ${NOT_REGISTERED} device`,
  ],
  [
    'a browser elsewhere',
    'a server that does not list the device grant',
    'device',
    `-device:no-grant -loopback:browser-elsewhere ${NOT_REGISTERED} paste`,
  ],
  [
    'a web worker',
    'a server with minimal metadata',
    undefined,
    `-loopback:cannot-listen ${NOT_REGISTERED} -device:no-device-endpoint paste`,
  ],
  [
    'a web worker',
    'a server with the device grant',
    undefined,
    `-loopback:cannot-listen ${NOT_REGISTERED} device paste`,
  ],
  [
    'a web worker',
    'a server with the device grant',
    'loopback',
    `-loopback:cannot-listen ${NOT_REGISTERED} device paste`,
  ],
  [
    'a web worker',
    'a server with neither',
    'uri',
    '-uri:no-grant -loopback:cannot-listen -device:no-device-endpoint -paste:no-grant',
  ],
];

describe('The sign-in methods', () => {
  for (const [where, what, named, expected] of MATRIX) {
    it(`are evaluated in ${where}, at ${what}${named === undefined ? '' : `, with "${named}" in the entry`}`, () => {
      assert.equal(evaluated(ENVIRONMENTS[where], CAPABILITIES[what], named), expected);
    });
  }

  it('are each evaluated once, everywhere', () => {
    for (const environment of Object.values(ENVIRONMENTS)) {
      for (const capabilities of Object.values(CAPABILITIES)) {
        for (const signInMethod of [undefined, ...SIGN_IN_METHODS]) {
          const methods = evaluateFlows(environment, providerAt(ISSUER, { signInMethod }), capabilities).map(
            ({ method }) => method,
          );
          assert.deepEqual(methods.toSorted(), SIGN_IN_METHODS.toSorted());
          assert.equal(methods[0], signInMethod ?? 'loopback');
        }
      }
    }
  });

  it('always include an available one at a server that has the code grant', () => {
    const provider: Provider = providerAt(ISSUER);
    for (const environment of Object.values(ENVIRONMENTS)) {
      assert.ok(availableFlows(evaluateFlows(environment, provider, PLAIN)).includes('paste'));
    }
  });

  it('are one flow each, in the order of the settings', () => {
    assert.deepEqual(
      SIGN_IN_FLOWS.map(({ id }) => id),
      SIGN_IN_METHODS,
    );
    for (const method of SIGN_IN_METHODS) {
      assert.deepEqual([getFlow(method).id, findFlow(method)?.id], [method, method]);
    }
    assert.deepEqual([findFlow(undefined), findFlow('constructor'), findFlow(1)], [undefined, undefined, undefined]);
  });

  it('specify the targets of their redirect URIs', () => {
    for (const flow of SIGN_IN_FLOWS) {
      const uris = flow.redirectUris(providerAt(ISSUER, { redirectPorts: [1, 2] }), CALLBACK_URI);
      const targets = uris.map((uri) => (isRedirectUri(uri) ? 'loopback-port' : uri === CALLBACK_URI ? 'editor' : uri));
      assert.deepEqual([...new Set(targets)], flow.redirectsTo === 'nowhere' ? [] : [flow.redirectsTo], flow.id);
    }
  });
});

describe('The sign-in methods to offer after one', () => {
  const available: readonly SignInMethod[] = ['loopback', 'device', 'paste'];

  it('are those that follow, then those before, without the one itself', () => {
    assert.deepEqual(fallbackFlows('loopback', available), ['device', 'paste']);
    assert.deepEqual(fallbackFlows('device', available), ['paste', 'loopback']);
    assert.deepEqual(fallbackFlows('paste', available), ['loopback', 'device']);
  });

  it('are all of them when none, or an unavailable one, was tried', () => {
    assert.deepEqual(fallbackFlows(undefined, available), available);
    assert.deepEqual(fallbackFlows('uri', available), available);
    assert.deepEqual(fallbackFlows('paste', ['paste']), []);
  });
});

describe('The redirect URIs to register', () => {
  const registered = (method: SignInMethod | undefined, fields: Partial<Provider> = {}): string[] =>
    redirectUrisFor(providerAt(ISSUER, fields), method, CALLBACK_URI);
  const ANY_PORT = ['http://127.0.0.1/callback'];

  it('are those of the method, or of the one in the entry', () => {
    assert.deepEqual(registered('loopback'), ANY_PORT);
    assert.deepEqual(registered('paste', { redirectPorts: [8400] }), ['http://127.0.0.1:8400/callback']);
    assert.deepEqual(registered('uri'), [CALLBACK_URI]);
    assert.deepEqual(registered(undefined, { signInMethod: 'uri' }), [CALLBACK_URI]);
    assert.deepEqual(registered('loopback', { signInMethod: 'uri' }), ANY_PORT);
  });

  it('are the loopback ones when the method has none, or none is named', () => {
    assert.deepEqual(registered(undefined), ANY_PORT);
    assert.deepEqual(registered('device', { redirectUri: 'http://localhost:5/' }), ['http://localhost:5/']);
    assert.deepEqual(registered(undefined, { signInMethod: 'device' }), ANY_PORT);
  });
});

describe('A loopback redirect after a sign-out', () => {
  it('is possible when the browser returns to this machine, or the entry says that it does', () => {
    const possible = (where: keyof typeof ENVIRONMENTS, signInMethod?: SignInMethod): boolean =>
      canUseLoopback(ENVIRONMENTS[where], providerAt(ISSUER, { signInMethod }));
    assert.deepEqual([possible('a desktop'), possible('a browser elsewhere')], [true, false]);
    assert.deepEqual(
      [possible('a browser elsewhere', 'loopback'), possible('a web worker', 'loopback')],
      [true, false],
    );
  });
});
