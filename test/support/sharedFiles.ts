// The session files and lock files in a test's folder in memory.
import { nodeCipher } from '../../src/node/cipher.ts';
import { formatSessionFile } from '../../src/storage/headerAuthentication.ts';
import { headerOf, isTombstone, parseSessionFile, type SessionFile } from '../../src/storage/sessionFile.ts';

const KEY_PREFIX = 'encryption-key:';
const NAME = /^(.+)\.(\d+)\.session$/;

/** The name of the newest file of a session; undefined if it has none. */
export function sessionFileName(files: ReadonlyMap<string, string>, id = 's1'): string | undefined {
  const numbers = [...files.keys()].map((name) => NAME.exec(name)).filter((match) => match?.[1] === id);
  return numbers.sort((one, other) => Number(other?.[2]) - Number(one?.[2]))[0]?.[0];
}

/** The newest file of a session; undefined if it has none that is readable. */
export function sessionFile(files: ReadonlyMap<string, string>, id = 's1'): SessionFile | undefined {
  return parseSessionFile(files.get(sessionFileName(files, id) ?? '') ?? '');
}

/** Whether the file of a session shows that the user has signed out. */
export function hasTombstone(files: ReadonlyMap<string, string>, id = 's1'): boolean {
  return isTombstone(sessionFile(files, id));
}

/** Replaces the newest file of a session by one without an authentication code; undefined deletes it. */
export function setSessionFile(files: Map<string, string>, file: SessionFile | undefined, id = 's1'): void {
  const name = sessionFileName(files, id) ?? `${id}.1.session`;
  if (file === undefined) {
    files.delete(name);
  } else {
    files.set(name, JSON.stringify({ ...file, mac: undefined }));
  }
}

/** Replaces the newest file of a session, as a window with the first of these keys writes it. */
export function setAuthenticFile(
  files: Map<string, string>,
  secrets: ReadonlyMap<string, string>,
  file: SessionFile,
  id = 's1',
): void {
  const name = sessionFileName(files, id) ?? `${id}.1.session`;
  const [key] = [...secrets].filter(([one]) => one.startsWith(KEY_PREFIX)).sort();
  const found = key === undefined ? undefined : { name: key[0].slice(KEY_PREFIX.length), key: key[1] };
  files.set(name, formatSessionFile(name, file, found, nodeCipher));
}

/** Removes the encrypted record from the file of a session, as if encrypting had failed. */
export function deleteSealed(files: Map<string, string>, id = 's1'): void {
  const header = headerOf(sessionFile(files, id));
  if (header !== undefined) {
    setSessionFile(files, { ...header, sealed: undefined }, id);
  }
}

/** The content of a lock file. */
export function lockContent(token: string): string {
  return JSON.stringify({ token, name: 'process 1', since: 0 });
}
