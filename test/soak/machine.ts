// What the windows of one machine share beside the secrets: a folder, and knowing of each other whether they live.
import type { Cipher } from '../../src/storage/cipher.ts';
import type { Folder } from '../../src/locking/sharedFolder.ts';
import type { ProcessLiveness } from '../../src/locking/processLiveness.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';
import type { Time } from './time.ts';

/** How likely a call that changes something takes time, and one that only looks. */
const WRITING = 0.3;
const READING = 0.02;

interface Watcher {
  readonly process: Process;
  readonly tell: (name: string) => void;
}

/** The folder on the disk. */
export class SharedFolder {
  readonly files = new Map<string, string>();
  /** Whether every call rejects; `writing`: those that would change something. */
  failing: false | 'writing' | 'all' = false;
  /** How often it has begun to fail. */
  failures = 0;
  /** Told of each write, with who did it. */
  onWrite: (name: string, text: string, by: Process) => void = () => {};
  readonly #time: Time;
  readonly #random: Random;
  #watchers: Watcher[] = [];

  constructor(time: Time, random: Random) {
    this.#time = time;
    this.#random = random;
  }

  /** The folder as one process has it. */
  view(process: Process): Folder {
    const look = <T>(effect: () => T): Promise<T> => process.call(() => this.#pass(false, effect), READING);
    const change = <T>(effect: () => T): Promise<T> => process.call(() => this.#pass(true, effect), WRITING);
    return {
      list: () => look(() => [...this.files.keys()]),
      read: (name) => look(() => this.files.get(name)),
      write: (name, text) => change(() => this.#put(name, text, process)),
      create: (name, text) =>
        change(() => {
          if (this.files.has(name)) {
            return false;
          }
          this.#put(name, text, process);
          return true;
        }),
      delete: (name) =>
        change(() => {
          if (this.files.delete(name)) {
            this.#tell(name);
          }
        }),
      watch: (tell) => {
        const watcher = { process, tell };
        this.#watchers.push(watcher);
        return { dispose: () => (this.#watchers = this.#watchers.filter((one) => one !== watcher)) };
      },
    };
  }

  #pass<T>(isWriting: boolean, effect: () => T): T {
    if (this.failing === 'all' || (isWriting && this.failing === 'writing')) {
      throw new Error('EROFS: read-only file system');
    }
    return effect();
  }

  #put(name: string, text: string, by: Process): void {
    this.files.set(name, text);
    this.onWrite(name, text, by);
    this.#tell(name);
  }

  #tell(name: string): void {
    this.#watchers = this.#watchers.filter(({ process }) => !process.isDead);
    for (const { process, tell } of this.#watchers) {
      const times = this.#random.weighted([
        [92, 1],
        [4, 0],
        [4, 2],
      ]);
      for (let time = 0; time < times; time += 1) {
        const delay = this.#random.chance(0.05) ? this.#random.wide(100, 3000) : this.#random.wide(1, 40);
        this.#time.afterAwake(delay, () => process.deliver(() => tell(name)));
      }
    }
  }
}

/** Which processes show a sign of life. */
export class Living {
  readonly #signs = new Map<string, Process>();
  #count = 0;

  /** The signs as one process gives and sees them. */
  view(process: Process): ProcessLiveness {
    return {
      register: () =>
        process.call(() => {
          const token = `${process.name}-${(this.#count += 1)}`;
          this.#signs.set(token, process);
          return { token, name: process.name, dispose: () => void (process.isDead || this.#signs.delete(token)) };
        }, READING),
      isAlive: (token) => process.call(() => this.#signs.has(token), READING),
      isResponding: (token) => process.call(() => this.#signs.has(token), READING),
    };
  }

  /** Puts out the signs of a process that has ended. */
  end(process: Process): void {
    for (const [sign, owner] of this.#signs) {
      if (owner === process) {
        this.#signs.delete(sign);
      }
    }
  }
}

/** A cipher that keeps nothing secret, but opens only what belongs together. The real one is tested elsewhere. */
export function plainCipher(random: Random): Cipher {
  return {
    newKey: () => ({ name: random.whole(0, 2 ** 32).toString(16), key: random.whole(0, 2 ** 40).toString(16) }),
    seal: (key, text, about) => Promise.resolve(`${key}|${about}|${text}`),
    open: (key, sealed, about) => Promise.resolve(opened(key, sealed, about)),
  };
}

function opened(key: string, sealed: string, about: string): string | undefined {
  const head = `${key}|${about}|`;
  return sealed.startsWith(head) ? sealed.slice(head.length) : undefined;
}
