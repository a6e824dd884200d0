// What other extensions ask of a provider that takes more than the sessions in memory: signing in, and what a resource
// server wants.
import * as vscode from 'vscode';
import { assertMeets, parseRequirements, type Constraint } from '../core/challenge.ts';
import type { Clock } from '../core/clock.ts';
import type { Failure } from '../core/failure.ts';
import type { Provider } from '../core/provider.ts';
import type { SessionRecord } from '../core/session.ts';
import { describeFailure } from '../host/failureMessages.ts';
import * as notification from '../host/notificationMessages.ts';
import type { ChallengeSessions } from '../sessions/challengeSessions.ts';
import type { ServerSignOut } from '../sessions/serverSignOut.ts';
import type { SessionManager } from '../sessions/sessionManager.ts';
import type { SignInHints } from './pendingSignIns.ts';
import type { SignInController } from './signInController.ts';
import { signInHintsFor } from './signInHints.ts';

/** What the requests are answered with. */
export interface SessionRequestsDependencies {
  readonly clock: Clock;
  readonly sessionManager: SessionManager;
  readonly challengeSessions: ChallengeSessions;
  readonly signInController: SignInController;
  /** Opens the server's page for a sign-out, where there is one. Nobody is kept waiting for it. */
  openSignOutPage(page: ServerSignOut['page']): void;
  /** Offers another sign-in method, if a sign-in that a caller has asked for failed. */
  offerOtherMethod(error: unknown, provider: Provider, scopes: readonly string[], hints: SignInHints): void;
  /** Offers to add a provider. Nobody is kept waiting for the answer. */
  offerToAddProvider(): void;
}

type Account = vscode.AuthenticationSessionAccountInformation | undefined;

/** Answers what other extensions ask for. */
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
   * The sessions that meet what a resource server wants, and the scopes that it names.
   * @throws Failure
   */
  async findForChallenge(
    providerId: string,
    constraint: Constraint,
    account: Account,
  ): Promise<{ readonly records: readonly SessionRecord[]; readonly scopes: readonly string[] }> {
    const demand = parseRequirements(constraint);
    const found = await this.#dependencies.challengeSessions.find(providerId, demand, account?.id);
    return { records: found.map(({ record }) => record), scopes: demand.scopes };
  }

  /**
   * Signs in so that a resource server gets what it wants.
   * @throws Failure also where the server has signed them in, but not as it was asked to.
   */
  async signInForChallenge(
    provider: Provider,
    constraint: Constraint,
    account: Account,
  ): Promise<{ readonly record: SessionRecord; readonly scopes: readonly string[] }> {
    const { clock, challengeSessions } = this.#dependencies;
    const demand = parseRequirements(constraint);
    const { acrValues, claims, maxAge, scopes } = demand;
    // Whoever is challenged has been somebody already, so it is the only account there is rather than another one.
    const hints = {
      ...signInHintsFor(this.#dependencies.sessionManager, provider.id, scopes, account, () => false),
      acrValues,
      maxAge,
      ...(claims === undefined ? {} : { claims }),
    };
    const record = await this.#signIn(provider, scopes, hints, (signedIn) => {
      // One that does not is a good session all the same, and stays: its tokens may be bound up with those before.
      assertMeets(signedIn, demand, clock.now());
      challengeSessions.recordAnswered(signedIn, demand);
      return signedIn;
    });
    return { record, scopes };
  }

  /** Offers to add a provider, where a caller wants to sign in and there is none; returns the error for the caller. */
  offerToConfigure(): Error {
    this.#dependencies.offerToAddProvider();
    return new Error(notification.noProvider());
  }

  /** Opens the server's page for a sign-out, and tells the person if the server does not confirm it. */
  completeSignOut(name: string, { atServer, page }: ServerSignOut): void {
    this.#dependencies.openSignOutPage(page);
    atServer.catch(() => void vscode.window.showWarningMessage(notification.signedOutLocallyOnly(name)));
  }

  /** The sentence for a failure that a caller gets. */
  describe(failure: Failure, name: string, hasSession: boolean): string {
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
