// Responses in formats of real servers that aren't in a specification: grants are accepted, and errors are understood.
import assert from 'node:assert/strict';
import { SECOND } from '../../../src/core/clock.ts';
import type { Category } from '../../../src/core/failurePolicies.ts';
import { createAuthorizationRequest } from '../../../src/protocol/authorize.ts';
import { withNewDpopKey } from '../../../src/protocol/discovery.ts';
import { requestDeviceCode, requestDeviceTokens } from '../../../src/protocol/device.ts';
import { authorizationUrl } from '../../../src/protocol/pushed.ts';
import { requestRefresh } from '../../../src/protocol/refresh.ts';
import { revokeTokens } from '../../../src/protocol/revoke.ts';
import { discovered, GOOD_TOKENS, REDIRECT_URI, trade, transportWith } from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import { ScriptedServer, type ScriptedAnswer } from '../../support/scriptedServer.ts';

const typed = (type: string | undefined, body: string, status = 200): ScriptedAnswer => ({
  status,
  body,
  headers: type === undefined ? {} : { 'Content-Type': type },
});
const JSON_TYPES = [
  'application/json',
  'application/json;charset=UTF-8',
  'APPLICATION/JSON',
  'text/json',
  'text/plain; charset=utf-8',
  'text/html',
  'application/octet-stream',
  undefined,
];

describe('The format of a response', () => {
  let server: ScriptedServer;
  const transport = transportWith();
  const { signal } = new AbortController();

  beforeEach(async () => {
    server = await ScriptedServer.start();
  });

  afterEach(async () => {
    await server.stop();
  });

  const renew = async (): Promise<Awaited<ReturnType<typeof requestRefresh>>> =>
    requestRefresh(await discovered(server.issuer), 'refresh-0', undefined, transport);
  const text = JSON.stringify(GOOD_TOKENS);
  const granted: Readonly<Record<string, ScriptedAnswer>> = {
    ...Object.fromEntries(
      [201, 202, 203, 206, 226, 299].map((status) => [`status ${status}`, { status, body: GOOD_TOKENS }]),
    ),
    ...Object.fromEntries(JSON_TYPES.map((type) => [`JSON as ${type}`, typed(type, text)])),
    'JSON after a byte order mark': typed('application/json', `\uFEFF${text}`),
    'JSON between empty lines': typed('text/plain', `\r\n\n${text}\n`),
    'a form': typed(
      'application/x-www-form-urlencoded; charset=utf-8',
      'access_token=access-1&expires_in=300&refresh_token=refresh-1&scope=&token_type=bearer',
    ),
    'a form with raw spaces': typed(
      'application/x-www-form-urlencoded',
      'scope=read write&access_token=access-1&refresh_token=refresh-1',
    ),
    'a form as text/plain': typed('text/plain', 'access_token=access-1&refresh_token=refresh-1\n'),
    'a form of status 201 without a type': typed(
      undefined,
      'token_type=Bearer&access_token=access%2D1&refresh_token=refresh-1',
      201,
    ),
    'JSON with a nested object': { body: { ok: true, data: GOOD_TOKENS } },
    'JSON with a challenge': { headers: { 'WWW-Authenticate': 'Bearer' }, body: GOOD_TOKENS },
    'JSON with an error that is null': { body: { ...GOOD_TOKENS, error: null, ok: true } },
  };
  for (const [form, answer] of Object.entries(granted)) {
    it(`may be ${form}, in a sign-in and in a refresh`, async () => {
      server.onToken(answer);
      const tokens = await trade(server);
      assert.deepEqual(
        [tokens.accessToken, tokens.refreshToken, tokens.tokenType],
        ['access-1', 'refresh-1', 'Bearer'],
      );
      const answered = await renew();
      assert.deepEqual([answered.refreshToken, answered.accessToken], ['refresh-1', 'access-1']);
      assert.equal((await answered.verify()).accessToken, 'access-1');
    });
  }

  it("doesn't lose a refresh token when the rest of the response is invalid", async () => {
    for (const body of [
      { refresh_token: 'refresh-1' },
      { ...GOOD_TOKENS, access_token: null },
      { ...GOOD_TOKENS, token_type: 'mac' },
    ]) {
      server.onToken({ status: 201, body });
      const answered = await renew();
      assert.equal(answered.refreshToken, 'refresh-1');
      await assert.rejects(answered.verify());
    }
  });

  it("yields nothing from a response that isn't a success: another status, HTML, an error that echoes the request", async () => {
    const none: readonly ScriptedAnswer[] = [
      { status: 400, body: GOOD_TOKENS },
      { status: 503, body: GOOD_TOKENS },
      { status: 304 },
      { body: { error: 'invalid_grant', refresh_token: 'refresh-0' } },
      typed('text/html', '<a href="?access_token=a&refresh_token=b">'),
      typed('application/x-www-form-urlencoded', 'state=a&b=c'),
      { body: { data: GOOD_TOKENS, other: GOOD_TOKENS } },
    ];
    for (const answer of none) {
      server.onToken(answer);
      const answered = await renew();
      assert.deepEqual([answered.refreshToken, answered.accessToken], [undefined, undefined], JSON.stringify(answer));
      await assert.rejects(answered.verify());
    }
  });

  for (const type of JSON_TYPES) {
    it(`is truncated when JSON as ${type} ends too early, with any success status`, async () => {
      for (const status of [200, 201, 206]) {
        server.onToken(typed(type, text.slice(0, -20), status));
        const failure = await rejectsWith(renew(), 'invalid-response', 'truncated');
        assert.equal(failure.status, status);
      }
    });
  }

  it("isn't truncated when it's HTML, or empty by its status", async () => {
    for (const answer of [
      typed('text/html', '<html>'),
      { status: 204 },
      typed('application/json', text.slice(0, -20), 400),
    ]) {
      server.onToken(answer);
      await assert.rejects((await renew()).verify());
    }
  });

  it('may have scopes as a list, in a sign-in and in a refresh; anything else is ignored', async () => {
    const scopes: readonly (readonly [unknown, readonly string[] | undefined])[] = [
      [
        ['openid', 'chat:read'],
        ['openid', 'chat:read'],
      ],
      [
        ['read write', 'read'],
        ['read', 'write'],
      ],
      [['a', 7, null], ['a']],
      [[], undefined],
      [[''], undefined],
      [7, undefined],
      [true, undefined],
      [{}, undefined],
      [null, undefined],
      [' ', undefined],
    ];
    for (const [scope, expected] of scopes) {
      server.onToken({ body: { ...GOOD_TOKENS, scope } });
      assert.deepEqual((await trade(server)).scopes, expected, JSON.stringify(scope));
      assert.deepEqual((await (await renew()).verify()).scopes, expected, JSON.stringify(scope));
    }
  });

  it('must contain the token type when the token is to be bound to a key', async () => {
    for (const type of [undefined, null, '', 'BearerToken', 'mac']) {
      server.onToken({ body: { ...GOOD_TOKENS, token_type: type } });
      const bound = await withNewDpopKey(await discovered(server.issuer, { dpop: true }));
      await assert.rejects((await requestRefresh(bound, 'refresh-0', undefined, transport)).verify());
    }
  });

  const INVALID_GRANT: readonly ScriptedAnswer[] = [
    ...JSON_TYPES.map((type) => typed(type, '{"error":"invalid_grant","error_description":"gone"}', 400)),
    typed('application/x-www-form-urlencoded', 'error=invalid_grant&error_description=gone', 400),
    typed('text/plain', 'error_description=gone&error=invalid_grant', 200),
    ...[200, 201, 401, 403, 404, 409, 422].map((status) => ({
      status,
      body: { error: 'invalid_grant', error_description: 'gone' },
    })),
    { status: 400, body: { error: { code: 'invalid_grant', message: 'gone' } } },
    { status: 400, body: { errorCode: 'invalid_grant', errorSummary: 'gone' } },
    { status: 400, body: { errors: [{ code: 'invalid_grant', message: 'gone' }] } },
    { status: 400, body: { errors: ['invalid_grant'], message: 'gone' } },
    { status: 400, body: { code: 'invalid_grant', message: 'gone' } },
    { status: 400, body: { error: 'Bad Request', code: 'invalid_grant', message: 'gone' } },
    { status: 400, body: { fault: { faultstring: 'gone', detail: { errorcode: 'invalid_grant' } } } },
    {
      status: 401,
      headers: { 'WWW-Authenticate': 'Basic realm="x"' },
      body: { error: 'invalid_grant', error_description: 'gone' },
    },
  ];
  INVALID_GRANT.forEach((answer, index) => {
    it(`ends a session by the known code, in any format (${index + 1})`, async () => {
      server.onToken(answer);
      const failure = await rejectsWith((await renew()).verify(), 'session-ended', 'invalid_grant');
      assert.deepEqual([failure.detail, failure.status], ['gone', answer.status ?? 200]);
    });
  });

  const others: readonly (readonly [ScriptedAnswer, Category, string, string | undefined])[] = [
    // Markdown characters are removed.
    [{ status: 400, body: { status: 'BAD_REFRESH_TOKEN' } }, 'configuration', 'http-400', 'BAD REFRESH TOKEN'],
    [{ body: { status: 'BAD_REFRESH_TOKEN' } }, 'unknown-error', 'unknown-error', 'BAD REFRESH TOKEN'],
    [
      { body: { ok: false, error: 'invalid_refresh_token' } },
      'unknown-error',
      'invalid_refresh_token',
      'invalid refresh token',
    ],
    [{ body: { error: 'token_revoked' } }, 'unknown-error', 'token_revoked', 'token revoked'],
    [{ body: { success: false } }, 'unknown-error', 'unknown-error', undefined],
    [
      { status: 400, body: { message: 'The refresh token has expired' } },
      'configuration',
      'http-400',
      'The refresh token has expired',
    ],
    [
      { body: { message: 'The refresh token has expired' } },
      'unknown-error',
      'unknown-error',
      'The refresh token has expired',
    ],
    [
      { status: 401, body: { error: { message: 'Session not found', status: 401 } } },
      'configuration',
      'http-401',
      'Session not found',
    ],
    [{ status: 422, body: { errors: [{ detail: 'Token is dead' }] } }, 'configuration', 'http-422', 'Token is dead'],
    [{ status: 400, body: { code: 'E1001', msg: 'dead' } }, 'configuration', 'http-400', 'dead'],
    [typed('text/plain', 'Refresh token is dead', 400), 'configuration', 'http-400', 'Refresh token is dead'],
    [typed('text/plain', 'Refresh token is dead', 403), 'configuration', 'http-403', 'Refresh token is dead'],
    [typed(undefined, 'dead', 401), 'configuration', 'http-401', 'dead'],
    [typed('application/json', '"dead"', 400), 'configuration', 'http-400', '"dead"'],
    [typed('text/plain', 'x y'.repeat(200), 400), 'configuration', 'http-400', undefined],
    [typed('text/html', '<h1>no</h1>', 400), 'unexpected-html', 'not-json', undefined],
    [{ status: 400, body: '' }, 'configuration', 'http-400', undefined],
    [{ status: 302, ...typed('text/plain', 'Redirecting', 302) }, 'unexpected-html', 'http-302', undefined],
    // A string is an error code only in the members for error codes.
    [{ status: 400, body: { reason: 'access_denied' } }, 'configuration', 'http-400', 'access denied'],
    [{ status: 500, body: { error: 'Internal Server Error', message: 'oops' } }, 'server', 'http-500', 'oops'],
    // A failing server can't end a session.
    [{ status: 502, body: { error: 'invalid_grant', error_description: 'oops' } }, 'server', 'http-502', 'oops'],
    [{ status: 429, body: { error: 'invalid_grant', error_description: 'slow' } }, 'rate-limited', 'http-429', 'slow'],
    // Its error code about itself is used.
    [{ status: 503, body: { error: 'temporarily_unavailable' } }, 'server', 'temporarily_unavailable', undefined],
    [{ status: 503, body: { error: 'slow_down' } }, 'rate-limited', 'slow_down', undefined],
    [{ body: { token_type: 'Bearer', expires_in: 5 } }, 'invalid-response', 'OAUTH_INVALID_RESPONSE', undefined],
  ];
  for (const [answer, category, code, detail] of others) {
    it(`passes on the server's message, and ends no session because of it: ${JSON.stringify(answer).slice(0, 90)}`, async () => {
      server.onToken(answer);
      const failure = await rejectsWith((await renew()).verify(), category, code);
      if (category !== 'invalid-response') {
        assert.deepEqual([failure.detail, failure.status], [detail, answer.status ?? 200]);
      }
    });
  }

  it('passes on no secret that the server echoes, and only sanitized text', async () => {
    for (const body of [
      { message: 'No such token: refresh-0 [x](command:y)' },
      { error: 'x', error_description: 'refresh-0 [x](command:y)' },
      { errors: [{ message: 'refresh-0\u202E' }] },
    ]) {
      for (const status of [200, 400, 500]) {
        server.onToken({ status, body });
        const { detail = '', message } = await (await renew()).verify().then(
          () => assert.fail(),
          (error: unknown) => error as Error & { detail?: string },
        );
        assert.doesNotMatch(`${detail}${message}`, /refresh-0|command|\u202E|\[/);
      }
    }
    server.onToken(typed('text/plain', 'dead: refresh-0', 400));
    assert.equal((await rejectsWith((await renew()).verify(), 'configuration')).detail, 'dead: …');
  });

  it('is just as flexible in the device flow', async () => {
    server.metadata['device_authorization_endpoint'] = `${server.issuer}/device`;
    const found = await discovered(server.issuer);
    const CODE = { device_code: 'device-1', user_code: 'ABCD', verification_uri: 'https://id.example.com/device' };
    for (const answer of [
      { status: 201, body: { ...CODE, expires_in: 60 } },
      typed('text/html', JSON.stringify({ ...CODE, expires_in: '60' })),
    ]) {
      server.on('/device', answer);
      assert.equal((await requestDeviceCode(found, ['read'], transport, signal)).userCode, 'ABCD');
    }
    server.on('/device', typed('text/plain', '{"error":"invalid_scope"}', 400));
    await rejectsWith(requestDeviceCode(found, ['read'], transport, signal), 'scope-rejected', 'invalid_scope');
    const code = {
      deviceCode: 'device-1',
      userCode: 'ABCD',
      verificationUri: 'https://x',
      verificationUriComplete: undefined,
      interval: SECOND,
      expiresAt: Infinity,
    };
    for (const error of ['authorization_pending', 'slow_down']) {
      for (const answer of [
        typed('text/plain; charset=utf-8', `{"error":"${error}"}`, 400),
        typed('text/html', `{"error":"${error}"}`, 200),
        typed('application/x-www-form-urlencoded', `error=${error}`, 200),
        typed(undefined, `{"error":"${error}"}`, 500),
        { status: 428, body: { error } },
        { status: 403, body: { code: error } },
      ]) {
        server.onToken(answer);
        await rejectsWith(requestDeviceTokens(found, code, ['read'], transport, signal), 'protocol-step', error);
      }
    }
    server.onToken({ status: 201, ...typed('text/plain', text) });
    assert.equal((await requestDeviceTokens(found, code, ['read'], transport, signal)).accessToken, 'access-1');
  });

  it('is just as flexible for a pushed request', async () => {
    server.metadata['pushed_authorization_request_endpoint'] = `${server.issuer}/par`;
    const found = await discovered(server.issuer, { pushedAuthorization: true });
    const push = async (): Promise<URL> =>
      authorizationUrl(found, await createAuthorizationRequest(found, REDIRECT_URI, ['read']), transport, signal);
    for (const answer of [
      { status: 202, body: { request_uri: 'urn:1', expires_in: 60 } },
      typed('text/plain', '{"request_uri":"urn:1"}', 201),
      typed(undefined, 'request_uri=urn%3A1&expires_in=60'),
    ]) {
      server.on('/par', answer);
      assert.equal((await push()).searchParams.get('request_uri'), 'urn:1');
    }
    server.on('/par', typed('text/html', '{"error":"invalid_request","error_description":"redirect_uri"}', 422));
    const { detail } = await rejectsWith(push(), 'configuration', 'invalid_request');
    assert.equal(detail?.replaceAll(/[ _]/g, ''), 'redirecturi');
  });

  describe('of a revocation', () => {
    const revoke = async (
      tokens: Parameters<typeof revokeTokens>[1],
      ...answers: ScriptedAnswer[]
    ): Promise<unknown> => {
      server.on('/revoke', () => answers.shift() ?? 'hang');
      return revokeTokens(await discovered(server.issuer), tokens, transport);
    };
    const BOTH = { accessToken: 'access-1', refreshToken: 'refresh-1' };

    it('is a success when the access token was revoked with its refresh token, whatever the error code', async () => {
      for (const error of ['invalid_request', 'invalid_grant', 'invalid_token', 'unsupported_token_type']) {
        assert.equal(await revoke(BOTH, { status: 200 }, { status: 400, body: { error } }), 'revoked');
        assert.equal(await revoke(BOTH, { status: 204 }, typed('text/plain', `{"error":"${error}"}`, 400)), 'revoked');
      }
    });

    it("is a success then with the server's own message, too, but only in a response about the token", async () => {
      const gone: readonly ScriptedAnswer[] = [
        { status: 400 },
        { status: 400, body: { error: 'token_not_found' } },
        { status: 404, body: { message: 'Unknown token' } },
        { status: 410 },
        typed('text/plain', 'no such token', 400),
        { status: 422, body: {} },
      ];
      for (const answer of gone) {
        assert.equal(await revoke(BOTH, { status: 200 }, answer), 'revoked', JSON.stringify(answer));
        await assert.rejects(revoke({ accessToken: 'access-1' }, answer));
        await assert.rejects(revoke(BOTH, { status: 503 }, answer));
      }
      for (const answer of [
        { status: 401 },
        { status: 403 },
        { status: 429 },
        { status: 503 },
        { status: 400, body: { error: 'invalid_client' } },
        typed('text/html', '<p>Blocked</p>', 400),
      ]) {
        await assert.rejects(revoke(BOTH, { status: 200 }, answer), JSON.stringify(answer));
      }
    });

    it('is a success for a refresh token that is no longer valid, and a failure when the server rejects the request', async () => {
      assert.equal(
        await revoke({ refreshToken: 'refresh-1' }, { status: 400, body: { error: 'invalid_grant' } }),
        'revoked',
      );
      await rejectsWith(
        revoke({ refreshToken: 'refresh-1' }, { status: 400, body: { error: 'invalid_request' } }),
        'configuration',
        'invalid_request',
      );
      await rejectsWith(revoke(BOTH, { status: 503 }, { status: 400, body: { error: 'invalid_request' } }), 'server');
      await rejectsWith(
        revoke({ accessToken: 'access-1' }, { status: 400, body: { error: 'invalid_request' } }),
        'configuration',
      );
    });

    it('is a failure when the client is rejected', async () => {
      await rejectsWith(revoke(BOTH, { status: 401 }, { status: 401 }), 'configuration', 'http-401');
      await rejectsWith(revoke({ accessToken: 'access-1' }, { body: { error: 'invalid_client' } }), 'client-rejected');
    });

    it('is a success with any message', async () => {
      assert.equal(
        await revoke({ accessToken: 'access-1' }, { body: { message: 'Token revoked', status: 'ok' } }),
        'revoked',
      );
      assert.equal(await revoke({ accessToken: 'access-1' }, { status: 202, body: {} }), 'revoked');
    });
  });
});
