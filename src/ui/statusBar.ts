// One item in the status bar: how long the session lasts, in words; more in its tooltip; all actions behind a click.
import * as vscode from 'vscode';
import type { Clock, Disposable } from '../core/clock.ts';
import { remaining } from '../core/lifetime.ts';
import { sortByUrgency, statusOf, type SessionStatus, type State } from '../core/status.ts';
import type { SessionManager } from '../sessions/sessionManager.ts';
import { COMMANDS, PRODUCT, STATUS_ITEM } from '../host/ids.ts';
import type { Settings } from '../host/settings.ts';
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

/** States in which a person has to act: the only ones with a coloured ground. */
const NEEDS_PERSON: ReadonlySet<State> = new Set<State>(['ended', 'ending', 'needs-attention']);

const WARNING = new vscode.ThemeColor('statusBarItem.warningBackground');

/** The status bar item. Nothing is shown before the first {@link update}. */
export class StatusBar implements Disposable {
  readonly #item: vscode.StatusBarItem;
  readonly #clock: Clock;
  readonly #sessionManager: SessionManager;
  readonly #pendingSignIns: PendingSignIns;
  readonly #settings: Settings;
  #timer: Disposable | undefined;
  #tooltip = '';

  constructor(clock: Clock, sessionManager: SessionManager, pendingSignIns: PendingSignIns, settings: Settings) {
    this.#clock = clock;
    this.#sessionManager = sessionManager;
    this.#pendingSignIns = pendingSignIns;
    this.#settings = settings;
    this.#item = vscode.window.createStatusBarItem(STATUS_ITEM, vscode.StatusBarAlignment.Right, 100);
    this.#item.name = PRODUCT;
    this.#item.command = COMMANDS.showSessions;
  }

  /** Draws what is true now, and again when its words stop being true. */
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
    const { state, said } = this.#say(statuses, now);
    this.#item.text = `${ICONS[state]} ${said}`;
    this.#item.backgroundColor = NEEDS_PERSON.has(state) ? WARNING : undefined;
    this.#item.accessibilityInformation = { label: statusBar.accessibilityLabel(said), role: 'button' };
    this.#showTooltip(this.#tooltipOf(statuses, now));
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

  #say(statuses: readonly SessionStatus[], now: number): { readonly state: State; readonly said: string } {
    const [waiting] = this.#pendingSignIns.getAll();
    if (waiting !== undefined) {
      return { state: 'signing-in', said: statusBar.signingIn(waiting.provider.label) };
    }
    const [first] = statuses;
    if (first === undefined) {
      const [only, ...others] = this.#settings.providers;
      return {
        state: 'signed-out',
        said: only !== undefined && others.length === 0 ? statusBar.signedOut(only.label) : statusBar.signedOutOfAll(),
      };
    }
    const said = this.#sayOne(first, now);
    return { state: first.state, said: statuses.length > 1 ? statusBar.withOthers(said, statuses.length - 1) : said };
  }

  #sayOne({ session, state, countdown }: SessionStatus, now: number): string {
    const name = this.#settings.nameOf(session.record.providerId);
    const left = (countdown?.to ?? now) - now;
    switch (state) {
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

  /** A tooltip that is set anew disappears under the pointer, so only another one is set. */
  #showTooltip(tooltip: vscode.MarkdownString): void {
    if (tooltip.value !== this.#tooltip) {
      this.#tooltip = tooltip.value;
      this.#item.tooltip = tooltip;
    }
  }

  /** Times in the tooltip are points in time, which stay true. Names of servers and people are escaped. */
  #tooltipOf(statuses: readonly SessionStatus[], now: number): vscode.MarkdownString {
    const markdown = new vscode.MarkdownString('', true);
    markdown.isTrusted = { enabledCommands: Object.values(COMMANDS) };
    for (const { provider } of this.#pendingSignIns.getAll()) {
      heading(markdown, provider.label);
      line(markdown, tooltip.waitingForBrowser());
    }
    for (const status of statuses) {
      this.#describe(markdown, status, now);
    }
    if (statuses.length === 0) {
      line(markdown, tooltip.signedOut());
    }
    markdown.appendMarkdown('\n\n---\n\n');
    const links = [
      link(button.signIn(), COMMANDS.signIn),
      ...(statuses.length === 0 ? [] : [link(button.signOut(), COMMANDS.signOut)]),
      ...(statuses.some(({ session }) => session.record.refreshToken !== undefined)
        ? [link(button.renewNow(), COMMANDS.renewNow)]
        : []),
      link(button.showLog(), COMMANDS.showLog),
    ];
    markdown.appendMarkdown(links.join(' · '));
    return markdown;
  }

  #describe(
    markdown: vscode.MarkdownString,
    { session, state, accessExpiresAt, sessionEndsAt, refreshDueAt }: SessionStatus,
    now: number,
  ): void {
    const { record } = session;
    const at = (time: number): string => formatTime(time, now);
    heading(markdown, this.#settings.nameOf(record.providerId));
    line(markdown, tooltip.account(record.account.label));
    line(markdown, tooltip.state(state));
    line(markdown, sessionEndsAt === undefined ? tooltip.sessionEndUnknown() : tooltip.sessionEnds(at(sessionEndsAt)));
    line(
      markdown,
      accessExpiresAt === undefined ? tooltip.accessExpiryUnknown() : tooltip.accessExpires(at(accessExpiresAt)),
    );
    line(
      markdown,
      record.tokensRequestedAt === record.signedInAt
        ? tooltip.signedInAt(at(record.signedInAt))
        : tooltip.lastRenewal(at(record.tokensRequestedAt)),
    );
    if (record.refreshToken === undefined) {
      line(markdown, tooltip.notRenewable());
    } else if (refreshDueAt !== undefined && record.ended === undefined) {
      line(
        markdown,
        session.nextAttemptAt === undefined
          ? tooltip.nextRenewal(at(refreshDueAt))
          : tooltip.nextAttempt(at(session.nextAttemptAt)),
      );
    }
    if (session.lockHolder !== undefined) {
      const { name, since } = session.lockHolder;
      line(markdown, tooltip.otherWindowRenewing(name, since === undefined ? undefined : at(since)));
    }
    if (session.unsaved) {
      line(markdown, tooltip.tokensNotSaved());
    }
  }
}

function heading(markdown: vscode.MarkdownString, name: string): void {
  markdown.appendMarkdown(`\n\n#### ${inert(name)}\n\n`);
}

function line(markdown: vscode.MarkdownString, words: string): void {
  markdown.appendMarkdown(`${inert(words)}  \n`);
}

/** Text that stays text in Markdown: `appendText` leaves addresses as they are, and those become links by themselves. */
function inert(words: string): string {
  return words.replace(/[^\p{L}\p{M}\p{N} ]/gu, (character) => `&#${String(character.codePointAt(0))};`);
}

function link(words: string, command: string): string {
  return `[${words}](command:${command})`;
}
