// Loads the token refresher on demand.
import { MINUTE, type Clock } from '../core/clock.ts';
import { toFailure } from '../core/failure.ts';
import type { Lazy } from '../core/lazy.ts';
import type { SessionRecord } from '../core/session.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';
import type { RefreshOptions } from './refreshAttempt.ts';
import type { TokenRefresher } from './tokenRefresher.ts';

/** The part of the token refresher that the session manager and the scheduler use. */
export type SessionRefresher = Pick<TokenRefresher, 'refresh'>;

/** The dependencies of the refresher. */
export interface OnDemandRefresherDependencies {
  readonly clock: Clock;
  readonly liveSessions: LiveSessions;
  readonly onDemand: Lazy<{ readonly sessions: { readonly tokenRefresher: SessionRefresher } }>;
}

/** How long, in ms, after the refresher couldn't be loaded, a session is due again. */
const LOAD_RETRY_DELAY = MINUTE;

/** Refreshes sessions, and loads the token refresher for the first one. */
export class OnDemandRefresher implements SessionRefresher {
  readonly #dependencies: OnDemandRefresherDependencies;

  constructor(dependencies: OnDemandRefresherDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Refreshes a session; see {@link TokenRefresher.refresh}.
   * @throws Failure also `unexpected` if the refresher can't be loaded. The session stays unchanged, and is due again
   * after a minute.
   */
  async refresh(id: string, options: RefreshOptions): Promise<SessionRecord> {
    const refresher = this.#loaded ?? (await this.#loadFor(id));
    return refresher.refresh(id, options);
  }

  get #loaded(): SessionRefresher | undefined {
    return this.#dependencies.onDemand.value?.sessions.tokenRefresher;
  }

  async #loadFor(id: string): Promise<SessionRefresher> {
    try {
      return (await this.#dependencies.onDemand.load()).sessions.tokenRefresher;
    } catch (error) {
      const { clock, liveSessions } = this.#dependencies;
      const failure = toFailure(error);
      // No request was sent, so this isn't a verdict on the session.
      liveSessions.patch(id, { failure, failedAt: clock.now(), nextAttemptAt: clock.now() + LOAD_RETRY_DELAY });
      throw failure;
    }
  }
}
