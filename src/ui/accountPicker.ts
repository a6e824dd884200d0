// The quick pick with accounts, for the commands that apply to one of them.
import * as vscode from 'vscode';
import type { Clock } from '../core/clock.ts';
import { shownState, sortByUrgency, statusOf, type LiveSession } from '../core/status.ts';
import { describeUnused } from '../host/loadIssueMessages.ts';
import { noSession } from '../host/notificationMessages.ts';
import type { ListText } from '../host/quickPickMessages.ts';
import type { Settings } from '../host/settings.ts';
import { stateName } from '../host/statusBarMessages.ts';
import type { SessionManager } from '../sessions/sessionManager.ts';
import { selectOne } from './pick.ts';

/** The sessions of an account. */
export type AccountSessions = readonly [LiveSession, ...LiveSession[]];

/** What the quick pick depends on. */
export interface AccountPickerDependencies {
  readonly clock: Clock;
  readonly sessionManager: Pick<SessionManager, 'providerOf'>;
  readonly settings: Pick<Settings, 'lifetimes' | 'nameOf' | 'provider'>;
}

/**
 * Returns the most urgent session of the account that the user selects, or of the only one. Undefined if the user cancels, or
 * if there is none, which is shown.
 */
export async function selectAccount(
  accounts: readonly AccountSessions[],
  text: ListText,
  { clock, sessionManager, settings }: AccountPickerDependencies,
): Promise<LiveSession | undefined> {
  if (accounts.length === 0) {
    void vscode.window.showInformationMessage(noSession());
    return undefined;
  }
  const now = clock.now();
  const statuses = accounts.map(([first, ...others]) => {
    const status = statusOf(first, settings.lifetimes(), now);
    const [mostUrgent] = sortByUrgency([status, ...others.map((one) => statusOf(one, settings.lifetimes(), now))]);
    return mostUrgent ?? status;
  });
  const selected = await selectOne(statuses, text, (status) => {
    const { record } = status.session;
    return {
      label: settings.nameOf(record.providerId, record.providerLabel),
      description: record.account.label,
      detail:
        sessionManager.providerOf(record) === undefined
          ? describeUnused(record, settings.provider(record.providerId))
          : stateName(shownState(status)),
    };
  });
  return selected?.session;
}
