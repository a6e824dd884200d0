import assert from 'node:assert/strict';
import { Failure } from '../../../src/core/failure.ts';
import { pastedRedirect, type AskForAddress } from '../../../src/flows/paste.ts';
import { rejectsWith } from '../../support/failures.ts';

const isAnswer = (parameters: URLSearchParams): boolean => parameters.getAll('state').join() === 'mine' && parameters.has('code');

/** A person who pastes texts until one passes, as the box of the editor lets them. */
const pasting = (...texts: readonly string[]): AskForAddress => (passes) => Promise.resolve(texts.find(passes));

const USUAL = { random: 0.5, takesCode: true };

const answerOf = async (...texts: readonly string[]): Promise<Record<string, string>> =>
  Object.fromEntries(await pastedRedirect(pasting(...texts), USUAL).answer(isAnswer, new AbortController().signal, 'mine'));

describe('A pasted address', () => {
  const right = { code: 'c+1', state: 'mine' };

  for (const [what, text] of Object.entries({
    'is taken whole': 'http://127.0.0.1:57344/callback?code=c%2B1&state=mine',
    'is taken without its scheme': '127.0.0.1:57344/callback?code=c%2B1&state=mine',
    'is taken from its question mark on': '?code=c%2B1&state=mine',
    'is taken without the question mark': 'code=c%2B1&state=mine',
    'is taken with a fragment, which is no part of the answer': 'http://127.0.0.1:57344/callback?code=c%2B1&state=mine#_=_',
    'is taken with white space and line ends around it': ' \t\r\nhttp://127.0.0.1:57344/callback?code=c%2B1&state=mine\n',
  })) {
    it(what, async () => {
      assert.deepEqual(await answerOf(text), right);
    });
  }

  it('is taken with everything that the server has added', async () => {
    const all = await answerOf('http://127.0.0.1:57344/callback?code=c&state=mine&iss=https%3A%2F%2Fid.example.com&session_state=x');
    assert.deepEqual(all, { code: 'c', state: 'mine', iss: 'https://id.example.com', session_state: 'x' });
  });

  it('of another sign-in, of nothing, or without an answer does not pass, and the right one after it does', async () => {
    const others = ['', ' ', 'code', 'http://127.0.0.1:57344/callback', '?code=c&state=other', '?code=c', '?code=c&state=mine&state=mine', 'http://127.0.0.1/callback#code=c&state=mine'];
    for (const text of others) {
      await rejectsWith(answerOf(text), 'cancelled', 'cancelled');
      assert.deepEqual(await answerOf(text, '?code=c%2B1&state=mine'), right, text);
    }
  });

  for (const [text, code] of [['4/0AX4XfWh-abc_DEF~123', '4/0AX4XfWh-abc_DEF~123'], ['4%2F0AX4XfWh-abc', '4/0AX4XfWh-abc'], [' abcdefgh+ijklmnop== ', 'abcdefgh+ijklmnop==']] as const) {
    it(`may be the code alone: ${text.trim()}`, async () => {
      assert.deepEqual(await answerOf(text), { code, state: 'mine' });
    });
  }

  it('is no code where it is short, is part of an address, or where the answer has to say which server it is from', async () => {
    const others = ['a-short-code', 'https://id.example.com/callback', '127.0.0.1:57344/callback', 'code=abcdefghijklmnop', 'two words that are long', 'abcdefghijklmnop&state=x', 'chrome-error://chromewebdata/', 'about:neterror#blocked'];
    for (const text of others) {
      await rejectsWith(answerOf(text), 'cancelled', 'cancelled');
    }
    const strict = pastedRedirect(pasting('4/0AX4XfWh-abc_DEF~123'), { random: 0.5, takesCode: false });
    await rejectsWith(strict.answer(isAnswer, new AbortController().signal, 'mine'), 'cancelled', 'cancelled');
  });

  it('that never comes is a sign-in given up', async () => {
    await rejectsWith(answerOf(), 'cancelled', 'cancelled');
  });

  it('is not asked for once the sign-in is called off', async () => {
    let asked = 0;
    const redirect = pastedRedirect(() => Promise.resolve(String((asked += 1))), USUAL);
    await rejectsWith(redirect.answer(isAnswer, AbortSignal.abort(new Failure('replaced', 'replaced')), 'mine'), 'replaced');
    assert.equal(asked, 0);
  });

  it('is of no use once the sign-in is called off, whatever the box gives', async () => {
    for (const text of ['?code=c&state=mine', undefined]) {
      const caller = new AbortController();
      const redirect = pastedRedirect((_, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(text))), USUAL);
      const answer = redirect.answer(isAnswer, caller.signal, 'mine');
      caller.abort(new Failure('sign-in-timeout', 'sign-in-deadline'));
      await rejectsWith(answer, 'sign-in-timeout', 'sign-in-deadline');
    }
  });

  it('is expected at a port that no service has by convention, on this computer', () => {
    const ports = [0, 0.5, 1 - 2 ** -53].map((random) => new URL(pastedRedirect(pasting(), { random, takesCode: true }).redirectUri));
    assert.deepEqual(ports.map(({ port }) => Number(port)), [49_152, 57_344, 65_535]);
    assert.ok(ports.every(({ protocol, hostname, pathname }) => `${protocol}//${hostname}${pathname}` === 'http://127.0.0.1/callback'));
  });
});
