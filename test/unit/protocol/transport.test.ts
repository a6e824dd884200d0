import assert from 'node:assert/strict';
import { HOUR, MINUTE, SECOND, type Clock } from '../../../src/core/clock.ts';
import { Failure } from '../../../src/core/failure.ts';
import { createFetch, type ServerResponse, type Fetch, type Transport } from '../../../src/protocol/transport.ts';
import { transportWith } from '../../support/fixtures.ts';
import { rejectsWith } from '../../support/failures.ts';
import { settle } from '../../support/fakeClock.ts';
import { ManualAsyncClock } from '../../support/manualAsyncClock.ts';
import { ScriptedServer } from '../../support/scriptedServer.ts';

const GET = { method: 'GET', headers: {} };

describe('createFetch', () => {
  let server: ScriptedServer;
  let clock: ManualAsyncClock;

  beforeEach(async () => {
    server = await ScriptedServer.start();
    clock = new ManualAsyncClock();
    server.date = () => clock.now();
  });

  afterEach(async () => {
    await server.stop();
  });

  const get = (
    path: string,
    signal?: AbortSignal,
    onAnswer?: (answer: ServerResponse) => Response,
  ): Promise<Response> => createFetch(transportWith(clock), signal, onAnswer)(server.issuer + path, GET);
  const failing = (error: Error): Fetch => createFetch({ ...transportWith(clock), fetch: () => Promise.reject(error) });

  it('leaves no timer behind', async () => {
    await get('/jwks');
    await clock.pass(60 * SECOND);
    assert.equal(clock.fired, 0);
  });

  it('aborts a request without a response in time', async () => {
    server.on('/slow', 'hang');
    const answer = rejectsWith(get('/slow'), 'network', 'deadline');
    await server.waitFor('/slow');
    await clock.pass(30 * SECOND);
    await answer;
  });

  it("aborts it when the uptime isn't known, too", async () => {
    const plain: Clock = { now: () => clock.now(), after: (delay, run) => clock.after(delay, run) };
    server.on('/slow', 'hang');
    const answer = rejectsWith(createFetch(transportWith(plain))(`${server.issuer}/slow`, GET), 'network', 'deadline');
    await server.waitFor('/slow');
    await clock.pass(30 * SECOND);
    await answer;
  });

  const MIDWAY: readonly (readonly [string, (clock: ManualAsyncClock) => void, number])[] = [
    ['the machine slept for two hours', (one) => one.sleep(2 * HOUR), 2 * HOUR],
    ['the machine slept for a minute', (one) => one.sleep(MINUTE), MINUTE],
    // It may have been sleep, so the token counts as older than it is.
    ['the clock was set forward by a day', (one) => one.set(24 * HOUR), 24 * HOUR],
    ['the clock was set back by an hour', (one) => one.set(-HOUR), 0],
    [
      'the machine slept for a minute and the clock was set back by an hour',
      (one) => {
        one.sleep(MINUTE);
        one.set(-HOUR);
      },
      MINUTE,
    ],
  ];
  for (const [what, happen, age] of MIDWAY) {
    it(`counts a token's age from the time of sending or earlier when ${what} before the response arrived`, async () => {
      let seen: ServerResponse | undefined;
      server.on('/clock', () => {
        happen(clock);
        return { body: {} };
      });
      await get('/clock', undefined, (answer) => {
        seen = answer;
        return answer.response;
      });
      assert.equal(clock.now() - (seen?.sentAt ?? NaN), age);
      assert.ok(Math.abs(seen?.skew ?? NaN) <= SECOND, String(seen?.skew));
    });
  }

  it('aborts when a body arrives slowly byte by byte', async () => {
    let isCancelled = false;
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        const drip = (): void => {
          if (!isCancelled) {
            controller.enqueue(new Uint8Array([32]));
            clock.after(SECOND, drip);
          }
        };
        drip();
      },
      cancel() {
        isCancelled = true;
      },
    });
    const transport: Transport = {
      ...transportWith(clock),
      fetch: (_url, init) =>
        Promise.resolve(
          new Response(stream.pipeThrough(new TransformStream(), init?.signal ? { signal: init.signal } : {})),
        ),
    };
    const initialRecord = clock.now();
    const time = rejectsWith(createFetch(transport)(`${server.issuer}/drip`, GET), 'network', 'deadline').then(
      () => clock.now() - initialRecord,
    );
    await clock.pass(40 * SECOND);
    assert.equal(await time, 30 * SECOND);
    assert.ok(isCancelled);
  });

  it('aborts when a body stops halfway', async () => {
    server.on('/half', 'drip');
    const answer = rejectsWith(get('/half'), 'network', 'deadline');
    await server.waitFor('/half');
    await settle();
    await clock.pass(30 * SECOND);
    await answer;
  });

  it('aborts when the signal is aborted, with its reason', async () => {
    server.on('/slow', 'hang');
    const caller = new AbortController();
    const answer = rejectsWith(get('/slow', caller.signal), 'canceled', 'enough');
    await server.waitFor('/slow');
    caller.abort(new Failure('canceled', 'enough'));
    await answer;
  });

  it('reads up to a megabyte', async () => {
    server.on('/large', { body: 'x'.repeat(2 ** 20) });
    assert.equal((await (await get('/large')).text()).length, 2 ** 20);
    server.on('/larger', { body: 'x'.repeat(2 ** 20 + 1) });
    await rejectsWith(get('/larger'), 'invalid-response', 'too-large');
  });

  it("doesn't follow redirects", async () => {
    server.on('/from', { status: 302, headers: { Location: `${server.issuer}/to` } });
    assert.equal((await get('/from')).status, 302);
    assert.equal(server.requestsTo('/to').length, 0);
  });

  for (const status of [204, 205, 304]) {
    it(`accepts a response with status ${status}, which has no body`, async () => {
      server.on('/empty', { status });
      assert.equal((await get('/empty')).status, status);
    });
  }

  it('sends nothing to another machine without TLS', async () => {
    let wasSent = false;
    const transport = {
      ...transportWith(clock),
      fetch: () => {
        wasSent = true;
        return Promise.resolve(new Response());
      },
    };
    await rejectsWith(createFetch(transport)('http://id.example.com/token', GET), 'insecure', 'http-endpoint');
    assert.equal(wasSent, false);
  });

  it('reports why the network failed', async () => {
    const cause = Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' });
    await rejectsWith(failing(new TypeError('fetch failed', { cause }))(server.issuer, GET), 'network', 'ENOTFOUND');
    await rejectsWith(failing(new TypeError('fetch failed'))(server.issuer, GET), 'network', 'fetch-failed');
    server.on('/drop', 'drop');
    await rejectsWith(get('/drop'), 'network');
  });

  it("measures how far the server's clock is ahead, and counts from the time of sending", async () => {
    const seen: ServerResponse[] = [];
    const look = (answer: ServerResponse): Response => {
      seen.push(answer);
      return answer.response;
    };
    const sentAt = clock.now();
    for (const ahead of [0, 600 * SECOND, -600 * SECOND]) {
      server.date = () => clock.now() + ahead;
      await get('/jwks', undefined, look);
      assert.ok(Math.abs((seen.at(-1)?.skew ?? NaN) - ahead) <= SECOND);
    }
    server.date = undefined;
    await get('/jwks', undefined, look);
    assert.equal(seen.at(-1)?.skew, undefined);
    assert.ok(seen.every((answer) => answer.sentAt === sentAt));
  });
});
