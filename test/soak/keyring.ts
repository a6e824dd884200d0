// The secret storage of one machine, as the windows see it.
import type { Disposable } from '../../src/core/clock.ts';
import type { SecretStore } from '../../src/storage/secretSessionStorage.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';
import type { Time } from './time.ts';

/**
 * How windows see each other's writes. `immediate`: at once. `lagging`: up to a second later, and are told late, twice
 * or never. `browser`: never; each has the whole map as it was when it opened, and writes the whole map.
 */
export const STORE_MODELS = ['immediate', 'lagging', 'browser'] as const;
export type StoreModel = (typeof STORE_MODELS)[number];

/** What is wrong with it. `forgets`: it accepts everything and keeps nothing. */
export type KeyringFault = 'locked' | 'no-get' | 'no-store' | 'no-keys' | 'forgets';

interface Write {
  readonly value: string | undefined;
  readonly by: Process;
  /** From when on the others see it. */
  readonly seenAt: number;
}

interface Listener {
  readonly process: Process;
  readonly tell: (key: string) => void;
}

const SLOWNESS = 0.1;
const LONGEST_LAG = 1000;

/** The secret storage. */
export class Keyring {
  readonly model: StoreModel;
  fault: KeyringFault | undefined;
  /** Told of each call that the platform refuses, and of each write that it forgets or throws away later. */
  onThrownAway: (key: string) => void = () => {};
  readonly #time: Time;
  readonly #random: Random;
  readonly #writes = new Map<string, Write[]>();
  /** What the browser has stored, and what each of its windows has loaded. */
  #stored = new Map<string, string>();
  readonly #loaded = new Map<Process, Map<string, string>>();
  #listeners: Listener[] = [];

  constructor(model: StoreModel, time: Time, random: Random) {
    this.model = model;
    this.#time = time;
    this.#random = random;
  }

  /** The storage as one process has it. */
  view(process: Process): SecretStore {
    if (this.model === 'browser') {
      this.#loaded.set(process, new Map(this.#stored));
    }
    return {
      get: (key) => process.call(() => this.#pass(['no-get'], key, () => this.peek(process, key)), SLOWNESS),
      keys: () => process.call(() => this.#pass(['no-keys'], 'hand-over-key:', () => this.#keys(process)), SLOWNESS),
      store: (key, value) => process.call(() => this.#change(process, key, value), SLOWNESS),
      delete: (key) => process.call(() => this.#change(process, key, undefined), SLOWNESS),
      onDidChange: (tell): Disposable => {
        const listener = { process, tell };
        this.#listeners.push(listener);
        return { dispose: () => (this.#listeners = this.#listeners.filter((one) => one !== listener)) };
      },
    };
  }

  /** What a process would read; what one that opens now would, where none is given. */
  peek(process: Process | undefined, key: string): string | undefined {
    if (this.model === 'browser') {
      return ((process === undefined ? undefined : this.#loaded.get(process)) ?? this.#stored).get(key);
    }
    return this.#writes
      .get(key)
      ?.findLast(({ by, seenAt }) => process === undefined || by === process || seenAt <= this.#time.now)?.value;
  }

  /** Forgets what a process had loaded, which has ended. */
  end(process: Process): void {
    this.#loaded.delete(process);
  }

  #keys(process: Process): string[] {
    const keys = this.model === 'browser' ? this.#loaded.get(process)?.keys() : this.#writes.keys();
    return [...(keys ?? [])].filter((key) => this.peek(process, key) !== undefined);
  }

  #pass<T>(faults: readonly KeyringFault[], key: string, effect: () => T): T {
    if (this.fault === 'locked' || (this.fault !== undefined && faults.includes(this.fault))) {
      // Whoever cannot read may rightly not write, or seal.
      this.onThrownAway(key);
      throw new Error('The keyring is locked.');
    }
    return effect();
  }

  #change(process: Process, key: string, value: string | undefined): void {
    const isKept = this.fault === undefined || this.fault === 'no-get' || this.fault === 'no-keys';
    if (this.fault === 'forgets') {
      this.onThrownAway(key);
    }
    this.#pass(['no-store'], key, () => {
      if (isKept) {
        this.#put(process, key, value);
      }
      this.#tell(process, key);
    });
  }

  #put(process: Process, key: string, value: string | undefined): void {
    if (this.model === 'browser') {
      this.#putWhole(process, key, value);
      return;
    }
    const lag = this.model === 'lagging' && this.#random.chance(0.8) ? this.#random.whole(0, LONGEST_LAG) : 0;
    const writes = [...(this.#writes.get(key) ?? []), { value, by: process, seenAt: this.#time.now + lag }];
    // What everybody sees hides whatever was before.
    const seen = writes.findLastIndex(({ seenAt }) => seenAt <= this.#time.now);
    this.#writes.set(key, writes.slice(Math.max(0, seen)));
  }

  #putWhole(process: Process, key: string, value: string | undefined): void {
    const map = this.#loaded.get(process) ?? new Map<string, string>();
    if (value === undefined) {
      map.delete(key);
    } else {
      map.set(key, value);
    }
    for (const [other, stored] of this.#stored) {
      if (other !== key && map.get(other) !== stored) {
        this.onThrownAway(other);
      }
    }
    this.#stored = new Map(map);
  }

  #tell(by: Process, key: string): void {
    this.#listeners = this.#listeners.filter(({ process }) => !process.isDead);
    for (const { process, tell } of this.#listeners) {
      const isOwn = process === by;
      if (this.model === 'browser' && !isOwn) {
        continue;
      }
      const isSure = isOwn || this.model === 'immediate';
      const times = isSure
        ? 1
        : this.#random.weighted([
            [80, 1],
            [10, 0],
            [10, 2],
          ]);
      for (let time = 0; time < times; time += 1) {
        const delay = isSure ? this.#random.wide(1, 30) : this.#random.wide(1, 5000);
        this.#time.afterAwake(delay, () => process.deliver(() => tell(key)));
      }
    }
  }
}
