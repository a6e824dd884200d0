// Which sessions can answer a resource server's challenge, and what is done where it has refused a token.
import { unmetRequirement, type ChallengeRequirements } from '../core/challenge.ts';
import { HOUR, MINUTE, SECOND, type Clock } from '../core/clock.ts';
import { Failure, toFailure } from '../core/failure.ts';
import { endsSession, marksNotRefreshable } from '../core/failurePolicies.ts';
import { tokenLifetimes, type SessionRecord } from '../core/session.ts';
import type { LiveSession } from '../core/status.ts';
import type { SessionManager, SessionFilter } from './sessionManager.ts';
import type { TokenRefresher } from './tokenRefresher.ts';

/** What demands are answered with. */
export interface ChallengeSessionsDependencies {
  readonly clock: Clock;
  readonly sessionManager: SessionManager;
  readonly tokenRefresher: TokenRefresher;
}

/** How long, in ms, a token is so new that a refusal must be of the one before: callers that ran into it together come one by one. */
const JUST_MADE = 10 * SECOND;
/** How long, in ms, a token that came of a refusal is not renewed because of another one; one that was good for longer has come to be refused anew. */
const LONG_GOOD = HOUR;

/** Answers demands. */
export class ChallengeSessions {
  readonly #dependencies: ChallengeSessionsDependencies;
  /** The claims that a sign-in has asked for, and when that was, by session. */
  readonly #claimed = new Map<string, { readonly claims: string; readonly signedInAt: number }>();

  constructor(ports: ChallengeSessionsDependencies) {
    this.#dependencies = ports;
  }

  /**
   * The sessions that meet a demand, with tokens that work; one an account. A token that was refused is renewed, once:
   * a refused one that came of that is not renewed again, so that nobody goes round in circles.
   * @returns an empty list where only a sign-in can help.
   * @throws Failure `token-rejected` where the renewed token is refused as well; else why there is no token right now.
   */
  async find(providerId: string, demand: ChallengeRequirements, accountId?: string): Promise<LiveSession[]> {
    const { sessionManager } = this.#dependencies;
    await sessionManager.ready();
    const suits: SessionFilter = (record) =>
      unmetRequirement(record, demand, this.#dependencies.clock.now()) === undefined && this.#hasClaims(record, demand);
    if (!demand.isRefused && demand.notBefore === undefined) {
      return sessionManager.find(providerId, demand.scopes, accountId, suits);
    }
    const refused = sessionManager.serving(providerId, demand.scopes, accountId, suits);
    const outcomes = await Promise.allSettled(
      refused.map(async ({ record }) => ((await this.#replaced(record, demand)) ? record.id : undefined)),
    );
    const good = new Set(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : undefined)));
    const found = await sessionManager.find(providerId, demand.scopes, accountId, (record) => good.has(record.id));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (found.length === 0 && failed !== undefined) {
      throw toFailure(failed.reason);
    }
    return found;
  }

  /** Notes that a sign-in has asked for the claims of a demand: whoever comes with the same ones right after it is served. */
  recordAnswered({ id, signedInAt }: SessionRecord, { claims }: ChallengeRequirements): void {
    if (claims !== undefined) {
      this.#claimed.set(id, { claims, signedInAt });
    }
  }

  /** Whether the token of a session has the claims, as far as can be known: only the resource server can look. */
  #hasClaims({ id, signedInAt }: SessionRecord, { claims, notBefore }: ChallengeRequirements): boolean {
    const claimed = this.#claimed.get(id);
    const isOfThis = claimed?.claims === claims && claimed?.signedInAt === signedInAt;
    return (
      claims === undefined ||
      notBefore !== undefined ||
      (isOfThis && this.#dependencies.clock.now() - signedInAt < MINUTE)
    );
  }

  /** Whether a session has another token than the one that was refused: there is one already, or a renewal brings it. */
  async #replaced(record: SessionRecord, { notBefore }: ChallengeRequirements): Promise<boolean> {
    const { clock, tokenRefresher } = this.#dependencies;
    const age = clock.now() - record.renewedAt;
    const isJustMade = age >= 0 && age < JUST_MADE;
    if (notBefore === undefined ? isJustMade : record.renewedAt + (record.skew ?? 0) >= notBefore) {
      return true;
    }
    if (record.isAfterRefusal === true && Math.abs(age) < LONG_GOOD) {
      if (notBefore === undefined) {
        throw new Failure('token-rejected', 'refused-again');
      }
      return isJustMade;
    }
    if (!tokenLifetimes(record).renewable) {
      return false;
    }
    try {
      await tokenRefresher.renew(record.id, 'a resource server refuses its token', true, true);
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
