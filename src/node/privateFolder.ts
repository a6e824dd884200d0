// Folders that nobody but this user may enter. On Windows the folders of a user have that from the user's profile.
import { chmod, lstat } from 'node:fs/promises';

/**
 * What a folder is: this user's alone; nothing yet, or no folder; a link; another user's; or open to others on a file
 * system that doesn't let that be changed.
 */
export type FolderState = 'private' | 'absent' | 'link' | 'foreign' | 'open';

/** Looks at a folder, and closes it to others if it's this user's. Rejects if it can't be looked at. */
export async function closeToOthers(path: string): Promise<FolderState> {
  const state = await folderState(path);
  if (state !== 'open') {
    return state;
  }
  await chmod(path, 0o700).catch(() => {});
  return folderState(path);
}

/** What a folder is; nothing is changed. */
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
