// One file per session in the folder that all windows share: SecretStorage lags between desktop windows and never
// updates between browser windows. Each change creates the file of the next revision, which only one window can do, and
// deletes the older ones. No window overwrites what another has just written, and no lock is needed.
import { delay, SECOND, type Clock } from '../core/clock.ts';
import type { Event } from '../core/emitter.ts';
import { toFailure } from '../core/failure.ts';
import type { Log } from '../core/log.ts';
import { formatRecord, parseRecord, type SessionRecord } from '../core/session.ts';
import { Mutex } from '../locking/mutex.ts';
import { MAX_FILE_NUMBER, parseFileNumber, type SharedFolder } from '../locking/sharedFolder.ts';
import type { Cipher } from './cipher.ts';
import type { EncryptionKeys } from './encryptionKeys.ts';
import { findAuthenticationKey, formatSessionFile, readSessionFile } from './headerAuthentication.ts';
import { headerOf, isTombstone, withRecord, type SessionFile, type SessionHeader } from './sessionFile.ts';

/** The dependencies of the session files. */
export interface SessionFilesDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly folder: SharedFolder;
  readonly cipher: Cipher;
  readonly keys: EncryptionKeys;
}

const NAME = /^([A-Za-z0-9-]+)\.(\d+)\.session$/;
/** How often to attempt a change while other windows change the same file. */
const MAX_ATTEMPTS = 20;
/**
 * How long, in ms, an empty file may still be in the process of being written, and the interval between two checks.
 * After that, its window counts as ended. If it was only stopped and resumes just while another one replaces the file,
 * its change is lost. Only file systems without hard links show a file while it's empty.
 */
const WRITING_TIME = 500;
const WRITING_INTERVAL = 100;

/**
 * How long, in ms, to keep another window's tombstone whose key isn't visible yet, and the interval between two checks:
 * SecretStorage lags. After that, it counts as forged.
 */
const KEY_LAG = 5 * SECOND;
const KEY_INTERVAL = 250;

/** What was read of a session. */
interface Revision {
  /** The number of the newest revision; 0 if there is none. */
  readonly number: number;
  /** Its content, or that of the newest readable one; undefined if none is readable. */
  readonly file: SessionFile | undefined;
  /** The numbers of the revisions that it replaces, unless it's unreadable. */
  readonly older: readonly number[];
  /** Whether the newest one is a tombstone with an authentication code that this window can't verify now. */
  readonly isUnverifiedTombstone: boolean;
}

/** The session files. They never throw: folder errors are logged, and the session continues without files. */
export class SessionFiles {
  readonly #dependencies: SessionFilesDependencies;
  readonly #mutex = new Mutex();
  readonly #problems = new Set<string>();

  constructor(dependencies: SessionFilesDependencies) {
    this.#dependencies = dependencies;
  }

  /** Fires with the ID of a session whose file may have changed, if the platform reports it. */
  get onDidChange(): Event<string> {
    return (listener) =>
      this.#dependencies.folder.watch((name) => {
        const id = sessionIdOf(name);
        if (id !== undefined) {
          listener(id);
        }
      });
  }

  /** Returns all readable files, by session ID. */
  async list(): Promise<Map<string, SessionFile>> {
    const files = await Promise.all((await this.listIds()).map(async (id) => [id, await this.read(id)] as const));
    return new Map(files.flatMap(([id, file]) => (file === undefined ? [] : [[id, file]])));
  }

  /** Returns the IDs of all sessions that have files, including unreadable ones. */
  async listIds(): Promise<string[]> {
    const names = (await this.#attempt('list', () => this.#dependencies.folder.list())) ?? [];
    return [...new Set(names.map(sessionIdOf).filter((id) => id !== undefined))];
  }

  /** Returns the file of a session; undefined if there is no readable one. */
  async read(id: string): Promise<SessionFile | undefined> {
    return (await this.#attempt('read', () => this.#newest(id)))?.file;
  }

  /**
   * Changes the file of a session, based on its current content.
   * @param change returns the next content, or undefined to keep the file. It can be called more than once.
   * @returns whether the file is now up to date.
   */
  async update(id: string, change: (file: SessionFile | undefined) => SessionFile | undefined): Promise<boolean> {
    const isDone = await this.#attempt('write', () => this.#mutex.runExclusive(id, () => this.#update(id, change)));
    return isDone === true;
  }

  /**
   * Writes an encrypted record.
   * @returns whether other windows can read it, or a newer one.
   */
  async write(record: SessionRecord): Promise<boolean> {
    const sealed = await this.#seal(record);
    const isWritten = await this.update(record.id, (file) => withRecord(file, record, sealed));
    return isWritten && sealed !== undefined;
  }

  /**
   * Records a sign-out at a time in ms since the Unix epoch.
   * @returns whether other windows can verify it, which requires a key.
   */
  async writeTombstone(id: string, signedOutAt: number): Promise<boolean> {
    const isWritten = await this.update(id, (file) => (isTombstone(file) ? undefined : { version: 1, signedOutAt }));
    return isWritten && isTombstone(await this.read(id));
  }

  /** Returns the record in a file; undefined if this window can't decrypt one. */
  async open(id: string, file: SessionFile | undefined): Promise<SessionRecord | undefined> {
    const { cipher, keys, log } = this.#dependencies;
    const sealed = headerOf(file)?.sealed;
    if (sealed === undefined) {
      return undefined;
    }
    try {
      const key = await keys.get(sealed.key);
      const text = key === undefined ? undefined : await cipher.open(key, sealed.text, id);
      const parsed = text === undefined ? undefined : parseRecord(text);
      return parsed?.kind === 'record' && parsed.record.id === id ? parsed.record : undefined;
    } catch (error) {
      log.warn(`Couldn't decrypt the file of session ${id.slice(0, 8)}: ${toFailure(error).message}.`);
      return undefined;
    }
  }

  /**
   * Returns whether a session was encrypted with a key that this editor never had, so that it belongs to another editor
   * that shares the folder.
   */
  async isOfAnotherEditor(id: string): Promise<boolean> {
    const sealed = headerOf(await this.read(id))?.sealed;
    return sealed !== undefined && !(await this.#dependencies.keys.isOwn(sealed.key));
  }

  /** Deletes the file of a session. */
  async delete(id: string): Promise<void> {
    await this.#attempt('delete', async () => this.#deleteAll(id, await this.#revisions(id)));
  }

  async #update(id: string, change: (file: SessionFile | undefined) => SessionFile | undefined): Promise<boolean> {
    const { folder } = this.#dependencies;
    for (let attempt = 1, waited = 0; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const { number, older, file, isUnverifiedTombstone } = await this.#newest(id);
      if (isUnverifiedTombstone && waited < KEY_LAG) {
        await delay(this.#dependencies.clock, KEY_INTERVAL);
        waited += KEY_INTERVAL;
        attempt -= 1;
        continue;
      }
      const next = change(file);
      if (next === undefined) {
        await this.#deleteAll(id, older).catch(() => {});
        return true;
      }
      if (number >= MAX_FILE_NUMBER) {
        // No session changes that often, so the file isn't ours. It would keep later ones from being the newest.
        await folder.delete(nameOf(id, number));
        continue;
      }
      const name = nameOf(id, number + 1);
      const key = await this.#attempt('authenticate', () => findAuthenticationKey(file, next, this.#dependencies.keys));
      if (!(await folder.create(name, formatSessionFile(name, next, key, this.#dependencies.cipher)))) {
        continue;
      }
      // A window with an outdated list can create a revision that was already deleted. The later ones reveal that. If
      // all of those were replaced during the listing, this one was deleted before them.
      const numbers = await this.#revisions(id);
      if (numbers.every((one) => one <= number + 1) && (await folder.read(name)) !== undefined) {
        await this.#deleteAll(
          id,
          numbers.filter((one) => one <= number),
        ).catch(() => {});
        return true;
      }
    }
    throw new Error('other windows keep changing the file');
  }

  /** Deletes revisions, oldest first, so that the newer ones remain if it fails. */
  async #deleteAll(id: string, numbers: readonly number[]): Promise<void> {
    for (const number of [...numbers].sort((one, other) => one - other)) {
      await this.#dependencies.folder.delete(nameOf(id, number));
    }
  }

  async #newest(id: string): Promise<Revision> {
    for (let waited = 0, newest = 0; ; waited += WRITING_INTERVAL) {
      const numbers = await this.#revisions(id);
      const [number = 0] = numbers;
      waited = number === newest ? waited : 0;
      newest = number;
      const texts = await Promise.all(numbers.map((one) => this.#dependencies.folder.read(nameOf(id, one))));
      // A missing file was replaced. An empty one is being written, unless its window has ended.
      const isChanging = texts[0] === undefined || texts[0] === '';
      if (number === 0 || !isChanging || waited >= WRITING_TIME) {
        return await this.#parse(id, numbers, texts);
      }
      if (texts[0] === '') {
        await delay(this.#dependencies.clock, WRITING_INTERVAL);
      }
    }
  }

  async #parse(id: string, numbers: readonly number[], texts: readonly (string | undefined)[]): Promise<Revision> {
    const { cipher, keys } = this.#dependencies;
    const [number = 0, ...older] = numbers;
    const read = await Promise.all(
      texts.map(async (text, index) =>
        text === undefined ? undefined : readSessionFile(nameOf(id, numbers[index] ?? 0), text, keys, cipher),
      ),
    );
    const files = read.map((file) => (isTombstone(file) && file.isUnverified === true ? undefined : file));
    const isUnusable = texts.some((text, index) => text !== undefined && files[index] === undefined);
    this.#warnOnce(
      `file ${id}`,
      isUnusable ? `A file of session ${id.slice(0, 8)} is damaged or belongs to another editor.` : undefined,
    );
    const file = files.find((one) => one !== undefined);
    const isUnverifiedTombstone = files[0] === undefined && read[0]?.mac !== undefined;
    return { number, file, older: files[0] === undefined ? [] : older, isUnverifiedTombstone };
  }

  /** Returns the revision numbers of a session, newest first. */
  async #revisions(id: string): Promise<number[]> {
    for (let isRepeated = false; ; isRepeated = true) {
      const matches = (await this.#dependencies.folder.list()).map((name) => NAME.exec(name));
      const numbers = matches
        .map((match) => (match?.[1] === id ? parseFileNumber(match[2]) : undefined))
        .filter((number) => number !== undefined);
      // A list made while another window replaces the file may include neither the old one nor the new one.
      if (numbers.length > 0 || isRepeated) {
        return numbers.sort((one, other) => other - one);
      }
    }
  }

  async #seal(record: SessionRecord): Promise<SessionHeader['sealed']> {
    const { cipher, keys } = this.#dependencies;
    return this.#attempt('encrypt', async () => {
      const { name, key } = await keys.current();
      return { key: name, text: await cipher.seal(key, formatRecord(record), record.id) };
    });
  }

  async #attempt<T>(operation: string, run: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await run();
      this.#warnOnce(operation, undefined);
      return result;
    } catch (error) {
      const { message } = toFailure(error);
      this.#warnOnce(operation, `Unable to ${operation} session files for other windows: ${message}.`);
      return undefined;
    }
  }

  /** Logs a problem when it begins. Files are read frequently. */
  #warnOnce(about: string, message: string | undefined): void {
    if (message === undefined) {
      this.#problems.delete(about);
    } else if (!this.#problems.has(about)) {
      this.#problems.add(about);
      this.#dependencies.log.warn(message);
    }
  }
}

/** Returns the ID of the session that a file belongs to; undefined for other files. */
function sessionIdOf(name: string): string | undefined {
  return NAME.exec(name)?.[1];
}

function nameOf(id: string, number: number): string {
  return `${id}.${number}.session`;
}
