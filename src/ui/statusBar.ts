// The status bar item: how long the session lasts, with details in its tooltip and all actions on click.
import * as vscode from 'vscode';
import { groupByAccount } from '../core/accounts.ts';
import type { Clock, Disposable } from '../core/clock.ts';
import { remaining } from '../core/lifetime.ts';
import { NEEDS_USER, shownState, sortByUrgency, statusOf, type SessionStatus, type State } from '../core/status.ts';
import { normalizeScopes } from '../core/scopes.ts';
import type { SessionRecord } from '../core/session.ts';
import type { SessionManager } from '../sessions/sessionManager.ts';
import { COMMANDS, PREFIX, PRODUCT, SETTINGS, STATUS_ITEM } from '../host/ids.ts';
import type { Settings } from '../host/settings.ts';
import type { TakenIds } from '../auth/idConflicts.ts';
import type { PendingSignIns } from '../auth/pendingSignIns.ts';
import { formatTime } from '../host/formatting.ts';
import * as button from '../host/startButtonLabels.ts';
import * as statusBar from '../host/statusBarMessages.ts';
import * as tooltip from '../host/tooltipMessages.ts';

const ICONS: Readonly<Record<State, string>> = {
  'signed-out': '$(account)',
  'signed-in': '$(pass)',
  refreshing: '$(sync~spin)',
  'signing-in': '$(sync~spin)',
  retrying: '$(sync-ignored)',
  ending: '$(warning)',
  'needs-attention': '$(warning)',
  ended: '$(error)',
};

/** Opens the settings editor at the providers. */
const OPEN_SETTINGS = 'workbench.action.openSettings';
const PROVIDERS = `?%22${PREFIX}.${SETTINGS.providers}%22`;

const WARNING = new vscode.ThemeColor('statusBarItem.warningBackground');

/** The status bar item. Nothing is shown before the first {@link update}. */
export class StatusBar implements Disposable {
  readonly #item: vscode.StatusBarItem;
  readonly #clock: Clock;
  readonly #sessionManager: SessionManager;
  readonly #pendingSignIns: PendingSignIns;
  readonly #settings: Settings;
  readonly #takenIds: TakenIds;
  #timer: Disposable | undefined;
  #tooltip = '';

  constructor(
    clock: Clock,
    sessionManager: SessionManager,
    pendingSignIns: PendingSignIns,
    settings: Settings,
    takenIds: TakenIds = new Map(),
  ) {
    this.#takenIds = takenIds;
    this.#clock = clock;
    this.#sessionManager = sessionManager;
    this.#pendingSignIns = pendingSignIns;
    this.#settings = settings;
    this.#item = vscode.window.createStatusBarItem(STATUS_ITEM, vscode.StatusBarAlignment.Right, 100);
    this.#item.name = PRODUCT;
    this.#item.command = COMMANDS.showSessions;
  }

  /** Shows the current state, and updates it when its text changes. */
  update(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
    const now = this.#clock.now();
    const statuses = sortByUrgency(
      this.#sessionManager.getAll().map((session) => statusOf(session, this.#settings.lifetimes(), now)),
    );
    if (this.#settings.providers.length === 0) {
      this.#item.hide();
      return;
    }
    const { state, text } = this.#getText(statuses, now);
    this.#item.text = `${ICONS[state]} ${text}`;
    // The only states with a colored background.
    this.#item.backgroundColor = NEEDS_USER.has(state) ? WARNING : undefined;
    this.#item.accessibilityInformation = { label: statusBar.accessibilityLabel(text), role: 'button' };
    this.#showTooltip(this.#createTooltip(statuses, now));
    this.#item.show();
    const next = statuses[0]?.countdown;
    if (next !== undefined && next.to > now) {
      this.#timer = this.#clock.after(Math.max(100, remaining(next.to - now).validFor), () => this.update());
    }
  }

  dispose(): void {
    this.#timer?.dispose();
    this.#item.dispose();
  }

  #getText(statuses: readonly SessionStatus[], now: number): { readonly state: State; readonly text: string } {
    const [pending] = this.#pendingSignIns.getAll();
    if (pending !== undefined) {
      return { state: 'signing-in', text: statusBar.signingIn(pending.provider.label) };
    }
    const taken = this.#settings.providers.find(({ id }) => this.#takenIds.has(id));
    if (taken !== undefined) {
      // Other extensions can't get its sessions, whatever their state.
      return { state: 'needs-attention', text: statusBar.needsAttention(taken.label) };
    }
    const [first] = statuses;
    if (first === undefined) {
      const [only, ...others] = this.#settings.providers;
      return {
        state: 'signed-out',
        text: only !== undefined && others.length === 0 ? statusBar.signedOut(only.label) : statusBar.signedOutOfAll(),
      };
    }
    const text = this.#getSessionText(first, now);
    const others = groupByAccount(statuses, recordOf).length - 1;
    return { state: shownState(first), text: others > 0 ? statusBar.withOthers(text, others) : text };
  }

  #getSessionText(status: SessionStatus, now: number): string {
    const { session, countdown } = status;
    const name = this.#settings.nameOf(session.record.providerId);
    const left = (countdown?.to ?? now) - now;
    switch (shownState(status)) {
      case 'ended':
        return statusBar.ended(name);
      case 'needs-attention':
        return statusBar.needsAttention(name);
      case 'ending':
        return statusBar.endsSoon(name, left);
      case 'retrying':
        return session.nextAttemptAt === undefined || session.refreshing
          ? statusBar.retrying(name)
          : statusBar.retryingAt(name, formatTime(session.nextAttemptAt, now));
      case 'refreshing':
        return statusBar.renewing(name);
      case 'signing-in':
      case 'signed-in':
      case 'signed-out':
        return countdown === undefined
          ? statusBar.signedIn(name)
          : countdown.means === 'end'
            ? statusBar.endsIn(name, left)
            : statusBar.renewsIn(name, left);
    }
  }

  /** Setting a tooltip closes it while it's shown, so it's set only if it has changed. */
  #showTooltip(tooltip: vscode.MarkdownString): void {
    if (tooltip.value !== this.#tooltip) {
      this.#tooltip = tooltip.value;
      this.#item.tooltip = tooltip;
    }
  }

  /** Shows points in time rather than countdowns, because they stay valid. Escapes the names of servers and users. */
  #createTooltip(statuses: readonly SessionStatus[], now: number): vscode.MarkdownString {
    const markdown = new vscode.MarkdownString('', true);
    markdown.isTrusted = { enabledCommands: [...Object.values(COMMANDS), OPEN_SETTINGS] };
    for (const { provider } of this.#pendingSignIns.getAll()) {
      appendHeading(markdown, provider.label);
      appendLine(markdown, tooltip.waitingForBrowser());
    }
    for (const [id, taken] of this.#takenIds) {
      if (statuses.every((status) => recordOf(status).providerId !== id)) {
        appendHeading(markdown, this.#settings.nameOf(id));
        appendLine(markdown, taken);
      }
    }
    for (const account of groupByAccount(statuses, recordOf)) {
      this.#appendAccount(markdown, account, now);
    }
    if (statuses.length === 0) {
      appendLine(markdown, tooltip.signedOut());
    }
    markdown.appendMarkdown('\n\n---\n\n');
    const links = [
      ...(this.#takenIds.size === 0 ? [] : [link(button.openSettings(), `${OPEN_SETTINGS}${PROVIDERS}`)]),
      ...(this.#canSignIn(statuses) ? [link(button.signIn(), COMMANDS.signIn)] : []),
      ...(statuses.some(({ session }) => session.record.refreshToken !== undefined)
        ? [link(button.renewNow(), COMMANDS.renewNow)]
        : []),
      link(button.showLog(), COMMANDS.showLog),
      ...(statuses.length === 0 ? [] : [link(button.signOut(), COMMANDS.signOut)]),
    ];
    markdown.appendMarkdown(links.join(' · '));
    return markdown;
  }

  /** Returns whether a session has ended, or a provider has no session. */
  #canSignIn(statuses: readonly SessionStatus[]): boolean {
    return (
      statuses.some((status) => recordOf(status).ended !== undefined || status.state === 'ended') ||
      this.#settings.providers.some(({ id }) => statuses.every((status) => recordOf(status).providerId !== id))
    );
  }

  /**
   * Appends the most urgent session of an account, which represents all. If some of them need the user and others
   * don't, appends one of each, with the scopes that distinguish them.
   */
  #appendAccount(markdown: vscode.MarkdownString, statuses: readonly SessionStatus[], now: number): void {
    // The most urgent one is first.
    const parts = [true, false].map((needsUser) => statuses.filter(({ state }) => NEEDS_USER.has(state) === needsUser));
    const isMixed = parts.every((part) => part.length > 0);
    for (const [first, ...others] of parts) {
      if (first !== undefined) {
        const scopes = [first, ...others].flatMap((status) => recordOf(status).scopes);
        this.#appendSession(markdown, first, now, isMixed ? normalizeScopes(scopes) : undefined);
      }
    }
  }

  #appendSession(
    markdown: vscode.MarkdownString,
    status: SessionStatus,
    now: number,
    scopes?: readonly string[],
  ): void {
    const { session, accessExpiresAt, sessionEndsAt, refreshDueAt } = status;
    const { record } = session;
    const taken = this.#takenIds.get(record.providerId);
    const at = (time: number): string => formatTime(time, now);
    appendHeading(markdown, this.#settings.nameOf(record.providerId));
    if (taken !== undefined) {
      appendLine(markdown, taken);
    }
    appendLine(markdown, tooltip.account(record.account.label));
    if (scopes !== undefined) {
      appendLine(markdown, tooltip.scopes(scopes));
    }
    appendLine(markdown, tooltip.state(taken === undefined ? shownState(status) : 'needs-attention'));
    if (record.ended === undefined) {
      appendLine(
        markdown,
        sessionEndsAt === undefined ? tooltip.sessionEndUnknown() : tooltip.sessionEnds(at(sessionEndsAt)),
      );
    }
    appendLine(
      markdown,
      accessExpiresAt === undefined
        ? tooltip.accessExpiryUnknown()
        : status.state === 'ending' && record.ended !== undefined
          ? tooltip.accessUsable(at(accessExpiresAt))
          : tooltip.accessExpires(at(accessExpiresAt)),
    );
    appendLine(
      markdown,
      record.tokensRequestedAt === record.signedInAt
        ? tooltip.signedInAt(at(record.signedInAt))
        : tooltip.lastRenewal(at(record.tokensRequestedAt)),
    );
    if (record.refreshToken === undefined) {
      appendLine(markdown, tooltip.notRenewable());
    } else if (refreshDueAt !== undefined && record.ended === undefined) {
      appendLine(
        markdown,
        session.nextAttemptAt === undefined
          ? tooltip.nextRenewal(at(refreshDueAt))
          : tooltip.nextAttempt(at(session.nextAttemptAt)),
      );
    }
    if (session.lockHolder !== undefined) {
      const { name, since } = session.lockHolder;
      appendLine(markdown, tooltip.otherWindowRenewing(name, since === undefined ? undefined : at(since)));
    }
    if (session.unsaved) {
      appendLine(markdown, tooltip.tokensNotSaved());
    }
  }
}

function recordOf({ session }: SessionStatus): SessionRecord {
  return session.record;
}

function appendHeading(markdown: vscode.MarkdownString, name: string): void {
  markdown.appendMarkdown(`\n\n#### ${escapeMarkdown(name)}\n\n`);
}

function appendLine(markdown: vscode.MarkdownString, text: string): void {
  markdown.appendMarkdown(`${escapeMarkdown(text)}  \n`);
}

/** Escapes text for Markdown. `appendText` leaves URLs as they are, and Markdown turns those into links. */
function escapeMarkdown(text: string): string {
  return text.replace(/[^\p{L}\p{M}\p{N} ]/gu, (character) => `&#${String(character.codePointAt(0))};`);
}

function link(label: string, command: string): string {
  return `[${label}](command:${command})`;
}
