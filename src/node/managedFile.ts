// The file with which an administrator configures this extension for all users of a computer or a container image.
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseManagedSettings, UNMANAGED, type ManagedSettings } from '../core/managedSettings.ts';

/** Why a file isn't used: another user could have written it, or it can't be read. */
type RefusedReason = 'link' | 'owner' | 'writable' | 'unreadable';

/** What was found at the path. */
type ManagedFile =
  | { readonly kind: 'absent' }
  | { readonly kind: 'refused'; readonly reason: RefusedReason }
  | { readonly kind: 'text'; readonly text: string };

/** The maximum size, in bytes. */
const MAX_SIZE = 1_000_000;

/** The path of the file, in a folder that only administrators can write to by default. */
export function managedFilePath(platform: NodeJS.Platform): string {
  if (platform === 'win32') {
    return String.raw`C:\Program Files\Session Keeper\managed.json`;
  }
  return platform === 'darwin'
    ? '/Library/Application Support/Session Keeper/managed.json'
    : '/etc/session-keeper/managed.json';
}

/**
 * Reads the file. It's only used if it and its folder belong to the administrator, and no one else can write to them. On
 * Windows, the permissions of the folder ensure that. Never throws.
 * @param owner the user ID of the administrator; undefined on Windows.
 */
function readManagedFile(path: string, owner: number | undefined): ManagedFile {
  try {
    const reason = refusalOf(path, owner) ?? refusalOf(dirname(path), owner);
    if (reason !== undefined) {
      return { kind: 'refused', reason };
    }
    const file = openSync(path, constants.O_RDONLY | (owner === undefined ? 0 : constants.O_NOFOLLOW));
    try {
      const { size } = fstatSync(file);
      return size > MAX_SIZE
        ? { kind: 'refused', reason: 'unreadable' }
        : { kind: 'text', text: readFileSync(file, 'utf8') };
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
    return isAbsent ? { kind: 'absent' } : { kind: 'refused', reason: 'unreadable' };
  }
}

function refusalOf(path: string, owner: number | undefined): RefusedReason | undefined {
  const found = lstatSync(path);
  if (found.isSymbolicLink()) {
    return 'link';
  }
  if (owner === undefined) {
    return undefined;
  }
  return found.uid !== owner ? 'owner' : (found.mode & 0o022) === 0 ? undefined : 'writable';
}

/**
 * Reads the settings of the organization. A file that others could have written isn't used, which is a problem to report.
 * @param path the path of the file.
 * @param owner the user ID of the administrator; undefined on Windows.
 */
export function readManagedSettings(
  path = managedFilePath(process.platform),
  owner = process.platform === 'win32' ? undefined : 0,
): ManagedSettings {
  const file = readManagedFile(path, owner);
  switch (file.kind) {
    case 'absent':
      return UNMANAGED;
    case 'text':
      return parseManagedSettings(file.text);
    case 'refused':
      return {
        ...UNMANAGED,
        problems: [{ entry: path, field: file.reason, code: 'managed-refused', isManaged: true }],
      };
  }
}
