// Cleans up old notification claims, and reads their age. Not needed at start.
import { claimFileName, type ClaimKey } from './notificationClaims.ts';
import type { SharedFolder } from './sharedFolder.ts';

const NAME = /^([^_]+)_([A-Za-z0-9-]+)_.*\.(?:claimed|snoozed)$/;

/**
 * Returns when a notification was first shown, in ms since the Unix epoch; undefined if it wasn't or that isn't known.
 * @throws the error of the folder.
 */
export async function claimedAt(folder: SharedFolder, key: ClaimKey): Promise<number | undefined> {
  const text = await folder.read(`${claimFileName(key)}.0.claimed`);
  return text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : undefined;
}

/**
 * Deletes the claims for sessions that aren't needed, by kind and ID. Session IDs are never encoded.
 * @throws the error of the folder.
 */
export async function deleteUnusedClaims(
  folder: SharedFolder,
  isUnused: (kind: string, id: string) => boolean,
): Promise<void> {
  for (const name of await folder.list()) {
    const [, kind, id] = NAME.exec(name) ?? [];
    if (kind !== undefined && id !== undefined && isUnused(kind, id)) {
      await folder.delete(name);
    }
  }
}
