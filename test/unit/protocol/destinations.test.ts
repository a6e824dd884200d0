import assert from 'node:assert/strict';
import type { Endpoints } from '../../../src/core/provider.ts';
import { Failure } from '../../../src/core/failure.ts';
import {
  assertKnownTokenEndpoint,
  assertOwnPage,
  endpointOriginsOf,
  unusualDestination,
} from '../../../src/protocol/destinations.ts';
import type { ServerContext } from '../../../src/protocol/discovery.ts';
import { providerAt } from '../../support/fixtures.ts';
import { recordAt } from '../../support/testWindow.ts';

const ISSUER = 'https://id.example.com';

const serverWith = (metadata: Partial<ServerContext['metadata']>): ServerContext =>
  ({ provider: providerAt(ISSUER), metadata: { issuer: ISSUER, ...metadata } }) as ServerContext;

describe('The endpoints that receive credentials', () => {
  it('are the token, revocation, device and PAR endpoints, by origin', () => {
    assert.deepEqual(
      endpointOriginsOf(
        serverWith({
          authorization_endpoint: 'https://login.example.com/a',
          token_endpoint: 'https://b.example.com/token',
          revocation_endpoint: 'https://b.example.com/revoke',
          device_authorization_endpoint: 'https://a.example.com:8443/device',
          pushed_authorization_request_endpoint: 'https://c.example.com/par',
          userinfo_endpoint: 'https://api.example.com/me',
        }),
      ),
      ['https://a.example.com:8443', 'https://b.example.com', 'https://c.example.com'],
    );
  });

  it('block a refresh when the token endpoint is at an origin that the session has never used', () => {
    const known = recordAt(ISSUER, 0, { endpointOrigins: ['https://id.example.com'] });
    for (const endpoint of [
      'https://evil.example.com/token',
      'https://id.example.com:8443/token',
      'https://id.example.com.evil.example/token',
    ]) {
      assert.throws(
        () => assertKnownTokenEndpoint(known, serverWith({ token_endpoint: endpoint })),
        (error) =>
          error instanceof Failure &&
          error.code === 'endpoint-moved' &&
          error.detail === `${new URL(endpoint).host} (id.example.com)`,
      );
    }
    assertKnownTokenEndpoint(known, serverWith({ token_endpoint: 'https://id.example.com/v2/token' }));
    assertKnownTokenEndpoint(recordAt(ISSUER, 0), serverWith({ token_endpoint: 'https://evil.example.com/token' }));
  });
});

describe('The page on which a user signs in', () => {
  const bank = providerAt('https://id.bank.example', { id: 'bank', label: 'Bank' });
  const evil = providerAt('https://evil.example', { id: 'evil' });
  const refused = (page: string, others = [{ provider: bank, metadata: undefined }]): boolean => {
    try {
      assertOwnPage(page, evil, others);
      return false;
    } catch (error) {
      assert.ok(error instanceof Failure && error.category === 'endpoint-conflict');
      return true;
    }
  };

  it("is rejected when it's at another provider's issuer, at one of its endpoints, or at an endpoint in its metadata", () => {
    assert.equal(refused('https://id.bank.example/authorize'), true);
    assert.equal(refused('https://login.bank.example/authorize'), false);
    const endpoints: Endpoints = { authorization: 'https://login.bank.example/a', token: 'https://t.bank.example/t' };
    const configured = [{ provider: { ...bank, endpoints }, metadata: undefined }];
    assert.deepEqual(
      ['https://login.bank.example/x', 'https://t.bank.example/'].map((page) => refused(page, configured)),
      [true, true],
    );
    for (const name of ['authorization_endpoint', 'token_endpoint', 'device_authorization_endpoint'] as const) {
      const metadata = { issuer: bank.issuer, [name]: 'https://login.bank.example/x' };
      assert.equal(
        refused('https://login.bank.example/authorize', [{ provider: bank, metadata }] as never),
        true,
        name,
      );
    }
  });

  it("is accepted at the provider's own issuer, also when other providers are tenants of the same server", () => {
    const tenants = [
      { provider: providerAt('https://evil.example/realms/b', { id: 'b' }), metadata: undefined },
      { provider: providerAt('https://evil.example', { id: 'same', clientId: 'other' }), metadata: undefined },
    ];
    assertOwnPage('https://evil.example/realms/a/authorize', evil, tenants);
  });

  it('is accepted at the origin of an entry with the same issuer', () => {
    const twin = {
      ...evil,
      id: 'twin',
      endpoints: { authorization: 'https://login.example/a', token: 'https://t.example' },
    };
    assertOwnPage('https://login.example/a', evil, [{ provider: twin, metadata: undefined }]);
  });

  it("is unusual when it's neither at the issuer nor at the token endpoint", () => {
    const hosts = (page: string, token: string): unknown =>
      unusualDestination(serverWith({ authorization_endpoint: page, token_endpoint: token }));
    assert.equal(hosts('https://id.example.com/a', 'https://t.example.com/t'), undefined);
    assert.equal(hosts('https://t.example.com/a', 'https://t.example.com/t'), undefined);
    assert.deepEqual(hosts('https://bank.example/a', 'https://id.example.com/t'), {
      issuer: ISSUER,
      pageHost: 'bank.example',
      tokenHost: 'id.example.com',
    });
  });
});
