import { randomUUID } from 'node:crypto';
import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';

/**
 * Replaces a file atomically, unless it has this content already.
 * @param mode the permissions of the file on Unix.
 * @throws the error of the file system.
 */
export async function replaceFile(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  const before = await readFile(path).catch(() => undefined);
  if (before?.equals(Buffer.from(content)) === true) {
    await chmod(path, mode);
    return;
  }
  const part = `${path}.${randomUUID()}.part`;
  try {
    await writeFile(part, content, { flag: 'wx', mode });
    await rename(part, path);
  } finally {
    await rm(part, { force: true }).catch(() => {});
  }
}
