// The SecretStorage of one machine, with its faults.
import type { SecretStore } from '../../src/storage/secretSessionStorage.ts';
import type { Random } from '../support/simulation/random.ts';
import { SharedSecrets, type SecretsView, type StoreModel } from '../support/simulation/sharedSecrets.ts';
import type { Process } from './process.ts';
import type { Time } from './time.ts';

/** Its faults. `forgets`: it accepts every write and stores nothing. */
export type KeyringFault = 'locked' | 'no-get' | 'no-store' | 'no-keys' | 'forgets';

/** The probability that a call takes time. */
const SLOWNESS = 0.1;

/** The SecretStorage. */
export class Keyring {
  readonly model: StoreModel;
  fault: KeyringFault | undefined;
  /** Called for each call that the platform rejects, and for each write that it forgets or discards later. */
  onDidDiscard: (key: string) => void = () => {};
  readonly #shared: SharedSecrets;
  readonly #views = new Map<Process, SecretsView>();

  constructor(model: StoreModel, time: Time, random: Random) {
    this.model = model;
    this.#shared = new SharedSecrets(model, {
      random,
      now: () => time.now,
      after: (delay, run) => time.afterAwake(delay, run),
    });
    this.#shared.onDidOverwrite = (key) => this.onDidDiscard(key);
  }

  /** Returns the storage as one process sees it. */
  open(process: Process): SecretStore {
    const view = this.#shared.open();
    this.#views.set(process, view);
    const change = (key: string, value?: string): Promise<void> =>
      process.call(() => this.#change(view, key, value), SLOWNESS);
    return {
      get: (key) => process.call(() => this.#attempt(['no-get'], key, () => view.get(key)), SLOWNESS),
      keys: () =>
        process.call(() => this.#attempt(['no-keys'], 'encryption-key:', () => [...view.secrets.keys()]), SLOWNESS),
      store: change,
      delete: change,
      onDidChange: (listener) => view.onDidChange((key) => process.deliver(() => listener(key))),
    };
  }

  /** Returns what a process would read; without a process, the newest secret. */
  peek(process: Process | undefined, key: string): string | undefined {
    const view = process === undefined ? undefined : this.#views.get(process);
    return view === undefined ? this.#shared.secrets.get(key) : view.get(key);
  }

  /** Removes the view of a process that has ended. */
  end(process: Process): void {
    this.#views.get(process)?.close();
    this.#views.delete(process);
  }

  #attempt<T>(faults: readonly KeyringFault[], key: string, effect: () => T): T {
    if (this.fault === 'locked' || (this.fault !== undefined && faults.includes(this.fault))) {
      // A window that can't read may correctly neither write nor encrypt.
      this.onDidDiscard(key);
      throw new Error('The keyring is locked.');
    }
    return effect();
  }

  #change(view: SecretsView, key: string, value: string | undefined): void {
    const isStored = this.fault === undefined || this.fault === 'no-get' || this.fault === 'no-keys';
    if (this.fault === 'forgets') {
      this.onDidDiscard(key);
    }
    this.#attempt(['no-store'], key, () => {
      if (isStored) {
        view.put(key, value);
      }
      view.fire(key);
    });
  }
}
