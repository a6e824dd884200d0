import assert from 'node:assert/strict';
import fc from 'fast-check';
import { nodeCipher as cipher } from '../../../src/node/cipher.ts';

describe('The node cipher', () => {
  const { key } = cipher.newKey();

  it('returns any text that it has encrypted, and uses only text in between', async () => {
    const property = fc.asyncProperty(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
      async (text, about) => {
        const sealed = await cipher.seal(key, text, about);
        assert.match(sealed, /^[A-Za-z0-9+/]+=*$/);
        assert.equal(await cipher.open(key, sealed, about), Buffer.from(text).toString());
      },
    );
    await fc.assert(property, { seed: 20_300_101, numRuns: 30 });
  });

  it("creates distinct 256-bit keys, whose names don't reveal them", () => {
    const keys = Array.from({ length: 50 }, () => cipher.newKey());
    assert.deepEqual([new Set(keys.map(({ name }) => name)).size, new Set(keys.map((one) => one.key)).size], [50, 50]);
    for (const { name, key: secret } of keys) {
      assert.equal(Buffer.from(secret, 'base64').length, 32);
      assert.match(name, /^[0-9a-f]{12}$/);
      assert.ok(!Buffer.from(secret, 'base64').toString('hex').includes(name));
    }
  });

  it("encrypts the same text differently each time, so that it doesn't reveal whether anything has changed", async () => {
    const sealed = await Promise.all(Array.from({ length: 50 }, () => cipher.seal(key, 'refresh-1', 's1')));
    assert.equal(new Set(sealed.map((one) => one.slice(0, 16))).size, 50, 'an initialization vector was repeated');
    assert.equal(new Set(sealed.map((one) => one.slice(16))).size, 50);
  });

  it('reveals nothing of the text', async () => {
    const sealed = Buffer.from(await cipher.seal(key, 'refresh-1', 's1'), 'base64');
    assert.ok(!sealed.includes('refresh-1') && !sealed.includes('s1'));
  });

  it("doesn't decrypt with another key, or for another context", async () => {
    const sealed = await cipher.seal(key, 'refresh-1', 's1');
    assert.equal(await cipher.open(cipher.newKey().key, sealed, 's1'), undefined);
    assert.equal(await cipher.open(key, sealed, 's2'), undefined);
    assert.equal(await cipher.open(key, sealed, ''), undefined);
  });

  it("doesn't decrypt what was truncated or changed in any byte", async () => {
    const sealed = Buffer.from(await cipher.seal(key, 'refresh-1', 's1'), 'base64');
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = Buffer.from(sealed);
      changed[index] = (changed[index] ?? 0) ^ 1;
      assert.equal(await cipher.open(key, changed.toString('base64'), 's1'), undefined, `byte ${index}`);
      assert.equal(
        await cipher.open(key, sealed.subarray(0, index).toString('base64'), 's1'),
        undefined,
        `the first ${index} bytes`,
      );
    }
  });

  it('decrypts nothing with an invalid key, and encrypts nothing with it either', async () => {
    const sealed = await cipher.seal(key, 'refresh-1', 's1');
    for (const none of ['', 'no key', key.slice(0, 20)]) {
      assert.equal(await cipher.open(none, sealed, 's1'), undefined);
      await assert.rejects(cipher.seal(none, 'refresh-1', 's1'));
    }
    assert.equal(await cipher.open(key, 'nothing encrypted at all', 's1'), undefined);
  });
});
