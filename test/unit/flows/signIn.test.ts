import assert from 'node:assert/strict';
import { MINUTE, SECOND } from '../../../src/core/clock.ts';
import { Failure } from '../../../src/core/failure.ts';
import type { SignInRequest } from '../../../src/flows/signInFlow.ts';
import type { SignInGrant } from '../../../src/protocol/identity.ts';
import { GOOD_TOKENS, providerAt } from '../../support/fixtures.ts';
import { Person, type Arrival } from '../../support/browserless.ts';
import { settle } from '../../support/fakeClock.ts';
import { rejectsWith } from '../../support/failures.ts';
import { closedIssuer, ScriptedServer } from '../../support/scriptedServer.ts';
import { SignInFixture } from '../../support/signInFixture.ts';
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
    identity.faults.clear();
    identity.journal.clear();
  });

  const request = (more: Partial<SignInRequest> = {}): SignInRequest => ({
    provider: providerAt(identity.issuer, { clientId: demoClientId }),
    scopes: ['openid', 'profile', 'offline_access'],
    deadline: 5 * MINUTE,
    signal: caller.signal,
    ...more,
  });
  const start = (
    more: Partial<SignInRequest> = {},
    addSession = (grant: SignInGrant): Promise<SignInGrant> => Promise.resolve(grant),
  ): Promise<SignInGrant> => {
    const result = signInController.signInService.signIn(request(more), addSession);
    result.catch(() => {});
    return result;
  };
  const loopbackOf = (address: string): string => new URL(address).searchParams.get('redirect_uri') ?? '';
  const isClosed = (address: string): Promise<boolean> =>
    fetch(loopbackOf(address)).then(
      () => false,
      () => true,
    );
  const browse = (address: string, person = new Person()): Promise<Arrival> => person.signIn(address);

  it('uses the browser, and ends on a page that shows success, at a URL without the code', async () => {
    const result = start();
    const address = await signInController.address();
    const { url, status, html } = await browse(address);
    const { account, tokens, scopes } = await result;
    assert.deepEqual(
      [account, scopes],
      [{ id: 'account-1001', label: 'demo' }, ['openid', 'profile', 'offline_access']],
    );
    assert.notEqual(tokens.refreshToken, undefined);
    assert.deepEqual([status, url.href], [200, new URL('/done', loopbackOf(address)).href]);
    assert.match(html, /Signed in/);
    await signInController.clock.pass(5 * SECOND);
    assert.equal(await isClosed(address), true);
  });

  it("can be canceled, and times out, while VS Code doesn't resolve how the browser reaches this machine", async () => {
    const reached: string[] = [];
    signInController.toExternalUrl = (address) => {
      reached.push(address);
      return new Promise(() => {});
    };
    const canceled = start();
    await signInController.clock.pass(SECOND);
    caller.abort(new Failure('canceled', 'enough'));
    await rejectsWith(canceled, 'canceled', 'enough');
    caller = new AbortController();
    const late = start();
    await signInController.clock.pass(6 * MINUTE);
    await rejectsWith(late, 'sign-in-timeout', 'sign-in-timeout');
    for (const address of reached) {
      await assert.rejects(fetch(address), 'the port is closed');
    }
    assert.equal(reached.length, 2);
  });

  it('provides exactly the URL that the browser is opened at', async () => {
    const handed: (() => Promise<string>)[] = [];
    const result = start({ onAddress: (again) => handed.push(again), hints: { loginHint: 'demo+1&x@example.com' } });
    const address = await signInController.address();
    assert.deepEqual(await Promise.all(handed.map((again) => again())), [address]);
    assert.equal(new URL(address).searchParams.get('login_hint'), 'demo+1&x@example.com');
    caller.abort(new Failure('canceled', 'enough'));
    await assert.rejects(result);
  });

  it('shows success in the browser only once the session has been added', async () => {
    let addSession = (): void => {};
    let isAsked = (): void => {};
    const asked = new Promise<void>((resolve) => {
      isAsked = resolve;
    });
    const result = start(
      {},
      (grant) =>
        new Promise((resolve) => {
          addSession = () => resolve(grant);
          isAsked();
        }),
    );
    let hasArrived = false;
    const browser = browse(await signInController.address()).then((arrival) => {
      hasArrived = true;
      return arrival;
    });
    await asked;
    await settle();
    assert.equal(hasArrived, false);
    addSession();
    await result;
    assert.match((await browser).html, /Signed in/);
  });

  it("shows a failure in the browser when the session can't be added", async () => {
    const result = start({}, () => Promise.reject(new Failure('storage', 'secret-store')));
    const { html } = await browse(await signInController.address());
    await rejectsWith(result, 'storage', 'secret-store');
    assert.match(html, /Not signed in/);
  });

  it('hands over tokens that are not used, to be revoked', async () => {
    let accessToken = '';
    const result = start({}, ({ tokens }) => {
      ({ accessToken } = tokens);
      return Promise.reject(new Failure('storage', 'secret-store'));
    });
    await browse(await signInController.address());
    await rejectsWith(result, 'storage');
    assert.deepEqual(
      signInController.unused.map(({ account, endpointOrigins, tokens }) => [
        account?.id,
        tokens.accessToken,
        endpointOrigins,
      ]),
      [['account-1001', accessToken, [new URL(identity.issuer).origin]]],
    );
  });

  it('ends on a page that shows the failure when the user denies access', async () => {
    const result = start();
    const address = await signInController.address();
    const { html } = await browse(address, new Person({ allows: false }));
    await rejectsWith(result, 'denied', 'access_denied');
    assert.match(html, /Not signed in/);
    await signInController.clock.pass(5 * SECOND);
    assert.equal(await isClosed(address), true);
  });

  it("ends on a page that shows the failure when the code can't be exchanged", async () => {
    identity.faults.add({ path: '/token', times: 1, action: { kind: 'answer', status: 503 } });
    const result = start();
    const { html } = await browse(await signInController.address());
    await rejectsWith(result, 'server', 'http-503');
    assert.match(html, /http-503/);
  });

  it('keeps waiting after a callback of another sign-in', async () => {
    const result = start();
    const address = await signInController.address();
    const stray = await fetch(`${loopbackOf(address)}?code=forged&state=forged`);
    assert.equal(stray.status, 400);
    assert.equal((await fetch(`${loopbackOf(address)}?error=access_denied`)).status, 400);
    await browse(address);
    assert.equal((await result).account.label, 'demo');
  });

  it('ends when the user takes too long', async () => {
    const result = start({ deadline: 90 * SECOND });
    const address = await signInController.address();
    await signInController.clock.pass(90 * SECOND - 1);
    assert.equal(await isClosed(address), false);
    await signInController.clock.pass(1);
    await rejectsWith(result, 'sign-in-timeout', 'sign-in-timeout');
    assert.equal(await isClosed(address), true);
  });

  it("ends with the reason when it's canceled", async () => {
    const result = start();
    const address = await signInController.address();
    caller.abort(new Failure('canceled', 'enough'));
    await rejectsWith(result, 'canceled', 'enough');
    await settle();
    assert.equal(await isClosed(address), true);
  });

  it("ends when it's canceled while the browser isn't open yet", async () => {
    signInController.opening = () => new Promise(() => {});
    const result = start();
    const address = await signInController.address();
    caller.abort(new Failure('canceled', 'enough'));
    await rejectsWith(result, 'canceled', 'enough');
    assert.equal(await isClosed(address), true);
  });

  it("ends when the browser can't be opened", async () => {
    signInController.opening = () => Promise.reject(new Failure('configuration', 'no-browser'));
    const result = start();
    const address = await signInController.address();
    await rejectsWith(result, 'configuration', 'no-browser');
    assert.equal(await isClosed(address), true);
  });

  it('is replaced by a second one at the same provider, which continues', async () => {
    const first = start();
    const firstAddress = await signInController.address();
    const second = start();
    await rejectsWith(first, 'replaced', 'replaced');
    assert.equal(await isClosed(firstAddress), true);
    await browse(await signInController.address());
    assert.equal((await second).account.label, 'demo');
  });

  it("isn't affected by one at another provider", async () => {
    const first = start();
    const firstAddress = await signInController.address();
    const second = start({ provider: providerAt(identity.issuer, { id: 'other', clientId: demoClientId }) });
    await signInController.address();
    await browse(firstAddress);
    assert.equal((await first).account.label, 'demo');
    caller.abort(new Failure('canceled', 'enough'));
    await assert.rejects(second);
  });

  it('leaves no timer behind', async () => {
    const result = start();
    await browse(await signInController.address());
    await result;
    // The final page stays for a moment.
    await signInController.clock.pass(5 * SECOND);
    assert.equal(signInController.clock.fired, 1);
    await signInController.clock.pass(10 * MINUTE);
    assert.equal(signInController.clock.fired, 1);
  });

  it("doesn't open the browser when the server can't be reached", async () => {
    let wasOpened = false;
    signInController.opening = () => {
      wasOpened = true;
      return Promise.resolve();
    };
    await rejectsWith(start({ provider: providerAt(await closedIssuer()) }), 'network', 'ECONNREFUSED');
    assert.equal(wasOpened, false);
  });

  it('ends immediately when it was canceled before it started, and leaves nothing unhandled', async () => {
    const unhandled: unknown[] = [];
    const listeners = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    process.on('unhandledRejection', (reason) => unhandled.push(reason));
    try {
      caller.abort(new Failure('canceled', 'enough'));
      const server = await ScriptedServer.start();
      server.onDiscovery({ status: 500 });
      await rejectsWith(start({ provider: providerAt(server.issuer) }), 'canceled', 'enough');
      // The request of discovery ends when its connection does.
      await settle();
      await server.stop();
      await settle();
      assert.deepEqual(unhandled, []);
    } finally {
      process.removeAllListeners('unhandledRejection');
      for (const listener of listeners) {
        process.on('unhandledRejection', listener);
      }
    }
  });

  it('writes no code, verifier, token or state into the log', async () => {
    const result = start();
    const address = await signInController.address();
    const person = new Person();
    await browse(address, person);
    const { tokens } = await result;
    const code =
      person.visited.map((visited) => new URL(visited).searchParams.get('code')).find((one) => one !== null) ?? '';
    assert.ok(code.length > 10 && signInController.lines.length >= 2);
    for (const secret of [
      code,
      tokens.accessToken,
      tokens.refreshToken ?? '',
      tokens.idToken ?? '',
      new URL(address).searchParams.get('state') ?? '',
    ]) {
      assert.ok(secret !== '' && !signInController.lines.join('\n').includes(secret));
    }
    assert.deepEqual(leaks(identity.journal, [{ name: 'the log', text: signInController.lines.join('\n') }]), []);
  });

  describe('without a return from the browser', () => {
    /** The final URL in the browser of a user who has signed in; no program listens there. */
    const endOf = async (address: string, person = new Person()): Promise<URL> => person.authorize(address);

    it('accepts the URL that the user pastes', async () => {
      const asked = Promise.withResolvers<string>();
      signInController.asking = async (passes) => {
        const text = await asked.promise;
        return passes(text) ? text : undefined;
      };
      const result = start({ method: 'paste' });
      const address = await signInController.address();
      assert.equal(loopbackOf(address), 'http://127.0.0.1:57344/callback');
      assert.equal(await isClosed(address), true);
      asked.resolve((await endOf(address)).href);
      const { account, tokens } = await result;
      assert.deepEqual([account.label, await identity.tokenIsActive(tokens.accessToken)], ['demo', true]);
      assert.deepEqual(leaks(identity.journal, [{ name: 'the log', text: signInController.lines.join('\n') }]), []);
    });

    it("reports the server's rejection", async () => {
      const asked = Promise.withResolvers<string>();
      signInController.asking = () => asked.promise;
      const result = start({ method: 'paste' });
      asked.resolve((await endOf(await signInController.address(), new Person({ allows: false }))).href);
      await rejectsWith(result, 'denied', 'access_denied');
    });

    it('rejects the URL of another attempt', async () => {
      const first = start({ method: 'paste' });
      const firstEnd = await endOf(await signInController.address());
      await rejectsWith(first, 'canceled', 'canceled');
      const seen: boolean[] = [];
      signInController.asking = (passes) => {
        seen.push(passes(firstEnd.href));
        return Promise.resolve(undefined);
      };
      await rejectsWith(start({ method: 'paste' }), 'canceled', 'canceled');
      assert.deepEqual(seen, [false]);
    });

    it('times out and closes the input box when nothing is pasted', async () => {
      let isOpen = false;
      signInController.asking = (_, signal) =>
        new Promise((resolve) => {
          isOpen = true;
          signal.addEventListener('abort', () => {
            isOpen = false;
            resolve(undefined);
          });
        });
      const result = start({ method: 'paste', deadline: 90 * SECOND });
      await signInController.address();
      await settle();
      assert.equal(isOpen, true);
      await signInController.clock.pass(90 * SECOND);
      await rejectsWith(result, 'sign-in-timeout', 'sign-in-timeout');
      assert.equal(isOpen, false);
    });
  });

  it('names the account after the provider at an OAuth server without OpenID Connect', async () => {
    const server = await ScriptedServer.start();
    server.onToken({ body: GOOD_TOKENS });
    const result = start({ provider: providerAt(server.issuer), scopes: ['read'] });
    const address = new URL(await signInController.address());
    const browser = fetch(`${loopbackOf(address.href)}?code=c&state=${address.searchParams.get('state') ?? ''}`);
    const { account, tokens } = await result;
    assert.deepEqual([account, tokens.claims], [{ id: 'acme', label: 'Acme' }, undefined]);
    assert.match(await (await browser).text(), /Signed in/);
    await server.stop();
  });
});
