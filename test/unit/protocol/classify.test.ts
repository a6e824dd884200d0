import assert from 'node:assert/strict';
import * as oauth from 'oauth4webapi';
import { Failure } from '../../../src/core/failure.ts';
import { CATEGORIES, FAILURE_POLICIES, serverCodesOf, type Category } from '../../../src/core/failurePolicies.ts';
import type { ProtocolStep } from '../../../src/core/failurePolicy.ts';
import { classify, classifyTransport } from '../../../src/protocol/classify.ts';

const transportFailure = (error: unknown): Failure => classifyTransport(error, 'id.example.com');
const withCode = (code: string, message = 'no matter'): Error => Object.assign(new Error(message), { code });

/** An error as oauth4webapi throws it for an unexpected response. */
const ofAnswer = (status: number, headers: Record<string, string> = {}, body: string | null = null): Error =>
  new oauth.OperationProcessingError('no matter', {
    code: oauth.RESPONSE_IS_NOT_CONFORM,
    cause: new Response(body, { status, headers }),
  });

/** An error as oauth4webapi throws it for a body with an OAuth error. */
async function ofBody(error: string, status = 400, headers: Record<string, string> = {}): Promise<unknown> {
  const response = new Response(JSON.stringify({ error, error_description: 'words' }), {
    status,
    headers: { 'Content-Type': 'application/json', ...headers },
  });
  return oauth.processRefreshTokenResponse({ issuer: 'https://id.example.com' }, { client_id: 'x' }, response).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
}

const result = ({ category, code }: Failure): [Category, string] => [category, code];

describe('classify', () => {
  /** An instance of each error class of the library. */
  const instances: Readonly<Record<string, () => Promise<unknown>>> = {
    [oauth.RESPONSE_BODY_ERROR]: () => ofBody('invalid_grant'),
    [oauth.WWW_AUTHENTICATE_CHALLENGE]: () =>
      oauth
        .processRefreshTokenResponse(
          { issuer: 'https://id.example.com' },
          { client_id: 'x' },
          new Response(null, { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="x"' } }),
        )
        .then(
          () => undefined,
          (thrown: unknown) => thrown,
        ),
    [oauth.AUTHORIZATION_RESPONSE_ERROR]: () =>
      Promise.resolve()
        .then(() =>
          oauth.validateAuthResponse(
            { issuer: 'https://id.example.com' },
            { client_id: 'x' },
            new URLSearchParams('error=access_denied&state=s'),
            's',
          ),
        )
        .then(
          () => undefined,
          (thrown: unknown) => thrown,
        ),
    [oauth.RESPONSE_IS_NOT_CONFORM]: () => Promise.resolve(ofAnswer(500)),
    [oauth.RESPONSE_IS_NOT_JSON]: () =>
      Promise.resolve(
        new oauth.OperationProcessingError('no matter', {
          code: oauth.RESPONSE_IS_NOT_JSON,
          cause: new Response('<html>'),
        }),
      ),
  };
  const codes = Object.entries(oauth).flatMap(([name, value]) =>
    typeof value === 'string' && value.startsWith('OAUTH_') ? [[name, value] as const] : [],
  );

  it('covers all codes of oauth4webapi', () => {
    assert.ok(codes.length >= 18, `${codes.length}`);
  });

  it('distinguishes a rejecting proxy from an aborted request, although undici gives both the same name', () => {
    const named = (error: Error): Error => Object.assign(error, { name: 'AbortError' });
    assert.deepEqual(
      result(transportFailure(new TypeError('fetch failed', { cause: named(withCode('UND_ERR_ABORTED')) }))),
      ['proxy', 'UND_ERR_ABORTED'],
    );
    assert.deepEqual(result(transportFailure(named(new Error('no matter')))), ['network', 'deadline']);
    assert.deepEqual(result(transportFailure(new DOMException('no matter', 'AbortError'))), ['network', 'deadline']);
  });

  for (const [name, code] of codes) {
    it(`has a category for ${name}`, async () => {
      const thrown = await (instances[code]?.() ??
        Promise.resolve(new oauth.OperationProcessingError('no matter', { code })));
      assert.ok(thrown instanceof Error && 'code' in thrown && thrown.code === code);
      const failure = classify(thrown, 'refresh');
      assert.notEqual(failure.category, 'unexpected');
      assert.ok(CATEGORIES.includes(failure.category));
    });
  }

  /** All error codes of the specifications by section, with their category. */
  const specified: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'RFC 6749 section 4.1.2.1': {
      invalid_request: 'configuration',
      unauthorized_client: 'client-not-allowed',
      access_denied: 'denied',
      unsupported_response_type: 'configuration',
      invalid_scope: 'scope-rejected',
      server_error: 'server',
      temporarily_unavailable: 'server',
    },
    'RFC 6749 section 5.2': {
      invalid_client: 'client-rejected',
      invalid_grant: 'invalid-callback',
      unsupported_grant_type: 'configuration',
    },
    'RFC 7009 section 2.2.1': { unsupported_token_type: 'protocol-step' },
    'RFC 7591 section 3.2.2': {
      invalid_redirect_uri: 'redirect-rejected',
      invalid_client_metadata: 'client-not-allowed',
    },
    'RFC 8628 section 3.5': {
      authorization_pending: 'protocol-step',
      slow_down: 'rate-limited',
      expired_token: 'code-expired',
    },
    'RFC 8707 section 2': { invalid_target: 'scope-rejected' },
    'RFC 9126 and RFC 9101': { invalid_request_uri: 'configuration', invalid_request_object: 'configuration' },
    'RFC 9449': { invalid_dpop_proof: 'proof-rejected', use_dpop_nonce: 'protocol-step' },
    'RFC 9470 section 3': { insufficient_user_authentication: 'policy' },
    'OpenID Connect Core 3.1.2.6': {
      interaction_required: 'interaction-needed',
      login_required: 'sign-in-needed',
      account_selection_required: 'interaction-needed',
      consent_required: 'consent-needed',
      request_not_supported: 'configuration',
      request_uri_not_supported: 'configuration',
      registration_not_supported: 'configuration',
    },
    'OpenID Connect, unmet authentication requirements': { unmet_authentication_requirements: 'policy' },
    'OAuth 2.0 Multiple Response Types': { unsupported_response_mode: 'configuration' },
    GitHub: {
      bad_verification_code: 'invalid-callback',
      incorrect_client_credentials: 'client-rejected',
      redirect_uri_mismatch: 'redirect-rejected',
      bad_refresh_token: 'session-ended',
      unverified_user_email: 'email-unverified',
      device_flow_disabled: 'client-not-allowed',
      incorrect_device_code: 'code-expired',
    },
    Auth0: { mfa_required: 'second-factor' },
    Keycloak: { not_allowed: 'scope-rejected' },
    'Microsoft Entra': { authorization_declined: 'denied' },
  };
  for (const [where, codes] of Object.entries(specified)) {
    it(`has a category for each code of ${where}`, async () => {
      for (const [error, category] of Object.entries(codes)) {
        assert.deepEqual(result(classify(await ofBody(error), 'exchange')), [category, error]);
      }
    });
  }

  it('has no other server codes, except those in other members or at one step', () => {
    const known = new Set(Object.values(specified).flatMap((codes) => Object.keys(codes)));
    const others = CATEGORIES.flatMap((category) => serverCodesOf(FAILURE_POLICIES[category])).filter(
      (code) => !code.includes(':') && !known.has(code),
    );
    assert.deepEqual(others.sort(), [
      'additional_action',
      'bad_token',
      'basic_action',
      'device_authentication_failed',
      'invalid_rapt',
      'message_only',
      'protection_policy_required',
      'user_password_expired',
    ]);
  });

  const oauthCodes: readonly (readonly [string, ProtocolStep, Category])[] = [
    ['invalid_grant', 'refresh', 'session-ended'],
    ['invalid_grant', 'device', 'code-expired'],
    ['bad_verification_code', 'device', 'code-expired'],
    ['access_denied', 'refresh', 'session-ended'],
    ['access_denied', 'device', 'denied'],
    ['slow_down', 'device', 'protocol-step'],
    ['unsupported_grant_type', 'refresh', 'not-renewable'],
    ['invalid_token', 'resource', 'token-rejected'],
    ['invalid_token', 'refresh', 'session-ended'],
    ['invalid_token', 'exchange', 'unknown-error'],
    ['insufficient_scope', 'resource', 'insufficient-scope'],
    ['expired_token', 'device', 'code-expired'],
    ['expired_token', 'refresh', 'session-expired'],
    ['full_moon', 'refresh', 'unknown-error'],
    ['ECONNREFUSED', 'refresh', 'unknown-error'],
    ['secret-get', 'refresh', 'unknown-error'],
  ];
  for (const [error, step, category] of oauthCodes) {
    it(`classifies ${error} at the ${step} step as ${category}`, async () => {
      const failure = classify(await ofBody(error), step);
      assert.deepEqual(result(failure), [category, error]);
      assert.deepEqual([failure.status, failure.detail], [400, 'words']);
    });
  }

  it('replaces an error code with unusual characters', async () => {
    assert.deepEqual(result(classify(await ofBody('[click](command:evil)'), 'refresh')), [
      'unknown-error',
      'unknown-error',
    ]);
  });

  for (const [status, error] of [
    [429, 'too_many_requests'],
    [429, 'invalid_request'],
    [408, 'timeout'],
  ] as const) {
    it(`prefers the status ${status} to the error code "${error}"`, async () => {
      const failure = classify(await ofBody(error, status, { 'Retry-After': '30' }), 'refresh');
      assert.equal(failure.category, status === 429 ? 'rate-limited' : 'network');
      assert.equal(failure.retryAfter, 30_000);
    });
  }

  const statuses: readonly (readonly [number, Category, string])[] = [
    [302, 'unexpected-html', 'http-302'],
    [403, 'unexpected-html', 'not-json'],
    [404, 'no-server', 'http-404'],
    [405, 'no-server', 'http-405'],
    [407, 'proxy', 'http-407'],
    [408, 'network', 'http-408'],
    [425, 'network', 'http-425'],
    [429, 'rate-limited', 'http-429'],
    [500, 'server', 'http-500'],
    [501, 'no-server', 'http-501'],
    [502, 'server', 'http-502'],
    [503, 'server', 'http-503'],
    [504, 'server', 'http-504'],
    [511, 'unexpected-html', 'http-511'],
  ];
  for (const [status, category, code] of statuses) {
    it(`classifies an HTML response with status ${status} as ${category}`, () => {
      const failure = classify(ofAnswer(status, { 'Content-Type': 'text/html' }), 'refresh');
      assert.deepEqual(result(failure), [category, code]);
      assert.equal(failure.status, status);
    });
  }

  /** A response of a token endpoint with additional members in its body. */
  const withMore = async (
    body: Readonly<Record<string, unknown>>,
    step: ProtocolStep = 'refresh',
  ): Promise<Failure> => {
    const response = new Response(JSON.stringify(body), {
      status: 400,
      headers: { 'Content-Type': 'application/json' },
    });
    const thrown: unknown = await oauth
      .processRefreshTokenResponse({ issuer: 'https://id.example.com' }, { client_id: 'x' }, response)
      .catch((error: unknown) => error);
    return classify(thrown, step);
  };

  const suberrors: readonly (readonly [Readonly<Record<string, unknown>>, Category, string])[] = [
    [{ error: 'invalid_grant', error_subtype: 'invalid_rapt' }, 'policy', 'invalid_rapt'],
    [{ error: 'invalid_grant', suberror: 'bad_token' }, 'session-ended', 'bad_token'],
    [{ error: 'interaction_required', suberror: 'basic_action' }, 'interaction-needed', 'basic_action'],
    [{ error: 'invalid_grant', suberror: 'additional_action' }, 'policy', 'additional_action'],
    [{ error: 'invalid_grant', suberror: 'message_only' }, 'interaction-needed', 'message_only'],
    [{ error: 'invalid_grant', suberror: 'consent_required' }, 'consent-needed', 'consent_required'],
    [{ error: 'invalid_grant', suberror: 'user_password_expired' }, 'password-expired', 'user_password_expired'],
    [{ error: 'invalid_grant', suberror: 'something_new' }, 'session-ended', 'invalid_grant'],
    [{ error: 'invalid_grant', suberror: 7 }, 'session-ended', 'invalid_grant'],
    // With other errors they are ignored: no session ends because of them.
    [{ error: 'invalid_client', suberror: 'bad_token' }, 'client-rejected', 'invalid_client'],
    [{ error: 'temporarily_unavailable', suberror: 'basic_action' }, 'server', 'temporarily_unavailable'],
    [{ error: 'invalid_scope', error_subtype: 'invalid_rapt' }, 'scope-rejected', 'invalid_scope'],
  ];
  for (const [body, category, code] of suberrors) {
    it(`classifies ${JSON.stringify(body)} as ${category}`, async () => {
      assert.deepEqual(result(await withMore(body)), [category, code]);
    });
  }

  it("uses a message key as the code of an invalid request when it's known for a refresh, but no other description", async () => {
    const meanings: readonly (readonly [string, string])[] = [
      ['Errors.OIDCSession.RefreshTokenInvalid', 'session-ended'],
      ['Errors.User.RefreshToken.Invalid', 'session-ended'],
      ['Errors.Internal', 'configuration'],
      ['Errors.OIDCSession.RefreshTokenInvalid!', 'configuration'],
      ['login_required', 'configuration'],
    ];
    for (const [description, category] of meanings) {
      const { category: found, code } = await withMore({ error: 'invalid_request', error_description: description });
      assert.deepEqual([found, code], [category, category === 'configuration' ? 'invalid_request' : description]);
    }
  });

  for (const description of [null, 5, ['x'], { a: 1 }, { toString: 1 }]) {
    it(`uses the code when the description is ${JSON.stringify(description)}`, async () => {
      for (const [error, category] of [
        ['invalid_grant', 'session-ended'],
        ['invalid_request', 'configuration'],
      ] as const) {
        const response = Response.json({ error, error_description: description }, { status: 400 });
        const thrown: unknown = await oauth
          .processRefreshTokenResponse({ issuer: 'https://id.example.com' }, { client_id: 'x' }, response)
          .then(
            () => undefined,
            (reason: unknown) => reason,
          );
        const failure = classify(thrown, 'refresh');
        assert.deepEqual([...result(failure), failure.detail], [category, error, undefined]);
      }
    });
  }

  it('keeps the claims that the server requires for the next sign-in', async () => {
    const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
    for (const error of ['invalid_grant', 'interaction_required']) {
      const failure = await withMore({ error, suberror: 'basic_action', claims });
      assert.deepEqual([...result(failure), failure.claims], ['policy', 'claims-challenge', claims]);
    }
  });

  it("ignores claims that aren't a JSON object, too long, or with an error that doesn't end the session", async () => {
    for (const body of [
      { error: 'invalid_grant', claims: { a: 1 } },
      { error: 'invalid_grant', claims: JSON.stringify({ a: 'x'.repeat(5000) }) },
      { error: 'invalid_grant', claims: '' },
      { error: 'invalid_grant', claims: 'no JSON' },
      { error: 'invalid_grant', claims: '[]' },
      { error: 'invalid_scope', claims: '{}' },
    ]) {
      const failure = await withMore(body);
      assert.equal(failure.claims, undefined);
      assert.equal(failure.code, body.error);
    }
  });

  it("parses Retry-After in seconds, and as a date by the server's clock", () => {
    const wait = (headers: Record<string, string>): number | undefined =>
      classify(ofAnswer(429, headers), 'refresh').retryAfter;
    assert.equal(wait({ 'Retry-After': '120' }), 120_000);
    assert.equal(wait({ 'Retry-After': ' 5 ' }), 5000);
    assert.equal(
      wait({ 'Retry-After': 'Wed, 01 Jan 2031 00:01:00 GMT', Date: 'Wed, 01 Jan 2031 00:00:00 GMT' }),
      60_000,
    );
    assert.equal(wait({ 'Retry-After': 'Wed, 01 Jan 2031 00:00:00 GMT', Date: 'Wed, 01 Jan 2031 00:01:00 GMT' }), 0);
    assert.equal(
      wait({ 'Retry-After': 'Wed, 01 Jan 2031 00:01:00 GMT', Date: 'Wed, 01 Jan 2031 00:00:00 GMT', Age: '50' }),
      10_000,
    );
    for (const nonsense of ['soon', '-5', '']) {
      assert.equal(wait({ 'Retry-After': nonsense }), undefined);
    }
    assert.equal(wait({}), undefined);
  });

  const system: Readonly<Record<string, Category>> = {
    ENOTFOUND: 'network',
    EAI_AGAIN: 'network',
    ECONNREFUSED: 'network',
    ECONNRESET: 'network',
    ECONNABORTED: 'network',
    EPIPE: 'network',
    ETIMEDOUT: 'network',
    ENETUNREACH: 'network',
    ENETDOWN: 'network',
    EHOSTUNREACH: 'network',
    EHOSTDOWN: 'network',
    EADDRNOTAVAIL: 'network',
    UND_ERR_SOCKET: 'network',
    UND_ERR_CONNECT_TIMEOUT: 'network',
    UND_ERR_HEADERS_TIMEOUT: 'network',
    UND_ERR_BODY_TIMEOUT: 'network',
    UND_ERR_ABORTED: 'proxy',
    UND_ERR_PRX_TLS: 'proxy',
    CERT_HAS_EXPIRED: 'certificate',
    CERT_NOT_YET_VALID: 'clock',
    DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate',
    SELF_SIGNED_CERT_IN_CHAIN: 'certificate',
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate',
    UNABLE_TO_GET_ISSUER_CERT: 'certificate',
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate',
    CERT_REVOKED: 'certificate',
    CERT_UNTRUSTED: 'certificate',
    HOSTNAME_MISMATCH: 'certificate',
    ERR_TLS_CERT_ALTNAME_INVALID: 'certificate',
    EPROTO: 'certificate',
    ERR_SSL_WRONG_VERSION_NUMBER: 'certificate',
  };
  for (const [code, category] of Object.entries(system)) {
    it(`classifies ${code} as ${category}, on the error or its cause`, () => {
      assert.deepEqual(result(classify(withCode(code), 'refresh')), [category, code]);
      assert.deepEqual(result(classify(new TypeError('fetch failed', { cause: withCode(code) }), 'refresh')), [
        category,
        code,
      ]);
      assert.deepEqual(
        result(transportFailure(new TypeError('fetch failed', { cause: new AggregateError([withCode(code)]) }))),
        [category, code],
      );
    });
  }

  it('recognizes HTML instead of JSON with any status, unless the status is more significant', () => {
    const html = { 'Content-Type': 'text/html' };
    assert.deepEqual(
      [400, 401, 403, 200].map((status) => classify(ofAnswer(status, html), 'refresh').category),
      Array(4).fill('unexpected-html'),
    );
    assert.deepEqual(
      [404, 407, 429, 503].map((status) => classify(ofAnswer(status, html), 'refresh').category),
      ['no-server', 'proxy', 'rate-limited', 'server'],
    );
    assert.equal(classify(ofAnswer(400), 'refresh').category, 'configuration');
  });

  it('classifies 403 with Retry-After as rate-limited', () => {
    const failure = classify(ofAnswer(403, { 'Retry-After': '7' }), 'refresh');
    assert.deepEqual([failure.category, failure.retryAfter], ['rate-limited', 7000]);
  });

  it('recognizes a rejected proxy tunnel, which undici reports as an abort, and that nothing was sent', () => {
    const refused = Object.assign(new Error('Proxy response (407) !== 200 when HTTP Tunneling'), {
      name: 'AbortError',
      code: 'UND_ERR_ABORTED',
    });
    const failure = transportFailure(new TypeError('fetch failed', { cause: refused }));
    assert.deepEqual([...result(failure), failure.wasNotSent], ['proxy', 'UND_ERR_ABORTED', true]);
    assert.deepEqual(result(transportFailure(Object.assign(new Error('x'), { name: 'AbortError' }))), [
      'network',
      'deadline',
    ]);
  });

  it('ignores the text of messages', () => {
    assert.equal(classify(new Error('invalid_grant ECONNREFUSED OAUTH_PARSE_ERROR'), 'refresh').category, 'unexpected');
  });

  it('adds the host if there was no response', () => {
    const errors = [new TypeError('Failed to fetch'), withCode('ENOTFOUND'), withCode('CERT_HAS_EXPIRED')];
    assert.deepEqual(
      errors.map((error) => [transportFailure(error).category, transportFailure(error).host]),
      [
        ['network', 'id.example.com'],
        ['network', 'id.example.com'],
        ['certificate', 'id.example.com'],
      ],
    );
    assert.equal(classifyTransport(withCode('ENOTFOUND'), '[x](y)\u202E.example').host, 'x(y) .example');
    assert.equal(classify(withCode('ENOTFOUND'), 'refresh').host, undefined);
  });

  it('classifies a fetch that failed for an unknown reason as network', () => {
    assert.deepEqual(result(transportFailure(new TypeError('Failed to fetch'))), ['network', 'fetch-failed']);
  });

  it("returns a failure unchanged, also when it's the cause of an error", () => {
    const failure = new Failure('canceled', 'mine');
    assert.equal(classify(failure, 'refresh'), failure);
    assert.equal(transportFailure(new TypeError('fetch failed', { cause: failure })), failure);
  });

  it('accepts anything, including circular causes', () => {
    const loop = new Error('loop');
    loop.cause = loop;
    for (const thrown of [undefined, null, 'text', 7, {}, loop]) {
      assert.equal(classify(thrown, 'refresh').category, 'unexpected');
    }
  });
});
