// The relying-party modules of OpenID Connect: https://gitlab.com/openid/conformance-suite, src/main/java/net/openid/conformance/openid/client.
import assert from 'node:assert/strict';
import { MINUTE, SECOND } from '../../../src/core/clock.ts';
import { keysOf, spoilt } from './keys.ts';
import { accepts, notApplicable, refuses, type Module } from './module.ts';
import type { RelyingParty } from './relyingParty.ts';
import type { SuiteServer } from './suiteServer.ts';

/** Changes the ID tokens of a server; undefined removes a claim. */
const withClaims =
  (change: (claims: Record<string, unknown>) => Record<string, unknown>) =>
  (server: SuiteServer): void => {
    server.faults = { claims: (claims) => ({ ...claims, ...change(claims) }) };
  };

const longer = (value: unknown): string => `${String(value)}1`;

/** A sign-in with an invalid ID token, after which no more requests are sent to the server. */
function badIdToken(
  name: string,
  about: string,
  outcome: Parameters<typeof refuses>[2],
  setUp: (server: SuiteServer) => void,
  because?: string,
): Module {
  return refuses(
    name,
    about,
    outcome,
    {},
    {
      ...(because === undefined ? {} : { because }),
      run: async (party) => {
        setUp(party.server);
        await party.signInRefused(...outcome);
        assert.deepEqual([party.server.requestsTo('token').length, party.server.requestsTo('userinfo').length], [1, 0]);
      },
    },
  );
}

const signsWellWith =
  (setUp: (party: RelyingParty) => void) =>
  async (party: RelyingParty): Promise<void> => {
    setUp(party);
    await party.signInWell();
  };

/** A signature with an algorithm that isn't the ID token's own. */
function badSignature(algorithm: 'RS256' | 'ES256'): Module {
  return {
    name: `oidcc-client-test-invalid-sig-${algorithm.toLowerCase()}`,
    about: `sends an ID token with the ${algorithm} signature of another one`,
    verdict: 'refuses',
    category: 'invalid-response',
    code: 'OAUTH_INVALID_RESPONSE',
    because: 'The suite allows a client to skip this check at the token endpoint; this client never does.',
    run: async (party) => {
      party.server.metadata['id_token_signing_alg_values_supported'] = [algorithm];
      party.server.signing = { algorithm, kid: algorithm === 'RS256' ? 'RSA 1' : 'P-256 1' };
      await party.signInWell();
      party.server.faults = { signature: spoilt };
      const { failure } = await party.signIn();
      assert.deepEqual([failure?.category, failure?.code], ['invalid-response', 'OAUTH_INVALID_RESPONSE']);
    },
  };
}

/** An ID token that is unsigned, or signed with a key that a native client can't keep secret. */
function unsafeAlgorithm(name: string, about: string, algorithm: 'HS256' | 'none', because: string): Module {
  return {
    name,
    about,
    because,
    verdict: 'refuses',
    category: 'unsupported-server',
    code: 'unsafe-signature',
    hasSecret: true,
    run: async (party) => {
      const { server } = party;
      server.clientAuthentication = 'client_secret_basic';
      server.metadata['id_token_signing_alg_values_supported'] = [algorithm];
      server.signing = { algorithm };
      const { failure } = await party.signInRefused('unsupported-server', 'unsafe-signature');
      assert.equal(failure?.detail, algorithm);
      server.faults = { signature: spoilt };
      await party.signInRefused('unsupported-server', 'unsafe-signature');
      assert.deepEqual(server.requestsTo('userinfo'), []);
    },
  };
}

/** A refresh with an invalid ID token: neither its access token nor its ID token is used, and its refresh token is kept. */
function badRenewal(
  name: string,
  about: string,
  category: 'untrusted-response' | 'other-account',
  code: string,
  claim: 'iss' | 'sub',
): Module {
  return {
    name,
    about,
    verdict: 'refuses',
    category,
    code,
    run: async (party) => {
      const { testWindow, server } = party;
      const { session } = await party.signInWell();
      server.faults = {
        claims: (claims, grant) => (grant === 'refresh_token' ? { ...claims, [claim]: longer(claims[claim]) } : claims),
      };
      await testWindow.clock.pass(4 * MINUTE + 30 * SECOND);
      assert.equal(await party.tokenOf(session), session.accessToken, 'the previous one, which still works');
      const { failure, record } = testWindow.liveSessions.get(session.id) ?? {};
      assert.deepEqual([failure?.category, failure?.code, record?.ended], [category, code, undefined]);
      assert.deepEqual([record?.accessToken, record?.idToken], [session.accessToken, session.idToken]);
      const [renewal] = server.requestsTo('token').slice(1);
      assert.equal(renewal?.parameters.get('refresh_token'), session.refreshToken);
      assert.notEqual(record?.refreshToken, session.refreshToken, 'the server no longer accepts any other token');
      assert.equal(
        (JSON.parse(testWindow.stored(session.id) ?? '') as { refreshToken: string }).refreshToken,
        record?.refreshToken,
      );
      // The first of the two is sent by a sign-in whose ID token contains no name.
      assert.equal(server.requestsTo('userinfo').length, 1);
      await testWindow.clock.pass(MINUTE);
      await assert.rejects(party.tokenOf(session), { category });
      server.faults = {};
      await testWindow.clock.pass(10 * MINUTE);
      const renewed = await party.tokenOf(session);
      assert.notEqual(renewed, undefined);
      assert.notEqual(renewed, session.accessToken);
    },
  };
}

/** The modules, in the order of the list. */
export const CONNECT_MODULES: readonly Module[] = [
  accepts('oidcc-client-test', 'responds correctly', {
    run: async (party) => {
      const { session } = await party.signInWell();
      assert.deepEqual(session.account, { id: 'person-1', label: 'sam' });
      assert.deepEqual(party.server.paths, [
        '.well-known/openid-configuration',
        'authorize',
        'token',
        'jwks',
        'userinfo',
      ]);
    },
  }),
  accepts('oidcc-client-test-client-secret-basic', 'accepts the client secret only in the Authorization header', {
    hasSecret: true,
    run: async (party) => {
      party.server.clientAuthentication = 'client_secret_basic';
      const { session } = await party.signInWell();
      await party.testWindow.tokenRefresher.refresh(session.id, { reason: 'test' });
      await (
        await party.testWindow.sessionManager.signOut(session.id)
      ).atServer;
      const shown = ['token', 'revoke']
        .flatMap((name) => party.server.requestsTo(name))
        .map(({ headers }) => headers.authorization?.startsWith('Basic '));
      assert.deepEqual(shown, [true, true, true, true]);
    },
  }),
  refuses(
    'oidcc-client-test-discovery-issuer-mismatch',
    'reports another issuer',
    ['issuer-mismatch', 'issuer-mismatch'],
    {},
    {
      run: async (party) => {
        party.server.faults = {
          metadata: (metadata) => ({ ...metadata, issuer: `${String(metadata['issuer'])}INVALID` }),
        };
        const { page } = await party.signInRefused('issuer-mismatch', 'issuer-mismatch');
        assert.equal(page, undefined);
        assert.ok(
          party.server.paths.every((path) => path.includes('.well-known/')),
          party.server.paths.join(' '),
        );
      },
    },
  ),
  accepts('oidcc-client-test-discovery-jwks-uri-keys', 'has its keys at a URL that only its metadata contains', {
    run: async (party) => {
      const { server } = party;
      server.metadata['jwks_uri'] = `${server.issuer}jwksMqzbTfXoPw`;
      server.at('jwksMqzbTfXoPw', () => ({
        body: { keys: server.keys.map(({ kid, pair }) => ({ ...pair.jwk, kid })) },
      }));
      await party.signInWell();
      assert.deepEqual([server.requestsTo('jwksMqzbTfXoPw').length, server.requestsTo('jwks').length], [1, 0]);
    },
  }),
  accepts('oidcc-client-test-discovery-openid-config', 'publishes its endpoints in its metadata', {
    run: async (party) => {
      const { server } = party;
      server.faults = {
        metadata: (metadata) => ({
          ...metadata,
          authorization_endpoint: `${server.issuer}authorize?tenant=a`,
          unknown: [{ to: 'everybody' }],
        }),
      };
      await party.signInWell();
      assert.equal(server.paths[0], '.well-known/openid-configuration');
      assert.equal(server.requestsTo('authorize')[0]?.parameters.get('tenant'), 'a');
    },
  }),
  notApplicable(
    'oidcc-client-test-dynamic-registration',
    'requires dynamic client registration',
    'The client ID is part of the entry; an unknown one is rejected, and nothing is registered.',
    {
      category: 'client-rejected',
      code: 'invalid_client',
      run: async (party) => {
        party.server.at('token', () => ({
          status: 401,
          headers: { 'WWW-Authenticate': 'Basic' },
          body: { error: 'invalid_client' },
        }));
        await party.signInRefused('client-rejected', 'invalid_client');
        assert.deepEqual(party.server.requestsTo('register'), []);
      },
    },
  ),
  notApplicable(
    'oidcc-client-test-form-post-error',
    'responds with an error in a form (response_mode=form_post)',
    "No entry can request this mode. Such a form doesn't end the sign-in; the same error in the URL does.",
    {
      category: 'sign-in-needed',
      code: 'login_required',
      provider: { authorizationParameters: { prompt: 'none', max_age: '0' } },
      run: async (party) => {
        let back = '';
        party.server.at('authorize', ({ parameters }) => {
          assert.deepEqual(
            [parameters.get('response_mode'), parameters.get('prompt'), parameters.get('max_age')],
            [null, 'none', '0'],
          );
          back = parameters.get('redirect_uri') ?? '';
          const fields = `<input name="error" value="login_required"><input name="state" value="${parameters.get('state') ?? ''}">`;
          return {
            headers: { 'Content-Type': 'text/html' },
            body: `<form id="f" method="post" action="${back}">${fields}</form>`,
          };
        });
        const { ended, page } = await party.begin();
        assert.equal((await page)?.status, 400);
        const [asked] = party.server.requestsTo('authorize');
        const answer = await fetch(
          `${back}?${new URLSearchParams({ error: 'login_required', state: asked?.parameters.get('state') ?? '' }).toString()}`,
        );
        assert.match(await answer.text(), /<h1>Not signed in<\/h1>/);
        const { failure } = await ended;
        assert.deepEqual([failure?.category, failure?.code], ['sign-in-needed', 'login_required']);
      },
    },
  ),
  unsafeAlgorithm(
    'oidcc-client-test-idtoken-sig-none',
    'sends an ID token without a signature',
    'none',
    "The suite leaves it to the client. Such a token can't be distinguished from a forged one.",
  ),
  accepts('oidcc-client-test-idtoken-sig-rs256', 'signs with RS256 only', {
    run: signsWellWith(({ server }) => {
      server.metadata['id_token_signing_alg_values_supported'] = ['RS256'];
    }),
  }),
  badIdToken(
    'oidcc-client-test-invalid-aud',
    'sends an ID token for another client',
    ['untrusted-response', 'OAUTH_JWT_CLAIM_COMPARISON_FAILED'],
    withClaims(({ aud }) => ({ aud: longer(aud) })),
  ),
  badIdToken(
    'oidcc-client-test-invalid-iss',
    'sends an ID token of another issuer',
    ['untrusted-response', 'OAUTH_JWT_CLAIM_COMPARISON_FAILED'],
    withClaims(({ iss }) => ({ iss: longer(iss) })),
  ),
  badSignature('RS256'),
  badSignature('ES256'),
  unsafeAlgorithm(
    'oidcc-client-test-invalid-sig-hs256',
    'signs the ID token with the client secret (HS256), incorrectly',
    'HS256',
    "Rejected even if the signature is correct: a native client can't keep the key secret (OpenID Connect Core 10.1).",
  ),
  accepts('oidcc-client-test-kid-absent-single-jwks', 'names no key in the ID token and has one suitable key', {
    run: signsWellWith(({ server }) => {
      server.keys = keysOf({ RSA: 1, 'P-256': 1, secp256k1: 1, Ed25519: 1 }, 0, false);
      server.signing = { algorithm: 'RS256' };
    }),
  }),
  accepts('oidcc-client-test-kid-absent-multiple-jwks', 'names no key in the ID token and has several suitable keys', {
    run: signsWellWith(({ server }) => {
      server.keys = keysOf({ RSA: 3, 'P-256': 3, secp256k1: 3, Ed25519: 3 }, 0, false);
      server.signing = { algorithm: 'RS256' };
    }),
  }),
  badIdToken(
    'oidcc-client-test-missing-aud',
    'sends an ID token without `aud`',
    ['invalid-response', 'OAUTH_INVALID_RESPONSE'],
    withClaims(() => ({ aud: undefined })),
  ),
  badIdToken(
    'oidcc-client-test-missing-iat',
    'sends an ID token without `iat`',
    ['invalid-response', 'OAUTH_INVALID_RESPONSE'],
    withClaims(() => ({ iat: undefined })),
  ),
  badIdToken(
    'oidcc-client-test-missing-sub',
    'sends an ID token without `sub`',
    ['invalid-response', 'OAUTH_INVALID_RESPONSE'],
    withClaims(() => ({ sub: undefined })),
  ),
  badIdToken(
    'oidcc-client-test-nonce-invalid',
    'sends an ID token with another nonce',
    ['untrusted-response', 'OAUTH_JWT_CLAIM_COMPARISON_FAILED'],
    withClaims(({ nonce }) => ({ nonce: longer(nonce) })),
  ),
  notApplicable(
    'oidcc-client-test-nonce-unless-code-flow',
    'requires a nonce in the implicit and the hybrid flow',
    'This product requests only a code, and still sends a nonce; a response of another flow is rejected.',
    {
      category: 'configuration',
      code: 'OAUTH_UNSUPPORTED_OPERATION',
      run: async (party) => {
        await party.signInWell();
        const [asked] = party.server.requestsTo('authorize');
        assert.deepEqual(
          [asked?.parameters.get('response_type'), /^[\w-]{43}$/.test(asked?.parameters.get('nonce') ?? '')],
          ['code', true],
        );
        party.server.faults = { authorization: (answer) => answer.set('id_token', 'x.y.z') };
        const { failure } = await party.signIn();
        assert.deepEqual([failure?.category, failure?.code], ['configuration', 'OAUTH_UNSUPPORTED_OPERATION']);
      },
    },
  ),
  accepts('oidcc-client-test-scope-userinfo-claims', 'returns the claims of the scopes at the userinfo endpoint', {
    run: async (party) => {
      const { session } = await party.signInWell();
      const scope = party.server.requestsTo('authorize')[0]?.parameters.get('scope')?.split(' ') ?? [];
      assert.ok(['profile', 'email', 'phone', 'address'].some((one) => scope.includes(one)));
      assert.equal(session.account.label, 'sam');
    },
  }),
  accepts('oidcc-client-test-signing-key-rotation', 'has new keys at the second sign-in', {
    run: async (party) => {
      await party.signInWell();
      party.server.rotateKeys();
      await party.signInWell();
      assert.equal(party.server.requestsTo('jwks').length, 2);
    },
  }),
  accepts(
    'oidcc-client-test-signing-key-rotation-just-before-signing',
    'rotates its keys just before it signs, in a refresh, too',
    {
      run: async (party) => {
        const { testWindow, server } = party;
        server.faults = { beforeSigning: () => server.rotateKeys() };
        const { session } = await party.signInWell();
        await testWindow.clock.pass(4 * MINUTE + 30 * SECOND);
        assert.notEqual(await party.tokenOf(session), session.accessToken);
        assert.deepEqual([testWindow.record(session.id).generation, server.requestsTo('jwks').length], [2, 2]);
      },
    },
  ),
  accepts('oidcc-client-test-userinfo-bearer-header', 'accepts the access token only in the Authorization header', {
    run: async (party) => {
      const { session } = await party.signInWell();
      const [asked] = party.server.requestsTo('userinfo');
      assert.deepEqual(
        [asked?.headers.authorization, [...(asked?.parameters.keys() ?? [])]],
        [`Bearer ${session.accessToken}`, []],
      );
    },
  }),
  refuses(
    'oidcc-client-test-userinfo-invalid-sub',
    'returns another user at the userinfo endpoint',
    ['untrusted-response', 'wrong-subject'],
    {
      userinfo: (claims) => ({ ...claims, sub: `${String(claims['sub'])}invalid` }),
    },
  ),
  accepts('oidcc-client-test-userinfo-signed', 'signs the userinfo response', {
    run: async (party) => {
      party.server.userinfoSigning = { algorithm: 'RS256', kid: 'RSA 1' };
      const { session } = await party.signInWell();
      assert.equal(session.account.label, 'sam');
    },
  }),
  accepts('oidcc-client-test-refresh-token', 'issues a refresh token, and new tokens for it', {
    run: async (party) => {
      const { testWindow, server } = party;
      const { session } = await party.signInWell();
      await testWindow.clock.pass(4 * MINUTE + 30 * SECOND);
      const renewed = await party.tokenOf(session);
      assert.ok(renewed !== undefined && renewed !== session.accessToken);
      const record = testWindow.record(session.id);
      assert.deepEqual(
        [record.generation, record.isComplete, record.refreshToken === session.refreshToken],
        [2, true, false],
      );
      assert.deepEqual(JSON.parse(testWindow.stored(session.id) ?? ''), record);
      assert.equal(server.requestsTo('token')[1]?.parameters.get('scope'), null);
      assert.equal(await party.userinfoWith(renewed), 200);
    },
  }),
  badRenewal(
    'oidcc-client-test-refresh-token-invalid-issuer',
    'sends an ID token of another issuer in a refresh',
    'untrusted-response',
    'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
    'iss',
  ),
  badRenewal(
    'oidcc-client-test-refresh-token-invalid-sub',
    'sends an ID token of another user in a refresh',
    'other-account',
    'other-subject',
    'sub',
  ),
];
