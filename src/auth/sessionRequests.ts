// Requests from other extensions that need more than the sessions in memory: sign-ins, and challenges from resource
// servers.
import * as vscode from 'vscode';
import { assertMeets, parseRequirements, type Constraint } from '../core/challenge.ts';
import type { Clock } from '../core/clock.ts';
import type { Failure } from '../core/failure.ts';
import type { Provider } from '../core/provider.ts';
import type { SessionRecord } from '../core/session.ts';
import { describeFailure } from '../host/failureMessages.ts';
import * as notification from '../host/notificationMessages.ts';
import { combineSignOuts } from '../sessions/accountSignOut.ts';
import type { ChallengeSessions } from '../sessions/challengeSessions.ts';
import type { ServerSignOut } from '../sessions/serverSignOut.ts';
import type { SessionManager } from '../sessions/sessionManager.ts';
import type { SignInHints } from './pendingSignIns.ts';
import type { SignInController } from './signInController.ts';
import { signInHintsFor } from './signInHints.ts';

/** What the requests depend on. */
export interface SessionRequestsDependencies {
  readonly clock: Clock;
  readonly sessionManager: SessionManager;
  readonly challengeSessions: ChallengeSessions;
  readonly signInController: SignInController;
  /** Opens the server's sign-out page, if there is one. Does not wait for it. */
  openSignOutPage(page: ServerSignOut['page']): void;
  /** Offers another sign-in method after a sign-in that a caller requested has failed. */
  offerOtherMethod(error: unknown, provider: Provider, scopes: readonly string[], hints: SignInHints): void;
  /** Offers to add a provider. Does not wait for the choice. */
  offerToAddProvider(): void;
}

type Account = vscode.AuthenticationSessionAccountInformation | undefined;

/** Handles these requests. */
export class SessionRequests {
  readonly #dependencies: SessionRequestsDependencies;

  constructor(dependencies: SessionRequestsDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Signs in.
   * @throws Failure
   */
  async signIn(provider: Provider, scopes: readonly string[], account: Account): Promise<SessionRecord> {
    return this.#signIn(
      provider,
      scopes,
      signInHintsFor(this.#dependencies.sessionManager, provider.id, scopes, account),
      (record) => record,
    );
  }

  /**
   * Returns the sessions that meet a resource server's challenge, and the scopes that it names.
   * @throws Failure
   */
  async findForChallenge(
    providerId: string,
    constraint: Constraint,
    account: Account,
  ): Promise<{ readonly records: readonly SessionRecord[]; readonly scopes: readonly string[] }> {
    const requirements = parseRequirements(constraint);
    const found = await this.#dependencies.challengeSessions.find(providerId, requirements, account?.id);
    return { records: found.map(({ record }) => record), scopes: requirements.scopes };
  }

  /**
   * Signs in to meet a resource server's challenge.
   * @throws Failure, also if the sign-in succeeded but doesn't meet the challenge.
   */
  async signInForChallenge(
    provider: Provider,
    constraint: Constraint,
    account: Account,
  ): Promise<{ readonly record: SessionRecord; readonly scopes: readonly string[] }> {
    const { clock, challengeSessions } = this.#dependencies;
    const requirements = parseRequirements(constraint);
    const { acrValues, claims, maxAge, scopes } = requirements;
    // A challenge is about a token that was used already, so the sign-in is for the existing account, not another one.
    const hints = {
      ...signInHintsFor(this.#dependencies.sessionManager, provider.id, scopes, account, () => false),
      acrValues,
      maxAge,
      ...(claims === undefined ? {} : { claims }),
    };
    const record = await this.#signIn(provider, scopes, hints, (signedIn) => {
      // A session that doesn't meet them is still valid, and is kept: the server may have revoked the previous tokens.
      assertMeets(signedIn, requirements, clock.now());
      challengeSessions.recordAnswered(signedIn, requirements);
      return signedIn;
    });
    return { record, scopes };
  }

  /** Offers to add a provider after a caller has requested a sign-in without one; returns the error for the caller. */
  offerToConfigure(): Error {
    this.#dependencies.offerToAddProvider();
    return new Error(notification.noProvider());
  }

  /**
   * Opens the server's sign-out page, and shows a message if the server hasn't revoked the tokens of all sessions of an
   * account.
   */
  completeSignOut(name: string, signOuts: readonly ServerSignOut[]): void {
    const { atServer, page } = combineSignOuts(signOuts);
    this.#dependencies.openSignOutPage(page);
    atServer.then(
      (revocation) =>
        revocation === 'revoked'
          ? undefined
          : void vscode.window.showInformationMessage(notification.signedOutWithoutRevocation(name)),
      () => void vscode.window.showWarningMessage(notification.signedOutUnconfirmed(name)),
    );
  }

  /** Returns the message for a failure that a caller gets. */
  describeFailure(failure: Failure, name: string, hasSession: boolean): string {
    return describeFailure(failure, name, hasSession);
  }

  async #signIn(
    provider: Provider,
    scopes: readonly string[],
    hints: SignInHints,
    accept: (record: SessionRecord) => SessionRecord,
  ): Promise<SessionRecord> {
    try {
      return accept(await this.#dependencies.signInController.signIn(provider, scopes, hints));
    } catch (error) {
      this.#dependencies.offerOtherMethod(error, provider, scopes, hints);
      throw error;
    }
  }
}
