// Servers that send random responses: each leads to a known failure, and ends no session.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Failure } from '../../../src/core/failure.ts';
import { endsSession } from '../../../src/core/failurePolicies.ts';
import { createAuthorizationRequest } from '../../../src/protocol/authorize.ts';
import { requestDeviceCode } from '../../../src/protocol/device.ts';
import { resolveAccount } from '../../../src/protocol/identity.ts';
import { authorizationUrl } from '../../../src/protocol/pushed.ts';
import {
  discovered,
  GOOD_TOKENS,
  jwtWith,
  REDIRECT_URI,
  trade,
  tradeForIdToken,
  transportWith,
} from '../../support/fixtures.ts';
import { createTestWindow, seedSession, recordAt } from '../../support/testWindow.ts';
import { ScriptedServer } from '../../support/scriptedServer.ts';

const transport = transportWith();
const { signal } = new AbortController();

/** Possible values of a member; common and nearly valid ones are more frequent. */
const value = fc.oneof(
  fc.constantFrom(
    undefined,
    null,
    '',
    0,
    -1,
    '7',
    true,
    [],
    {},
    'Bearer',
    'a.b.c',
    { toString: 0, valueOf: 0 },
    [[]],
    'RS256',
    ['RS256'],
    'https://id.example.com',
    'http://127.0.0.1:1/x',
    9e15,
    '\u0000',
  ),
  fc.jsonValue({ maxDepth: 2 }),
);
const members = (names: readonly string[]): fc.Arbitrary<Record<string, unknown>> =>
  fc.record(Object.fromEntries(names.map((name) => [name, value])), { requiredKeys: [] });

describe('A server that sends malformed responses', () => {
  let server: ScriptedServer;

  beforeEach(async () => {
    server = await ScriptedServer.start();
    server.metadata['device_authorization_endpoint'] = `${server.issuer}/device`;
    server.metadata['userinfo_endpoint'] = `${server.issuer}/me`;
  });

  afterEach(async () => {
    await server.stop();
  });

  /** Sends a request for each response; the result is a success, or a known failure that ends no session. */
  const holds = (
    answers: fc.Arbitrary<Record<string, unknown>>,
    ask: (answer: Record<string, unknown>) => Promise<unknown>,
  ): Promise<void> =>
    fc.assert(
      fc.asyncProperty(answers, async (answer) => {
        const error: unknown = await ask(answer).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        if (error !== undefined) {
          assert.ok(error instanceof Failure, error instanceof Error ? error.stack : "a value that isn't an error");
          assert.notEqual(error.category, 'unexpected', error.stack);
          assert.equal(endsSession(error.category) && !('error' in answer), false, error.message);
        }
      }),
      { seed: 20_300_101, numRuns: 100 },
    );

  it('for its metadata', async () => {
    const names = [
      ...Object.keys(server.metadata),
      'userinfo_signing_alg_values_supported',
      'token_endpoint_auth_methods_supported',
      'code_challenge_methods_supported',
      'grant_types_supported',
    ];
    await holds(members(names), async (answer) => {
      server.onDiscovery({ body: { ...server.metadata, ...answer } });
      await discovered(server.issuer);
    });
  });

  it('with tokens', async () => {
    await holds(
      members([
        ...Object.keys(GOOD_TOKENS),
        'scope',
        'id_token',
        'refresh_expires_in',
        'error',
        'error_description',
        'suberror',
        'claims',
      ]),
      async (answer) => {
        server.onToken({ body: { ...GOOD_TOKENS, ...answer } });
        await trade(server);
      },
    );
  });

  it('with the claims of an ID token', async () => {
    await holds(
      members(['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'azp', 'auth_time', 'tid', 'name', 'preferred_username']),
      async (claims) => {
        const tokens = await tradeForIdToken(server, (nonce) => server.idToken({ aud: 'editor', nonce, ...claims }));
        await resolveAccount(await discovered(server.issuer), tokens, transport, signal);
      },
    );
  });

  it('with the header of an ID token', async () => {
    await holds(members(['alg', 'kid', 'crit', 'typ', 'jwk']), async (header) => {
      const [, payload = '', signature = ''] = (await server.idToken({ aud: 'editor' })).split('.');
      const part = Buffer.from(JSON.stringify({ alg: 'RS256', kid: 'known', ...header })).toString('base64url');
      await tradeForIdToken(server, () => Promise.resolve(`${part}.${payload}.${signature}`));
    });
  });

  it('with keys', async () => {
    const usual = { kty: 'RSA', kid: 'known', alg: 'RS256', use: 'sig', n: 'AQAB', e: 'AQAB' };
    const key = members([...Object.keys(usual), 'key_ops', 'crv', 'x', 'y', 'd']).map((more) => ({
      ...usual,
      ...more,
    }));
    await holds(fc.record({ keys: fc.oneof(fc.array(key, { maxLength: 3 }), value) }), async (answer) => {
      server.on('/jwks', { body: answer });
      await tradeForIdToken(server, (nonce) => server.idToken({ aud: 'editor', nonce }));
    });
  });

  it('for the userinfo', async () => {
    server.onToken({ body: GOOD_TOKENS });
    const tokens = await trade(server);
    const found = await discovered(server.issuer, { account: { id: 'sub', label: 'name' } });
    await holds(members(['sub', 'name', 'preferred_username', 'email']), async (answer) => {
      server.on('/me', { body: answer });
      await resolveAccount(found, tokens, transport, signal);
      server.on('/me', { headers: { 'Content-Type': 'application/jwt' }, body: jwtWith(answer) });
      await resolveAccount(found, tokens, transport, signal);
    });
  });

  it('with device codes', async () => {
    const found = await discovered(server.issuer);
    const usual = { device_code: 'd', user_code: 'U', verification_uri: 'http://127.0.0.1/device', expires_in: 900 };
    await holds(
      members([...Object.keys(usual), 'verification_uri_complete', 'verification_url', 'interval', 'error']),
      async (answer) => {
        server.on('/device', { body: { ...usual, ...answer } });
        await requestDeviceCode(found, ['read'], transport, signal);
      },
    );
  });

  it('with references to pushed requests', async () => {
    server.metadata['pushed_authorization_request_endpoint'] = `${server.issuer}/par`;
    const found = await discovered(server.issuer, { pushedAuthorization: true });
    const request = await createAuthorizationRequest(found, REDIRECT_URI, ['read']);
    await holds(members(['request_uri', 'expires_in', 'error', 'error_description']), async (answer) => {
      server.on('/par', { status: 201, body: { request_uri: 'urn:example:1', expires_in: 60, ...answer } });
      await authorizationUrl(found, request, transport, signal);
    });
  });

  it("in a refresh doesn't end the session, which keeps a refresh token of the server", async () => {
    const testWindow = createTestWindow(server.issuer);
    server.date = () => testWindow.clock.now();
    await holds(
      members([...Object.keys(GOOD_TOKENS), 'scope', 'id_token', 'refresh_token_expires_in']),
      async (answer) => {
        const before = await seedSession(
          testWindow,
          recordAt(server.issuer, testWindow.clock.now(), {
            generation: testWindow.liveSessions.get('s1')?.record.generation ?? 1,
          }),
        );
        server.onToken({ body: { ...GOOD_TOKENS, refresh_token: 'refresh-2', ...answer } });
        try {
          await testWindow.tokenRefresher.refresh('s1', { reason: 'test' });
        } finally {
          const given = 'refresh_token' in answer ? answer['refresh_token'] : 'refresh-2';
          const expected = typeof given === 'string' && given !== '' ? given : before.refreshToken;
          assert.deepEqual([testWindow.record().refreshToken, testWindow.record().ended], [expected, undefined]);
        }
      },
    );
  });
});
