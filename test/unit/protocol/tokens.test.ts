import assert from 'node:assert/strict';
import { DAY, MINUTE } from '../../../src/core/clock.ts';
import type { Category } from '../../../src/core/failurePolicies.ts';
import { createAuthorizationRequest } from '../../../src/protocol/authorize.ts';
import { exchangeCode } from '../../../src/protocol/exchange.ts';
import { requestRefresh } from '../../../src/protocol/refresh.ts';
import {
  answerTo,
  discovered,
  GOOD_TOKENS,
  jwtWith,
  REDIRECT_URI,
  trade,
  tradeForIdToken,
  transportWith,
} from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import { ManualAsyncClock } from '../../support/manualAsyncClock.ts';
import { htmlPage, ScriptedServer, type Script } from '../../support/scriptedServer.ts';

describe('A token response', () => {
  let server: ScriptedServer;

  beforeEach(async () => {
    server = await ScriptedServer.start();
  });

  afterEach(async () => {
    await server.stop();
  });

  const answering = (more: Readonly<Record<string, unknown>>): void =>
    server.onToken({ body: { ...GOOD_TOKENS, ...more } });
  /** The remaining lifetime of the access token when it was requested, in ms. */
  const lifetimeFor = async (more: Readonly<Record<string, unknown>>, assumedLifetime?: number): Promise<unknown[]> => {
    answering(more);
    const { accessExpiresAt, sentAt, expirySource } = await trade(server, { provider: { assumedLifetime } });
    return [accessExpiresAt === undefined ? undefined : accessExpiresAt - sentAt, expirySource];
  };

  it('contains the tokens, after a request with the code and its verifier', async () => {
    answering({});
    const tokens = await trade(server);
    assert.deepEqual(
      [tokens.accessToken, tokens.refreshToken, tokens.tokenType, tokens.idToken, tokens.scopes],
      ['access-1', 'refresh-1', 'Bearer', undefined, undefined],
    );
    const [request] = server.requestsTo('/token');
    assert.deepEqual([...(request?.parameters.keys() ?? [])].sort(), [
      'client_id',
      'code',
      'code_verifier',
      'grant_type',
      'redirect_uri',
    ]);
    assert.equal(request?.headers.authorization, undefined);
  });

  it("is requested with the parameters of the entry, which don't override those of the protocol", async () => {
    answering({});
    const tokenParameters = {
      audience: 'https://api.example.com',
      code: 'evil',
      code_verifier: 'evil',
      redirect_uri: 'evil',
      grant_type: 'evil',
      client_id: 'evil',
    };
    await trade(server, { provider: { tokenParameters } });
    const renewal = await requestRefresh(
      await discovered(server.issuer, { tokenParameters: { ...tokenParameters, refresh_token: 'evil' } }),
      'refresh-1',
      undefined,
      transportWith(),
    );
    await renewal.verify();
    const [exchange, refresh] = server.requestsTo('/token').map(({ parameters }) => parameters);
    assert.deepEqual(
      [exchange?.get('audience'), refresh?.get('audience')],
      ['https://api.example.com', 'https://api.example.com'],
    );
    assert.deepEqual(
      [
        exchange?.getAll('code'),
        exchange?.getAll('redirect_uri'),
        exchange?.getAll('grant_type'),
        exchange?.getAll('client_id'),
      ],
      [['code-1'], [REDIRECT_URI], ['authorization_code'], ['editor']],
    );
    assert.notEqual(exchange?.get('code_verifier'), 'evil');
    assert.deepEqual(
      [refresh?.getAll('refresh_token'), refresh?.getAll('grant_type')],
      [['refresh-1'], ['refresh_token']],
    );
  });

  it('is requested with each resource, in a refresh as well', async () => {
    answering({});
    const resource = ['https://api.example.com', 'urn:example:x'];
    await trade(server, { provider: { resource } });
    await requestRefresh(await discovered(server.issuer, { resource }), 'refresh-1', undefined, transportWith());
    assert.deepEqual(
      server.requestsTo('/token').map(({ parameters }) => parameters.getAll('resource')),
      [resource, resource],
    );
  });

  const answers: Readonly<Record<string, readonly [Script, Category, string?]>> = {
    'is not JSON': [{ headers: { 'Content-Type': 'application/json' }, body: 'access_token is x' }, 'invalid-response'],
    'is HTML with status 200': [htmlPage, 'unexpected-html', 'not-json'],
    'is an array': [{ headers: { 'Content-Type': 'application/json' }, body: '[1]' }, 'invalid-response'],
    'is empty': [{ headers: { 'Content-Type': 'application/json' }, body: '' }, 'invalid-response'],
    'has no access token': [{ body: { token_type: 'Bearer', expires_in: 5 } }, 'invalid-response'],
    'has an empty access token': [{ body: { ...GOOD_TOKENS, access_token: '' } }, 'invalid-response'],
    'has an access token that is null': [{ body: { ...GOOD_TOKENS, access_token: null } }, 'invalid-response'],
    'has the type DPoP': [{ body: { ...GOOD_TOKENS, token_type: 'DPoP' } }, 'unsupported-server'],
    'has an unknown type': [{ body: { ...GOOD_TOKENS, token_type: 'mac' } }, 'configuration'],
    'is an error with status 200, as GitHub sends it': [
      { body: { error: 'bad_verification_code', error_description: 'wrong' } },
      'invalid-callback',
      'bad_verification_code',
    ],
    'is a client error with status 200': [
      { body: { error: 'incorrect_client_credentials' } },
      'client-rejected',
      'incorrect_client_credentials',
    ],
    'is 401 with a challenge and an error': [
      { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="x"' }, body: { error: 'invalid_client' } },
      'client-rejected',
      'invalid_client',
    ],
    'is 401 with only a challenge': [
      { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="x"' }, body: '' },
      'client-rejected',
      'challenge',
    ],
    'rejects the code': [{ status: 400, body: { error: 'invalid_grant' } }, 'invalid-callback', 'invalid_grant'],
    'is 500 with an error in it': [{ status: 500, body: { error: 'invalid_grant' } }, 'server', 'http-500'],
    'is 500 with an unknown error': [{ status: 500, body: { error: 'Internal Server Error' } }, 'server', 'http-500'],
    'is 503': [{ status: 503, body: 'busy' }, 'server', 'http-503'],
    'is 404': [{ status: 404 }, 'no-server', 'http-404'],
    'is 403 with HTML': [{ ...htmlPage, status: 403 }, 'unexpected-html', 'not-json'],
    redirects: [{ status: 307, headers: { Location: 'https://elsewhere.example.com' } }, 'unexpected-html', 'http-307'],
    'is missing': ['drop', 'network'],
  };
  for (const [what, [script, category, code]] of Object.entries(answers)) {
    it(`fails with ${category} when it ${what}`, async () => {
      server.onToken(script);
      const failure = await rejectsWith(trade(server), category, code);
      assert.doesNotMatch(failure.message, /access-1|refresh-1|code-1/);
    });
  }

  for (const type of [
    'Bearer',
    'bearer',
    'BEARER',
    'bearer ',
    ' Bearer',
    'BearerToken',
    'bearertoken',
    'Bearer Token',
    'bearer_token',
    '',
    ' ',
    null,
    undefined,
  ]) {
    it(`may have the token type ${JSON.stringify(type)}`, async () => {
      answering({ token_type: type });
      assert.equal((await trade(server)).tokenType, 'Bearer');
    });
  }

  it('may have its lifetime as a number or a string, counted from when the request was sent', async () => {
    assert.deepEqual(await lifetimeFor({ expires_in: 3600 }), [3_600_000, 'expires_in']);
    assert.deepEqual(await lifetimeFor({ expires_in: '3600' }), [3_600_000, 'expires_in']);
    assert.deepEqual(await lifetimeFor({ expires_in: 1.5 }), [1500, 'expires_in']);
  });

  for (const nothing of [
    undefined,
    null,
    '',
    0,
    '0',
    -1,
    -5,
    '-1',
    '-0.5',
    'abc',
    '5 minutes',
    'Infinity',
    ' ',
    {},
    { toString: 1 },
    [],
    [60],
    true,
  ]) {
    it(`with the lifetime ${JSON.stringify(nothing)} uses the token's own, then the assumed one, then none`, async () => {
      const exp = Math.floor(Date.now() / 1000) + 600;
      const [left, source] = await lifetimeFor({ expires_in: nothing, access_token: jwtWith({ exp }) }, 5 * MINUTE);
      assert.equal(source, 'token');
      assert.ok(typeof left === 'number' && Math.abs(left - 600_000) < 3000);
      assert.deepEqual(await lifetimeFor({ expires_in: nothing }, 5 * MINUTE), [5 * MINUTE, 'assumed']);
      assert.deepEqual(await lifetimeFor({ expires_in: nothing }), [undefined, 'unknown']);
    });
  }

  it('with a token that only looks like a JWT has no lifetime', async () => {
    for (const token of [
      'a.b.c',
      'a..c',
      `x.${Buffer.from('[]').toString('base64url')}.y`,
      jwtWith({ exp: 'soon' }),
      jwtWith({ exp: 0 }),
      jwtWith({}),
    ]) {
      assert.deepEqual(await lifetimeFor({ expires_in: undefined, access_token: token }), [undefined, 'unknown']);
    }
  });

  for (const nothing of [null, '']) {
    it(`with the refresh token ${JSON.stringify(nothing)} has none`, async () => {
      answering({ refresh_token: nothing, scope: nothing, id_token: nothing });
      const { refreshToken, scopes, idToken } = await trade(server);
      assert.deepEqual([refreshToken, scopes, idToken], [undefined, undefined, undefined]);
    });
  }

  it('contains the granted scopes when the server sends them', async () => {
    answering({ scope: 'read  write read' });
    assert.deepEqual((await trade(server)).scopes, ['read', 'write']);
  });

  it('may separate scopes with commas, unless there is a space as well', async () => {
    for (const [scope, granted] of [
      ['repo,gist', ['repo', 'gist']],
      ['repo', ['repo']],
      ['a,b c', ['a,b', 'c']],
      ['repo, gist,  user', ['repo', 'gist', 'user']],
      [' repo,gist ', ['repo', 'gist']],
      ['repo , gist,', ['repo', 'gist']],
    ] as const) {
      server.onToken({ body: { ...GOOD_TOKENS, scope } });
      assert.deepEqual((await trade(server)).scopes, granted);
    }
  });

  it('contains the end of the session under any of its names, as a number or a string', async () => {
    for (const name of ['refresh_token_expires_in', 'refresh_expires_in', 'x_refresh_token_expires_in']) {
      for (const value of [1800, '1800']) {
        answering({ [name]: value });
        const { sessionEndsAt, sessionEndSource, sentAt } = await trade(server);
        assert.deepEqual([(sessionEndsAt ?? 0) - sentAt, sessionEndSource], [1_800_000, 'response']);
      }
    }
  });

  it("ignores a session lifetime of 0, less, or an invalid one, and uses the refresh token's own", async () => {
    for (const value of [0, '0', -1, 'never', null]) {
      answering({ refresh_expires_in: value });
      assert.equal((await trade(server)).sessionEndsAt, undefined);
    }
    const exp = Math.floor(Date.now() / 1000) + 600;
    answering({ refresh_expires_in: 0, refresh_token: jwtWith({ exp }) });
    const { sessionEndsAt, sessionEndSource } = await trade(server);
    assert.deepEqual([sessionEndsAt, sessionEndSource], [exp * 1000, 'token']);
  });

  describe('with an ID token', () => {
    const trading = (
      claims: Readonly<Record<string, unknown>>,
      algorithm: 'RS256' | 'ES256' = 'RS256',
      kid = 'known',
    ): Promise<unknown> =>
      tradeForIdToken(server, (nonce) => server.idToken({ aud: 'editor', nonce, ...claims }, algorithm, kid));
    const now = (): number => Math.floor(Date.now() / 1000);

    it('is accepted with each common algorithm', async () => {
      for (const algorithm of ['RS256', 'ES256'] as const) {
        const { claims } = await tradeForIdToken(server, (nonce) =>
          server.idToken({ aud: 'editor', nonce, name: 'Sam' }, algorithm),
        );
        assert.deepEqual([claims?.sub, claims?.['name']], ['person-1', 'Sam']);
      }
    });

    const wrong: Readonly<Record<string, readonly [Readonly<Record<string, unknown>>, Category]>> = {
      'another audience': [{ aud: 'person-2' }, 'untrusted-response'],
      'several audiences and another party': [{ aud: ['editor', 'x'], azp: 'x' }, 'untrusted-response'],
      'another nonce': [{ nonce: 'other' }, 'untrusted-response'],
      'no nonce': [{ nonce: undefined }, 'invalid-response'],
      'another issuer': [{ iss: 'https://evil.example.com' }, 'untrusted-response'],
      'no subject': [{ sub: undefined }, 'invalid-response'],
    };
    for (const [what, [claims, category]] of Object.entries(wrong)) {
      it(`with ${what} is rejected as ${category}`, async () => {
        await rejectsWith(trading(claims), category);
      });
    }

    it('contains the session token when the entry specifies it, and both tokens must be valid', async () => {
      const provider = { sessionToken: 'id_token' } as const;
      const lasting = async (seconds: number): Promise<unknown[]> => {
        const exp = now() + seconds;
        const {
          accessExpiresAt = 0,
          expirySource,
          sentAt,
        } = await tradeForIdToken(
          server,
          (nonce) => server.idToken({ aud: 'editor', nonce, exp }),
          transportWith(),
          provider,
        );
        return [accessExpiresAt === exp * 1000 ? 'ID token' : accessExpiresAt - sentAt, expirySource];
      };
      assert.deepEqual(
        [await lasting(100), await lasting(3000)],
        [
          ['ID token', 'token'],
          [300_000, 'expires_in'],
        ],
      );
    });

    it("has a limited lifetime when it's the session token, so that the record can store it", async () => {
      const found = await discovered(server.issuer, { sessionToken: 'id_token' });
      const request = await createAuthorizationRequest(found, REDIRECT_URI, ['openid']);
      const idToken = await server.idToken({ aud: 'editor', nonce: request.nonce, exp: Number.MAX_SAFE_INTEGER });
      answering({ expires_in: null, id_token: idToken });
      const {
        accessExpiresAt = 0,
        expirySource,
        sentAt,
      } = await exchangeCode(found, request, answerTo(request), transportWith(), new AbortController().signal);
      assert.deepEqual([Math.round((accessExpiresAt - sentAt) / (365 * DAY)), expirySource], [100, 'token']);
    });

    it("is rejected without one when it's the session token, in a refresh, too", async () => {
      answering({});
      await rejectsWith(trade(server, { provider: { sessionToken: 'id_token' } }), 'unsupported-server', 'no-id-token');
      const renewal = await requestRefresh(
        await discovered(server.issuer, { sessionToken: 'id_token' }),
        'refresh-0',
        undefined,
        transportWith(),
      );
      assert.equal(renewal.refreshToken, 'refresh-1');
      await rejectsWith(renewal.verify(), 'unsupported-server', 'no-id-token');
    });

    it('must contain a recent time of the sign-in when the entry requires it', async () => {
      const asking = (claims: Readonly<Record<string, unknown>>): Promise<unknown> =>
        tradeForIdToken(server, (nonce) => server.idToken({ aud: 'editor', nonce, ...claims }), transportWith(), {
          authorizationParameters: { max_age: '600' },
        });
      await asking({ auth_time: now() - 60 });
      await rejectsWith(asking({ auth_time: now() - 1200 }), 'step-up-failed', 'auth-too-old');
      await rejectsWith(asking({}), 'invalid-response');
    });

    it('must be from the issuer of its tenant when the metadata has a placeholder', async () => {
      const home = server.issuer;
      server.metadata['issuer'] = `${home}/{tenantid}/v2.0`;
      server.on('/common/v2.0/.well-known/openid-configuration', () => ({ body: server.metadata }));
      const found = await discovered(`${home}/common/v2.0`);
      const tenanted = async (claims: Readonly<Record<string, unknown>>): Promise<unknown> => {
        const request = await createAuthorizationRequest(found, REDIRECT_URI, ['openid']);
        answering({ id_token: await server.idToken({ aud: 'editor', nonce: request.nonce, ...claims }) });
        return exchangeCode(found, request, answerTo(request), transportWith(), new AbortController().signal);
      };
      await tenanted({ iss: `${home}/t-1/v2.0`, tid: 't-1' });
      await rejectsWith(tenanted({ iss: `${home}/t-1/v2.0`, tid: 't-2' }), 'untrusted-response');
      await rejectsWith(tenanted({ iss: `${home}/t-1/v2.0` }), 'untrusted-response');
      await rejectsWith(tenanted({ iss: 'https://evil.example.com/t-1/v2.0', tid: 't-1' }), 'untrusted-response');
    });

    it('that has expired is reported as a wrong clock', async () => {
      await rejectsWith(trading({ iat: now() - 900, exp: now() - 300 }), 'clock');
    });

    it('that is missing although "openid" was requested is invalid', async () => {
      await rejectsWith(
        tradeForIdToken(server, () => Promise.resolve(undefined)),
        'invalid-response',
      );
    });

    it("signed with a key that the server doesn't publish is invalid", async () => {
      await rejectsWith(trading({}, 'RS256', 'stranger'), 'untrusted-response');
    });

    it('whose claims were changed after signing is invalid', async () => {
      await rejectsWith(
        tradeForIdToken(server, async (nonce) => {
          const [header, , signature] = (await server.idToken({ aud: 'editor', nonce })).split('.');
          const [, payload] = (await server.idToken({ aud: 'editor', nonce, sub: 'admin' })).split('.');
          return [header, payload, signature].join('.');
        }),
        'invalid-response',
      );
    });

    it('without a signature is rejected', async () => {
      await assert.rejects(
        tradeForIdToken(server, (nonce) =>
          Promise.resolve(jwtWith({ iss: server.issuer, aud: 'editor', sub: 'x', iat: now(), exp: now() + 60, nonce })),
        ),
      );
    });

    it("is a server failure while the signing keys can't be fetched", async () => {
      server.on('/jwks', { status: 503 });
      await rejectsWith(trading({}), 'server');
    });

    for (const minutes of [10, -10]) {
      it(`is accepted by the measured skew when the server's clock is ${minutes} minutes off`, async () => {
        server.date = () => Date.now() + minutes * MINUTE;
        const serverNow = now() + minutes * 60;
        const tokens = await tradeForIdToken(server, (nonce) =>
          server.idToken({ aud: 'editor', nonce, iat: serverNow, nbf: serverNow, exp: serverNow + 120 }),
        );
        assert.ok(Math.abs((tokens.skew ?? 0) - minutes * MINUTE) < 3000);
        assert.equal(tokens.accessExpiresAt, tokens.sentAt + 300_000);
      });

      it(`is rejected when the clock is ${minutes} minutes off and the server sends no date`, async () => {
        server.date = undefined;
        const serverNow = now() + minutes * 60;
        await rejectsWith(trading({ iat: serverNow, nbf: serverNow, exp: serverNow + 120 }), 'clock');
      });
    }

    it("is verified by the product's clock, not by the machine's", async () => {
      const clock = new ManualAsyncClock();
      server.date = () => clock.now();
      const fake = Math.floor(clock.now() / 1000);
      const tokens = await tradeForIdToken(
        server,
        (nonce) => server.idToken({ aud: 'editor', nonce, iat: fake, exp: fake + 300 }),
        transportWith(clock),
      );
      assert.equal(tokens.claims?.exp, fake + 300);
      await rejectsWith(
        tradeForIdToken(
          server,
          (nonce) => server.idToken({ aud: 'editor', nonce, iat: fake - 900, exp: fake - 600 }),
          transportWith(clock),
        ),
        'clock',
      );
    });
  });
});
