import assert from 'node:assert/strict';
import { Failure } from '../../../src/core/failure.ts';
import { createPasteReceiver, type AskForAddress, type PasteOptions } from '../../../src/flows/pasteFlow.ts';
import { rejectsWith } from '../../support/failures.ts';

const isAnswer = (parameters: URLSearchParams): boolean =>
  parameters.getAll('state').join() === 'mine' && parameters.has('code');

/** A person who pastes texts until one passes, as the box of the editor lets them. */
const pasting =
  (...texts: readonly string[]): AskForAddress =>
  (passes) =>
    Promise.resolve(texts.find(passes));

const USUAL = { random: 0.5, takesCode: true };

const showStep = async (...texts: readonly string[]): Promise<Record<string, string>> =>
  Object.fromEntries(
    await createPasteReceiver(pasting(...texts), USUAL).waitForCallback(isAnswer, new AbortController().signal, 'mine'),
  );

describe('A pasted address', () => {
  const right = { code: 'c+1', state: 'mine' };

  for (const [what, text] of Object.entries({
    'is taken whole': 'http://127.0.0.1:57344/callback?code=c%2B1&state=mine',
    'is taken without its scheme': '127.0.0.1:57344/callback?code=c%2B1&state=mine',
    'is taken from its question mark on': '?code=c%2B1&state=mine',
    'is taken without the question mark': 'code=c%2B1&state=mine',
    'is taken with a fragment, which is no part of the answer':
      'http://127.0.0.1:57344/callback?code=c%2B1&state=mine#_=_',
    'is taken with white space and line ends around it':
      ' \t\r\nhttp://127.0.0.1:57344/callback?code=c%2B1&state=mine\n',
  })) {
    it(what, async () => {
      assert.deepEqual(await showStep(text), right);
    });
  }

  const url = 'http://127.0.0.1:57344/callback?code=c+1&state=mine';
  for (const [what, text] of Object.entries({
    'in straight quotes': `"${url}"`,
    'in single quotes': `'${url}'`,
    'in curly quotes': `\u201C${url}\u201D`,
    'in German quotes': `\u201E${url}\u201C`,
    'in guillemets': `\u00AB${url}\u00BB`,
    'in backticks': `\`\`${url}\`\``,
    'in angle brackets': `<${url}>`,
    'in escaped angle brackets': `&lt;${url.replace('&', '&amp;')}&gt;`,
    'in round brackets': `(see ${url})`,
    'as a Markdown link': `[the page](${url})`,
    'as a Markdown link that names itself': `[${url}](${url})`,
    'in bold Markdown': `**${url}**`,
    'as an HTML link': `<a href="${url.replace('&', '&amp;')}">page</a>`,
    'with "&" escaped': url.replace('&', '&amp;'),
    'with "&" escaped twice': url.replace('&', '&amp;amp;'),
    'with "&" escaped by number': url.replace('&', '&#38;'),
    'with the period of a sentence': `Here is the link: ${url}.`,
    'with words before and after it': `Please open ${url} and tell me`,
    'with a question before it': `Is this it? ${url}`,
    'with a blank line and a greeting after it': `${url}\n\nThanks`,
    'with zero-width characters': `\uFEFF${url.replace('callback', 'call\u200Bback')}\u200B`,
    'wrapped over lines': url.replace('callback', 'call\r\nback').replace('&st', '&s\nt'),
    'wrapped and indented': url.replace('code', 'co\n      de').replace('mine', 'mi\n\tne'),
    'wrapped, as a box without lines takes it': url.replace('code', 'co      de'),
    'wrapped at a space': url.replace('c+1', 'c +1'),
    'wrapped in a quoted mail': `> ${url.replace('&', '\n> &')}`,
    'on a redirect URI of another host': url.replace('127.0.0.1', 'localhost').replace('/callback', ''),
    'as a link to the editor': url.replace('http://127.0.0.1:57344', 'vscode://publisher.name'),
  })) {
    it(`is taken ${what}`, async () => {
      assert.deepEqual(await showStep(text), { code: 'c+1', state: 'mine' });
    });
  }

  it('keeps a "+" in the code, and reads other parameters as they are encoded', async () => {
    assert.deepEqual(await showStep('?state=mine&code=a+b%2Bc%20d&error_description=x+y'), {
      state: 'mine',
      code: 'a+b+c d',
      error_description: 'x y',
    });
  });

  it('keeps characters at the end of a code that are no punctuation', async () => {
    assert.equal((await showStep('http://localhost/?state=mine&code=M.C5_a!b*$=='))['code'], 'M.C5_a!b*$==');
  });

  it('is taken with an unencoded "iss"', async () => {
    assert.deepEqual(await showStep('http://127.0.0.1:1/callback?code=c&iss=https://id.example.com/a&state=mine'), {
      code: 'c',
      iss: 'https://id.example.com/a',
      state: 'mine',
    });
  });

  for (const text of [
    '"4/0AX4XfWh-abc_DEF~123"',
    '`4/0AX4XfWh-abc_DEF~123`',
    '<4/0AX4XfWh-abc_DEF~123>',
    '4/0AX4XfWh-\n   abc_DEF~123',
    '\u200B4/0AX4XfWh-abc_DEF~123.',
  ]) {
    it(`may be the code alone, cleaned: ${JSON.stringify(text)}`, async () => {
      assert.deepEqual(await showStep(text), { code: '4/0AX4XfWh-abc_DEF~123', state: 'mine' });
    });
  }

  it('of another sign-in does not pass, however it is wrapped', async () => {
    for (const text of [
      `<${url.replace('mine', 'other')}>`,
      `[a](${url.replace('mine', 'mine2')})`,
      `${url.replace('mine', 'min')} e2`,
      `${url}&state=mine`,
    ]) {
      await rejectsWith(showStep(text), 'canceled', 'canceled');
    }
  });

  it('is looked through in no time, whatever it holds', async () => {
    const startedAt = performance.now();
    for (const text of [
      'http://'.repeat(20_000),
      '<'.repeat(200_000),
      ' '.repeat(200_000),
      'a\n'.repeat(100_000),
      '&amp;'.repeat(40_000),
      ')'.repeat(60_000),
      '> \n'.repeat(60_000),
    ]) {
      await rejectsWith(showStep(text), 'canceled', 'canceled');
    }
    assert.ok(performance.now() - startedAt < 5000);
  });

  it('is expected at the redirect URI of the entry, with its port, or one of the ports, or any', () => {
    const uriOf = (options: Partial<PasteOptions>): string =>
      createPasteReceiver(pasting(), { ...USUAL, ...options }).redirectUri;
    assert.equal(uriOf({ redirectUri: 'http://localhost:8400/auth', port: 8400 }), 'http://localhost:8400/auth');
    assert.equal(uriOf({ redirectUri: 'http://localhost', port: 8401 }), 'http://localhost:8401');
    assert.equal(uriOf({ redirectUri: 'http://[::1]/' }), 'http://[::1]:57344/');
  });

  it('is taken with everything that the server has added', async () => {
    const all = await showStep(
      'http://127.0.0.1:57344/callback?code=c&state=mine&iss=https%3A%2F%2Fid.example.com&session_state=x',
    );
    assert.deepEqual(all, { code: 'c', state: 'mine', iss: 'https://id.example.com', session_state: 'x' });
  });

  it('of another sign-in, of nothing, or without an answer does not pass, and the right one after it does', async () => {
    const others = [
      '',
      ' ',
      'code',
      'http://127.0.0.1:57344/callback',
      '?code=c&state=other',
      '?code=c',
      '?code=c&state=mine&state=mine',
      'http://127.0.0.1/callback#code=c&state=mine',
    ];
    for (const text of others) {
      await rejectsWith(showStep(text), 'canceled', 'canceled');
      assert.deepEqual(await showStep(text, '?code=c%2B1&state=mine'), right, text);
    }
  });

  for (const [text, code] of [
    ['4/0AX4XfWh-abc_DEF~123', '4/0AX4XfWh-abc_DEF~123'],
    ['4%2F0AX4XfWh-abc', '4/0AX4XfWh-abc'],
    [' abcdefgh+ijklmnop== ', 'abcdefgh+ijklmnop=='],
  ] as const) {
    it(`may be the code alone: ${text.trim()}`, async () => {
      assert.deepEqual(await showStep(text), { code, state: 'mine' });
    });
  }

  it('is no code where it is short, is part of an address, or where the answer has to say which server it is from', async () => {
    const others = [
      'a-short-code',
      'https://id.example.com/callback',
      '127.0.0.1:57344/callback',
      'code=abcdefghijklmnop',
      'two words that are long',
      'abcdefghijklmnop&state=x',
      'chrome-error://chromewebdata/',
      'about:neterror#blocked',
    ];
    for (const text of others) {
      await rejectsWith(showStep(text), 'canceled', 'canceled');
    }
    const strict = createPasteReceiver(pasting('4/0AX4XfWh-abc_DEF~123'), { random: 0.5, takesCode: false });
    await rejectsWith(strict.waitForCallback(isAnswer, new AbortController().signal, 'mine'), 'canceled', 'canceled');
  });

  it('that never comes is a sign-in given up', async () => {
    await rejectsWith(showStep(), 'canceled', 'canceled');
  });

  it('is not asked for once the sign-in is called off', async () => {
    let asked = 0;
    const redirect = createPasteReceiver(() => Promise.resolve(String((asked += 1))), USUAL);
    await rejectsWith(
      redirect.waitForCallback(isAnswer, AbortSignal.abort(new Failure('replaced', 'replaced')), 'mine'),
      'replaced',
    );
    assert.equal(asked, 0);
  });

  it('is of no use once the sign-in is called off, whatever the box gives', async () => {
    for (const text of ['?code=c&state=mine', undefined]) {
      const caller = new AbortController();
      const redirect = createPasteReceiver(
        (_, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(text))),
        USUAL,
      );
      const answer = redirect.waitForCallback(isAnswer, caller.signal, 'mine');
      caller.abort(new Failure('sign-in-timeout', 'sign-in-timeout'));
      await rejectsWith(answer, 'sign-in-timeout', 'sign-in-timeout');
    }
  });

  it('is expected at a port that no service has by convention, on this computer', () => {
    const ports = [0, 0.5, 1 - 2 ** -53].map(
      (random) => new URL(createPasteReceiver(pasting(), { random, takesCode: true }).redirectUri),
    );
    assert.deepEqual(
      ports.map(({ port }) => Number(port)),
      [49_152, 57_344, 65_535],
    );
    assert.ok(
      ports.every(
        ({ protocol, hostname, pathname }) => `${protocol}//${hostname}${pathname}` === 'http://127.0.0.1/callback',
      ),
    );
  });
});
