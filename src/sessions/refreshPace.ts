// How soon after a refresh callers and commands may request another one: whoever asks sooner gets what the latest one has
// brought, so that neither they nor a short-lived token lead to one token request after the other.
import type { Clock } from '../core/clock.ts';
import { isWindowLocal } from '../core/failurePolicies.ts';
import { MIN_REFRESH_INTERVAL } from '../core/lifetime.ts';
import type { SessionRecord } from '../core/session.ts';
import { sessionTime, type LiveSession } from '../core/status.ts';

/** The pace of the refreshes of one window. */
export class RefreshPace {
  readonly #clock: Clock;
  /** The records that this window's latest refreshes have brought, by session ID. */
  readonly #refreshed = new Map<string, SessionRecord>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Records that a refresh of this window has brought a record. */
  recordRefresh(record: SessionRecord): void {
    this.#refreshed.set(record.id, record);
  }

  /**
   * Returns the record of a session that a refresh, in whichever window, has just brought; undefined if there is none, so
   * that a refresh may be requested.
   */
  findRecentRecord(session: LiveSession): SessionRecord | undefined {
    const { record } = session;
    const now = sessionTime(session, this.#clock.now());
    return this.#isFromRefresh(record) && isRecent(record.tokensRequestedAt, now) ? record : undefined;
  }

  /**
   * Fails if a refresh has just failed.
   * @throws Failure that of the refresh.
   */
  assertNotJustFailed({ failedAt, failure }: LiveSession): void {
    // A failure that concerns this window only, such as of the keyring, says nothing about a request.
    if (failure !== undefined && !isWindowLocal(failure.category) && isRecent(failedAt, this.#clock.now())) {
      throw failure;
    }
  }

  /** Whether the tokens are those of a refresh, not of a sign-in, and not partly of the one before. */
  #isFromRefresh(record: SessionRecord): boolean {
    const { ended, generation, id, isComplete, signedInAt, tokensRequestedAt } = record;
    const isOwn = this.#refreshed.get(id)?.generation === generation;
    return isComplete && ended === undefined && (isOwn || tokensRequestedAt > signedInAt);
  }
}

/** What lies in the future is from before the clock was set back. */
function isRecent(at: number | undefined, now: number): boolean {
  return at !== undefined && at <= now && now - at < MIN_REFRESH_INTERVAL;
}
