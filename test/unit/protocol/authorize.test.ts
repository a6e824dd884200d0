import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { URI } from 'vscode-uri';
import {
  createAuthorizationRequest,
  isResponseTo,
  readAuthorizationResponse,
  type AuthorizationRequest,
} from '../../../src/protocol/authorize.ts';
import type { ServerContext } from '../../../src/protocol/discovery.ts';
import { answerTo, discovered, REDIRECT_URI } from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import { ScriptedServer } from '../../support/scriptedServer.ts';

describe('createAuthorizationRequest', () => {
  let server: ScriptedServer;

  beforeEach(async () => {
    server = await ScriptedServer.start();
  });

  afterEach(async () => {
    await server.stop();
  });

  it('has all parameters of a code flow with PKCE, and no others', async () => {
    const request = await createAuthorizationRequest(await discovered(server.issuer), REDIRECT_URI, ['read', 'write']);
    assert.equal(request.url.origin + request.url.pathname, `${server.issuer}/authorize`);
    assert.deepEqual(Object.fromEntries(request.url.searchParams), {
      response_type: 'code',
      client_id: 'editor',
      redirect_uri: REDIRECT_URI,
      scope: 'read write',
      state: request.state,
      code_challenge: createHash('sha256').update(request.codeVerifier).digest('base64url'),
      code_challenge_method: 'S256',
    });
    assert.doesNotMatch(request.url.href, new RegExp(request.codeVerifier));
  });

  it('has a nonce only with "openid"', async () => {
    const found = await discovered(server.issuer);
    const request = await createAuthorizationRequest(found, REDIRECT_URI, ['openid', 'read']);
    assert.equal(request.url.searchParams.get('nonce'), request.nonce);
    assert.equal(
      (await createAuthorizationRequest(found, REDIRECT_URI, ['read'])).url.searchParams.has('nonce'),
      false,
    );
  });

  it('has new secrets each time', async () => {
    const found = await discovered(server.issuer);
    const secrets = (
      await Promise.all([1, 2, 3].map(() => createAuthorizationRequest(found, REDIRECT_URI, ['openid'])))
    ).flatMap(({ state, nonce, codeVerifier }) => [state, nonce, codeVerifier]);
    assert.equal(new Set(secrets).size, 9);
    assert.ok(secrets.every((secret) => secret.length >= 43));
  });

  it('encodes a space as %20 and keeps the query of the endpoint', async () => {
    server.metadata['authorization_endpoint'] = `${server.issuer}/authorize?tenant=a%2Bb&mode=x`;
    const { url } = await createAuthorizationRequest(await discovered(server.issuer), REDIRECT_URI, [
      'read',
      'write',
      'api+x',
    ]);
    assert.match(url.search, /scope=read%20write%20api%2Bx/);
    assert.doesNotMatch(url.search, /\+/);
    assert.deepEqual(
      [url.searchParams.get('tenant'), url.searchParams.get('mode'), url.searchParams.get('scope')],
      ['a+b', 'x', 'read write api+x'],
    );
  });

  it('prompts for account selection when another account is requested, but only with a prompt that the server lists', async () => {
    const promptOf = async (listed: unknown, prompt?: string): Promise<string | null> => {
      server.metadata['prompt_values_supported'] = listed;
      const found = await discovered(server.issuer, {
        authorizationParameters: prompt === undefined ? {} : { prompt },
      });
      return (
        await createAuthorizationRequest(found, REDIRECT_URI, ['openid'], { wantsOtherAccount: true })
      ).url.searchParams.get('prompt');
    };
    assert.equal(await promptOf(['none', 'login', 'select_account']), 'select_account');
    assert.equal(await promptOf(['none', 'login', 'consent']), 'login');
    assert.equal(await promptOf(['login', 'select_account'], 'consent'), 'consent select_account');
    assert.deepEqual(
      [await promptOf(['none']), await promptOf(undefined), await promptOf('login')],
      [null, null, null],
    );
    server.metadata['prompt_values_supported'] = ['login'];
    const { url } = await createAuthorizationRequest(await discovered(server.issuer), REDIRECT_URI, ['openid'], {
      wantsOtherAccount: true,
      prompt: 'consent',
    });
    assert.equal(url.searchParams.get('prompt'), 'consent');
    assert.equal(
      (
        await createAuthorizationRequest(await discovered(server.issuer), REDIRECT_URI, ['openid'])
      ).url.searchParams.get('prompt'),
      null,
    );
  });

  it('sends any login hint unchanged', async () => {
    for (const loginHint of ['sam+test@example.com', 'a&b=c', 'ünïcode 100%', '"quoted" #1']) {
      const { url } = await createAuthorizationRequest(await discovered(server.issuer), REDIRECT_URI, ['read'], {
        loginHint,
      });
      assert.equal(new URL(url.href).searchParams.get('login_hint'), loginHint);
      assert.equal(url.searchParams.get('client_id'), 'editor');
    }
  });

  it('sends a prompt and the claims that the server required, unchanged', async () => {
    const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1 + c2 & more"}}}';
    const found = await discovered(server.issuer);
    const { url } = await createAuthorizationRequest(found, REDIRECT_URI, ['read'], {
      prompt: 'select_account',
      claims,
    });
    const { searchParams } = new URL(url.href);
    assert.deepEqual(
      [searchParams.get('prompt'), searchParams.get('claims'), searchParams.has('login_hint')],
      ['select_account', claims, false],
    );
    assert.doesNotMatch(url.search, /[+{}"]/);
    const plain = (
      await createAuthorizationRequest(found, REDIRECT_URI, ['read'], {
        loginHint: undefined,
        prompt: undefined,
        claims: undefined,
      })
    ).url.searchParams;
    assert.deepEqual(
      ['login_hint', 'prompt', 'claims'].filter((name) => plain.has(name)),
      [],
    );
  });

  it("doesn't let hints override its security parameters", async () => {
    const hints = {
      loginHint: '&state=evil&redirect_uri=https://evil.example.com',
      prompt: 'login&nonce=evil',
      claims: '{}&client_id=evil',
    };
    const request = await createAuthorizationRequest(await discovered(server.issuer), REDIRECT_URI, ['openid'], hints);
    const { searchParams } = new URL(request.url.href);
    assert.deepEqual(
      [
        searchParams.getAll('state'),
        searchParams.getAll('nonce'),
        searchParams.getAll('client_id'),
        searchParams.getAll('redirect_uri'),
      ],
      [[request.state], [request.nonce], ['editor'], [REDIRECT_URI]],
    );
  });

  it("sends the parameters of the entry, but doesn't let them override its security parameters", async () => {
    // As if the settings had been validated wrongly.
    const authorizationParameters = {
      audience: 'https://api.example.com/?a=b c',
      access_type: 'offline',
      prompt: 'consent',
      state: 'evil',
      code_challenge: 'evil',
      client_id: 'evil',
      scope: 'evil',
    };
    const request = await createAuthorizationRequest(
      await discovered(server.issuer, { authorizationParameters }),
      REDIRECT_URI,
      ['read'],
    );
    const { searchParams } = new URL(request.url.href);
    assert.deepEqual(
      ['audience', 'access_type', 'prompt'].map((name) => searchParams.get(name)),
      ['https://api.example.com/?a=b c', 'offline', 'consent'],
    );
    assert.deepEqual(
      [searchParams.getAll('state'), searchParams.getAll('client_id'), searchParams.getAll('scope')],
      [[request.state], ['editor'], ['read']],
    );
    assert.notEqual(searchParams.get('code_challenge'), 'evil');
  });

  it('prefers the parameters of this sign-in to those of the entry', async () => {
    const found = await discovered(server.issuer, {
      authorizationParameters: { prompt: 'consent', login_hint: 'ada' },
    });
    const { searchParams } = (
      await createAuthorizationRequest(found, REDIRECT_URI, ['read'], { prompt: 'select_account' })
    ).url;
    assert.deepEqual([searchParams.getAll('prompt'), searchParams.getAll('login_hint')], [['select_account'], ['ada']]);
  });

  it('sends a parameter for each resource', async () => {
    const resource = ['https://api.example.com/a?b=c d', 'urn:example:x'];
    const { url } = await createAuthorizationRequest(await discovered(server.issuer, { resource }), REDIRECT_URI, [
      'read',
    ]);
    assert.deepEqual(new URL(url.href).searchParams.getAll('resource'), resource);
  });

  it("would be changed by the editor's URI, which is why the URL is handled as a string", async () => {
    const { url } = await createAuthorizationRequest(await discovered(server.issuer), REDIRECT_URI, ['read'], {
      loginHint: 'sam+test&x@example.com',
    });
    const unencoded = URI.parse(url.href).toString(true);
    assert.notEqual(new URL(unencoded).searchParams.get('login_hint'), 'sam+test&x@example.com');
    assert.notEqual(URI.parse(url.href).toString(), url.href);
    assert.equal(new URL(url.href).href, url.href);
  });
});

describe('readAuthorizationResponse', () => {
  let scripted: ScriptedServer;
  let server: ServerContext;
  let request: AuthorizationRequest;

  beforeEach(async () => {
    scripted = await ScriptedServer.start();
    server = await discovered(scripted.issuer);
    request = await createAuthorizationRequest(server, REDIRECT_URI, ['openid']);
  });

  afterEach(async () => {
    await scripted.stop();
  });

  const read = async (parameters: URLSearchParams, at = server): Promise<URLSearchParams> =>
    Promise.resolve().then(() => readAuthorizationResponse(at, request, parameters));
  const advertising = (): ServerContext => ({
    ...server,
    metadata: { ...server.metadata, authorization_response_iss_parameter_supported: true },
  });

  it('identifies the response by its state, which must occur once', () => {
    assert.equal(isResponseTo(request, answerTo(request)), true);
    assert.equal(isResponseTo(request, new URLSearchParams({ code: 'x' })), false);
    assert.equal(isResponseTo(request, answerTo(request, { state: 'other' })), false);
    assert.equal(isResponseTo(request, new URLSearchParams(`state=${request.state}&state=${request.state}`)), false);
    assert.equal(isResponseTo(request, new URLSearchParams(`state=${request.state}&state=other`)), false);
  });

  it('returns the code', async () => {
    assert.equal((await read(answerTo(request))).get('code'), 'code-1');
    assert.equal((await read(answerTo(request, { iss: scripted.issuer }), advertising())).get('code'), 'code-1');
  });

  it('rejects a response from another issuer, without using any of its text', async () => {
    for (const more of [
      { iss: 'https://evil.example.com' },
      { iss: `${scripted.issuer}//` },
      { iss: `${scripted.issuer}/x` },
      { iss: '' },
      { iss: 'https://evil.example.com', error: 'server_error', error_description: 'call 555' },
    ]) {
      const failure = await rejectsWith(read(answerTo(request, more)), 'untrusted-response', 'wrong-issuer');
      assert.equal(failure.message, 'untrusted-response (wrong-issuer)');
    }
  });

  it('accepts an issuer that differs by a trailing slash, and no other difference', async () => {
    assert.equal((await read(answerTo(request, { iss: `${scripted.issuer}/` }))).get('code'), 'code-1');
    for (const [issuer, iss] of [
      ['https://id.example.com/a/', 'https://id.example.com/a'],
      ['https://id.example.com/a', 'https://id.example.com/a/'],
    ] as const) {
      const slashed = {
        ...server,
        metadata: { ...server.metadata, issuer, authorization_response_iss_parameter_supported: true },
      };
      assert.equal((await read(answerTo(request, { iss }), slashed)).get('code'), 'code-1');
      assert.equal(
        (
          await rejectsWith(
            read(new URLSearchParams({ state: request.state, error: 'access_denied', iss }), slashed),
            'denied',
          )
        ).code,
        'access_denied',
      );
      await rejectsWith(
        read(answerTo(request, { iss: iss.toUpperCase() }), slashed),
        'untrusted-response',
        'wrong-issuer',
      );
      await rejectsWith(read(answerTo(request, { iss: `${iss}/b` }), slashed), 'untrusted-response', 'wrong-issuer');
    }
  });

  it('reports an error without iss even if the server declares to send iss, but not with a wrong iss', async () => {
    const error = { error: 'access_denied', error_description: 'Not today' };
    const failure = await rejectsWith(
      read(new URLSearchParams({ state: request.state, ...error }), advertising()),
      'denied',
      'access_denied',
    );
    assert.equal(failure.detail, 'Not today');
    await rejectsWith(
      read(new URLSearchParams({ state: request.state, ...error, iss: 'https://evil.example.com' }), advertising()),
      'untrusted-response',
      'wrong-issuer',
    );
    for (const parameters of [
      { state: 'other', ...error },
      { ...error },
      { state: request.state, code: 'x', error: '' },
      { state: request.state, code: 'x' },
    ]) {
      await rejectsWith(read(new URLSearchParams(parameters), advertising()), 'untrusted-response', 'wrong-issuer');
    }
  });

  it('reports the issuer for the entry when the entry contains the endpoints and its issuer differs', async () => {
    const described = {
      ...server,
      provider: {
        ...server.provider,
        endpoints: { authorization: `${scripted.issuer}/authorize`, token: `${scripted.issuer}/token` },
      },
    };
    const iss = 'https://real.example.com/x';
    const failure = await rejectsWith(read(answerTo(request, { iss }), described), 'issuer-mismatch', 'issuer-setting');
    assert.equal(failure.detail, iss);
    for (const more of [
      { iss, state: 'other' },
      { iss: 'https://a.example/[x](command:y)?a' },
      { iss: 'command:x' },
      { iss: '' },
    ]) {
      await rejectsWith(read(answerTo(request, more), described), 'untrusted-response', 'wrong-issuer');
    }
    await rejectsWith(read(answerTo(request, { iss })), 'untrusted-response', 'wrong-issuer');
  });

  it('accepts any tenant of a multitenant server, and no other server', async () => {
    const many = { ...server, metadata: { ...server.metadata, issuer: `${scripted.issuer}/{tenantid}/v2.0` } };
    assert.equal(
      (await read(answerTo(request, { iss: `${scripted.issuer}/tenant-1/v2.0` }), many)).get('code'),
      'code-1',
    );
    await rejectsWith(
      read(answerTo(request, { iss: 'https://evil.example.com/tenant-1/v2.0' }), many),
      'untrusted-response',
      'wrong-issuer',
    );
  });

  it('rejects two issuers', async () => {
    await rejectsWith(
      read(new URLSearchParams(`${answerTo(request).toString()}&iss=${scripted.issuer}&iss=https://evil.example.com`)),
      'untrusted-response',
    );
    await rejectsWith(
      read(
        new URLSearchParams(`${answerTo(request).toString()}&iss=${scripted.issuer}&iss=${scripted.issuer}`),
        advertising(),
      ),
      'untrusted-response',
    );
  });

  it('rejects a missing issuer when the server declares to send it', async () => {
    await rejectsWith(read(answerTo(request), advertising()), 'untrusted-response', 'wrong-issuer');
  });

  it('rejects another state, and two states', async () => {
    await rejectsWith(read(answerTo(request, { state: 'other' })), 'invalid-response');
    await rejectsWith(
      read(new URLSearchParams(`code=x&state=${request.state}&state=${request.state}`)),
      'invalid-response',
    );
  });

  it('reports that the user denied access, with the sanitized message of the server', async () => {
    const parameters = new URLSearchParams({
      state: request.state,
      error: 'access_denied',
      error_description: 'Denied [click](command:evil) \u202E',
    });
    const failure = await rejectsWith(read(parameters), 'denied', 'access_denied');
    assert.match(failure.detail ?? '', /^Denied/);
    assert.doesNotMatch(failure.detail ?? '', /command:|[[\]()\u202E]/);
  });

  it('rejects a response without a code', async () => {
    await rejectsWith(read(new URLSearchParams({ state: request.state })), 'invalid-callback', 'no-code');
    await rejectsWith(read(answerTo(request, { code: '' })), 'invalid-callback', 'no-code');
  });

  it('rejects a response that contains tokens', async () => {
    await rejectsWith(read(answerTo(request, { id_token: 'x' })), 'configuration', 'OAUTH_UNSUPPORTED_OPERATION');
  });
});
