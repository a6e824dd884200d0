import assert from 'node:assert/strict';
import { SIGN_IN_METHODS, type Provider, type SignInMethod } from '../../../src/core/provider.ts';
import {
  environmentOf,
  evaluateFlows,
  availableFlows,
  fallbackFlows,
  type Environment,
  type ServerCapabilities,
  type HostInfo,
} from '../../../src/flows/availability.ts';
import { DEVICE_GRANT } from '../../../src/protocol/device.ts';
import { providerAt } from '../../support/fixtures.ts';

const ENVIRONMENTS = {
  'a desktop': { isBrowser: false, isRemote: false, isWorker: false, isPageLocal: true },
  'a desktop, beyond SSH, WSL or a container': { isBrowser: false, isRemote: true, isWorker: false, isPageLocal: true },
  'a browser on the same machine': { isBrowser: true, isRemote: true, isWorker: false, isPageLocal: true },
  'a browser elsewhere': { isBrowser: true, isRemote: true, isWorker: false, isPageLocal: false },
  'a web worker': { isBrowser: true, isRemote: false, isWorker: true, isPageLocal: false },
} satisfies Record<string, Environment>;

const PLAIN: ServerCapabilities = {};
const DEVICE: ServerCapabilities = { device_authorization_endpoint: 'https://id.example.com/device' };
const OFFERS = {
  'a server that says little': PLAIN,
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

/** The ways by their first letters, in order; those that are not there with their reason. */
const told = (environment: Environment, offers: ServerCapabilities, signInMethod?: SignInMethod): string =>
  evaluateFlows(environment, providerAt('https://id.example.com', { signInMethod }), offers)
    .map(({ way, reason }) => (reason === undefined ? way : `-${way}:${reason}`))
    .join(' ');

type Row = readonly [keyof typeof ENVIRONMENTS, keyof typeof OFFERS, SignInMethod | undefined, string];
const NO_LINK = '-uri:not-registered';
const MATRIX: readonly Row[] = [
  ['a desktop', 'a server that says little', undefined, `loopback ${NO_LINK} -device:no-device-endpoint paste`],
  ['a desktop', 'a server with the device grant', undefined, `loopback ${NO_LINK} device paste`],
  ['a desktop', 'a server with the device grant in its list', undefined, `loopback ${NO_LINK} device paste`],
  [
    'a desktop',
    'a server that does not list the device grant',
    undefined,
    `loopback ${NO_LINK} -device:no-grant paste`,
  ],
  ['a desktop', 'a server without the code grant', undefined, `-loopback:no-grant ${NO_LINK} device -paste:no-grant`],
  [
    'a desktop',
    'a server that issues codes and does not list the grant',
    undefined,
    `loopback ${NO_LINK} -device:no-device-endpoint paste`,
  ],
  [
    'a desktop',
    'a server without a page to sign in at',
    undefined,
    `-loopback:no-grant ${NO_LINK} device -paste:no-grant`,
  ],
  [
    'a desktop',
    'a server with neither',
    undefined,
    `-loopback:no-grant ${NO_LINK} -device:no-device-endpoint -paste:no-grant`,
  ],
  ['a desktop', 'a server with the device grant', 'loopback', `loopback ${NO_LINK} device paste`],
  ['a desktop', 'a server with the device grant', 'uri', 'uri loopback device paste'],
  ['a desktop', 'a server with the device grant', 'device', `device loopback ${NO_LINK} paste`],
  ['a desktop', 'a server with the device grant', 'paste', `paste loopback ${NO_LINK} device`],
  ['a desktop', 'a server that says little', 'device', `-device:no-device-endpoint loopback ${NO_LINK} paste`],
  [
    'a desktop, beyond SSH, WSL or a container',
    'a server with the device grant',
    undefined,
    `loopback ${NO_LINK} device paste`,
  ],
  ['a desktop, beyond SSH, WSL or a container', 'a server with the device grant', 'uri', 'uri loopback device paste'],
  [
    'a browser on the same machine',
    'a server that says little',
    undefined,
    `loopback ${NO_LINK} -device:no-device-endpoint paste`,
  ],
  ['a browser on the same machine', 'a server with the device grant', undefined, `loopback ${NO_LINK} device paste`],
  ['a browser on the same machine', 'a server with the device grant', 'device', `device loopback ${NO_LINK} paste`],
  [
    'a browser elsewhere',
    'a server that says little',
    undefined,
    `-loopback:browser-elsewhere ${NO_LINK} -device:no-device-endpoint paste`,
  ],
  [
    'a browser elsewhere',
    'a server with the device grant',
    undefined,
    `-loopback:browser-elsewhere ${NO_LINK} device paste`,
  ],
  ['a browser elsewhere', 'a server with the device grant', 'loopback', `loopback ${NO_LINK} device paste`],
  ['a browser elsewhere', 'a server with the device grant', 'uri', 'uri -loopback:browser-elsewhere device paste'],
  [
    'a browser elsewhere',
    'a server with the device grant',
    'paste',
    `paste -loopback:browser-elsewhere ${NO_LINK} device`,
  ],
  [
    'a browser elsewhere',
    'a server that does not list the device grant',
    'device',
    `-device:no-grant -loopback:browser-elsewhere ${NO_LINK} paste`,
  ],
  [
    'a web worker',
    'a server that says little',
    undefined,
    `-loopback:cannot-listen ${NO_LINK} -device:no-device-endpoint paste`,
  ],
  ['a web worker', 'a server with the device grant', undefined, `-loopback:cannot-listen ${NO_LINK} device paste`],
  ['a web worker', 'a server with the device grant', 'loopback', `-loopback:cannot-listen ${NO_LINK} device paste`],
  [
    'a web worker',
    'a server with neither',
    'uri',
    '-uri:no-grant -loopback:cannot-listen -device:no-device-endpoint -paste:no-grant',
  ],
];

const DESKTOP = { isBrowser: false, pageHost: undefined };
const PAGE = { isBrowser: true, remoteName: 'code.example.com', isAtWorkspace: true };
const TOLD: readonly (readonly [string, HostInfo, keyof typeof ENVIRONMENTS])[] = [
  ['a program', { ...DESKTOP, remoteName: undefined, isAtWorkspace: false }, 'a desktop'],
  [
    'a program that runs this code for its workspace',
    { ...DESKTOP, remoteName: undefined, isAtWorkspace: true },
    'a desktop',
  ],
  [
    'a program with a remote host, and this code at the window',
    { ...DESKTOP, remoteName: 'wsl', isAtWorkspace: false },
    'a desktop',
  ],
  [
    'a program with a remote host, and this code there',
    { ...DESKTOP, remoteName: 'wsl', isAtWorkspace: true },
    'a desktop, beyond SSH, WSL or a container',
  ],
  ...['127.0.0.1', 'localhost', '[::1]'].map((pageHost): [string, HostInfo, 'a browser on the same machine'] => [
    `a page of ${pageHost}`,
    { ...PAGE, pageHost },
    'a browser on the same machine',
  ]),
  ...['code.example.com', 'localhost.example.com', undefined].map(
    (pageHost): [string, HostInfo, 'a browser elsewhere'] => [
      `a page of ${pageHost}`,
      { ...PAGE, pageHost },
      'a browser elsewhere',
    ],
  ),
  [
    'a page without a server',
    { isBrowser: true, remoteName: undefined, isAtWorkspace: false, pageHost: 'code.example.com' },
    'a web worker',
  ],
];

describe('Where VS Code runs', () => {
  for (const [what, told, where] of TOLD) {
    it(`is ${where} for ${what}`, () => {
      assert.deepEqual(environmentOf(told), ENVIRONMENTS[where]);
    });
  }
});

describe('The ways to sign in', () => {
  for (const [where, what, asked, expected] of MATRIX) {
    it(`in ${where}, at ${what}${asked === undefined ? '' : `, with "${asked}" in the entry`}`, () => {
      assert.equal(told(ENVIRONMENTS[where], OFFERS[what], asked), expected);
    });
  }

  it('are each judged once, everywhere', () => {
    for (const environment of Object.values(ENVIRONMENTS)) {
      for (const offers of Object.values(OFFERS)) {
        for (const signInMethod of [undefined, ...SIGN_IN_METHODS]) {
          const ways = evaluateFlows(environment, providerAt('https://id.example.com', { signInMethod }), offers).map(
            ({ way }) => way,
          );
          assert.deepEqual(ways.toSorted(), SIGN_IN_METHODS.toSorted());
          assert.equal(ways[0], signInMethod ?? 'loopback');
        }
      }
    }
  });

  it('always include one at a server that has the code grant', () => {
    const provider: Provider = providerAt('https://id.example.com');
    for (const environment of Object.values(ENVIRONMENTS)) {
      assert.ok(availableFlows(evaluateFlows(environment, provider, PLAIN)).includes('paste'));
    }
  });
});

describe('The ways to offer after one', () => {
  const ways: readonly SignInMethod[] = ['loopback', 'device', 'paste'];

  it('are those that follow, then those before, without the one itself', () => {
    assert.deepEqual(fallbackFlows('loopback', ways), ['device', 'paste']);
    assert.deepEqual(fallbackFlows('device', ways), ['paste', 'loopback']);
    assert.deepEqual(fallbackFlows('paste', ways), ['loopback', 'device']);
  });

  it('are all of them where none was tried, or one that is not there', () => {
    assert.deepEqual(fallbackFlows(undefined, ways), ways);
    assert.deepEqual(fallbackFlows('uri', ways), ways);
    assert.deepEqual(fallbackFlows('paste', ['paste']), []);
  });
});
