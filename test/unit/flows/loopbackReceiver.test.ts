import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { SECOND } from '../../../src/core/clock.ts';
import { Failure } from '../../../src/core/failure.ts';
import { redirectUrisOf } from '../../../src/core/redirectUri.ts';
import { LoopbackReceiver, type LoopbackOptions } from '../../../src/flows/loopbackReceiver.ts';
import { PAGE_HEADERS, renderPage } from '../../../src/flows/page.ts';
import { providerAt } from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import { freePort } from '../../support/freePort.ts';
import { isRefused, send } from '../../support/httpRequests.ts';
import { ManualAsyncClock } from '../../support/manualAsyncClock.ts';
import { plainPages } from '../../support/signInPages.ts';

describe('The loopback redirect', () => {
  let clock: ManualAsyncClock;
  let redirect: LoopbackReceiver;
  let caller: AbortController;
  let answer: Promise<URLSearchParams>;

  beforeEach(async () => {
    clock = new ManualAsyncClock();
    caller = new AbortController();
    redirect = await LoopbackReceiver.open(clock, plainPages);
    answer = redirect.waitForCallback((parameters) => parameters.get('state') === 'mine', caller.signal);
    answer.catch(() => {});
  });

  afterEach(() => {
    redirect.dispose();
  });

  const at = (path: string): string => new URL(path, redirect.redirectUri).href;

  it('is a numeric loopback address with a free port', async () => {
    assert.match(redirect.redirectUri, /^http:\/\/127\.0\.0\.1:\d+\/callback$/);
    const second = await LoopbackReceiver.open(clock, plainPages);
    assert.notEqual(second.redirectUri, redirect.redirectUri);
    second.dispose();
  });

  it('keeps the browser waiting until the outcome is known, then redirects it to a URL without the code, and closes', async () => {
    const browser = send(at('/callback?code=secret-code&state=mine'));
    assert.equal((await answer).get('code'), 'secret-code');
    redirect.respond(plainPages.done);
    const { status, headers, html } = await browser;
    assert.deepEqual([status, headers['location'], html], [303, '/done', '']);
    const last = await send(at('/done'));
    assert.equal(last.status, 200);
    assert.match(last.html, /Signed in/);
    assert.doesNotMatch(last.html, /secret-code/);
    await clock.pass(5 * SECOND);
    await redirect.closed;
    assert.equal(await isRefused(redirect.redirectUri), true);
  });

  it("doesn't reveal an outcome before there is one", async () => {
    assert.equal((await send(at('/done'))).status, 404);
  });

  it('sends strict headers with every response', async () => {
    const browser = send(at('/callback?code=x&state=mine'));
    await answer;
    redirect.respond(plainPages.done);
    for (const { headers } of [await browser, await send(at('/done'))]) {
      for (const [name, value] of Object.entries(PAGE_HEADERS)) {
        assert.equal(headers[name.toLowerCase()], value);
      }
      assert.match(String(headers['content-security-policy']), /default-src 'none'/);
    }
  });

  const strays: readonly (readonly [string, string, number, string?, Record<string, string>?])[] = [
    ['a callback of another sign-in', '/callback?code=x&state=other', 400],
    ['a callback without a state', '/callback?code=x', 400],
    ['an error without a state', '/callback?error=access_denied', 400],
    ['another path', '/favicon.ico', 404],
    ['a path below', '/callback/x?code=x&state=mine', 404],
    ['a posted form', '/callback?code=x&state=mine', 400, 'POST'],
    ['a preflight', '/callback?code=x&state=mine', 400, 'OPTIONS'],
    [
      'a host name that resolves to this machine',
      '/callback?code=x&state=mine',
      400,
      'GET',
      { Host: 'evil.example.com' },
    ],
    ['the name "localhost"', '/callback?code=x&state=mine', 400, 'GET', { Host: 'localhost' }],
  ];
  for (const [what, path, status, method, headers] of strays) {
    it(`answers ${what} with ${status}, and keeps waiting`, async () => {
      assert.equal((await send(at(path), method, headers)).status, status);
      const browser = send(at('/callback?code=right&state=mine'));
      assert.equal((await answer).get('code'), 'right');
      redirect.respond(plainPages.done);
      assert.equal((await browser).status, 303);
    });
  }

  it('survives a query of 300 kB', async () => {
    // It may close the connection before it has read everything.
    assert.ok(
      [431, 0].includes(
        await send(at(`/callback?state=mine&code=${'x'.repeat(300_000)}`)).then(
          ({ status }) => status,
          () => 0,
        ),
      ),
    );
    const browser = send(at('/callback?code=right&state=mine'));
    await answer;
    redirect.respond(plainPages.done);
    await browser;
  });

  it("survives bytes that aren't HTTP", async () => {
    const { port } = new URL(redirect.redirectUri);
    await new Promise<void>((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.write('\x16\x03\x01\x02hello\r\n\r\n'));
      socket
        .once('close', () => resolve())
        .once('error', reject)
        .resume();
    });
    assert.equal((await send(at('/'))).status, 404);
  });

  it('accepts a callback once, and shows a page that says so the second time', async () => {
    const first = send(at('/callback?code=one&state=mine'));
    assert.equal((await answer).get('code'), 'one');
    const second = await send(at('/callback?code=two&state=mine'));
    assert.equal(second.status, 409);
    assert.match(second.html, /Received already/);
    redirect.respond(plainPages.done);
    assert.equal((await first).status, 303);
  });

  it("waits for the browser's last request for five seconds only", async () => {
    const browser = send(at('/callback?code=x&state=mine'));
    await answer;
    redirect.respond(plainPages.done);
    await browser;
    await clock.pass(5 * SECOND - 1);
    assert.equal(await isRefused(at('/elsewhere')), false);
    await clock.pass(1);
    assert.equal(await isRefused(redirect.redirectUri), true);
  });

  it('keeps the first outcome that is reported', async () => {
    const browser = send(at('/callback?code=x&state=mine'));
    await answer;
    redirect.respond(plainPages.done);
    redirect.respond(plainPages.failed(new Error('late')));
    await browser;
    assert.match((await send(at('/done'))).html, /Signed in/);
  });

  it('closes immediately when no browser has returned', async () => {
    redirect.respond(plainPages.failed(new Error('x')));
    assert.equal(await isRefused(redirect.redirectUri), true);
    assert.equal(clock.fired, 0);
  });

  it("rejects with the reason when it's canceled", async () => {
    caller.abort(new Failure('canceled', 'enough'));
    await rejectsWith(answer, 'canceled', 'enough');
  });

  it("doesn't wait when it was canceled before", async () => {
    caller.abort(new Failure('canceled', 'enough'));
    await rejectsWith(
      redirect.waitForCallback(() => true, caller.signal),
      'canceled',
      'enough',
    );
  });
});

describe('The loopback redirect on certain ports', () => {
  const clock = new ManualAsyncClock();
  const opened: LoopbackReceiver[] = [];
  const open = async (options: LoopbackOptions): Promise<LoopbackReceiver> => {
    const redirect = await LoopbackReceiver.open(clock, plainPages, options);
    opened.push(redirect);
    return redirect;
  };
  afterEach(() => {
    for (const redirect of opened.splice(0)) {
      redirect.dispose();
    }
  });

  it('uses the first, and the next when one is in use', async () => {
    const ports = [await freePort(), await freePort()];
    const addresses = [await open({ ports }), await open({ ports })].map(({ redirectUri }) => redirectUri);
    assert.deepEqual(addresses, redirectUrisOf(providerAt('https://id.example.com', { redirectPorts: ports })));
  });

  it('fails when all are in use, and with another code when any port can be used', async () => {
    const ports = [await freePort()];
    await open({ ports });
    await rejectsWith(open({ ports }), 'no-loopback', 'ports-in-use');
    await rejectsWith(open({ toExternalUrl: () => Promise.reject(new Error('no')) }), 'no-loopback', 'no-loopback');
  });

  it('can be opened again once it is closed', async () => {
    const ports = [await freePort()];
    (await open({ ports })).dispose();
    assert.equal(new URL((await open({ ports })).redirectUri).port, String(ports[0]));
  });

  it('is given to the browser as the URL that VS Code forwards here', async () => {
    const redirect = await open({ toExternalUrl: () => Promise.resolve('http://127.0.0.1:5/callback') });
    assert.equal(redirect.redirectUri, 'http://127.0.0.1:5/callback');
  });

  it("is not opened when that URL belongs to another machine or isn't registered", async () => {
    for (const address of [
      'https://tunnel.example.com/callback',
      'http://127.0.0.1:5/proxy/6/callback',
      'http://10.0.0.1:5/callback',
      'no address',
    ]) {
      await rejectsWith(open({ toExternalUrl: () => Promise.resolve(address) }), 'no-loopback', 'no-loopback');
    }
    const ports = [await freePort()];
    await rejectsWith(
      open({ ports, toExternalUrl: () => Promise.resolve('http://127.0.0.1:5/callback') }),
      'no-loopback',
      'ports-in-use',
    );
  });

  it('leaves out the port of the URI to register when the entry has none', () => {
    assert.deepEqual(redirectUrisOf(providerAt('https://id.example.com')), ['http://127.0.0.1/callback']);
  });
});

describe('A page', () => {
  it('escapes hostile text', () => {
    const hostile = '<script>alert("1")</script> & \'x\' {{body}}';
    const html = renderPage(plainPages.template, {
      language: 'en"><b>',
      heading: hostile,
      body: hostile,
      status: 'error',
    });
    assert.doesNotMatch(html, /<script|<b>/);
    assert.ok(html.includes('&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62; &#38; &#39;x&#39; {{body}}'));
  });

  it('has no placeholders and no external resources', () => {
    const html = renderPage(plainPages.template, plainPages.done);
    assert.doesNotMatch(html, /{{|<script|src=|href=|url\(|@import/);
    assert.match(html, /<html lang="en">/);
  });
});
