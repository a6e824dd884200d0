// Nothing that a refresh needs may hang: a keyring can wait behind a hidden dialog, and a folder can be on a
// disconnected network drive. Timed-out calls may still complete later.
import { SECOND, setDeadline, type Clock } from '../core/clock.ts';
import { Failure } from '../core/failure.ts';
import type { SharedFolder } from '../locking/sharedFolder.ts';
import type { SecretStore } from './secretSessionStorage.ts';

/** How long, in ms, a call to SecretStorage may take. */
const STORE_TIMEOUT = 10 * SECOND;
/** How long, in ms, a call to the folder may take. */
const FOLDER_TIMEOUT = 5 * SECOND;

/** How long, in ms, a caller waits for a refresh while the current token still works. */
const REFRESH_WAIT = 5 * SECOND;

/** SecretStorage whose calls reject with a Failure `storage` after a timeout. */
export function storeWithTimeout(store: SecretStore, clock: Clock): SecretStore {
  const within = circuitBreaker(clock, STORE_TIMEOUT, 'secret-timeout');
  return {
    get: (key) => within(() => store.get(key)),
    store: (key, value) => within(() => store.store(key, value)),
    delete: (key) => within(() => store.delete(key)),
    keys: () => within(() => store.keys()),
    onDidChange: (listener) => store.onDidChange(listener),
  };
}

/** A folder whose calls reject with a Failure `storage` after a timeout. */
export function folderWithTimeout(folder: SharedFolder, clock: Clock): SharedFolder {
  const within = circuitBreaker(clock, FOLDER_TIMEOUT, 'folder-timeout');
  return {
    list: () => within(() => folder.list()),
    read: (name) => within(() => folder.read(name)),
    write: (name, text) => within(() => folder.write(name, text)),
    create: (name, text) => within(() => folder.create(name, text)),
    delete: (name) => within(() => folder.delete(name)),
    watch: (listener) => folder.watch(listener),
  };
}

/** How long, in ms, calls fail immediately after one has timed out without returning. */
const OPEN_TIME = 30 * SECOND;

/** A circuit breaker: after a timeout, calls fail immediately until the one that timed out returns. */
function circuitBreaker(clock: Clock, timeout: number, code: string): <T>(call: () => Promise<T>) => Promise<T> {
  let overdue = 0;
  let isOpen = false;
  return async (call) => {
    // Successive calls must not each wait for the timeout, nor pile up.
    if (isOpen && overdue > 0) {
      throw new Failure('storage', code);
    }
    let isOverdue = false;
    return new Promise((resolve, reject) => {
      const timer = setDeadline(clock, timeout, () => {
        isOverdue = true;
        overdue += 1;
        isOpen = true;
        clock.after(OPEN_TIME, () => (isOpen = false));
        reject(new Failure('storage', code));
      });
      call()
        .finally(() => {
          timer.dispose();
          overdue -= isOverdue ? 1 : 0;
        })
        .then(resolve, reject);
    });
  };
}

/** Waits for a refresh for a few seconds at most. It continues, and the current token is used in the meantime. */
export function waitBriefly(clock: Clock, refresh: Promise<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(REFRESH_WAIT, resolve);
    refresh.finally(() => timer.dispose()).then(() => resolve(), reject);
  });
}
