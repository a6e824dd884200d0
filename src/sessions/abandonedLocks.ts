// Refreshes that another window began and didn't finish, because it ended: this window notices within seconds, and
// finishes them. The server may have used the refresh token up, and may give the answer again only for a short time.
import { SECOND, type Clock, type Disposable } from '../core/clock.ts';
import { toFailure } from '../core/failure.ts';
import type { Log } from '../core/log.ts';
import { tokenLifetimes, type SessionRecord } from '../core/session.ts';
import { describeSession } from '../storage/record.ts';
import type { TokenRefresher } from './tokenRefresher.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';
import type { LockHolder, RenewalLock } from '../locking/renewalLock.ts';

/** What it works with. */
export interface AbandonedLocksDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly renewalLock: RenewalLock;
  readonly liveSessions: LiveSessions;
  readonly tokenRefresher: TokenRefresher;
  /** Whether a session may be renewed by this window. */
  isOwned(record: SessionRecord): boolean;
}

/** How often, in ms, the windows that hold a lock are checked for being alive, while there are any. */
const CHECK_INTERVAL = 2 * SECOND;

/** Watches the locks that other windows hold. */
export class AbandonedLocks implements Disposable {
  readonly #dependencies: AbandonedLocksDependencies;
  /** The latest abandoned lock of each session that was taken up here: if that fails, the next try comes at its own pace. */
  readonly #takenUp = new Map<string, number>();
  #timer: Disposable | undefined;
  #isChecking = false;
  #isOver = false;

  constructor(dependencies: AbandonedLocksDependencies) {
    this.#dependencies = dependencies;
  }

  /** Checks again soon if the file that has changed is a lock that some window has taken. */
  onFileChanged(name: string): void {
    if (name.endsWith('.held')) {
      this.#checkSoon();
    }
  }

  /** Checks now which locks were abandoned, and goes on checking while other windows hold any. Never rejects. */
  async check(): Promise<void> {
    if (this.#isChecking || this.#isOver) {
      return;
    }
    this.#isChecking = true;
    try {
      const held = (await this.#dependencies.renewalLock.held()).filter((turn) => this.#isOfOthers(turn));
      held.filter(({ lives }) => lives === false).forEach((turn) => this.#finish(turn));
      if (held.some(({ lives }) => lives === true)) {
        this.#checkSoon();
      }
    } catch (error) {
      this.#dependencies.log.debug(`The locks of other windows could not be checked: ${toFailure(error).message}.`);
    } finally {
      this.#isChecking = false;
    }
  }

  dispose(): void {
    this.#isOver = true;
    this.#timer?.dispose();
  }

  #checkSoon(): void {
    if (this.#timer === undefined && !this.#isOver) {
      this.#timer = this.#dependencies.clock.after(CHECK_INTERVAL, () => {
        this.#timer = undefined;
        void this.check();
      });
    }
  }

  /** Whether a lock is about tokens that this window still has, and not held by itself. A lock for older tokens has served its purpose. */
  #isOfOthers({ generation, id }: LockHolder): boolean {
    const session = this.#dependencies.liveSessions.get(id);
    return (
      session !== undefined &&
      !session.renewing &&
      session.record.ended === undefined &&
      generation !== undefined &&
      generation >= session.record.generation
    );
  }

  #finish({ id, number }: LockHolder): void {
    const { log, tokenRefresher, liveSessions } = this.#dependencies;
    const record = liveSessions.get(id)?.record;
    const isNew = this.#takenUp.get(id) !== number;
    if (record !== undefined && isNew && tokenLifetimes(record).renewable && this.#dependencies.isOwned(record)) {
      this.#takenUp.set(id, number);
      log.info(`${describeSession(record)}: the window that was renewing it has ended; this one finishes the renewal.`);
      // What comes of it is noted with the session.
      tokenRefresher.renew(id, 'another window ended during a renewal').catch(() => {});
    }
  }
}
