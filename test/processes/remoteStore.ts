// The secret store of a window that runs in its own process.
import { Emitter } from '../../src/core/emitter.ts';
import type { SecretStore } from '../../src/storage/secretSessionStorage.ts';
import type { SecretsView } from '../support/simulation/sharedSecrets.ts';
import type { StoreCall } from './wire.ts';

/** The secret store of a window: each call is sent to the test, which has the secrets. */
export class RemoteStore implements SecretStore {
  readonly #ask: (id: number, call: StoreCall) => void;
  readonly #waiting = new Map<number, (values: readonly string[]) => void>();
  readonly #changed = new Emitter<string>();
  #asked = 0;

  constructor(ask: (id: number, call: StoreCall) => void) {
    this.#ask = ask;
  }

  /** Fires with the key of each changed secret. */
  get onDidChange(): Emitter<string>['event'] {
    return this.#changed.event;
  }

  /** Returns a secret. */
  async get(key: string): Promise<string | undefined> {
    return (await this.#call({ call: 'get', key, value: '' }))[0];
  }

  /** Stores a secret. */
  async store(key: string, value: string): Promise<void> {
    await this.#call({ call: 'store', key, value });
  }

  /** Deletes a secret. */
  async delete(key: string): Promise<void> {
    await this.#call({ call: 'delete', key, value: '' });
  }

  /** Returns all keys. */
  async keys(): Promise<string[]> {
    return [...(await this.#call({ call: 'keys', key: '', value: '' }))];
  }

  /** Accepts the test's answer to a call. */
  answered(id: number, values: readonly string[]): void {
    this.#waiting.get(id)?.(values);
    this.#waiting.delete(id);
  }

  /** Accepts a change event. */
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

/** Answers a call of a window from the secrets as that window sees them. */
export function answerStoreCall(view: SecretsView, { call, key, value }: StoreCall): readonly string[] {
  switch (call) {
    case 'get': {
      const found = view.get(key);
      return found === undefined ? [] : [found];
    }
    case 'keys':
      return [...view.secrets.keys()];
    case 'store':
    case 'delete':
      view.set(key, call === 'store' ? value : undefined);
      return [];
  }
}
