// The commands of the extension.
import * as vscode from 'vscode';
import { groupByAccount } from '../core/accounts.ts';
import type { Clock } from '../core/clock.ts';
import { toFailure } from '../core/failure.ts';
import type { Provider, SignInMethod } from '../core/provider.ts';
import { FAILURE_POLICIES } from '../core/failurePolicies.ts';
import { tokenLifetimes, type SessionRecord } from '../core/session.ts';
import type { LiveSession } from '../core/status.ts';
import { hintsAfterFailure } from '../protocol/authorize.ts';
import type { ServerSignOut } from '../sessions/serverSignOut.ts';
import type { SessionManager } from '../sessions/sessionManager.ts';
import type { TokenRefresher } from '../sessions/tokenRefresher.ts';
import { AccountCommands } from './accountCommands.ts';
import { selectAccount } from './accountPicker.ts';
import type { RecoveryActions, ActionTarget } from './recoveryActions.ts';
import { askForConsent } from './consent.ts';
import type { COMMANDS } from '../host/ids.ts';
import type { NotificationCenter } from './notificationCenter.ts';
import { selectOne } from './pick.ts';
import { SessionPicker } from './sessionPicker.ts';
import type { Settings } from '../host/settings.ts';
import type { SignInHints } from '../auth/pendingSignIns.ts';
import type { SignInController, StillWaiting } from '../auth/signInController.ts';
import { showStillWaiting } from './stillWaiting.ts';
import * as button from '../host/buttonLabels.ts';
import * as notification from '../host/notificationMessages.ts';
import * as prompt from '../host/promptMessages.ts';
import * as quickPick from '../host/quickPickMessages.ts';

/** What the commands depend on. */
export interface CommandDependencies {
  readonly clock: Clock;
  readonly sessionManager: SessionManager;
  readonly tokenRefresher: TokenRefresher;
  readonly signInController: SignInController;
  readonly settings: Settings;
  readonly actions: RecoveryActions;
  readonly notifications: () => NotificationCenter;
  readonly integrations: {
    /** Copies access tokens. */
    readonly clipboard: { copyAccessToken(): Promise<void>; copyCurlHeader(): Promise<void> };
    /** Manages which programs in the terminal may use sessions. */
    readonly terminal: { manage(): Promise<void> };
  };
  /** Opens the server's sign-out page, if there is one. Does not wait for it. */
  openSignOutPage(page: ServerSignOut['page']): void;
  /** Runs the command that adds an MCP server. */
  addMcpServer(): Promise<void>;
  readonly wizard: {
    /** Adds a provider, or edits one. */
    run(): Promise<void>;
    /** Edits the provider with an ID, or one that the user selects. */
    edit(id?: string): Promise<void>;
  };
  showLog(): void;
  showDiagnostics(): Promise<void>;
  copyDiagnostics(): Promise<void>;
}

/** The commands, and the parts of them that buttons and quick picks run. */
export class Commands {
  readonly #dependencies: CommandDependencies;
  readonly #accounts: AccountCommands;

  constructor(dependencies: CommandDependencies) {
    this.#dependencies = dependencies;
    this.#accounts = new AccountCommands(dependencies, this);
  }

  /** Returns the handler of each command. */
  handlers(): Readonly<Record<keyof typeof COMMANDS, () => unknown>> {
    return {
      signIn: () => this.signIn(),
      signOut: () => this.#signOut(),
      renewNow: () => this.#renewNow(),
      showSessions: () => new SessionPicker(this.#dependencies, this).show(),
      showLog: () => this.#dependencies.showLog(),
      addProvider: () => this.addProvider(),
      editProvider: () => this.editProvider(),
      addMcpServer: () => this.#dependencies.addMcpServer(),
      showDiagnostics: () => this.#dependencies.showDiagnostics(),
      copyDiagnostics: () => this.#dependencies.copyDiagnostics(),
      setClientSecret: () => this.#setClientSecret(),
      copyAccessToken: () => this.#dependencies.integrations.clipboard.copyAccessToken(),
      copyCurlHeader: () => this.#dependencies.integrations.clipboard.copyCurlHeader(),
      manageTerminalAccess: () => this.#dependencies.integrations.terminal.manage(),
    };
  }

  /** Signs in to the only provider, or to the one that the user selects. */
  async signIn(): Promise<void> {
    if (this.#dependencies.settings.providers.length === 0) {
      this.offerToAddProvider();
      return;
    }
    const selected = await this.#selectProvider(quickPick.signInList());
    if (selected !== undefined) {
      await this.signInTo(selected, selected.scopes, {
        wantsOtherAccount: this.#dependencies.sessionManager.getActive(selected.id).length > 0,
      });
    }
  }

  /** Signs in to a provider, and shows the outcome. */
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
          this.targetForAttempt(provider, scopes, { ...hints, ...hintsAfterFailure(toFailure(error)) }, method),
        );
    }
  }

  /**
   * Offers another sign-in method, or another redirect URI, after a sign-in that another extension requested has failed.
   * The extension gets the error from VS Code.
   */
  offerOtherMethod(error: unknown, provider: Provider, scopes: readonly string[], hints: SignInHints): void {
    const { actions } = FAILURE_POLICIES[toFailure(error).category];
    if (actions.includes('other-method') || actions.includes('fixed-port')) {
      this.#dependencies.notifications().reportFailure(error, this.targetForAttempt(provider, scopes, hints));
    }
  }

  /** Returns the target of actions about an attempt to sign in. */
  targetForAttempt(
    provider: Provider,
    scopes: readonly string[],
    hints: SignInHints,
    method?: SignInMethod,
  ): ActionTarget {
    // The entry may have been changed since.
    const retry = (other?: SignInMethod): Promise<void> =>
      this.signInTo(this.#dependencies.settings.provider(provider.id) ?? provider, scopes, hints, other ?? method);
    return { providerId: provider.id, hasSession: false, signIn: retry, retry };
  }

  /**
   * Returns the target of actions about a session: signing in again keeps its account and its scopes, and includes the
   * other sessions of the account that need it.
   */
  targetForSession(record: SessionRecord): ActionTarget {
    return {
      providerId: record.providerId,
      sessionId: record.id,
      hasSession: true,
      signIn: (method) => this.#accounts.signInAgain(record, method),
      retry: () => this.renew(record),
    };
  }

  /** Returns the target of actions about a provider. */
  targetForProvider(providerId: string): ActionTarget {
    const signIn = async (method?: SignInMethod): Promise<void> => {
      const provider = this.#dependencies.settings.provider(providerId);
      await (provider === undefined ? this.signIn() : this.signInTo(provider, provider.scopes, {}, method));
    };
    const retry = async (): Promise<void> => {
      const sessions = this.#dependencies.sessionManager.getAll(providerId);
      for (const [{ record }] of groupByAccount(sessions, recordOf)) {
        await this.renew(record);
      }
    };
    return { providerId, hasSession: this.#dependencies.sessionManager.getAll(providerId).length > 0, signIn, retry };
  }

  /** Signs in again so that the server asks for consent, if a session has no refresh token. */
  askForConsent(target: ActionTarget): Promise<void> {
    return askForConsent(target, this.#dependencies, this);
  }

  /** Shows that the browser of a sign-in hasn't returned. */
  showStillWaiting(stillWaiting: StillWaiting): void {
    const { hints, provider, scopes } = stillWaiting.pending;
    void showStillWaiting(
      stillWaiting,
      this.#dependencies.actions,
      this.targetForAttempt(provider, scopes, hints),
      () => this.editProvider(provider.id),
    );
  }

  /** Renews the sessions of an account now, and shows the outcome. */
  renew(record: SessionRecord): Promise<void> {
    return this.#accounts.renew(record);
  }

  /** Runs the wizard that adds a provider. */
  addProvider(): Promise<void> {
    return this.#dependencies.wizard.run();
  }

  /** Runs the wizard that edits a provider: the one with an ID, or one that the user selects. */
  editProvider(id?: string): Promise<void> {
    return this.#dependencies.wizard.edit(id);
  }

  /** Shows that no provider is configured, and offers to add one. Does not wait for the choice. */
  offerToAddProvider(): void {
    void vscode.window
      .showInformationMessage(notification.noProvider(), button.addProvider())
      .then((selected) => (selected === undefined ? undefined : this.addProvider()));
  }

  /** Asks which account, or for confirmation if there is only one: a link or another extension can run this command. */
  async #signOut(): Promise<void> {
    const { sessionManager } = this.#dependencies;
    // An account can have both: those that are used, and those of an earlier configuration. Each is signed out on its own.
    const accounts = [sessionManager.getAll(), sessionManager.getUnused()].flatMap((all) =>
      groupByAccount(all, recordOf),
    );
    const session = await selectAccount(accounts, quickPick.signOutList(), this.#dependencies);
    if (session !== undefined && (accounts.length > 1 || (await this.#confirmSignOut(session.record)))) {
      await this.signOutOf(session.record);
    }
  }

  async #confirmSignOut(record: SessionRecord): Promise<boolean> {
    const provider = this.#dependencies.sessionManager.providerOf(record);
    const name = this.#dependencies.settings.nameOf(record.providerId, record.providerLabel);
    const opensPage = provider !== undefined && provider.signOutAtServer !== false;
    const selected = await vscode.window.showWarningMessage(
      prompt.confirmSignOut(name, record.account.label),
      { modal: true, detail: prompt.confirmSignOutDetail(name, opensPage) },
      button.signOut(),
    );
    return selected !== undefined;
  }

  /** Signs out of the account of a session, and shows the outcome. */
  signOutOf(record: SessionRecord): Promise<void> {
    return this.#accounts.signOut(record);
  }

  async #renewNow(): Promise<void> {
    const renewable = this.#dependencies.sessionManager
      .getAll()
      .filter(({ record }) => tokenLifetimes(record).isRefreshable);
    const session = await selectAccount(groupByAccount(renewable, recordOf), quickPick.renewList(), this.#dependencies);
    if (session !== undefined) {
      await this.renew(session.record);
    }
  }

  async #setClientSecret(): Promise<void> {
    const { actions, settings } = this.#dependencies;
    const provider =
      settings.providers.length === 0 ? undefined : await this.#selectProvider(quickPick.clientSecretList());
    if (settings.providers.length === 0) {
      this.offerToAddProvider();
    } else if (provider !== undefined) {
      await actions.run('client-secret', this.targetForProvider(provider.id));
    }
  }

  #selectProvider(text: quickPick.ListText): Promise<Provider | undefined> {
    return selectOne(this.#dependencies.settings.providers, text, ({ id, issuer, label }) => ({
      label,
      description: id,
      detail: issuer,
    }));
  }
}

function recordOf({ record }: LiveSession): SessionRecord {
  return record;
}
