// The quick pick behind the status bar item: pending sign-ins and sessions, each with its actions.
import * as vscode from 'vscode';
import { mayLackConsent } from '../core/consent.ts';
import { FAILURE_POLICIES } from '../core/failurePolicies.ts';
import { tokenLifetimes } from '../core/session.ts';
import { statusOf, type LiveSession } from '../core/status.ts';
import type { PendingSignIn } from '../auth/pendingSignIns.ts';
import { openBrowser } from '../host/browser.ts';
import * as button from '../host/buttonLabels.ts';
import * as quickPick from '../host/quickPickMessages.ts';
import { stateName } from '../host/statusBarMessages.ts';
import type { CommandDependencies, Commands } from './commands.ts';
import type { ActionTarget } from './recoveryActions.ts';

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
        { label: `$(link-external) ${button.openPageAgain()}`, run: () => this.#withPageUrl(pending, openBrowser) },
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
    for (const session of sessionManager.getAll()) {
      items.push(...this.#sessionItems(session));
    }
    items.push(
      separator(quickPick.generalHeading()),
      ...settings.providers.map((provider) => ({
        label: `$(sign-in) ${quickPick.signInTo(provider.label)}`,
        run: () => this.#commands.signInTo(provider, provider.scopes),
      })),
      { label: `$(add) ${button.addProvider()}`, run: () => this.#commands.addProvider() },
      { label: `$(output) ${button.showLog()}`, run: () => this.#dependencies.showLog() },
      { label: `$(checklist) ${button.showDiagnostics()}`, run: () => this.#dependencies.showDiagnostics() },
    );
    const selected = await vscode.window.showQuickPick(items, {
      title: quickPick.sessionsTitle(),
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

  #sessionItems(session: LiveSession): PickerItem[] {
    const { clock, settings } = this.#dependencies;
    const { record } = session;
    const { state } = statusOf(session, settings.lifetimes(), clock.now());
    const account = { description: record.account.label, detail: stateName(state) };
    const canRenew = tokenLifetimes(record).isRefreshable;
    const canSignInAgain =
      !canRenew ||
      (session.failure !== undefined &&
        FAILURE_POLICIES[session.failure.category].actions.some(
          (action) => action === 'sign-in' || action === 'ask-consent',
        ));
    return [
      separator(settings.nameOf(record.providerId)),
      ...(canRenew
        ? [{ label: `$(sync) ${button.renewNow()}`, ...account, run: () => this.#commands.renew(record) }]
        : []),
      ...(canSignInAgain
        ? [
            {
              label: `$(sign-in) ${button.signInAgain()}`,
              ...account,
              run: () => this.#commands.targetForSession(record).signIn(),
            },
          ]
        : []),
      ...(mayLackConsent(record, this.#dependencies.sessionManager.providerOf(record))
        ? [
            {
              label: `$(verified) ${button.askForConsent()}`,
              ...account,
              run: () => this.#commands.askForConsent(this.#commands.targetForSession(record)),
            },
          ]
        : []),
      {
        label: `$(sign-out) ${button.signOut()}`,
        description: record.account.label,
        run: () => this.#commands.signOutOf(record),
      },
    ];
  }
}

function separator(label: string): PickerItem {
  return { label, kind: vscode.QuickPickItemKind.Separator };
}
