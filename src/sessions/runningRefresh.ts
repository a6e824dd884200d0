// A refresh under way, as its callers see it: they can be released while it goes on.
import type { Failure } from '../core/failure.ts';
import type { SessionRecord } from '../core/session.ts';
import type { RefreshFailure } from '../storage/sessionIndex.ts';
import type { AttemptOptions } from './refreshBackoff.ts';

/** A refresh under way. */
export class RunningRefresh {
  /** Ends with the refresh itself. */
  readonly done: Promise<SessionRecord>;
  #waiting = new Set<(failure: Failure) => void>();
  #reason: Failure | undefined;

  /**
   * Starts a refresh.
   * @param run does it; it may release the callers on the way.
   */
  constructor(run: (running: RunningRefresh) => Promise<SessionRecord>) {
    this.done = run(this);
    // Every caller hears of it by itself; without one, nobody has to.
    this.done.catch(() => {});
  }

  /**
   * Waits for the refresh, until the callers are released.
   * @throws Failure the one that the refresh ends with, or the one that the callers are released with.
   */
  join(): Promise<SessionRecord> {
    return new Promise((resolve, reject) => {
      if (this.#reason !== undefined) {
        reject(this.#reason);
        return;
      }
      this.#waiting.add(reject);
      this.done.finally(() => this.#waiting.delete(reject)).then(resolve, reject);
    });
  }

  /** Lets nobody wait any longer: those who do get a failure, and so do those who come until {@link hold}. */
  release(reason: Failure): void {
    this.#reason = reason;
    for (const reject of this.#waiting) {
      reject(reason);
    }
    this.#waiting.clear();
  }

  /** Lets callers wait again. */
  hold(): void {
    this.#reason = undefined;
  }
}

/** One renewal on its way: which session, and the record that it is about as far as it has come. */
export interface RefreshAttempt extends AttemptOptions {
  readonly id: string;
  /** Why, for the log. */
  readonly reason: string;
  /** Whether a resource server has refused the token in hand. */
  readonly isAfterRefusal: boolean;
  /** The same as its callers see it. */
  readonly refresh: RunningRefresh;
  /** The record that was to be renewed when it began. */
  readonly initialRecord: SessionRecord | undefined;
  of: SessionRecord | undefined;
  /** Whether its failure has been noted. */
  isNoted: boolean;
  /** The failure of another window that stands for one of this. */
  shared?: RefreshFailure | undefined;
}
