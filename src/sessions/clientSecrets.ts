// The secrets of clients that have one, in the same store as the sessions, and nowhere else.
import { Failure } from '../core/failure.ts';
import type { Provider } from '../core/provider.ts';
import type { SecretStore } from './vault.ts';

const PREFIX = 'client-secret:';

/** The client secrets (RFC 6749 section 2.3.1), one for each client at each issuer. */
export class ClientSecrets {
  readonly #store: SecretStore;

  constructor(store: SecretStore) {
    this.#store = store;
  }

  /**
   * The secret of a provider's client; undefined for a public client.
   * @throws Failure `storage` where the store cannot be read.
   */
  async read(provider: Provider): Promise<string | undefined> {
    return this.#guarded('get', () => this.#store.get(keyOf(provider)));
  }

  /**
   * Keeps the secret of a provider's client, or forgets it where it is empty.
   * @throws Failure `storage` where the store does not take it.
   */
  async write(provider: Provider, secret: string): Promise<void> {
    const key = keyOf(provider);
    await (secret === '' ? this.#guarded('delete', () => this.#store.delete(key)) : this.#guarded('store', () => this.#store.store(key, secret)));
  }

  async #guarded<T>(operation: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (cause) {
      throw cause instanceof Failure ? cause : new Failure('storage', `secret-${operation}`, { cause });
    }
  }
}

function keyOf({ clientId, issuer }: Provider): string {
  return PREFIX + JSON.stringify([issuer, clientId]);
}
