// Client secrets (RFC 6749 section 2.3.1), kept only in SecretStorage. A file records which clients have one, so that
// public clients don't depend on the keyring.
import type { Provider } from '../core/provider.ts';
import { credentialOrigins } from '../core/serverIdentity.ts';
import { encodeFileName, type SharedFolder } from '../locking/sharedFolder.ts';
import { withStorageErrors, type SecretStore } from './secretSessionStorage.ts';

const PREFIX = 'client-secret:';
const SUFFIX = '.client';

/** `none`: public client; `lost`: missing from the keyring; `unknown`: the keyring can't be read now. */
export type ClientSecretState = 'none' | 'stored' | 'lost' | 'unknown';

/** The client secrets, one per client ID, issuer and origin that receives credentials. */
export class ClientSecrets {
  readonly #store: SecretStore;
  readonly #folder: SharedFolder;
  /** The last known secret of each client, in case the keyring is locked. */
  readonly #known = new Map<string, string>();

  constructor(store: SecretStore, folder: SharedFolder) {
    this.#store = store;
    this.#folder = folder;
  }

  /**
   * Returns the secret of a provider's client; undefined for a public client.
   * @throws Failure `storage` if the secret exists but can't be read and isn't known yet.
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

  /** Returns the state of a client's secret. Never rejects. */
  async state(provider: Provider): Promise<ClientSecretState> {
    try {
      const isMarked = (await this.#folder.read(fileOf(provider))) !== undefined;
      return !isMarked ? 'none' : (await this.read(provider)) === undefined ? 'lost' : 'stored';
    } catch {
      return 'unknown';
    }
  }

  /**
   * Stores the secret of a provider's client, or deletes it if it's empty.
   * @throws Failure `storage` if that fails.
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

/** Returns the name of the file that records that a client has a secret. */
function fileOf(provider: Provider): string {
  return encodeFileName(keyOf(provider)) + SUFFIX;
}
