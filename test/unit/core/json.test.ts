import assert from 'node:assert/strict';
import { decodeBase64Url, parseJson, parseObject } from '../../../src/core/json.ts';

describe('Untrusted text', () => {
  it('is parsed as an object, or rejected', () => {
    assert.deepEqual(parseObject('{"a":[1]}'), { a: [1] });
    assert.deepEqual(
      ['[]', 'null', '1', '"a"', '{', ''].map(parseObject),
      Array.from({ length: 6 }, () => undefined),
    );
  });

  it('is parsed as any JSON, or rejected', () => {
    assert.deepEqual(['null', '1', '"a"', '[{}]'].map(parseJson), [null, 1, 'a', [{}]]);
    assert.deepEqual(['{', '', 'undefined'].map(parseJson), [undefined, undefined, undefined]);
  });

  it('is decoded from base64url with all its characters, and from base64', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    for (const encoding of ['base64url', 'base64'] as const) {
      const text = Buffer.from(bytes).toString(encoding);
      assert.match(text, encoding === 'base64url' ? /-.*_/ : /\+.*\//);
      assert.deepEqual(decodeBase64Url(text), bytes);
    }
    assert.throws(() => decodeBase64Url('a'));
    assert.throws(() => decodeBase64Url('ä$'));
  });
});
