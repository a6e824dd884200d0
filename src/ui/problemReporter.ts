// Reports problems when they're found: in the settings, in the stored sessions, and with the shared folder.
import * as vscode from 'vscode';
import type { Clock } from '../core/clock.ts';
import * as button from '../host/buttonLabels.ts';
import { PREFIX } from '../host/ids.ts';
import { describeLoadIssue } from '../host/loadIssueMessages.ts';
import * as notification from '../host/notificationMessages.ts';
import { openInvalidEntry, openSettings } from '../host/openSettings.ts';
import type { Settings } from '../host/settings.ts';
import { describeEntryProblems, describeNumberProblem } from '../host/settingsMessages.ts';
import { toFailure } from '../core/failure.ts';
import { isFolderRefused } from '../core/failurePolicies.ts';
import type { SettingProblem } from '../core/parseProviders.ts';
import type { SharedFolder } from '../locking/sharedFolder.ts';
import type { LoadIssue } from '../sessions/storedSessionIssues.ts';
import type { SessionManager } from '../sessions/sessionManager.ts';
import type { LiveSessions } from '../storage/liveSessions.ts';
import { showDismissibleNotification, type NotificationAction } from './dismissibleNotification.ts';
import type { ActionTarget, RecoveryActions } from './recoveryActions.ts';
import { showSignOutResult } from './signOutResult.ts';

/** What the reports depend on. */
export interface ProblemReporterDependencies {
  readonly clock: Clock;
  readonly settings: Settings;
  readonly actions: RecoveryActions;
  /** Returns the target of actions about a provider. */
  targetForProvider(providerId: string): ActionTarget;
  /** All sessions, including those that can't be used with the current settings. */
  readonly liveSessions: Pick<LiveSessions, 'get'>;
  readonly sessionManager: Pick<SessionManager, 'getAll' | 'signOut'>;
  showLog(): void;
}

/** Reports problems. These notifications can't be muted. */
export class ProblemReporter {
  readonly #dependencies: ProblemReporterDependencies;
  /** The messages about settings that have been shown, for problems that still exist. */
  readonly #shown = new Set<string>();
  /** The open notifications about stored sessions, with what closes them. */
  readonly #open = new Map<AbortController, readonly LoadIssue[]>();
  #hasWarnedOfFolder = false;

  constructor(dependencies: ProblemReporterDependencies) {
    this.#dependencies = dependencies;
  }

  /** Reports the problems in the settings, each once until it's fixed. Resolves when every message is closed. */
  async reportSettingsProblems(): Promise<void> {
    const { numberProblems, problems } = this.#dependencies.settings;
    const found = [
      // What another extension declares isn't the user's problem; the diagnostics show it.
      ...groupByEntry(problems.filter(({ declarer }) => declarer === undefined)).map((group) => ({
        message: describeEntryProblems(group),
        open: () => openInvalidEntry(this.#dependencies.clock, group[0]),
      })),
      ...numberProblems.map((problem) => ({
        message: describeNumberProblem(problem),
        open: () => openSettings(`${PREFIX}.${problem.setting.name}`),
      })),
    ];
    for (const shown of this.#shown) {
      if (!found.some(({ message }) => message === shown)) {
        this.#shown.delete(shown);
      }
    }
    const unreported = found.filter(({ message }) => !this.#shown.has(message));
    await Promise.all(
      unreported.map(async ({ message, open }) => {
        this.#shown.add(message);
        if ((await vscode.window.showWarningMessage(message, button.openSettings())) !== undefined) {
          await open();
        }
      }),
    );
  }

  /**
   * Reports the problems with stored sessions, with one message for several of them if it's the same. Resolves when every message is closed.
   */
  async reportLoadIssues(issues: readonly LoadIssue[]): Promise<void> {
    const messages = new Map<string, [LoadIssue, ...LoadIssue[]]>();
    for (const issue of issues) {
      const provider = 'providerId' in issue ? this.#dependencies.settings.nameOf(issue.providerId) : '';
      const message = describeLoadIssue(issue, provider);
      const known = messages.get(message);
      if (known === undefined) {
        messages.set(message, [issue]);
      } else {
        known.push(issue);
      }
    }
    await Promise.all([...messages].map(([message, same]) => this.#reportLoadIssue(message, same)));
  }

  /** Closes the notifications about stored sessions that can be used again, or no longer exist. */
  update(): void {
    for (const [controller, issues] of this.#open) {
      if (!issues.some(({ id }) => this.#isIgnored(id))) {
        controller.abort();
      }
    }
  }

  /**
   * Reports if the shared folder isn't safe to use. Never rejects.
   * @param path its path.
   */
  async checkFolder(folder: Pick<SharedFolder, 'list'>, path: string): Promise<void> {
    try {
      await folder.list();
    } catch (error) {
      const { code } = toFailure(error);
      if (isFolderRefused(code)) {
        this.warnSyncDisabled(code, path);
      }
    }
  }

  /**
   * Reports that this window can't coordinate with the others.
   * @param code why: the code of the failure of the folder.
   * @param path the folder.
   */
  warnSyncDisabled(code: string, path: string): void {
    const isRefused = isFolderRefused(code);
    const message = isRefused ? notification.folderRefused(path, code === 'folder-link') : notification.syncDisabled();
    if (isRefused && this.#hasWarnedOfFolder) {
      return;
    }
    this.#hasWarnedOfFolder = isRefused;
    const buttons = [...(isRefused ? [button.reloadWindow()] : []), button.showLog()];
    void vscode.window.showWarningMessage(message, ...buttons).then(async (selected) => {
      if (selected === button.reloadWindow()) {
        await vscode.commands.executeCommand('workbench.action.reloadWindow');
      } else if (selected !== undefined) {
        this.#dependencies.showLog();
      }
    });
  }

  /** Whether there is a session, but it can't be used with the current settings. */
  #isIgnored(id: string): boolean {
    const { liveSessions, sessionManager } = this.#dependencies;
    return liveSessions.get(id) !== undefined && sessionManager.getAll().every(({ record }) => record.id !== id);
  }

  async #reportLoadIssue(message: string, issues: readonly [LoadIssue, ...LoadIssue[]]): Promise<void> {
    const { actions } = this.#dependencies;
    const [issue] = issues;
    const showLog: NotificationAction = { label: button.showLog(), run: () => this.#dependencies.showLog() };
    switch (issue.kind) {
      case 'quarantined':
      case 'newer':
        await this.#showMessage(message, [showLog]);
        break;
      case 'lost': {
        const target = this.#dependencies.targetForProvider(issue.providerId);
        await this.#showMessage(message, [
          { label: button.signIn(), run: () => actions.run('sign-in', target) },
          showLog,
        ]);
        break;
      }
      case 'unconfigured':
        await this.#offerToSignOut(message, issues, issue, [{ label: button.keepSession(), run: () => {} }]);
        break;
      case 'foreign':
        await this.#offerToSignOut(message, issues, issue, [showLog, { label: button.dismiss(), run: () => {} }]);
        break;
    }
  }

  async #showMessage(message: string, actions: readonly NotificationAction[]): Promise<void> {
    const selected = await vscode.window.showWarningMessage(message, ...actions.map(({ label }) => label));
    await actions.find(({ label }) => label === selected)?.run();
  }

  /** Offers to sign out of sessions as long as they can't be used. */
  async #offerToSignOut(
    message: string,
    issues: readonly LoadIssue[],
    { providerId, providerLabel }: { readonly providerId: string; readonly providerLabel?: string | undefined },
    links: readonly NotificationAction[],
  ): Promise<void> {
    const { sessionManager, settings } = this.#dependencies;
    // The user may have changed the settings since, so that a session can be used again.
    const run = (): Promise<void> => {
      const ignored = issues.filter(({ id }) => this.#isIgnored(id));
      return ignored.length === 0
        ? Promise.resolve()
        : showSignOutResult(Promise.all(ignored.map(({ id }) => sessionManager.signOut(id))), {
            provider: settings.nameOf(providerId, providerLabel),
          });
    };
    const controller = new AbortController();
    this.#open.set(controller, issues);
    try {
      await showDismissibleNotification(
        { message, button: { label: button.signOut(), run }, links },
        controller.signal,
        settings,
      );
    } finally {
      this.#open.delete(controller);
    }
  }
}

/** Returns the problems of each entry. */
function groupByEntry(problems: readonly SettingProblem[]): [SettingProblem, ...SettingProblem[]][] {
  const groups = new Map<string, [SettingProblem, ...SettingProblem[]]>();
  for (const problem of problems) {
    const group = groups.get(problem.entry);
    if (group === undefined) {
      groups.set(problem.entry, [problem]);
    } else {
      group.push(problem);
    }
  }
  return [...groups.values()];
}
