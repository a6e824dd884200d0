import assert from 'node:assert/strict';
import { answerParameters } from '../../../src/flows/answer.ts';

describe('the query of a response', () => {
  const read = (query: string): Record<string, string> => Object.fromEntries(answerParameters(query));

  it('keeps an unencoded "+" in the code, and decodes everything else', () => {
    assert.deepEqual(read('?code=a+b%2Bc%20d&state=x+y&iss=https%3A%2F%2Fa+b&error_description=not+allowed'), {
      code: 'a+b+c d',
      state: 'x y',
      iss: 'https://a b',
      error_description: 'not allowed',
    });
    assert.deepEqual(read('state=s&code=+++'), { state: 's', code: '+++' });
    assert.deepEqual(read('c%6Fde=a+b&encode=a+b&code_challenge=a+b'), {
      code: 'a+b',
      encode: 'a b',
      code_challenge: 'a b',
    });
    assert.deepEqual(answerParameters('code=a+b&code=c+d').getAll('code'), ['a+b', 'c+d']);
    assert.deepEqual(read('code=a=+='), { code: 'a=+=' });
    assert.deepEqual([read(''), read('?'), read('code')], [{}, {}, { code: '' }]);
  });

  it('never contains a space in place of a "+" in a code, whatever surrounds it', () => {
    assert.deepEqual(read('?a=b?code=c+d'), { a: 'b?code=c d' });
  });
});
