// What must not be in a report is taken out of it.

/** A proxy's address without anything secret: host and port. */
export function formatProxy(address: string): string {
  const text = address.trim();
  if (text === '') {
    return 'not set';
  }
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  return URL.canParse(withScheme) ? new URL(withScheme).host || 'set, but not an address' : 'set, but not an address';
}

/** How long a part of a secret may be, in characters, before it is taken out. */
const MAX_PART_LENGTH = 15;

/** A text without whatever also stands in a secret, should anything ever quote one. Short words have to stay. */
export function redactSecrets(text: string, secrets: readonly string[]): string {
  const size = MAX_PART_LENGTH + 1;
  const parts = new Set(
    secrets.flatMap((secret) =>
      Array.from({ length: Math.max(0, secret.length - MAX_PART_LENGTH) }, (_, at) => secret.slice(at, at + size)),
    ),
  );
  let clean = text;
  for (let at = 0; at + size <= text.length; at += 1) {
    if (parts.has(text.slice(at, at + size))) {
      clean = clean.slice(0, at) + '…'.repeat(size) + clean.slice(at + size);
    }
  }
  return clean;
}
