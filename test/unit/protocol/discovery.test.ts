import assert from 'node:assert/strict';
import { HOUR, MINUTE } from '../../../src/core/clock.ts';
import type { Category } from '../../../src/core/failurePolicies.ts';
import { Discovery } from '../../../src/protocol/discovery.ts';
import { discovered, providerAt, transportWith } from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import { ManualAsyncClock } from '../../support/manualAsyncClock.ts';
import { closedIssuer, htmlPage, ScriptedServer, type Scripted } from '../../support/scriptedServer.ts';

const OIDC = '/.well-known/openid-configuration';
const OAUTH = '/.well-known/oauth-authorization-server';

describe('Discovery', () => {
  let server: ScriptedServer;

  beforeEach(async () => {
    server = await ScriptedServer.start();
  });

  afterEach(async () => {
    await server.stop();
  });

  it('reads the metadata of an OpenID Connect server', async () => {
    const found = await discovered(server.issuer);
    assert.equal(found.metadata.token_endpoint, `${server.issuer}/token`);
    assert.deepEqual([found.client.client_id, found.allowInsecureRequests], ['editor', true]);
    assert.deepEqual(
      server.requests.map(({ path }) => path),
      [OIDC],
    );
  });

  for (const status of [404, 405, 410]) {
    it(`falls back to RFC 8414 when there is no OpenID Connect document (${status})`, async () => {
      server.onDiscovery({ status });
      server.on(OAUTH, () => ({ body: server.metadata }));
      await discovered(server.issuer);
      assert.deepEqual(
        server.requests.map(({ path }) => path),
        [OIDC, OAUTH],
      );
    });
  }

  it('inserts the well-known part of RFC 8414 before the path of the issuer', async () => {
    server.metadata['issuer'] = `${server.issuer}/tenant`;
    server.on(`${OAUTH}/tenant`, () => ({ body: server.metadata }));
    const found = await discovered(`${server.issuer}/tenant`);
    assert.equal(found.metadata.issuer, `${server.issuer}/tenant`);
  });

  const elsewhere: Readonly<Record<string, Scripted>> = {
    ...Object.fromEntries(
      [400, 401, 403, 404, 429, 500, 503].map((status) => [`status ${status}`, { status, body: 'no' }]),
    ),
    HTML: htmlPage,
    'HTML with status 403': { ...htmlPage, status: 403 },
    'a challenge': { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="x"' } },
    empty: { status: 204 },
    'JSON without metadata': { body: { error: 'not found' } },
    'the metadata of another server': { body: { issuer: 'https://other.example.com' } },
    'metadata without a required endpoint': () => ({ body: { ...server.metadata, token_endpoint: null } }),
  };
  for (const [what, script] of Object.entries(elsewhere)) {
    it(`tries the locations of RFC 8414 when the response at the OpenID Connect location is ${what}`, async () => {
      server.onDiscovery(script);
      server.on(OAUTH, () => ({ body: server.metadata }));
      assert.equal((await discovered(server.issuer)).metadata.token_endpoint, `${server.issuer}/token`);
      assert.deepEqual(
        server.requests.map(({ path }) => path),
        [OIDC, OAUTH],
      );
    });
  }

  for (const location of [`/a/b${OIDC}`, `${OAUTH}/a/b`, `/a/b${OAUTH}`, `${OIDC}/a/b`]) {
    it(`finds the metadata at ${location}`, async () => {
      for (const slash of ['', '/']) {
        server.metadata['issuer'] = `${server.issuer}/a/b${slash}`;
        server.on(location, () => ({ body: server.metadata }));
        assert.equal(
          (await discovered(`${server.issuer}/a/b${slash}`)).metadata.issuer,
          `${server.issuer}/a/b${slash}`,
        );
      }
    });
  }

  const telling: readonly (readonly [Scripted, Scripted, Category, string])[] = [
    [{ body: { issuer: 'https://evil.example.com' } }, { status: 404 }, 'issuer-mismatch', 'issuer-mismatch'],
    [{ status: 403 }, { body: { issuer: 'https://evil.example.com' } }, 'issuer-mismatch', 'issuer-mismatch'],
    [
      htmlPage,
      { headers: { 'Content-Type': 'application/json' }, body: '{"issuer"' },
      'invalid-response',
      'OAUTH_PARSE_ERROR',
    ],
    [{ status: 404 }, htmlPage, 'unexpected-html', 'not-json'],
    [htmlPage, { status: 503 }, 'server', 'http-503'],
    [{ status: 503 }, { status: 404 }, 'server', 'http-503'],
    [{ status: 401 }, { status: 404 }, 'configuration', 'http-401'],
    [{ status: 503 }, 'drop', 'network', 'UND_ERR_SOCKET'],
    [
      { status: 401 },
      { status: 302, headers: { Location: 'https://login.example.com/' } },
      'unexpected-html',
      'http-302',
    ],
  ];
  telling.forEach(([first, second, category, code], index) => {
    it(`reports the most significant of several failures (${index + 1})`, async () => {
      server.onDiscovery(first);
      server.on(OAUTH, second);
      await rejectsWith(discovered(server.issuer), category, code);
    });
  });

  it('reports a missing feature rather than a different issuer at another location', async () => {
    server.onDiscovery({ body: { issuer: 'https://evil.example.com' } });
    server.on(OAUTH, () => ({ body: { ...server.metadata, code_challenge_methods_supported: ['plain'] } }));
    await rejectsWith(discovered(server.issuer), 'unsupported-server', 'no-s256');
  });

  it("doesn't try other locations when the network fails", async () => {
    server.onDiscovery('drop');
    await rejectsWith(discovered(server.issuer), 'network');
    assert.deepEqual(
      server.requests.map(({ path }) => path),
      [OIDC],
    );
  });

  for (const code of ['CERT_HAS_EXPIRED', 'UND_ERR_PRX_TLS', 'CERT_NOT_YET_VALID']) {
    it(`doesn't try other locations when there is no response because of ${code}`, async () => {
      let requests = 0;
      const fetch = (): Promise<Response> => {
        requests += 1;
        return Promise.reject(Object.assign(new Error('no way'), { code }));
      };
      const discovery = new Discovery({ ...transportWith(new ManualAsyncClock()), fetch });
      await assert.rejects(discovery.find(providerAt(server.issuer)), { code });
      assert.equal(requests, 1);
    });
  }

  for (const type of ['text/plain', 'application/octet-stream', 'text/html', 'application/jrd+json', undefined]) {
    it(`reads metadata and keys with the content type ${type}`, async () => {
      const plain = (value: unknown): Scripted => ({
        body: `\uFEFF${JSON.stringify(value)}`,
        headers: type === undefined ? {} : { 'Content-Type': type },
      });
      server.onDiscovery(plain(server.metadata));
      assert.equal((await discovered(server.issuer)).metadata.token_endpoint, `${server.issuer}/token`);
    });
  }

  it('reports an outage at the second location', async () => {
    server.onDiscovery({ status: 404 });
    server.on(OAUTH, { status: 503 });
    await rejectsWith(discovered(server.issuer), 'server', 'http-503');
  });

  it("reports a network failure when the server isn't running", async () => {
    await rejectsWith(discovered(await closedIssuer()), 'network', 'ECONNREFUSED');
  });

  it('reports a network failure when the connection drops at the second location', async () => {
    server.onDiscovery({ status: 404 });
    server.on(OAUTH, 'drop');
    await rejectsWith(discovered(server.issuer), 'network');
  });

  const answers: Readonly<Record<string, readonly [Scripted, Category, string]>> = {
    'there is no document at either location': [{ status: 404 }, 'no-server', 'no-discovery'],
    'the response is HTML': [htmlPage, 'unexpected-html', 'not-json'],
    'the response is truncated': [
      { headers: { 'Content-Type': 'application/json' }, body: '{"issuer"' },
      'invalid-response',
      'OAUTH_PARSE_ERROR',
    ],
    'the response is an array': [
      { headers: { 'Content-Type': 'application/json' }, body: '[]' },
      'invalid-response',
      'OAUTH_INVALID_RESPONSE',
    ],
    'it has another issuer': [{ body: { issuer: 'https://evil.example.com' } }, 'issuer-mismatch', 'issuer-mismatch'],
    'it redirects': [
      { status: 302, headers: { Location: 'https://portal.example.com' } },
      'unexpected-html',
      'http-302',
    ],
    'the document is huge': [
      { headers: { 'Content-Type': 'application/json' }, body: `"${'x'.repeat(1_100_000)}"` },
      'invalid-response',
      'too-large',
    ],
  };
  for (const [what, [script, category, code]] of Object.entries(answers)) {
    it(`fails with ${category} (${code}) when ${what}`, async () => {
      server.onDiscovery(script);
      await rejectsWith(discovered(server.issuer), category, code);
    });
  }

  for (const [configured, said] of [
    ['', '/'],
    ['/', ''],
    ['/realms/a', '/realms/a/'],
    ['/realms/a/', '/realms/a'],
  ] as const) {
    it(`accepts the issuer "${said}" for "${configured}", and uses the server's own`, async () => {
      const address = `${server.issuer}${said}`;
      server.metadata['issuer'] = address;
      server.on(`${configured.replace(/\/$/, '')}${OIDC}`, () => ({ body: server.metadata }));
      assert.equal((await discovered(`${server.issuer}${configured}`)).metadata.issuer, address);
    });
  }

  it('accepts an issuer with a tenant placeholder, but no other host', async () => {
    server.metadata['issuer'] = `${server.issuer}/{tenantid}/v2.0`;
    server.on(`/common/v2.0${OIDC}`, () => ({ body: server.metadata }));
    assert.equal(
      (await discovered(`${server.issuer}/common/v2.0`)).metadata.issuer,
      `${server.issuer}/{tenantid}/v2.0`,
    );
    server.metadata['issuer'] = 'https://evil.example.com/{tenantid}/v2.0';
    await rejectsWith(discovered(`${server.issuer}/common/v2.0`), 'issuer-mismatch', 'issuer-mismatch');
  });

  it("doesn't show text from a document of another issuer", async () => {
    server.onDiscovery({ body: { issuer: 'https://evil.example.com' } });
    const failure = await rejectsWith(discovered(server.issuer), 'issuer-mismatch', 'issuer-mismatch');
    assert.doesNotMatch(failure.message, /evil/);
  });

  for (const endpoint of ['token_endpoint', 'authorization_endpoint']) {
    it(`reports a missing ${endpoint}`, async () => {
      server.metadata[endpoint] = undefined;
      const failure = await rejectsWith(discovered(server.issuer), 'unsupported-server', 'missing-endpoint');
      assert.equal(failure.detail?.replaceAll('_', ''), endpoint.replaceAll('_', ''));
    });
  }

  const badEndpoints: readonly (readonly [string, unknown, string])[] = [
    ['token_endpoint', 'http://id.example.com/token', 'http-endpoint'],
    ['authorization_endpoint', 'http://id.example.com/authorize', 'http-endpoint'],
    ['authorization_endpoint', 'javascript:alert(1)', 'http-endpoint'],
    ['authorization_endpoint', 'file:///etc/passwd', 'http-endpoint'],
    ['token_endpoint', '/token', 'bad-endpoint'],
    ['token_endpoint', 7, 'bad-endpoint'],
  ];
  for (const [endpoint, address, code] of badEndpoints) {
    it(`rejects ${String(address)} as the ${endpoint}`, async () => {
      server.metadata[endpoint] = address;
      await rejectsWith(discovered(server.issuer), code === 'http-endpoint' ? 'insecure' : 'unsupported-server', code);
    });
  }

  it('rejects a server that supports PKCE without S256', async () => {
    server.metadata['code_challenge_methods_supported'] = ['plain'];
    await rejectsWith(discovered(server.issuer), 'unsupported-server', 'no-s256');
  });

  it("accepts a server that doesn't list PKCE methods", async () => {
    delete server.metadata['code_challenge_methods_supported'];
    await discovered(server.issuer);
  });

  it('rejects an issuer without TLS on another machine before it sends anything', async () => {
    await rejectsWith(discovered('http://id.example.com'), 'insecure');
  });

  describe('caches', () => {
    it('one response for concurrent callers, for an hour', async () => {
      const clock = new ManualAsyncClock();
      const discovery = new Discovery(transportWith(clock));
      await Promise.all([discovery.find(providerAt(server.issuer)), discovery.find(providerAt(server.issuer))]);
      await clock.pass(HOUR - 1);
      await discovery.find(providerAt(server.issuer));
      assert.equal(server.requests.length, 1);
      await clock.pass(1);
      await discovery.find(providerAt(server.issuer));
      assert.equal(server.requests.length, 2);
    });

    it('no failures', async () => {
      const discovery = new Discovery(transportWith());
      server.onDiscovery({ status: 500 });
      await rejectsWith(discovery.find(providerAt(server.issuer)), 'server');
      server.onDiscovery(() => ({ body: server.metadata }));
      await discovery.find(providerAt(server.issuer));
    });

    for (const [what, script] of Object.entries({
      'responds with 503': { status: 503 },
      'responds with HTML': htmlPage,
      'responds with 404': { status: 404 },
      'drops the connection': 'drop',
    } as const)) {
      it(`the metadata when the server ${what} later, and tries again every five minutes`, async () => {
        const clock = new ManualAsyncClock();
        const discovery = new Discovery(transportWith(clock));
        const provider = providerAt(server.issuer);
        await discovery.find(provider);
        await clock.pass(HOUR);
        server.onDiscovery(script);
        assert.equal((await discovery.find(provider)).metadata.token_endpoint, `${server.issuer}/token`);
        const { length } = server.requests;
        await discovery.find(provider);
        assert.equal(server.requests.length, length, 'the metadata was requested again immediately');
        server.onDiscovery(() => ({ body: { ...server.metadata, token_endpoint: `${server.issuer}/new` } }));
        await clock.pass(5 * MINUTE);
        assert.equal((await discovery.find(provider)).metadata.token_endpoint, `${server.issuer}/new`);
      });
    }

    it('no metadata of a server that later reports a different issuer', async () => {
      const clock = new ManualAsyncClock();
      const discovery = new Discovery(transportWith(clock));
      await discovery.find(providerAt(server.issuer));
      await clock.pass(HOUR);
      server.onDiscovery({ body: { ...server.metadata, issuer: 'https://other.example.com' } });
      await rejectsWith(discovery.find(providerAt(server.issuer)), 'issuer-mismatch');
    });

    it("nothing after it's cleared", async () => {
      const discovery = new Discovery(transportWith());
      await discovery.find(providerAt(server.issuer));
      discovery.clear();
      await discovery.find(providerAt(server.issuer));
      assert.equal(server.requests.length, 2);
    });

    it('the server, but not the settings of the provider that was first', async () => {
      const discovery = new Discovery(transportWith());
      await discovery.find(providerAt(server.issuer));
      const second = await discovery.find(providerAt(server.issuer, { assumedLifetime: 5 }));
      assert.equal(second.provider.assumedLifetime, 5);
      assert.equal((await discovery.find(providerAt(server.issuer, { clientId: 'other' }))).client.client_id, 'other');
    });
  });

  describe('getCached', () => {
    it('returns the metadata and when it was requested, without a request', async () => {
      const clock = new ManualAsyncClock();
      const discovery = new Discovery(transportWith(clock));
      const provider = providerAt(server.issuer);
      assert.equal(discovery.getCached(provider), undefined);
      const at = clock.now();
      await discovery.find(provider);
      await clock.pass(HOUR / 2);
      const { metadata, error } = discovery.getCached(provider) ?? {};
      assert.deepEqual(
        [metadata?.at, metadata?.value.token_endpoint, error, server.requests.length],
        [at, `${server.issuer}/token`, undefined, 1],
      );
      discovery.clear();
      assert.equal(discovery.getCached(provider), undefined);
    });

    it('returns the latest failure together with the latest metadata, until the next success', async () => {
      const clock = new ManualAsyncClock();
      const discovery = new Discovery(transportWith(clock));
      const provider = providerAt(server.issuer);
      await discovery.find(provider);
      await clock.pass(HOUR);
      server.onDiscovery({ status: 503 });
      await discovery.find(provider);
      const { metadata, error } = discovery.getCached(provider) ?? {};
      assert.deepEqual([metadata?.at, error?.at, error?.failure.code], [clock.now() - HOUR, clock.now(), 'http-503']);
      server.onDiscovery(() => ({ body: server.metadata }));
      await clock.pass(5 * MINUTE);
      await discovery.find(provider);
      assert.equal(discovery.getCached(provider)?.error, undefined);
    });
  });
});
