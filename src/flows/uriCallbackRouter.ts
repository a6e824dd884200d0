// The redirect by a link to the editor: RFC 8252 section 7.1. VS Code gives the link to the window that was used last, so
// the answer goes on to the window that waits for it, through the folder that all windows share.
import { DAY, SECOND, type Clock, type Disposable } from '../core/clock.ts';
import { toFailure } from '../core/failure.ts';
import type { Log } from '../core/log.ts';
import { answerParameters } from './answer.ts';
import type { Redirect } from './redirect.ts';

/** The path of the link, which also tells it from other links to the extension. */
export const LINK_PATH = '/callback';

/** The endings of the files: that somebody waits, and what has arrived for them. */
const WAITS = '.waits';
const ANSWER = '.answer';
/** How often, in ms, the one who waits looks whether another window has got the answer. */
const PACE = SECOND;
/** How long, in ms, the folder may take, be it to let the other windows know who waits or to clear up; after that it goes on without them. */
const FOLDER_PATIENCE = 2 * SECOND;
/** After how long, in ms, what a window has left behind that died while it waited is taken away. */
const STALE = DAY;
/** The longest answer that is passed on, in characters. */
const LONGEST_ANSWER = 16 * 1024;

/** What passing answers on needs from around it. */
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
 * Where answers arrive that come by a link. A file is named after a hash of the request's `state`, and what is in it is
 * sealed with another hash of it: only who knows the `state` can find it and read the code in it.
 */
export class UriCallbackRouter {
  readonly #dependencies: UriCallbackRouterDependencies;
  /** Who waits in this window, by `state`. */
  readonly #waiting = new Map<string, (parameters: URLSearchParams) => void>();
  /** That the other windows have been told of who waits, by `state`. */
  readonly #told = new Map<string, Promise<void>>();

  constructor(ports: UriCallbackRouterDependencies) {
    this.#dependencies = ports;
  }

  /** The redirect for one sign-in, by a link to the editor. */
  redirect(redirectUri: string): Redirect {
    return {
      redirectUri,
      answer: (isAnswer, signal, state) => this.#wait(isAnswer, signal, state),
      ready: (state) => this.#atMost(this.#told.get(state)),
      // The browser has handed over to the editor; what it shows is the server's page.
      finish() {},
    };
  }

  /** Takes a link's query. An answer that nobody waits for is thrown away. */
  async arrived(query: string): Promise<void> {
    const { cipher, folder, log } = this.#dependencies;
    const parameters = answerParameters(query);
    const [state = '', ...others] = parameters.getAll('state');
    const take = this.#waiting.get(state);
    if (state === '' || others.length > 0 || query.length > LONGEST_ANSWER) {
      log.info('A link to the editor has arrived that is no answer to a sign-in.');
    } else if (take !== undefined) {
      take(parameters);
    } else {
      try {
        const { key, name } = await namesOf(state);
        if ((await folder.read(name + WAITS)) === undefined) {
          log.info('An answer has arrived by a link to the editor that nobody waits for.');
          return;
        }
        await folder.write(name + ANSWER, await cipher.seal(key, parameters.toString(), name));
        if ((await folder.read(name + WAITS)) === undefined) {
          // Who waited has stopped meanwhile, and has taken away only what was there.
          await folder.delete(name + ANSWER);
          log.info('An answer has arrived by a link to the editor that nobody waits for any more.');
          return;
        }
        log.info('An answer has arrived by a link to the editor, and is passed on to the window that waits for it.');
      } catch (error) {
        log.warn(
          `An answer that has arrived by a link to the editor could not be passed on: ${toFailure(error).message}.`,
        );
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
    // From here on, without a pause: where the person is signed in at the server, the answer is there in no time.
    const names = namesOf(state);
    const answer = new Promise<URLSearchParams>((resolve, reject) => {
      const take = (parameters: URLSearchParams): void => {
        if (isAnswer(parameters)) {
          resolve(parameters);
        }
      };
      const look = (): void => {
        void this.#passedOn(names).then((parameters) => {
          if (parameters !== undefined) {
            take(parameters);
          }
          if (this.#waiting.has(state)) {
            timer = clock.after(PACE, look);
          }
        });
      };
      this.#waiting.set(state, take);
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      look();
    });
    // Handled below, where it is waited for.
    answer.catch(() => {});
    try {
      this.#told.set(state, this.#tell(names));
      return await answer;
    } finally {
      this.#waiting.delete(state);
      timer?.dispose();
      // What comes to be written late is taken away, too, but nobody is kept waiting for that.
      const told = this.#told.get(state);
      this.#told.delete(state);
      void told?.then(() => this.#clear(names));
      await this.#atMost(this.#clear(names));
    }
  }

  /** Waits for something that the folder does, but not for one that hangs. */
  async #atMost(work: Promise<void> | undefined): Promise<void> {
    let timer: Disposable | undefined;
    const enough = new Promise<void>((resolve) => (timer = this.#dependencies.clock.after(FOLDER_PATIENCE, resolve)));
    await Promise.race([work, enough]);
    timer?.dispose();
  }

  /** Tells the other windows that this one waits. Never rejects. */
  async #tell(names: Promise<Names>): Promise<void> {
    const { clock, folder, log } = this.#dependencies;
    await this.cleanUp();
    try {
      await folder.write((await names).name + WAITS, String(clock.now()));
    } catch (error) {
      // The answer still arrives if VS Code gives it to this window.
      log.warn(`Other windows cannot be told that this one waits for an answer: ${toFailure(error).message}.`);
    }
  }

  async #clear(names: Promise<Names>): Promise<void> {
    const { folder } = this.#dependencies;
    const { name } = await names;
    await Promise.all([WAITS, ANSWER].map((ending) => folder.delete(name + ending).catch(() => {})));
  }

  async #passedOn(names: Promise<Names>): Promise<URLSearchParams | undefined> {
    const { cipher, folder } = this.#dependencies;
    try {
      const { key, name } = await names;
      const sealed = await folder.read(name + ANSWER);
      const opened = sealed === undefined ? undefined : await cipher.open(key, sealed, name);
      return opened === undefined ? undefined : new URLSearchParams(opened);
    } catch {
      return undefined;
    }
  }

  /** Takes away what windows have left behind that died while they waited, or while they passed an answer on. Never rejects. */
  async cleanUp(): Promise<void> {
    const { clock, folder } = this.#dependencies;
    try {
      const files = await folder.list();
      for (const file of files.filter((one) => one.endsWith(WAITS))) {
        if (!(Math.abs(clock.now() - Number(await folder.read(file))) < STALE)) {
          await Promise.all([folder.delete(file), folder.delete(nameOf(file, WAITS) + ANSWER)]);
        }
      }
      // Who waits says so before there is any answer.
      const orphans = files.filter((one) => one.endsWith(ANSWER) && !files.includes(nameOf(one, ANSWER) + WAITS));
      await Promise.all(orphans.map((file) => folder.delete(file)));
    } catch {
      // The next start, or the next sign-in, sweeps again.
    }
  }
}

/** What a file is named after, without its ending. */
function nameOf(file: string, ending: string): string {
  return file.slice(0, -ending.length);
}

/** A query of which VS Code has undone the percent-encoding: what stands for itself now is encoded again. A "+" may have been one or a space. */
export function reencodeQuery(query: string): string {
  return query.replaceAll('%', '%25');
}

/** The name of an answer's files, and the key that seals it. */
interface Names {
  readonly name: string;
  readonly key: string;
}

/** Under which name an answer is kept, and with which key it is sealed; neither tells the `state`, nor the other. */
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
