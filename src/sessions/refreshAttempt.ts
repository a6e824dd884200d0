// A refresh under way: what it's about, and its callers, who can be released while it goes on.
import { Failure } from '../core/failure.ts';
import type { SessionRecord } from '../core/session.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';
import type { RefreshFailure } from '../storage/sessionFile.ts';

/** What a refresh is started with. */
export interface RefreshOptions {
  /** Why, for the log. */
  readonly reason: string;
  /** Whether somebody waits for it: then it's attempted although another window has failed and plans to try later. */
  readonly isUrgent?: boolean;
  /**
   * Whether it's requested only if no refresh has just ended; after a rejection, only if none has just failed. The
   * schedule has a pace of its own.
   */
  readonly isPaced?: boolean;
  /** Whether a person asks for it, who may have fixed what has just failed: a failure doesn't keep it from being tried. */
  readonly isByUser?: boolean;
  /** Whether a resource server has rejected the access token in hand, which the new record then says in all windows. */
  readonly isAfterRejection?: boolean;
}

/** One refresh under way. */
export class RefreshAttempt {
  readonly id: string;
  readonly reason: string;
  readonly isUrgent: boolean;
  readonly isAfterRejection: boolean;
  /** Whether it's requested only if no refresh has just ended. */
  readonly isPaced: boolean;
  /** When it began, in ms since the Unix epoch. */
  readonly startedAt: number;
  /** The record in memory when it began. */
  readonly initialRecord: SessionRecord | undefined;
  /** The record that it's about, as far as it has come. */
  record: SessionRecord | undefined;
  /** Whether nobody knows what became of the refresh token that was sent; undefined until it's about to be sent. */
  isOutcomeUnknown: boolean | undefined;
  /** Whether its failure has been recorded. */
  isFailureRecorded = false;
  /** The failure of another window that stands for one of this window. */
  sharedFailure: RefreshFailure | undefined;
  readonly #liveSessions: LiveSessions;
  readonly #waiting = new Set<(failure: Failure) => void>();
  #released: Failure | undefined;

  constructor(id: string, options: RefreshOptions, liveSessions: LiveSessions, now: number) {
    this.id = id;
    this.reason = options.reason;
    this.isUrgent = options.isUrgent ?? true;
    this.isAfterRejection = options.isAfterRejection === true;
    this.isPaced = options.isPaced === true;
    this.startedAt = now;
    this.initialRecord = liveSessions.get(id)?.record;
    this.#liveSessions = liveSessions;
  }

  /**
   * The record in memory, which the attempt is about from now on.
   * @throws Failure `signed-out` if there is none any more.
   */
  useCurrentRecord(): SessionRecord {
    this.record = this.#liveSessions.get(this.id)?.record;
    if (this.record === undefined) {
      throw new Failure('signed-out', 'signed-out');
    }
    return this.record;
  }

  /** Whether the session in memory is still the one that the attempt is about. */
  isCurrent(): boolean {
    return this.record !== undefined && this.#liveSessions.get(this.id)?.record === this.record;
  }

  /** Takes a newer record into memory, which the attempt is about from now on. */
  adopt(record: SessionRecord): void {
    this.#liveSessions.set(record);
    this.record = record;
  }

  /**
   * Waits for the outcome, until the callers are released.
   * @throws Failure the one that the refresh ends with, or the one that the callers are released with.
   */
  join(outcome: Promise<SessionRecord>): Promise<SessionRecord> {
    return new Promise((resolve, reject) => {
      if (this.#released !== undefined) {
        reject(this.#released);
        return;
      }
      this.#waiting.add(reject);
      outcome.finally(() => this.#waiting.delete(reject)).then(resolve, reject);
    });
  }

  /** Lets nobody wait any longer: present callers get a failure, and so do those who come until {@link holdCallers}. */
  releaseCallers(reason: Failure): void {
    this.#released = reason;
    for (const reject of this.#waiting) {
      reject(reason);
    }
    this.#waiting.clear();
  }

  /** Lets callers wait again. */
  holdCallers(): void {
    this.#released = undefined;
  }
}
