// Callbacks through a URI of the editor: RFC 8252 section 7.1. VS Code passes the URI to the window that was used last, so
// the callback is forwarded to the window that waits for it, through a folder that all windows share.
import { DAY, SECOND, type Clock, type Disposable } from '../core/clock.ts';
import { toFailure } from '../core/failure.ts';
import type { Log } from '../core/log.ts';
import { answerParameters } from './answer.ts';
import { callbackQuery } from './callbackUri.ts';
import type { RedirectReceiver } from './redirectReceiver.ts';

/** The file extensions, for a window that waits for a callback, and for a callback that another window has received. */
const PENDING = '.pending';
const CALLBACK = '.callback';
/** How often, in ms, a waiting window checks whether another one has received the callback. */
const POLL_INTERVAL = SECOND;
/** How long, in ms, to wait for an operation in the folder, including announcements and cleanup. */
const FOLDER_TIMEOUT = 2 * SECOND;
/** The age, in ms, at which the files of a window that ended while it waited are deleted. */
const STALE_AFTER = DAY;
/** The maximum length of a query, in characters. */
const MAX_QUERY_LENGTH = 16 * 1024;

/** The dependencies of the router. */
export interface UriCallbackRouterDependencies {
  readonly clock: Clock;
  readonly log: Log;
  /** A folder of small files that all windows share; its calls may reject. */
  readonly folder: {
    list(): Promise<string[]>;
    read(name: string): Promise<string | undefined>;
    write(name: string, text: string): Promise<void>;
    delete(name: string): Promise<void>;
  };
  /** Authenticated encryption with a key of 32 bytes in Base64. */
  readonly cipher: {
    seal(key: string, text: string, about: string): Promise<string>;
    open(key: string, sealed: string, about: string): Promise<string | undefined>;
  };
}

/**
 * Routes each callback to the sign-in that waits for it, in any window. A file is named after a hash of the request's
 * `state`, and its content is encrypted with another hash of it, so finding the file and reading the code in it require
 * the `state`.
 */
export class UriCallbackRouter {
  readonly #dependencies: UriCallbackRouterDependencies;
  /** The waiting sign-ins of this window, by `state`. */
  readonly #waiting = new Map<string, (parameters: URLSearchParams) => void>();
  /** The announcements to the other windows, by `state`. */
  readonly #announced = new Map<string, Promise<void>>();

  constructor(dependencies: UriCallbackRouterDependencies) {
    this.#dependencies = dependencies;
  }

  /** The receiver for one sign-in. */
  createReceiver(redirectUri: string): RedirectReceiver {
    return {
      redirectUri,
      waitForCallback: (isAnswer, signal, state) => this.#wait(isAnswer, signal, state),
      ready: (state) => this.#waitBriefly(this.#announced.get(state)),
      // The browser has opened the editor; it still shows the server's page.
      respond() {},
    };
  }

  /**
   * Handles a URI that this window has received. URIs that aren't callbacks, and callbacks that no sign-in waits for, are
   * ignored.
   * @param uri the result of `vscode.Uri.toString()`.
   * @param isDecoded whether the editor has decoded the components, as it does on the desktop, but not in a browser.
   */
  async handleCallback(uri: string, isDecoded: boolean): Promise<void> {
    const { cipher, folder, log } = this.#dependencies;
    const query = callbackQuery(uri, isDecoded);
    if (query === undefined) {
      return;
    }
    const parameters = answerParameters(query);
    const [state = '', ...others] = parameters.getAll('state');
    const resolve = this.#waiting.get(state);
    if (state === '' || others.length > 0 || query.length > MAX_QUERY_LENGTH) {
      log.info('Ignored a URI that is not the callback of a sign-in.');
    } else if (resolve !== undefined) {
      resolve(parameters);
    } else {
      try {
        const { key, name } = await namesOf(state);
        if ((await folder.read(name + PENDING)) === undefined) {
          log.info('Ignored a URI callback that no sign-in is waiting for.');
          return;
        }
        await folder.write(name + CALLBACK, await cipher.seal(key, parameters.toString(), name));
        if ((await folder.read(name + PENDING)) === undefined) {
          // The other window has stopped waiting, and has deleted only the files that existed then.
          await folder.delete(name + CALLBACK);
          log.info('Ignored a URI callback that no sign-in is waiting for anymore.');
          return;
        }
        log.info('Received a URI callback and forwarded it to the window that is waiting for it.');
      } catch (error) {
        log.warn(`Couldn't forward a URI callback to the window that is waiting for it: ${toFailure(error).message}.`);
      }
    }
  }

  async #wait(
    isAnswer: (parameters: URLSearchParams) => boolean,
    signal: AbortSignal,
    state: string,
  ): Promise<URLSearchParams> {
    signal.throwIfAborted();
    const { clock } = this.#dependencies;
    let timer: Disposable | undefined;
    // Nothing asynchronous from here on: if the user is signed in at the server, the callback arrives immediately.
    const names = namesOf(state);
    const callback = new Promise<URLSearchParams>((resolve, reject) => {
      const resolveIfAnswer = (parameters: URLSearchParams): void => {
        if (isAnswer(parameters)) {
          resolve(parameters);
        }
      };
      const poll = (): void => {
        void this.#readPassedOn(names).then((parameters) => {
          if (parameters !== undefined) {
            resolveIfAnswer(parameters);
          }
          if (this.#waiting.has(state)) {
            timer = clock.after(POLL_INTERVAL, poll);
          }
        });
      };
      this.#waiting.set(state, resolveIfAnswer);
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      poll();
    });
    // Handled below, where it's awaited.
    callback.catch(() => {});
    try {
      this.#announced.set(state, this.#announce(names));
      return await callback;
    } finally {
      this.#waiting.delete(state);
      timer?.dispose();
      // A file that is written late is deleted, too, but without waiting for that.
      const announced = this.#announced.get(state);
      this.#announced.delete(state);
      void announced?.then(() => this.#deleteFiles(names));
      await this.#waitBriefly(this.#deleteFiles(names));
    }
  }

  /** Waits for an operation in the folder, up to a limit. */
  async #waitBriefly(work: Promise<void> | undefined): Promise<void> {
    let timer: Disposable | undefined;
    const enough = new Promise<void>((resolve) => (timer = this.#dependencies.clock.after(FOLDER_TIMEOUT, resolve)));
    await Promise.race([work, enough]);
    timer?.dispose();
  }

  /** Announces to the other windows that this one is waiting. Never rejects. */
  async #announce(names: Promise<Names>): Promise<void> {
    const { clock, folder, log } = this.#dependencies;
    await this.cleanUp();
    try {
      await folder.write((await names).name + PENDING, String(clock.now()));
    } catch (error) {
      // The callback still arrives if VS Code passes it to this window.
      log.warn(
        `Couldn't announce to other windows that this one is waiting for a URI callback: ${toFailure(error).message}.`,
      );
    }
  }

  async #deleteFiles(names: Promise<Names>): Promise<void> {
    const { folder } = this.#dependencies;
    const { name } = await names;
    await Promise.all([PENDING, CALLBACK].map((extension) => folder.delete(name + extension).catch(() => {})));
  }

  /** The callback that another window has received; undefined if there is none that can be decrypted. */
  async #readPassedOn(names: Promise<Names>): Promise<URLSearchParams | undefined> {
    const { cipher, folder } = this.#dependencies;
    try {
      const { key, name } = await names;
      const sealed = await folder.read(name + CALLBACK);
      const opened = sealed === undefined ? undefined : await cipher.open(key, sealed, name);
      return opened === undefined ? undefined : new URLSearchParams(opened);
    } catch {
      return undefined;
    }
  }

  /** Deletes the files of windows that ended while they waited or forwarded a callback. Never rejects. */
  async cleanUp(): Promise<void> {
    const { clock, folder } = this.#dependencies;
    try {
      const files = await folder.list();
      for (const file of files.filter((one) => one.endsWith(PENDING))) {
        if (!(Math.abs(clock.now() - Number(await folder.read(file))) < STALE_AFTER)) {
          await Promise.all([folder.delete(file), folder.delete(baseName(file, PENDING) + CALLBACK)]);
        }
      }
      // A window announces itself before there is any callback.
      const orphans = files.filter(
        (one) => one.endsWith(CALLBACK) && !files.includes(baseName(one, CALLBACK) + PENDING),
      );
      await Promise.all(orphans.map((file) => folder.delete(file)));
    } catch {
      // Cleanup is retried at the next start, or at the next sign-in.
    }
  }
}

/** The name of a file without its extension. */
function baseName(file: string, extension: string): string {
  return file.slice(0, -extension.length);
}

/** The name of a callback's files without extension, and the key that encrypts it. */
interface Names {
  readonly name: string;
  readonly key: string;
}

/** The name and the key for a `state`. Neither reveals the `state` or the other one. */
async function namesOf(state: string): Promise<Names> {
  const [name, key] = await Promise.all([hash(`name ${state}`), hash(`key ${state}`)]);
  return {
    name: [...name.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, '0')).join(''),
    key: btoa(String.fromCharCode(...key)),
  };
}

async function hash(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
}
