// What comes as text, read without trust in it: JSON (RFC 8259), and bytes in base64url (RFC 4648 section 5).

/** What a text of JSON says; undefined where it is none, because it was cut off or somebody has changed it. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The JSON object that a text is, as a copy; undefined where it is anything else. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  const value = parseJson(text);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

/**
 * The bytes that a text in base64url stands for; one in plain base64 is taken, too.
 * @throws DOMException where it is neither.
 */
export function decodeBase64Url(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
}
