// The status bar item: how long the session lasts, with details in its tooltip and all actions on click.
import * as vscode from 'vscode';
import { groupByAccount } from '../core/accounts.ts';
import type { Clock, Disposable } from '../core/clock.ts';
import { remaining } from '../core/lifetime.ts';
import { NEEDS_USER, shownState, sortByUrgency, statusOf, type SessionStatus, type State } from '../core/status.ts';
import { normalizeScopes } from '../core/scopes.ts';
import type { SessionRecord } from '../core/session.ts';
import type { SessionManager } from '../sessions/sessionManager.ts';
import { COMMANDS, PREFIX, PRODUCT, STATUS_ITEM } from '../host/ids.ts';
import type { Settings } from '../host/settings.ts';
import type { TakenIds } from '../auth/idConflicts.ts';
import type { PendingSignIns } from '../auth/pendingSignIns.ts';
import { formatTime } from '../host/formatting.ts';
import * as button from '../host/startButtonLabels.ts';
import * as statusBar from '../host/statusBarMessages.ts';
import * as tooltip from '../host/tooltipMessages.ts';
import { sessionText } from './sessionText.ts';

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

/** Opens the settings editor. */
const OPEN_SETTINGS = 'workbench.action.openSettings';

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
    const text = sessionText(first, this.#settings.nameOf(recordOf(first).providerId), now);
    const others = groupByAccount(statuses, recordOf).length - 1;
    return { state: shownState(first), text: others > 0 ? statusBar.withOthers(text, others) : text };
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
    const pending = this.#pendingSignIns.getAll();
    const links = [
      this.#takenIds.size > 0 && link(button.openSettings(), `${OPEN_SETTINGS}?%22${PREFIX}%22`),
      this.#canSignIn(statuses) && link(button.signIn(), COMMANDS.signIn),
      statuses.some(({ session: { record } }) => record.refreshToken !== undefined && record.ended === undefined) &&
        link(button.renewNow(), COMMANDS.renewNow),
      link(button.showLog(), COMMANDS.showLog),
      statuses.length > 0 && link(button.signOut(), COMMANDS.signOut),
    ];
    const sections = [
      ...pending.map(({ provider }) => formatSection(provider.label, [tooltip.waitingForBrowser()])),
      ...[...this.#takenIds].map(
        ([id, taken]) => hasNoSession(statuses, id) && formatSection(this.#settings.nameOf(id), [taken]),
      ),
      ...groupByAccount(statuses, recordOf).flatMap((account) => this.#formatAccount(account, now)),
      statuses.length + pending.length === 0 && formatLine(tooltip.signedOut()),
    ];
    const text = `${sections.filter(Boolean).join('')}\n\n---\n\n${links.filter(Boolean).join(' · ')}`;
    const markdown = new vscode.MarkdownString(text, true);
    markdown.isTrusted = { enabledCommands: [...Object.values(COMMANDS), OPEN_SETTINGS] };
    return markdown;
  }

  /** Returns whether a session has ended, or a provider has no session. */
  #canSignIn(statuses: readonly SessionStatus[]): boolean {
    return (
      statuses.some((status) => recordOf(status).ended !== undefined || status.state === 'ended') ||
      this.#settings.providers.some(({ id }) => hasNoSession(statuses, id))
    );
  }

  /**
   * Returns the section of the most urgent session of an account, which represents all. If some of them need the user and
   * others don't, returns one of each, with the scopes that distinguish them.
   */
  #formatAccount(statuses: readonly SessionStatus[], now: number): string[] {
    // The most urgent one is first.
    const parts = [true, false].map((needsUser) => statuses.filter(({ state }) => NEEDS_USER.has(state) === needsUser));
    const isMixed = parts.every((part) => part.length > 0);
    return parts.flatMap(([first, ...others]) => {
      if (first === undefined) {
        return [];
      }
      const scopes = [first, ...others].flatMap((status) => recordOf(status).scopes);
      return [this.#formatSession(first, now, isMixed ? normalizeScopes(scopes) : undefined)];
    });
  }

  #formatSession(status: SessionStatus, now: number, scopes?: readonly string[]): string {
    const { session, accessExpiresAt, sessionEndsAt } = status;
    const { lockHolder, record, terminalUsedAt, unsaved } = session;
    const taken = this.#takenIds.get(record.providerId);
    const hasEnded = record.ended !== undefined;
    const at = (time: number | undefined): string => (time === undefined ? tooltip.unknown() : formatTime(time, now));
    return formatSection(this.#settings.nameOf(record.providerId), [
      taken,
      tooltip.account(record.account.label),
      scopes && tooltip.scopes(scopes),
      tooltip.state(taken === undefined ? shownState(status) : 'needs-attention'),
      hasEnded ? undefined : tooltip.sessionEnds(at(sessionEndsAt)),
      (hasEnded ? tooltip.accessUsable : tooltip.accessExpires)(at(accessExpiresAt)),
      (record.tokensRequestedAt === record.signedInAt ? tooltip.signedInAt : tooltip.lastRenewal)(
        at(record.tokensRequestedAt),
      ),
      nextRenewal(status, at),
      lockHolder &&
        tooltip.otherWindowRenewing(lockHolder.name, lockHolder.since === undefined ? undefined : at(lockHolder.since)),
      terminalUsedAt === undefined ? undefined : tooltip.usedInTerminal(at(terminalUsedAt)),
      unsaved ? tooltip.tokensNotSaved() : undefined,
    ]);
  }
}

/** Returns the line about the next renewal; undefined if it isn't known when that is due. */
function nextRenewal({ refreshDueAt, session }: SessionStatus, at: (time: number) => string): string | undefined {
  const { nextAttemptAt, record } = session;
  return record.refreshToken === undefined
    ? tooltip.notRenewable()
    : refreshDueAt === undefined || record.ended !== undefined
      ? undefined
      : nextAttemptAt === undefined
        ? tooltip.nextRenewal(at(refreshDueAt))
        : tooltip.nextAttempt(at(nextAttemptAt));
}

function hasNoSession(statuses: readonly SessionStatus[], providerId: string): boolean {
  return statuses.every((status) => recordOf(status).providerId !== providerId);
}

function recordOf({ session }: SessionStatus): SessionRecord {
  return session.record;
}

/** Returns a heading and the lines below it that aren't undefined. */
function formatSection(name: string, lines: readonly (string | undefined)[]): string {
  const text = lines.map((line) => (line === undefined ? '' : formatLine(line))).join('');
  return `\n\n#### ${escapeMarkdown(name)}\n\n${text}`;
}

function formatLine(text: string): string {
  return `${escapeMarkdown(text)}  \n`;
}

/** Escapes text for Markdown. `appendText` leaves URLs as they are, and Markdown turns those into links. */
function escapeMarkdown(text: string): string {
  return text.replace(/[^\p{L}\p{M}\p{N} ]/gu, (character) => `&#${String(character.codePointAt(0))};`);
}

function link(label: string, command: string): string {
  return `[${label}](command:${command})`;
}
