// One file per session in the folder that all windows share: SecretStorage lags behind between desktop windows, and
// never updates between browser windows. Each change creates the file of the next revision, which only one window can,
// and deletes the older ones: no window overwrites what another has just written, and no lock is needed.
import type { Clock } from '../core/clock.ts';
import type { Event } from '../core/emitter.ts';
import { toFailure } from '../core/failure.ts';
import type { Log } from '../core/log.ts';
import { formatRecord, parseRecord, type SessionRecord } from '../core/session.ts';
import { Mutex } from '../locking/mutex.ts';
import type { Folder } from '../locking/sharedFolder.ts';
import type { Cipher } from './cipher.ts';
import type { EncryptionKeys } from './encryptionKeys.ts';
import { headerOf, parseSessionFile, withRecord, type SessionFile, type SessionHeader } from './sessionFile.ts';

/** What the session files work with. */
export interface SessionFilesDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly folder: Folder;
  readonly cipher: Cipher;
  readonly keys: EncryptionKeys;
}

const NAME = /^([A-Za-z0-9-]+)\.(\d+)\.session$/;
/** How often a change is attempted while other windows change the same file. */
const MAX_ATTEMPTS = 20;
/** How long, in ms, an empty file may be one that is just being written, and the time between two looks at it. */
const WRITING_TIME = 500;
const WRITING_INTERVAL = 100;

/** What is read of a session: the newest revision there is, and its content. */
interface Revision {
  readonly number: number;
  /** Undefined if there is no file that can be read. */
  readonly file: SessionFile | undefined;
}

/** The session files. They never throw: if the folder fails, that is logged, and the session goes on without. */
export class SessionFiles {
  readonly #dependencies: SessionFilesDependencies;
  readonly #mutex = new Mutex();
  readonly #problems = new Set<string>();

  constructor(dependencies: SessionFilesDependencies) {
    this.#dependencies = dependencies;
  }

  /** Fires with the id of a session whose file may have changed, as far as the platform reports it. */
  get onDidChange(): Event<string> {
    return (listener) =>
      this.#dependencies.folder.watch((name) => {
        const id = sessionIdOf(name);
        if (id !== undefined) {
          listener(id);
        }
      });
  }

  /** All files that can be read, by session id. */
  async list(): Promise<Map<string, SessionFile>> {
    const names = (await this.#attempt('list', () => this.#dependencies.folder.list())) ?? [];
    const ids = new Set(names.map(sessionIdOf).filter((id) => id !== undefined));
    const files = await Promise.all([...ids].map(async (id) => [id, await this.read(id)] as const));
    return new Map(files.flatMap(([id, file]) => (file === undefined ? [] : [[id, file]])));
  }

  /** The file of a session; undefined if there is none that can be read. */
  async read(id: string): Promise<SessionFile | undefined> {
    return (await this.#attempt('read', () => this.#newest(id)))?.file;
  }

  /**
   * Changes the file of a session, based on what it contains at that moment.
   * @param change gives the next content; undefined if the file is to stay as it is. It can be called more than once.
   * @returns whether the file is now as it should be.
   */
  async update(id: string, change: (file: SessionFile | undefined) => SessionFile | undefined): Promise<boolean> {
    const isDone = await this.#attempt('write', () => this.#mutex.runExclusive(id, () => this.#update(id, change)));
    return isDone === true;
  }

  /**
   * Writes a record, encrypted.
   * @returns whether other windows can read it, or a newer one.
   */
  async write(record: SessionRecord): Promise<boolean> {
    const sealed = await this.#seal(record);
    const isWritten = await this.update(record.id, (file) => withRecord(file, record, sealed));
    return isWritten && sealed !== undefined;
  }

  /** The record in a file; undefined if there is none, or none that this window can decrypt. */
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
      log.warn(`The file of session ${id.slice(0, 8)} couldn't be decrypted: ${toFailure(error).message}.`);
      return undefined;
    }
  }

  /** Whether a session was encrypted with a key that this editor never had: it belongs to another one that shares the folder. */
  async isOfAnotherEditor(id: string): Promise<boolean> {
    const sealed = headerOf(await this.read(id))?.sealed;
    return sealed !== undefined && !(await this.#dependencies.keys.isOwn(sealed.key));
  }

  /** Deletes the file of a session. */
  async delete(id: string): Promise<void> {
    const { folder } = this.#dependencies;
    await this.#attempt('delete', async () => {
      await Promise.all((await this.#revisions(id)).map((number) => folder.delete(nameOf(id, number))));
    });
  }

  async #update(id: string, change: (file: SessionFile | undefined) => SessionFile | undefined): Promise<boolean> {
    const { folder } = this.#dependencies;
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const { number, file } = await this.#newest(id);
      const next = change(file);
      if (next === undefined) {
        return true;
      }
      if (!(await folder.create(nameOf(id, number + 1), JSON.stringify(next)))) {
        continue;
      }
      const numbers = await this.#revisions(id);
      // A window that has read the folder long ago can create a revision that is long past and deleted.
      if (numbers.every((one) => one <= number + 1)) {
        const past = numbers.filter((one) => one <= number);
        await Promise.all(past.map((one) => folder.delete(nameOf(id, one)).catch(() => {})));
        return true;
      }
    }
    throw new Error('other windows keep changing the file');
  }

  /** The newest revision whose content can be read, with the number of the newest one. */
  async #newest(id: string): Promise<Revision> {
    for (let waited = 0; ; waited += WRITING_INTERVAL) {
      const numbers = await this.#revisions(id);
      const texts = await Promise.all(numbers.map((number) => this.#dependencies.folder.read(nameOf(id, number))));
      // A file that is gone was replaced since; an empty one is being written, unless its window has ended.
      const isChanging = texts[0] === undefined || texts[0] === '';
      if (numbers.length === 0 || !isChanging || waited >= WRITING_TIME) {
        return { number: numbers[0] ?? 0, file: this.#firstReadable(id, texts) };
      }
      if (texts[0] === '') {
        await new Promise<void>((resolve) => this.#dependencies.clock.after(WRITING_INTERVAL, resolve));
      }
    }
  }

  #firstReadable(id: string, texts: readonly (string | undefined)[]): SessionFile | undefined {
    for (const text of texts) {
      const file = text === undefined ? undefined : parseSessionFile(text);
      if (file !== undefined) {
        this.#warnOnce(`file ${id}`, undefined);
        return file;
      }
      if (text !== undefined) {
        this.#warnOnce(`file ${id}`, `The file of session ${id.slice(0, 8)} is damaged.`);
      }
    }
    return undefined;
  }

  /** The numbers of the revisions of a session, the newest one first. */
  async #revisions(id: string): Promise<number[]> {
    const matches = (await this.#dependencies.folder.list()).map((name) => NAME.exec(name));
    const numbers = matches.flatMap((match) => (match?.[1] === id ? [Number(match[2])] : []));
    return numbers.sort((one, other) => other - one);
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

  /** Logs a problem when it begins. Files are read all the time. */
  #warnOnce(about: string, message: string | undefined): void {
    if (message === undefined) {
      this.#problems.delete(about);
    } else if (!this.#problems.has(about)) {
      this.#problems.add(about);
      this.#dependencies.log.warn(message);
    }
  }
}

/** The id of the session that a file is about; undefined for other files. */
function sessionIdOf(name: string): string | undefined {
  return NAME.exec(name)?.[1];
}

function nameOf(id: string, number: number): string {
  return `${id}.${number}.session`;
}
