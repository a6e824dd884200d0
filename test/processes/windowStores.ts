// The secret stores as a window sees them.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Emitter } from '../../src/core/emitter.ts';
import type { SecretStore } from '../../src/storage/secretSessionStorage.ts';
import type { StoreCall } from './wire.ts';

/** The store of the models `immediate` and `lagging`: the test keeps it, and answers for it. */
export class TestStore implements SecretStore {
  readonly #ask: (id: number, call: StoreCall) => void;
  readonly #waiting = new Map<number, (values: readonly string[]) => void>();
  readonly #changed = new Emitter<string>();
  #asked = 0;

  constructor(ask: (id: number, call: StoreCall) => void) {
    this.#ask = ask;
  }

  /** Fires with the key of what has changed. */
  get onDidChange(): Emitter<string>['event'] {
    return this.#changed.event;
  }

  /** One secret. */
  async get(key: string): Promise<string | undefined> {
    return (await this.#call({ call: 'get', key, value: '' }))[0];
  }

  /** Keeps a secret. */
  async store(key: string, value: string): Promise<void> {
    await this.#call({ call: 'store', key, value });
  }

  /** Forgets a secret. */
  async delete(key: string): Promise<void> {
    await this.#call({ call: 'delete', key, value: '' });
  }

  /** The keys of everything it holds. */
  async keys(): Promise<string[]> {
    return [...(await this.#call({ call: 'keys', key: '', value: '' }))];
  }

  /** Takes the answer of the test. */
  answered(id: number, values: readonly string[]): void {
    this.#waiting.get(id)?.(values);
    this.#waiting.delete(id);
  }

  /** Takes the news of a change. */
  changed(key: string): void {
    this.#changed.fire(key);
  }

  #call(call: StoreCall): Promise<readonly string[]> {
    return new Promise((resolve) => {
      this.#waiting.set((this.#asked += 1), resolve);
      this.#ask(this.#asked, call);
    });
  }
}

/** The store of the model `browser`: a page's own copy of everything, written as a whole. */
export class FileStore implements SecretStore {
  readonly #file: string;
  readonly #secrets: Map<string, string>;
  readonly #changed = new Emitter<string>();

  constructor(file: string) {
    this.#file = file;
    this.#secrets = new Map(readAll(file));
  }

  /** Fires with the key of what this very window has changed. */
  get onDidChange(): Emitter<string>['event'] {
    return this.#changed.event;
  }

  /** One secret. */
  get(key: string): Promise<string | undefined> {
    return Promise.resolve(this.#secrets.get(key));
  }

  /** Keeps a secret, and everything else as this window knows it. */
  store(key: string, value: string): Promise<void> {
    this.#secrets.set(key, value);
    return this.#write(key);
  }

  /** Forgets a secret, and whatever else this window does not know. */
  delete(key: string): Promise<void> {
    this.#secrets.delete(key);
    return this.#write(key);
  }

  /** The keys of everything it knows. */
  keys(): Promise<string[]> {
    return Promise.resolve([...this.#secrets.keys()]);
  }

  #write(key: string): Promise<void> {
    const part = `${this.#file}.${process.pid}`;
    writeFileSync(part, JSON.stringify([...this.#secrets]));
    renameSync(part, this.#file);
    this.#changed.fire(key);
    return Promise.resolve();
  }
}

function readAll(file: string): [string, string][] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as [string, string][];
  } catch {
    return [];
  }
}
