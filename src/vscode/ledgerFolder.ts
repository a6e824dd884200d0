import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { Folder } from '../sessions/ledger.ts';

/** A folder on disk as the ledger wants it; it comes into being with the first file. */
export function ledgerFolder(path: string): Folder {
  return {
    list: () => readdir(path).catch(unlessMissing([])),
    read: (name) => readFile(join(path, name), 'utf8').catch(unlessMissing(undefined)),
    async write(name, text) {
      await mkdir(path, { recursive: true, mode: 0o700 });
      // A rename replaces the file in one step, which VS Code's own file system API does not promise.
      const part = join(path, `${name}.${randomUUID()}.part`);
      try {
        await writeFile(part, text, { mode: 0o600 });
        await rename(part, join(path, name));
      } catch (error) {
        await rm(part, { force: true });
        throw error;
      }
    },
    delete: (name) => rm(join(path, name), { force: true }),
  };
}

function unlessMissing<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return value;
    }
    throw error;
  };
}
