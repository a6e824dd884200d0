/** Authenticated encryption, as the platform has it. Everything in and out is text. */
export interface Cipher {
  /** A new key, with the short name by which it is known. */
  newKey(): { readonly name: string; readonly key: string };
  /**
   * Seals a text: nobody without the key can read or change it.
   * @param about what it is about; it cannot be opened as something about anything else.
   */
  seal(key: string, text: string, about: string): Promise<string>;
  /** An authentication code for a text (HMAC, RFC 2104), which nobody without the key can compute. */
  authenticate(key: string, text: string): string;
  /** Opens what was sealed; undefined where key, text or `about` are not the ones. */
  open(key: string, sealed: string, about: string): Promise<string | undefined>;
}
