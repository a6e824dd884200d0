// Whether a pasted code alone is accepted, and which programs can listen at the final URL.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { MINUTE } from '../../../src/core/clock.ts';
import type { Provider } from '../../../src/core/provider.ts';
import { GOOD_TOKENS, providerAt } from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import { freePort } from '../../support/freePort.ts';
import { isRefused, send } from '../../support/httpRequests.ts';
import { ScriptedServer } from '../../support/scriptedServer.ts';
import { SignInFixture } from '../../support/signInFixture.ts';

const CODE = 'SplxlOBeZQQYbYS6WxSbIA';

describe('A sign-in with pasted text', () => {
  let server: ScriptedServer;
  let fixture: SignInFixture;
  const squatters: Server[] = [];

  beforeEach(async () => {
    server = await ScriptedServer.start();
    server.onToken({ body: GOOD_TOKENS });
    fixture = new SignInFixture();
  });

  afterEach(async () => {
    squatters.splice(0).forEach((squatter) => squatter.close());
    await server.stop();
  });

  const start = (more: Partial<Provider> = {}, scopes: readonly string[] = ['read']): Promise<unknown> => {
    const provider = providerAt(server.issuer, more);
    const { signal } = new AbortController();
    const request = { provider, scopes, deadline: 5 * MINUTE, signal, method: 'paste' } as const;
    const result = fixture.signInService.signIn(request, (grant) => Promise.resolve(grant));
    result.catch(() => {});
    return result;
  };
  const passing = async (text: (state: string) => string, ...rest: Parameters<typeof start>): Promise<boolean> => {
    // Without any server metadata.
    fixture = new SignInFixture();
    let passes: boolean | undefined;
    fixture.asking = async (check) => {
      passes = check(text(new URL(await fixture.address()).searchParams.get('state') ?? ''));
      return undefined;
    };
    await rejectsWith(start(...rest), 'canceled');
    assert.ok(passes !== undefined);
    return passes;
  };

  it('rejects a code alone when neither PKCE nor a nonce is certain to be checked', async () => {
    for (const methods of [undefined, null, [], 'S256']) {
      server.metadata['code_challenge_methods_supported'] = methods;
      assert.equal(await passing(() => CODE), false, JSON.stringify(methods));
    }
    const endpoints = { authorization: `${server.issuer}/authorize`, token: `${server.issuer}/token` };
    assert.equal(await passing(() => CODE, { endpoints }), false);
  });

  it('accepts a code alone when the server declares that it checks PKCE, or the nonce is checked', async () => {
    assert.equal(await passing(() => CODE, {}, ['openid']), true);
    server.metadata['code_challenge_methods_supported'] = ['S256'];
    assert.equal(await passing(() => CODE), true);
    server.metadata['authorization_response_iss_parameter_supported'] = true;
    assert.equal(await passing(() => CODE), false, 'without the issuer');
  });

  it('always accepts the whole URL, but none with user information', async () => {
    assert.equal(await passing((state) => `http://127.0.0.1:1/callback?code=${CODE}&state=${state}`), true);
    assert.equal(await passing((state) => `http://127.0.0.1:1@evil.example/x?code=${CODE}&state=${state}`), false);
  });

  const squat = async (port: number): Promise<void> => {
    const squatter = createServer((_, response) => response.end('taken'));
    squatters.push(squatter);
    squatter.listen(port, '127.0.0.1');
    await once(squatter, 'listening');
  };
  const portIn = (address: string): number =>
    Number(new URL(new URL(address).searchParams.get('redirect_uri') ?? '').port);

  it("occupies its registered port until it's over, and serves nothing there", async () => {
    const port = await freePort();
    const asked = Promise.withResolvers<undefined>();
    fixture.asking = () => asked.promise;
    const result = start({ redirectPorts: [port] });
    assert.equal(portIn(await fixture.address()), port);
    await assert.rejects(squat(port), { code: 'EADDRINUSE' });
    await assert.rejects(send(`http://127.0.0.1:${port}/callback?code=x`), { code: 'ECONNRESET' });
    asked.resolve(undefined);
    await rejectsWith(result, 'canceled');
    assert.equal(await isRefused(`http://127.0.0.1:${port}/`), true);
  });

  it('uses the next registered port when another program uses the first one', async () => {
    const [first, second] = [await freePort(), await freePort()];
    await squat(first);
    const result = start({ redirectPorts: [first, second] });
    assert.equal(portIn(await fixture.address()), second);
    await rejectsWith(result, 'canceled');
  });

  it('uses a port of another program only when the code is useless there', async () => {
    const port = await freePort();
    await squat(port);
    for (const more of [{ redirectPorts: [port] }, { redirectUri: `http://127.0.0.1:${port}/cb` }]) {
      await rejectsWith(start(more), 'no-loopback', 'ports-in-use');
    }
    server.metadata['code_challenge_methods_supported'] = ['S256'];
    fixture = new SignInFixture();
    const result = start({ redirectPorts: [port] });
    assert.equal(portIn(await fixture.address()), port);
    await rejectsWith(result, 'canceled');
  });

  it("doesn't listen when the browser runs on another machine", async () => {
    const port = await freePort();
    await squat(port);
    for (const place of [{ isRemote: true }, { isBrowser: true }]) {
      fixture = new SignInFixture();
      fixture.environment = { ...fixture.environment, ...place };
      const result = start({ redirectPorts: [port] });
      assert.equal(portIn(await fixture.address()), port);
      await rejectsWith(result, 'canceled');
    }
  });
});
