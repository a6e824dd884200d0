import { createHmac, randomBytes, webcrypto } from 'node:crypto';
import type { Cipher } from '../storage/cipher.ts';

const NAME = 'AES-GCM';
/** The length of the initialization vector in bytes (NIST SP 800-38D, section 8.2.2). */
const IV_LENGTH = 12;

/** AES-256-GCM with a random initialization vector, which precedes the encrypted bytes. */
export const nodeCipher: Cipher = {
  newKey: () => ({ name: randomBytes(6).toString('hex'), key: randomBytes(32).toString('base64') }),
  async seal(key, text, about) {
    const iv = randomBytes(IV_LENGTH);
    const sealed = await webcrypto.subtle.encrypt(
      parameters(iv, about),
      await keyOf(key, 'encrypt'),
      Buffer.from(text),
    );
    return Buffer.concat([iv, Buffer.from(sealed)]).toString('base64');
  },
  authenticate(key, text) {
    // One key per purpose (NIST SP 800-57 part 1, section 5.2): this one is derived from the encryption key.
    const derived = createHmac('sha256', Buffer.from(key, 'base64')).update('authentication of headers').digest();
    return createHmac('sha256', derived).update(text).digest('base64url');
  },
  async open(key, sealed, about) {
    const bytes = Buffer.from(sealed, 'base64');
    try {
      const parts = [bytes.subarray(0, IV_LENGTH), bytes.subarray(IV_LENGTH)] as const;
      return Buffer.from(
        await webcrypto.subtle.decrypt(parameters(parts[0], about), await keyOf(key, 'decrypt'), parts[1]),
      ).toString();
    } catch {
      return undefined;
    }
  },
};

function parameters(iv: Uint8Array, about: string): { name: string; iv: Uint8Array; additionalData: Uint8Array } {
  return { name: NAME, iv, additionalData: Buffer.from(about) };
}

function keyOf(key: string, usage: 'encrypt' | 'decrypt'): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('raw', Buffer.from(key, 'base64'), NAME, false, [usage]);
}
