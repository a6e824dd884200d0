// Removes secrets from reports.

import { parseUrl } from '../core/secureUrl.ts';

/** Returns the host and port of a proxy's URL, without credentials. */
export function formatProxy(url: string): string {
  const text = url.trim();
  if (text === '') {
    return 'not set';
  }
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const host = parseUrl(withScheme)?.host ?? '';
  return host === '' ? 'set, but not a URL' : host;
}

/** The maximum length, in characters, of a part of a secret that isn't redacted, because ordinary words must stay. */
const MAX_PART_LENGTH = 15;

/** Returns a text with every longer part of a secret redacted, in case that anything quotes one. */
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
