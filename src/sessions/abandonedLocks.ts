// Refreshes that another window began and didn't finish, because it ended: this window notices within seconds, and
// finishes them. The server may have used the refresh token up, and may give the answer again only for a short time.
import { SECOND, type Clock, type Disposable } from '../core/clock.ts';
import { asFailure } from '../core/failure.ts';
import type { Log } from '../core/log.ts';
import { lifetimesOf, type SessionRecord } from '../core/session.ts';
import { nameOf } from './record.ts';
import type { Refresher } from './refresher.ts';
import type { Registry } from './registry.ts';
import type { HeldTurn, Turns } from './turns.ts';

/** What it works with. */
export interface AbandonedLocksDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly turns: Turns;
  readonly registry: Registry;
  readonly refresher: Refresher;
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
      const held = (await this.#dependencies.turns.held()).filter((turn) => this.#isOfOthers(turn));
      held.filter(({ lives }) => lives === false).forEach((turn) => this.#finish(turn));
      if (held.some(({ lives }) => lives === true)) {
        this.#checkSoon();
      }
    } catch (error) {
      this.#dependencies.log.debug(`The locks of other windows could not be checked: ${asFailure(error).message}.`);
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
  #isOfOthers({ generation, id }: HeldTurn): boolean {
    const session = this.#dependencies.registry.get(id);
    return session !== undefined && !session.renewing && session.record.ended === undefined && generation !== undefined && generation >= session.record.generation;
  }

  #finish({ id, number }: HeldTurn): void {
    const { log, refresher, registry } = this.#dependencies;
    const record = registry.get(id)?.record;
    const isNew = this.#takenUp.get(id) !== number;
    if (record !== undefined && isNew && lifetimesOf(record).renewable && this.#dependencies.isOwned(record)) {
      this.#takenUp.set(id, number);
      log.info(`${nameOf(record)}: the window that was renewing it has ended; this one finishes the renewal.`);
      // What comes of it is noted with the session.
      refresher.renew(id, 'another window ended during a renewal').catch(() => {});
    }
  }
}
