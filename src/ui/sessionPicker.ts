// The quick pick behind the status bar item: pending sign-ins and accounts, each with its actions.
import * as vscode from 'vscode';
import { groupByAccount } from '../core/accounts.ts';
import { mayLackConsent } from '../core/consent.ts';
import { normalizeScopes } from '../core/scopes.ts';
import { tokenLifetimes, type SessionRecord } from '../core/session.ts';
import { shownState, sortByUrgency, statusOf, type LiveSession, type SessionStatus } from '../core/status.ts';
import type { PendingSignIn } from '../auth/pendingSignIns.ts';
import { openBrowser } from '../host/browser.ts';
import * as button from '../host/buttonLabels.ts';
import * as quickPick from '../host/quickPickMessages.ts';
import { stateName } from '../host/statusBarMessages.ts';
import { isResolvedBySignIn } from './accountCommands.ts';
import type { CommandDependencies, Commands } from './commands.ts';
import type { ActionTarget } from './recoveryActions.ts';
import { sessionText } from './sessionText.ts';

interface PickerItem extends vscode.QuickPickItem {
  run?(): Thenable<void> | void;
}

/** The quick pick behind the status bar item. */
export class SessionPicker {
  readonly #dependencies: CommandDependencies;
  readonly #commands: Commands;

  constructor(dependencies: CommandDependencies, commands: Commands) {
    this.#dependencies = dependencies;
    this.#commands = commands;
  }

  /** Shows the quick pick, and runs what the user selects. */
  async show(): Promise<void> {
    const { actions, signInController, sessionManager, settings } = this.#dependencies;
    const items: PickerItem[] = [];
    for (const pending of signInController.getPending()) {
      const { userCode, hints, provider, scopes } = pending;
      const target = this.#commands.targetForAttempt(provider, scopes, hints);
      items.push(
        separator(provider.label),
        { label: `$(link-external) ${button.reopenPage()}`, run: () => this.#withPageUrl(pending, openBrowser) },
        {
          label: `$(copy) ${button.copyUrl()}`,
          run: () => this.#withPageUrl(pending, (url) => vscode.env.clipboard.writeText(url)),
        },
        ...(userCode === undefined
          ? []
          : [
              {
                label: `$(key) ${button.copyCode()}`,
                description: userCode,
                run: () => vscode.env.clipboard.writeText(userCode),
              },
            ]),
        { label: `$(arrow-swap) ${button.forAction('other-method')}`, run: () => actions.run('other-method', target) },
        // The device code flow needs no redirect URI.
        ...(userCode === undefined ? await this.#redirectItems(target) : []),
        { label: `$(close) ${button.cancelSignIn()}`, run: () => pending.cancel() },
      );
    }
    for (const account of groupByAccount(sessionManager.getAll(), ({ record }) => record)) {
      items.push(...this.#accountItems(account));
    }
    items.push(
      separator(quickPick.generalHeading()),
      ...settings.providers.map((provider) => ({
        label: `$(sign-in) ${quickPick.signInTo(provider.label)}`,
        run: () => this.#commands.signInTo(provider, provider.scopes),
      })),
      { label: `$(add) ${button.addProvider()}`, run: () => this.#commands.addProvider() },
      ...(settings.providers.length === 0
        ? []
        : [{ label: `$(edit) ${button.editProvider()}`, run: () => this.#commands.editProvider() }]),
      ...(sessionManager.getAll().length === 0
        ? []
        : [
            {
              label: `$(copy) ${button.copyAccessToken()}`,
              run: () => this.#dependencies.integrations.clipboard.copyAccessToken(),
            },
            {
              label: `$(copy) ${button.copyCurlHeader()}`,
              run: () => this.#dependencies.integrations.clipboard.copyCurlHeader(),
            },
          ]),
      { label: `$(output) ${button.showLog()}`, run: () => this.#dependencies.showLog() },
      { label: `$(checklist) ${button.showDiagnostics()}`, run: () => this.#dependencies.showDiagnostics() },
    );
    const selected = await vscode.window.showQuickPick(items, {
      title: quickPick.sessionsTitle(),
      placeHolder: quickPick.sessionsPrompt(),
      matchOnDescription: true,
    });
    await selected?.run?.();
  }

  async #redirectItems(target: ActionTarget): Promise<PickerItem[]> {
    const actionItems = await this.#dependencies.actions.getItems(['copy-redirect', 'fixed-port'], target);
    return actionItems.map(({ action, label, run }) => ({
      label: `$(${action === 'fixed-port' ? 'plug' : 'copy'}) ${label}`,
      run,
    }));
  }

  /** Runs a function with the URL of the page of a pending sign-in. */
  async #withPageUrl(pending: PendingSignIn, run: (url: string) => Thenable<void>): Promise<void> {
    try {
      const url = await this.#dependencies.signInController.getPageUrl(pending);
      await (url === undefined ? undefined : run(url));
    } catch (error) {
      this.#dependencies
        .notifications()
        .reportFailure(error, this.#commands.targetForAttempt(pending.provider, pending.scopes, pending.hints));
    }
  }

  /** Returns the items of an account: each action is for all its sessions that it concerns. */
  #accountItems(sessions: readonly [LiveSession, ...LiveSession[]]): PickerItem[] {
    const [{ record }] = sessions;
    const { sessionManager, settings } = this.#dependencies;
    const renewable = sessions.filter((session) => tokenLifetimes(session.record).isRefreshable);
    const signInAgain = sessions.filter((session) => !renewable.includes(session) || isResolvedBySignIn(session));
    const withoutConsent = sessions.filter((session) =>
      mayLackConsent(session.record, sessionManager.providerOf(session.record)),
    );
    const item = (label: string, concerned: readonly LiveSession[], run: (record: SessionRecord) => Promise<void>) =>
      this.#sortByUrgency(concerned)
        .slice(0, 1)
        .map((status) => ({
          label,
          description: record.account.label,
          // The heading shows the state that applies to all of them.
          ...(concerned.length === sessions.length ? {} : { detail: describeSome(status, concerned) }),
          run: () => run(status.session.record),
        }));
    const [first] = this.#sortByUrgency(sessions);
    const name = settings.nameOf(record.providerId);
    return [
      separator(first === undefined ? name : sessionText(first, name, this.#dependencies.clock.now())),
      ...item(`$(sync) ${button.renewNow()}`, renewable, (one) => this.#commands.renew(one)),
      ...item(`$(sign-in) ${button.signInAgain()}`, signInAgain, (one) =>
        this.#commands.targetForSession(one).signIn(),
      ),
      ...item(`$(verified) ${button.askForConsent()}`, withoutConsent, (one) =>
        this.#commands.askForConsent(this.#commands.targetForSession(one)),
      ),
      {
        label: `$(sign-out) ${button.signOut()}`,
        description: record.account.label,
        run: () => this.#commands.signOutOf(record),
      },
    ];
  }

  #sortByUrgency(sessions: readonly LiveSession[]): SessionStatus[] {
    const { clock, settings } = this.#dependencies;
    return sortByUrgency(sessions.map((session) => statusOf(session, settings.lifetimes(), clock.now())));
  }
}

/** Returns the state and the scopes of some of an account's sessions. */
function describeSome(mostUrgent: SessionStatus, concerned: readonly LiveSession[]): string {
  const scopes = normalizeScopes(concerned.flatMap(({ record }) => record.scopes));
  return quickPick.stateWithScopes(stateName(shownState(mostUrgent)), scopes);
}

function separator(label: string): PickerItem {
  return { label, kind: vscode.QuickPickItemKind.Separator };
}
