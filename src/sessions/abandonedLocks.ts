// Refreshes that another window began and didn't finish, because its process ended: this window notices within seconds,
// and finishes them. The server may have used the refresh token up, and may repeat its response only for a short time.
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

/** What it works with. */
export interface AbandonedLocksDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly renewalLock: RenewalLock;
  readonly liveSessions: LiveSessions;
  readonly sessionStore: SessionStore;
  readonly tokenRefresher: TokenRefresher;
  /** Whether a session may be refreshed by this window. */
  isOwned(record: SessionRecord): boolean;
}

/** How often, in ms, the processes that hold a lock are checked for being alive, while there are any. */
const CHECK_INTERVAL = 2 * SECOND;

/** Watches the locks that other windows hold. */
export class AbandonedLocks implements Disposable {
  readonly #dependencies: AbandonedLocksDependencies;
  /** The latest abandoned lock of each session that was dealt with: if that fails, the next attempt comes in its own time. */
  readonly #handled = new Map<string, number>();
  #timer: Disposable | undefined;
  #isChecking = false;
  #isDisposed = false;

  constructor(dependencies: AbandonedLocksDependencies) {
    this.#dependencies = dependencies;
  }

  /** Checks again soon if the file that has changed is a lock that some window has acquired. */
  onFileChanged(name: string): void {
    if (isLockFile(name)) {
      this.#checkSoon();
    }
  }

  /** Checks now which locks were abandoned, and goes on checking while other windows hold any. Never rejects. */
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
      this.#dependencies.log.debug(`The locks of other windows couldn't be checked: ${toFailure(error).message}.`);
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

  /** Whether a session is one that this window would refresh, and doesn't at this moment. */
  #isWatched(id: string): boolean {
    const session = this.#dependencies.liveSessions.get(id);
    return session !== undefined && !session.refreshing && session.record.ended === undefined;
  }

  async #finish({ id, number }: LockHolder): Promise<void> {
    const { log, liveSessions, sessionStore, tokenRefresher } = this.#dependencies;
    const inFlight = (await sessionStore.header(id))?.inFlight;
    const record = liveSessions.get(id)?.record;
    // A refresh whose tokens have been stored since has served its purpose.
    if (record === undefined || inFlight === undefined || inFlight < record.generation) {
      return;
    }
    if (
      this.#handled.get(id) !== number &&
      tokenLifetimes(record).isRefreshable &&
      this.#dependencies.isOwned(record)
    ) {
      this.#handled.set(id, number);
      log.info(
        `${describeSession(record)}: the window that was refreshing it has ended; this one finishes the refresh.`,
      );
      // The outcome is recorded with the session.
      tokenRefresher.refresh(id, { reason: 'another window ended during a refresh' }).catch(() => {});
    }
  }
}
