// Reads the stored sessions into memory at start.
import { toFailure } from '../core/failure.ts';
import type { Log } from '../core/log.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';
import type { StoreSnapshot } from '../storage/loadStoredSessions.ts';
import { describeExpiry, describeSession } from '../storage/recordDescription.ts';
import type { SessionStore } from '../storage/sessionStore.ts';
import type { SessionGate } from './sessionGate.ts';

/** The dependencies of the loader. */
export interface SessionLoaderDependencies {
  readonly log: Log;
  readonly sessionStore: SessionStore;
  readonly liveSessions: LiveSessions;
  readonly sessionGate: SessionGate;
  /** Called with what was read. */
  onDidLoad(snapshot: StoreSnapshot): Promise<void>;
}

/** Loads the stored sessions, once. */
export class SessionLoader {
  readonly #dependencies: SessionLoaderDependencies;
  #loading: Promise<void> | undefined;

  constructor(dependencies: SessionLoaderDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Reads the stored sessions into memory, once; after a failure the next call tries again.
   * @throws Failure `storage` if SecretStorage can't be read.
   */
  async load(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined;
      this.#dependencies.log.error(`Couldn't read the stored sessions: ${toFailure(error).message}`);
      throw error;
    });
    await this.#loading;
  }

  async #load(): Promise<void> {
    const { sessionGate, sessionStore, log, liveSessions } = this.#dependencies;
    const snapshot = await sessionStore.list();
    await sessionGate.start();
    for (const record of snapshot.records) {
      if (liveSessions.get(record.id) === undefined) {
        liveSessions.set(record);
        log.info(`${describeSession(record)}: loaded; ${describeExpiry(record)}.`);
      }
    }
    await this.#dependencies.onDidLoad(snapshot);
  }
}
