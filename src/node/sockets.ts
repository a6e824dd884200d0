// Where the sockets of this user's processes are: on Unix in a folder that nobody else can enter, on Windows among the
// named pipes, where other users see the names, and can't guess the next one.
import { randomBytes } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, isAbsolute, join, normalize } from 'node:path';
import { closeToOthers, folderState } from './privateFolder.ts';

const PIPE = /^\\\\\.\\pipe\\sk-[0-9a-f]{32}$/;
const SOCKET = /^[0-9a-f]{16}\.sock$/;
/** The longest path, in bytes, that a Unix domain socket can have everywhere (`sun_path` of macOS, less its end). */
const MAX_PATH_LENGTH = 103;

/** What an address stands for: a socket that may be connected to, nothing any more, or something that isn't ours. */
export type SocketKind = 'own' | 'gone' | 'foreign';

/** An address for a new socket; an empty one if no place for it can be had that is this user's alone. Never rejects. */
export async function newSocketAddress(): Promise<string> {
  if (process.platform === 'win32') {
    return `\\\\.\\pipe\\sk-${randomBytes(16).toString('hex')}`;
  }
  const folder = join(tmpdir(), folderName());
  const address = join(folder, `${randomBytes(8).toString('hex')}.sock`);
  return Buffer.byteLength(address) <= MAX_PATH_LENGTH && (await createPrivate(folder)) ? address : '';
}

/**
 * Whether an address that was read from a file is that of a socket of this extension, which this user has created.
 * Nothing else may be connected to, or deleted: the text can be that of any file, port or computer. Never rejects.
 */
export async function socketKind(address: string): Promise<SocketKind> {
  if (process.platform === 'win32') {
    return PIPE.test(address) ? 'own' : 'foreign';
  }
  const folder = dirname(address);
  const isOfPattern =
    isAbsolute(address) &&
    normalize(address) === address &&
    SOCKET.test(basename(address)) &&
    basename(folder) === folderName();
  if (!isOfPattern) {
    return 'foreign';
  }
  try {
    // The temporary folder can differ between two windows: whose the folder is counts, not where it is.
    const state = await folderState(folder);
    const isOwn = state === 'private' && (await lstat(address)).isSocket();
    return state === 'absent' ? 'gone' : isOwn ? 'own' : 'foreign';
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'gone' : 'foreign';
  }
}

function folderName(): string {
  return `sk-${process.getuid?.() ?? ''}`;
}

/** Creates a folder for this user alone; false if something else is in its place. */
async function createPrivate(folder: string): Promise<boolean> {
  await mkdir(folder, { mode: 0o700 }).catch(() => {});
  return (await closeToOthers(folder).catch(() => 'absent')) === 'private';
}
