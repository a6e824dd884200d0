// Authenticates the author of a session file. Everything in the file except the code itself is authenticated, together
// with the file name, by a code whose key is derived from the encryption key.
//
// Protected: without a key of this editor, it isn't possible to forge a sign-out, a failure or an end, to move a file
// to
// another session, or to reuse an old file as a newer revision. Not protected: with write access to the folder, files
// can be deleted, and old ones restored under their own names; SecretStorage then has the newer record. Headers without
// a verifiable code come from a window that couldn't read the keyring, or from another editor that shares the folder;
// `isUnverified` defines their effect. An unverified tombstone has none: a window that signs out without the key also
// records that in SecretStorage.
import { parseJson } from '../core/json.ts';
import type { Cipher } from './cipher.ts';
import type { EncryptionKey, EncryptionKeys } from './encryptionKeys.ts';
import { headerOf, isTombstone, parseSessionFile, type SessionFile } from './sessionFile.ts';

/**
 * Returns the key to authenticate the next file of a session with: the key of the previous file, which every window
 * with
 * the session has verified, or another known one. A new key is created only for tombstones, which have no effect
 * without
 * a code.
 * @throws the error of SecretStorage, for a tombstone.
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

/** Returns the text of a file with its authentication code; without a key, the text has none. */
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
  // As written: a later version may add fields, which are authenticated as well.
  const { mac: _mac, ...content } = Object(parseJson(text)) as Record<string, unknown>;
  return cipher.authenticate(key, authenticated(name, content)) === file.mac?.code ? file : undefined;
}

function authenticated(name: string, content: object): string {
  return `${name} ${JSON.stringify(content)}`;
}
