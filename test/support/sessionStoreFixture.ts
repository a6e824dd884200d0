// What the tests of the session store work with: windows that each have their own, over one folder and one store.
import assert from 'node:assert/strict';
import type { SessionRecord } from '../../src/core/session.ts';
import { nodeCipher } from '../../src/node/cipher.ts';
import { SessionStore } from '../../src/storage/sessionStore.ts';
import type { Cipher } from '../../src/storage/cipher.ts';
import { EncryptionKeys } from '../../src/storage/encryptionKeys.ts';
import { LiveSessions } from '../../src/storage/liveSessions.ts';
import { SessionFiles } from '../../src/storage/sessionFiles.ts';
import { SecretSessionStorage } from '../../src/storage/secretSessionStorage.ts';
import { FakeFolder, type FakeStore } from './fakeStore.ts';
import { recordAt } from './testWindow.ts';
import { Crashable, CrashableFolder, CrashableStore } from './crashable.ts';
import { ManualAsyncClock } from './manualAsyncClock.ts';
import { allKeyNames } from './keyNames.ts';
import { type StoreModel } from './simulation/sharedSecrets.ts';
import { SecretStores } from './windows.ts';
import { logTo } from './logTo.ts';

/** Where the sessions of these tests come from. */
export const ISSUER = 'https://id.example.com';

/** A record of a generation. */
export function generation(number: number, more: Partial<SessionRecord> = {}): SessionRecord {
  return recordAt(ISSUER, Date.UTC(2031, 0, 1), {
    generation: number,
    refreshToken: `refresh-${number}`,
    accessToken: `access-${number}`,
    ...more,
  });
}

/** A renewal of which only the refresh token is known to be good. */
export function half(number: number): SessionRecord {
  return generation(number, { isComplete: false, accessToken: `access-${number - 1}` });
}

/** A record after a definite verdict. */
export function ended(record: SessionRecord): SessionRecord {
  return { ...record, ended: { at: 1, category: 'session-ended', code: 'invalid_grant' } };
}

/** One window's session store, with what it consists of. */
export type StoreWindow = SessionStore & {
  readonly life: Crashable;
  readonly secretStorage: SecretSessionStorage;
  readonly files: SessionFiles;
  readonly liveSessions: LiveSessions;
};

/** Windows that keep the same sessions. */
export class SessionStoreFixture {
  /** What they share. */
  readonly folder = new FakeFolder();
  /** Everybody's clock. */
  readonly clock = new ManualAsyncClock();
  /** Every line of every log. */
  readonly lines: string[] = [];
  readonly #stores: SecretStores;
  #sealing = 0;

  constructor(model: StoreModel = 'immediate') {
    this.#stores = new SecretStores(model, this.clock);
    this.clock.busy = () => this.#sealing > 0;
  }

  /** The one secret store of all windows, if they share one. */
  get store(): FakeStore {
    return this.#stores.shared;
  }

  /** The secrets that are kept for windows to come. */
  get secrets(): ReadonlyMap<string, string> {
    return this.#stores.secrets;
  }

  /** One more window, which knows nothing of what others have in memory, of an editor that has had every key, or those given. */
  openWindow(keyNames = allKeyNames): StoreWindow {
    const life = new Crashable();
    const log = logTo((line) => this.lines.push(line));
    const { clock } = this;
    const folder = new CrashableFolder(this.folder, life);
    const store = new CrashableStore(this.#stores.open(), life);
    const secretStorage = new SecretSessionStorage(store);
    const cipher = this.#cipher();
    const keys = new EncryptionKeys(store, keyNames, () => cipher.newKey());
    const files = new SessionFiles({ clock, log, folder, cipher, keys });
    const liveSessions = new LiveSessions(log, clock);
    const parts = { secretStorage, files, liveSessions };
    return Object.assign(new SessionStore({ clock, log, ...parts }), { life, ...parts });
  }

  /** Lets the clock go on for so many ms, by when a task must be done. */
  async within<T>(time: number, task: Promise<T>): Promise<T> {
    const late = Symbol('late');
    const passed = this.clock.pass(time).then(() => late);
    const outcome = await Promise.race([task, passed]);
    await passed;
    assert.notEqual(outcome, late, `It took longer than ${time} ms.`);
    return task;
  }

  /** The clock stands still while something is being sealed or opened. */
  #cipher(): Cipher {
    const counted = async <T>(task: Promise<T>): Promise<T> => {
      this.#sealing += 1;
      return task.finally(() => {
        this.#sealing -= 1;
      });
    };
    return {
      newKey: () => nodeCipher.newKey(),
      authenticate: (...authenticating) => nodeCipher.authenticate(...authenticating),
      seal: (...sealing) => counted(nodeCipher.seal(...sealing)),
      open: (...opening) => counted(nodeCipher.open(...opening)),
    };
  }
}
