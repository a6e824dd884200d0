// The commands for an account: sign in again, renew, sign out. Each applies to all its sessions.
import * as vscode from 'vscode';
import { isSameAccount } from '../core/accounts.ts';
import { Failure, toFailure } from '../core/failure.ts';
import { FAILURE_POLICIES, endsSession } from '../core/failurePolicies.ts';
import type { SignInMethod } from '../core/provider.ts';
import { endedFailure, loginHintOf, tokenLifetimes, type SessionRecord } from '../core/session.ts';
import { statusOf, type LiveSession } from '../core/status.ts';
import { hintsAfterFailure } from '../protocol/authorize.ts';
import type { SignInHints } from '../auth/pendingSignIns.ts';
import * as notification from '../host/notificationMessages.ts';
import type { CommandDependencies, Commands } from './commands.ts';
import { showSignOutResult } from './signOutResult.ts';

/** Whether the actions for a session's failure include signing in again. */
export function isResolvedBySignIn({ failure }: LiveSession): boolean {
  const actions = failure === undefined ? [] : FAILURE_POLICIES[failure.category].actions;
  return actions.some((action) => action === 'sign-in' || action === 'ask-consent');
}

/** The commands for accounts. Each takes one of the account's sessions, and shows the outcome once. */
export class AccountCommands {
  readonly #dependencies: CommandDependencies;
  readonly #commands: Commands;

  constructor(dependencies: CommandDependencies, commands: Commands) {
    this.#dependencies = dependencies;
    this.#commands = commands;
  }

  /**
   * Signs in again with the account and the scopes of a session, then for each other session of the account that needs
   * it. The sessions are kept until the new tokens arrive. Requests what the server required when it ended a session.
   */
  async signInAgain(known: SessionRecord, method?: SignInMethod): Promise<void> {
    const { notifications, settings, signInController } = this.#dependencies;
    const first = this.#find(known.id)?.record ?? known;
    const provider = settings.provider(first.providerId);
    if (provider === undefined) {
      notifications().reportFailure(
        new Failure('not-configured', 'provider-removed'),
        this.#commands.targetForSession(first),
      );
      return;
    }
    let signedIn = first;
    for (const { id } of [first, ...this.#othersOf(first).map(({ record }) => record)]) {
      const session = this.#find(id);
      // The selected session is always signed in again. A sign-in may have replaced one of the others.
      if (id !== first.id && (session === undefined || !this.#needsSignIn(session))) {
        continue;
      }
      const record = session?.record ?? first;
      const hints = hintsFor(record, session);
      try {
        signedIn = await signInController.signIn(provider, record.scopes, hints, method);
      } catch (error) {
        const hintsForRetry = { ...hints, ...hintsAfterFailure(toFailure(error)) };
        notifications().reportFailure(
          error,
          this.#commands.targetForAttempt(provider, record.scopes, hintsForRetry, method),
        );
        return;
      }
      if (!isSameAccount(signedIn, first)) {
        // The user has selected another account, which these sessions don't belong to.
        break;
      }
    }
    void vscode.window.showInformationMessage(notification.signedIn(provider.label, signedIn.account.label));
  }

  /** Renews a session now, and all others of the account that can be renewed. */
  async renew(record: SessionRecord): Promise<void> {
    const { notifications, settings, tokenRefresher } = this.#dependencies;
    const others = this.#othersOf(record);
    const hasEnded = others.some((other) => other.record.ended !== undefined);
    const renewable = others.map((other) => other.record).filter((other) => tokenLifetimes(other).isRefreshable);
    const failures = await Promise.all(
      [record, ...renewable].map(async (one) => {
        try {
          await notifications().runUserInitiated(one.id, () =>
            tokenRefresher.refresh(one.id, { reason: 'requested by the user', isPaced: true, isByUser: true }),
          );
          return undefined;
        } catch (error) {
          return { error, record: one };
        }
      }),
    );
    const failed = failures.find((one) => one !== undefined);
    if (failed === undefined) {
      void vscode.window.showInformationMessage(
        notification.renewed(settings.nameOf(record.providerId), record.account.label),
      );
      return;
    }
    // The notification center reports the end of a session, unless that kind is muted or the end was already reported.
    const isEnd = endsSession(toFailure(failed.error).category);
    if (!isEnd || hasEnded || !notifications().notifiesEnd(failed.record.id)) {
      notifications().reportFailure(failed.error, this.#commands.targetForSession(failed.record));
    }
  }

  /** Signs out of the account of a session. */
  async signOut(record: SessionRecord): Promise<void> {
    const { sessionManager, settings } = this.#dependencies;
    await showSignOutResult(
      sessionManager.signOutOfAccount(record.id),
      { provider: settings.nameOf(record.providerId, record.providerLabel), account: record.account.label },
      (page) => this.#dependencies.openSignOutPage(page),
    );
  }

  #find(id: string): LiveSession | undefined {
    return this.#dependencies.sessionManager.getAll().find(({ record }) => record.id === id);
  }

  #othersOf(record: SessionRecord): LiveSession[] {
    return this.#dependencies.sessionManager
      .getAll()
      .filter((other) => other.record.id !== record.id && isSameAccount(other.record, record));
  }

  /** Whether a session has ended or ends soon, or has a failure that signing in resolves. */
  #needsSignIn(session: LiveSession): boolean {
    const { clock, settings } = this.#dependencies;
    const { state } = statusOf(session, settings.lifetimes(), clock.now());
    return state === 'ended' || state === 'ending' || isResolvedBySignIn(session);
  }
}

function hintsFor(record: SessionRecord, session: LiveSession | undefined): SignInHints {
  const failure = record.ended === undefined ? session?.failure : endedFailure(record.ended);
  return { loginHint: loginHintOf(record), ...(failure === undefined ? {} : hintsAfterFailure(failure)) };
}
