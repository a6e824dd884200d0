import assert from 'node:assert/strict';
import { MINUTE, SECOND } from '../../../src/core/clock.ts';
import type { Provider } from '../../../src/core/provider.ts';
import type { EndSessionResult } from '../../../src/flows/endSession.ts';
import type { EndSessionContext } from '../../../src/protocol/logout.ts';
import { discovered } from '../../support/fixtures.ts';
import { freePort } from '../../support/freePort.ts';
import { ScriptedServer } from '../../support/scriptedServer.ts';
import { Door } from '../../support/signOutFixture.ts';

describe('A sign-out at the server', () => {
  let server: ScriptedServer;
  let door: Door;

  before(async () => {
    server = await ScriptedServer.start();
    server.metadata['end_session_endpoint'] = `${server.issuer}/out`;
  });

  after(async () => {
    await server.stop();
  });

  beforeEach(() => {
    door = new Door();
  });

  afterEach(() => {
    door.signOuts.dispose();
  });

  const leaving = async (accountId = 'person-1', more: Partial<Provider> = {}): Promise<EndSessionContext> => ({
    server: await discovered(server.issuer, { signOutAtServer: 'return', ...more }),
    accountId,
    signedInAt: door.clock.now() - MINUTE,
    idToken: 'id.token.x',
  });
  const open = async (accountId?: string, more?: Partial<Provider>): Promise<EndSessionResult> =>
    door.signOuts.open(leaving(accountId, more));
  const redirectOf = (address: string): URL | undefined => {
    const redirectUri = new URL(address).searchParams.get('post_logout_redirect_uri');
    return redirectUri === null ? undefined : new URL(redirectUri);
  };
  /** The address at which the browser comes back, with the parameters given, or with the right state. */
  const backFrom = (address: string, query = `state=${new URL(address).searchParams.get('state') ?? ''}`): URL => {
    const url = redirectOf(address);
    assert.ok(url !== undefined, 'the browser comes back');
    url.search = query;
    return url;
  };
  const isClosed = (address: string): Promise<boolean> =>
    fetch(backFrom(address)).then(
      () => false,
      () => true,
    );

  it('ends on a page that says so, at an address without the state, and nobody listens any more', async () => {
    const end = open();
    const address = await door.address();
    const arrival = await fetch(backFrom(address));
    assert.deepEqual([arrival.status, new URL(arrival.url).pathname, new URL(arrival.url).search], [200, '/done', '']);
    assert.match(await arrival.text(), /Signed out/);
    assert.equal(await end, 'returned');
    await door.clock.pass(5 * SECOND);
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
  for (const [query, told] of strays) {
    it(`refuses the answer "${query}" with a page, and waits on for the right one`, async () => {
      const end = open();
      const address = await door.address();
      const refused = await fetch(backFrom(address, query), { redirect: 'manual' });
      assert.equal(refused.status, 400);
      assert.match(await refused.text(), /Not this sign-out/);
      assert.ok(
        door.lines.some((line) => line.includes(`an answer ${told} has arrived and was refused`)),
        door.lines.join('\n'),
      );
      assert.equal((await fetch(backFrom(address))).status, 200);
      assert.equal(await end, 'returned');
    });
  }

  it('never takes a wrong answer for the right one: in the end nobody has come back', async () => {
    const end = open();
    const address = await door.address();
    for (let time = 0; time < 20; time += 1) {
      await fetch(backFrom(address, 'state=other'));
    }
    await door.clock.pass(5 * MINUTE);
    assert.equal(await end, 'not-returned');
    assert.equal(door.lines.filter((line) => line.includes('was refused')).length, 1, 'a page cannot fill the log');
  });

  it('waits for the browser for as long as the person may take, then closes the port and tells what to look at', async () => {
    const end = open();
    const address = await door.address();
    await door.clock.pass(5 * MINUTE - 1);
    assert.equal(await fetch(backFrom(address, '')).then(({ status }) => status), 400);
    await door.clock.pass(1);
    assert.equal(await end, 'not-returned');
    assert.equal(await isClosed(address), true);
    assert.match(door.lines.at(-1) ?? '', /has not come back.*not registered there as a post-logout redirect address/);
  });

  it('keeps the ID token and the state out of the log', async () => {
    const end = open();
    const address = await door.address();
    await fetch(backFrom(address));
    await end;
    for (const secret of ['id.token.x', new URL(address).searchParams.get('state') ?? 'no state']) {
      assert.ok(!door.lines.join().includes(secret));
    }
  });

  it('does without the way back where the entry does not want it, and opens nothing where there is no page', async () => {
    assert.equal(await open('person-1', { signOutAtServer: true }), 'opened');
    assert.equal(await door.address(), `${server.issuer}/out?client_id=editor&id_token_hint=id.token.x`);
    assert.equal(await door.signOuts.open(Promise.resolve(undefined)), 'no-page');
    assert.equal(await door.signOuts.open(Promise.reject(new Error('x'))), 'no-page');
    const nowhere = await leaving('person-2');
    assert.equal(
      await door.signOuts.open(
        Promise.resolve({ ...nowhere, server: { ...nowhere.server, metadata: { issuer: server.issuer } } }),
      ),
      'no-page',
    );
    assert.equal(door.unseen, 0);
  });

  it('does without the way back where the browser does not find back', async () => {
    door.environment = { isBrowser: true, isRemote: true, isWorker: false, isPageLocal: false };
    assert.equal(await open(), 'opened');
    door.environment = { ...door.environment, isRemote: false, isWorker: true };
    assert.equal(await open('person-2', { signInMethod: 'loopback' }), 'opened');
    assert.deepEqual([redirectOf(await door.address()), redirectOf(await door.address())], [undefined, undefined]);
  });

  it('comes back by the address that VS Code brings here, and does without where that is none', async () => {
    door.toExternalUrl = () => Promise.resolve('https://tunnel.example.com/callback');
    assert.equal(await open(), 'opened');
    assert.equal(redirectOf(await door.address()), undefined);
    door.toExternalUrl = () => Promise.resolve('http://127.0.0.1:5/callback');
    void open('person-2');
    assert.equal(redirectOf(await door.address())?.href, 'http://127.0.0.1:5/callback');
  });

  it('does not wait for long until VS Code says how the browser reaches this machine', async () => {
    const reached: string[] = [];
    door.toExternalUrl = (address) => {
      reached.push(address);
      return new Promise(() => {});
    };
    const end = open();
    while (reached.length === 0) {
      await door.clock.rest();
    }
    await door.clock.pass(5 * SECOND);
    assert.equal(await end, 'opened');
    assert.equal(redirectOf(await door.address()), undefined);
    await assert.rejects(fetch(reached[0] ?? ''), 'nobody listens there any more');
  });

  it('opens one page for all sessions of an account that end together, and one more for those that end later', async () => {
    const first = open();
    const address = await door.address();
    assert.deepEqual(await Promise.all([open(), open()]), ['same-page', 'same-page']);
    await door.clock.pass(10 * SECOND);
    const later = open();
    const addresses = [address, await door.address()];
    for (const one of addresses.reverse()) {
      assert.equal((await fetch(backFrom(one))).status, 200);
    }
    assert.deepEqual(await Promise.all([first, later]), ['returned', 'returned']);
  });

  it('opens another page for a session that the person has signed in to since', async () => {
    void open();
    await door.address();
    const since = { ...(await leaving()), signedInAt: door.clock.now() };
    void door.signOuts.open(Promise.resolve(since));
    assert.notEqual(redirectOf(await door.address()), undefined);
  });

  it('lets several accounts come back, each to its own port with its own state', async () => {
    const ends = [open('person-1'), open('person-2')];
    const addresses = [await door.address(), await door.address()];
    const [one = '', other = ''] = addresses;
    assert.notEqual(redirectOf(one)?.port, redirectOf(other)?.port);
    assert.equal((await fetch(backFrom(one, backFrom(other).search))).status, 400);
    await fetch(backFrom(other));
    await fetch(backFrom(one));
    assert.deepEqual(await Promise.all(ends), ['returned', 'returned']);
  });

  it('takes the ports that the entry names, and does without the way back where all are taken', async () => {
    const redirectPorts = [await freePort()];
    const first = open('person-1', { redirectPorts });
    const address = await door.address();
    assert.equal(redirectOf(address)?.href, `http://127.0.0.1:${String(redirectPorts[0])}/callback`);
    assert.equal(await open('person-2', { redirectPorts }), 'opened');
    assert.equal(redirectOf(await door.address()), undefined);
    await fetch(backFrom(address));
    assert.equal(await first, 'returned');
  });

  it('gives its port up for a sign-in that needs it, and no other', async () => {
    const redirectPorts = [await freePort()];
    const end = open('person-1', { redirectPorts });
    const address = await door.address();
    assert.equal(door.signOuts.releasePorts([await freePort()]), false);
    assert.equal(await isClosed(address.replace(/state=[^&]+/, 'state=x')), false);
    assert.equal(door.signOuts.releasePorts(redirectPorts), true);
    assert.equal(await end, 'not-returned');
    assert.equal(await isClosed(address), true);
    assert.equal(door.signOuts.releasePorts(redirectPorts), false);
  });

  it('closes every port when it is over, one included that only waits to show the last page, and opens none any more', async () => {
    const ends = [open('person-1'), open('person-2')];
    const [one, other] = [await door.address(), await door.address()];
    await fetch(backFrom(one), { redirect: 'manual' });
    assert.equal(await isClosed(one), false);
    door.signOuts.dispose();
    assert.deepEqual([await isClosed(one), await isClosed(other)], [true, true]);
    assert.deepEqual(new Set(await Promise.all(ends)), new Set(['returned', 'not-returned']));
    assert.equal(await open('person-3'), 'no-page');
    assert.equal(door.unseen, 0);
  });

  it('opens nothing that becomes ready only when it is over', async () => {
    let tell = (_address: string): void => {};
    const asked = new Promise<string>((resolve) => {
      door.toExternalUrl = (address) => {
        resolve(address);
        return new Promise((then) => {
          tell = then;
        });
      };
    });
    const end = open();
    const address = await asked;
    door.signOuts.dispose();
    tell(address);
    assert.equal(await end, 'no-page');
    assert.equal(door.unseen, 0);
    await assert.rejects(fetch(address));
  });

  it('closes the port where the browser cannot be opened', async () => {
    door.opening = () => Promise.reject(new Error('no browser'));
    assert.equal(await open(), 'no-page');
    assert.equal(await isClosed(await door.address()), true);
    assert.match(door.lines.at(-1) ?? '', /could not be opened/);
  });

  it('opens the page for another session of the account where it could not be opened for the first', async () => {
    door.opening = () => Promise.reject(new Error('no browser'));
    assert.equal(await open(), 'no-page');
    await door.address();
    door.opening = () => Promise.resolve();
    const second = open();
    assert.equal((await fetch(backFrom(await door.address()))).status, 200);
    assert.equal(await second, 'returned');
  });
});
