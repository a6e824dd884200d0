// The list behind the status bar item: the sign-ins that wait, the sessions, and what can be done with each.
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

interface Choice extends vscode.QuickPickItem {
  run?(): Thenable<void> | void;
}

/** The list behind the status bar item. */
export class SessionPicker {
  readonly #dependencies: CommandDependencies;
  readonly #commands: Commands;

  constructor(dependencies: CommandDependencies, commands: Commands) {
    this.#dependencies = dependencies;
    this.#commands = commands;
  }

  /** Shows the list, and does what the person picks. */
  async show(): Promise<void> {
    const { actions, signInController, sessionManager, settings } = this.#dependencies;
    const choices: Choice[] = [];
    for (const waiting of signInController.waiting()) {
      const { code, hints, provider, scopes } = waiting;
      const subject = this.#commands.attemptAt(provider, scopes, hints);
      choices.push(
        separator(provider.label),
        { label: `$(link-external) ${button.openPageAgain()}`, run: () => this.#atPage(waiting, openBrowser) },
        {
          label: `$(copy) ${button.copyUrl()}`,
          run: () => this.#atPage(waiting, (address) => vscode.env.clipboard.writeText(address)),
        },
        ...(code === undefined
          ? []
          : [
              {
                label: `$(key) ${button.copyCode()}`,
                description: code,
                run: () => vscode.env.clipboard.writeText(code),
              },
            ]),
        { label: `$(arrow-swap) ${button.forAction('other-method')}`, run: () => actions.run('other-method', subject) },
        // Who types a code needs no redirect address.
        ...(code === undefined ? await this.#redirectChoices(subject) : []),
        { label: `$(close) ${button.cancelSignIn()}`, run: () => waiting.cancel() },
      );
    }
    for (const session of sessionManager.getAll()) {
      choices.push(...this.#choicesFor(session));
    }
    choices.push(
      separator(quickPick.generalHeading()),
      ...settings.providers.map((provider) => ({
        label: `$(sign-in) ${quickPick.signInTo(provider.label)}`,
        run: () => this.#commands.signInTo(provider, provider.scopes),
      })),
      { label: `$(add) ${button.addProvider()}`, run: () => this.#commands.addProvider() },
      { label: `$(output) ${button.showLog()}`, run: () => this.#dependencies.showLog() },
      { label: `$(checklist) ${button.showDiagnostics()}`, run: () => this.#dependencies.showDiagnostics() },
    );
    const chosen = await vscode.window.showQuickPick(choices, {
      title: quickPick.sessionsTitle(),
      matchOnDescription: true,
    });
    await chosen?.run?.();
  }

  async #redirectChoices(subject: ActionTarget): Promise<Choice[]> {
    const offers = await this.#dependencies.actions.offers(['copy-redirect', 'fixed-port'], subject);
    return offers.map(({ action, label, run }) => ({
      label: `$(${action === 'fixed-port' ? 'plug' : 'copy'}) ${label}`,
      run,
    }));
  }

  /** Does something with the address of the page of a waiting sign-in. */
  async #atPage(waiting: PendingSignIn, use: (address: string) => Thenable<void>): Promise<void> {
    try {
      const address = await this.#dependencies.signInController.addressOf(waiting);
      await (address === undefined ? undefined : use(address));
    } catch (error) {
      this.#dependencies
        .notifications()
        .reportFailure(error, this.#commands.attemptAt(waiting.provider, waiting.scopes, waiting.hints));
    }
  }

  #choicesFor(session: LiveSession): Choice[] {
    const { clock, settings } = this.#dependencies;
    const { record } = session;
    const { state } = statusOf(session, settings.lifetimes(), clock.now());
    const account = { description: record.account.label, detail: stateName(state) };
    const canRenew = tokenLifetimes(record).isRefreshable;
    const maySignIn =
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
      ...(maySignIn
        ? [
            {
              label: `$(sign-in) ${button.signInAgain()}`,
              ...account,
              run: () => this.#commands.subjectOf(record).signIn(),
            },
          ]
        : []),
      ...(mayLackConsent(record, this.#dependencies.sessionManager.providerOf(record))
        ? [
            {
              label: `$(verified) ${button.askForConsent()}`,
              ...account,
              run: () => this.#commands.askForConsent(this.#commands.subjectOf(record)),
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

function separator(name: string): Choice {
  return { label: name, kind: vscode.QuickPickItemKind.Separator };
}
