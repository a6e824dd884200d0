// URIs that any program can have the editor open.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { silentLog } from '../../src/core/log.ts';
import { UriCallbackRouter } from '../../src/flows/uriCallbackRouter.ts';
import { nodeCipher } from '../../src/node/cipher.ts';
import { FakeFolder } from '../support/fakeStore.ts';
import { ManualAsyncClock } from '../support/manualAsyncClock.ts';
import { hostileText, mutatedText } from './inputs.ts';
import { target } from './target.ts';

const CALLBACK_URI = 'vscode://session-keeper.session-keeper/callback';
const STATE = 'state-0123456789';

/** No URI except the callback with the right state ends a sign-in, and none throws. */
export const editorUris = target(
  'editor URIs',
  fc.tuple(
    fc.oneof(mutatedText(`${CALLBACK_URI}?code=c%2B1&state=${STATE}&session_state=a.b`), hostileText),
    fc.boolean(),
  ),
  async ([uri, isDecoded]) => {
    const router = new UriCallbackRouter({
      clock: new ManualAsyncClock(),
      log: silentLog,
      folder: new FakeFolder(),
      cipher: nodeCipher,
    });
    const caller = new AbortController();
    let received: URLSearchParams | undefined;
    const waiting = router
      .createReceiver(CALLBACK_URI)
      .waitForCallback((parameters) => parameters.get('state') === STATE, caller.signal, STATE)
      .then((parameters) => (received = parameters))
      .catch(() => undefined);
    await router.handleCallback(uri, isDecoded);
    caller.abort();
    await waiting;
    assert.ok(received === undefined || uri.includes(STATE), uri);
  },
);
