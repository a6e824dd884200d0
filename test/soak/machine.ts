// What the windows of one machine share in addition to the secrets: a folder, and each other's liveness.
import type { Disposable } from '../../src/core/clock.ts';
import { fnv1a } from '../../src/core/hash.ts';
import type { Cipher } from '../../src/storage/cipher.ts';
import { FakeFolder, FakeProcessLiveness } from '../support/fakeStore.ts';
import type { Random } from '../support/simulation/random.ts';
import type { Process } from './process.ts';
import type { Time } from './time.ts';

/** The probabilities that a call takes time if it changes something, and if it only reads. */
const SLOW_CHANGE = 0.3;
const SLOW_READ = 0.02;

interface Watcher {
  readonly process: Process;
  readonly listener: (name: string) => void;
}

/** The folder on the disk. */
export class SharedFolder extends FakeFolder {
  /** How often it has begun to fail. */
  failures = 0;
  /** Called after each write, with the process that wrote. */
  onDidWrite: (name: string, text: string, by: Process) => void = () => {};
  readonly #time: Time;
  readonly #random: Random;
  #watchers: Watcher[] = [];

  constructor(time: Time, random: Random) {
    super();
    this.#time = time;
    this.#random = random;
  }

  /** Calls a listener of a process with the name of each changed file, usually once, sometimes twice or never. */
  watchFrom(process: Process, listener: (name: string) => void): Disposable {
    const watcher = { process, listener };
    this.#watchers.push(watcher);
    return { dispose: () => (this.#watchers = this.#watchers.filter((one) => one !== watcher)) };
  }

  /** Notifies the processes of a changed file. */
  override notify(name: string): void {
    this.#watchers = this.#watchers.filter(({ process }) => !process.isDead);
    for (const { process, listener } of this.#watchers) {
      const count = this.#random.weighted([
        [92, 1],
        [4, 0],
        [4, 2],
      ]);
      for (let event = 0; event < count; event += 1) {
        const delay = this.#random.chance(0.05) ? this.#random.wide(100, 3000) : this.#random.wide(1, 40);
        this.#time.afterAwake(delay, () => process.deliver(() => listener(name)));
      }
    }
  }
}

/** The folder as one process sees it. */
export class ProcessFolder extends FakeFolder {
  readonly #shared: SharedFolder;
  readonly #process: Process;

  constructor(shared: SharedFolder, process: Process) {
    super(shared);
    this.#shared = shared;
    this.#process = process;
  }

  override watch(listener: (name: string) => void): Disposable {
    return this.#shared.watchFrom(this.#process, listener);
  }

  protected override perform<T>(effect: () => T, isChange = false): Promise<T> {
    return this.#process.call(() => this.#shared.attempt(effect, isChange), isChange ? SLOW_CHANGE : SLOW_READ);
  }

  protected override notify(name: string, text?: string): void {
    if (text !== undefined) {
      this.#shared.onDidWrite(name, text, this.#process);
    }
    this.#shared.notify(name);
  }
}

/** Liveness as one process sees it. */
export class ProcessLivenessView extends FakeProcessLiveness {
  readonly #process: Process;

  constructor(shared: FakeProcessLiveness, process: Process) {
    super(shared);
    this.#process = process;
  }

  protected override perform<T>(effect: () => T): Promise<T> {
    return this.#process.call(effect, SLOW_READ);
  }
}

/**
 * Returns a cipher that doesn't encrypt, but decrypts only with the right key and context. The real one has its own
 * tests.
 */
export function plainCipher(random: Random): Cipher {
  return {
    newKey: () => ({ name: random.whole(0, 2 ** 32).toString(16), key: random.whole(0, 2 ** 40).toString(16) }),
    seal: (key, text, about) => Promise.resolve(`${key}|${about}|${text}`),
    authenticate: (key, text) => fnv1a(`${key}|${text}`).toString(36),
    open: (key, sealed, about) => Promise.resolve(opened(key, sealed, about)),
  };
}

function opened(key: string, sealed: string, about: string): string | undefined {
  const head = `${key}|${about}|`;
  return sealed.startsWith(head) ? sealed.slice(head.length) : undefined;
}
