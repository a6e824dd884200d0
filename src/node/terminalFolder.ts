// The folder with which the command `session-keeper` finds the windows: their addresses, and the key that they share. It's
// in the extension's global storage, and private to this user.
import { lstat, mkdir, readFile, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { WINDOW_ID_PATTERN } from '../core/terminal.ts';
import { folderState, makePrivate, type FolderState } from './privateFolder.ts';
import { replaceFile } from './replaceFile.ts';
import { nodeSharedFolder } from './sharedFolder.ts';
import { KEY_LENGTH, newNonce } from './terminalChannel.ts';

const KEY_FILE = 'key';
const EXTENSION = '.window';
/** The longest address of a socket or pipe, in characters. */
const MAX_ADDRESS_LENGTH = 300;

/** A window that can be asked. */
export interface ListedWindow {
  /** The ID of the window; two windows with the same workspace have the same ID. */
  readonly id: string;
  readonly address: string;
}

/** The entry of a window in the list. Its functions never reject. */
export interface WindowListing {
  /** Moves the window to the top of the list; false if it's no longer listed. */
  readonly touch: () => Promise<boolean>;
  /** Removes the window from the list. */
  readonly remove: () => Promise<void>;
}

/** The key, or why there is none: terminal access is off, or others could have written or read the file. */
export type KeyResult = { readonly key: Buffer } | { readonly problem: 'off' | 'unsafe' };

/** The folder, as windows and the command use it. */
export class TerminalFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Creates the folder if needed, and makes it private. Other states than `private` mean that it can't be used. */
  async prepare(): Promise<FolderState> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
    return makePrivate(this.path);
  }

  /** Reads the key. Never rejects. */
  async readKey(): Promise<KeyResult> {
    const file = join(this.path, KEY_FILE);
    try {
      const state = await folderState(this.path);
      if (state !== 'private') {
        return { problem: state === 'absent' ? 'off' : 'unsafe' };
      }
      const found = await lstat(file);
      const isPrivate =
        process.platform === 'win32' || (found.uid === process.getuid?.() && (found.mode & 0o077) === 0);
      if (!found.isFile() || !isPrivate) {
        return { problem: 'unsafe' };
      }
      const key = Buffer.from(await readFile(file, 'utf8'), 'hex');
      return key.length === KEY_LENGTH ? { key } : { problem: 'unsafe' };
    } catch (error) {
      return { problem: isMissing(error) ? 'off' : 'unsafe' };
    }
  }

  /**
   * Creates the key if there is none, or an unsafe one. Of concurrent windows, all end up with the same key.
   * @throws the error of the file system.
   */
  async createKey(): Promise<void> {
    const result = await this.readKey();
    const key = newNonce().toString('hex');
    if ('key' in result) {
      return;
    }
    if (result.problem === 'unsafe') {
      // Others may know it.
      await replaceFile(join(this.path, KEY_FILE), key, 0o600);
    } else {
      await nodeSharedFolder(this.path).create(KEY_FILE, key);
    }
  }

  /** Deletes the key, so that no window answers. Never rejects. */
  async deleteKey(): Promise<void> {
    await rm(join(this.path, KEY_FILE), { force: true }).catch(() => {});
  }

  /**
   * Lists a window.
   * @throws the error of the file system.
   */
  async addWindow({ address, id }: ListedWindow): Promise<WindowListing> {
    const file = join(this.path, `${id}.${newNonce().toString('hex').slice(0, 16)}${EXTENSION}`);
    await replaceFile(file, address, 0o600);
    return {
      touch: () => {
        const now = systemClock.now() / 1000;
        return utimes(file, now, now).then(
          () => true,
          () => false,
        );
      },
      remove: () => rm(file, { force: true }).catch(() => {}),
    };
  }

  /**
   * Returns the windows, those with this ID first, and then the most recently used ones. Never rejects.
   * @param id the window of the terminal; undefined if it's unknown.
   */
  async listWindows(id: string | undefined): Promise<(ListedWindow & Pick<WindowListing, 'remove'>)[]> {
    const names = await readdir(this.path).catch(() => []);
    const found = await Promise.all(names.map((name) => this.#readWindow(name)));
    return found
      .filter((window) => window !== undefined)
      .sort((one, other) => Number(other.id === id) - Number(one.id === id) || other.usedAt - one.usedAt);
  }

  async #readWindow(
    name: string,
  ): Promise<(ListedWindow & Pick<WindowListing, 'remove'> & { usedAt: number }) | undefined> {
    const [id = ''] = name.split('.');
    if (!name.endsWith(EXTENSION) || !WINDOW_ID_PATTERN.test(id)) {
      return undefined;
    }
    const file = join(this.path, name);
    try {
      const { mtimeMs: usedAt, size } = await stat(file);
      const address = size > MAX_ADDRESS_LENGTH ? '' : await readFile(file, 'utf8');
      return { id, address, usedAt, remove: () => rm(file, { force: true }).catch(() => {}) };
    } catch {
      // The window was closed in the meantime.
      return undefined;
    }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
