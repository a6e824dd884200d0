// The fixtures of the session store tests: windows with a store each, over one folder and one secret store.
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

/** The provider of these tests' sessions. */
export const ISSUER = 'https://id.example.com';

/** A record with a generation. */
export function generation(number: number, more: Partial<SessionRecord> = {}): SessionRecord {
  return recordAt(ISSUER, Date.UTC(2031, 0, 1), {
    generation: number,
    refreshToken: `refresh-${number}`,
    accessToken: `access-${number}`,
    ...more,
  });
}

/** A refresh of which only the refresh token is known to be valid. */
export function half(number: number): SessionRecord {
  return generation(number, { isComplete: false, accessToken: `access-${number - 1}` });
}

/** A record after a definite verdict. */
export function ended(record: SessionRecord): SessionRecord {
  return { ...record, ended: { at: 1, category: 'session-ended', code: 'invalid_grant' } };
}

/** One window's session store, with its parts. */
export type StoreWindow = SessionStore & {
  readonly life: Crashable;
  readonly secretStorage: SecretSessionStorage;
  readonly files: SessionFiles;
  readonly liveSessions: LiveSessions;
};

/** Windows that store the same sessions. */
export class SessionStoreFixture {
  /** What they share. */
  readonly folder = new FakeFolder();
  /** The clock of all windows. */
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

  /** The secrets that later windows will read. */
  get secrets(): ReadonlyMap<string, string> {
    return this.#stores.secrets;
  }

  /** Adds a window without others' state in memory, in an editor that has had every key, or the given ones. */
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

  /** Advances the clock by this number of ms, within which a task must be done. */
  async within<T>(time: number, task: Promise<T>): Promise<T> {
    const late = Symbol('late');
    const passed = this.clock.pass(time).then(() => late);
    const outcome = await Promise.race([task, passed]);
    await passed;
    assert.notEqual(outcome, late, `It took longer than ${time} ms.`);
    return task;
  }

  /** The clock stands still during encryption and decryption. */
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
