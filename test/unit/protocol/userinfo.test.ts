// What the userinfo endpoint says of a person, right or wrong: OpenID Connect Core 5.3.
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

describe('A userinfo answer', () => {
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
    'is signed with the other usual algorithm': signing((server) => {
      server.userinfoSigning = { algorithm: 'ES256', kid: 'P-256 1' };
    }),
    'is signed by a server that says with which algorithms': signing((server) => {
      server.metadata['userinfo_signing_alg_values_supported'] = ['RS256', 'none'];
    }),
    'is signed by keys that have changed since': signing((server) => {
      server.faults = {
        userinfo: (claims) => {
          server.rotateKeys();
          server.userinfoSigning = server.signing;
          return claims;
        },
      };
    }),
    'names itself neither as issuer nor its client as audience, though signed': signing(
      claiming({ iss: undefined, aud: undefined }),
    ),
    'is plain, though the server could sign': (server) => {
      server.metadata['userinfo_signing_alg_values_supported'] = ['RS256'];
    },
    'calls itself text': answering({
      headers: { 'Content-Type': 'text/plain' },
      body: '{"sub":"person-1","name":"sam"}',
    }),
  };
  for (const [what, setUp] of Object.entries(good)) {
    it(`that ${what} gives the person a name`, async () => {
      const { session } = await (await meet(setUp)).signInWell();
      assert.deepEqual(session.account, { id: 'person-1', label: 'sam' });
    });
  }

  for (const [what, setUp] of [
    ['plain', claiming({ sub: 'person-2' })],
    ['signed', signing(claiming({ sub: 'person-2' }))],
  ] as const) {
    it(`that speaks of another person, ${what}, says whose the access token is: nobody is signed in`, async () => {
      await (await meet(setUp)).signInRefused('untrusted-response', 'wrong-subject');
    });
  }

  /** Each fault with what it is where the entry counts on the answer. Where it does not, it costs the name alone. */
  const useless: Readonly<Record<string, readonly [(server: SuiteServer) => void, Category, string?]>> = {
    'is 404': [answering({ status: 404 }), 'no-server', 'http-404'],
    'is 401': [
      answering({ status: 401, headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } }),
      'configuration',
      'http-401',
    ],
    'is 503': [answering({ status: 503 }), 'server', 'http-503'],
    'is a page': [answering(htmlPage), 'unexpected-html', 'not-json'],
    'is cut off': [answering(json('{"')), 'invalid-response'],
    'is null': [answering(json('null')), 'invalid-response'],
    'is a list': [answering(json('[]')), 'invalid-response'],
    'is empty': [answering(json('')), 'invalid-response'],
    'does not come': [answering('drop'), 'network'],
    'says not of whom it speaks': [claiming({ sub: undefined }), 'invalid-response'],
    'speaks of an object': [claiming({ sub: { of: 'person-1' } }), 'invalid-response'],
    'is signed, and wrongly': [
      signing((server) => {
        server.faults = { userinfoSignature: spoilt };
      }),
      'invalid-response',
      'OAUTH_INVALID_RESPONSE',
    ],
    'is signed by a key that nobody knows': [
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
    'is signed by an algorithm that the server does not name': [
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
    'has run out': [signing(claiming({ exp: 1 })), 'clock', 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED'],
    'is no JWT, though it says so': [
      answering({ headers: { 'Content-Type': 'application/jwt' }, body: '{"sub":"person-1"}' }),
      'invalid-response',
    ],
  };
  for (const [what, [setUp, category, code]] of Object.entries(useless)) {
    it(`that ${what} is not used, and is ${category} where the entry counts on it`, async () => {
      const { session } = await (await meet(setUp)).signInWell();
      assert.deepEqual(session.account, { id: 'person-1', label: 'person-1' });
      await party?.part();
      await (await meet(setUp, { account: { id: 'sub' } })).signInRefused(category, code);
    });
  }
});
