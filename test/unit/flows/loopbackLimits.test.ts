// What other programs on the machine can do at the port of a sign-in.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { SECOND } from '../../../src/core/clock.ts';
import { LoopbackReceiver } from '../../../src/flows/loopbackReceiver.ts';
import { isRefused, send } from '../../support/httpRequests.ts';
import { ManualAsyncClock } from '../../support/manualAsyncClock.ts';
import { plainPages } from '../../support/signInPages.ts';

describe('The port of a sign-in', () => {
  let clock: ManualAsyncClock;
  let receiver: LoopbackReceiver;
  let answer: Promise<URLSearchParams>;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    clock = new ManualAsyncClock();
    receiver = await LoopbackReceiver.open(clock, plainPages);
    answer = receiver.waitForCallback((parameters) => parameters.get('state') === 'mine', new AbortController().signal);
    answer.catch(() => {});
  });

  afterEach(() => {
    sockets.splice(0).forEach((socket) => socket.destroy());
    receiver.dispose();
  });

  const at = (path: string): string => new URL(path, receiver.redirectUri).href;
  const open = async (count: number, first = ''): Promise<Socket[]> => {
    const opened = Array.from({ length: count }, () => {
      const socket = connect(receiver.port, '127.0.0.1');
      socket.on('error', () => {});
      sockets.push(socket);
      return socket;
    });
    await Promise.all(opened.map((socket) => once(socket, 'connect')));
    opened.forEach((socket) => socket.write(first));
    return opened;
  };

  for (const [what, first] of [
    ['nothing', ''],
    ['half a request', 'GET / HTTP/1.1\r\nHost: x\r\n'],
  ] as const) {
    it(`keeps 64 connections that have sent ${what}, and still accepts the browser`, async () => {
      const browser = send(at('/callback?code=x&state=mine'));
      await answer;
      const opened = await open(300, first);
      await Promise.all(
        opened.slice(0, 230).map(async (socket) => (socket.closed ? undefined : once(socket, 'close'))),
      );
      assert.ok(opened.filter(({ closed }) => !closed).length <= 70);
      assert.equal((await send(at('/favicon.ico'))).status, 404);
      receiver.respond(plainPages.done);
      assert.equal((await browser).status, 303, "the pending request isn't closed");
    });
  }

  it('closes a connection without a request after a few seconds', async () => {
    const startedAt = performance.now();
    const [silent] = await open(1);
    assert.ok(silent !== undefined);
    silent.resume();
    await once(silent, 'close');
    assert.ok(performance.now() - startedAt < 9 * SECOND);
  });

  it('stays open for the browser when another program requests the final page first', async () => {
    const thrownAway = connect(receiver.port, '127.0.0.1');
    sockets.push(thrownAway);
    thrownAway.write(
      `GET /callback?code=x&state=mine HTTP/1.1\r\nHost: 127.0.0.1:${receiver.port}\r\nSec-Purpose: prefetch\r\n\r\n`,
    );
    await answer;
    thrownAway.destroy();
    await new Promise((resolve) => void setTimeout(resolve, 50));
    receiver.respond(plainPages.done);
    for (let times = 0; times < 3; times += 1) {
      assert.equal((await send(at('/done'))).status, 200);
      await clock.pass(6 * SECOND);
    }
    assert.equal((await send(at('/callback?code=x&state=mine'))).status, 303);
    assert.match((await send(at('/done'))).html, /Signed in/);
    await clock.pass(5 * SECOND);
    assert.equal(await isRefused(at('/done')), true);
  });
});
