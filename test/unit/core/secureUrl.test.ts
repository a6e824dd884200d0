import assert from 'node:assert/strict';
import { hasUserInfo, isSecureUrl, parseUrl } from '../../../src/core/secureUrl.ts';

describe('A URL', () => {
  it('is parsed, or is undefined, whatever the text', () => {
    assert.equal(parseUrl('https://id.example.com/a')?.pathname, '/a');
    assert.equal(parseUrl('b', 'https://id.example.com/a')?.pathname, '/b');
    // The platform's `canParse` accepts the last ones.
    const long = ['https://A', 'https://A&'].map((start) => `${start}${'a'.repeat(20_000)}.com`);
    for (const text of ['', ':', 'https://', 'https://[::1', 'https://a:99999', ...long]) {
      assert.equal(parseUrl(text), undefined, text.slice(0, 40));
      assert.equal(hasUserInfo(text), false);
      assert.equal(isSecureUrl(text), true, 'rejected by other checks');
    }
  });
});
