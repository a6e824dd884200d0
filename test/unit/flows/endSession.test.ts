import assert from 'node:assert/strict';
import { MINUTE, SECOND } from '../../../src/core/clock.ts';
import type { Provider } from '../../../src/core/provider.ts';
import type { EndSessionResult } from '../../../src/flows/endSession.ts';
import type { EndSessionContext } from '../../../src/protocol/logout.ts';
import { discovered } from '../../support/fixtures.ts';
import { freePort } from '../../support/freePort.ts';
import { ScriptedServer } from '../../support/scriptedServer.ts';
import { SignOutFixture } from '../../support/signOutFixture.ts';

describe('A sign-out at the server', () => {
  let server: ScriptedServer;
  let fixture: SignOutFixture;

  before(async () => {
    server = await ScriptedServer.start();
    server.metadata['end_session_endpoint'] = `${server.issuer}/out`;
  });

  after(async () => {
    await server.stop();
  });

  beforeEach(() => {
    fixture = new SignOutFixture();
  });

  afterEach(() => {
    fixture.signOuts.dispose();
  });

  const leaving = async (accountId = 'person-1', more: Partial<Provider> = {}): Promise<EndSessionContext> => ({
    server: await discovered(server.issuer, { signOutAtServer: 'return', ...more }),
    accountId,
    signedInAt: fixture.clock.now() - MINUTE,
    idToken: 'id.token.x',
  });
  const open = async (accountId?: string, more?: Partial<Provider>): Promise<EndSessionResult> =>
    fixture.signOuts.open(leaving(accountId, more));
  const redirectOf = (address: string): URL | undefined => {
    const redirectUri = new URL(address).searchParams.get('post_logout_redirect_uri');
    return redirectUri === null ? undefined : new URL(redirectUri);
  };
  /** The URL at which the browser returns, with the given query or with the right state. */
  const backFrom = (address: string, query = `state=${new URL(address).searchParams.get('state') ?? ''}`): URL => {
    const url = redirectOf(address);
    assert.ok(url !== undefined, 'the browser returns');
    url.search = query;
    return url;
  };
  const isClosed = (address: string): Promise<boolean> =>
    fetch(backFrom(address)).then(
      () => false,
      () => true,
    );

  it('ends on a page that shows success, at a URL without the state, and stops listening', async () => {
    const end = open();
    const address = await fixture.address();
    const arrival = await fetch(backFrom(address));
    assert.deepEqual([arrival.status, new URL(arrival.url).pathname, new URL(arrival.url).search], [200, '/done', '']);
    assert.match(await arrival.text(), /Signed out/);
    assert.equal(await end, 'returned');
    await fixture.clock.pass(5 * SECOND);
    assert.equal(await isClosed(address), true);
  });

  const strays: readonly (readonly [string, string])[] = [
    ['no state', 'without a state'],
    ['state=', 'with another state'],
    ['state=other', 'with another state'],
    ['state=other&state=more', 'with another state'],
    ['error=access_denied', 'without a state'],
    ['code=x&state=other', 'with another state'],
  ];
  for (const [query, reason] of strays) {
    it(`rejects the callback "${query}" with a page, and keeps waiting for the right one`, async () => {
      const end = open();
      const address = await fixture.address();
      const refused = await fetch(backFrom(address, query), { redirect: 'manual' });
      assert.equal(refused.status, 400);
      assert.match(await refused.text(), /Not this sign-out/);
      assert.ok(
        fixture.lines.some((line) => line.includes(`rejected a callback ${reason}`)),
        fixture.lines.join('\n'),
      );
      assert.equal((await fetch(backFrom(address))).status, 200);
      assert.equal(await end, 'returned');
    });
  }

  it('never accepts a wrong callback, and times out without the right one', async () => {
    const end = open();
    const address = await fixture.address();
    for (let time = 0; time < 20; time += 1) {
      await fetch(backFrom(address, 'state=other'));
    }
    await fixture.clock.pass(5 * MINUTE);
    assert.equal(await end, 'not-returned');
    assert.equal(
      fixture.lines.filter((line) => line.includes('rejected a callback')).length,
      1,
      "a page can't fill the log",
    );
  });

  it("waits for the browser until the user's deadline, then closes the port and logs what to check", async () => {
    const end = open();
    const address = await fixture.address();
    await fixture.clock.pass(5 * MINUTE - 1);
    assert.equal(await fetch(backFrom(address, '')).then(({ status }) => status), 400);
    await fixture.clock.pass(1);
    assert.equal(await end, 'not-returned');
    assert.equal(await isClosed(address), true);
    assert.match(fixture.lines.at(-1) ?? '', /hasn't returned.*isn't registered there as a post-logout redirect URI/);
  });

  it('keeps the ID token and the state out of the log', async () => {
    const end = open();
    const address = await fixture.address();
    await fetch(backFrom(address));
    await end;
    for (const secret of ['id.token.x', new URL(address).searchParams.get('state') ?? 'no state']) {
      assert.ok(!fixture.lines.join().includes(secret));
    }
  });

  it("doesn't return when the entry doesn't require it, and opens nothing when the server has no page", async () => {
    assert.equal(await open('person-1', { signOutAtServer: true }), 'opened');
    assert.equal(await fixture.address(), `${server.issuer}/out?client_id=editor&id_token_hint=id.token.x`);
    assert.equal(await fixture.signOuts.open(Promise.resolve(undefined)), 'no-page');
    assert.equal(await fixture.signOuts.open(Promise.reject(new Error('x'))), 'no-page');
    const nowhere = await leaving('person-2');
    assert.equal(
      await fixture.signOuts.open(
        Promise.resolve({ ...nowhere, server: { ...nowhere.server, metadata: { issuer: server.issuer } } }),
      ),
      'no-page',
    );
    assert.equal(fixture.unseen, 0);
  });

  it("doesn't return when the browser can't return to this machine", async () => {
    fixture.environment = { isBrowser: true, isRemote: true, isWorker: false, isPageLocal: false };
    assert.equal(await open(), 'opened');
    fixture.environment = { ...fixture.environment, isRemote: false, isWorker: true };
    assert.equal(await open('person-2', { signInMethod: 'loopback' }), 'opened');
    assert.deepEqual(
      [redirectOf(await fixture.address()), redirectOf(await fixture.address())],
      [undefined, undefined],
    );
  });

  it("returns at the URL that VS Code forwards here, and doesn't return when there is none", async () => {
    fixture.toExternalUrl = () => Promise.resolve('https://tunnel.example.com/callback');
    assert.equal(await open(), 'opened');
    assert.equal(redirectOf(await fixture.address()), undefined);
    fixture.toExternalUrl = () => Promise.resolve('http://127.0.0.1:5/callback');
    void open('person-2');
    assert.equal(redirectOf(await fixture.address())?.href, 'http://127.0.0.1:5/callback');
  });

  it("doesn't wait long for VS Code to find out how the browser reaches this machine", async () => {
    const reached: string[] = [];
    fixture.toExternalUrl = (address) => {
      reached.push(address);
      return new Promise(() => {});
    };
    const end = open();
    while (reached.length === 0) {
      await fixture.clock.rest();
    }
    await fixture.clock.pass(5 * SECOND);
    assert.equal(await end, 'opened');
    assert.equal(redirectOf(await fixture.address()), undefined);
    await assert.rejects(fetch(reached[0] ?? ''), 'the port is closed');
  });

  it('opens one page for all sessions of an account that end together, and another one for those that end later', async () => {
    const first = open();
    const address = await fixture.address();
    assert.deepEqual(await Promise.all([open(), open()]), ['same-page', 'same-page']);
    await fixture.clock.pass(10 * SECOND);
    const later = open();
    const addresses = [address, await fixture.address()];
    for (const one of addresses.reverse()) {
      assert.equal((await fetch(backFrom(one))).status, 200);
    }
    assert.deepEqual(await Promise.all([first, later]), ['returned', 'returned']);
  });

  it('opens another page for a session that was started since', async () => {
    void open();
    await fixture.address();
    const since = { ...(await leaving()), signedInAt: fixture.clock.now() };
    void fixture.signOuts.open(Promise.resolve(since));
    assert.notEqual(redirectOf(await fixture.address()), undefined);
  });

  it('returns for several accounts, each to its own port with its own state', async () => {
    const ends = [open('person-1'), open('person-2')];
    const addresses = [await fixture.address(), await fixture.address()];
    const [one = '', other = ''] = addresses;
    assert.notEqual(redirectOf(one)?.port, redirectOf(other)?.port);
    assert.equal((await fetch(backFrom(one, backFrom(other).search))).status, 400);
    await fetch(backFrom(other));
    await fetch(backFrom(one));
    assert.deepEqual(await Promise.all(ends), ['returned', 'returned']);
  });

  it("uses the ports in the entry, and doesn't return when all are in use", async () => {
    const redirectPorts = [await freePort()];
    const first = open('person-1', { redirectPorts });
    const address = await fixture.address();
    assert.equal(redirectOf(address)?.href, `http://127.0.0.1:${String(redirectPorts[0])}/callback`);
    assert.equal(await open('person-2', { redirectPorts }), 'opened');
    assert.equal(redirectOf(await fixture.address()), undefined);
    await fetch(backFrom(address));
    assert.equal(await first, 'returned');
  });

  it('releases its port for a sign-in that needs it, and no other port', async () => {
    const redirectPorts = [await freePort()];
    const end = open('person-1', { redirectPorts });
    const address = await fixture.address();
    assert.equal(fixture.signOuts.releasePorts([await freePort()]), false);
    assert.equal(await isClosed(address.replace(/state=[^&]+/, 'state=x')), false);
    assert.equal(fixture.signOuts.releasePorts(redirectPorts), true);
    assert.equal(await end, 'not-returned');
    assert.equal(await isClosed(address), true);
    assert.equal(fixture.signOuts.releasePorts(redirectPorts), false);
  });

  it('closes every port when disposed of, including one that only serves its final page, and opens no more', async () => {
    const ends = [open('person-1'), open('person-2')];
    const [one, other] = [await fixture.address(), await fixture.address()];
    await fetch(backFrom(one), { redirect: 'manual' });
    assert.equal(await isClosed(one), false);
    fixture.signOuts.dispose();
    assert.deepEqual([await isClosed(one), await isClosed(other)], [true, true]);
    assert.deepEqual(new Set(await Promise.all(ends)), new Set(['returned', 'not-returned']));
    assert.equal(await open('person-3'), 'no-page');
    assert.equal(fixture.unseen, 0);
  });

  it("opens nothing that becomes ready only after it's disposed of", async () => {
    let respond = (_address: string): void => {};
    const asked = new Promise<string>((resolve) => {
      fixture.toExternalUrl = (address) => {
        resolve(address);
        return new Promise((then) => {
          respond = then;
        });
      };
    });
    const end = open();
    const address = await asked;
    fixture.signOuts.dispose();
    respond(address);
    assert.equal(await end, 'no-page');
    assert.equal(fixture.unseen, 0);
    await assert.rejects(fetch(address));
  });

  it("closes the port when the browser can't be opened", async () => {
    fixture.opening = () => Promise.reject(new Error('no browser'));
    assert.equal(await open(), 'no-page');
    assert.equal(await isClosed(await fixture.address()), true);
    assert.match(fixture.lines.at(-1) ?? '', /Couldn't open/);
  });

  it("opens the page for another session of the account when it couldn't be opened for the first", async () => {
    fixture.opening = () => Promise.reject(new Error('no browser'));
    assert.equal(await open(), 'no-page');
    await fixture.address();
    fixture.opening = () => Promise.resolve();
    const second = open();
    assert.equal((await fetch(backFrom(await fixture.address()))).status, 200);
    assert.equal(await second, 'returned');
  });
});
