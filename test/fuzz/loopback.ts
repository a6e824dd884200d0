// What any program on this computer, and any web page, can send to the port that waits for the browser.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import fc from 'fast-check';
import { systemClock } from '../../src/core/clock.ts';
import { LoopbackReceiver } from '../../src/flows/loopbackReceiver.ts';
import { plainPages } from '../support/signInPages.ts';
import { hostileText, mutatedText } from './inputs.ts';
import { target } from './target.ts';

const STATE = 'state-0123456789';
const REQUEST = [
  `GET /callback?code=c%2B1&state=another&iss=https%3A%2F%2Fid.example.com HTTP/1.1`,
  'Host: 127.0.0.1',
  'Accept: text/html',
  'Connection: close',
  '',
  '',
].join('\r\n');

/** Sends text to a port, and waits until either side closes the connection. */
function send(port: number, text: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.end(text));
    socket.on('error', () => {});
    socket.once('close', () => resolve());
    socket.resume();
  });
}

/** No request except the callback with the right state ends a sign-in, and the port still accepts it afterwards. */
export const loopback = target(
  'requests to the loopback port',
  fc.array(fc.oneof(mutatedText(REQUEST), hostileText), { minLength: 1, maxLength: 5 }),
  async (requests) => {
    const receiver = await LoopbackReceiver.open(systemClock, plainPages);
    try {
      const port = Number(new URL(receiver.redirectUri).port);
      let isAnswered = false;
      const answer = receiver
        .waitForCallback((parameters) => parameters.get('state') === STATE, new AbortController().signal)
        .then((parameters) => {
          isAnswered = true;
          return parameters;
        });
      await Promise.all(requests.map((request) => send(port, request)));
      assert.equal(isAnswered, false);
      const browser = fetch(`${receiver.redirectUri}?code=mine&state=${STATE}`, { redirect: 'manual' });
      assert.equal((await answer).get('code'), 'mine');
      receiver.respond(plainPages.done);
      await (await browser).text();
    } finally {
      receiver.dispose();
    }
  },
);
