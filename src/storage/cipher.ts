/** Authenticated encryption by the platform. All input and output is text. */
export interface Cipher {
  /** Creates a key and its short name. */
  newKey(): { readonly name: string; readonly key: string };
  /**
   * Encrypts a text: without the key, it can't be read or changed.
   * @param about the context; the text can't be decrypted with another one.
   */
  seal(key: string, text: string, about: string): Promise<string>;
  /** Returns an authentication code for a text (HMAC, RFC 2104), which can't be computed without the key. */
  authenticate(key: string, text: string): string;
  /** Decrypts a text; undefined if the key, the text or `about` doesn't match. */
  open(key: string, sealed: string, about: string): Promise<string | undefined>;
}
