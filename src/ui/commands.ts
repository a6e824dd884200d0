// The commands: what a person can tell Session Keeper to do.
import * as vscode from 'vscode';
import type { Clock } from '../core/clock.ts';
import { Failure, toFailure } from '../core/failure.ts';
import type { Provider, SignInMethod } from '../core/provider.ts';
import { FAILURE_POLICIES, endsSession, isStorageFailure } from '../core/failurePolicies.ts';
import { tokenLifetimes, loginHintOf, endedFailure, type SessionRecord } from '../core/session.ts';
import { statusOf, type LiveSession } from '../core/status.ts';
import { hintsAfterFailure } from '../protocol/authorize.ts';
import type { ServerSignOut } from '../sessions/serverSignOut.ts';
import type { SessionManager } from '../sessions/sessionManager.ts';
import type { TokenRefresher } from '../sessions/tokenRefresher.ts';
import type { RecoveryActions, ActionTarget } from './recoveryActions.ts';
import { askForConsent } from './consent.ts';
import type { COMMANDS } from '../host/ids.ts';
import type { NotificationCenter } from './notificationCenter.ts';
import { pickOne } from './pick.ts';
import { SessionPicker } from './sessionPicker.ts';
import type { Settings } from '../host/settings.ts';
import type { SignInHints } from '../auth/pendingSignIns.ts';
import type { SignInController, StillWaiting } from '../auth/signInController.ts';
import { showStillWaiting } from './stillWaiting.ts';
import * as button from '../host/buttonLabels.ts';
import * as notification from '../host/notificationMessages.ts';
import * as quickPick from '../host/quickPickMessages.ts';
import { stateName } from '../host/statusBarMessages.ts';

/** What the commands work with. */
export interface CommandDependencies {
  readonly clock: Clock;
  readonly sessionManager: SessionManager;
  readonly tokenRefresher: TokenRefresher;
  readonly signInController: SignInController;
  readonly settings: Settings;
  readonly actions: RecoveryActions;
  readonly notifications: () => NotificationCenter;
  /** Opens the server's page for a sign-out, where there is one. Nobody is kept waiting for it. */
  openSignOutPage(page: ServerSignOut['page']): void;
  /** Leads through adding a provider. */
  addProvider(): Promise<void>;
  showLog(): void;
  showDiagnostics(): Promise<void>;
  copyDiagnostics(): Promise<void>;
}

/** The commands, and the actions that buttons and picks share with them. */
export class Commands {
  readonly #dependencies: CommandDependencies;

  constructor(ports: CommandDependencies) {
    this.#dependencies = ports;
  }

  /** What each command does. */
  handlers(): Readonly<Record<keyof typeof COMMANDS, () => unknown>> {
    return {
      signIn: () => this.signIn(),
      signOut: () => this.#signOut(),
      renewNow: () => this.#renewNow(),
      showSessions: () => new SessionPicker(this.#dependencies, this).show(),
      showLog: () => this.#dependencies.showLog(),
      addProvider: () => this.#dependencies.addProvider(),
      showDiagnostics: () => this.#dependencies.showDiagnostics(),
      copyDiagnostics: () => this.#dependencies.copyDiagnostics(),
      setClientSecret: () => this.#setClientSecret(),
    };
  }

  /** Signs in to a provider: the only one, or the one that is picked. */
  async signIn(): Promise<void> {
    if (this.#dependencies.settings.providers.length === 0) {
      this.offerToAddProvider();
      return;
    }
    const chosen = await this.#pickProvider();
    if (chosen !== undefined) {
      await this.signInTo(chosen, chosen.scopes, {
        wantsOtherAccount: this.#dependencies.sessionManager.getActive(chosen.id).length > 0,
      });
    }
  }

  /** Signs in to a provider, and tells how it went. */
  async signInTo(
    provider: Provider,
    scopes: readonly string[],
    hints: SignInHints = {},
    method?: SignInMethod,
  ): Promise<void> {
    try {
      const record = await this.#dependencies.signInController.signIn(provider, scopes, hints, method);
      void vscode.window.showInformationMessage(notification.signedIn(provider.label, record.account.label));
    } catch (error) {
      this.#dependencies
        .notifications()
        .reportFailure(
          error,
          this.attemptAt(provider, scopes, { ...hints, ...hintsAfterFailure(toFailure(error)) }, method),
        );
    }
  }

  /** Offers another sign-in method, or another redirect URI, if a sign-in that another extension has asked for failed; VS Code tells that extension. */
  offerOtherMethod(error: unknown, provider: Provider, scopes: readonly string[], hints: SignInHints): void {
    const { actions } = FAILURE_POLICIES[toFailure(error).category];
    if (actions.includes('other-method') || actions.includes('fixed-port')) {
      this.#dependencies.notifications().reportFailure(error, this.attemptAt(provider, scopes, hints));
    }
  }

  /** What an action is about, if it is about an attempt to sign in. */
  attemptAt(provider: Provider, scopes: readonly string[], hints: SignInHints, method?: SignInMethod): ActionTarget {
    // Its entry may have been changed for the next attempt.
    const again = (other?: SignInMethod): Promise<void> =>
      this.signInTo(this.#dependencies.settings.provider(provider.id) ?? provider, scopes, hints, other ?? method);
    return { providerId: provider.id, hasSession: false, signIn: again, retry: again };
  }

  /** What an action is about, where it is about a session: signing in again keeps its account and its scopes. */
  subjectOf(record: SessionRecord): ActionTarget {
    return {
      providerId: record.providerId,
      sessionId: record.id,
      hasSession: true,
      signIn: (method) => this.#signInAgain(record.id, record, method),
      retry: () => this.renew(record),
    };
  }

  /** What an action is about, where it is about a provider. */
  subjectAt(providerId: string): ActionTarget {
    const signIn = async (method?: SignInMethod): Promise<void> => {
      const provider = this.#dependencies.settings.provider(providerId);
      await (provider === undefined ? this.signIn() : this.signInTo(provider, provider.scopes, {}, method));
    };
    const retry = async (): Promise<void> => {
      for (const { record } of this.#dependencies.sessionManager.getAll(providerId)) {
        await this.renew(record);
      }
    };
    return { providerId, hasSession: this.#dependencies.sessionManager.getAll(providerId).length > 0, signIn, retry };
  }

  /**
   * Signs in again with the account and the scopes of a session, which stays until the new tokens are there. What the
   * server has asked for when it ended the session is asked for.
   */
  async #signInAgain(id: string, known: SessionRecord, method?: SignInMethod): Promise<void> {
    const session = this.#dependencies.sessionManager.getAll().find(({ record }) => record.id === id);
    const record = session?.record ?? known;
    const provider = this.#dependencies.settings.provider(record.providerId);
    if (provider === undefined) {
      this.#dependencies
        .notifications()
        .reportFailure(new Failure('not-configured', 'provider-removed'), this.subjectOf(record));
      return;
    }
    const failure = record.ended === undefined ? session?.failure : endedFailure(record.ended);
    await this.signInTo(
      provider,
      record.scopes,
      { loginHint: loginHintOf(record), ...(failure === undefined ? {} : hintsAfterFailure(failure)) },
      method,
    );
  }

  /** Signs in again so that the server asks for consent, for a session that has no refresh token. */
  askForConsent(subject: ActionTarget): Promise<void> {
    return askForConsent(subject, this.#dependencies, this);
  }

  /** Tells that the browser of a sign-in hasn't come back. */
  tellStillWaiting(still: StillWaiting): void {
    const { hints, provider, scopes } = still.waiting;
    void showStillWaiting(still, this.#dependencies.actions, this.attemptAt(provider, scopes, hints));
  }

  /** Renews a session now, and tells how it went. */
  async renew(record: SessionRecord): Promise<void> {
    const { notifications, tokenRefresher } = this.#dependencies;
    try {
      await notifications().answering(record.id, () =>
        tokenRefresher.refresh(record.id, { reason: 'asked for by the person' }),
      );
      void vscode.window.showInformationMessage(notification.renewed(this.#nameOf(record), record.account.label));
    } catch (error) {
      // A definite end is news for all windows, where it is told at all.
      const isNews = endsSession(toFailure(error).category) && notifications().notifiesEnd(record.id);
      if (!isNews) {
        notifications().reportFailure(error, this.subjectOf(record));
      }
    }
  }

  /** Leads through adding a provider. */
  addProvider(): Promise<void> {
    return this.#dependencies.addProvider();
  }

  /** Says that there is no provider yet, and leads to where one is added. Nobody is kept waiting for the answer. */
  offerToAddProvider(): void {
    void vscode.window
      .showInformationMessage(notification.noProvider(), button.addProvider())
      .then((chosen) => (chosen === undefined ? undefined : this.#dependencies.addProvider()));
  }

  async #signOut(): Promise<void> {
    const session = await this.#pickSession(this.#dependencies.sessionManager.getAll(), quickPick.signOutTitle());
    if (session !== undefined) {
      await this.signOutOf(session.record);
    }
  }

  /** Signs a session out, and tells how it went. */
  async signOutOf(record: SessionRecord): Promise<void> {
    const name = this.#nameOf(record);
    try {
      const { atServer, page } = await this.#dependencies.sessionManager.signOut(record.id);
      this.#dependencies.openSignOutPage(page);
      await atServer;
      void vscode.window.showInformationMessage(notification.signedOut(name, record.account.label));
    } catch (error) {
      const isStored = isStorageFailure(toFailure(error).category);
      void vscode.window.showWarningMessage(
        isStored ? notification.signedOutNotDeleted(name) : notification.signedOutLocallyOnly(name),
      );
    }
  }

  async #renewNow(): Promise<void> {
    const renewable = this.#dependencies.sessionManager
      .getAll()
      .filter(({ record }) => tokenLifetimes(record).isRefreshable);
    const session = await this.#pickSession(renewable, quickPick.renewTitle());
    if (session !== undefined) {
      await this.renew(session.record);
    }
  }

  async #setClientSecret(): Promise<void> {
    const { actions, settings } = this.#dependencies;
    const provider = settings.providers.length === 0 ? undefined : await this.#pickProvider();
    if (settings.providers.length === 0) {
      this.offerToAddProvider();
    } else if (provider !== undefined) {
      await actions.run('client-secret', this.subjectAt(provider.id));
    }
  }

  #pickProvider(): Promise<Provider | undefined> {
    return pickOne(this.#dependencies.settings.providers, quickPick.providerTitle(), ({ id, issuer, label }) => ({
      label,
      description: id,
      detail: issuer,
    }));
  }

  async #pickSession(sessions: readonly LiveSession[], title: string): Promise<LiveSession | undefined> {
    if (sessions.length === 0) {
      void vscode.window.showInformationMessage(notification.noSession());
      return undefined;
    }
    return pickOne(sessions, title, (session) => ({
      label: this.#nameOf(session.record),
      description: session.record.account.label,
      detail: this.#stateOf(session),
    }));
  }

  #stateOf(session: LiveSession): string {
    return stateName(statusOf(session, this.#dependencies.settings.lifetimes(), this.#dependencies.clock.now()).state);
  }

  #nameOf(record: SessionRecord): string {
    return this.#dependencies.settings.nameOf(record.providerId);
  }
}
