import assert from 'node:assert/strict';
import { environmentOf, type HostInfo } from '../../../src/flows/availability.ts';
import { ENVIRONMENTS } from '../../support/environments.ts';

const DESKTOP = { isBrowser: false, pageHost: undefined };
const PAGE = { isBrowser: true, remoteName: 'code.example.com', isAtWorkspace: true };
const HOSTS: readonly (readonly [string, HostInfo, keyof typeof ENVIRONMENTS])[] = [
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

describe('The environment that VS Code runs in', () => {
  for (const [what, host, where] of HOSTS) {
    it(`is ${where} for ${what}`, () => {
      assert.deepEqual(environmentOf(host), ENVIRONMENTS[where]);
    });
  }
});
