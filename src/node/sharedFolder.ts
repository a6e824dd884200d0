import { randomUUID } from 'node:crypto';
import { mkdirSync, watch } from 'node:fs';
import { link, mkdir, open, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { delay, systemClock, type Clock } from '../core/clock.ts';
import { Failure } from '../core/failure.ts';
import type { SharedFolder } from '../locking/sharedFolder.ts';
import { makePrivate } from './privateFolder.ts';

/** How often to try a replacement while another program, such as a virus scanner, has the file open (Windows). */
const TRIES = 8;
/** The first delay between two tries, in ms; it doubles each time. */
const FIRST_WAIT = 10;

/** The folder on disk that the windows share, private to this user. It's created with the first file. */
export function nodeSharedFolder(path: string, clock: Clock = systemClock): SharedFolder {
  const at = (name: string): string => join(path, fileName(name));

  let isChecked = false;

  /**
   * Makes the folder private.
   * @throws Failure `storage` if another user owns it or it's a link, because others could then control its content. If
   * the
   * file system doesn't support modes, the folder is used as is.
   */
  async function check(): Promise<void> {
    const state = isChecked ? 'private' : await makePrivate(path);
    if (state === 'foreign') {
      throw new Failure('storage', 'folder-owner');
    }
    if (state === 'link') {
      throw new Failure('storage', 'folder-link');
    }
    isChecked = state !== 'absent';
  }

  /** Runs a task with a temporary file that contains the whole text, flushed to disk, and deletes it afterwards. */
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

  /** Replaces a file with another one atomically, so that the change survives a power failure. */
  async function replace(from: string, to: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await rename(from, to);
        break;
      } catch (error) {
        if (attempt === TRIES || !['EPERM', 'EACCES', 'EBUSY'].includes(codeOf(error) ?? '')) {
          throw error;
        }
        await delay(clock, FIRST_WAIT * 2 ** (attempt - 1));
      }
    }
    await syncNames();
  }

  /** Flushes the file names to disk. Windows does that automatically and has no call for it. */
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
          // Some file systems have no hard links. Creating a file then takes two steps, between which readers see no
          // text.
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
        // Not every file system can be watched. The windows then poll.
        return { dispose() {} };
      }
    },
  };
}

/** What could lead out of the folder: separators, drives and streams on Windows, and string terminators. */
const INVALID_NAME = /[/\\:\0]|^\.{0,2}$/;

/**
 * Returns a name if it's that of a file directly in the folder.
 * @throws Error if it would lead elsewhere: names can be derived from file contents.
 */
function fileName(name: string): string {
  if (INVALID_NAME.test(name)) {
    throw new Error('the file name leads out of the folder');
  }
  return name;
}

/** Creates a file with its text, flushed to disk; false if the file exists. */
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
