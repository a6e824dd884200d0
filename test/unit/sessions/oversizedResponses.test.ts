// Token responses that are too long, too deep or truncated never cost a session its new refresh token.
import assert from 'node:assert/strict';
import { exchangeCode } from '../../../src/protocol/exchange.ts';
import { createAuthorizationRequest } from '../../../src/protocol/authorize.ts';
import { answerTo, discovered, GOOD_TOKENS, REDIRECT_URI, trade, transportWith } from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import { ScriptedServer, type ScriptedAnswer } from '../../support/scriptedServer.ts';
import { createTestWindow, recordAt, seedSession, type TestWindow } from '../../support/testWindow.ts';

const NEW = { ...GOOD_TOKENS, access_token: 'access-2', refresh_token: 'refresh-2' };
const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const withMember = (member: string, tokens: Readonly<Record<string, unknown>> = NEW): string =>
  `{${member},${JSON.stringify(tokens).slice(1)}`;
const json = (body: string): ScriptedAnswer => ({ body, headers: { 'Content-Type': 'application/json' } });
const long = (length: number): string => 'x'.repeat(length);

describe('A refresh token that replaces the one sent', () => {
  let server: ScriptedServer;
  let testWindow: TestWindow;

  beforeEach(async () => {
    server = await ScriptedServer.start();
    testWindow = createTestWindow(server.issuer);
    await seedSession(testWindow, recordAt(server.issuer, testWindow.clock.now()));
  });

  afterEach(async () => {
    await server.stop();
  });

  const refresh = (): Promise<unknown> => testWindow.tokenRefresher.refresh('s1', { reason: 'test' });

  const usable: Readonly<Record<string, string>> = {
    'a member is nested 100,000 times': withMember(`"more":${nested(100_000)}`),
    'an object is nested 50,000 times': withMember(`"more":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`),
    'the scope is nested': withMember(`"scope":${nested(100_000)}`),
    'the ID token is nested': withMember(`"id_token":${nested(100_000)}`, { ...NEW }),
    'it has 3 MB of other text': withMember(`"more":"${long(3_000_000)}"`),
    'it has 60,000 scopes': JSON.stringify({
      ...NEW,
      scope: Array.from({ length: 60_000 }, (_, at) => `scope-${at}`).join(' '),
    }),
  };
  for (const [what, body] of Object.entries(usable)) {
    it(`is stored when ${what}`, async () => {
      server.onToken(json(body));
      await refresh().catch(() => {});
      assert.equal(testWindow.record().refreshToken, 'refresh-2');
      assert.match(testWindow.stored() ?? '', /refresh-2/);
      assert.ok((testWindow.stored()?.length ?? 0) < 40_000, String(testWindow.stored()?.length));
    });
  }

  const unusable: Readonly<Record<string, string>> = {
    'the access token has 100 kB': JSON.stringify({ ...NEW, access_token: long(100_000) }),
    'the access token has 2 MB': JSON.stringify({ ...NEW, access_token: long(2_000_000) }),
    'the ID token has 400 kB': JSON.stringify({ ...NEW, id_token: `a.${long(400_000)}.c` }),
    'the access token is nested': withMember(`"access_token":${nested(100_000)}`, {
      token_type: 'Bearer',
      refresh_token: 'refresh-2',
    }),
    'it is 20 MB long, with the refresh token first': withMember(
      `"refresh_token":"refresh-2","a":"${long(20_000_000)}"`,
    ),
    'it is truncated after the refresh token': '{"token_type":"Bearer","refresh_token":"refresh-2","access_token":"acc',
    'it is truncated after a refresh token with escapes':
      '{ "a": [{"refresh_token":"no"}], "refresh_token" : "refresh\\u002d2" , "x',
  };
  for (const [what, body] of Object.entries(unusable)) {
    it(`is stored, and nothing else, when ${what}`, async () => {
      server.onToken(json(body));
      await rejectsWith(refresh(), 'invalid-response');
      const { accessToken, ended, refreshToken } = testWindow.record();
      assert.deepEqual([accessToken, refreshToken, ended], ['access-1', 'refresh-2', undefined]);
      assert.equal(server.requestsTo('/token').length, 1);
      server.onToken({ body: { ...GOOD_TOKENS, access_token: 'access-3', refresh_token: 'refresh-3' } });
      await refresh();
      assert.equal(server.requestsTo('/token').at(-1)?.parameters.get('refresh_token'), 'refresh-2');
      assert.equal(testWindow.record().accessToken, 'access-3');
    });
  }

  for (const [what, body] of Object.entries({
    'it is incomplete itself': '{"refresh_token":"refresh-2',
    'it ends in an escape': '{"refresh_token":"refresh-2\\"',
    'it is nested': '{"a":{"refresh_token":"refresh-2"},"b":"',
    'it is the value of another member': '{"a":"refresh_token","b":"refresh-2","c":"',
    'it comes with an error': '{"error":"invalid_request","refresh_token":"refresh-2","b":"',
  })) {
    it(`isn't taken from a truncated response when ${what}`, async () => {
      server.onToken(json(body));
      await rejectsWith(refresh(), 'invalid-response', 'truncated');
      assert.equal(testWindow.record().refreshToken, 'refresh-1');
    });
  }

  it('keeps the limit of 1 MiB for every other response', async () => {
    server.onToken(json(withMember(`"more":"${long(3_000_000)}"`)));
    await rejectsWith(trade(server), 'invalid-response', 'too-large');
    const found = await discovered(server.issuer);
    const request = await createAuthorizationRequest(found, REDIRECT_URI, ['read']);
    server.onToken({ body: { ...GOOD_TOKENS, access_token: long(100_000) } });
    await rejectsWith(
      exchangeCode(found, request, answerTo(request), transportWith(), new AbortController().signal),
      'invalid-response',
      'too-large',
    );
  });

  it('comes with at most a thousand valid scopes', async () => {
    const scope = ['read', 'r"x', `a${long(600)}`, ...Array.from({ length: 5000 }, (_, at) => `s${at}`)].join(' ');
    server.onToken({ body: { ...GOOD_TOKENS, scope } });
    const { scopes = [] } = await trade(server);
    assert.deepEqual([scopes.length, scopes.slice(0, 2)], [1000, ['read', 's0']]);
  });
});
