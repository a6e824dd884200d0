// A window that is killed while writing leaves a temporary file, which may contain an encrypted session.
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { HOUR } from '../core/clock.ts';

/** The temporary files of the shared folder (node/sharedFolder.ts). */
const PART = /^[0-9a-f-]{36}\.part$/;
/** How long, in ms, a write takes at most. */
const MAX_AGE = HOUR;

/**
 * Deletes temporary files that no window can still be writing. Never rejects: remaining files are deleted next time.
 */
export async function deleteAbandonedParts(path: string, now: number): Promise<void> {
  const names = (await readdir(path).catch(() => [])).filter((name) => PART.test(name));
  await Promise.all(
    names
      .map(async (name) => {
        const file = join(path, name);
        const found = await lstat(file);
        // A file from the future dates from before the clock was set back.
        if (found.isFile() && Math.abs(now - found.mtimeMs) > MAX_AGE) {
          await rm(file, { force: true });
        }
      })
      .map((task) => task.catch(() => {})),
  );
}
