import { randomUUID } from 'node:crypto';
import { mkdirSync, watch } from 'node:fs';
import { link, mkdir, open, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, type Clock } from '../core/clock.ts';
import type { SharedFolder } from '../locking/sharedFolder.ts';

/** How often a replacement is tried where another program, a virus scanner say, has the file open (Windows). */
const TRIES = 8;
/** The first wait between two tries, in ms; each next one is twice as long. */
const FIRST_WAIT = 10;

/** A folder on disk, as the windows share it; it comes into being with the first file. */
export function nodeSharedFolder(path: string, clock: Clock = systemClock): SharedFolder {
  const at = (name: string): string => join(path, name);

  /** Runs a task with a temporary file that has the whole text, already flushed to disk, and deletes that file afterwards. */
  async function withPart<T>(text: string, task: (part: string) => Promise<T>): Promise<T> {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const part = at(`${randomUUID()}.part`);
    try {
      const file = await open(part, 'wx', 0o600);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      return await task(part);
    } finally {
      await rm(part, { force: true }).catch(() => {});
    }
  }

  /** Puts a file in the place of another, in one step that outlasts a power cut. */
  async function replace(from: string, to: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await rename(from, to);
        break;
      } catch (error) {
        if (attempt === TRIES || !['EPERM', 'EACCES', 'EBUSY'].includes(codeOf(error) ?? '')) {
          throw error;
        }
        await new Promise<void>((resolve) => clock.after(FIRST_WAIT * 2 ** (attempt - 1), resolve));
      }
    }
    await syncNames();
  }

  /** Flushes the names of the files to disk. Windows does that by itself, and lets nobody ask for it. */
  async function syncNames(): Promise<void> {
    await open(path)
      .then((folder) => folder.sync().finally(() => folder.close()))
      .catch(() => {});
  }

  return {
    list: () => readdir(path).catch(unless('ENOENT', [])),
    read: (name) => readFile(at(name), 'utf8').catch(unless('ENOENT', undefined)),
    write: (name, text) => withPart(text, (part) => replace(part, at(name))),
    create: (name, text) =>
      withPart(text, async (part) => {
        try {
          await link(part, at(name));
        } catch (error) {
          // Some file systems know no second name for a file. There it takes two steps, between which a reader sees none of the text.
          if (codeOf(error) === 'EEXIST' || !(await createInPlace(at(name), text))) {
            return false;
          }
        }
        await syncNames();
        return true;
      }),
    delete: (name) => rm(at(name), { force: true }),
    watch(listener) {
      try {
        mkdirSync(path, { recursive: true, mode: 0o700 });
        const watcher = watch(path, { persistent: false }, (_event, name) => {
          if (name !== null) {
            listener(name);
          }
        });
        watcher.on('error', () => watcher.close());
        return { dispose: () => watcher.close() };
      } catch {
        // Not every file system can be watched; the windows then look now and then.
        return { dispose() {} };
      }
    },
  };
}

/** Creates a file with its text, flushed to disk; false if there is one already. */
function createInPlace(file: string, text: string): Promise<boolean> {
  return writeFile(file, text, { flag: 'wx', flush: true, mode: 0o600 }).then(() => true, unless('EEXIST', false));
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function unless<T>(code: string, value: T): (error: unknown) => T {
  return (error) => {
    if (codeOf(error) === code) {
      return value;
    }
    throw error;
  };
}
