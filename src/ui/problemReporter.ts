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
import { isFolderRefused } from '../core/failurePolicies.ts';
import type { SettingProblem } from '../core/parseProviders.ts';
import type { LoadIssue } from '../sessions/storedSessionIssues.ts';
import type { ActionTarget, RecoveryActions } from './recoveryActions.ts';

/** What the reports depend on. */
export interface ProblemReporterDependencies {
  readonly clock: Clock;
  readonly settings: Settings;
  readonly actions: RecoveryActions;
  /** Returns the target of actions about a provider. */
  targetForProvider(providerId: string): ActionTarget;
  /** Signs out of a stored session that can't be used here, at the server it came from, too. */
  signOut(id: string): Promise<unknown>;
  showLog(): void;
}

/** Reports problems. These notifications can't be muted. */
export class ProblemReporter {
  readonly #dependencies: ProblemReporterDependencies;
  /** The messages about settings that have been shown, for problems that still exist. */
  readonly #shown = new Set<string>();
  #hasWarnedOfFolder = false;

  constructor(dependencies: ProblemReporterDependencies) {
    this.#dependencies = dependencies;
  }

  /** Reports the problems in the settings, each once until it's fixed. Resolves when every message is closed. */
  async reportSettingsProblems(): Promise<void> {
    const { numberProblems, problems } = this.#dependencies.settings;
    const found = [
      ...groupByEntry(problems).map((group) => ({
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

  async #reportLoadIssue(message: string, issues: readonly [LoadIssue, ...LoadIssue[]]): Promise<void> {
    const { actions } = this.#dependencies;
    const [issue] = issues;
    const selected = await vscode.window.showWarningMessage(message, ...BUTTONS[issue.kind].map((label) => label()));
    if (selected === button.showLog()) {
      this.#dependencies.showLog();
    } else if (selected === button.signIn() && issue.kind === 'lost') {
      await actions.run('sign-in', this.#dependencies.targetForProvider(issue.providerId));
    } else if (selected === button.signOut() && 'providerId' in issue) {
      const signOut = async (): Promise<void> =>
        void (await Promise.all(issues.map(({ id }) => this.#dependencies.signOut(id))));
      await actions.run('retry', { ...this.#dependencies.targetForProvider(issue.providerId), retry: signOut });
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

/** The buttons for each kind of problem with a stored session. */
const BUTTONS: Readonly<Record<LoadIssue['kind'], readonly (() => string)[]>> = {
  quarantined: [button.showLog],
  newer: [button.showLog],
  lost: [button.signIn, button.showLog],
  unconfigured: [button.signOut, button.keepSession],
  foreign: [button.signOut, button.showLog],
};
