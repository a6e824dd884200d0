// Folders that only this user can access. On Windows, folders in the user profile are private already.
import { chmod, lstat } from 'node:fs/promises';

/**
 * The state of a folder: private; absent or not a folder; a link; owned by another user; or accessible to others on a
 * file system that doesn't support modes.
 */
export type FolderState = 'private' | 'absent' | 'link' | 'foreign' | 'open';

/** Checks a folder, and makes it private if this user owns it. Rejects if the folder can't be checked. */
export async function makePrivate(path: string): Promise<FolderState> {
  const state = await folderState(path);
  if (state !== 'open') {
    return state;
  }
  await chmod(path, 0o700).catch(() => {});
  return folderState(path);
}

/** Returns the state of a folder without changing it. */
export async function folderState(path: string): Promise<FolderState> {
  if (process.platform === 'win32') {
    return 'private';
  }
  const found = await lstat(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) {
      return undefined;
    }
    throw error;
  });
  if (found?.isSymbolicLink() === true) {
    return 'link';
  }
  if (found?.isDirectory() !== true) {
    return 'absent';
  }
  return found.uid !== process.getuid?.() ? 'foreign' : (found.mode & 0o077) === 0 ? 'private' : 'open';
}
