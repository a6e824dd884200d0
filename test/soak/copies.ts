// What is kept of a session outside the windows' memories, as one window could read it.
import { parseRecord, type SessionRecord } from '../../src/core/session.ts';
import type { Keyring } from './keyring.ts';
import type { SharedFolder } from './machine.ts';
import type { Process } from './process.ts';

function parsed(text: string | undefined): SessionRecord | undefined {
  const found = text === undefined ? undefined : parseRecord(text);
  return found?.kind === 'record' ? found.record : undefined;
}

function objectIn(text: string | undefined): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(text ?? '{}');
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** The record in the secret storage. */
export function storedCopy(keyring: Keyring, process: Process | undefined, id: string): SessionRecord | undefined {
  return parsed(keyring.peek(process, `session:${id}`));
}

/** The sealed record in the folder, where the key to it can be read. */
export function sealedCopy(
  folder: SharedFolder,
  keyring: Keyring,
  process: Process | undefined,
  id: string,
): SessionRecord | undefined {
  const { key, sealed } = objectIn(folder.files.get(`${id}.sealed`));
  if (
    typeof key !== 'string' ||
    typeof sealed !== 'string' ||
    keyring.peek(process, `hand-over-key:${key}`) === undefined
  ) {
    return undefined;
  }
  return parsed(sealed.slice(sealed.indexOf('{')));
}

/** The generation that the session index knows of. */
export function enteredGeneration(folder: SharedFolder, id: string): number {
  return Number(objectIn(folder.files.get(`${id}.json`))['generation'] ?? 0);
}

/** Whether the session index says that the person has signed out. */
export function isSignedOut(folder: SharedFolder, id: string): boolean {
  return folder.files.has(`${id}.gone`);
}
