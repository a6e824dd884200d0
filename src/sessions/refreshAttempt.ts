// A running refresh and its callers, who can be released while it continues.
import { Failure } from '../core/failure.ts';
import type { SessionRecord } from '../core/session.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';
import type { RefreshFailure } from '../storage/sessionFile.ts';

/** The options of a refresh. */
export interface RefreshOptions {
  /** The reason, for the log. */
  readonly reason: string;
  /** Whether a caller waits for it. If so, it's attempted although another window has failed and scheduled a retry. */
  readonly isUrgent?: boolean;
  /**
   * Whether to skip it if a refresh has just ended or, after a rejection, has just failed. Scheduled refreshes aren't
   * affected.
   */
  readonly isPaced?: boolean;
  /**
   * Whether the user requested it, who may have fixed the cause of the last failure. It's then attempted regardless of
   * that failure.
   */
  readonly isByUser?: boolean;
  /** Whether a resource server rejected the current access token, which the new record then reports to all windows. */
  readonly isAfterRejection?: boolean;
}

/** A running refresh. */
export class RefreshAttempt {
  readonly id: string;
  readonly reason: string;
  readonly isUrgent: boolean;
  readonly isAfterRejection: boolean;
  /** Whether to skip it if a refresh has just ended. */
  readonly isPaced: boolean;
  /** When it began, in ms since the Unix epoch. */
  readonly startedAt: number;
  /** The record in memory when it began. */
  readonly initialRecord: SessionRecord | undefined;
  /** The record that it's working on, in its latest version. */
  record: SessionRecord | undefined;
  /** Whether the outcome of the sent refresh token is unknown; undefined until the token is about to be sent. */
  isOutcomeUnknown: boolean | undefined;
  /** Whether its failure has been recorded. */
  isFailureRecorded = false;
  /** The failure of another window that also applies to this one. */
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
   * Continues with the record in memory.
   * @throws Failure `signed-out` if there is none.
   */
  useCurrentRecord(): SessionRecord {
    this.record = this.#liveSessions.get(this.id)?.record;
    if (this.record === undefined) {
      throw new Failure('signed-out', 'signed-out');
    }
    return this.record;
  }

  /** Returns whether the session in memory is still the one that the attempt is for. */
  isCurrent(): boolean {
    return this.record !== undefined && this.#liveSessions.get(this.id)?.record === this.record;
  }

  /** Takes a newer record into memory, and continues with it. */
  adopt(record: SessionRecord): void {
    this.#liveSessions.set(record);
    this.record = record;
  }

  /**
   * Waits for the outcome, or until the callers are released.
   * @throws Failure that of the refresh, or the one that the callers are released with.
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

  /** Releases all callers with a failure, including later ones until {@link holdCallers}. */
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
