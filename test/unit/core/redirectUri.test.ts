import assert from 'node:assert/strict';
import { parseProviders } from '../../../src/core/parseProviders.ts';
import {
  fixedPortChange,
  isRedirectUri,
  portOf,
  proposedPort,
  redirectTarget,
  redirectUrisOf,
  usesAnyPort,
  withPort,
} from '../../../src/core/redirectUri.ts';

const fields = (
  redirectUri: string | undefined,
  redirectPorts: readonly number[] = [],
): { readonly redirectUri: string | undefined; readonly redirectPorts: readonly number[] } => ({
  redirectUri,
  redirectPorts,
});

describe('A redirect URI of an entry', () => {
  for (const uri of [
    'http://localhost/auth',
    'http://localhost:8400/auth',
    'http://127.0.0.1:3000/',
    'http://[::1]:5000/cb',
    'http://localhost',
    'http://localhost:1',
    'http://LocalHost:65535/A/b/',
    'http://127.255.255.254/x',
    'http://[::1]',
    'http://localhost/%20/a-b_c.d~e',
    'http://localhost//a',
    "http://localhost/a!$&'()*+,;=:@b",
    'http://localhost:80/',
  ]) {
    it(`accepts ${uri}`, () => {
      assert.ok(isRedirectUri(uri));
      assert.equal(
        parseProviders([{ issuer: 'https://id.example.com', clientId: 'c', redirectUri: uri }]).providers[0]
          ?.redirectUri,
        uri,
        'unchanged',
      );
    });
  }

  for (const uri of [
    '',
    'localhost',
    'https://localhost/auth',
    'http://example.com/auth',
    'http://localhost.example.com/auth',
    'http://127.0.0.1.example.com',
    'http://localhost@example.com/',
    'http://ada@localhost/',
    'http://ada:pw@127.0.0.1/',
    'http://localhost/a?b=c',
    'http://localhost/?',
    'http://localhost/#a',
    'http://localhost#',
    'http://localhost:0/',
    'http://localhost:65536/',
    'http://localhost:08400/',
    'http://localhost:/a',
    'http://localhost:8400a/',
    'http://0.0.0.0/',
    'http://[::]/',
    'http://[::2]/',
    'http://10.0.0.1/',
    'http://127.0.0.256/',
    'http://127.1/',
    'http://localhost./',
    'http:/localhost',
    'http:localhost',
    '//localhost/a',
    'http://localhost\\@example.com/',
    'http://localhost/a b',
    ' http://localhost/a',
    'http://localhost/a\n',
    'http://localhost/ä',
    'http://localhost/[a](b)',
    'vscode://localhost/a',
    'javascript:alert(1)',
    'http://2130706433/',
  ]) {
    it(`rejects ${JSON.stringify(uri)}`, () => {
      assert.ok(!isRedirectUri(uri));
      const code = uri === '' ? 'missing' : 'bad-redirect-uri';
      assert.deepEqual(
        parseProviders([{ issuer: 'https://id.example.com', clientId: 'c', redirectUri: uri }]).problems.map(
          (problem) => [problem.field, problem.code],
        ),
        [['redirectUri', code]],
      );
    });
  }

  it('keeps everything except the port when the port is set', () => {
    assert.equal(withPort('http://LocalHost', 5), 'http://LocalHost:5');
    assert.equal(withPort('http://[::1]/a/../b/', 5), 'http://[::1]:5/a/../b/');
    assert.equal(withPort('http://127.0.0.1:80/a:9', 5), 'http://127.0.0.1:5/a:9');
    assert.deepEqual(['http://[::1]/a', 'http://[::1]:80', 'http://localhost/a:5'].map(portOf), [
      undefined,
      80,
      undefined,
    ]);
  });

  it('is registered with its own port, with each of the ports, or with any port', () => {
    assert.deepEqual(redirectUrisOf(fields(undefined)), ['http://127.0.0.1/callback']);
    assert.deepEqual(redirectUrisOf(fields(undefined, [1, 2])), [
      'http://127.0.0.1:1/callback',
      'http://127.0.0.1:2/callback',
    ]);
    assert.deepEqual(redirectUrisOf(fields('http://localhost')), ['http://localhost']);
    assert.deepEqual(redirectUrisOf(fields('http://localhost/a', [1, 2])), [
      'http://localhost:1/a',
      'http://localhost:2/a',
    ]);
    assert.deepEqual(redirectUrisOf(fields('http://localhost:8400/a', [1, 2])), ['http://localhost:8400/a']);
    assert.deepEqual(redirectTarget(fields('http://localhost:8400/a', [1, 2])).ports, [8400]);
    assert.deepEqual(
      [
        fields(undefined),
        fields('http://localhost/a'),
        fields('http://localhost:1'),
        fields('http://localhost', [1]),
      ].map(usesAnyPort),
      [true, true, false, false],
    );
  });

  it('is created from user input, a URI or a port', () => {
    assert.deepEqual(fixedPortChange(' 8400 ', fields(undefined)), { redirectPorts: [8400] });
    assert.deepEqual(fixedPortChange('8400', fields('http://localhost:1/auth')), {
      redirectUri: 'http://localhost:8400/auth',
    });
    assert.deepEqual(fixedPortChange('http://localhost/auth ', fields(undefined, [1])), {
      redirectUri: 'http://localhost/auth',
    });
    for (const text of [
      '',
      '0',
      '65536',
      '-1',
      '8e3',
      '84.0',
      'https://localhost/',
      'localhost:8400',
      'http://example.com:8400/',
    ]) {
      assert.equal(fixedPortChange(text, fields(undefined)), undefined, text);
    }
  });

  it('is proposed with a port below the ephemeral ones', () => {
    for (const random of [0, 0.5, 1 - 2 ** -53]) {
      assert.ok(proposedPort(random) >= 1024 && proposedPort(random) < 32_768);
    }
  });
});
