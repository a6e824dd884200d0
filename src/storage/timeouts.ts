// Nothing that a renewal needs may hang: a keyring can wait behind a dialog that nobody sees, a folder on a network
// that is gone. What was called may still happen, later.
import { SECOND, setDeadline, type Clock } from '../core/clock.ts';
import { Failure } from '../core/failure.ts';
import type { Folder } from '../locking/sharedFolder.ts';
import type { SecretStore } from './secretSessionStorage.ts';

/** How long, in ms, the secret store may take for one call. */
const STORE_PATIENCE = 10 * SECOND;
/** How long, in ms, the folder may take for one call. */
const FOLDER_PATIENCE = 5 * SECOND;

/** How long, in ms, a caller waits for a renewal while the token in hand still works. */
const RENEWAL_PATIENCE = 5 * SECOND;

/** A secret store that never takes long: its calls reject with a Failure `storage` then. */
export function storeWithTimeout(store: SecretStore, clock: Clock): SecretStore {
  const within = limit(clock, STORE_PATIENCE, 'secret-slow');
  return {
    get: (key) => within(() => store.get(key)),
    store: (key, value) => within(() => store.store(key, value)),
    delete: (key) => within(() => store.delete(key)),
    keys: () => within(() => store.keys()),
    onDidChange: (listener) => store.onDidChange(listener),
  };
}

/** A folder that never takes long: its calls reject with a Failure `storage` then. */
export function folderWithTimeout(folder: Folder, clock: Clock): Folder {
  const within = limit(clock, FOLDER_PATIENCE, 'folder-slow');
  return {
    list: () => within(() => folder.list()),
    read: (name) => within(() => folder.read(name)),
    write: (name, text) => within(() => folder.write(name, text)),
    create: (name, text) => within(() => folder.create(name, text)),
    delete: (name) => within(() => folder.delete(name)),
    watch: (listener) => folder.watch(listener),
  };
}

/** How long, in ms, one that has been too slow is not asked again while it still does not answer. */
const REST = 30 * SECOND;

function limit(clock: Clock, patience: number, code: string): <T>(call: () => Promise<T>) => Promise<T> {
  let overdue = 0;
  let isResting = false;
  return async (call) => {
    // Several calls in a row must not each wait as long, nor pile up.
    if (isResting && overdue > 0) {
      throw new Failure('storage', code);
    }
    let isOverdue = false;
    return new Promise((resolve, reject) => {
      const timer = setDeadline(clock, patience, () => {
        isOverdue = true;
        overdue += 1;
        isResting = true;
        clock.after(REST, () => (isResting = false));
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

/** Waits for a renewal, but not for one that takes long: it goes on, and the token in hand is good enough meanwhile. */
export function waitBriefly(clock: Clock, renewal: Promise<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(RENEWAL_PATIENCE, resolve);
    renewal.finally(() => timer.dispose()).then(() => resolve(), reject);
  });
}
