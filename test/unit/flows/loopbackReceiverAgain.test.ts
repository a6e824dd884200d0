// The loopback redirect where an entry names the redirect URI, and where a browser asks more than once.
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

  it('is on no port of "localhost" that another program has on either address', async () => {
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
    it(`is sent as it is registered, and found where the browser asks: ${registered}`, async () => {
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

  it('keeps its own host and path where VS Code brings another port here', async () => {
    const redirect = await open({
      redirectUri: 'http://127.0.0.1/a%20b',
      toExternalUrl: () => Promise.resolve('http://localhost:5/a b'),
    });
    assert.equal(redirect.redirectUri, 'http://127.0.0.1:5/a%20b');
  });
});

describe('The loopback redirect that is asked more than once', () => {
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

  it('takes the headers of a browser with 100 kB of cookies, for the answer and for an icon', async () => {
    const headers = { Cookie: Array.from({ length: 100 }, (_, index) => `c${index}=${'x'.repeat(1000)}`).join('; ') };
    assert.equal((await send(at('/favicon.ico'), 'GET', headers)).status, 404);
    const browser = send(at(CODE), 'GET', headers);
    await answer;
    redirect.respond(plainPages.done);
    assert.equal((await browser).status, 303);
  });

  it('shows the last page again to a reload of it, and of the address with the code', async () => {
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

  it('tells every request of the same answer how it ended', async () => {
    const all = [send(at(CODE)), send(at(CODE))];
    await answer;
    const third = send(at(CODE));
    // It has to have arrived.
    await new Promise((resolve) => void setTimeout(resolve, 50));
    redirect.respond(plainPages.failed(new Failure('denied', 'access_denied')));
    assert.deepEqual(
      (await Promise.all([...all, third])).map(({ status }) => status),
      [303, 303, 303],
    );
    assert.match((await send(at('/done'))).html, /access_denied/);
  });

  it('keeps the outcome for a person whose browser has thrown a prefetch away', async () => {
    await thrownAway();
    redirect.respond(plainPages.done);
    await clock.pass(20 * SECOND);
    const { headers, status } = await send(at(CODE));
    assert.deepEqual([status, headers['location']], [303, '/done']);
    assert.match((await send(at('/done'))).html, /Signed in/);
    await clock.pass(5 * SECOND);
    assert.equal(await isRefused(at('/done')), true);
  });

  it('holds a person who comes while the code of a prefetch is being redeemed', async () => {
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
    it(`does not take a prefetch that has got the outcome for the person (${name})`, async () => {
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

  it('is closed after half a minute where nobody comes for the outcome', async () => {
    await thrownAway();
    redirect.respond(plainPages.done);
    await clock.pass(30 * SECOND);
    assert.equal(await isRefused(at('/done')), true);
  });

  it('answers HEAD without a body, takes no code from it, and waits on', async () => {
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
  it('goes on without an address that this machine does not have, and fails where it has none of them', async () => {
    const listener = await listenOn(['2001:db8::1', '127.0.0.1', '2001:db8::2'], 0);
    assert.ok(listener.port > 0);
    listener.close();
    await listener.closed;
    await assert.rejects(listenOn(['2001:db8::1'], 0), { code: 'EADDRNOTAVAIL' });
  });

  it('proposes a port that is free, those that are preferred first', async () => {
    const free = await freePort();
    assert.equal(await freePortFor([free], () => 0.5), free);
    const taken = await listenOn(['::1'], 0);
    const proposed = await freePortFor([taken.port], Math.random);
    assert.notEqual(proposed, taken.port);
    taken.close();
  });
});
