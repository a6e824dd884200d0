// URLs with user information, which look like those of another host, and `localhost` on another machine.
import assert from 'node:assert/strict';
import { parseProviders } from '../../../src/core/parseProviders.ts';
import { requestDeviceCode } from '../../../src/protocol/device.ts';
import { createFetch } from '../../../src/protocol/transport.ts';
import { createLogoutRequest } from '../../../src/protocol/logout.ts';
import { discovered, providerAt, transportWith } from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import { ScriptedServer } from '../../support/scriptedServer.ts';

describe('A URL with user information', () => {
  let server: ScriptedServer;
  const transport = transportWith();
  const { signal } = new AbortController();

  beforeEach(async () => {
    server = await ScriptedServer.start();
  });

  afterEach(async () => {
    await server.stop();
  });

  const forms = (host: string): string[] => [
    `https://login.bank.example@${host}/x`,
    `https://a:b@${host}/x`,
    `https://:b@${host}/x`,
    `https://@${host}/x`,
    `https://a%40b@${host}/x?y=z`,
    `https:a@${host}/x`,
    `https:\\\\a@${host}/x`,
    ` https://a@${host}/x`,
  ];

  it('is a problem in every field of an entry', () => {
    const entry = { issuer: 'https://id.example.com', clientId: 'editor' };
    const endpoints = { authorization: 'https://id.example.com/a', token: 'https://id.example.com/t' };
    for (const url of forms('id.example.com')) {
      for (const more of [
        { issuer: url },
        { metadataUrl: url },
        ...[
          'authorization',
          'token',
          'revocation',
          'userinfo',
          'deviceAuthorization',
          'jwks',
          'pushedAuthorizationRequest',
          'endSession',
        ].map((name) => ({ endpoints: { ...endpoints, [name]: url } })),
      ]) {
        const { problems, providers } = parseProviders([{ ...entry, ...more }]);
        assert.deepEqual([providers.length, problems.length], [0, 1], JSON.stringify(more));
      }
    }
    const allowed = { metadataUrl: 'https://id.example.com/x?user=a@b', endpoints: undefined };
    assert.equal(parseProviders([{ ...entry, metadataUrl: allowed.metadataUrl }]).providers.length, 1);
  });

  it('is reported in a required endpoint of metadata, and removes an optional one', async () => {
    for (const url of forms('id.example.com')) {
      for (const name of ['authorization_endpoint', 'token_endpoint']) {
        const before = server.metadata[name];
        server.metadata[name] = url;
        await rejectsWith(discovered(server.issuer), 'unsupported-server', 'bad-endpoint');
        server.metadata[name] = before;
      }
      server.metadata['revocation_endpoint'] = url;
      assert.equal((await discovered(server.issuer)).metadata.revocation_endpoint, undefined, url);
    }
  });

  it("isn't accepted as the issuer in metadata", async () => {
    for (const issuer of [server.issuer.replace('//', '//a@'), server.issuer.replace('//', '//@')]) {
      server.metadata['issuer'] = issuer;
      await rejectsWith(discovered(server.issuer), 'issuer-mismatch');
    }
  });

  it("isn't followed when metadata is redirected there", async () => {
    for (const user of ['a@', 'a:b@', '@']) {
      const location = `${server.issuer.replace('//', `//${user}`)}/moved`;
      server.onDiscovery({ status: 302, headers: { Location: location } });
      server.on('/moved', { body: server.metadata });
      await rejectsWith(discovered(server.issuer), 'unsupported-server', 'bad-endpoint');
      assert.equal(server.requestsTo('/moved').length, 0);
    }
  });

  it("isn't accepted as a verification URI, and a complete one isn't opened", async () => {
    server.metadata['device_authorization_endpoint'] = `${server.issuer}/device`;
    const found = await discovered(server.issuer);
    const answer = {
      device_code: 'd',
      user_code: 'ABCD',
      verification_uri: 'https://id.example.com/',
      expires_in: 300,
    };
    for (const url of forms('evil.example')) {
      server.on('/device', { body: { ...answer, verification_uri: url } });
      await rejectsWith(requestDeviceCode(found, ['read'], transport, signal), 'invalid-response', 'bad-device-code');
      server.on('/device', { body: { ...answer, verification_uri_complete: url } });
      assert.equal((await requestDeviceCode(found, ['read'], transport, signal)).verificationUriComplete, undefined);
    }
  });

  it("is never requested, and isn't reported as a network failure", async () => {
    for (const url of forms('id.example.com')) {
      await rejectsWith(
        createFetch({ ...transport, fetch: () => assert.fail('It was requested.') })(url, {
          method: 'GET',
          headers: {},
        }),
        'unsupported-server',
        'bad-endpoint',
      );
    }
  });

  it("isn't opened to sign out", async () => {
    const found = await discovered(server.issuer);
    const metadata = { ...found.metadata, end_session_endpoint: 'https://id.example.com@evil.example/out' };
    const context = { server: { ...found, metadata }, accountId: 'x', signedInAt: 0, idToken: undefined };
    assert.equal(createLogoutRequest(context), undefined);
  });
});

describe('http with the name localhost', () => {
  const request = async (addresses: readonly string[], url = 'http://localhost:1/token'): Promise<number> =>
    (
      await createFetch({
        ...transportWith(),
        fetch: () => Promise.resolve(new Response('{}')),
        lookup: (hostname) => Promise.resolve(hostname === 'localhost' ? addresses : []),
      })(url, { method: 'POST', headers: {} })
    ).status;

  it('is allowed when the name is this machine', async () => {
    for (const addresses of [['127.0.0.1'], ['::1'], ['127.0.0.1', '::1'], ['127.8.0.1'], []]) {
      assert.equal(await request(addresses), 200);
    }
  });

  it('is rejected when the name has any other address, and nothing is sent', async () => {
    for (const addresses of [['192.0.2.1'], ['127.0.0.1', '192.0.2.1'], ['::1', '2001:db8::1'], ['0.0.0.0'], ['::']]) {
      await rejectsWith(request(addresses), 'insecure', 'http-endpoint');
    }
    assert.equal(await request(['192.0.2.1'], 'http://127.0.0.1:1/token'), 200);
    assert.equal(await request(['192.0.2.1'], 'https://localhost/token'), 200);
    assert.equal(providerAt('http://localhost').issuer, 'http://localhost');
  });
});
