// Text that a user pastes as the URL of the final page.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createPasteReceiver } from '../../src/flows/pasteFlow.ts';
import { hostileText, mutatedText } from './inputs.ts';
import { target } from './target.ts';

const URL_WITH_CODE = 'See http://127.0.0.1:57344/callback?code=c%2B1&amp;state=mine&iss=https%3A%2F%2Fid.example.com.';

/** Only a URL of this sign-in is accepted. */
export const pastedText = target(
  'pasted text',
  fc.oneof(
    mutatedText(URL_WITH_CODE),
    fc.array(hostileText, { maxLength: 5 }).map((parts) => parts.join('\n')),
  ),
  async (text) => {
    const receiver = createPasteReceiver((passes) => Promise.resolve(passes(text) ? text : undefined), {
      random: 0.5,
      takesCode: false,
    });
    const isAnswer = (parameters: URLSearchParams): boolean => parameters.getAll('state').join() === 'mine';
    const accepted = await receiver
      .waitForCallback(isAnswer, new AbortController().signal, 'mine')
      .catch(() => undefined);
    assert.ok(accepted === undefined || accepted.get('state') === 'mine');
  },
);
