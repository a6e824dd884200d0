// A fetch with the token of a session, at a server on loopback.
import assert from 'node:assert/strict';
import { createFetch, SignInRequiredError } from '../../../client/src/index.ts';
import {
  sessionKeeperError,
  startResource,
  TestProvider,
  type Reply,
  type ScriptedResource,
  type SeenRequest,
} from '../../support/clientFixture.ts';
import { editor } from '../../support/fakeEditor.ts';

const UNAUTHORIZED: Reply = { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } };
const FORBIDDEN: Reply = {
  status: 403,
  headers: { 'www-authenticate': 'Bearer error="insufficient_scope", scope="write"' },
};

describe('createFetch', () => {
  let resource: ScriptedResource;
  let elsewhere: ScriptedResource;
  let provider: TestProvider;
  const options = { providerId: 'acme', scopes: ['read'] } as const;
  const tokens = (): (string | undefined)[] => resource.seen.map(({ token }) => token);
  /** Rejects some tokens. */
  const reject =
    (...rejected: readonly string[]) =>
    ({ token = '' }: SeenRequest): Reply =>
      rejected.includes(token) ? UNAUTHORIZED : {};

  before(async () => {
    [resource, elsewhere] = await Promise.all([startResource(), startResource()]);
  });
  after(() => {
    resource.stop();
    elsewhere.stop();
  });
  beforeEach(() => {
    editor.reset();
    for (const one of [resource, elsewhere]) {
      one.seen.length = 0;
      one.reply = () => ({});
    }
    provider = new TestProvider('acme');
    provider.signIn();
  });

  it('sends the token with the method, headers, and body of the caller', async () => {
    const response = await createFetch(options)(`${resource.origin}/notes?q=1`, {
      method: 'post',
      headers: { 'content-type': 'text/plain', 'x-own': 'yes' },
      body: 'text',
    });
    assert.equal(await response.text(), 'token-1');
    assert.deepEqual(
      resource.seen.map(({ body, headers, method, path }) => [
        method,
        path,
        body,
        headers['x-own'],
        headers['content-type'],
      ]),
      [['POST', '/notes?q=1', 'text', 'yes', 'text/plain']],
    );
  });

  it('sends a Request, and what the second parameter changes', async () => {
    const request = new Request(`${resource.origin}/notes`, { headers: { 'x-own': 'yes' }, method: 'DELETE' });
    await createFetch(options)(request);
    await createFetch(options)(request, { method: 'GET' });
    await createFetch(options)(new Request(request, { method: 'PUT', body: 'text' }));
    assert.deepEqual(
      resource.seen.map(({ body, headers, method }) => [method, headers['x-own'], body]),
      [
        ['DELETE', 'yes', ''],
        ['GET', 'yes', ''],
        ['PUT', 'yes', 'text'],
      ],
    );
    assert.deepEqual(tokens(), ['token-1', 'token-1', 'token-1']);
  });

  describe('without a session', () => {
    beforeEach(() => {
      provider.session = undefined;
    });

    it('rejects, and asks nothing', async () => {
      await assert.rejects(createFetch(options)(resource.origin), SignInRequiredError);
      assert.equal(provider.signIns + resource.seen.length, 0);
    });

    it('lets the user sign in once for parallel requests if it is interactive', async () => {
      const fetched = createFetch({ ...options, interactive: true });
      await Promise.all([1, 2, 3].map(() => fetched(resource.origin)));
      assert.deepEqual([provider.signIns, tokens()], [1, ['token-2', 'token-2', 'token-2']]);
    });

    it('passes on the account', async () => {
      const account = { id: 'alice', label: 'alice' };
      await assert.rejects(createFetch({ ...options, account })(resource.origin));
      assert.deepEqual(editor.sessionRequests.at(-1)?.options, { silent: true, account });
    });
  });

  it('rejects with the error of the provider, which a sign-in solves if it is interactive', async () => {
    provider.error = sessionKeeperError('session-ended');
    await assert.rejects(createFetch(options)(resource.origin), { name: 'SessionKeeper.session-ended' });
    const response = await createFetch({ ...options, interactive: true })(resource.origin);
    assert.deepEqual([response.status, provider.signIns], [200, 1]);
    provider.error = sessionKeeperError('network');
    await assert.rejects(createFetch({ ...options, interactive: true })(resource.origin), {
      name: 'SessionKeeper.network',
    });
  });

  describe('when the server rejects the token', () => {
    it('passes on the challenge, and sends the request once more', async () => {
      resource.reply = reject('token-1');
      const response = await createFetch(options)(resource.origin, { method: 'PUT', body: 'text' });
      assert.equal(response.status, 200);
      assert.deepEqual(provider.challenges, ['Bearer error="invalid_token"']);
      assert.deepEqual(
        resource.seen.map(({ body, token }) => [token, body]),
        [
          ['token-1', 'text'],
          ['token-2', 'text'],
        ],
      );
    });

    for (const [what, body] of Object.entries({
      'a form': () => Object.entries({ a: '1' }).reduce((form, [k, v]) => (form.append(k, v), form), new FormData()),
      parameters: () => new URLSearchParams({ a: '1' }),
      bytes: () => new TextEncoder().encode('a=1'),
      'a blob': () => new Blob(['a=1'], { type: 'text/plain' }),
    })) {
      it(`sends ${what} once more, with the matching type`, async () => {
        resource.reply = reject('token-1');
        const response = await createFetch(options)(resource.origin, { method: 'POST', body: body() });
        assert.equal(response.status, 200);
        for (const request of resource.seen) {
          const [, boundary = 'a'] = /boundary=(.*)/u.exec(request.headers['content-type'] ?? '') ?? [];
          assert.ok(request.body.includes(boundary), request.body);
        }
        assert.equal(resource.seen.length, 2);
      });
    }

    it('returns the response if the next token is rejected, too', async () => {
      resource.reply = () => ({ ...UNAUTHORIZED, body: 'never' });
      const response = await createFetch(options)(resource.origin);
      assert.deepEqual([response.status, await response.text()], [401, 'never']);
      assert.deepEqual(tokens(), ['token-1', 'token-2']);
    });

    it('returns the response, with its body, if there is no other token', async () => {
      resource.reply = () => ({ ...UNAUTHORIZED, body: 'why' });
      provider.onChallenge = () => provider.session;
      const response = await createFetch(options)(resource.origin);
      assert.deepEqual([response.status, await response.text(), resource.seen.length], [401, 'why', 1]);
    });

    for (const name of ['token-rejected', 'session-ended', 'network', 'invalid-challenge']) {
      it(`returns the response if the provider rejects with ${name}`, async () => {
        resource.reply = () => ({ ...UNAUTHORIZED, body: 'why' });
        provider.onChallenge = () => {
          throw sessionKeeperError(name);
        };
        const response = await createFetch(options)(resource.origin);
        assert.deepEqual([response.status, await response.text(), resource.seen.length], [401, 'why', 1]);
      });
    }

    for (const header of [undefined, 'Bearer', 'Bearer realm="notes"', 'Basic realm="notes"']) {
      it(`requests a renewed token if the challenge has no error: ${header ?? 'none'}`, async () => {
        const headers: Reply['headers'] = header === undefined ? {} : { 'www-authenticate': header };
        resource.reply = ({ token }) => (token === 'token-1' ? { status: 401, headers } : {});
        assert.equal((await createFetch(options)(resource.origin)).status, 200);
        assert.deepEqual(provider.challenges, ['Bearer error="invalid_token"']);
      });
    }

    it('shares one renewal between parallel requests', async () => {
      resource.reply = reject('token-1');
      const fetched = createFetch(options);
      const responses = await Promise.all(Array.from({ length: 20 }, () => fetched(resource.origin)));
      assert.deepEqual([...new Set(responses.map(({ status }) => status))], [200]);
      assert.equal(provider.challenges.length, 1);
    });

    it('uses a token that was renewed meanwhile, without another renewal', async () => {
      resource.reply = (request) => {
        provider.renew();
        return reject('token-1')(request);
      };
      assert.equal((await createFetch(options)(resource.origin)).status, 200);
      assert.deepEqual([provider.challenges, tokens()], [[], ['token-1', 'token-2']]);
    });

    it('requests the session once more from a provider that supports no challenges', async () => {
      const github = new TestProvider('github', { supportsChallenges: false });
      github.signIn();
      resource.reply = reject('token-1');
      const fetched = createFetch({ ...options, providerId: 'github' });
      assert.equal((await fetched(resource.origin)).status, 401);
      resource.reply = (request) => {
        github.renew();
        return reject('token-1')(request);
      };
      assert.equal((await fetched(resource.origin)).status, 200);
      assert.equal(github.signIns, 0);
    });

    it('never asks the user, even if it is interactive', async () => {
      resource.reply = () => UNAUTHORIZED;
      provider.onChallenge = () => undefined;
      assert.equal((await createFetch({ ...options, interactive: true })(resource.origin)).status, 401);
      assert.equal(provider.signIns, 0);
    });
  });

  describe('when the server requires more', () => {
    const challenges = [
      'Bearer error="insufficient_scope", scope="write"',
      'Bearer error=insufficient_scope',
      'Bearer error="insufficient_user_authentication", acr_values="phr"',
      'Bearer max_age=60',
      'Bearer realm="", error="insufficient_claims", claims="e30="',
      'Basic realm="x", DPoP algs="ES256", error="insufficient_scope"',
    ];
    for (const [index, header] of challenges.entries()) {
      it(`asks the user only if it is interactive: ${header}`, async () => {
        provider.onChallenge = () => undefined;
        const status = index % 2 === 0 ? 403 : 401;
        resource.reply = ({ token }) =>
          token === 'token-1' ? { status, headers: { 'www-authenticate': header }, body: 'why' } : {};
        const refused = await createFetch(options)(resource.origin);
        assert.deepEqual([refused.status, await refused.text(), provider.signIns], [status, 'why', 0]);
        const response = await createFetch({ ...options, interactive: true })(resource.origin);
        assert.deepEqual([response.status, provider.signIns], [200, 1]);
        assert.deepEqual([...new Set(provider.challenges)], [header]);
      });
    }

    it('uses a session that meets the challenge, without asking', async () => {
      provider.onChallenge = () => ({ ...provider.renew(), scopes: ['read', 'write'] });
      resource.reply = ({ token }) => (token === 'token-1' ? FORBIDDEN : {});
      assert.equal((await createFetch(options)(resource.origin)).status, 200);
      assert.equal(provider.signIns, 0);
    });

    it('returns the response if the user cancels', async () => {
      provider.onChallenge = () => undefined;
      provider.onSignIn = () => {
        throw new Error('User did not consent to login.');
      };
      resource.reply = () => ({ ...FORBIDDEN, body: 'why' });
      const response = await createFetch({ ...options, interactive: true })(resource.origin);
      assert.deepEqual([response.status, await response.text()], [403, 'why']);
    });

    it('returns a 403 without a challenge, and requests nothing', async () => {
      resource.reply = () => ({ status: 403 });
      assert.equal((await createFetch({ ...options, interactive: true })(resource.origin)).status, 403);
      assert.deepEqual([provider.challenges, provider.signIns, resource.seen.length], [[], 0, 1]);
    });
  });

  describe('with a body that is a stream', () => {
    const stream = (): ReadableStream<Uint8Array> => new Blob(['streamed']).stream();

    it('sends it once', async () => {
      resource.reply = reject('token-1');
      const response = await createFetch(options)(resource.origin, { method: 'POST', body: stream() });
      assert.deepEqual([response.status, resource.seen.map(({ body }) => body)], [401, ['streamed']]);
      assert.deepEqual(provider.challenges.length, 1, 'the next request gets another token');
    });

    it('sends the stream of a Request once', async () => {
      resource.reply = reject('token-1');
      const request = new Request(resource.origin, { method: 'POST', body: 'streamed' });
      assert.equal((await createFetch(options)(request)).status, 401);
      assert.deepEqual(
        resource.seen.map(({ body }) => body),
        ['streamed'],
      );
    });

    it('renews a token first that lasts less than a minute', async () => {
      provider.signIn({ expiresAfter: 59_999 });
      await createFetch(options)(resource.origin, { method: 'POST', body: stream() });
      provider.signIn({ expiresAfter: 60_000 });
      await createFetch(options)(resource.origin, { method: 'POST', body: stream() });
      assert.deepEqual(tokens(), ['token-3', 'token-4']);
    });

    it("sends the current token if it can't be renewed", async () => {
      provider.signIn({ expiresAfter: 1000 });
      provider.onChallenge = () => {
        throw sessionKeeperError('network');
      };
      await createFetch(options)(resource.origin, { method: 'POST', body: stream() });
      assert.deepEqual(tokens(), ['token-2']);
    });

    it('fails if the server redirects it', async () => {
      resource.reply = () => ({ status: 307, headers: { location: '/elsewhere' } });
      await assert.rejects(createFetch(options)(resource.origin, { method: 'POST', body: stream() }), TypeError);
    });
  });

  it('passes through a streamed response', async () => {
    const { promise: isRead, resolve: read } = Promise.withResolvers<undefined>();
    resource.reply = () => ({
      headers: { 'content-type': 'text/event-stream' },
      body: (async function* () {
        yield 'data: 1\n\n';
        await isRead;
        yield 'data: 2\n\n';
      })(),
    });
    const response = await createFetch(options)(resource.origin);
    const events: string[] = [];
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      events.push(decoder.decode(chunk));
      read(undefined);
    }
    assert.deepEqual(events, ['data: 1\n\n', 'data: 2\n\n']);
  });

  describe('when the caller aborts', () => {
    const reason = new Error('enough');

    it('rejects with the reason, without a request, if it is aborted before', async () => {
      await assert.rejects(createFetch(options)(resource.origin, { signal: AbortSignal.abort(reason) }), reason);
      assert.equal(resource.seen.length, 0);
    });

    it('rejects with the reason while it waits for the session', async () => {
      provider.session = undefined;
      const controller = new AbortController();
      provider.onSignIn = () => {
        controller.abort(reason);
        return new Promise(() => {});
      };
      const fetched = createFetch({ ...options, interactive: true });
      await assert.rejects(fetched(resource.origin, { signal: controller.signal }), reason);
    });

    it('rejects with the reason while the token is renewed, and while the server responds', async () => {
      for (const when of ['renewal', 'response']) {
        const controller = new AbortController();
        const pending = (): Promise<never> => {
          controller.abort(reason);
          return new Promise(() => {});
        };
        resource.reply = when === 'renewal' ? () => UNAUTHORIZED : pending;
        provider.onChallenge = pending;
        await assert.rejects(createFetch(options)(resource.origin, { signal: controller.signal }), reason);
      }
    });

    it('aborts the body of the response', async () => {
      const controller = new AbortController();
      resource.reply = () => ({
        body: (async function* () {
          yield 'data: 1\n\n';
          await new Promise(() => {});
        })(),
      });
      const response = await createFetch(options)(new Request(resource.origin, { signal: controller.signal }));
      controller.abort(reason);
      await assert.rejects(response.text());
    });
  });

  describe('when the server redirects', () => {
    const redirect =
      (status: number, location: string) =>
      ({ path }: SeenRequest): Reply =>
        path === '/first' ? { status, headers: { location } } : {};

    it('sends the token to the same origin', async () => {
      resource.reply = redirect(302, '/second');
      const response = await createFetch(options)(`${resource.origin}/first`);
      assert.deepEqual([response.url, tokens()], [`${resource.origin}/second`, ['token-1', 'token-1']]);
    });

    it('sends neither the token nor cookies to another origin, and not to the first one if that redirects back', async () => {
      resource.reply = redirect(307, `${elsewhere.origin}/away`);
      elsewhere.reply = () => ({ status: 302, headers: { location: `${resource.origin}/back` } });
      await createFetch(options)(`${resource.origin}/first`, { headers: { cookie: 'a=1', 'x-own': 'yes' } });
      const [away] = elsewhere.seen;
      assert.deepEqual(
        [away?.headers.authorization, away?.headers.cookie, away?.headers['x-own']],
        [undefined, undefined, 'yes'],
      );
      assert.deepEqual(tokens(), ['token-1', undefined]);
    });

    it('sends nothing of DPoP to another origin', async () => {
      editor.commands.set('sessionKeeper.dpopHeaders', (token) => ({
        authorization: `DPoP ${String(token)}`,
        dpop: 'proof',
      }));
      resource.reply = redirect(302, `${elsewhere.origin}/away`);
      await createFetch(options)(`${resource.origin}/first`);
      assert.deepEqual(
        elsewhere.seen.map(({ headers }) => [headers.authorization, headers['dpop']]),
        [[undefined, undefined]],
      );
    });

    for (const [status, method, expected] of [
      [301, 'POST', ['GET', '']],
      [302, 'POST', ['GET', '']],
      [303, 'PUT', ['GET', '']],
      [303, 'HEAD', ['HEAD', '']],
      [302, 'PUT', ['PUT', 'text']],
      [307, 'POST', ['POST', 'text']],
      [308, 'POST', ['POST', 'text']],
    ] as const) {
      it(`keeps the method and the body as the Fetch standard requires: ${status} after ${method}`, async () => {
        resource.reply = redirect(status, '/second');
        const body = method === 'HEAD' ? {} : { body: 'text' };
        await createFetch(options)(`${resource.origin}/first`, { method, ...body });
        const second = resource.seen.at(-1);
        assert.deepEqual([second?.method, second?.body], expected);
        assert.equal(second?.headers['content-type'] === undefined, expected[1] === '');
      });
    }

    it('follows 20 redirects, and fails after them', async () => {
      let left = 20;
      resource.reply = () => (left-- > 0 ? { status: 302, headers: { location: `/${left}` } } : {});
      assert.equal((await createFetch(options)(resource.origin)).status, 200);
      left = 21;
      await assert.rejects(createFetch(options)(resource.origin), TypeError);
    });

    it('returns the response or fails if the caller wants that', async () => {
      resource.reply = redirect(302, '/second');
      const url = `${resource.origin}/first`;
      assert.equal((await createFetch(options)(url, { redirect: 'manual' })).status, 302);
      assert.equal((await createFetch(options)(new Request(url, { redirect: 'manual' }))).status, 302);
      await assert.rejects(createFetch(options)(url, { redirect: 'error' }), TypeError);
      assert.equal(resource.seen.length, 3);
    });

    it("fails if the target isn't HTTP", async () => {
      resource.reply = redirect(302, 'file:///etc/passwd');
      await assert.rejects(createFetch(options)(`${resource.origin}/first`), TypeError);
    });
  });

  for (const url of [
    'http://api.example.com',
    'http://127.0.0.1.example.com',
    'ftp://api.example.com',
    'http://128.0.0.1',
  ]) {
    it(`rejects without a request for a session: ${url}`, async () => {
      await assert.rejects(createFetch(options)(url), /isn't HTTPS/u);
      assert.equal(editor.sessionRequests.length, 0);
    });
  }

  it('rejects if the URL or an option is invalid', async () => {
    for (const [input, init] of [
      ['/notes', {}],
      [resource.origin, { method: 'GET', body: 'text' }],
      [resource.origin, { headers: { 'a b': 'c' } }],
    ] as const) {
      await assert.rejects(createFetch(options)(input, init), TypeError);
    }
    assert.equal(resource.seen.length, 0);
  });

  describe('with tokens bound to a key (DPoP)', () => {
    const asked: { readonly method: string; readonly url: string; readonly nonce?: string }[] = [];

    beforeEach(() => {
      asked.length = 0;
      editor.commands.set('sessionKeeper.dpopHeaders', (token, request) => {
        asked.push(request as (typeof asked)[number]);
        return { authorization: `DPoP ${String(token)}`, dpop: `proof-${asked.length}` };
      });
    });

    it('sends a proof for each request, without query and fragment', async () => {
      const fetched = createFetch(options);
      await fetched(`${resource.origin}/notes?q=1#top`, { method: 'PUT' });
      await fetched(`${resource.origin}/notes`);
      assert.deepEqual(
        asked.map(({ method, url }) => [method, url]),
        [
          ['PUT', `${resource.origin}/notes`],
          ['GET', `${resource.origin}/notes`],
        ],
      );
      assert.deepEqual(
        resource.seen.map(({ headers }) => headers['dpop']),
        ['proof-1', 'proof-2'],
      );
    });

    it('sends the request once more with the nonce that the server requires, and keeps one for each origin', async () => {
      const requireNonce = (nonce: string) => (): Reply =>
        asked.at(-1)?.nonce === nonce
          ? { headers: { 'dpop-nonce': nonce } }
          : { status: 401, headers: { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': nonce } };
      resource.reply = requireNonce('one');
      elsewhere.reply = requireNonce('two');
      const fetched = createFetch(options);
      for (const { origin } of [resource, elsewhere, resource, elsewhere]) {
        assert.equal((await fetched(origin)).status, 200);
      }
      assert.deepEqual([resource.seen.length, elsewhere.seen.length, provider.challenges], [3, 3, []]);
    });

    it("requests the headers of a bearer token once, and doesn't need the command", async () => {
      editor.commands.set('sessionKeeper.dpopHeaders', (token, request) => {
        asked.push(request as (typeof asked)[number]);
        return { authorization: `Bearer ${String(token)}` };
      });
      const fetched = createFetch(options);
      await fetched(resource.origin);
      await fetched(resource.origin);
      editor.commands.set('sessionKeeper.dpopHeaders', () => {
        throw new Error('Unknown token');
      });
      provider.renew();
      await fetched(resource.origin);
      assert.deepEqual(
        resource.seen.map(({ headers }) => headers.authorization),
        ['Bearer token-1', 'Bearer token-1', 'Bearer token-2'],
      );
      assert.equal(asked.length, 1);
    });
  });
});
