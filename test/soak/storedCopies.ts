// The stored copies of a session that a window could read.
import { parseRecord, type SessionRecord } from '../../src/core/session.ts';
import { headerOf } from '../../src/storage/sessionFile.ts';
import { hasTombstone, sessionFile } from '../support/sharedFiles.ts';
import type { Keyring } from './keyring.ts';
import type { SharedFolder } from './machine.ts';
import type { Process } from './process.ts';

function parsed(text: string | undefined): SessionRecord | undefined {
  const found = text === undefined ? undefined : parseRecord(text);
  return found?.kind === 'record' ? found.record : undefined;
}

/** Returns the record in SecretStorage. */
export function storedCopy(keyring: Keyring, process: Process | undefined, id: string): SessionRecord | undefined {
  return parsed(keyring.peek(process, `session:${id}`));
}

/** Returns the encrypted record in the folder, if its key can be read. */
export function sealedCopy(
  folder: SharedFolder,
  keyring: Keyring,
  process: Process | undefined,
  id: string,
): SessionRecord | undefined {
  const sealed = headerOf(sessionFile(folder.files, id))?.sealed;
  const canRead = sealed !== undefined && keyring.peek(process, `encryption-key:${sealed.key}`) !== undefined;
  return canRead ? parsed(sealed.text.slice(sealed.text.indexOf('{'))) : undefined;
}

/** Returns the generation in the header of a session's file; 0 if there is none. */
export function headerGeneration(folder: SharedFolder, id: string): number {
  return headerOf(sessionFile(folder.files, id))?.generation ?? 0;
}

/** Returns whether the session's file is a tombstone. */
export function isSignedOut(folder: SharedFolder, id: string): boolean {
  return hasTombstone(folder.files, id);
}
