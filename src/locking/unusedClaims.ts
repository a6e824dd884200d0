// What is left of the claims of notifications, and how old they are. The start of a window needs none of this.
import { claimFileName, type ClaimKey } from './notificationClaims.ts';
import type { SharedFolder } from './sharedFolder.ts';

const NAME = /^([^_]+)_([A-Za-z0-9-]+)_.*\.(?:claimed|snoozed)$/;

/**
 * When a notification was first shown, in ms since the Unix epoch; undefined if it wasn't, or nobody knows.
 * @throws what the folder throws.
 */
export async function claimedAt(folder: SharedFolder, key: ClaimKey): Promise<number | undefined> {
  const text = await folder.read(`${claimFileName(key)}.0.claimed`);
  return text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : undefined;
}

/**
 * Deletes the claims about sessions that are of no use, by their kinds and ids. The ids of sessions are never encoded.
 * @throws what the folder throws.
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
