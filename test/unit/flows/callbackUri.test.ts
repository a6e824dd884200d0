import assert from 'node:assert/strict';
import fc from 'fast-check';
import { URI } from 'vscode-uri';
import { answerParameters } from '../../../src/flows/answer.ts';
import { callbackQuery } from '../../../src/flows/callbackUri.ts';
import { inBrowser, onDesktop, type EditorUri } from '../../support/editorUris.ts';

const CALLBACK_URI = 'vscode://session-keeper.session-keeper/callback';

/** The parameters that the router reads from a link. */
const parametersOf = (uri: EditorUri): Record<string, string> =>
  Object.fromEntries(answerParameters(callbackQuery(...uri) ?? assert.fail('no callback')));

describe('The query of a callback URI', () => {
  for (const [where, as] of Object.entries({ 'on the desktop': onDesktop, 'in a browser': inBrowser })) {
    describe(where, () => {
      const read = (query: string): Record<string, string> => parametersOf(as(`${CALLBACK_URI}?${query}`));

      it('has every parameter as the server sent it', () => {
        assert.deepEqual(read('code=4%2F0AX4-a_b.c~d&state=s-1&iss=https%3A%2F%2Fid.example.com%2Ftenant%3Fa%3D1'), {
          code: '4/0AX4-a_b.c~d',
          state: 's-1',
          iss: 'https://id.example.com/tenant?a=1',
        });
        assert.deepEqual(read('state=s&code=%C3%A9%23%25%3D'), { state: 's', code: 'é#%=' });
      });

      it('keeps a "+" of the code, encoded or not, and a literal "%"', () => {
        assert.equal(read('code=a+b%2Bc')['code'], 'a+b+c');
        assert.equal(read('code=a%2541')['code'], 'a%41');
      });

      it("doesn't include the fragment", () => {
        assert.deepEqual(read('code=a&state=s#_=_'), { code: 'a', state: 's' });
      });

      it('has any code and any state as they were sent, except for the two characters that are ambiguous in a decoded query', () => {
        const word = fc
          .string({ unit: 'binary', maxLength: 20 })
          .map((text) => text.replaceAll(/[&+\uD800-\uDFFF]/gu, ''));
        fc.assert(
          fc.property(word, word, (code, state) => {
            const query = `code=${encodeURIComponent(code)}&state=${encodeURIComponent(state)}`;
            assert.deepEqual(read(query), { code, state });
          }),
        );
      });

      it('is undefined when the path is different', () => {
        for (const path of ['/', '/callback/', '/Callback', '/callback/more', '']) {
          const link = `vscode://session-keeper.session-keeper${path}?code=a`;
          assert.equal(callbackQuery(...as(link)), undefined, path);
        }
      });
    });
  }

  it('distinguishes "&" and "+" outside of the code from their encoded forms only in a browser, because the desktop decodes them', () => {
    const link = `${CALLBACK_URI}?error_description=a%26b%2Bc`;
    assert.deepEqual(parametersOf(inBrowser(link)), { error_description: 'a&b+c' });
    assert.deepEqual(parametersOf(onDesktop(link)), { error_description: 'a', 'b c': '' });
  });

  it('would be different if the URI were passed on unencoded', () => {
    const uri = URI.parse(`${CALLBACK_URI}?code=a%2523&state=s`);
    assert.equal(callbackQuery(uri.toString(), true), 'code=a%2523&state=s');
    assert.notEqual(callbackQuery(uri.toString(true), true), callbackQuery(uri.toString(), true));
    // An encoded query isn't the query of a URL: its "&" and "=" are encoded, too.
    assert.equal(uri.toString(), `${CALLBACK_URI}?code%3Da%2523%26state%3Ds`);
  });

  it("is undefined when the text isn't a URI", () => {
    for (const text of ['', ':', ' :', 'a b:/callback?code=c', '://', '\u0000:']) {
      assert.equal(callbackQuery(text, false), undefined, text);
    }
  });
});
