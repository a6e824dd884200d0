// One item in the status bar: how long the session lasts, in words; more in its tooltip; all actions behind a click.
import * as vscode from 'vscode';
import type { Clock, Disposable } from '../core/clock.ts';
import { remaining } from '../core/lifetime.ts';
import { byUrgency, statusOf, type SessionStatus, type State } from '../core/status.ts';
import type { Keeper } from '../sessions/keeper.ts';
import { COMMANDS, STATUS_ITEM } from './ids.ts';
import type { Settings } from './settings.ts';
import type { SignInDesk } from './signInDesk.ts';
import { PRODUCT, label, moment, status as words, tooltip as lines } from './text.ts';

const ICONS: Readonly<Record<State, string>> = {
  'signed-out': '$(account)',
  'signed-in': '$(pass)',
  renewing: '$(sync~spin)',
  'signing-in': '$(sync~spin)',
  retrying: '$(sync-ignored)',
  ending: '$(warning)',
  attention: '$(warning)',
  ended: '$(error)',
};

/** States in which a person has to act: the only ones with a coloured ground. */
const NEEDS_PERSON: ReadonlySet<State> = new Set<State>(['ended', 'ending', 'attention']);

const WARNING = new vscode.ThemeColor('statusBarItem.warningBackground');

/** The status bar item. */
export class StatusBar implements Disposable {
  readonly #item: vscode.StatusBarItem;
  readonly #clock: Clock;
  readonly #keeper: Keeper;
  readonly #desk: SignInDesk;
  readonly #settings: Settings;
  #timer: Disposable | undefined;
  #tooltip = '';

  constructor(clock: Clock, keeper: Keeper, desk: SignInDesk, settings: Settings) {
    this.#clock = clock;
    this.#keeper = keeper;
    this.#desk = desk;
    this.#settings = settings;
    this.#item = vscode.window.createStatusBarItem(STATUS_ITEM, vscode.StatusBarAlignment.Right, 100);
    this.#item.name = PRODUCT;
    this.#item.command = COMMANDS.showSessions;
    this.update();
  }

  /** Draws what is true now, and again when its words stop being true. */
  update(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
    const now = this.#clock.now();
    const statuses = byUrgency(this.#keeper.all().map((session) => statusOf(session, this.#settings.lifetimes(), now)));
    if (this.#settings.providers.length === 0) {
      this.#item.hide();
      return;
    }
    const { state, said } = this.#say(statuses, now);
    this.#item.text = `${ICONS[state]} ${said}`;
    this.#item.backgroundColor = NEEDS_PERSON.has(state) ? WARNING : undefined;
    this.#item.accessibilityInformation = { label: words.accessibilityLabel(said), role: 'button' };
    this.#showTooltip(this.#tooltipOf(statuses, now));
    this.#item.show();
    const next = statuses[0]?.countdown;
    if (next !== undefined && next.to > now) {
      this.#timer = this.#clock.after(Math.max(100, remaining(next.to - now).trueFor), () => this.update());
    }
  }

  dispose(): void {
    this.#timer?.dispose();
    this.#item.dispose();
  }

  #say(statuses: readonly SessionStatus[], now: number): { readonly state: State; readonly said: string } {
    const [waiting] = this.#desk.waiting();
    if (waiting !== undefined) {
      return { state: 'signing-in', said: words.signingIn(waiting.provider.label) };
    }
    const [first] = statuses;
    if (first === undefined) {
      const [only, ...others] = this.#settings.providers;
      return { state: 'signed-out', said: only !== undefined && others.length === 0 ? words.signedOut(only.label) : words.signedOutAll() };
    }
    const said = this.#sayOne(first, now);
    return { state: first.state, said: statuses.length > 1 ? words.more(said, statuses.length - 1) : said };
  }

  #sayOne({ session, state, countdown }: SessionStatus, now: number): string {
    const name = this.#nameOf(session.record.providerId);
    const left = (countdown?.to ?? now) - now;
    switch (state) {
      case 'ended':
        return words.ended(name);
      case 'attention':
        return words.attention(name);
      case 'ending':
        return words.ending(name, left);
      case 'retrying':
        return session.nextTryAt === undefined || session.renewing ? words.retryingNow(name) : words.retrying(name, moment(session.nextTryAt, now));
      case 'renewing':
        return words.renewing(name);
      case 'signing-in':
      case 'signed-in':
      case 'signed-out':
        return countdown === undefined ? words.signedIn(name)
          : countdown.means === 'end' ? words.endsIn(name, left)
          : words.renewsIn(name, left);
    }
  }

  #nameOf(providerId: string): string {
    return this.#settings.provider(providerId)?.label ?? providerId;
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
    const text = new vscode.MarkdownString('', true);
    text.isTrusted = { enabledCommands: Object.values(COMMANDS) };
    for (const { provider } of this.#desk.waiting()) {
      heading(text, provider.label);
      line(text, lines.waiting());
    }
    for (const status of statuses) {
      this.#describe(text, status, now);
    }
    if (statuses.length === 0) {
      line(text, lines.nobody());
    }
    text.appendMarkdown('\n\n---\n\n');
    const links = [
      link(label.signIn(), COMMANDS.signIn),
      ...(statuses.length === 0 ? [] : [link(label.signOut(), COMMANDS.signOut)]),
      ...(statuses.some(({ session }) => session.record.refreshToken !== undefined) ? [link(label.renewNow(), COMMANDS.renewNow)] : []),
      link(label.showLog(), COMMANDS.showLog),
    ];
    text.appendMarkdown(links.join(' · '));
    return text;
  }

  #describe(text: vscode.MarkdownString, { session, state, accessExpiresAt, sessionEndsAt, renewalDueAt }: SessionStatus, now: number): void {
    const { record } = session;
    const at = (time: number): string => moment(time, now);
    heading(text, this.#nameOf(record.providerId));
    line(text, lines.account(record.account.label));
    line(text, lines.state(state));
    line(text, sessionEndsAt === undefined ? lines.sessionEndUnknown() : lines.sessionEnds(at(sessionEndsAt)));
    line(text, accessExpiresAt === undefined ? lines.accessExpiryUnknown() : lines.accessExpires(at(accessExpiresAt)));
    line(text, record.renewedAt === record.signedInAt ? lines.signedInAt(at(record.signedInAt)) : lines.lastRenewal(at(record.renewedAt)));
    if (record.refreshToken === undefined) {
      line(text, lines.noRenewal());
    } else if (renewalDueAt !== undefined && record.ended === undefined) {
      line(text, session.nextTryAt === undefined ? lines.nextRenewal(at(renewalDueAt)) : lines.nextTry(at(session.nextTryAt)));
    }
    if (session.unsaved) {
      line(text, lines.unsaved());
    }
  }
}

function heading(text: vscode.MarkdownString, name: string): void {
  text.appendMarkdown('\n\n#### ');
  text.appendText(name);
  text.appendMarkdown('\n\n');
}

function line(text: vscode.MarkdownString, words: string): void {
  text.appendText(words);
  text.appendMarkdown('  \n');
}

function link(words: string, command: string): string {
  return `[${words}](command:${command})`;
}
