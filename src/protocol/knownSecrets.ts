// The secrets of one operation at a server, and the only code that removes them from text received from it. Servers echo
// what they were sent in error messages, and may put a token anywhere else, too.
import { sanitizeDisplayName, sanitizeServerText } from '../core/failure.ts';

/** The minimum length, in characters, of a secret from a server that is removed. Shorter ones occur in ordinary words. */
const MIN_RECEIVED_LENGTH = 8;

/** The members of a response that are secret. */
const SECRET_MEMBERS = ['access_token', 'refresh_token', 'id_token', 'device_code', 'code', 'request_uri'];

/** The secrets that one sign-in, refresh or sign-out sends or receives. They stay in memory. */
export class KnownSecrets {
  readonly #secrets = new Set<string>();
  #forms: readonly string[] | undefined;

  /** Adds secrets: tokens, codes, verifiers, client secrets, private parts of keys. Undefined and empty ones are ignored. */
  add(...secrets: readonly (string | null | undefined)[]): void {
    for (const secret of secrets) {
      if (secret !== undefined && secret !== null && secret !== '') {
        this.#secrets.add(secret);
      }
    }
    this.#forms = undefined;
  }

  /** Adds the secrets among the members of a response. */
  addReceived(members: Readonly<Record<string, unknown>>): void {
    const values = SECRET_MEMBERS.map((name) => members[name]);
    this.add(...values.filter((value) => typeof value === 'string').filter((one) => one.length >= MIN_RECEIVED_LENGTH));
  }

  /** A message from the server, without secrets and safe to display and log ({@link sanitizeServerText}). */
  sanitize(text: string): string {
    return sanitizeServerText(this.#strike(text));
  }

  /** A name from the server, without secrets and safe to display and log ({@link sanitizeDisplayName}). */
  sanitizeName(name: string): string {
    return sanitizeDisplayName(this.#strike(name));
  }

  #strike(text: string): string {
    this.#forms ??= [...new Set([...this.#secrets].flatMap(formsOf))].sort((one, other) => other.length - one.length);
    return this.#forms.reduce((rest, form) => rest.replaceAll(form, '…'), text);
  }
}

/**
 * The forms in which a secret is sent or echoed: as it is, percent-encoded and form-encoded (RFC 6749 appendix B), in
 * JSON, in HTML, and in base64 with both alphabets, with and without padding.
 */
function formsOf(secret: string): string[] {
  // Lone surrogates can't be encoded.
  const percent = encodeURIComponent(secret.replace(/\p{Cs}/gu, '\uFFFD'));
  const form = new URLSearchParams({ '': secret }).toString().slice(1);
  const encoded = [secret, percent, percent.replaceAll('%20', '+'), form].flatMap((one) => [
    one,
    one.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
  ]);
  const escaped = [
    JSON.stringify(secret).slice(1, -1),
    secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
  ];
  return [...encoded, ...escaped, ...[secret, percent, form].flatMap(base64FormsOf)];
}

/** A text in base64, with and without padding. Empty if it has fewer than four characters, which occur in ordinary words. */
function base64FormsOf(text: string): string[] {
  const bytes = Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte));
  const padded = btoa(bytes.join(''));
  const plain = padded.replaceAll('=', '');
  return plain.length < 6 ? [] : [padded, plain, plain.replaceAll('+', '-').replaceAll('/', '_')];
}
