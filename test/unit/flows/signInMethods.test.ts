// A sign-in with each of the methods except the usual one.
import assert from 'node:assert/strict';
import { MINUTE, SECOND } from '../../../src/core/clock.ts';
import { Failure } from '../../../src/core/failure.ts';
import type { ShownCode, SignInRequest } from '../../../src/flows/signInFlow.ts';
import type { SignInGrant } from '../../../src/protocol/identity.ts';
import { discovered, providerAt } from '../../support/fixtures.ts';
import { Person } from '../../support/browserless.ts';
import { rejectsWith } from '../../support/failures.ts';
import { freePort } from '../../support/freePort.ts';
import { ScriptedServer } from '../../support/scriptedServer.ts';
import { SignInFixture } from '../../support/signInFixture.ts';
import { SignOutFixture } from '../../support/signOutFixture.ts';
import { demoClientId, startIdentityServer, type IdentityServer } from '../../../tools/identityServer.ts';
import { leaks } from '../../../tools/leaks.ts';

describe('A sign-in', () => {
  let identity: IdentityServer;
  let signInController: SignInFixture;
  let caller: AbortController;

  before(async () => {
    identity = await startIdentityServer();
  });

  after(async () => {
    await identity.stop();
  });

  beforeEach(() => {
    signInController = new SignInFixture();
    caller = new AbortController();
    identity.journal.clear();
  });

  const request = (more: Partial<SignInRequest> = {}): SignInRequest => ({
    provider: providerAt(identity.issuer, { clientId: demoClientId }),
    scopes: ['openid', 'profile', 'offline_access'],
    deadline: 5 * MINUTE,
    signal: caller.signal,
    ...more,
  });
  const start = (more: Partial<SignInRequest> = {}): Promise<SignInGrant> => {
    const result = signInController.signInService.signIn(request(more), (grant) => Promise.resolve(grant));
    result.catch(() => {});
    return result;
  };
  const loopbackOf = (address: string): string => new URL(address).searchParams.get('redirect_uri') ?? '';

  describe('with a code', () => {
    const device = (
      more: Partial<SignInRequest> = {},
    ): { readonly result: Promise<SignInGrant>; readonly shown: Promise<readonly [ShownCode, AbortSignal]> } => {
      let show = (_code: ShownCode, _over: AbortSignal): void => {};
      const shown = new Promise<readonly [ShownCode, AbortSignal]>((resolve) => {
        show = (code, over) => resolve([code, over]);
      });
      return { result: start({ method: 'device', onCode: (code, over) => show(code, over), ...more }), shown };
    };
    /** Advances the clock until the sign-in is over. */
    const until = async (result: Promise<unknown>): Promise<void> => {
      const over = new AbortController();
      const end = (): void => over.abort();
      result.then(end, end);
      signInController.waitsForAnswers = true;
      for (let passed = 0; passed < 20 * MINUTE && !over.signal.aborted; passed += SECOND) {
        await signInController.clock.pass(SECOND);
      }
    };

    it('works at a real server, whose page already contains the code', async () => {
      const { result, shown } = device();
      const [code, over] = await shown;
      assert.match(code.userCode, /^[A-Z]{4}-[A-Z]{4}$/);
      assert.deepEqual(
        [code.verificationUri, code.verificationUriComplete],
        [`${identity.issuer}/device`, `${identity.issuer}/device?user_code=${code.userCode}`],
      );
      await new Person().typeCode(code.verificationUriComplete ?? '');
      await until(result);
      const { account, tokens } = await result;
      assert.deepEqual([account, over.aborted], [{ id: 'account-1001', label: 'demo' }, true]);
      assert.ok(tokens.claims !== undefined && tokens.refreshToken !== undefined);
      assert.ok(!signInController.lines.join('\n').includes(code.userCode));
      assert.deepEqual(leaks(identity.journal, [{ name: 'the log', text: signInController.lines.join('\n') }]), []);
    });

    it('ends when the user denies access', async () => {
      const { result, shown } = device();
      const [code] = await shown;
      await new Person({ allows: false }).typeCode(code.verificationUriComplete ?? '');
      await until(result);
      await rejectsWith(result, 'denied', 'access_denied');
    });

    it("may take longer than the deadline, up to the server's limit", async () => {
      const { result, shown } = device({ deadline: MINUTE });
      const [, over] = await shown;
      await signInController.clock.pass(5 * MINUTE);
      assert.equal(over.aborted, false);
      await until(result);
      await rejectsWith(result, 'code-expired');
      assert.equal(over.aborted, true);
    });

    it("aborts the signal for the displayed code once it's canceled", async () => {
      const { result, shown } = device();
      const [, over] = await shown;
      caller.abort(new Failure('canceled', 'enough'));
      await rejectsWith(result, 'canceled', 'enough');
      assert.equal(over.aborted, true);
    });

    it("is used when the entry specifies it, but not when the server doesn't support it", async () => {
      const shown: ShownCode[] = [];
      const asked = start({
        provider: providerAt(identity.issuer, { clientId: demoClientId, signInMethod: 'device' }),
        onCode: (code) => shown.push(code),
      });
      await identity.journal.waitForRequest(({ path }) => path === '/device/auth');
      caller.abort(new Failure('canceled', 'enough'));
      await assert.rejects(asked);
      caller = new AbortController();
      const server = await ScriptedServer.start();
      const other = start({ provider: providerAt(server.issuer, { id: 'other', signInMethod: 'device' }) });
      assert.match(loopbackOf(await signInController.address()), /^http:\/\/127\.0\.0\.1:/);
      assert.ok(
        signInController.lines.some((line) =>
          line.includes('not device (no-device-endpoint), loopback, not uri (not-registered), paste'),
        ),
      );
      caller.abort(new Failure('canceled', 'enough'));
      await assert.rejects(other);
      await server.stop();
    });
  });

  it('uses the first available method, and offers the others after it', async () => {
    signInController.environment = { isBrowser: true, isRemote: true, isWorker: false, isPageLocal: false };
    const { provider } = request();
    const result = start({ onCode: () => caller.abort(new Failure('canceled', 'enough')) });
    await rejectsWith(result, 'canceled', 'enough');
    assert.deepEqual(await signInController.signInService.otherMethods(provider), ['paste']);
    caller = new AbortController();
    signInController.environment = { isBrowser: false, isRemote: false, isWorker: false, isPageLocal: true };
    const second = start();
    await signInController.address();
    caller.abort(new Failure('canceled', 'enough'));
    await assert.rejects(second);
    assert.deepEqual(await signInController.signInService.otherMethods(provider), ['device', 'paste']);
  });

  it('ends when no method is available', async () => {
    const server = await ScriptedServer.start();
    server.metadata['grant_types_supported'] = ['client_credentials'];
    await rejectsWith(start({ provider: providerAt(server.issuer) }), 'unsupported-server', 'no-sign-in-method');
    await server.stop();
  });

  it('accepts a pasted code alone, and rejects a code of another sign-in', async () => {
    const codeAt = async (address: string): Promise<string> =>
      (await new Person().authorize(address)).searchParams.get('code') ?? '';
    signInController.asking = async (passes) => {
      const code = await codeAt(await signInController.address());
      return passes(code) ? code : undefined;
    };
    await rejectsWith(start({ method: 'paste' }), 'canceled');

    identity.faults.add({
      path: '/.well-known/openid-configuration',
      action: { kind: 'rewrite', body: (body) => ({ ...body, authorization_response_iss_parameter_supported: false }) },
    });
    signInController = new SignInFixture();
    signInController.asking = async (passes) => {
      const code = await codeAt(await signInController.address());
      return passes(code) ? code : undefined;
    };
    assert.equal((await start({ method: 'paste' })).account.label, 'demo');

    signInController.asking = async (passes) => {
      const address = new URL(await signInController.address());
      address.searchParams.set('code_challenge', 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM');
      const code = await codeAt(address.href);
      return passes(code) ? code : undefined;
    };
    await rejectsWith(start({ method: 'paste' }), 'invalid-callback', 'invalid_grant');
    identity.faults.clear();
  });

  it('sends the redirect URI of the entry, and listens or waits for a pasted URL there', async () => {
    const server = await ScriptedServer.start();
    for (const redirectUri of ['http://localhost', 'http://[::1]/cb', 'http://127.0.0.1/a/']) {
      const shown: [string, string][] = [];
      const result = start({
        provider: providerAt(server.issuer, { redirectUri }),
        onRedirect: (uri, method) => shown.push([uri, method]),
      });
      const sent = loopbackOf(await signInController.address());
      assert.match(sent.replace(/:\d+(?=\/|$)/, ''), new RegExp(`^${redirectUri.replaceAll(/[[\]]/g, '\\$&')}$`));
      assert.deepEqual(shown, [[sent, 'loopback']]);
      caller.abort(new Failure('canceled', 'enough'));
      await assert.rejects(result);
      caller = new AbortController();
    }
    signInController.asking = () => new Promise(() => {});
    const pasted = start({
      provider: providerAt(server.issuer, { redirectUri: 'http://localhost:8400', redirectPorts: [1] }),
      method: 'paste',
    });
    assert.equal(loopbackOf(await signInController.address()), 'http://localhost:8400');
    caller.abort(new Failure('canceled', 'enough'));
    pasted.catch(() => {});
    await server.stop();
  });

  it('returns to a redirect URI without a path, at a server that compares it', async () => {
    const port = await freePort();
    const redirectUri = `http://localhost:${port}`;
    const server = await startIdentityServer({
      clients: [
        {
          client_id: 'reused',
          application_type: 'native',
          token_endpoint_auth_method: 'none',
          redirect_uris: [redirectUri],
          grant_types: ['authorization_code', 'refresh_token'],
          response_types: ['code'],
        },
      ],
    });
    const result = start({ provider: providerAt(server.issuer, { clientId: 'reused', redirectUri }) });
    const { html, url } = await new Person().signIn(await signInController.address());
    assert.match(html, /Signed in/);
    assert.equal(url.href, `${redirectUri}/done`);
    assert.equal((await result).account.label, 'demo');
    await server.stop();
  });

  describe("whose browser doesn't return", () => {
    const waits = (
      more: Partial<SignInRequest> = {},
    ): { readonly hints: AbortSignal[]; readonly result: Promise<SignInGrant> } => {
      const hints: AbortSignal[] = [];
      return { hints, result: start({ onStillWaiting: (over) => hints.push(over), ...more }) };
    };
    // The browser has been opened, and everything after that is done.
    const opened = async (): Promise<void> => {
      await signInController.address();
      await signInController.clock.pass(0);
    };

    it('shows a hint after 30 seconds, once, until the browser returns', async () => {
      const { hints, result } = waits();
      const address = await signInController.address();
      await signInController.clock.pass(30 * SECOND - 1);
      assert.equal(hints.length, 0);
      await signInController.clock.pass(1);
      await signInController.clock.pass(MINUTE);
      assert.deepEqual(
        hints.map(({ aborted }) => aborted),
        [false],
      );
      await new Person().signIn(address);
      await result;
      assert.deepEqual(
        hints.map(({ aborted }) => aborted),
        [true],
      );
    });

    it('shows no hint when the browser returned before that', async () => {
      const { hints, result } = waits();
      await new Person().signIn(await signInController.address());
      await result;
      await signInController.clock.pass(10 * MINUTE);
      assert.deepEqual(hints, []);
    });

    it("withdraws the hint when it's canceled, replaced, or timed out", async () => {
      for (const end of [
        () => caller.abort(new Failure('canceled', 'enough')),
        () => void start({ onStillWaiting: () => {} }),
        () => void signInController.clock.pass(5 * MINUTE),
      ]) {
        const { hints, result } = waits();
        await opened();
        await signInController.clock.pass(30 * SECOND);
        assert.deepEqual(
          hints.map(({ aborted }) => aborted),
          [false],
        );
        end();
        await assert.rejects(result);
        assert.deepEqual(
          hints.map(({ aborted }) => aborted),
          [true],
        );
        caller.abort(new Failure('canceled', 'enough'));
        caller = new AbortController();
        signInController = new SignInFixture();
      }
    });

    it("shows no hint when the browser isn't expected to return automatically", async () => {
      signInController.asking = () => new Promise(() => {});
      const { hints, result } = waits({ method: 'paste' });
      await opened();
      await signInController.clock.pass(2 * MINUTE);
      caller.abort(new Failure('canceled', 'enough'));
      result.catch(() => {});
      assert.deepEqual(hints, []);
    });
  });

  it('gets its fixed port although the previous one still serves its final page there', async () => {
    const port = await freePort();
    const provider = providerAt(identity.issuer, { clientId: demoClientId, redirectPorts: [port] });
    for (const id of ['acme', 'other', 'acme']) {
      const result = start({ provider: { ...provider, id } });
      await new Person().signIn(await signInController.address());
      assert.equal((await result).account.label, 'demo');
    }
    assert.equal(signInController.signInService.releasePorts([port]), true);
    assert.equal(signInController.signInService.releasePorts([port]), false);
  });

  it('uses a registered port, also when the user pastes the URL', async () => {
    const provider = providerAt(identity.issuer, { clientId: demoClientId, redirectPorts: [45_678] });
    signInController.asking = () => new Promise(() => {});
    const result = start({ provider, method: 'paste' });
    assert.equal(loopbackOf(await signInController.address()), 'http://127.0.0.1:45678/callback');
    caller.abort(new Failure('canceled', 'enough'));
    signInController.asking = () => Promise.resolve(undefined);
    result.catch(() => {});
  });

  it('provides a working URL each time the page is opened again, also when the request is pushed', async () => {
    const server = await startIdentityServer({ features: { pushedAuthorizationRequests: { enabled: true } } });
    const provider = providerAt(server.issuer, { clientId: demoClientId, pushedAuthorization: true });
    let again = (): Promise<string> => Promise.reject(new Error('not yet'));
    const result = start({
      provider,
      onAddress: (address) => {
        again = address;
      },
    });
    const first = await signInController.address();
    // The server's response to a reference that has expired.
    const [, reference = ''] = /request_uri:(.+)$/.exec(new URL(first).searchParams.get('request_uri') ?? '') ?? [];
    await (await server.provider.PushedAuthorizationRequest.find(reference))?.destroy();
    assert.equal((await new Person().authorize(first)).searchParams.get('error'), 'invalid_request_uri');
    const second = await again();
    assert.notEqual(second, first);
    assert.match((await new Person().signIn(second)).html, /Signed in/);
    assert.deepEqual((await result).account, { id: 'account-1001', label: 'demo' });
    caller.abort(new Failure('canceled', 'enough'));
    await rejectsWith(again(), 'canceled', 'enough');
    await server.stop();
  });

  it('gets its port from a sign-out that is still waiting there, and fails when another program uses it', async () => {
    const port = await freePort();
    const provider = providerAt(identity.issuer, { clientId: demoClientId, redirectPorts: [port] });
    const signOutFixture = new SignOutFixture();
    const leaving = {
      server: await discovered(identity.issuer, { ...provider, signOutAtServer: 'return' }),
      accountId: 'account-1001',
      signedInAt: 0,
      idToken: undefined,
    };
    const end = signOutFixture.signOuts.open(Promise.resolve(leaving));
    await signOutFixture.address();
    await rejectsWith(start({ provider }), 'no-loopback', 'ports-in-use');
    signInController.releasePorts = (ports) => signOutFixture.signOuts.releasePorts(ports);
    const result = start({ provider });
    assert.equal(loopbackOf(await signInController.address()), `http://127.0.0.1:${String(port)}/callback`);
    assert.equal(await end, 'not-returned');
    caller.abort(new Failure('canceled', 'enough'));
    await assert.rejects(result);
  });
});
