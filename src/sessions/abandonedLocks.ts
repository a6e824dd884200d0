// Finishes refreshes that another window began but didn't finish because its process ended. This window notices within
// seconds. The server may have invalidated the refresh token, and may repeat its response only for a short time.
import { SECOND, type Clock, type Disposable } from '../core/clock.ts';
import { toFailure } from '../core/failure.ts';
import type { Log } from '../core/log.ts';
import { tokenLifetimes, type SessionRecord } from '../core/session.ts';
import { isLockFile, type LockHolder } from '../locking/lockFiles.ts';
import type { RenewalLock } from '../locking/renewalLock.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';
import { describeSession } from '../storage/recordDescription.ts';
import type { SessionStore } from '../storage/sessionStore.ts';
import type { TokenRefresher } from './tokenRefresher.ts';

/** The dependencies of {@link AbandonedLocks}. */
export interface AbandonedLocksDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly renewalLock: RenewalLock;
  readonly liveSessions: LiveSessions;
  readonly sessionStore: SessionStore;
  readonly tokenRefresher: TokenRefresher;
  /** Returns whether this window may refresh a session. */
  isOwned(record: SessionRecord): boolean;
}

/** How often, in ms, to check whether lock holders are alive, while there are any. */
const CHECK_INTERVAL = 2 * SECOND;

/** Watches the locks of other windows. */
export class AbandonedLocks implements Disposable {
  readonly #dependencies: AbandonedLocksDependencies;
  /**
   * The last abandoned lock of each session that was handled. If that fails, the next attempt follows the normal
   * schedule.
   */
  readonly #handled = new Map<string, number>();
  #timer: Disposable | undefined;
  #isChecking = false;
  #isDisposed = false;

  constructor(dependencies: AbandonedLocksDependencies) {
    this.#dependencies = dependencies;
  }

  /** Checks again soon if the changed file is an acquired lock. */
  onFileChanged(name: string): void {
    if (isLockFile(name)) {
      this.#checkSoon();
    }
  }

  /** Checks for abandoned locks now, and repeatedly while other windows hold any. Never rejects. */
  async check(): Promise<void> {
    if (this.#isChecking || this.#isDisposed) {
      return;
    }
    this.#isChecking = true;
    try {
      const holders = (await this.#dependencies.renewalLock.listHolders()).filter(({ id }) => this.#isWatched(id));
      await Promise.all(holders.filter(({ isAlive }) => isAlive === false).map((holder) => this.#finish(holder)));
      if (holders.some(({ isAlive }) => isAlive === true)) {
        this.#checkSoon();
      }
    } catch (error) {
      this.#dependencies.log.debug(`Couldn't check the locks of other windows: ${toFailure(error).message}.`);
    } finally {
      this.#isChecking = false;
    }
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#timer?.dispose();
  }

  #checkSoon(): void {
    if (this.#timer === undefined && !this.#isDisposed) {
      this.#timer = this.#dependencies.clock.after(CHECK_INTERVAL, () => {
        this.#timer = undefined;
        void this.check();
      });
    }
  }

  /** Returns whether this window would refresh a session, but isn't doing so now. */
  #isWatched(id: string): boolean {
    const session = this.#dependencies.liveSessions.get(id);
    return session !== undefined && !session.refreshing && session.record.ended === undefined;
  }

  async #finish({ id, number }: LockHolder): Promise<void> {
    const { log, liveSessions, sessionStore, tokenRefresher } = this.#dependencies;
    const inFlight = (await sessionStore.header(id))?.inFlight;
    const record = liveSessions.get(id)?.record;
    // A refresh whose tokens were stored has succeeded.
    if (record === undefined || inFlight === undefined || inFlight < record.generation) {
      return;
    }
    if (
      this.#handled.get(id) !== number &&
      tokenLifetimes(record).isRefreshable &&
      this.#dependencies.isOwned(record)
    ) {
      this.#handled.set(id, number);
      log.info(`${describeSession(record)}: the window that was refreshing it has ended. Finishing the refresh.`);
      // The outcome is recorded with the session.
      tokenRefresher.refresh(id, { reason: 'another window ended during a refresh' }).catch(() => {});
    }
  }
}
