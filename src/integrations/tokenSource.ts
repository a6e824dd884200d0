// Valid tokens for programs outside VS Code: the same that an extension gets from `getSession`.
import { tokenExpiresAt, usableToken } from '../auth/authenticationSession.ts';
import type { Clock } from '../core/clock.ts';
import { Failure } from '../core/failure.ts';
import type { SessionRecord } from '../core/session.ts';
import type { SessionFilter, SessionManager } from '../sessions/sessionManager.ts';
import type { Settings } from '../host/settings.ts';

/** A token and its session. */
export interface IssuedToken {
  readonly token: string;
  readonly record: SessionRecord;
  /** In ms since the Unix epoch; undefined if it's unknown. */
  readonly expiresAt: number | undefined;
}

/** What tokens are read from. */
export interface TokenSourceDependencies {
  readonly clock: Clock;
  readonly sessionManager: Pick<SessionManager, 'getUsableSessions'>;
  readonly settings: Pick<Settings, 'provider'>;
}

/** Which token is requested. */
export interface TokenRequest {
  readonly providerId: string;
  /** The scopes that the token must have; by default, the configured ones. */
  readonly scopes?: readonly string[] | undefined;
  /** Which of the sessions with these scopes may serve the request. */
  readonly filter?: SessionFilter | undefined;
}

/** Returns tokens that are valid for at least the minimum validity. */
export class TokenSource {
  readonly #dependencies: TokenSourceDependencies;

  constructor(dependencies: TokenSourceDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Returns a token for each account that has one, renewed if needed.
   * @returns an empty list if no account is signed in with these scopes.
   * @throws Failure `not-configured` if there is no such provider; otherwise what prevents the renewal.
   */
  async getTokens({ providerId, scopes, filter }: TokenRequest): Promise<IssuedToken[]> {
    const { clock, sessionManager, settings } = this.#dependencies;
    const provider = settings.provider(providerId);
    if (provider === undefined) {
      throw new Failure('not-configured', 'provider-removed');
    }
    const sessions = await sessionManager.getUsableSessions(providerId, scopes ?? provider.scopes, undefined, filter);
    return sessions.flatMap(({ record }) => {
      const token = usableToken(record, provider.sessionToken, clock.now());
      return token === undefined ? [] : [{ token, record, expiresAt: tokenExpiresAt(record, provider.sessionToken) }];
    });
  }
}
