// Valid and invalid responses of the userinfo endpoint: OpenID Connect Core 5.3.
import assert from 'node:assert/strict';
import type { Category } from '../../../src/core/failurePolicies.ts';
import { RelyingParty } from '../../support/conformance/relyingParty.ts';
import { spoilt } from '../../support/conformance/keys.ts';
import type { SuiteServer } from '../../support/conformance/suiteServer.ts';
import { htmlPage, type Script } from '../../support/scriptedServer.ts';

const json = (body: string): Script => ({ headers: { 'Content-Type': 'application/json' }, body });
const answering =
  (script: Script) =>
  (server: SuiteServer): void =>
    server.at('userinfo', () => script);
const signing =
  (change: (server: SuiteServer) => void = () => {}) =>
  (server: SuiteServer): void => {
    server.userinfoSigning = { algorithm: 'RS256', kid: 'RSA 1' };
    change(server);
  };
const claiming =
  (more: Readonly<Record<string, unknown>>) =>
  (server: SuiteServer): void => {
    server.faults = { userinfo: (claims) => ({ ...claims, ...more }) };
  };

describe('A userinfo response', () => {
  let party: RelyingParty | undefined;

  afterEach(async () => {
    await party?.part();
    party = undefined;
  });

  const meet = async (
    setUp: (server: SuiteServer) => void,
    entry: Parameters<typeof RelyingParty.meet>[0] = {},
  ): Promise<RelyingParty> => {
    party = await RelyingParty.meet(entry);
    setUp(party.server);
    return party;
  };

  const good: Readonly<Record<string, (server: SuiteServer) => void>> = {
    'is plain': () => {},
    'is signed': signing(),
    'is signed with the other common algorithm': signing((server) => {
      server.userinfoSigning = { algorithm: 'ES256', kid: 'P-256 1' };
    }),
    'is signed by a server that lists its algorithms': signing((server) => {
      server.metadata['userinfo_signing_alg_values_supported'] = ['RS256', 'none'];
    }),
    'is signed with keys that were rotated since': signing((server) => {
      server.faults = {
        userinfo: (claims) => {
          server.rotateKeys();
          server.userinfoSigning = server.signing;
          return claims;
        },
      };
    }),
    'is signed, but has no issuer and no audience': signing(claiming({ iss: undefined, aud: undefined })),
    "isn't signed, although the server can sign": (server) => {
      server.metadata['userinfo_signing_alg_values_supported'] = ['RS256'];
    },
    'has a text content type': answering({
      headers: { 'Content-Type': 'text/plain' },
      body: '{"sub":"person-1","name":"sam"}',
    }),
  };
  for (const [what, setUp] of Object.entries(good)) {
    it(`gives the account a name when it ${what}`, async () => {
      const { session } = await (await meet(setUp)).signInWell();
      assert.deepEqual(session.account, { id: 'person-1', label: 'sam' });
    });
  }

  for (const [what, setUp] of [
    ['plain', claiming({ sub: 'person-2' })],
    ['signed', signing(claiming({ sub: 'person-2' }))],
  ] as const) {
    it(`that is ${what} and for another subject makes the sign-in fail, because the access token is for that subject`, async () => {
      await (await meet(setUp)).signInRefused('untrusted-response', 'wrong-subject');
    });
  }

  /** Each fault with its failure if the entry requires the response. Otherwise, only the name is missing. */
  const useless: Readonly<Record<string, readonly [(server: SuiteServer) => void, Category, string?]>> = {
    'is 404': [answering({ status: 404 }), 'no-server', 'http-404'],
    'is 401': [
      answering({ status: 401, headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } }),
      'configuration',
      'http-401',
    ],
    'is 503': [answering({ status: 503 }), 'server', 'http-503'],
    'is HTML': [answering(htmlPage), 'unexpected-html', 'not-json'],
    'is truncated': [answering(json('{"')), 'invalid-response'],
    'is null': [answering(json('null')), 'invalid-response'],
    'is an array': [answering(json('[]')), 'invalid-response'],
    'is empty': [answering(json('')), 'invalid-response'],
    'is missing': [answering('drop'), 'network'],
    'has no subject': [claiming({ sub: undefined }), 'invalid-response'],
    'has an object as its subject': [claiming({ sub: { of: 'person-1' } }), 'invalid-response'],
    'has an invalid signature': [
      signing((server) => {
        server.faults = { userinfoSignature: spoilt };
      }),
      'invalid-response',
      'OAUTH_INVALID_RESPONSE',
    ],
    'is signed with an unknown key': [
      signing((server) => {
        server.userinfoSigning = { algorithm: 'RS256', kid: 'RSA 1' };
        server.faults = {
          userinfo: (claims) => {
            server.at('jwks', () => ({ body: { keys: [] } }));
            server.keys = server.keys.map(({ pair }) => ({ pair, kid: 'other' }));
            server.userinfoSigning = { algorithm: 'RS256', kid: 'other' };
            return claims;
          },
        };
      }),
      'untrusted-response',
      'OAUTH_KEY_SELECTION_FAILED',
    ],
    "is signed with an algorithm that the server doesn't list": [
      signing((server) => {
        server.metadata['userinfo_signing_alg_values_supported'] = ['ES256'];
      }),
      'invalid-response',
      'OAUTH_INVALID_RESPONSE',
    ],
    'is signed with the secret': [
      signing((server) => {
        server.metadata['userinfo_signing_alg_values_supported'] = ['HS256'];
        server.userinfoSigning = { algorithm: 'HS256' };
      }),
      'unsupported-server',
      'unsafe-signature',
    ],
    'is a JWT without a signature': [
      signing((server) => {
        server.metadata['userinfo_signing_alg_values_supported'] = ['none'];
        server.userinfoSigning = { algorithm: 'none' };
      }),
      'unsupported-server',
      'unsafe-signature',
    ],
    'is from another issuer': [signing(claiming({ iss: 'https://evil.example.com' })), 'untrusted-response'],
    'is for another client': [signing(claiming({ aud: 'other' })), 'untrusted-response'],
    'has expired': [signing(claiming({ exp: 1 })), 'clock', 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED'],
    "isn't a JWT, although its content type is": [
      answering({ headers: { 'Content-Type': 'application/jwt' }, body: '{"sub":"person-1"}' }),
      'invalid-response',
    ],
  };
  for (const [what, [setUp, category, code]] of Object.entries(useless)) {
    it(`isn't used when it ${what}, and makes the sign-in fail with ${category} when the entry requires it`, async () => {
      const { session } = await (await meet(setUp)).signInWell();
      assert.deepEqual(session.account, { id: 'person-1', label: 'person-1' });
      await party?.part();
      await (await meet(setUp, { account: { id: 'sub' } })).signInRefused(category, code);
    });
  }
});
