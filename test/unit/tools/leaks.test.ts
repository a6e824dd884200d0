// Tests of the search for secrets, each with a planted one.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthorizationRequest } from '../../../src/protocol/authorize.ts';
import { exchangeCode } from '../../../src/protocol/exchange.ts';
import { requestRefresh } from '../../../src/protocol/refresh.ts';
import { revokeTokens } from '../../../src/protocol/revoke.ts';
import { discovered, REDIRECT_URI, transportWith } from '../../support/fixtures.ts';
import { Person } from '../../support/browserless.ts';
import { Journal, type RawRequest, type SecretKind } from '../../../tools/identityJournal.ts';
import { demoClientId, startIdentityServer, type IdentityServer } from '../../../tools/identityServer.ts';
import { isTraced, leaks, logsIn } from '../../../tools/leaks.ts';

const LOG = { name: 'a log', text: 'Nothing happens.\nAll is well.' };
const HEADER = Buffer.from('{"alg":"RS256","typ":"JWT","kid":"key-number-1"}').toString('base64url');

const opaque = (kind: SecretKind): string => createHash('sha256').update(kind).digest('base64url');
const jwt = (kind: SecretKind): string => `${HEADER}.eyJzdWIiOiJzb21lYm9keSJ9.${opaque(kind)}`;

/** One secret of each kind. */
const SECRETS: Readonly<Record<SecretKind, string>> = {
  'access token': opaque('access token'),
  'refresh token': opaque('refresh token'),
  'ID token': jwt('ID token'),
  code: opaque('code'),
  'code verifier': opaque('code verifier'),
  'device code': opaque('device code'),
  nonce: opaque('nonce'),
  state: opaque('state'),
  'client secret': `a+${opaque('client secret')}/b`,
  'client assertion': jwt('client assertion'),
};

function journalOf(traffic: readonly Partial<RawRequest>[], redirects: readonly string[] = []): Journal {
  const journal = new Journal();
  for (const [kind, secret] of Object.entries(SECRETS)) {
    journal.keepSecret(secret, kind as SecretKind);
  }
  journal.traffic.push(...traffic.map((request) => ({ method: 'GET', url: '/', headers: [], body: '', ...request })));
  journal.redirects.push(...redirects);
  return journal;
}

/** A form that is posted. */
function form(url: string, fields: Readonly<Record<string, string>>): Partial<RawRequest> {
  return {
    method: 'POST',
    url,
    headers: [['Content-Type', 'application/x-www-form-urlencoded;charset=UTF-8']],
    body: new URLSearchParams(fields).toString(),
  };
}

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

describe('The search for secrets', () => {
  it('accepts logs without secrets', () => {
    assert.deepEqual(leaks(journalOf([{}]), [LOG]), []);
  });

  for (const [kind, secret] of Object.entries(SECRETS)) {
    it(`finds a planted ${kind} in a log, and reports its kind and place, but never the secret`, () => {
      for (const planted of [
        secret,
        secret.slice(-20),
        encodeURIComponent(secret),
        Buffer.from(secret.split('.').at(-1) ?? '').toString('base64'),
      ]) {
        const found = leaks(journalOf([{}]), [LOG, { name: 'window.log', text: `One.\nTwo: ${planted}.\nThree.` }]);
        assert.deepEqual(found, [`${kind} in window.log, line 2`]);
      }
    });
  }

  it('finds a truncated token', () => {
    const text = `token ${SECRETS['refresh token'].slice(0, 18)}…`;
    assert.deepEqual(leaks(journalOf([{}]), [{ name: 'a log', text }]), ['refresh token in a log, line 1']);
  });

  it("doesn't report the header that many JWTs share", () => {
    assert.deepEqual(leaks(journalOf([{}]), [{ name: 'a log', text: `${HEADER}.eyJzdWIiOiJzb21lYm9keSJ9` }]), []);
  });

  it('accepts secrets where the protocol puts them', () => {
    const { state, nonce, code } = SECRETS;
    const traffic = [
      { url: `/auth?${new URLSearchParams({ state, nonce }).toString()}` },
      form('/request', { state, nonce }),
      form('/token', { code, code_verifier: SECRETS['code verifier'] }),
      form('/token', { refresh_token: SECRETS['refresh token'], client_secret: SECRETS['client secret'] }),
      form('/token', { device_code: SECRETS['device code'], client_assertion: SECRETS['client assertion'] }),
      form('/token/revocation', { token: SECRETS['refresh token'] }),
      form('/token/revocation', { token: SECRETS['access token'] }),
      { url: '/token', headers: [['Authorization', basic(`editor:${SECRETS['client secret']}`)]] as const },
      { url: '/me', headers: [['Authorization', `Bearer ${SECRETS['access token']}`]] as const },
      { url: `/session/end?id_token_hint=${SECRETS['ID token']}` },
    ];
    assert.deepEqual(
      leaks(
        journalOf(traffic, [
          `http://127.0.0.1:1/callback?${new URLSearchParams({ code, state }).toString()}`,
          '/interaction/1',
        ]),
        [LOG],
      ),
      [],
    );
  });

  const wrong: readonly (readonly [string, Partial<RawRequest>])[] = [
    ...Object.entries(SECRETS).flatMap(([kind, secret]) => [
      [
        `${kind} in header / Referer`,
        { headers: [['Referer', `http://127.0.0.1/x?y=${encodeURIComponent(secret)}`]] },
      ] as const,
      [`${kind} in header /token User-Agent`, { url: '/token', headers: [['User-Agent', secret]] }] as const,
      [`${kind} in query /token hint`, { url: `/token?hint=${encodeURIComponent(secret)}` }] as const,
      [`${kind} in body /token note`, form('/token', { note: secret })] as const,
      [`${kind} in body /token`, { method: 'POST', url: '/token', body: JSON.stringify({ note: secret }) }] as const,
      [`${kind} in path`, { url: `/${encodeURIComponent(secret)}` }] as const,
      [`${kind} in header`, { headers: [[secret, 'x']] }] as const,
      [`${kind} in query`, { url: `/me?${encodeURIComponent(secret)}=1` }] as const,
    ]),
    ['access token in query /me access_token', { url: `/me?access_token=${SECRETS['access token']}` }],
    [
      'refresh token in header /me Authorization',
      { url: '/me', headers: [['Authorization', `Bearer ${SECRETS['refresh token']}`]] },
    ],
    ['access token in body /token refresh_token', form('/token', { refresh_token: SECRETS['access token'] })],
    ['code verifier in query /auth code_challenge', { url: `/auth?code_challenge=${SECRETS['code verifier']}` }],
    [
      'client secret in header /me Authorization',
      { url: '/me', headers: [['Authorization', basic(`editor:${SECRETS['client secret']}`)]] },
    ],
  ];

  it("finds each kind where the protocol doesn't put it", () => {
    for (const [complaint, request] of wrong) {
      assert.deepEqual(leaks(journalOf([request]), [LOG]), [complaint]);
    }
  });

  it('finds what a redirect must not contain', () => {
    for (const [kind, name] of [
      ['access token', 'access_token'],
      ['nonce', 'nonce'],
      ['code verifier', 'code_verifier'],
      ['ID token', 'id_token'],
    ] as const) {
      assert.deepEqual(leaks(journalOf([{}], [`http://127.0.0.1:1/callback?${name}=${SECRETS[kind]}`]), [LOG]), [
        `${kind} in redirect ${name}`,
      ]);
      assert.deepEqual(leaks(journalOf([{}], [`http://127.0.0.1:1/callback#${name}=${SECRETS[kind]}`]), [LOG]), [
        `${kind} in redirect`,
      ]);
    }
  });

  it('fails when there was nothing to search, or nothing to search for', () => {
    assert.deepEqual(leaks(new Journal(), [{ name: 'a log', text: '\n' }]), [
      'There was no secret to search for.',
      'There was no log to search.',
      'There was no request to search.',
    ]);
    assert.deepEqual(leaks(journalOf([{}]), []), ['There was no log to search.']);
    assert.deepEqual(leaks(journalOf([]), [LOG]), ['There was no request to search.']);
  });

  it("doesn't search for what could occur by chance", () => {
    const journal = journalOf([{}]);
    const { size } = journal.secrets;
    journal.keepSecret('All is well.', 'state');
    assert.equal(journal.secrets.size, size);
    assert.deepEqual(leaks(journal, [LOG]), []);
  });

  it('recognizes a log at the trace level', () => {
    const request = '2031-05-06 07:00:00.000 [trace] POST 127.0.0.1:1/token: 200, 900 characters, 12 ms.';
    assert.deepEqual(
      [
        isTraced([LOG, { name: 'b', text: request }]),
        isTraced([{ name: 'b', text: request.replace('trace', 'debug') }]),
      ],
      [true, false],
    );
  });

  it('reads every log in a folder, at any depth', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sk-'));
    await mkdir(join(folder, 'a', 'b'), { recursive: true });
    await writeFile(join(folder, 'a', 'b', 'c.log'), 'deep');
    await writeFile(join(folder, 'd.log'), 'flat');
    const logs = await logsIn(folder);
    await rm(folder, { recursive: true });
    assert.deepEqual(
      logs.sort((one, other) => one.name.localeCompare(other.name)),
      [
        { name: join('a', 'b', 'c.log'), text: 'deep' },
        { name: 'd.log', text: 'flat' },
      ],
    );
  });

  describe('with a real server', () => {
    let identity: IdentityServer;

    before(async () => {
      identity = await startIdentityServer();
    });

    after(async () => {
      await identity.stop();
    });

    it('recognizes each secret of a session by its kind, and finds all of them where they belong', async () => {
      const transport = transportWith();
      const { signal } = new AbortController();
      const server = await discovered(identity.issuer, { clientId: demoClientId }, transport);
      const request = await createAuthorizationRequest(server, REDIRECT_URI, ['openid', 'offline_access']);
      const answer = await new Person().authorize(request.url.href);
      const tokens = await exchangeCode(server, request, answer.searchParams, transport, signal);
      const renewed = await (
        await requestRefresh(server, tokens.refreshToken ?? '', tokens.claims?.sub, transport, signal)
      ).verify();
      await revokeTokens(server, renewed, transport, signal);
      const { secrets } = identity.journal;
      const expected: readonly (readonly [string | undefined | null, SecretKind])[] = [
        [request.state, 'state'],
        [request.nonce, 'nonce'],
        [request.codeVerifier, 'code verifier'],
        [answer.searchParams.get('code'), 'code'],
        ...[tokens, renewed].flatMap(
          ({ accessToken, refreshToken, idToken }) =>
            [
              [accessToken, 'access token'],
              [refreshToken, 'refresh token'],
              [idToken, 'ID token'],
            ] as const,
        ),
      ];
      assert.deepEqual(
        expected.map(([secret]) => secrets.get(secret ?? '')),
        expected.map(([, kind]) => kind),
      );
      assert.equal(secrets.size, new Set(expected.map(([secret]) => secret)).size);
      assert.deepEqual(leaks(identity.journal, [LOG]), []);
      assert.ok(
        !JSON.stringify(identity.journal.entries).includes(request.state),
        'The entries, which tests print, contain no secret.',
      );
    });

    it('finds a misplaced secret', async () => {
      const [secret = ''] = [...identity.journal.secrets].find(([, kind]) => kind === 'refresh token') ?? [];
      await fetch(`${identity.issuer}/jwks?hint=${secret}`, { headers: { referer: `http://127.0.0.1/?${secret}` } });
      assert.deepEqual(leaks(identity.journal, [LOG]), [
        'refresh token in query /jwks hint',
        'refresh token in header /jwks referer',
      ]);
    });
  });
});
