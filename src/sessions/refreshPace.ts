// Limits how soon after a refresh callers and commands may request another. Earlier requests get the result of the last
// refresh, so that neither frequent requests nor a short-lived token cause one token request after another.
import type { Clock } from '../core/clock.ts';
import { isWindowLocal } from '../core/failurePolicies.ts';
import { MIN_REFRESH_INTERVAL } from '../core/lifetime.ts';
import type { SessionRecord } from '../core/session.ts';
import { sessionTime, type LiveSession } from '../core/status.ts';

/** The pace of the refreshes of one window. */
export class RefreshPace {
  readonly #clock: Clock;
  /** The results of this window's last refreshes, by session ID. */
  readonly #refreshed = new Map<string, SessionRecord>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Records the result of a refresh of this window. */
  recordRefresh(record: SessionRecord): void {
    this.#refreshed.set(record.id, record);
  }

  /**
   * Returns the record of a session that was just refreshed in any window; undefined if there is none and a refresh may
   * be requested.
   */
  findRecentRecord(session: LiveSession): SessionRecord | undefined {
    const { record } = session;
    const now = sessionTime(session, this.#clock.now());
    return this.#isFromRefresh(record) && isRecent(record.tokensRequestedAt, now) ? record : undefined;
  }

  /**
   * Throws if a refresh has just failed.
   * @throws Failure that of the refresh.
   */
  assertNotJustFailed({ failedAt, failure }: LiveSession): void {
    // A failure that concerns only this window, such as one of the keyring, doesn't concern the request.
    if (failure !== undefined && !isWindowLocal(failure.category) && isRecent(failedAt, this.#clock.now())) {
      throw failure;
    }
  }

  /** Returns whether the tokens come from a refresh rather than a sign-in, and the record is complete. */
  #isFromRefresh(record: SessionRecord): boolean {
    const { ended, generation, id, isComplete, signedInAt, tokensRequestedAt } = record;
    const isOwn = this.#refreshed.get(id)?.generation === generation;
    return isComplete && ended === undefined && (isOwn || tokensRequestedAt > signedInAt);
  }
}

/** A time in the future dates from before the clock was set back. */
function isRecent(at: number | undefined, now: number): boolean {
  return at !== undefined && at <= now && now - at < MIN_REFRESH_INTERVAL;
}
