// No text from a server puts a secret into a failure, a name or the log, at any step.
import assert from 'node:assert/strict';
import type { Failure } from '../../../src/core/failure.ts';
import { toFailure } from '../../../src/core/failure.ts';
import { createAuthorizationRequest } from '../../../src/protocol/authorize.ts';
import { requestDeviceCode, requestDeviceTokens } from '../../../src/protocol/device.ts';
import { Discovery, withNewDpopKey, type ServerContext } from '../../../src/protocol/discovery.ts';
import { exchangeCode } from '../../../src/protocol/exchange.ts';
import { resolveAccount } from '../../../src/protocol/identity.ts';
import { authorizationUrl } from '../../../src/protocol/pushed.ts';
import { requestRefresh } from '../../../src/protocol/refresh.ts';
import { revokeTokens } from '../../../src/protocol/revoke.ts';
import type { Tokens } from '../../../src/protocol/tokens.ts';
import { answerTo, GOOD_TOKENS, providerAt, REDIRECT_URI, transportWith } from '../../support/fixtures.ts';
import { ScriptedServer, type SeenRequest } from '../../support/scriptedServer.ts';

// Short and without digits, so that no other filter recognizes them as tokens.
const SECRET = 'pass word&more+ü';
const ACCESS = 'accesstokenabc';
const REFRESH = 'refreshtokenab';
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const form = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1);
const SECRET_FORMS = [
  SECRET,
  form(SECRET),
  encodeURIComponent(SECRET),
  encodeURIComponent(SECRET).toLowerCase(),
  base64(SECRET),
  Buffer.from(SECRET).toString('base64url'),
  base64(`editor:${SECRET}`),
  base64(`editor:${form(SECRET)}`),
];

describe('A secret that a server echoes', () => {
  let server: ScriptedServer;
  const transport = transportWith();
  const { signal } = new AbortController();

  beforeEach(async () => {
    server = await ScriptedServer.start();
    Object.assign(server.metadata, {
      device_authorization_endpoint: `${server.issuer}/device`,
      pushed_authorization_request_endpoint: `${server.issuer}/par`,
      userinfo_endpoint: `${server.issuer}/userinfo`,
    });
  });

  afterEach(async () => {
    await server.stop();
  });

  const context = async (more: Parameters<typeof providerAt>[1] = {}): Promise<ServerContext> =>
    new Discovery(transport, () => Promise.resolve(SECRET)).find(providerAt(server.issuer, more));
  const failed = async (task: Promise<unknown>): Promise<Failure> => {
    const failure = await task.then(() => assert.fail('It did not fail.'), toFailure);
    return failure;
  };
  const assertClean = (text: string | undefined, secrets: readonly string[]): void => {
    for (const secret of secrets) {
      assert.ok(secret === '' || text?.includes(secret) !== true, `${secret} in ${String(text)}`);
    }
  };
  const echoing =
    (said: string) =>
    ({ parameters }: SeenRequest) => ({
      status: 400,
      body: { error: 'invalid_request', error_description: `Got ${said} and ${[...parameters.values()].join(' ')}.` },
    });

  const steps: Readonly<Record<string, (found: ServerContext) => Promise<unknown>>> = {
    refresh: async (found) => (await requestRefresh(found, REFRESH, { accessToken: ACCESS }, transport)).verify(),
    revocation: (found) => revokeTokens(found, { accessToken: ACCESS, refreshToken: REFRESH }, transport),
    exchange: async (found) => {
      const request = await createAuthorizationRequest(found, REDIRECT_URI, ['read']);
      return exchangeCode(found, request, answerTo(request, { code: 'abcdefghij' }), transport, signal);
    },
    'pushed request': async (found) => {
      const request = await createAuthorizationRequest(found, REDIRECT_URI, ['read']);
      return authorizationUrl(
        { ...found, provider: { ...found.provider, pushedAuthorization: true } },
        request,
        transport,
        signal,
      );
    },
    'device authorization': (found) => requestDeviceCode(found, ['read'], transport, signal),
  };
  for (const [step, run] of Object.entries(steps)) {
    for (const clientAuthentication of ['client_secret_basic', 'client_secret_post'] as const) {
      it(`isn't in the failure of a ${step} with ${clientAuthentication}, in any form`, async () => {
        for (const said of SECRET_FORMS) {
          for (const path of ['/token', '/revoke', '/par', '/device']) {
            server.on(path, echoing(said));
          }
          const { detail, message } = await failed(run(await context({ clientAuthentication })));
          const sent = server.requests.at(-1)?.parameters;
          const values = ['code', 'code_verifier', 'refresh_token', 'token', 'state', 'nonce', 'client_secret'].map(
            (name) => sent?.get(name) ?? '',
          );
          assertClean(message, [said, SECRET, ACCESS, REFRESH, ...values]);
          assert.match(detail ?? '', /^Got/);
        }
      });
    }
  }

  it("isn't in a failure when the answered request didn't contain it", async () => {
    server.on('/revoke', {
      status: 400,
      body: { error: 'invalid_request', error_description: `${ACCESS} belongs to ${REFRESH}` },
    });
    const { message } = await failed(
      revokeTokens(await context(), { accessToken: ACCESS, refreshToken: REFRESH }, transport),
    );
    assertClean(message, [ACCESS, REFRESH]);
    server.onToken({ status: 400, body: { error: 'invalid_request', error_description: `${ACCESS} expired` } });
    const refresh = await requestRefresh(await context(), REFRESH, { accessToken: ACCESS }, transport);
    assertClean((await failed(refresh.verify())).message, [ACCESS, REFRESH]);
  });

  it("isn't in the failure of an authorization response", async () => {
    const found = await context();
    const request = await createAuthorizationRequest(found, REDIRECT_URI, ['read']);
    const { codeVerifier, nonce, state } = request;
    const answer = new URLSearchParams({
      state,
      error: 'invalid_request',
      error_description: `state ${state} nonce ${nonce} verifier ${codeVerifier} ${SECRET}`,
    });
    const { detail } = await failed(exchangeCode(found, request, answer, transport, signal));
    assertClean(detail, [state, nonce, codeVerifier, SECRET]);
  });

  it("isn't in the failure of a device code that is polled for", async () => {
    const found = await context();
    const code = {
      deviceCode: 'devicecodeabc',
      userCode: 'ABCD',
      verificationUri: server.issuer,
      verificationUriComplete: undefined,
      interval: 1,
      expiresAt: Infinity,
    };
    server.onToken(echoing(`${SECRET} devicecodeabc`));
    const { message } = await failed(requestDeviceTokens(found, code, ['read'], transport, signal));
    assertClean(message, [SECRET, 'devicecodeabc']);
  });

  it("isn't in the token type that a failure shows", async () => {
    const found = await withNewDpopKey(await context({ dpop: true }));
    const { d } = found.dpopKey?.jwk ?? { d: '' };
    for (const type of [ACCESS, REFRESH, d]) {
      server.onToken({ body: { ...GOOD_TOKENS, access_token: ACCESS, refresh_token: REFRESH, token_type: type } });
      const { message } = await failed((await requestRefresh(found, REFRESH, undefined, transport)).verify());
      assertClean(message.toLowerCase(), [ACCESS, REFRESH, d.toLowerCase()]);
    }
  });

  it("isn't in the name of an account, from the ID token or from the userinfo endpoint", async () => {
    const found = await context();
    const tokens = { accessToken: ACCESS, tokenType: 'Bearer', claims: undefined } as Tokens;
    found.secrets.add(REFRESH);
    for (const name of [ACCESS, REFRESH, SECRET, base64(`editor:${SECRET}`)]) {
      const body: Readonly<Record<string, unknown>> = { sub: 'person-1', name: `Sam ${name}` };
      server.on('/userinfo', { body });
      const { label } = await resolveAccount(found, tokens, transport, signal);
      assertClean(label, [name]);
      assert.match(label, /^Sam/);
    }
    const claims = { iss: 'x', sub: 'person-1', aud: 'editor', iat: 1, exp: 2, name: `Kim ${REFRESH}` };
    assertClean((await resolveAccount(found, { ...tokens, claims }, transport, signal)).label, [REFRESH]);
  });
});
