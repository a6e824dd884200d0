// The secrets of clients that have one, in the same store as the sessions, and nowhere else. Which clients those are is
// marked in the folder, so that the keyring is asked for no other: most clients are public, and must not depend on it.
import type { Provider } from '../core/provider.ts';
import { credentialOrigins } from '../core/serverIdentity.ts';
import { encodeFileName, type Folder } from '../locking/sharedFolder.ts';
import { withStorageErrors, type SecretStore } from './secretSessionStorage.ts';

const PREFIX = 'client-secret:';
const SUFFIX = '.client';

/** A public client has none; one with a secret may have lost it with its keyring, or the keyring cannot be read now. */
export type ClientSecretState = 'none' | 'kept' | 'lost' | 'unknown';

/** The client secrets (RFC 6749 section 2.3.1), one for each client at each issuer, and for where its entry leads it. */
export class ClientSecrets {
  readonly #store: SecretStore;
  readonly #folder: Folder;
  /** The latest that is known of each client, for when the keyring is locked. */
  readonly #known = new Map<string, string>();

  constructor(store: SecretStore, folder: Folder) {
    this.#store = store;
    this.#folder = folder;
  }

  /**
   * The secret of a provider's client; undefined for a public client.
   * @throws Failure `storage` where there is one that cannot be read, and that was not read before.
   */
  async read(provider: Provider): Promise<string | undefined> {
    const key = keyOf(provider);
    const known = this.#known.get(key);
    const isMarked = await this.#folder.read(fileOf(provider)).then(
      (text) => text !== undefined,
      () => known !== undefined,
    );
    if (!isMarked) {
      this.#known.delete(key);
      return undefined;
    }
    const secret = await withStorageErrors('get', () => this.#store.get(key)).catch((error: unknown) => {
      if (known === undefined) {
        throw error;
      }
      return known;
    });
    if (secret !== undefined) {
      this.#known.set(key, secret);
    }
    return secret;
  }

  /** What there is of the secret of a provider's client. Never rejects. */
  async standing(provider: Provider): Promise<ClientSecretState> {
    try {
      const isMarked = (await this.#folder.read(fileOf(provider))) !== undefined;
      return !isMarked ? 'none' : (await this.read(provider)) === undefined ? 'lost' : 'kept';
    } catch {
      return 'unknown';
    }
  }

  /**
   * Keeps the secret of a provider's client, or forgets it where it is empty.
   * @throws Failure `storage` where that cannot be done.
   */
  async write(provider: Provider, secret: string): Promise<void> {
    const key = keyOf(provider);
    if (secret === '') {
      await withStorageErrors('delete', () => this.#store.delete(key));
      await withStorageErrors('delete', () => this.#folder.delete(fileOf(provider)));
      this.#known.delete(key);
    } else {
      await withStorageErrors('store', () => this.#store.store(key, secret));
      await withStorageErrors('store', () => this.#folder.write(fileOf(provider), ''));
      this.#known.set(key, secret);
    }
  }
}

function keyOf(provider: Provider): string {
  return PREFIX + JSON.stringify([provider.issuer, provider.clientId, ...credentialOrigins(provider)]);
}

/** The file that marks a client. */
function fileOf(provider: Provider): string {
  return encodeFileName(keyOf(provider)) + SUFFIX;
}
