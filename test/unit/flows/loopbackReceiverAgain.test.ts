// The loopback redirect when an entry has a redirect URI, and when a browser sends several requests.
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { SECOND } from '../../../src/core/clock.ts';
import { Failure } from '../../../src/core/failure.ts';
import { freePortFor, listenOn } from '../../../src/flows/listener.ts';
import { LoopbackReceiver, type LoopbackOptions } from '../../../src/flows/loopbackReceiver.ts';
import { rejectsWith } from '../../support/failures.ts';
import { freePort } from '../../support/freePort.ts';
import { isRefused, send } from '../../support/httpRequests.ts';
import { ManualAsyncClock } from '../../support/manualAsyncClock.ts';
import { plainPages } from '../../support/signInPages.ts';

describe('The loopback redirect of an entry', () => {
  const opened: LoopbackReceiver[] = [];
  const clock = new ManualAsyncClock();
  const open = async (options: LoopbackOptions): Promise<LoopbackReceiver> => {
    const redirect = await LoopbackReceiver.open(clock, plainPages, options);
    opened.push(redirect);
    return redirect;
  };
  const answers = (redirect: LoopbackReceiver): Promise<URLSearchParams> =>
    redirect.waitForCallback((parameters) => parameters.get('state') === 'mine', new AbortController().signal);
  afterEach(() => {
    for (const redirect of opened.splice(0)) {
      redirect.dispose();
    }
  });

  it('is on both loopback addresses for "localhost", with one port', async () => {
    const redirect = await open({ redirectUri: 'http://LocalHost/auth' });
    assert.match(redirect.redirectUri, /^http:\/\/LocalHost:\d+\/auth$/);
    const { port } = new URL(redirect.redirectUri);
    for (const host of ['127.0.0.1', '[::1]']) {
      for (const name of ['localhost', 'LOCALHOST']) {
        assert.equal(
          (await send(`http://${host}:${port}/auth`, 'GET', { Host: `${name}:${port}` })).status,
          400,
          'a stray answer',
        );
      }
      assert.equal(
        (await send(`http://${host}:${port}/auth`, 'GET', { Host: `127.0.0.1:${port}` })).html.includes('Nothing here'),
        true,
        'another host',
      );
    }
    const answer = answers(redirect);
    const browser = send(`http://[::1]:${port}/auth?state=mine&code=a+b`, 'GET', { Host: `localhost:${port}` });
    assert.equal((await answer).get('code'), 'a+b');
    redirect.respond(plainPages.done);
    assert.equal((await browser).status, 303);
    assert.match((await send(`http://127.0.0.1:${port}/done`, 'GET', { Host: `localhost:${port}` })).html, /Signed in/);
  });

  it('uses no port of "localhost" that another program uses on either address', async () => {
    const port = await freePort();
    const other = await open({ redirectUri: 'http://[::1]/x', ports: [port] });
    assert.equal(other.redirectUri, `http://[::1]:${port}/x`);
    await rejectsWith(open({ redirectUri: `http://localhost:${port}`, ports: [port] }), 'no-loopback', 'ports-in-use');
  });

  for (const [registered, asked] of [
    ['http://localhost', '/'],
    ['http://127.0.0.1/', '/'],
    ['http://[::1]/a/../b/', '/b/'],
    ['http://127.0.0.1/done', '/done'],
    ['http://127.0.0.1/a%20b', '/a%20b'],
  ] as const) {
    it(`is sent as registered, and matches the browser's request: ${registered}`, async () => {
      const redirect = await open({ redirectUri: registered });
      const { host, port } = new URL(redirect.redirectUri);
      assert.equal(redirect.redirectUri, registered.replace(/^(http:\/\/[^/]+)/, `$1:${port}`));
      const answer = answers(redirect);
      const browser = send(`http://${host}${asked}?code=x&state=mine`);
      assert.equal((await answer).get('code'), 'x');
      redirect.respond(plainPages.done);
      const { headers, status } = await browser;
      assert.equal(status, 303);
      assert.notEqual(headers['location'], asked);
      assert.match((await send(`http://${host}${String(headers['location'])}`)).html, /Signed in/);
    });
  }

  it('keeps its own host and path when VS Code forwards another port here', async () => {
    const redirect = await open({
      redirectUri: 'http://127.0.0.1/a%20b',
      toExternalUrl: () => Promise.resolve('http://localhost:5/a b'),
    });
    assert.equal(redirect.redirectUri, 'http://127.0.0.1:5/a%20b');
  });
});

describe('The loopback redirect with several requests', () => {
  let clock: ManualAsyncClock;
  let redirect: LoopbackReceiver;
  let answer: Promise<URLSearchParams>;
  const at = (path: string): string => new URL(path, redirect.redirectUri).href;
  const CODE = '/callback?code=x&state=mine';

  beforeEach(async () => {
    clock = new ManualAsyncClock();
    redirect = await LoopbackReceiver.open(clock, plainPages);
    answer = redirect.waitForCallback((parameters) => parameters.get('state') === 'mine', new AbortController().signal);
  });
  afterEach(() => redirect.dispose());

  /** A request whose connection is closed before there is a response. */
  const thrownAway = async (headers: Record<string, string> = {}): Promise<void> => {
    const request = httpRequest(at(CODE), { headers, agent: false });
    const closed = new Promise<void>((resolve) => void request.once('close', resolve).once('error', () => {}));
    request.end();
    await answer;
    request.destroy();
    await closed;
    await clock.pass(0);
  };

  it('accepts 100 kB of cookies, for the callback and for an icon', async () => {
    const headers = { Cookie: Array.from({ length: 100 }, (_, index) => `c${index}=${'x'.repeat(1000)}`).join('; ') };
    assert.equal((await send(at('/favicon.ico'), 'GET', headers)).status, 404);
    const browser = send(at(CODE), 'GET', headers);
    await answer;
    redirect.respond(plainPages.done);
    assert.equal((await browser).status, 303);
  });

  it('shows the final page again when it, or the URL with the code, is reloaded', async () => {
    const browser = send(at(CODE));
    await answer;
    redirect.respond(plainPages.done);
    await browser;
    for (let again = 0; again < 3; again += 1) {
      assert.match((await send(at('/done'))).html, /Signed in/);
      const { headers, status } = await send(at(CODE));
      assert.deepEqual([status, headers['location']], [303, '/done']);
    }
    const other = await send(at('/callback?code=x&state=other'));
    assert.deepEqual([other.status, other.html.includes('Not this sign-in')], [400, true]);
    await clock.pass(5 * SECOND);
    assert.equal(await isRefused(at('/done')), true);
  });

  it('shows the outcome to every request of the same callback', async () => {
    const all = [send(at(CODE)), send(at(CODE))];
    await answer;
    const third = send(at(CODE));
    // The request must have arrived.
    await new Promise((resolve) => void setTimeout(resolve, 50));
    redirect.respond(plainPages.failed(new Failure('denied', 'access_denied')));
    assert.deepEqual(
      (await Promise.all([...all, third])).map(({ status }) => status),
      [303, 303, 303],
    );
    assert.match((await send(at('/done'))).html, /access_denied/);
  });

  it('keeps the outcome when the browser discarded a prefetch', async () => {
    await thrownAway();
    redirect.respond(plainPages.done);
    await clock.pass(20 * SECOND);
    const { headers, status } = await send(at(CODE));
    assert.deepEqual([status, headers['location']], [303, '/done']);
    assert.match((await send(at('/done'))).html, /Signed in/);
    await clock.pass(5 * SECOND);
    assert.equal(await isRefused(at('/done')), true);
  });

  it('keeps the browser waiting while the code of a prefetch is being redeemed', async () => {
    await thrownAway({ 'Sec-Purpose': 'prefetch' });
    const person = send(at('/callback?code=another&state=mine'));
    await new Promise((resolve) => void setTimeout(resolve, 50));
    redirect.respond(plainPages.done);
    assert.equal((await person).status, 303);
    assert.equal((await answer).get('code'), 'x');
  });

  for (const [name, value] of [
    ['Sec-Purpose', 'prefetch;prerender'],
    ['Purpose', 'prefetch'],
    ['X-Moz', 'prefetch'],
  ] as const) {
    it(`doesn't treat a prefetch with the outcome as the user's request (${name})`, async () => {
      const prefetch = send(at(CODE), 'GET', { [name]: value });
      await answer;
      redirect.respond(plainPages.done);
      await prefetch;
      await send(at('/done'), 'GET', { [name]: value });
      await clock.pass(20 * SECOND);
      assert.match((await send(at('/done'))).html, /Signed in/);
      await clock.pass(5 * SECOND);
      assert.equal(await isRefused(at('/done')), true);
    });
  }

  it('closes after half a minute when no browser requests the outcome', async () => {
    await thrownAway();
    redirect.respond(plainPages.done);
    await clock.pass(30 * SECOND);
    assert.equal(await isRefused(at('/done')), true);
  });

  it('answers HEAD without a body, accepts no code from it, and keeps waiting', async () => {
    assert.deepEqual([(await send(at(CODE), 'HEAD')).status, (await send(at(CODE), 'HEAD')).html], [200, '']);
    assert.equal((await send(at('/favicon.ico'), 'HEAD')).status, 404);
    const browser = send(at('/callback?code=right&state=mine'));
    assert.equal((await answer).get('code'), 'right');
    redirect.respond(plainPages.done);
    assert.equal((await browser).status, 303);
    assert.deepEqual([(await send(at(CODE), 'HEAD')).status, (await send(at('/done'), 'HEAD')).html], [303, '']);
  });
});

describe('A listener', () => {
  it("ignores an address that this machine doesn't have, and fails when it has none of them", async () => {
    const listener = await listenOn(['2001:db8::1', '127.0.0.1', '2001:db8::2'], 0);
    assert.ok(listener.port > 0);
    listener.close();
    await listener.closed;
    await assert.rejects(listenOn(['2001:db8::1'], 0), { code: 'EADDRNOTAVAIL' });
  });

  it('proposes a free port, preferred ones first', async () => {
    const free = await freePort();
    assert.equal(await freePortFor([free], () => 0.5), free);
    const taken = await listenOn(['::1'], 0);
    const proposed = await freePortFor([taken.port], Math.random);
    assert.notEqual(proposed, taken.port);
    taken.close();
  });
});
