// Nothing that a refresh needs may hang: a keyring can wait behind a dialog that nobody sees, a folder can be on a
// network drive that is gone. What was called may still happen later.
import { SECOND, setDeadline, type Clock } from '../core/clock.ts';
import { Failure } from '../core/failure.ts';
import type { SharedFolder } from '../locking/sharedFolder.ts';
import type { SecretStore } from './secretSessionStorage.ts';

/** How long, in ms, SecretStorage may take for one call. */
const STORE_TIMEOUT = 10 * SECOND;
/** How long, in ms, the folder may take for one call. */
const FOLDER_TIMEOUT = 5 * SECOND;

/** How long, in ms, a caller waits for a refresh while the token in hand still works. */
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

/** How long, in ms, calls fail at once after one has timed out and hasn't returned yet. */
const OPEN_TIME = 30 * SECOND;

/** A circuit breaker: after a timeout, calls fail at once while the one that timed out hasn't returned. */
function circuitBreaker(clock: Clock, timeout: number, code: string): <T>(call: () => Promise<T>) => Promise<T> {
  let overdue = 0;
  let isOpen = false;
  return async (call) => {
    // Several calls in a row must not each wait as long, nor pile up.
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

/** Waits for a refresh for a few seconds at most; it goes on, and the token in hand is good enough meanwhile. */
export function waitBriefly(clock: Clock, refresh: Promise<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(REFRESH_WAIT, resolve);
    refresh.finally(() => timer.dispose()).then(() => resolve(), reject);
  });
}
