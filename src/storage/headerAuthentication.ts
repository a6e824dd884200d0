// Who has written the file of a session. All of the file but the code itself is authenticated, together with its name, by a
// code whose key is derived from the encryption key.
//
// Protected: without a key of this editor nobody can make a sign-out, a failure or an end that this editor believes, move
// a file to another session, or put an old file back as a newer revision. Not protected: whoever can write to the folder
// can delete files, and put back old ones under their own names; SecretStorage then has the newer record. Headers without
// a code that can be checked are those of a window that couldn't read the keyring, and of another editor that shares the
// folder; `isUnverified` says how far they count. A tombstone of that kind is none: a window that signs out without the
// key records that in SecretStorage as well.
import { parseJson } from '../core/json.ts';
import type { Cipher } from './cipher.ts';
import type { EncryptionKey, EncryptionKeys } from './encryptionKeys.ts';
import { headerOf, isTombstone, parseSessionFile, type SessionFile } from './sessionFile.ts';

/**
 * The key to authenticate the next file of a session with: that of the file before, since every window that has the
 * session has verified that, or else one that is known here. A new one is created for tombstones only: without a code,
 * they count for nothing.
 * @throws what SecretStorage throws, for a tombstone.
 */
export async function findAuthenticationKey(
  before: SessionFile | undefined,
  next: SessionFile,
  keys: EncryptionKeys,
): Promise<EncryptionKey | undefined> {
  const name = before?.mac?.key ?? headerOf(before)?.sealed?.key;
  const stored = name === undefined ? undefined : await keys.get(name).catch(() => undefined);
  const key = name === undefined || stored === undefined ? keys.known() : { name, key: stored };
  if (key !== undefined && isTombstone(next)) {
    // Windows that start later must be able to verify it.
    keys.restore(key).catch(() => {});
  }
  return key ?? (isTombstone(next) ? keys.current() : undefined);
}

/** The text of a file, with the authentication code that a key gives it; without a key, it has none. */
export function formatSessionFile(
  name: string,
  file: SessionFile,
  key: EncryptionKey | undefined,
  cipher: Cipher,
): string {
  const { isUnverified: _isUnverified, mac: _before, ...content } = { isUnverified: undefined, ...file };
  if (key === undefined) {
    return JSON.stringify(content);
  }
  const code = cipher.authenticate(key.key, authenticated(name, content));
  return JSON.stringify({ ...content, mac: { key: key.name, code } });
}

/**
 * Parses the text of a file; undefined if it isn't a session file, or its authentication code is wrong. Never rejects: if the keyring can't be read, the file can't be verified.
 */
export async function readSessionFile(
  name: string,
  text: string,
  keys: EncryptionKeys,
  cipher: Cipher,
): Promise<SessionFile | undefined> {
  const file = parseSessionFile(text);
  const key = file?.mac === undefined ? undefined : await keys.get(file.mac.key).catch(() => undefined);
  if (file === undefined) {
    return undefined;
  }
  if (key === undefined) {
    return isTombstone(file)
      ? { ...file, isUnverified: true }
      : { ...file, lastFailure: undefined, isUnverified: true };
  }
  // As it was written: a later version can have fields that this one doesn't know, and that are authenticated as well.
  const { mac: _mac, ...content } = Object(parseJson(text)) as Record<string, unknown>;
  return cipher.authenticate(key, authenticated(name, content)) === file.mac?.code ? file : undefined;
}

function authenticated(name: string, content: object): string {
  return `${name} ${JSON.stringify(content)}`;
}
