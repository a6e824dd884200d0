// The location of this user's sockets: on Unix, a private folder; on Windows, named pipes, whose names other users can
// see but not predict.
import { randomBytes } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, isAbsolute, join, normalize } from 'node:path';
import { folderState, makePrivate } from './privateFolder.ts';

const PIPE = /^\\\\\.\\pipe\\sk-[0-9a-f]{32}$/;
const SOCKET = /^[0-9a-f]{16}\.sock$/;
/**
 * The longest path, in bytes, of a Unix domain socket on every platform (`sun_path` of macOS without its terminator).
 */
const MAX_PATH_LENGTH = 103;

/** What is at an address: a socket that may be connected to, nothing, or something that isn't ours. */
export type SocketKind = 'own' | 'gone' | 'foreign';

/** Returns an address for a new socket; an empty string if there is no private location for it. Never rejects. */
export async function newSocketAddress(): Promise<string> {
  if (process.platform === 'win32') {
    return `\\\\.\\pipe\\sk-${randomBytes(16).toString('hex')}`;
  }
  const folder = join(tmpdir(), folderName());
  const address = join(folder, `${randomBytes(8).toString('hex')}.sock`);
  return Buffer.byteLength(address) <= MAX_PATH_LENGTH && (await createPrivate(folder)) ? address : '';
}

/**
 * Checks whether an address read from a file is a socket that this extension created for this user. Nothing else may be
 * connected to or deleted: the text could name any file, port or computer. Never rejects.
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
    // The temporary folder can differ between two windows, so its owner counts, not its path.
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

/** Creates a private folder; false if something else is in its place. */
async function createPrivate(folder: string): Promise<boolean> {
  await mkdir(folder, { mode: 0o700 }).catch(() => {});
  return (await makePrivate(folder).catch(() => 'absent')) === 'private';
}
