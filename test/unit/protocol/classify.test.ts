import assert from 'node:assert/strict';
import * as oauth from 'oauth4webapi';
import { CATEGORIES, Failure, type Category } from '../../../src/core/failure.ts';
import { classify, classifyTransport, type Step } from '../../../src/protocol/classify.ts';

const withCode = (code: string, message = 'no matter'): Error => Object.assign(new Error(message), { code });

/** An error as oauth4webapi throws it for an answer that is not what the protocol expects. */
const ofAnswer = (status: number, headers: Record<string, string> = {}, body: string | null = null): Error =>
  new oauth.OperationProcessingError('no matter', { code: oauth.RESPONSE_IS_NOT_CONFORM, cause: new Response(body, { status, headers }) });

/** An error as oauth4webapi throws it for a body with an OAuth error. */
async function ofBody(error: string, status = 400, headers: Record<string, string> = {}): Promise<unknown> {
  const response = new Response(JSON.stringify({ error, error_description: 'words' }), { status, headers: { 'Content-Type': 'application/json', ...headers } });
  return oauth.processRefreshTokenResponse({ issuer: 'https://id.example.com' }, { client_id: 'x' }, response).then(() => undefined, (thrown: unknown) => thrown);
}

const result = ({ category, code }: Failure): [Category, string] => [category, code];

describe('The classification of failures', () => {
  /** Where the library's errors have classes of their own, an instance of each. */
  const instances: Readonly<Record<string, () => Promise<unknown>>> = {
    [oauth.RESPONSE_BODY_ERROR]: () => ofBody('invalid_grant'),
    [oauth.WWW_AUTHENTICATE_CHALLENGE]: () =>
      oauth
        .processRefreshTokenResponse({ issuer: 'https://id.example.com' }, { client_id: 'x' }, new Response(null, { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="x"' } }))
        .then(() => undefined, (thrown: unknown) => thrown),
    [oauth.AUTHORIZATION_RESPONSE_ERROR]: () =>
      Promise.resolve()
        .then(() => oauth.validateAuthResponse({ issuer: 'https://id.example.com' }, { client_id: 'x' }, new URLSearchParams('error=access_denied&state=s'), 's'))
        .then(() => undefined, (thrown: unknown) => thrown),
    [oauth.RESPONSE_IS_NOT_CONFORM]: () => Promise.resolve(ofAnswer(500)),
    [oauth.RESPONSE_IS_NOT_JSON]: () => Promise.resolve(new oauth.OperationProcessingError('no matter', { code: oauth.RESPONSE_IS_NOT_JSON, cause: new Response('<html>') })),
  };
  const codes = Object.entries(oauth).flatMap(([name, value]) => (typeof value === 'string' && value.startsWith('OAUTH_') ? [[name, value] as const] : []));

  it('knows of all codes of oauth4webapi', () => {
    assert.ok(codes.length >= 18, `${codes.length}`);
  });

  for (const [name, code] of codes) {
    it(`has a category for ${name}`, async () => {
      const thrown = await (instances[code]?.() ?? Promise.resolve(new oauth.OperationProcessingError('no matter', { code })));
      assert.ok(thrown instanceof Error && 'code' in thrown && thrown.code === code);
      const failure = classify(thrown, 'refresh');
      assert.notEqual(failure.category, 'unexpected');
      assert.ok(CATEGORIES.includes(failure.category));
    });
  }

  const oauthCodes: readonly (readonly [string, Step, Category])[] = [
    ['invalid_grant', 'refresh', 'session-ended'],
    ['invalid_grant', 'exchange', 'sign-in-needed'],
    ['bad_refresh_token', 'refresh', 'session-ended'],
    ['access_denied', 'refresh', 'session-ended'],
    ['access_denied', 'exchange', 'cancelled'],
    ['invalid_client', 'refresh', 'client-rejected'],
    ['unauthorized_client', 'refresh', 'client-rejected'],
    ['incorrect_client_credentials', 'exchange', 'client-rejected'],
    ['invalid_scope', 'refresh', 'scope-rejected'],
    ['invalid_target', 'refresh', 'scope-rejected'],
    ['redirect_uri_mismatch', 'exchange', 'redirect-rejected'],
    ['invalid_request', 'refresh', 'configuration'],
    ['unsupported_grant_type', 'refresh', 'configuration'],
    ['server_error', 'refresh', 'server'],
    ['temporarily_unavailable', 'refresh', 'server'],
    ['slow_down', 'refresh', 'rate-limited'],
    ['interaction_required', 'refresh', 'sign-in-needed'],
    ['login_required', 'refresh', 'sign-in-needed'],
    ['consent_required', 'refresh', 'sign-in-needed'],
    ['mfa_required', 'refresh', 'sign-in-needed'],
    ['bad_verification_code', 'exchange', 'sign-in-needed'],
    ['full_moon', 'refresh', 'bad-answer'],
  ];
  for (const [error, step, category] of oauthCodes) {
    it(`takes ${error} at the ${step} for ${category}`, async () => {
      const failure = classify(await ofBody(error), step);
      assert.deepEqual(result(failure), [category, error]);
      assert.deepEqual([failure.status, failure.detail], [400, 'words']);
    });
  }

  it('does not pass on an error code that is no word', async () => {
    assert.deepEqual(result(classify(await ofBody('[click](command:evil)'), 'refresh')), ['bad-answer', 'unknown-error']);
  });

  for (const [status, error] of [[429, 'too_many_requests'], [429, 'invalid_request'], [408, 'timeout']] as const) {
    it(`goes by the status ${status} where the body says "${error}"`, async () => {
      const failure = classify(await ofBody(error, status, { 'Retry-After': '30' }), 'refresh');
      assert.equal(failure.category, status === 429 ? 'rate-limited' : 'network');
      assert.equal(failure.retryAfter, 30_000);
    });
  }

  const statuses: readonly (readonly [number, Category, string])[] = [
    [302, 'configuration', 'http-302'],
    [403, 'not-trusted', 'not-json'],
    [404, 'configuration', 'http-404'],
    [405, 'configuration', 'http-405'],
    [407, 'not-trusted', 'http-407'],
    [408, 'network', 'http-408'],
    [425, 'network', 'http-425'],
    [429, 'rate-limited', 'http-429'],
    [500, 'server', 'http-500'],
    [501, 'configuration', 'http-501'],
    [502, 'server', 'http-502'],
    [503, 'server', 'http-503'],
    [504, 'server', 'http-504'],
    [511, 'not-trusted', 'http-511'],
  ];
  for (const [status, category, code] of statuses) {
    it(`takes an answer of status ${status} that is a page for ${category}`, () => {
      const failure = classify(ofAnswer(status, { 'Content-Type': 'text/html' }), 'refresh');
      assert.deepEqual(result(failure), [category, code]);
      assert.equal(failure.status, status);
    });
  }

  it('reads Retry-After in seconds, and as a date by the server\'s own clock', () => {
    const wait = (headers: Record<string, string>): number | undefined => classify(ofAnswer(429, headers), 'refresh').retryAfter;
    assert.equal(wait({ 'Retry-After': '120' }), 120_000);
    assert.equal(wait({ 'Retry-After': ' 5 ' }), 5000);
    assert.equal(wait({ 'Retry-After': 'Wed, 01 Jan 2031 00:01:00 GMT', Date: 'Wed, 01 Jan 2031 00:00:00 GMT' }), 60_000);
    assert.equal(wait({ 'Retry-After': 'Wed, 01 Jan 2031 00:00:00 GMT', Date: 'Wed, 01 Jan 2031 00:01:00 GMT' }), 0);
    for (const nonsense of ['soon', '-5', '']) {
      assert.equal(wait({ 'Retry-After': nonsense }), undefined);
    }
    assert.equal(wait({}), undefined);
  });

  const system: Readonly<Record<string, Category>> = {
    ENOTFOUND: 'network', EAI_AGAIN: 'network', ECONNREFUSED: 'network', ECONNRESET: 'network', EPIPE: 'network', ETIMEDOUT: 'network',
    ENETUNREACH: 'network', EHOSTUNREACH: 'network', UND_ERR_SOCKET: 'network', UND_ERR_CONNECT_TIMEOUT: 'network', UND_ERR_HEADERS_TIMEOUT: 'network',
    UND_ERR_BODY_TIMEOUT: 'network', CERT_HAS_EXPIRED: 'not-trusted', DEPTH_ZERO_SELF_SIGNED_CERT: 'not-trusted', SELF_SIGNED_CERT_IN_CHAIN: 'not-trusted',
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'not-trusted', UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'not-trusted', ERR_TLS_CERT_ALTNAME_INVALID: 'not-trusted',
    EPROTO: 'not-trusted', ERR_SSL_WRONG_VERSION_NUMBER: 'not-trusted',
  };
  for (const [code, category] of Object.entries(system)) {
    it(`takes ${code} for ${category}, on the error or on its cause`, () => {
      assert.deepEqual(result(classify(withCode(code), 'refresh')), [category, code]);
      assert.deepEqual(result(classify(new TypeError('fetch failed', { cause: withCode(code) }), 'refresh')), [category, code]);
      assert.deepEqual(result(classifyTransport(new TypeError('fetch failed', { cause: new AggregateError([withCode(code)]) }))), [category, code]);
    });
  }

  it('never goes by the words of a message', () => {
    assert.equal(classify(new Error('invalid_grant ECONNREFUSED OAUTH_PARSE_ERROR'), 'refresh').category, 'unexpected');
  });

  it('takes a fetch that failed for unknown reasons for the network', () => {
    assert.deepEqual(result(classifyTransport(new TypeError('Failed to fetch'))), ['network', 'fetch-failed']);
  });

  it('passes a failure through, also from within a cause', () => {
    const failure = new Failure('cancelled', 'mine');
    assert.equal(classify(failure, 'refresh'), failure);
    assert.equal(classifyTransport(new TypeError('fetch failed', { cause: failure })), failure);
  });

  it('takes anything at all, chains without an end included', () => {
    const loop = new Error('loop');
    loop.cause = loop;
    for (const thrown of [undefined, null, 'text', 7, {}, loop]) {
      assert.equal(classify(thrown, 'refresh').category, 'unexpected');
    }
  });
});
