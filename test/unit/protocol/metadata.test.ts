// Metadata as real servers publish it: behind redirects, at other URLs, and with invalid members.
import assert from 'node:assert/strict';
import type { Provider } from '../../../src/core/provider.ts';
import { createAuthorizationRequest } from '../../../src/protocol/authorize.ts';
import { Discovery, type ServerContext } from '../../../src/protocol/discovery.ts';
import { requestRefresh } from '../../../src/protocol/refresh.ts';
import { revokeTokens } from '../../../src/protocol/revoke.ts';
import { discovered, providerAt, trade, tradeForIdToken, transportWith } from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import { ScriptedServer } from '../../support/scriptedServer.ts';

const OIDC = '/.well-known/openid-configuration';

describe('The metadata of a server', () => {
  let server: ScriptedServer;

  beforeEach(async () => {
    server = await ScriptedServer.start();
  });

  afterEach(async () => {
    await server.stop();
  });

  describe('behind a redirect', () => {
    for (const status of [301, 302, 303, 307, 308]) {
      it(`are read after ${status} to the same origin, and keys as well`, async () => {
        server.onDiscovery({ status, headers: { Location: `${OIDC}/` } });
        server.on(`${OIDC}/`, { status, headers: { Location: `${server.issuer}/meta#x` } });
        server.on('/meta', () => ({ body: { ...server.metadata, jwks_uri: `${server.issuer}/old-keys` } }));
        server.on('/old-keys', { status, headers: { Location: 'jwks' } });
        assert.equal(
          (await tradeForIdToken(server, (nonce) => server.idToken({ aud: 'editor', nonce }))).claims?.sub,
          'person-1',
        );
        assert.deepEqual(
          server.requests.map(({ path }) => path),
          [OIDC, `${OIDC}/`, '/meta', '/token', '/old-keys', '/jwks'],
        );
      });
    }

    it('are read after three redirects, but not more', async () => {
      const chain = (length: number): void => {
        server.onDiscovery({ status: 301, headers: { Location: '/r1' } });
        for (let place = 1; place <= length; place += 1) {
          server.on(
            `/r${place}`,
            place === length
              ? () => ({ body: server.metadata })
              : { status: 301, headers: { Location: `/r${place + 1}` } },
          );
        }
      };
      chain(3);
      await discovered(server.issuer);
      chain(4);
      await rejectsWith(discovered(server.issuer), 'unexpected-html', 'http-301');
      server.onDiscovery({ status: 302, headers: { Location: OIDC } });
      await rejectsWith(discovered(server.issuer), 'unexpected-html', 'http-302');
    });

    it("aren't read from another origin, which the failure names", async () => {
      const other = await ScriptedServer.start();
      for (const [target, host] of [
        [`${other.issuer}${OIDC}`, new URL(other.issuer).host],
        [`https://${new URL(server.issuer).host}${OIDC}`, new URL(server.issuer).host],
        ['//portal.example.com/login?q=secret', 'portal.example.com'],
      ] as const) {
        server.onDiscovery({ status: 301, headers: { Location: target } });
        const { detail, message } = await rejectsWith(discovered(server.issuer), 'unexpected-html', 'http-301');
        assert.equal(detail, host);
        assert.doesNotMatch(message, /secret/);
      }
      assert.equal(other.requests.length, 0);
      await other.stop();
    });

    it("aren't redirected for the token endpoint, a revocation, or anything else with credentials", async () => {
      for (const status of [301, 307, 308]) {
        server.onToken({ status, headers: { Location: '/token2' } });
        server.on('/revoke', { status, headers: { Location: '/token2' } });
        await rejectsWith(trade(server), 'unexpected-html', `http-${status}`);
        await rejectsWith(
          revokeTokens(await discovered(server.issuer), { accessToken: 'access-1' }, transportWith()),
          'unexpected-html',
          `http-${status}`,
        );
      }
      assert.deepEqual(server.requestsTo('/token2'), []);
    });
  });

  describe('with invalid optional endpoints', () => {
    for (const name of [
      'userinfo_endpoint',
      'jwks_uri',
      'revocation_endpoint',
      'device_authorization_endpoint',
      'pushed_authorization_request_endpoint',
      'end_session_endpoint',
    ]) {
      it(`have no ${name} when it's null, empty, malformed or without TLS, which is logged once`, async () => {
        for (const value of [
          null,
          '',
          7,
          [],
          {},
          'userinfo',
          '/userinfo',
          'http://id.example.com/x',
          'javascript:alert(1)',
          'https://',
          'https://a:b@id.example.com/x',
        ]) {
          const lines: string[] = [];
          const note = (line: string): void => void lines.push(line);
          const log = { trace: note, debug: note, info: note, warn: note, error: note };
          const discovery = new Discovery(transportWith(undefined, undefined, log));
          server.metadata[name] = value;
          for (let time = 0; time < 2; time += 1) {
            const { metadata } = await discovery.find(providerAt(server.issuer));
            assert.equal(metadata[name], undefined, JSON.stringify(value));
            discovery.clear();
          }
          assert.equal(
            lines.filter((line) => line.includes(`an invalid ${name}`)).length,
            value === null ? 0 : 1,
            JSON.stringify(value),
          );
        }
      });
    }

    it('still allow refreshing sessions', async () => {
      Object.assign(server.metadata, {
        userinfo_endpoint: null,
        revocation_endpoint: '',
        jwks_uri: 7,
        end_session_endpoint: 'x',
        scopes_supported: 'openid',
        grant_types_supported: null,
      });
      server.onToken({ body: { access_token: 'access-2', token_type: 'Bearer' } });
      const renewal = await requestRefresh(await discovered(server.issuer), 'refresh-1', undefined, transportWith());
      assert.equal((await renewal.verify()).accessToken, 'access-2');
    });

    it("are reported as missing when they're required after all", async () => {
      server.metadata['jwks_uri'] = null;
      const failure = await rejectsWith(
        tradeForIdToken(server, (nonce) => server.idToken({ aud: 'editor', nonce })),
        'unsupported-server',
        'missing-endpoint',
      );
      assert.equal(failure.detail, 'jwks_uri');
    });

    it("don't require an authorization endpoint when only the device flow is supported", async () => {
      Object.assign(server.metadata, {
        authorization_endpoint: null,
        device_authorization_endpoint: `${server.issuer}/device`,
      });
      const found = await discovered(server.issuer);
      assert.equal(found.metadata.device_authorization_endpoint, `${server.issuer}/device`);
      await rejectsWith(
        createAuthorizationRequest(found, 'http://127.0.0.1/', []),
        'unsupported-server',
        'missing-endpoint',
      );
    });
  });

  describe('at a URL in the entry', () => {
    const at = (path: string, more: Partial<Provider> = {}): Promise<ServerContext> =>
      discovered('https://tenant.b2clogin.com/guid/v2.0', { metadataUrl: `${server.issuer}${path}`, ...more });
    beforeEach(() => {
      server.metadata['issuer'] = 'https://tenant.b2clogin.com/guid/v2.0/';
      for (const [name, value] of Object.entries(server.metadata)) {
        server.metadata[name] =
          typeof value === 'string' ? value.replace(server.issuer, 'https://tenant.b2clogin.com') : value;
      }
      server.on('/policy/meta', () => ({ body: server.metadata }));
    });

    it('are read from exactly that URL', async () => {
      assert.equal((await at('/policy/meta?p=B2C_1_signin')).metadata.issuer, 'https://tenant.b2clogin.com/guid/v2.0/');
      assert.deepEqual(
        server.requests.map(({ path, parameters }) => [path, parameters.get('p')]),
        [['/policy/meta', 'B2C_1_signin']],
      );
      server.on('/gone', { status: 404 });
      await rejectsWith(at('/gone'), 'no-server', 'no-discovery');
      assert.equal(server.requests.length, 2);
    });

    it('must be for the issuer of the entry', async () => {
      server.metadata['issuer'] = 'https://tenant.b2clogin.com/other/v2.0/';
      await rejectsWith(at('/policy/meta'), 'issuer-mismatch', 'issuer-mismatch');
    });

    it('belong to another server when the URL is changed', async () => {
      const discovery = new Discovery(transportWith());
      server.on('/policy/other', () => ({
        body: { ...server.metadata, token_endpoint: 'https://tenant.b2clogin.com/other' },
      }));
      const tokenAt = async (path: string): Promise<unknown> =>
        (
          await discovery.find(
            providerAt('https://tenant.b2clogin.com/guid/v2.0', { metadataUrl: `${server.issuer}${path}` }),
          )
        ).metadata.token_endpoint;
      assert.deepEqual(
        [await tokenAt('/policy/meta'), await tokenAt('/policy/other')],
        ['https://tenant.b2clogin.com/token', 'https://tenant.b2clogin.com/other'],
      );
    });
  });
});
