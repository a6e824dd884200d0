// Finds sessions that meet a resource server's challenge (RFC 6750, RFC 9470), and replaces rejected tokens.
import { unmetRequirement, type ChallengeRequirements } from '../core/challenge.ts';
import { HOUR, MINUTE, SECOND, type Clock } from '../core/clock.ts';
import { Failure, toFailure } from '../core/failure.ts';
import { endsSession, marksNotRefreshable } from '../core/failurePolicies.ts';
import { tokenLifetimes, type SessionRecord } from '../core/session.ts';
import type { LiveSession } from '../core/status.ts';
import type { SessionManager, SessionFilter } from './sessionManager.ts';
import type { SessionRefresher } from './onDemandRefresher.ts';

/** The dependencies of {@link ChallengeSessions}. */
export interface ChallengeSessionsDependencies {
  readonly clock: Clock;
  readonly sessionManager: SessionManager;
  readonly tokenRefresher: SessionRefresher;
}

/**
 * How long, in ms, a token counts as new, so that a rejection is attributed to the previous one: callers that used that
 * one report it one after another.
 */
const NEW_TOKEN_TIME = 10 * SECOND;
/** How long, in ms, after a refresh because of a rejection, another rejection doesn't cause a refresh. */
const REJECTION_REFRESH_INTERVAL = HOUR;

/** Finds sessions for challenges. */
export class ChallengeSessions {
  readonly #dependencies: ChallengeSessionsDependencies;
  /** The claims that a sign-in has requested, and when, by session. */
  readonly #requestedClaims = new Map<string, { readonly claims: string; readonly signedInAt: number }>();

  constructor(dependencies: ChallengeSessionsDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Returns the sessions that meet the requirements, with tokens that work; one per account. A rejected token is
   * refreshed
   * once. If the new one is rejected as well, it isn't refreshed again, so that this ends.
   * @returns an empty list if only a sign-in can help.
   * @throws Failure `token-rejected` if the new token is rejected as well; otherwise why no token is available now.
   */
  async find(providerId: string, requirements: ChallengeRequirements, accountId?: string): Promise<LiveSession[]> {
    const { sessionManager } = this.#dependencies;
    await sessionManager.ready();
    const filter: SessionFilter = (record) =>
      unmetRequirement(record, requirements, this.#dependencies.clock.now()) === undefined &&
      this.#hasClaims(record, requirements);
    if (!requirements.isTokenInvalid && requirements.notBefore === undefined) {
      return sessionManager.getUsableSessions(providerId, requirements.scopes, accountId, filter);
    }
    const rejected = sessionManager.findMatching(providerId, requirements.scopes, accountId, filter);
    const outcomes = await Promise.allSettled(
      rejected.map(async ({ record }) => ((await this.#isReplaced(record, requirements)) ? record.id : undefined)),
    );
    const good = new Set(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : undefined)));
    const found = await sessionManager.getUsableSessions(providerId, requirements.scopes, accountId, (record) =>
      good.has(record.id),
    );
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (found.length === 0 && failed !== undefined) {
      throw toFailure(failed.reason);
    }
    return found;
  }

  /**
   * Records that a sign-in has requested the claims of a challenge, so that the next caller with the same claims gets
   * its session.
   */
  recordAnswered({ id, signedInAt }: SessionRecord, { claims }: ChallengeRequirements): void {
    if (claims !== undefined) {
      this.#requestedClaims.set(id, { claims, signedInAt });
    }
  }

  /**
   * Returns whether a session's token has the claims, as far as that can be known: only the resource server can decide.
   */
  #hasClaims({ id, signedInAt }: SessionRecord, { claims, notBefore }: ChallengeRequirements): boolean {
    const requested = this.#requestedClaims.get(id);
    const wasRequested = requested?.claims === claims && requested?.signedInAt === signedInAt;
    return (
      claims === undefined ||
      notBefore !== undefined ||
      (wasRequested && this.#dependencies.clock.now() - signedInAt < MINUTE)
    );
  }

  /** Returns whether a session has another token than the rejected one, after a refresh if necessary. */
  async #isReplaced(record: SessionRecord, { notBefore }: ChallengeRequirements): Promise<boolean> {
    const { clock, tokenRefresher } = this.#dependencies;
    const age = clock.now() - record.tokensRequestedAt;
    const isNew = age >= 0 && age < NEW_TOKEN_TIME;
    if (notBefore === undefined ? isNew : record.tokensRequestedAt + (record.skew ?? 0) >= notBefore) {
      return true;
    }
    if (record.isAfterRejection === true && Math.abs(age) < REJECTION_REFRESH_INTERVAL) {
      if (notBefore === undefined) {
        throw new Failure('token-rejected', 'token-rejected-again');
      }
      return isNew;
    }
    if (!tokenLifetimes(record).isRefreshable) {
      return false;
    }
    try {
      await tokenRefresher.refresh(record.id, {
        reason: 'its token was rejected by a resource server',
        isUrgent: true,
        isAfterRejection: true,
        isPaced: true,
      });
      return true;
    } catch (error) {
      const failure = toFailure(error);
      if (endsSession(failure.category) || marksNotRefreshable(failure.category)) {
        return false;
      }
      throw failure;
    }
  }
}
