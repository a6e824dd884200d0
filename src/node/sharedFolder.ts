import { randomUUID } from 'node:crypto';
import { mkdirSync, watch } from 'node:fs';
import { link, mkdir, open, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, type Clock } from '../core/clock.ts';
import { Failure } from '../core/failure.ts';
import type { SharedFolder } from '../locking/sharedFolder.ts';
import { closeToOthers } from './privateFolder.ts';

/** How often a replacement is tried where another program, a virus scanner say, has the file open (Windows). */
const TRIES = 8;
/** The first wait between two tries, in ms; each next one is twice as long. */
const FIRST_WAIT = 10;

/** A folder on disk, as the windows share it, and for this user alone; it comes into being with the first file. */
export function nodeSharedFolder(path: string, clock: Clock = systemClock): SharedFolder {
  const at = (name: string): string => join(path, fileName(name));

  let isChecked = false;

  /**
   * Closes the folder to other users.
   * @throws Failure `storage` if it's another user's, or a link: others could then decide what is in it. Where a file
   * system doesn't keep modes, it's used as it is.
   */
  async function check(): Promise<void> {
    const state = isChecked ? 'private' : await closeToOthers(path);
    if (state === 'foreign') {
      throw new Failure('storage', 'folder-owner');
    }
    if (state === 'link') {
      throw new Failure('storage', 'folder-link');
    }
    isChecked = state !== 'absent';
  }

  /** Runs a task with a temporary file that has the whole text, already flushed to disk, and deletes that file afterwards. */
  async function withPart<T>(text: string, task: (part: string) => Promise<T>): Promise<T> {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const part = join(path, `${randomUUID()}.part`);
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
    list: async () => {
      await check();
      return readdir(path).catch(unless('ENOENT', []));
    },
    read: async (name) => {
      await check();
      return readFile(at(name), 'utf8').catch(unless('ENOENT', undefined));
    },
    write: async (name, text) => {
      const file = at(name);
      await check();
      await withPart(text, (part) => replace(part, file));
    },
    create: async (name, text) => {
      const file = at(name);
      await check();
      return withPart(text, async (part) => {
        try {
          await link(part, file);
        } catch (error) {
          // Some file systems know no second name for a file. There it takes two steps, between which a reader sees none of the text.
          if (codeOf(error) === 'EEXIST' || !(await createInPlace(file, text))) {
            return false;
          }
        }
        await syncNames();
        return true;
      });
    },
    delete: async (name) => {
      await check();
      await rm(at(name), { force: true });
    },
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

/** What leads out of a folder: separators, on Windows those of drives and streams, and the ends of strings. */
const NO_NAME = /[/\\:\0]|^\.{0,2}$/;

/**
 * A name, if it's that of a file in the folder itself.
 * @throws Error if it would lead elsewhere: names can be made of what is read from files.
 */
function fileName(name: string): string {
  if (NO_NAME.test(name)) {
    throw new Error('the name of a file leads out of the folder');
  }
  return name;
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
