import assert from 'node:assert/strict';
import { Failure } from '../../../src/core/failure.ts';
import {
  createPasteReceiver,
  isAuthorizationResponse,
  type AskForAddress,
  type PasteOptions,
} from '../../../src/flows/pasteFlow.ts';
import { rejectsWith } from '../../support/failures.ts';

const isAnswer = (parameters: URLSearchParams): boolean =>
  parameters.getAll('state').join() === 'mine' && parameters.has('code');

/** A user who pastes texts until one is accepted, as the editor's input box allows. */
const pasting =
  (...texts: readonly string[]): AskForAddress =>
  (passes) =>
    Promise.resolve(texts.find(passes));

const USUAL = { random: 0.5, takesCode: true };

const showStep = async (...texts: readonly string[]): Promise<Record<string, string>> =>
  Object.fromEntries(
    await createPasteReceiver(pasting(...texts), USUAL).waitForCallback(isAnswer, new AbortController().signal, 'mine'),
  );

describe('A pasted text', () => {
  it('is recognized as the authorization response of any sign-in', () => {
    for (const text of [
      'http://127.0.0.1:57344/callback?code=c&state=another',
      'Here: http://127.0.0.1:57344/callback?error=access_denied&state=another.',
      '?state=another&code=c',
    ]) {
      assert.ok(isAuthorizationResponse(text), text);
    }
    for (const text of [
      '',
      'https://id.example.com/login?state=another',
      'http://127.0.0.1:57344/callback?code=c',
      'hello',
      'http://127.0.0.1@evil.example/?code=c&state=another',
    ]) {
      assert.ok(!isAuthorizationResponse(text), text);
    }
  });
});

describe('A pasted URL', () => {
  const right = { code: 'c+1', state: 'mine' };

  for (const [what, text] of Object.entries({
    'is accepted': 'http://127.0.0.1:57344/callback?code=c%2B1&state=mine',
    'is accepted without its scheme': '127.0.0.1:57344/callback?code=c%2B1&state=mine',
    'is accepted from its question mark on': '?code=c%2B1&state=mine',
    'is accepted without the question mark': 'code=c%2B1&state=mine',
    "is accepted with a fragment, which isn't part of the response":
      'http://127.0.0.1:57344/callback?code=c%2B1&state=mine#_=_',
    'is accepted with white space and line breaks around it':
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
    'as a Markdown link with the URL as its text': `[${url}](${url})`,
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
    'wrapped, and pasted into a single-line box': url.replace('code', 'co      de'),
    'wrapped at a space': url.replace('c+1', 'c +1'),
    'wrapped in a quoted email': `> ${url.replace('&', '\n> &')}`,
    'on a redirect URI of another host': url.replace('127.0.0.1', 'localhost').replace('/callback', ''),
    'as a link to the editor': url.replace('http://127.0.0.1:57344', 'vscode://publisher.name'),
  })) {
    it(`is accepted ${what}`, async () => {
      assert.deepEqual(await showStep(text), { code: 'c+1', state: 'mine' });
    });
  }

  it('keeps a "+" in the code, and decodes other parameters', async () => {
    assert.deepEqual(await showStep('?state=mine&code=a+b%2Bc%20d&error_description=x+y'), {
      state: 'mine',
      code: 'a+b+c d',
      error_description: 'x y',
    });
  });

  it("keeps characters at the end of a code that aren't punctuation", async () => {
    assert.equal((await showStep('http://localhost/?state=mine&code=M.C5_a!b*$=='))['code'], 'M.C5_a!b*$==');
  });

  it('is accepted with an unencoded "iss"', async () => {
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

  it("of another sign-in is rejected, however it's wrapped", async () => {
    for (const text of [
      `<${url.replace('mine', 'other')}>`,
      `[a](${url.replace('mine', 'mine2')})`,
      `${url.replace('mine', 'min')} e2`,
      `${url}&state=mine`,
    ]) {
      await rejectsWith(showStep(text), 'canceled', 'canceled');
    }
  });

  it('is parsed quickly, whatever it contains', async () => {
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

  it('is accepted with everything that the server added', async () => {
    const all = await showStep(
      'http://127.0.0.1:57344/callback?code=c&state=mine&iss=https%3A%2F%2Fid.example.com&session_state=x',
    );
    assert.deepEqual(all, { code: 'c', state: 'mine', iss: 'https://id.example.com', session_state: 'x' });
  });

  it("is rejected when it's of another sign-in, empty, or without a response, and the right one after it is accepted", async () => {
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

  it("isn't treated as a code when it's short, part of a URL, or when the response must identify its server", async () => {
    const others = [
      'a-short-code',
      'https://id.example.com/callback',
      '127.0.0.1:57344/callback',
      'code=abcdefghijklmnop',
      'two long words',
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

  it("cancels the sign-in when it's never entered", async () => {
    await rejectsWith(showStep(), 'canceled', 'canceled');
  });

  it("isn't asked for once the sign-in is canceled", async () => {
    let asked = 0;
    const redirect = createPasteReceiver(() => Promise.resolve(String((asked += 1))), USUAL);
    await rejectsWith(
      redirect.waitForCallback(isAnswer, AbortSignal.abort(new Failure('replaced', 'replaced')), 'mine'),
      'replaced',
    );
    assert.equal(asked, 0);
  });

  it('is ignored once the sign-in is canceled, whatever the box returns', async () => {
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

  it('is expected at a port of this computer that by convention no service uses', () => {
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
